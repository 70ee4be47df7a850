"""The ticks of an axis, written as the values of an indicator are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import Formatter

from analysis.report.quantities import Quantity


class Ticks(Formatter):
    """Writes all ticks of an axis with the decimals that the step between them needs.

    Parameters
    ----------
    quantity : Quantity
        How the values are written.
    """

    def __init__(self, quantity: Quantity) -> None:
        self._quantity = quantity

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of the ticks at some values."""
        step = np.diff(values).min(initial=1.0)
        digits = max(0, -int(np.floor(np.log10(self._quantity.scale * step) + 1e-9)))
        return [self._quantity.write(value, digits=digits) for value in values]

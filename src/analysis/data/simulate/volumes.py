"""How many cases there are of each kind: whole numbers drawn around the true paths, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.data.codes import TIMELINESS
from analysis.data.simulate.paths import FILINGS, Paths


@dataclass(frozen=True)
class Drawn:
    """Cases of which only the cell is known yet; arrays of one length, one element a case.

    Attributes
    ----------
    office : np.ndarray
        Row of `province.offices`.
    month : np.ndarray
        Position, in `Paths.months`, of the reporting month in which the case is finished.
    filing : np.ndarray
        Position in `paths.FILINGS`.
    timeliness : np.ndarray
        Position in `codes.TIMELINESS`.
    """

    office: np.ndarray
    month: np.ndarray
    filing: np.ndarray
    timeliness: np.ndarray

    def __len__(self) -> int:
        return len(self.office)

    def rows(self, kept: np.ndarray) -> Drawn:
        """Return some of the cases."""
        return Drawn(self.office[kept], self.month[kept], self.filing[kept], self.timeliness[kept])


def draw(
    rng: np.random.Generator,
    paths: Paths,
    months: slice,
    *,
    share: float = 1.0,
    total: int | None = None,
    online_only: bool = False,
) -> Drawn:
    """Return the cases drawn for some months, in the order of their cells.

    Parameters
    ----------
    rng : np.random.Generator
        Source of the numbers.
    paths : Paths
        True intensities and shares.
    months : slice
        Months, as positions in `Paths.months`.
    share : float
        Cases per case expected to be resolved; without a `total` their number scatters around it as a Poisson count.
    total : int or None
        Cases in all, spread over offices and months by the intensities: what Poisson counts are, given their sum.
    online_only : bool
        Whether only cases filed online are drawn, `share` of those.
    """
    expected, filed, timeliness = paths.cases[:, months], paths.filed()[:, months], paths.timeliness()[:, months]
    if online_only:
        online = np.array([channel == "online" for channel, _ in FILINGS])
        filed = filed * online
        expected = expected * filed.sum(axis=-1)
        filed = filed / filed.sum(axis=-1, keepdims=True)
    if total is None:
        number = rng.poisson(share * expected)
    else:
        number = rng.multinomial(total, (expected / expected.sum()).ravel()).reshape(expected.shape)
    cells = (filed[..., :, None] * timeliness[..., None, :]).reshape(*number.shape, -1)
    split = rng.multinomial(number, cells).reshape(*number.shape, len(FILINGS), len(TIMELINESS))
    office, month, filing, kind = np.unravel_index(np.repeat(np.arange(split.size), split.ravel()), split.shape)
    return Drawn(office, month + (months.start or 0), filing, kind)

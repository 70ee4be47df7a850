"""How the values of an indicator are written: shares in per cent, means in their unit, scores in points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report import numbers

if TYPE_CHECKING:
    from matplotlib.axis import Axis


@dataclass(frozen=True)
class Quantity:
    """The values of one form of indicator, as a reader writes them.

    Attributes
    ----------
    language : {"vi", "en"}
        Language of the reader.
    scale : float
        What a value is multiplied by: 100 for shares.
    unit : str
        What stands behind it, with its blank: ``%``, `` days``.
    digits : int
        Decimals of a value.
    change_unit : str
        What a difference of two values is in; differences of shares are in percentage points.
    lowest, highest : float
        Ends beyond which no axis goes.
    """

    language: str
    scale: float = 100.0
    unit: str = "%"
    digits: int = 1
    change_unit: str = ""
    lowest: float = 0.0
    highest: float = 1.02

    def write(self, value: float, *, digits: int | None = None) -> str:
        """Return a value with its unit; a dash when missing.

        Parameters
        ----------
        value : float
            The value.
        digits : int, optional
            Decimals, where not those of the quantity.
        """
        written = self._bare(value, self.digits if digits is None else digits)
        return written if written == numbers.MISSING else f"{written}{self.unit}"

    def beside(self, value: float, threshold: float) -> str:
        """Return a value with enough decimals to differ from a threshold that it is not equal to.

        Tables, sentences and labels of figures all write by it what a promise is about: what misses its line never
        prints as the line.

        Parameters
        ----------
        value, threshold : float
            The two; without a threshold, the value has the decimals of the quantity.
        """
        # What is nearer differs by what a float cannot hold.
        if pd.isna(value) or pd.isna(threshold) or abs(value - threshold) * self.scale < 1e-8:
            return self.write(value)
        for digits in range(self.digits, 8):
            written = self.write(value, digits=digits)
            if written != self.write(threshold, digits=digits):
                break
        return written

    def promised(self, threshold: float) -> str:
        """Return a threshold with no more decimals than it has, at most two more than a value."""
        for digits in range(self.digits + 3):
            if abs(threshold * self.scale - round(threshold * self.scale, digits)) < 1e-9:
                return self.write(threshold, digits=digits)
        return self.write(threshold)

    def between(self, lower: float, upper: float) -> str:
        """Return an interval: ``29,7–30,9%``; a dash when an end is missing.

        Parameters
        ----------
        lower, upper : float
            Its ends.
        """
        if pd.isna(lower) or pd.isna(upper):
            return numbers.MISSING
        ends = numbers.joined(self._bare(lower, self.digits), self._bare(upper, self.digits), self.language)
        return f"{ends}{self.unit}"

    def with_interval(self, middle: float, lower: float, upper: float, *, threshold: float = math.nan) -> str:
        """Return a value with its interval behind it: ``30,2% (29,6–30,9%)``.

        Parameters
        ----------
        middle, lower, upper : float
            The value and the ends of its interval.
        threshold : float
            What the value is told from; see `beside`.
        """
        return f"{self.beside(middle, threshold)} ({self.between(lower, upper)})"

    def moved(self, now: float, before: float) -> str:
        """Return by how much a value moved as both are written, signed: what is printed adds up.

        Parameters
        ----------
        now, before : float
            The two values.
        """
        if pd.isna(now) or pd.isna(before):
            return numbers.MISSING
        ends = (numbers.halves_up(value * self.scale, self.digits) for value in (now, before))
        return self.change(float(next(ends) - next(ends)) / self.scale)

    def change(self, difference: float) -> str:
        """Return a difference of two values, signed, in the unit `change_unit` says; a dash when missing."""
        if pd.isna(difference):
            return numbers.MISSING
        text = self._bare(abs(difference), self.digits)
        return text if not text.strip("0.,") else f"{'+' if difference >= 0 else '−'}{text}"

    def _bare(self, value: float, digits: int) -> str:
        return numbers.decimal(value * self.scale, self.language, digits=digits)

    def write_axis(self, axis: Axis, *, most: int = 6) -> None:
        """Label an axis at round steps, each value with the decimals it needs to be exact.

        Parameters
        ----------
        axis : Axis
            The axis.
        most : int
            Steps it may have.
        """
        # Imported here: every command writes values, and only a kernel draws them.
        from matplotlib.ticker import MaxNLocator

        from analysis.report.ticks import Ticks

        axis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(Ticks(self))


def shares(language: str) -> Quantity:
    """Return how shares are written."""
    return Quantity(language)

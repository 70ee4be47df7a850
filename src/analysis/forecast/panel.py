"""The counts or totals a forecast starts from: a numerator and a denominator per series and period, gaps included."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import pandas as pd

from analysis.forecast.link import LOGIT, LOGIT_BOUND, Link, Observations, share_observations
from analysis.forecast.mean_link import MeanLink
from analysis.periods import parse

SEASON_LENGTHS = {"M": 12, "Q": 4}
"""Periods in a year by frequency. Year ``y`` is always y-01 … y-12 or yQ1 … yQ4, whatever day a month closes on."""

ROUNDING = 1e-9
"""Relative error of sums in floating point that is no fault of a panel."""


class SeriesPanel(ABC):
    """Numerators and denominators of several series over one full range of months or quarters.

    What a share (`Panel`) and a mean (`MeanPanel`) have in common. The arrays are stored read-only, so that nothing can
    change a panel while a forecast uses it.

    Attributes
    ----------
    series : tuple of str
        Names of the U series, sorted.
    periods : pd.PeriodIndex
        The T periods, contiguous, of frequency month or quarter.
    numerator, denominator : np.ndarray, shape (U, T)
        Their quotient is the share or the mean. Both are NaN where a period was not reported; a denominator of 0 means
        that no cases were reported.
    """

    series: tuple[str, ...]
    periods: pd.PeriodIndex
    numerator: np.ndarray
    denominator: np.ndarray

    ARRAYS: ClassVar[tuple[str, ...]]
    """Names of the arrays a panel is made of, in the order of its constructor."""

    @abstractmethod
    def link(self, peers: np.ndarray | None = None) -> Link:
        """Return the link of the panel's share or mean.

        Parameters
        ----------
        peers : np.ndarray of bool, shape (U,), optional
            Series that make up the scale of a mean; all by default.
        """

    @abstractmethod
    def observations(self, peers: np.ndarray | None = None) -> Observations:
        """Return the observations on the link scale with their known variances.

        Parameters
        ----------
        peers : np.ndarray of bool, shape (U,), optional
            Series over which is pooled; all by default.
        """

    def _validate(self) -> None:
        """Store the arrays read-only, or refuse series, periods and shapes that are no panel."""
        if list(self.series) != sorted(set(self.series)):
            raise ValueError("the series of a panel must be sorted by name and unique")
        if len(self.periods) == 0:
            raise ValueError("a panel needs at least one period")
        if _frequency(self.periods[0]) not in SEASON_LENGTHS:
            raise ValueError(f"a panel is monthly or quarterly, not {self.periods.freqstr!r}")
        # statsmodels skips a missing period and mislabels everything after it, without a warning
        if not self.periods.equals(pd.period_range(self.periods[0], self.periods[-1])):
            raise ValueError("the periods of a panel must be contiguous; report gaps as NaN")
        shape = (len(self.series), len(self.periods))
        for name in self.ARRAYS:
            counts = np.array(getattr(self, name), dtype=float)
            if counts.shape != shape:
                raise ValueError(f"{name} has shape {counts.shape}, the series and periods ask for {shape}")
            counts.setflags(write=False)
            object.__setattr__(self, name, counts)

    def _with(self, series: tuple[str, ...], periods: pd.PeriodIndex, pick: Callable[[np.ndarray], np.ndarray]) -> Self:
        """Return the panel of other series or periods, with what `pick` makes of each array."""
        make: Callable[..., Self] = type(self)
        return make(series, periods, *(pick(getattr(self, name)) for name in self.ARRAYS))

    @property
    def season_length(self) -> int:
        """Return the number of periods in a year: 12 for months, 4 for quarters."""
        return SEASON_LENGTHS[_frequency(self.periods[0])]

    @property
    def origin(self) -> pd.Period:
        """Return the last period the panel knows."""
        return self.periods[-1]

    @property
    def reported(self) -> np.ndarray:
        """Return a boolean array (U, T), True where the period was reported, with or without cases."""
        return ~np.isnan(self.denominator)

    def elapsed(self, year: int) -> int:
        """Return how many periods of a year the panel knows, 0 to P.

        Raises
        ------
        ValueError
            The panel ends neither in the year nor with the period before its first.
        """
        start = first_period(year, self.periods[0].freqstr)
        known = (self.origin - start).n + 1
        if not 0 <= known <= self.season_length:
            raise ValueError(f"the panel ends with {self.origin}: {year} is neither its year nor the next")
        return int(known)

    def counts_of(self, year: int) -> tuple[np.ndarray, np.ndarray]:
        """Return numerators and denominators (U, P) of a year, NaN where the panel does not reach."""
        counts = np.full((2, len(self.series), self.season_length), np.nan)
        start = (first_period(year, self.periods[0].freqstr) - self.periods[0]).n
        first, stop = max(start, 0), min(start + self.season_length, len(self.periods))
        if first < stop:
            counts[0, :, first - start : stop - start] = self.numerator[:, first:stop]
            counts[1, :, first - start : stop - start] = self.denominator[:, first:stop]
        return counts[0], counts[1]

    def year_share(self, year: int) -> np.ndarray:
        """Return the share (0–1) or mean (U,) of a year; NaN where less than half of it was reported, or no case."""
        K, N = self.counts_of(year)
        cases = np.nansum(N, axis=1)
        enough_reported = (~np.isnan(N)).sum(axis=1) >= self.season_length / 2
        return np.where(enough_reported & (cases > 0), np.nansum(K, axis=1), np.nan) / np.maximum(cases, 1.0)

    def summed(self, name: str = "total") -> Self:
        """Return the panel of one series, the sum over all; in each period over the series that reported it."""
        reported = self.reported.any(axis=0)
        return self._with(
            (name,), self.periods, lambda counts: np.where(reported, np.nansum(counts, axis=0), np.nan)[None, :]
        )

    def with_total(self, parts: Sequence[str]) -> tuple[Self, str]:
        """Return the panel with one more series, the sum over some of its series, and the name of that.

        Parameters
        ----------
        parts : sequence of str
            Names of the series added up.
        """
        name = "total"
        while name in self.series:
            name += " of all"
        place, rows = sum(one < name for one in self.series), [self.row(part) for part in parts]
        reported = self.reported[rows].any(axis=0)

        def with_sum(counts: np.ndarray) -> np.ndarray:
            return np.insert(counts, place, np.where(reported, np.nansum(counts[rows], axis=0), np.nan), axis=0)

        return self._with((*self.series[:place], name, *self.series[place:]), self.periods, with_sum), name

    def row(self, series: str) -> int:
        """Return the row of a series.

        Raises
        ------
        ValueError
            The panel has no series of that name.
        """
        if series not in self.series:
            raise ValueError(f"the panel has no series {series!r}")
        return self.series.index(series)

    def until(self, origin: pd.Period) -> Self:
        """Return the panel as it was known at an origin: its periods up to and including the origin.

        Raises
        ------
        ValueError
            The origin is not one of the panel's periods. One after the last period is an error, too, because every
            horizon counted from it would be wrong.
        """
        if origin not in self.periods:
            raise ValueError(f"origin {origin} is outside the panel ({self.periods[0]} to {self.periods[-1]})")
        return self.between(self.periods[0], origin)

    def between(self, first: pd.Period, last: pd.Period) -> Self:
        """Return the part of the panel from one period to another, both included.

        Parameters
        ----------
        first, last : pd.Period
            Bounds; periods outside the panel are left out.
        """
        inside = slice(max((first - self.periods[0]).n, 0), (last - self.periods[0]).n + 1)
        return self._with(self.series, self.periods[inside], lambda counts: counts[:, inside])

    def only(self, rows: np.ndarray) -> Self:
        """Return the panel of some of the rows, given in increasing order."""
        return self._with(tuple(self.series[row] for row in rows), self.periods, lambda counts: counts[rows])


AnyPanel = TypeVar("AnyPanel", bound=SeriesPanel)


@dataclass(frozen=True, eq=False)
class Panel(SeriesPanel):
    """Counts of several series over one full range of months or quarters, of which the forecast is a share.

    Attributes
    ----------
    series : tuple of str
        Names of the U series, sorted.
    periods : pd.PeriodIndex
        The T periods, contiguous, of frequency month or quarter.
    numerator, denominator : np.ndarray, shape (U, T)
        Cases. Both are NaN where a period was not reported; a denominator of 0 means that no cases were reported.

    Raises
    ------
    ValueError
        The names are not sorted and unique, the periods have a gap or another frequency, the shapes do not match, a
        count is below zero, a numerator is above its denominator, or only one of the two is missing.
    """

    series: tuple[str, ...]
    periods: pd.PeriodIndex
    numerator: np.ndarray
    denominator: np.ndarray

    ARRAYS: ClassVar[tuple[str, ...]] = ("numerator", "denominator")

    def __post_init__(self) -> None:
        self._validate()
        _refuse_impossible_counts(self.numerator, self.denominator)

    def link(self, peers: np.ndarray | None = None) -> Link:
        """Return the logit link."""
        return LOGIT

    def observations(self, peers: np.ndarray | None = None) -> Observations:
        """Return the observations of the log-odds; see `link.share_observations`."""
        y, variance = share_observations(self.numerator, self.denominator, peers)
        bounds = np.tile([-LOGIT_BOUND, LOGIT_BOUND], (len(self.series), 1))
        return Observations(y, variance, np.zeros(len(self.series)), bounds)


@dataclass(frozen=True, eq=False)
class MeanPanel(SeriesPanel):
    """Totals of an amount (days, say) and the cases they are of, of which the forecast is the mean per case.

    Attributes
    ----------
    series : tuple of str
        Names of the U series, sorted.
    periods : pd.PeriodIndex
        The T periods, contiguous, of frequency month or quarter.
    total, total_squares : np.ndarray, shape (U, T)
        Sum of the amounts of the cases, and sum of their squares, in units of the quantity and their square.
    cases : np.ndarray, shape (U, T)
        Number of cases. All three are NaN where a period was not reported.
    numerator, denominator : np.ndarray, shape (U, T)
        `total` and `cases` under the names that shares use.

    Raises
    ------
    ValueError
        The names are not sorted and unique, the periods have a gap or another frequency, the shapes do not match, a
        number is below zero or infinite, an amount has no case, only some of the three are missing, or the sum of
        squares is smaller than that of equal amounts with the same total.
    """

    series: tuple[str, ...]
    periods: pd.PeriodIndex
    total: np.ndarray
    total_squares: np.ndarray
    cases: np.ndarray
    numerator: np.ndarray = field(init=False, repr=False)
    denominator: np.ndarray = field(init=False, repr=False)

    ARRAYS: ClassVar[tuple[str, ...]] = ("total", "total_squares", "cases")

    def __post_init__(self) -> None:
        self._validate()
        _refuse_impossible_totals(self.total, self.total_squares, self.cases)
        object.__setattr__(self, "numerator", self.total)
        object.__setattr__(self, "denominator", self.cases)

    def link(self, peers: np.ndarray | None = None) -> MeanLink:
        """Return the log link, with the overall mean of the peers as its scale (1 where every amount is 0)."""
        rows = slice(None) if peers is None else peers
        total, cases = float(np.nansum(self.total[rows])), float(np.nansum(self.cases[rows]))
        return MeanLink(total / cases if total > 0 else 1.0)

    def observations(self, peers: np.ndarray | None = None) -> Observations:
        """Return the observations of the log mean; see `mean_link.MeanLink.observe`."""
        return self.link(peers).observe(self.total, self.cases, self.total_squares, peers)


def panel_from_counts(frame: pd.DataFrame) -> Panel:
    """Return the panel of a long frame of counts, from the first to the last period present.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns ``series``, ``period`` (``2021-09`` or ``2021Q3``, one kind only), ``numerator``, ``denominator``
        (cases). A period absent for a series, or with both counts missing, becomes a gap.

    Returns
    -------
    Panel
        Series sorted by name.

    Raises
    ------
    ValueError
        There are no rows, a series has a period twice, months are mixed with quarters, or counts are impossible.
    """
    return Panel(*_arrays_of(frame, Panel.ARRAYS))


def mean_panel_from_totals(frame: pd.DataFrame) -> MeanPanel:
    """Return the panel of a long frame of totals, from the first to the last period present.

    Parameters
    ----------
    frame : pd.DataFrame
        Columns ``series``, ``period`` (``2021-09`` or ``2021Q3``, one kind only), ``total``, ``total_squares`` (units
        of the quantity and their square) and ``cases``. A period absent for a series, or with all three missing,
        becomes a gap.

    Returns
    -------
    MeanPanel
        Series sorted by name.

    Raises
    ------
    ValueError
        There are no rows, a series has a period twice, months are mixed with quarters, or totals are impossible.
    """
    return MeanPanel(*_arrays_of(frame, MeanPanel.ARRAYS))


def peer_rows(series: Sequence[str], peers: Collection[str] | None) -> np.ndarray:
    """Return a boolean array (U,), True for the series that the forecasts of all series are learnt from.

    Parameters
    ----------
    series : sequence of str
        Names of the U series.
    peers : collection of str or None
        Names of the peers: series of one kind that share no case, such as the agencies of a province. None, or no name
        among the series, makes every series a peer.
    """
    rows = np.ones(len(series), dtype=bool) if peers is None else np.array([name in peers for name in series], bool)
    return rows if rows.any() else np.ones(len(series), dtype=bool)


def first_period(year: int, frequency: str) -> pd.Period:
    """Return the first month or quarter of a year.

    Parameters
    ----------
    year : int
        Calendar year.
    frequency : str
        Frequency of pandas, for months or quarters.
    """
    return pd.Period(f"{year}-01", freq=frequency)


def _arrays_of(frame: pd.DataFrame, names: Sequence[str]) -> tuple[Any, ...]:
    """Return series, periods and the arrays (U, T) of the columns of a long frame."""
    if frame.empty:
        raise ValueError("no counts to make a panel of")
    twice = frame.duplicated(["series", "period"])
    if twice.any():
        first = frame.loc[twice].iloc[0]
        raise ValueError(f"series {first['series']!r} has period {first['period']} more than once")
    parsed = {label: parse(label) for label in frame["period"].unique()}
    if len({period.freqstr for period in parsed.values()}) > 1:
        raise ValueError("a panel holds months or quarters, not both")
    periods = pd.period_range(min(parsed.values()), max(parsed.values()))
    series = tuple(sorted(frame["series"].unique()))
    rows = frame["series"].map({name: row for row, name in enumerate(series)})
    columns = frame["period"].map({label: (period - periods[0]).n for label, period in parsed.items()})
    counts = np.full((len(names), len(series), len(periods)), np.nan)
    counts[:, rows, columns] = frame[list(names)].to_numpy(dtype=float).T
    return series, periods, *counts


def _frequency(period: pd.Period) -> str:
    return str(period.freqstr)[:1]


def _refuse_impossible_counts(numerator: np.ndarray, denominator: np.ndarray) -> None:
    if (np.isnan(numerator) != np.isnan(denominator)).any():
        raise ValueError("a numerator without its denominator, or the reverse: report both or neither")
    if np.isinf(numerator).any() or np.isinf(denominator).any():
        raise ValueError("a count is infinite")
    if (numerator < 0).any() or (denominator < 0).any():
        raise ValueError("a count is below zero")
    if (numerator > denominator).any():
        raise ValueError("a numerator is above its denominator")


def _refuse_impossible_totals(total: np.ndarray, total_squares: np.ndarray, cases: np.ndarray) -> None:
    missing = np.isnan([total, total_squares, cases])
    if (missing.any(axis=0) != missing.all(axis=0)).any():
        raise ValueError("a total without its squares or cases: report all three or none")
    if np.isinf([total, total_squares, cases]).any():
        raise ValueError("a total or a number of cases is infinite")
    if (total < 0).any() or (total_squares < 0).any() or (cases < 0).any():
        raise ValueError("a total or a number of cases is below zero")
    if ((cases == 0) & ((total > 0) | (total_squares > 0))).any():
        raise ValueError("a total without a case")
    if (total**2 > total_squares * cases * (1 + ROUNDING)).any():
        raise ValueError("a sum of squares is smaller than equal amounts would have it")

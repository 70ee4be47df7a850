"""The link of a mean: its logarithm, with the variance that follows from the cases and their sum of squares.

What a case contributes (days, say) varies much more than yes or no does, and with long tails. Its *relative variance*
(variance by squared mean) is pooled over the periods of a series: within one period a single slow case raises mean and
variance together, so that weights from the period's own variance would favour the periods without slow cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.forecast.link import ENOUGH_INFORMATION, EXACT_BELOW, Link, Observations, moving_sum

FLOOR_CASES = 0.01
"""Cases with the panel's overall mean that are added to every series, so that the logarithm of no mean is infinite."""

HALF_CASE = 0.5
"""Cases with the smoothed mean towards which a period's own mean is shrunk."""

POOLED_DEGREES = 10.0
"""Degrees of freedom with the panel's relative variance that are added to a series' own."""

SMALLEST_RELATIVE_VARIANCE = 1e-3
"""Relative variance of a series whose cases hardly differ: smaller values would make a mean exact."""

LARGEST_DEVIATION = 3.0
"""Standard deviations above the smoothed mean at which the mean of few cases is cut off: one slow case is no level."""

GAIN_BOUND = float(np.log(3.0))
"""Bound of the log growth of a mean that a baseline carries over to the rest of the year."""

LARGEST_STEP = 3.0
"""Simulated means stay within a factor of 20 of all that was observed, and dressed ones within that of the point: the
logarithm has no end of its own, and the tails of errors are heavy."""


@dataclass(frozen=True)
class MeanLink(Link):
    """Log link of a mean of amounts of zero or more.

    Attributes
    ----------
    scale : float
        Overall mean of the panel's peers, in units of the quantity: everything scales with it.
    """

    scale: float

    has_edges = False
    whole_numerators = False

    def observe(
        self, total: np.ndarray, cases: np.ndarray, total_squares: np.ndarray, peers: np.ndarray | None = None
    ) -> Observations:
        r"""Return log observations of the means and their known variances.

        With :math:`\tilde m` the series' smoothed mean in a centred window, *n* the cases of a period and *R* the
        series' relative variance, the variance is :math:`v = R / n` (delta method), and the observation is

        * for :math:`v \le 1/8`: the log of the period's mean, shrunk towards :math:`\tilde m` by half a case, plus
          :math:`v / 2`, by which the mean of a log is below the log of a mean;
        * otherwise linearised, :math:`\log \tilde m + \bar x / \tilde m - 1`, at most three deviations above
          :math:`\log \tilde m`.

        Parameters
        ----------
        total, cases : np.ndarray, shape (U, T)
            Sum of the amounts and number of cases; NaN where not reported.
        total_squares : np.ndarray, shape (U, T)
            Sum of the squared amounts.
        peers : np.ndarray of bool, shape (U,), optional
            Series that make up the panel's relative variance; all by default.
        """
        X, n, Q = (np.nan_to_num(values) for values in (total, cases, total_squares))
        smoothed = self._smoothed_mean(X, n)
        relative_variance = self._relative_variance(X, n, Q, smoothed, peers)
        known = n > 0
        divisor = np.where(known, n, 1.0)
        variance = relative_variance[:, None] / divisor
        shrunk = np.log((X + HALF_CASE * smoothed) / (n + HALF_CASE)) + variance / 2
        deviation = np.minimum(X / divisor / smoothed - 1, LARGEST_DEVIATION * np.sqrt(variance))
        y = np.where(variance <= 1 / ENOUGH_INFORMATION, shrunk, np.log(smoothed) + deviation)
        middle = np.log(smoothed)
        lowest = np.where(known, np.minimum(y, middle), np.inf).min(axis=1)
        highest = np.where(known, np.maximum(y, middle), -np.inf).max(axis=1)
        some = known.any(axis=1)
        bounds = np.column_stack([np.where(some, lowest, middle[:, 0]), np.where(some, highest, middle[:, 0])])
        return Observations(
            y=np.where(known, y, np.nan),
            variance=np.where(known, variance, np.nan),
            relative_variance=relative_variance,
            bounds=bounds + np.array([-LARGEST_STEP, LARGEST_STEP]),
        )

    def value(self, z: np.ndarray) -> np.ndarray:
        """Return the means of log means."""
        return np.asarray(np.exp(z))

    def numerators(
        self,
        normal: np.ndarray,
        generator: Callable[[], np.random.Generator],
        cases: np.ndarray,
        z: np.ndarray,
        relative_variance: float,
    ) -> np.ndarray:
        """Return totals of given cases at given log means: gamma numbers with the variance of a sum of that many.

        Large shapes use the cubed normal of Wilson and Hilferty, small ones exact gamma numbers.

        Parameters
        ----------
        normal : np.ndarray
            Independent standard normal numbers, of the shape of `cases`.
        generator : callable
            Returns the generator for numbers drawn exactly; called only where there are any.
        cases : np.ndarray
            Whole numbers of cases.
        z : np.ndarray
            Link-scale values, of the same shape.
        relative_variance : float
            See `Observations`.
        """
        shape, mean = cases / relative_variance, self.value(z)
        few = shape < EXACT_BELOW
        large = np.where(few, EXACT_BELOW, shape)
        unit = (1 - 1 / (9 * large) + normal / (3 * np.sqrt(large))) ** 3
        if few.any():
            unit[few] = generator().gamma(shape[few]) / np.where(shape[few] > 0, shape[few], 1.0)
        return np.asarray(cases * mean * np.maximum(unit, 0.0))

    def sample(
        self, rng: np.random.Generator, cases: np.ndarray, z: np.ndarray, relative_variance: float
    ) -> np.ndarray:
        """Return totals drawn exactly from one generator.

        Parameters
        ----------
        rng : np.random.Generator
            Source of the random numbers.
        cases, z : np.ndarray
            Whole numbers of cases, and link-scale values.
        relative_variance : float
            See `Observations`.
        """
        shape = cases / relative_variance
        return np.asarray(rng.gamma(shape) * relative_variance * self.value(z))

    def corrected(self, value: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return the logarithms of means, `FLOOR_CASES` cases with the panel's mean added, so that 0 is finite.

        Parameters
        ----------
        value : np.ndarray
            Shares or means.
        size : np.ndarray
            Cases they are of.
        """
        return np.asarray(np.log(value + FLOOR_CASES * self.scale / size))

    def from_corrected(self, z: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return the means of corrected logarithms, 0 or more.

        Parameters
        ----------
        z : np.ndarray
            Corrected link-scale values.
        size : np.ndarray
            Cases they are computed from.
        """
        return np.asarray(np.maximum(np.exp(z) - FLOOR_CASES * self.scale / size, 0.0))

    def limited(self, shift: np.ndarray) -> np.ndarray:
        """Return the shifts within `LARGEST_STEP`."""
        return np.asarray(np.clip(shift, -LARGEST_STEP, LARGEST_STEP))

    def error(self, point: np.ndarray, outcome: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return absolute errors on the log scale: with units, the slowest series would choose every baseline.

        Parameters
        ----------
        point, outcome : np.ndarray
            Forecasts and what came.
        size : np.ndarray
            Expected cases.
        """
        return np.abs(self.corrected(point, size) - self.corrected(outcome, size))

    def gain(self, now: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Return the log growth of means, within `GAIN_BOUND`; 0 where both are 0.

        Parameters
        ----------
        now, before : np.ndarray
            Values of the same periods of two years.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = np.log(now) - np.log(before)
        return np.asarray(np.clip(np.where((now == 0) & (before == 0), 0.0, growth), -GAIN_BOUND, GAIN_BOUND))

    def shifted(self, value: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """Return means that have grown by log gains.

        Parameters
        ----------
        value : np.ndarray
            Values before.
        gain : np.ndarray
            See `gain`.
        """
        return np.asarray(value * np.exp(gain))

    def bounded(self, value: np.ndarray) -> np.ndarray:
        """Return the values, none below 0."""
        return np.asarray(np.maximum(value, 0.0))

    def wanted(
        self, value: np.ndarray, numerator: np.ndarray, cases: np.ndarray, denominator: np.ndarray
    ) -> np.ndarray:
        """Return the totals of the rest of the year that give year-end means, as near as it allows.

        Parameters
        ----------
        value : np.ndarray
            Year-end values wanted.
        numerator, cases : np.ndarray
            Numerator and denominator of the year so far.
        denominator : np.ndarray
            Cases of the rest of the year.
        """
        rest = value * (cases + denominator) - numerator
        return np.asarray(np.where(denominator > 0, np.maximum(rest, 0.0), 0.0))

    def spread_over_periods(self, numerator: np.ndarray, denominator: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Return totals (S, h) with a given sum over the periods, in the proportions of the simulated ones.

        Parameters
        ----------
        numerator, denominator : np.ndarray, shape (S, h)
            Simulated numbers of each path and period.
        wanted : np.ndarray, shape (S,)
            Sums wanted.
        """
        total = numerator.sum(axis=1)
        parts = np.where(total[:, None] > 0, numerator, denominator)
        whole = parts.sum(axis=1)
        return np.asarray(parts * (wanted / np.where(whole > 0, whole, 1.0))[:, None])

    def _smoothed_mean(self, X: np.ndarray, n: np.ndarray) -> np.ndarray:
        """Return the mean in a centred window, one case with the series' mean added."""
        of_series = (X.sum(axis=1) + FLOOR_CASES * self.scale) / (n.sum(axis=1) + FLOOR_CASES)
        return np.asarray((moving_sum(X) + of_series[:, None]) / (moving_sum(n) + 1))

    def _relative_variance(
        self, X: np.ndarray, n: np.ndarray, Q: np.ndarray, smoothed: np.ndarray, peers: np.ndarray | None
    ) -> np.ndarray:
        """Return each series' relative variance (U,) within periods, shrunk towards the median of the peers'."""
        squares = np.maximum(Q - X**2 / np.maximum(n, 1.0), 0.0) / smoothed**2
        own, degrees = squares.sum(axis=1), np.maximum(n - 1, 0).sum(axis=1)
        enough = degrees >= POOLED_DEGREES
        of_peers = enough if peers is None else enough & peers
        usual = float(np.median(own[of_peers] / degrees[of_peers])) if of_peers.any() else 1.0
        return np.maximum((own + POOLED_DEGREES * usual) / (degrees + POOLED_DEGREES), SMALLEST_RELATIVE_VARIANCE)

"""Between counts and a Gaussian model: log-odds and log volumes with the noise of counting, and counts drawn back.

A `Link` is all in which the forecast of a share (`LOGIT`) differs from that of a mean (`mean_link.MeanLink`).

A count brings its own measurement error, whose size is known before any model is fitted. The filter gets that variance
period by period, so a month of 12 cases and a month of 1,200 can stand in one series.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

SMOOTHING_WINDOW = 7
"""Periods of the centred window behind the smoothed share from which the observation variance is computed."""

ENOUGH_INFORMATION = 8.0
"""Information N·p·q from which a period's own logit is close to Gaussian; below it, it is linearised instead."""

POOLED_CASES = 5.0
"""Cases with the panel's overall share that are added to a series' own, so that no series is at exactly 0 or 1."""

USUAL_VOLUME = 5.0
"""Median cases per period above which a denominator of 0 is treated as a reporting gap, not as a quiet period."""

EXACT_BELOW = 9.0
"""Variance below which counts are drawn exactly; above it they are rounded normal numbers."""

LOGIT_BOUND = 12.0
"""Simulated log-odds stay within ±12: a share within six millionths of 0 or 1 changes no count that is reported."""


@dataclass(frozen=True, eq=False)
class Observations:
    """Observations of a share or a mean on the link scale.

    Attributes
    ----------
    y, variance : np.ndarray, shape (U, T)
        Values and their known variances; NaN where not reported or without cases.
    relative_variance : np.ndarray, shape (U,)
        Variance of one case's amount by the squared mean, per series; zeros for a share, whose variance follows from
        the share itself.
    bounds : np.ndarray, shape (U, 2)
        Lowest and highest value a simulation of the series may reach.
    """

    y: np.ndarray
    variance: np.ndarray
    relative_variance: np.ndarray
    bounds: np.ndarray


class Link(ABC):
    """What differs between the forecasts of a share and of a mean.

    In both, a *numerator* (cases that count, or the total of an amount) is divided by a *denominator* (cases), and the
    quotient is the *value*. `size` is the expected number of cases of the year.

    Attributes
    ----------
    has_edges : bool
        Whether a series can stay at exactly none or all.
    whole_numerators : bool
        Whether numerators are whole numbers.
    """

    has_edges: bool
    whole_numerators: bool

    @abstractmethod
    def value(self, z: np.ndarray) -> np.ndarray:
        """Return the values of link-scale numbers."""

    @abstractmethod
    def numerators(
        self,
        normal: np.ndarray,
        generator: Callable[[], np.random.Generator],
        cases: np.ndarray,
        z: np.ndarray,
        relative_variance: float,
    ) -> np.ndarray:
        """Return numerators of given cases at link-scale numbers, from normal numbers and, where few, a generator.

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

    @abstractmethod
    def sample(
        self, rng: np.random.Generator, cases: np.ndarray, z: np.ndarray, relative_variance: float
    ) -> np.ndarray:
        """Return numerators of given cases at link-scale numbers, drawn exactly from one generator.

        Parameters
        ----------
        rng : np.random.Generator
            Source of the random numbers.
        cases, z : np.ndarray
            Whole numbers of cases, and link-scale values.
        relative_variance : float
            See `Observations`.
        """

    @abstractmethod
    def corrected(self, value: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return values on the link scale, corrected so that values at a bound are finite.

        Parameters
        ----------
        value : np.ndarray
            Shares or means.
        size : np.ndarray
            Cases they are of.
        """

    @abstractmethod
    def from_corrected(self, z: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return the values of corrected link-scale numbers; the inverse of `corrected`.

        Parameters
        ----------
        z : np.ndarray
            Corrected link-scale values.
        size : np.ndarray
            Cases they are computed from.
        """

    @abstractmethod
    def limited(self, shift: np.ndarray) -> np.ndarray:
        """Return shifts of a point forecast on the link scale, limited to what a year can bring."""

    @abstractmethod
    def error(self, point: np.ndarray, outcome: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return absolute errors of point forecasts that can be averaged over series.

        Parameters
        ----------
        point, outcome : np.ndarray
            Forecasts and what came.
        size : np.ndarray
            Expected cases.
        """

    @abstractmethod
    def gain(self, now: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Return the gain of values on earlier values, 0 where nothing was gained.

        Parameters
        ----------
        now, before : np.ndarray
            Values of the same periods of two years.
        """

    @abstractmethod
    def shifted(self, value: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """Return values after a gain, within their bounds.

        Parameters
        ----------
        value : np.ndarray
            Values before.
        gain : np.ndarray
            See `gain`.
        """

    @abstractmethod
    def bounded(self, value: np.ndarray) -> np.ndarray:
        """Return values within their bounds."""

    @abstractmethod
    def wanted(
        self, value: np.ndarray, numerator: np.ndarray, cases: np.ndarray, denominator: np.ndarray
    ) -> np.ndarray:
        """Return the numerators of the rest of a year that give year-end values, as near as the year allows.

        Parameters
        ----------
        value : np.ndarray
            Year-end values wanted.
        numerator, cases : np.ndarray
            Numerator and denominator of the year so far.
        denominator : np.ndarray
            Cases of the rest of the year.
        """

    @abstractmethod
    def spread_over_periods(self, numerator: np.ndarray, denominator: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Return numerators (S, h) with a given sum over the periods (S,), near to the simulated ones.

        Parameters
        ----------
        numerator, denominator : np.ndarray, shape (S, h)
            Simulated numbers of each path and period.
        wanted : np.ndarray, shape (S,)
            Sums wanted.
        """


class _ShareLink(Link):
    """Logit link of a share of counts, 0–1."""

    has_edges = True
    whole_numerators = True

    def value(self, z: np.ndarray) -> np.ndarray:
        """Return the shares of log-odds."""
        return np.asarray(expit(z))

    def numerators(
        self,
        normal: np.ndarray,
        generator: Callable[[], np.random.Generator],
        cases: np.ndarray,
        z: np.ndarray,
        relative_variance: float = 0.0,
    ) -> np.ndarray:
        """Return `binomial_counts`."""
        return binomial_counts(normal, generator, cases, self.value(z))

    def sample(
        self, rng: np.random.Generator, cases: np.ndarray, z: np.ndarray, relative_variance: float = 0.0
    ) -> np.ndarray:
        """Return exact binomial counts."""
        return np.asarray(rng.binomial(cases.astype(np.int64), self.value(z)))

    def corrected(self, value: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return the log-odds of shares of counts, ½ added to the cases on either side, so that 0 and 1 are finite."""
        return np.asarray(logit((value * size + 0.5) / (size + 1)))

    def from_corrected(self, z: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return the shares (0–1) of corrected log-odds."""
        return np.asarray(np.clip((expit(z) * (size + 1) - 0.5) / size, 0.0, 1.0))

    def limited(self, shift: np.ndarray) -> np.ndarray:
        """Return the shifts as they are: the logit ends at 0 and 1 by itself."""
        return shift

    def error(self, point: np.ndarray, outcome: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Return absolute errors in share units."""
        return np.abs(point - outcome)

    def gain(self, now: np.ndarray, before: np.ndarray) -> np.ndarray:
        """Return the difference of shares."""
        return np.asarray(now - before)

    def shifted(self, value: np.ndarray, gain: np.ndarray) -> np.ndarray:
        """Return shares after a gain, within 0 and 1."""
        return np.asarray(np.clip(value + gain, 0, 1))

    def bounded(self, value: np.ndarray) -> np.ndarray:
        """Return the values within 0 and 1."""
        return np.asarray(np.clip(value, 0, 1))

    def wanted(
        self, value: np.ndarray, numerator: np.ndarray, cases: np.ndarray, denominator: np.ndarray
    ) -> np.ndarray:
        """Return the whole numerators of the rest of a year that give year-end shares."""
        return np.asarray(np.clip(np.rint(value * (cases + denominator)) - numerator, 0.0, denominator))

    def spread_over_periods(self, numerator: np.ndarray, denominator: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Return `spread_over_periods`."""
        return spread_over_periods(numerator, denominator, wanted)


LOGIT = _ShareLink()
"""The link of every share."""


def share_observations(
    numerator: np.ndarray, denominator: np.ndarray, peers: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return logit observations of the share and their known variances.

    With :math:`\tilde p` the series' smoothed share in a centred window and
    :math:`I = N \tilde p (1 - \tilde p)` the information of a period,

    * :math:`I \ge 8`: the logit of the period's share, shrunk towards :math:`\tilde p` by half an event;
    * otherwise the linearised observation
      :math:`\operatorname{logit} \tilde p + (K - N \tilde p) / I`, one step of the Gaussian approximation of a
      binomial state-space model. The plain logit of 0 out of 20 would be minus infinity; the linearised one means "no
      event, where 0.3 were expected".

    Both have variance :math:`1 / I`.

    Parameters
    ----------
    numerator, denominator : np.ndarray, shape (U, T)
        Cases; NaN where not reported.
    peers : np.ndarray of bool, shape (U,), optional
        Series whose cases make up the overall share that every series is shrunk towards; all by default.

    Returns
    -------
    y, variance : np.ndarray, shape (U, T)
        Log-odds and squared log-odds; NaN where not reported or without cases.

    References
    ----------
    Durbin, J. and Koopman, S. J. (2012), *Time Series Analysis by State Space Methods*, section 10.6.
    """
    K, N = np.nan_to_num(numerator), np.nan_to_num(denominator)
    smoothed = _smoothed_share(K, N, peers)
    information = N * smoothed * (1 - smoothed)
    known = N > 0
    divisor = np.where(known, information, 1.0)
    shrinkage = 0.5 / np.minimum(smoothed, 1 - smoothed)
    shrunk = logit(np.clip((K + shrinkage * smoothed) / (N + shrinkage), 1e-5, 1 - 1e-5))
    linearised = logit(smoothed) + (K - N * smoothed) / divisor
    y = np.where(information >= ENOUGH_INFORMATION, shrunk, linearised)
    return np.where(known, y, np.nan), np.where(known, 1 / divisor, np.nan)


def volume_observations(denominator: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log observations of the volume, log(N + ½), and their Poisson variances, 1 / (N + ½).

    Parameters
    ----------
    denominator : np.ndarray, shape (U, T)
        Cases; NaN where not reported.

    Returns
    -------
    y, variance : np.ndarray, shape (U, T)
        Log cases and squared log cases; NaN where not reported, and where a series with a median of more than
        ``USUAL_VOLUME`` cases reports none.
    """
    usual = np.median(np.nan_to_num(denominator), axis=1, keepdims=True)
    gap = np.isnan(denominator) | ((denominator == 0) & (usual > USUAL_VOLUME))
    N = np.where(gap, np.nan, denominator)
    return np.log(N + 0.5), 1 / (N + 0.5)


def poisson_counts(normal: np.ndarray, generator: Callable[[], np.random.Generator], mean: np.ndarray) -> np.ndarray:
    """Return Poisson counts, as float, with given means.

    Parameters
    ----------
    normal : np.ndarray
        Independent standard normal numbers, of the shape of `mean`.
    generator : callable
        Returns the generator for the counts drawn exactly; called only where there are any.
    mean : np.ndarray
        Expected cases.
    """
    counts = _rounded_normal(mean, np.sqrt(mean), normal, 1 / 6)
    small = mean < EXACT_BELOW
    if small.any():
        counts[small] = generator().poisson(mean[small])
    return np.maximum(counts, 0.0, out=counts)


def binomial_counts(
    normal: np.ndarray, generator: Callable[[], np.random.Generator], cases: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Return binomial counts, as float, out of given cases at given shares.

    Parameters
    ----------
    normal : np.ndarray
        Independent standard normal numbers, of the shape of `cases`.
    generator : callable
        Returns the generator for the counts drawn exactly; called only where there are any.
    cases : np.ndarray
        Whole numbers of cases.
    share : np.ndarray
        Success probabilities, 0–1.
    """
    mean = cases * share
    variance = mean * (1 - share)
    counts = _rounded_normal(mean, np.sqrt(variance), normal, (1 - 2 * share) / 6)
    small = variance < EXACT_BELOW
    if small.any():
        counts[small] = generator().binomial(cases[small].astype(np.int64), share[small])
    return np.clip(counts, 0.0, cases, out=counts)


def spread_over_periods(numerator: np.ndarray, denominator: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return numerators (S, h) with a given sum over the periods, as near to the simulated ones as that allows.

    A surplus is spread in proportion to the cases not in the numerator, a shortfall in proportion to those in it, so
    that 0 ≤ numerator ≤ denominator stays true in every period.

    Parameters
    ----------
    numerator, denominator : np.ndarray, shape (S, h)
        Simulated cases of each path and period.
    wanted : np.ndarray, shape (S,)
        Sums wanted: whole numbers from 0 to the sum of the denominators.
    """
    missing = wanted - numerator.sum(axis=1)
    room = np.cumsum(np.where(missing[:, None] > 0, denominator - numerator, numerator), axis=1)
    # rounding the cumulated counts, not each period's, keeps the sum; of whole numbers multiplied first and divided
    # once, a half is exact, so that no period gets more than its room
    moved = np.floor(missing[:, None] * room / np.maximum(room[:, -1:], 1.0) + 0.5)
    return np.asarray(numerator + np.diff(moved, axis=1, prepend=0.0))


def _smoothed_share(K: np.ndarray, N: np.ndarray, peers: np.ndarray | None) -> np.ndarray:
    """Return the share in a centred window, shrunk towards the series' share, itself shrunk towards the panel's."""
    rows = slice(None) if peers is None else peers
    panel_share = np.clip(K[rows].sum() / max(N[rows].sum(), 1.0), 1e-4, 1 - 1e-4)
    series_share = (K.sum(axis=1) + POOLED_CASES * panel_share) / (N.sum(axis=1) + POOLED_CASES)
    weight = 1 / np.minimum(series_share, 1 - series_share)[:, None]  # as many cases as hold one expected event
    smoothed = (moving_sum(K) + weight * series_share[:, None]) / (moving_sum(N) + weight)
    return np.clip(smoothed, 2e-4, 1 - 2e-4)


def moving_sum(counts: np.ndarray) -> np.ndarray:
    """Return sums (U, T) in a centred window of `SMOOTHING_WINDOW` periods, or of all where there are fewer."""
    T = counts.shape[1]
    window = np.ones(min(SMOOTHING_WINDOW, T if T % 2 else T - 1))  # of odd length, so that it is centred
    return np.array([np.convolve(row, window, "same") for row in counts])


def _rounded_normal(
    mean: np.ndarray, deviation: np.ndarray, normal: np.ndarray, skewness_term: np.ndarray | float
) -> np.ndarray:
    """Return rounded normal counts whose third central moment is six times `skewness_term` times their variance.

    `deviation` is overwritten.
    """
    counts = normal**2
    counts -= 1
    counts *= skewness_term
    deviation *= normal
    counts += deviation
    counts += mean
    return np.rint(counts, out=counts)

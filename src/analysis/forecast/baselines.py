"""Five simple forecasts of the year-end share or mean that offices compute by hand today.

A *raw* baseline is a single value, compared with a target as yes or no. A *dressed* baseline (`dressing`) is a
distribution, made from the value and its errors in earlier years; a model must forecast better than that.
"""

from __future__ import annotations

import warnings

import numpy as np

from analysis.forecast.panel import SeriesPanel

BASELINES = ("year_to_date", "last_quarter", "same_growth", "straight_line", "seasonal_naive")
"""Names of the five; of two with equal past errors the first is chosen."""

LAST_TWELVE_MONTHS, THREE_YEARS = "last_twelve_months", "three_years"
"""Two more points that no office computes: the ensemble uses them (`cold_start`, `stacking`)."""

GROWTH_BOUNDS = (0.3, 3.0)
"""Bounds of the growth in volume that is carried over from the year so far to its rest."""

GROWTH_CASES = 5.0
"""Cases added to numerator and denominator of that growth, so that one case after none is not infinite growth."""


def baseline_shares(known: SeriesPanel, year: int) -> dict[str, np.ndarray]:
    """Return the year-end share or mean (U,) that each baseline forecasts from a panel's periods.

    * ``year_to_date``: the whole year has the share of the year so far; before its first case, that of last year.
    * ``last_quarter``: the rest of the year has the share of the last three months (of the last twelve, where those
      had no case).
    * ``same_growth``: the rest has last year's shares, shifted by the difference of this year so far from the same
      periods of last year; at the start of the year, by the difference of last year from the year before it. Means
      are multiplied by their growth instead, a third to three times.
    * ``straight_line``: the rest continues a least-squares line through the shares of the last half year, or of the
      year so far if that is longer (three quarters at least).
    * ``seasonal_naive``: the rest has last year's shares.

    Two more are no baselines, but points that the ensemble uses:

    * ``last_twelve_months``: the rest has the share of the last twelve months.
    * ``three_years``: each period of the rest has the mean log-odds (of a mean: log) of the same period of the last
      three years, or of those of them that are known.

    All but ``year_to_date`` weight the periods of the rest with last year's denominators times the growth in volume so
    far, or, for a series without a last year, with its mean volume per reported period.

    Parameters
    ----------
    known : SeriesPanel
        Counts up to the origin, which is between the last period of the year before and the last of the year.
    year : int
        The year forecast.

    Returns
    -------
    dict of str to np.ndarray, shape (U,)
        Shares 0–1 or means by name; NaN where the history is too short. Last year is used if half of it was reported.
    """
    P, elapsed = known.season_length, known.elapsed(year)
    numerator, denominator = known.counts_of(year)
    K, N = numerator[:, :elapsed], denominator[:, :elapsed]
    cases, volume = np.nansum(K, axis=1), np.nansum(N, axis=1)
    to_date = _share(cases, volume)
    if elapsed == P:
        return dict.fromkeys((*BASELINES, LAST_TWELVE_MONTHS, THREE_YEARS), to_date)

    last_K, last_N = known.counts_of(year - 1)
    last_year = known.year_share(year - 1)
    has_last = np.isfinite(last_year)[:, None]
    # growth and gain compare the same periods: one missing this year is left out of last year's sum, too
    both = ~np.isnan(N)
    last_volume = np.nansum(np.where(both, last_N[:, :elapsed], 0), axis=1)
    last_to_date = _share(np.nansum(np.where(both, last_K[:, :elapsed], 0), axis=1), last_volume)
    growth = np.clip((volume + GROWTH_CASES) / (last_volume + GROWTH_CASES), *GROWTH_BOUNDS)[:, None]
    # a period not reported last year has no weight in the rest of this year
    rest = np.where(has_last, np.nan_to_num(last_N[:, elapsed:]) * growth, _mean_volume(known)[:, None])
    last_rest = np.where(np.nan_to_num(last_N[:, elapsed:]) > 0, _share(last_K, last_N)[:, elapsed:], 0.0)
    last_rest[~has_last[:, 0]] = np.nan
    link = known.link()
    gain = link.gain(to_date, last_to_date)
    if elapsed == 0:
        gain = np.nan_to_num(link.gain(last_year, known.year_share(year - 2)))

    def year_end(share_of_rest: np.ndarray) -> np.ndarray:
        return _share(cases + (rest * share_of_rest).sum(axis=1), volume + rest.sum(axis=1))

    return {
        "year_to_date": np.where(volume > 0, to_date, last_year),
        "last_quarter": year_end(_last_quarter(known)[:, None]),
        "same_growth": year_end(link.shifted(last_rest, gain[:, None])),
        "straight_line": year_end(_straight_line(known, P - elapsed, max(P // 2, 3, elapsed))),
        "seasonal_naive": year_end(last_rest),
        LAST_TWELVE_MONTHS: year_end(_recent(known, P)[:, None]),
        THREE_YEARS: year_end(np.where(has_last, _three_years(known, year, elapsed), np.nan)),
    }


def misses_so_far(known: SeriesPanel, year: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the year so far is from two simple rules for it, before any earlier year can tell.

    Parameters
    ----------
    known : SeriesPanel
        Counts up to the origin.
    year : int
        The year forecast.

    Returns
    -------
    seasonal, steady : np.ndarray, shape (U,)
        Absolute distance (share units or, of a mean, logs) of the year so far from the same periods of last year, and
        from the last quarter of last year; NaN where last year's are not all inside the panel, or without cases.
    """
    P, elapsed = known.season_length, known.elapsed(year)
    if elapsed == 0 or len(known.periods) < P + elapsed:
        return np.full(len(known.series), np.nan), np.full(len(known.series), np.nan)
    K, N = (counts[:, :elapsed] for counts in known.counts_of(year))
    last_K, last_N = known.counts_of(year - 1)
    both = ~np.isnan(N) & ~np.isnan(last_N[:, :elapsed])

    def share(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
        return _share(np.where(both, numerator, 0).sum(axis=1), np.where(both, denominator, 0).sum(axis=1))

    now, cases = share(K, N), np.where(both, N, 0).sum(axis=1)
    quarter = slice(-(P // 4), None)
    steady = _share(np.nansum(last_K[:, quarter], axis=1), np.nansum(last_N[:, quarter], axis=1))
    error = known.link().error
    size = np.maximum(cases, 1.0)
    return error(share(last_K[:, :elapsed], last_N[:, :elapsed]), now, size), error(steady, now, size)


def year_size(known: SeriesPanel, year: int) -> np.ndarray:
    """Return the expected number of cases (U,) of each series in a year, at least 1.

    It is last year's number or, where less than half of last year was reported, the mean volume of the last year's
    length.

    Parameters
    ----------
    known : SeriesPanel
        Counts up to the origin.
    year : int
        The year forecast.
    """
    _, last = known.counts_of(year - 1)
    recent = _mean_volume(known) * known.season_length
    return np.maximum(np.where(np.isfinite(known.year_share(year - 1)), np.nansum(last, axis=1), recent), 1.0)


def _mean_volume(known: SeriesPanel) -> np.ndarray:
    """Return the mean cases (U,) per reported period over the last year's length; 0 where none was reported."""
    recent = known.denominator[:, -known.season_length :]
    reported = (~np.isnan(recent)).sum(axis=1)
    return np.asarray(np.nansum(recent, axis=1) / np.maximum(reported, 1))


def _last_quarter(known: SeriesPanel) -> np.ndarray:
    """Return the share (U,) of the last three months or, where they had no case, of the last twelve."""
    quarter = _recent(known, known.season_length // 4)
    return np.where(np.isfinite(quarter), quarter, _recent(known, known.season_length))


def _recent(known: SeriesPanel, span: int) -> np.ndarray:
    """Return the share (U,) of the last `span` periods; NaN without cases."""
    numerator, denominator = (counts[:, -span:] for counts in (known.numerator, known.denominator))
    return _share(np.nansum(numerator, axis=1), np.nansum(denominator, axis=1))


def _three_years(known: SeriesPanel, year: int, elapsed: int) -> np.ndarray:
    """Return shares (U, horizon): the mean over the last three years on the link scale, or the last twelve months'."""
    link, found = known.link(), []
    for earlier in range(year - 3, year):
        K, N = (counts[:, elapsed:] for counts in known.counts_of(earlier))
        cases = np.where(np.nan_to_num(N) > 0, N, 1.0)
        found.append(np.where(np.nan_to_num(N) > 0, link.corrected(np.nan_to_num(K) / cases, cases), np.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a period without a year has no mean
        mean = np.nanmean(found, axis=0)
    twelve_months = np.nan_to_num(_recent(known, known.season_length))[:, None]
    return np.where(np.isfinite(mean), link.value(np.nan_to_num(mean)), twelve_months)


def _straight_line(known: SeriesPanel, horizon: int, span: int) -> np.ndarray:
    """Return shares (U, horizon) on the line through each series' last `span` shares; NaN with fewer than three."""
    shares = _share(known.numerator[:, -span:], known.denominator[:, -span:])
    observed = np.isfinite(shares)
    n = observed.sum(axis=1)
    t = np.arange(shares.shape[1], dtype=float)
    divisor = np.maximum(n, 1)
    mean_t = (observed * t).sum(axis=1) / divisor
    mean = np.where(observed, shares, 0.0).sum(axis=1) / divisor
    centred = np.where(observed, t - mean_t[:, None], 0.0)
    slope = (centred * np.where(observed, shares, 0.0)).sum(axis=1) / np.maximum((centred**2).sum(axis=1), 1e-12)
    ahead = shares.shape[1] + np.arange(horizon)
    line = known.link().bounded(mean[:, None] + slope[:, None] * (ahead - mean_t[:, None]))
    line[n < 3] = np.nan
    return np.asarray(line)


def _share(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.where(denominator > 0, numerator, np.nan) / np.where(denominator > 0, denominator, 1.0)

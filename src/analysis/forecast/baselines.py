"""What users forecast today: five simple year-end shares, arithmetic on counts an office already does by hand.

Raw, each is compared with a target and read as yes or no. Dressed with the errors it made in earlier years
(`dressing`), it is an honest distribution and the opponent a model must beat.
"""

from __future__ import annotations

import numpy as np

from analysis.forecast.panel import Panel

BASELINES = ("year_to_date", "last_quarter", "same_growth", "straight_line", "seasonal_naive")
"""The five, in the order a tie is decided."""

GROWTH_BOUNDS = (0.3, 3.0)
"""Bounds of the growth in volume carried from the year so far to its rest."""

GROWTH_CASES = 5.0
"""Cases added to both sides of that growth, so that one case after none is not infinite growth."""


def baseline_shares(known: Panel, year: int) -> dict[str, np.ndarray]:
    """Return the year-end share (U,) each baseline forecasts, from the periods a panel knows.

    * ``year_to_date``: the share of the year so far stays; before its first case, that of the year before.
    * ``last_quarter``: the rest of the year has the share of the last three months (where they brought no case, of
      the last twelve).
    * ``same_growth``: the rest has last year's shares, shifted by the gain of this year so far on last year's; at the
      start of the year, by the gain of last year on the year before it.
    * ``straight_line``: a least-squares line through the shares of the last half year, or of the year so far if that
      is longer (three quarters at least), runs on.
    * ``seasonal_naive``: the rest has last year's shares.

    All but the first weigh the rest of the year with last year's denominators times the growth in volume so far; a
    series without a last year, with the volume of the periods it has reported.

    Parameters
    ----------
    known : Panel
        Cut at the origin: from the last period of the year before to the last of the year.
    year : int
        The year forecast.

    Returns
    -------
    dict of str to np.ndarray, shape (U,)
        Shares 0–1 by name; NaN where history does not allow one. Last year counts when half of it was reported.
    """
    P, elapsed = known.season_length, known.elapsed(year)
    numerator, denominator = known.counts_of(year)
    K, N = numerator[:, :elapsed], denominator[:, :elapsed]
    cases, volume = np.nansum(K, axis=1), np.nansum(N, axis=1)
    to_date = _share(cases, volume)
    if elapsed == P:
        return dict.fromkeys(BASELINES, to_date)

    last_K, last_N = known.counts_of(year - 1)
    last_year = known.year_share(year - 1)
    has_last = np.isfinite(last_year)[:, None]
    # growth and gain compare like with like: a period missing this year is left out of last year's sum too
    both = ~np.isnan(N)
    last_volume = np.nansum(np.where(both, last_N[:, :elapsed], 0), axis=1)
    last_to_date = _share(np.nansum(np.where(both, last_K[:, :elapsed], 0), axis=1), last_volume)
    growth = np.clip((volume + GROWTH_CASES) / (last_volume + GROWTH_CASES), *GROWTH_BOUNDS)[:, None]
    # what was not reported last year brings nothing to the rest of this one
    rest = np.where(has_last, np.nan_to_num(last_N[:, elapsed:]) * growth, _pace(known)[:, None])
    last_rest = np.where(np.nan_to_num(last_N[:, elapsed:]) > 0, _share(last_K, last_N)[:, elapsed:], 0.0)
    last_rest[~has_last[:, 0]] = np.nan
    gain = to_date - last_to_date
    if elapsed == 0:
        gain = np.nan_to_num(last_year - known.year_share(year - 2))

    def finished(share_of_rest: np.ndarray) -> np.ndarray:
        return _share(cases + (rest * share_of_rest).sum(axis=1), volume + rest.sum(axis=1))

    return {
        "year_to_date": np.where(volume > 0, to_date, last_year),
        "last_quarter": finished(_last_quarter(known)[:, None]),
        "same_growth": finished(np.clip(last_rest + gain[:, None], 0, 1)),
        "straight_line": finished(_straight_line(known, P - elapsed, max(P // 2, 3, elapsed))),
        "seasonal_naive": finished(last_rest),
    }


def year_size(known: Panel, year: int) -> np.ndarray:
    """Return the cases (U,) a series' year is expected to have: last year's or, failing these, its pace; at least 1."""
    _, last = known.counts_of(year - 1)
    pace = _pace(known) * known.season_length
    return np.maximum(np.where(np.isfinite(known.year_share(year - 1)), np.nansum(last, axis=1), pace), 1.0)


def _pace(known: Panel) -> np.ndarray:
    """Return mean cases per period reported of the last year's length; 0 where none was."""
    recent = known.denominator[:, -known.season_length :]
    reported = (~np.isnan(recent)).sum(axis=1)
    return np.asarray(np.nansum(recent, axis=1) / np.maximum(reported, 1))


def _last_quarter(known: Panel) -> np.ndarray:
    quarter, year = (slice(-span, None) for span in (known.season_length // 4, known.season_length))
    shares = [
        _share(np.nansum(known.numerator[:, span], axis=1), np.nansum(known.denominator[:, span], axis=1))
        for span in (quarter, year)
    ]
    return np.where(np.isfinite(shares[0]), *shares)


def _straight_line(known: Panel, horizon: int, span: int) -> np.ndarray:
    """Return shares (U, horizon) on the line through each series' recent ones; NaN with less than three of them."""
    shares = _share(known.numerator[:, -span:], known.denominator[:, -span:])
    seen = np.isfinite(shares)
    n = seen.sum(axis=1)
    t = np.arange(shares.shape[1], dtype=float)
    steps = np.maximum(n, 1)
    middle = (seen * t).sum(axis=1) / steps
    mean = np.where(seen, shares, 0.0).sum(axis=1) / steps
    away = np.where(seen, t - middle[:, None], 0.0)
    slope = (away * np.where(seen, shares, 0.0)).sum(axis=1) / np.maximum((away**2).sum(axis=1), 1e-12)
    ahead = shares.shape[1] + np.arange(horizon)
    line = np.clip(mean[:, None] + slope[:, None] * (ahead - middle[:, None]), 0, 1)
    line[n < 3] = np.nan
    return np.asarray(line)


def _share(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.where(denominator > 0, numerator, np.nan) / np.where(denominator > 0, denominator, 1.0)

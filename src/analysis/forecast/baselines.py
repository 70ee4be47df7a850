"""What users forecast today: five simple year-end shares, raw as points and dressed with their own past errors.

Each is arithmetic on counts an office already does by hand. Raw, it is compared with a target and read as yes or no.
*Dressed*, the same point carries every error it made at this point of earlier years, which turns it into an honest
distribution and the opponent a model must beat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.forecast.panel import Panel

BASELINES = ("year_to_date", "last_quarter", "same_growth", "straight_line", "seasonal_naive")
"""The five, in the order a tie is decided."""

GROWTH_BOUNDS = (0.3, 3.0)
"""Bounds of the growth in volume carried from the year so far to its rest."""

GROWTH_CASES = 5.0
"""Cases added to both sides of that growth, so that one case after none is not infinite growth."""


@dataclass(frozen=True, eq=False)
class Dressed:
    """Baselines with the spread of their past errors.

    Attributes
    ----------
    origin : pd.Period
        Last period used.
    points : pd.DataFrame
        ``series, baseline, point``: one row per series and baseline that can be dressed; empty when no earlier year
        can be scored, which means "not enough data".
    quantiles : np.ndarray, shape (len(points), draws)
        Equally likely values of the year-end share (0–1) for each row, increasing.
    past_error : pd.DataFrame
        ``baseline``; ``errors`` and ``years`` behind its dressing; ``common_errors``, those of a series and year
        that every listed baseline forecast; ``mean_absolute_error`` over these (share units), so that baselines are
        compared on equal terms.
    chosen_baseline : str or None
        The baseline of lowest past error: chosen before the fact. None when there is none to choose.
    """

    origin: pd.Period
    points: pd.DataFrame
    quantiles: np.ndarray
    past_error: pd.DataFrame
    chosen_baseline: str | None

    def quantiles_of(self, series: str, baseline: str) -> np.ndarray:
        """Return the quantiles (draws,) of a series and baseline, or an empty array when it cannot be dressed."""
        wanted = (self.points["series"] == series) & (self.points["baseline"] == baseline)
        return self.quantiles[wanted.to_numpy(dtype=bool)].ravel()


def points(panel: Panel, origin: pd.Period) -> pd.DataFrame:
    """Return the year-end share each baseline forecasts at an origin, from periods up to it alone.

    * ``year_to_date``: the share of the year so far stays.
    * ``last_quarter``: the rest of the year has the share of the last three months.
    * ``same_growth``: the rest has last year's shares, shifted by the gain of this year so far on last year's.
    * ``straight_line``: a least-squares line through the shares of the last half year, or of the year so far if that
      is longer (three quarters at least), runs on.
    * ``seasonal_naive``: the rest has last year's shares.

    All but the first weigh the rest of the year with last year's denominators times the growth in volume so far.

    Parameters
    ----------
    panel : Panel
        May reach past the origin; what lies after it is not looked at.
    origin : pd.Period
        A period of the panel. At the last of a year every baseline is the share observed.

    Returns
    -------
    pd.DataFrame
        ``series, baseline, point`` (0–1); NaN where history does not allow one: no cases yet, or last year not
        reported in full.
    """
    known = panel.until(origin)
    P, elapsed = known.season_length, _elapsed(known)
    K, N = (counts[:, :elapsed] for counts in _year(known, origin.year))
    last_K, last_N = _year(known, origin.year - 1)
    cases, volume = np.nansum(K, axis=1), np.nansum(N, axis=1)
    to_date = _share(cases, volume)
    if elapsed == P:
        return _long(known, dict.fromkeys(BASELINES, to_date))

    # growth and gain compare like with like: a period missing this year is left out of last year's sum too
    both = ~np.isnan(N)
    last_volume = np.where(both, last_N[:, :elapsed], 0).sum(axis=1)
    last_to_date = _share(np.where(both, last_K[:, :elapsed], 0).sum(axis=1), last_volume)
    growth = np.clip((volume + GROWTH_CASES) / (last_volume + GROWTH_CASES), *GROWTH_BOUNDS)
    rest = last_N[:, elapsed:] * growth[:, None]
    rest[np.isnan(last_N).any(axis=1)] = np.nan
    last_rest = np.where(last_N[:, elapsed:] == 0, 0.0, _share(last_K[:, elapsed:], last_N[:, elapsed:]))
    gain = (to_date - last_to_date)[:, None]

    def finished(share_of_rest: np.ndarray) -> np.ndarray:
        return _share(cases + (rest * share_of_rest).sum(axis=1), volume + rest.sum(axis=1))

    return _long(
        known,
        {
            "year_to_date": to_date,
            "last_quarter": finished(_last_quarter(known)[:, None]),
            "same_growth": finished(np.clip(last_rest + gain, 0, 1)),
            "straight_line": finished(_straight_line(known, P - elapsed)),
            "seasonal_naive": finished(last_rest),
        },
    )


def dressed(panel: Panel, origin: pd.Period, *, draws: int = 100) -> Dressed:
    """Return the baselines at an origin, each spread by the errors it made at this point of earlier years.

    An error is the year-end share that came less the point forecast, on a logit scale corrected for counts
    (½ added to either side of a year's cases), pooled over all series of the panel. Its sign is kept, so a baseline
    that was always too low is corrected. Only earlier years a series reported in full count.

    Parameters
    ----------
    panel : Panel
        May reach past the origin; what lies after it is not looked at.
    origin : pd.Period
        A period of the panel.
    draws : int, default 100
        Quantiles per series and baseline, at levels (i + ½) / draws.

    Returns
    -------
    Dressed
        Without rows when no earlier year can be scored.

    References
    ----------
    Williams, W. H. and Goodman, M. L. (1971), "A Simple Method for the Construction of Empirical Confidence Limits
    for Economic Forecasts".
    """
    known = panel.until(origin)
    past = _past_forecasts(known)
    past_error = _past_error(past)
    now = points(known, origin).merge(_year_size(known), on="series", validate="m:1")
    now = now[now["point"].notna() & now["baseline"].isin(past_error["baseline"])].reset_index(drop=True)
    said, came, past_size = (past[name].to_numpy(dtype=float) for name in ("point", "actual", "size"))
    error = _logit(came, past_size) - _logit(said, past_size)
    levels = (np.arange(draws) + 0.5) / draws
    quantiles = np.empty((len(now), draws))
    for baseline, rows in now.groupby("baseline").indices.items():
        point, size = now[["point", "size"]].to_numpy()[rows].T
        spread = np.quantile(error[(past["baseline"] == baseline).to_numpy()], levels)
        quantiles[rows] = _inverse_logit(_logit(point, size)[:, None] + spread, size[:, None])
    scored = past_error.dropna(subset="mean_absolute_error").sort_values("mean_absolute_error", kind="stable")
    chosen = None if scored.empty else str(scored["baseline"].iloc[0])
    return Dressed(origin, now[["series", "baseline", "point"]], quantiles, past_error, chosen)


def _past_forecasts(known: Panel) -> pd.DataFrame:
    """Return what each baseline said at this point of every earlier year, and the share that year ended with."""
    frames = []
    for year in range(known.periods[0].year, known.origin.year):
        then = known.origin - known.season_length * (known.origin.year - year)
        if then not in known.periods:
            continue
        K, N = _year(known, year)
        outcome = pd.DataFrame({"series": known.series, "year": year, "actual": _share(K.sum(axis=1), N.sum(axis=1))})
        said = points(known, then).merge(outcome, on="series", validate="m:1")
        frames.append(said.merge(_year_size(known.until(then)), on="series", validate="m:1"))
    if not frames:
        return pd.DataFrame({name: [] for name in ("series", "baseline", "point", "year", "actual", "size")})
    return pd.concat(frames).dropna(subset=["point", "actual"]).reset_index(drop=True)


def _past_error(past: pd.DataFrame) -> pd.DataFrame:
    error = (past["actual"] - past["point"]).abs()
    wide = past.assign(error=error).pivot_table(index=["series", "year"], columns="baseline", values="error")
    common = wide.dropna()
    rows = []
    for baseline in (name for name in BASELINES if name in wide.columns):
        own = past[past["baseline"] == baseline]
        rows.append((baseline, len(own), own["year"].nunique(), len(common), common[baseline].mean()))
    return pd.DataFrame(rows, columns=["baseline", "errors", "years", "common_errors", "mean_absolute_error"])


def _year_size(known: Panel) -> pd.DataFrame:
    """Return the cases a series' year is expected to have: last year's or, failing these, this year's pace."""
    _, last = _year(known, known.origin.year - 1)
    _, current = _year(known, known.origin.year)
    pace = np.nansum(current, axis=1) * known.season_length / _elapsed(known)
    size = np.where(np.isnan(last).any(axis=1), pace, last.sum(axis=1))
    return pd.DataFrame({"series": known.series, "size": np.maximum(size, 1.0)})


def _last_quarter(known: Panel) -> np.ndarray:
    quarter = slice(-(known.season_length // 4), None)
    return _share(np.nansum(known.numerator[:, quarter], axis=1), np.nansum(known.denominator[:, quarter], axis=1))


def _straight_line(known: Panel, horizon: int) -> np.ndarray:
    """Return shares (U, horizon) on the line through each series' recent ones; NaN with less than three of them."""
    P = known.season_length
    span = max(P // 2, 3, _elapsed(known))
    line = np.full((len(known.series), horizon), np.nan)
    if len(known.periods) < span:
        return line
    shares = _share(known.numerator[:, -span:], known.denominator[:, -span:])
    for row, recent in enumerate(shares):
        seen = np.flatnonzero(np.isfinite(recent))
        if len(seen) >= 3:
            slope, intercept = np.polyfit(seen, recent[seen], 1)
            line[row] = np.clip(intercept + slope * (span + np.arange(horizon)), 0, 1)
    return line


def _year(known: Panel, year: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numerators and denominators (U, P) of a calendar year, NaN where the panel does not reach."""
    numerator, denominator = np.full((2, len(known.series), known.season_length), np.nan)
    inside = known.periods.year == year
    phase = (known.periods.quarter if known.season_length == 4 else known.periods.month)[inside] - 1
    numerator[:, phase], denominator[:, phase] = known.numerator[:, inside], known.denominator[:, inside]
    return numerator, denominator


def _elapsed(known: Panel) -> int:
    return int(known.origin.quarter if known.season_length == 4 else known.origin.month)


def _share(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.where(denominator > 0, numerator, np.nan) / np.where(denominator > 0, denominator, 1.0)


def _long(known: Panel, forecasts: dict[str, np.ndarray]) -> pd.DataFrame:
    frames = [pd.DataFrame({"series": known.series, "baseline": name, "point": forecasts[name]}) for name in BASELINES]
    return pd.concat(frames).sort_values("series", kind="stable").reset_index(drop=True)


def _logit(share: np.ndarray, size: np.ndarray) -> np.ndarray:
    return logit((share * size + 0.5) / (size + 1))


def _inverse_logit(value: np.ndarray, size: np.ndarray) -> np.ndarray:
    return np.clip((expit(value) * (size + 1) - 0.5) / size, 0.0, 1.0)

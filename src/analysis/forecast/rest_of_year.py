"""Forecast the rest of the plan's year for every share a target needs, as joint draws over all indicators.

The share of cases of *published* procedures (those that can be filed online) is not forecast by itself. Its numerator
is that of the share of all cases, so it is formed inside each draw from the same paths, and targets that combine both
shares are assessed jointly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.forecast.diagnostics import AUDIT_COLUMNS, COMPONENT_COLUMNS
from analysis.forecast.open_cases import with_stock_resolved
from analysis.forecast.panel import SeriesPanel, mean_panel_from_totals, panel_from_counts
from analysis.forecast.paths import Paths, year_paths
from analysis.indicators.case_shares import OF_ALL, OF_PUBLISHED, OVERDUE, OVERDUE_RESOLVED
from analysis.periods import write

PUBLISHED_OFFLINE = "published_of_offline"
"""Share of procedures published online among the cases not filed online: it connects the two online shares."""

BREAK_VARIANCE = 0.5
"""Level variance (squared log-odds) that a known change in counting adds when it arrives; forecast note 1.1."""

DIAGNOSTIC_COLUMNS = [
    "indicator", "n", "lags", "ljung_box_p", "mean_abs_standardised_error", *AUDIT_COLUMNS, "history",
]  # fmt: skip
WEIGHT_COLUMNS = ["indicator", "series", "member", "weight", "short"]
DRAW_COLUMNS = ["indicator", "series", "period", "draw", "numerator", "denominator"]


@dataclass(frozen=True, eq=False)
class Forecast:
    """Joint draws of the periods between an origin and the end of the plan's year.

    Attributes
    ----------
    draws : pd.DataFrame
        `indicator, series, period, draw, numerator, denominator` (cases); all rows with the same `draw` belong to one
        possible future.
    components, diagnostics, weights : pd.DataFrame
        `indicator` and the columns of the attribute of the same name of `paths.Paths`.
    short : tuple of (str, str)
        Wanted pairs of indicator and series that cannot be forecast: the history is too short, or the last period was
        not reported.
    """

    draws: pd.DataFrame
    components: pd.DataFrame
    diagnostics: pd.DataFrame
    weights: pd.DataFrame
    short: tuple[tuple[str, str], ...]


def rest_of_year(
    indicators: pd.DataFrame,
    wanted: Sequence[tuple[str, str]],
    *,
    origin: pd.Period,
    last_period: pd.Period,
    draw_count: int,
    seed: int,
    breaks: Mapping[str, Sequence[pd.Period]],
    tet_cutoff_day: int | None,
    diagnose: bool = True,
    peers: Collection[str] | None = None,
) -> Forecast:
    """Return the joint draws of every wanted share for the periods after the origin.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`; rows after the origin are ignored. All series of an
        indicator that are peers inform the forecast of the wanted ones.
    wanted : sequence of (indicator, series)
        Shares that the targets need.
    origin, last_period : pd.Period
        Last period known, and last period of the plan's year.
    draw_count, seed : int
        Number of draws, and seed of the run: the same seed gives the same numbers.
    breaks : mapping of str to sequence of pd.Period
        Periods of known changes in counting, by indicator.
    tet_cutoff_day : int or None
        The plan's cut-off day if Tết affects its months; None leaves Tết out.
    diagnose : bool
        Whether statsmodels decomposes and audits the series, too; no draw depends on it.
    peers : collection of str, optional
        Series from which the forecasts of all are learnt, all by default; see `paths.year_paths`.
    """
    known = indicators[indicators["period"] <= write(origin)]
    pairs = list(dict.fromkeys(wanted))
    paths = {}
    for base in dict.fromkeys(base for name, _ in pairs for base in _bases(name)) if origin != last_period else ():
        panel = _panel(known, base)
        candidates = dict.fromkeys(series for name, series in pairs if base in _bases(name))
        headline = [series for series in candidates if _reported_to_the_end(panel, series, origin)]
        if headline:
            year_draws = year_paths(
                panel,
                last_period.year,
                headline,
                draw_count=draw_count,
                seed=seed,
                key=base,
                breaks=dict.fromkeys(breaks.get(base, ()), BREAK_VARIANCE),
                tet_cutoff_day=tet_cutoff_day,
                diagnose=diagnose,
                peers=peers,
            )
            if year_draws is not None:
                paths[base] = year_draws
    if OVERDUE in paths and ((known["indicator"] == OVERDUE_RESOLVED) & (known["period"] == write(origin))).any():
        # a case that is late on the desk at the origin can only be resolved late
        stock = indicator_panel(known, OVERDUE_RESOLVED)
        paths[OVERDUE] = with_stock_resolved(paths[OVERDUE], stock, seed=seed, key=OVERDUE, peers=peers)
    ready = [(name, series) for name, series in pairs if all(_has(paths, base, series) for base in _bases(name))]
    short = [pair for pair in pairs if pair not in ready] if origin != last_period else []
    frames = {base: path.to_frame() for base, path in paths.items()}
    draws = []
    for name in dict.fromkeys(name for name, _ in ready):
        names = [series for indicator, series in ready if indicator == name]
        pieces = [frames[base][frames[base]["series"].isin(names)].reset_index(drop=True) for base in _bases(name)]
        joint = _published_inside_draws(*pieces) if name == OF_PUBLISHED else pieces[0]
        draws.append(joint.assign(indicator=name))
    return Forecast(
        draws=_stack(draws, DRAW_COLUMNS),
        components=_stack(
            [path.components.assign(indicator=base) for base, path in paths.items()], ["indicator", *COMPONENT_COLUMNS]
        ),
        diagnostics=_stack(
            [path.diagnostics.assign(indicator=base) for base, path in paths.items()], DIAGNOSTIC_COLUMNS
        ),
        weights=_stack([path.weights.assign(indicator=base) for base, path in paths.items()], WEIGHT_COLUMNS),
        short=tuple(short),
    )


def indicator_panel(indicators: pd.DataFrame, indicator: str) -> SeriesPanel:
    """Return the panel of all series of one indicator: of a mean, where `total_squares` is known, else of a share.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`; of a mean, the numerator is a total in units of the
        quantity, and `total_squares` the sum of the squared amounts.
    indicator : str
        Code of the indicator.

    Raises
    ------
    ValueError
        The indicator has no rows.
    """
    rows = indicators[indicators["indicator"] == indicator]
    if "total_squares" in rows and rows["total_squares"].notna().any():
        return mean_panel_from_totals(rows.rename(columns={"numerator": "total", "denominator": "cases"}))
    return panel_from_counts(rows[["series", "period", "numerator", "denominator"]])


def _bases(indicator: str) -> tuple[str, ...]:
    """Return the forecast shares that an indicator is made of: itself, except for the share of published procedures."""
    return (OF_ALL, PUBLISHED_OFFLINE) if indicator == OF_PUBLISHED else (indicator,)


def _panel(indicators: pd.DataFrame, base: str) -> SeriesPanel:
    if base != PUBLISHED_OFFLINE:
        return indicator_panel(indicators, base)
    keys = ["series", "period"]
    of_all = indicators[indicators["indicator"] == OF_ALL]
    published = indicators[indicators["indicator"] == OF_PUBLISHED]
    both = of_all.merge(published, on=keys, suffixes=("", "_published"), validate="1:1")
    return panel_from_counts(
        both[keys].assign(
            numerator=both["denominator_published"] - both["numerator_published"],
            denominator=both["denominator"] - both["numerator"],
        )
    )


def _reported_to_the_end(panel: SeriesPanel, series: str, origin: pd.Period) -> bool:
    """Return whether a series reported in the last period; a series that stopped reporting is not forecast."""
    return series in panel.series and panel.origin == origin and bool(panel.reported[panel.row(series), -1])


def _has(paths: Mapping[str, Paths], base: str, series: str) -> bool:
    return base in paths and series in paths[base].series


def _published_inside_draws(of_all: pd.DataFrame, offline: pd.DataFrame) -> pd.DataFrame:
    """Return draws of K / (K + M), with K online cases and M cases of published procedures among the N - K others.

    The paths of the second panel give the *share* M / (N - K); the volume is that of the first panel.
    """
    share = (offline["numerator"] / offline["denominator"]).where(offline["denominator"] > 0, 0.0)
    not_online = of_all["denominator"] - of_all["numerator"]
    published = of_all["numerator"] + (share * not_online).round().astype("int64")
    return of_all.assign(denominator=published)


def _stack(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)[columns]

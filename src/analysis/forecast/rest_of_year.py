"""The rest of the plan's year for each share a promise needs: one frame of joint draws over all indicators.

A share of cases of *published* procedures is not forecast by itself: its numerator is that of the share of all
cases, so it is formed inside each draw from the same paths, and "this or that" promises are judged jointly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.forecast.diagnostics import AUDIT_COLUMNS, COMPONENT_COLUMNS
from analysis.forecast.open_cases import with_stock_resolved
from analysis.forecast.panel import Panel, panel_from_counts
from analysis.forecast.paths import Paths, year_paths
from analysis.indicators.case_shares import OF_ALL, OF_PUBLISHED, OVERDUE, OVERDUE_RESOLVED
from analysis.periods import write

PUBLISHED_OFFLINE = "published_of_offline"
"""Of the cases not filed online, those of procedures published online: what ties the two online shares together."""

BREAK_VARIANCE = 0.5
"""Level variance (squared log-odds) a known change in counting adds in the period it arrives; forecast note 1.1."""

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
        `indicator, series, period, draw, numerator, denominator` (cases); a draw is one future across all rows
        that carry its number.
    components, diagnostics, weights : pd.DataFrame
        `indicator` and the columns of the same name in `paths.Paths`.
    short : tuple of (str, str)
        Wanted indicators and series without enough history to forecast.
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
    year_end: pd.Period,
    draw_count: int,
    seed: int,
    breaks: Mapping[str, Sequence[pd.Period]],
    tet_cutoff_day: int | None,
) -> Forecast:
    """Return the joint draws of every wanted share for the periods after the origin.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`; rows after the origin are not looked at. All series
        of an indicator are peers of the wanted one.
    wanted : sequence of (indicator, series)
        What the promises need.
    origin, year_end : pd.Period
        Last period known, last period of the plan's year.
    draw_count, seed : int
        Number of draws; same seed, same numbers.
    breaks : mapping of str to sequence of pd.Period
        Known changes in counting, by indicator.
    tet_cutoff_day : int or None
        The plan's cut-off day when its months feel Tết; None leaves Tết out.
    """
    known = indicators[indicators["period"] <= write(origin)]
    pairs = list(dict.fromkeys(wanted))
    paths = {}
    for base in dict.fromkeys(base for name, _ in pairs for base in _bases(name)) if origin != year_end else ():
        panel = _panel(known, base)
        asked = dict.fromkeys(series for name, series in pairs if base in _bases(name))
        headline = [series for series in asked if _reported_to_the_end(panel, series, origin)]
        if headline:
            found = year_paths(
                panel,
                year_end.year,
                headline,
                draw_count=draw_count,
                seed=seed,
                key=base,
                breaks=dict.fromkeys(breaks.get(base, ()), BREAK_VARIANCE),
                tet_cutoff_day=tet_cutoff_day,
            )
            if found is not None:
                paths[base] = found
    if OVERDUE in paths and ((known["indicator"] == OVERDUE_RESOLVED) & (known["period"] == write(origin))).any():
        # what is late on the desk today is resolved late in every draw
        stock = indicator_panel(known, OVERDUE_RESOLVED)
        paths[OVERDUE] = with_stock_resolved(paths[OVERDUE], stock, seed=seed, key=OVERDUE)
    ready = [(name, series) for name, series in pairs if all(_has(paths, base, series) for base in _bases(name))]
    short = [pair for pair in pairs if pair not in ready] if origin != year_end else []
    frames = {base: path.to_frame() for base, path in paths.items()}
    draws = []
    for name in dict.fromkeys(name for name, _ in ready):
        mine = [series for indicator, series in ready if indicator == name]
        pieces = [frames[base][frames[base]["series"].isin(mine)].reset_index(drop=True) for base in _bases(name)]
        joined = _published_inside_draws(*pieces) if name == OF_PUBLISHED else pieces[0]
        draws.append(joined.assign(indicator=name))
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


def indicator_panel(indicators: pd.DataFrame, indicator: str) -> Panel:
    """Return the panel of all series of one indicator.

    Raises
    ------
    ValueError
        The indicator has no rows.
    """
    rows = indicators[indicators["indicator"] == indicator]
    return panel_from_counts(rows[["series", "period", "numerator", "denominator"]])


def _bases(indicator: str) -> tuple[str, ...]:
    return (OF_ALL, PUBLISHED_OFFLINE) if indicator == OF_PUBLISHED else (indicator,)


def _panel(indicators: pd.DataFrame, base: str) -> Panel:
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


def _reported_to_the_end(panel: Panel, series: str, origin: pd.Period) -> bool:
    """Return whether a series reported in the last period: if not, its future is not ours to say."""
    return series in panel.series and panel.origin == origin and bool(panel.reported[panel.row(series), -1])


def _has(paths: Mapping[str, Paths], base: str, series: str) -> bool:
    return base in paths and series in paths[base].series


def _published_inside_draws(of_all: pd.DataFrame, offline: pd.DataFrame) -> pd.DataFrame:
    """Return K / (K + M): K online cases, M published cases among the N - K that are not, draw by draw.

    The paths of the second panel give the *share* M / (N - K); its own volume is set aside for the first panel's.
    """
    share = (offline["numerator"] / offline["denominator"]).where(offline["denominator"] > 0, 0.0)
    not_online = of_all["denominator"] - of_all["numerator"]
    published = of_all["numerator"] + (share * not_online).round().astype("int64")
    return of_all.assign(denominator=published)


def _stack(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)[columns]

"""Forecast the rest of the plan's year for every indicator a promise needs, as joint draws over all of them.

A share nested in another is not forecast by itself: its numerator is that of the other share, so it is formed inside
each draw from the same paths, and promises that combine both are judged jointly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from analysis.forecast.breaks import BREAK_VARIANCE
from analysis.forecast.diagnostics import AUDIT_COLUMNS, COMPONENT_COLUMNS
from analysis.forecast.futures import PanelFit
from analysis.forecast.open_cases import with_stock_resolved
from analysis.forecast.origin_state import fit_year
from analysis.forecast.panel import SeriesPanel, mean_panel_from_totals, panel_from_counts
from analysis.forecast.paths import BREAK_COLUMNS, Paths, year_paths
from analysis.indicators.measured import STOCK
from analysis.periods import write
from analysis.plan.indicators import Indicator, Share

PEERS = ("agency", "field")
"""Dimensions whose codes inform each other: the whole, groups and series of others are forecast with what these say.
The whole holds every case of theirs once more, and would teach them their own errors again."""

Wanted = tuple[str, str, str]
"""Indicator, dimension and series."""

DIAGNOSTIC_COLUMNS = [
    "indicator", "n", "lags", "ljung_box_p", "mean_abs_standardised_error", *AUDIT_COLUMNS, "history",
]  # fmt: skip
WEIGHT_COLUMNS = ["indicator", "dimension", "series", "member", "weight"]
DRAW_COLUMNS = ["indicator", "dimension", "series", "period", "draw", "numerator", "denominator"]


@dataclass(frozen=True, eq=False)
class Forecast:
    """Joint draws of the periods between an origin and the end of the plan's year.

    Attributes
    ----------
    draws : pd.DataFrame
        `indicator, dimension, series, period, draw, numerator, denominator` (cases; of a mean, the numerator is the
        total); all rows with the same `draw` belong to one possible future.
    components, diagnostics, weights : pd.DataFrame
        `indicator`, `dimension` and the columns of the attribute of the same name of `paths.Paths`.
    breaks : pd.DataFrame
        `indicator` and the columns of `paths.Paths.breaks`.
    short : tuple of (str, str, str)
        Wanted indicators, dimensions and series that cannot be forecast: the history is too short, or the last period
        was not reported.
    """

    draws: pd.DataFrame
    components: pd.DataFrame
    diagnostics: pd.DataFrame
    weights: pd.DataFrame
    breaks: pd.DataFrame
    short: tuple[Wanted, ...]


@dataclass
class PathMemory:
    """Paths already drawn, by everything they depend on: an answer to a question re-forecasts only what it changes."""

    drawn: dict[str, Paths | None] = field(default_factory=dict)

    def paths(self, panel: SeriesPanel, year: int, headline: Sequence[str], **how: object) -> Paths | None:
        """Return `paths.year_paths`, computed once; paths with diagnostics serve where none are asked for.

        Parameters
        ----------
        panel, year, headline, **how
            As for `paths.year_paths`.
        """
        digest = hashlib.sha256(repr((panel.series, str(panel.periods), year, tuple(headline))).encode())
        digest.update(repr(sorted((name, str(value)) for name, value in how.items() if name != "diagnose")).encode())
        for counts in (panel.numerator, panel.denominator, getattr(panel, "total_squares", panel.denominator)):
            digest.update(counts.tobytes())
        key = digest.hexdigest()
        if key not in self.drawn:
            self.drawn[key] = year_paths(panel, year, headline, **how)  # type: ignore[arg-type]
        return self.drawn[key]


def rest_of_year(
    indicators: pd.DataFrame,
    wanted: Sequence[Wanted],
    definitions: Mapping[str, Indicator],
    *,
    groups: Collection[tuple[str, str]],
    origin: pd.Period,
    last_period: pd.Period,
    draw_count: int,
    seed: int,
    breaks: Mapping[str, Sequence[pd.Period]],
    tet_cutoff_day: int | None,
    diagnose: bool = True,
    memory: PathMemory | None = None,
) -> Forecast:
    """Return the joint draws of every wanted series for the periods after the origin.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, dimension, series, period, numerator, denominator`; rows after the origin are ignored. All series of
        an indicator whose dimension is in `PEERS`, but for groups, inform the forecast of the wanted ones.
    wanted : sequence of (indicator, dimension, series)
        What the promises need.
    definitions : mapping
        Indicator → its declaration.
    groups : collection of (str, str)
        Dimension and code of the series that are groups.
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
    memory : PathMemory, optional
        Paths drawn before for the same run.
    """
    memory = memory or PathMemory()
    known = indicators[indicators["period"] <= write(origin)]
    pairs = list(dict.fromkeys(wanted))
    paths: dict[str, Paths] = {}
    labels: dict[str, pd.DataFrame] = {}
    bases = dict.fromkeys(base for name, *_ in pairs for base in bases_of(name, definitions))
    for base in bases if origin != last_period else ():
        inputs = panel_inputs(known, base, definitions, groups)
        if inputs is None:
            continue
        panel, labels[base], peers = inputs.panel, inputs.labels, inputs.peers
        asked = [inputs.label(one[1], one[2]) for one in pairs if base in bases_of(one[0], definitions)]
        headline = [one for one in dict.fromkeys(asked) if one and _reported_to_the_end(panel, one, origin)]
        if not headline:
            continue
        drawn = memory.paths(
            panel,
            last_period.year,
            headline,
            draw_count=draw_count,
            seed=seed,
            key=base,
            breaks=break_variances(breaks, base),
            tet_cutoff_day=tet_cutoff_day,
            diagnose=diagnose,
            peers=peers,
        )
        if drawn is None:
            continue
        stock = known[known["indicator"] == f"{base}{STOCK}"]
        if (stock["period"] == write(origin)).any():
            # a case that is late on the desk at the origin can only be resolved late
            drawn = with_stock_resolved(drawn, _panel(_labelled(stock)), seed=seed, key=base, peers=peers)
        paths[base] = drawn
    frames = {base: _with_series(path.to_frame(), labels[base]) for base, path in paths.items()}
    had = {base: set(zip(frame["dimension"], frame["series"], strict=True)) for base, frame in frames.items()}
    ready = [one for one in pairs if all(one[1:] in had.get(base, ()) for base in bases_of(one[0], definitions))]
    short = [one for one in pairs if one not in ready] if origin != last_period else []
    draws = []
    for name in dict.fromkeys(name for name, *_ in ready):
        mine = pd.MultiIndex.from_tuples([one[1:] for one in ready if one[0] == name])
        pieces = [_of(frames[base], mine) for base in bases_of(name, definitions)]
        joint = _nested_inside_draws(*pieces) if len(pieces) == 2 else pieces[0]
        draws.append(joint.assign(indicator=name))
    return Forecast(
        draws=_stack(draws, DRAW_COLUMNS),
        components=_stack(
            [_with_series(path.components, labels[base]).assign(indicator=base) for base, path in paths.items()],
            ["indicator", "dimension", *COMPONENT_COLUMNS],
        ),
        diagnostics=_stack(
            [_with_series(path.diagnostics, labels[base]).assign(indicator=base) for base, path in paths.items()],
            ["indicator", "dimension", *DIAGNOSTIC_COLUMNS[1:]],
        ),
        weights=_stack(
            [_with_series(path.weights, labels[base]).assign(indicator=base) for base, path in paths.items()],
            WEIGHT_COLUMNS,
        ),
        breaks=_stack(
            [path.breaks.assign(indicator=base) for base, path in paths.items()], ["indicator", *BREAK_COLUMNS]
        ),
        short=tuple(short),
    )


@dataclass(frozen=True, eq=False)
class PanelInputs:
    """What the forecast of one indicator is made from.

    Attributes
    ----------
    panel : SeriesPanel
        All its series.
    labels : pd.DataFrame
        `dimension, series` of each series, by its name in the panel.
    peers : tuple of str or None
        Names of the series that inform each other; None where all do.
    """

    panel: SeriesPanel
    labels: pd.DataFrame
    peers: tuple[str, ...] | None

    def label(self, dimension: str, series: str) -> str | None:
        """Return the name of a series in the panel, None where it has no such series.

        Parameters
        ----------
        dimension, series : str
            Its dimension and code.
        """
        mine = (self.labels["dimension"] == dimension) & (self.labels["series"] == series)
        return str(self.labels.index[mine][0]) if mine.any() else None


def panel_inputs(
    known: pd.DataFrame, base: str, definitions: Mapping[str, Indicator], groups: Collection[tuple[str, str]]
) -> PanelInputs | None:
    """Return what the forecast of one indicator is made from, None without any counts.

    Parameters
    ----------
    known : pd.DataFrame
        `indicator, dimension, series, period, numerator, denominator` up to the origin.
    base : str
        The indicator; not one that is nested in another, see `bases_of`.
    definitions : mapping
        Indicator → its declaration.
    groups : collection of (str, str)
        Dimension and code of the series that are groups.
    """
    labelled = _labelled(_counts(known, base, definitions))
    if labelled.empty:
        return None
    labels = labelled.drop_duplicates("label").set_index("label")[["dimension", "series"]]
    return PanelInputs(_panel(labelled), labels, _peers(labelled, groups))


def fit_of_record(
    indicators: pd.DataFrame,
    base: str,
    definitions: Mapping[str, Indicator],
    *,
    groups: Collection[tuple[str, str]],
    origin: pd.Period,
    last_period: pd.Period,
    breaks: Mapping[str, Sequence[pd.Period]],
    tet_cutoff_day: int | None,
) -> tuple[PanelInputs, PanelFit] | None:
    """Return the panel of one indicator and its fit at the origin, as the draws of `rest_of_year` come from it.

    Parameters
    ----------
    indicators : pd.DataFrame
        As for `rest_of_year`.
    base : str
        The indicator; not one that is nested in another, see `bases_of`.
    definitions, groups, origin, last_period, breaks, tet_cutoff_day
        As for `rest_of_year`. At the end of the plan's year, where nothing is drawn, the fit is that of the year after.

    Returns
    -------
    tuple or None
        None without any counts, or where no series can be forecast.
    """
    inputs = panel_inputs(indicators[indicators["period"] <= write(origin)], base, definitions, groups)
    if inputs is None:
        return None
    fit = fit_year(
        inputs.panel.until(origin),
        last_period.year + (origin == last_period),
        breaks=break_variances(breaks, base),
        tet_cutoff_day=tet_cutoff_day,
        peers=inputs.peers,
    )
    return None if fit is None else (inputs, fit)


def break_variances(breaks: Mapping[str, Sequence[pd.Period]], base: str) -> dict[pd.Period, float]:
    """Return the level variance that each known change in counting of an indicator adds, by its period.

    Parameters
    ----------
    breaks : mapping of str to sequence of pd.Period
        Periods of known changes in counting, by indicator.
    base : str
        The indicator.
    """
    return dict.fromkeys(breaks.get(base, ()), BREAK_VARIANCE)


def indicator_panel(indicators: pd.DataFrame, indicator: str) -> SeriesPanel:
    """Return the panel of all series of one indicator; see `series_labels` for their names.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, dimension, series, period, numerator, denominator`.
    indicator : str
        Code of the indicator.

    Raises
    ------
    ValueError
        The indicator has no rows.
    """
    return _panel(_labelled(indicators[indicators["indicator"] == indicator]))


def series_labels(rows: pd.DataFrame) -> pd.Series:
    """Return what a panel calls the series of each row: the bare code, with its dimension where two share the code.

    Random streams are keyed by these names, and panels are in their order.

    Parameters
    ----------
    rows : pd.DataFrame
        `dimension, series` of one indicator.
    """
    shared = rows.groupby("series")["dimension"].transform("nunique") > 1
    return rows["series"].where(~shared, rows["dimension"] + ":" + rows["series"])


def peers_of(rows: pd.DataFrame, groups: Collection[tuple[str, str]]) -> tuple[str, ...] | None:
    """Return the names, in the panel of one indicator, of the series that inform each other; None where all do.

    Parameters
    ----------
    rows : pd.DataFrame
        `dimension, series` of the indicator.
    groups : collection of (str, str)
        Dimension and code of the series that are groups.
    """
    return _peers(_labelled(rows), groups)


def bases_of(indicator: str, definitions: Mapping[str, Indicator]) -> tuple[str, ...]:
    """Return the indicators that are forecast for one: itself, or for a nested share its parent and the rest.

    Parameters
    ----------
    indicator : str
        The indicator.
    definitions : mapping
        Indicator → its declaration.
    """
    one = definitions[indicator]
    return (one.nested_in, one.rest) if isinstance(one, Share) and one.nested_in and one.rest else (indicator,)


def _counts(indicators: pd.DataFrame, base: str, definitions: Mapping[str, Indicator]) -> pd.DataFrame:
    """Return the counts a base is forecast from; for the rest of a nested share, where that share is known."""
    for name, one in definitions.items():
        if isinstance(one, Share) and one.rest == base:
            return _rest_of(indicators, one.nested_in or "", name)
    return indicators[indicators["indicator"] == base]


def _rest_of(indicators: pd.DataFrame, parent: str, nested: str) -> pd.DataFrame:
    keys = ["dimension", "series", "period"]
    of_all = indicators[indicators["indicator"] == parent]
    inside = indicators[indicators["indicator"] == nested]
    both = of_all.merge(inside, on=keys, suffixes=("", "_nested"), validate="1:1")
    return both[keys].assign(
        numerator=both["denominator_nested"] - both["numerator_nested"],
        denominator=both["denominator"] - both["numerator"],
    )


def _labelled(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(label=series_labels(rows))


def _panel(labelled: pd.DataFrame) -> SeriesPanel:
    """Return the panel of rows with their names: of a mean where totals are known, else of a share."""
    if "total" in labelled and labelled["total"].notna().any():
        columns = {"label": "series", "denominator": "cases"}
        rows = labelled[["label", "period", "total", "total_squares", "denominator"]].rename(columns=columns)
        return mean_panel_from_totals(rows)
    rows = labelled[["label", "period", "numerator", "denominator"]].rename(columns={"label": "series"})
    return panel_from_counts(rows)


def peer_series(indicators: pd.DataFrame, groups: Collection[tuple[str, str]]) -> pd.DataFrame:
    """Return the rows of the series that inform each other: of the agencies and the fields.

    Parameters
    ----------
    indicators : pd.DataFrame
        With `dimension, series`.
    groups : collection of (str, str)
        Dimension and code of the series that are groups.
    """
    is_peer = indicators["dimension"].isin(PEERS)
    if groups:
        is_peer &= ~pd.MultiIndex.from_frame(indicators[["dimension", "series"]]).isin(list(groups))
    return indicators[is_peer]


def _peers(labelled: pd.DataFrame, groups: Collection[tuple[str, str]]) -> tuple[str, ...] | None:
    """Return the peers of a panel, None where all its series are: numbers are then those of a panel without names."""
    peers = peer_series(labelled, groups)
    return None if len(peers) == len(labelled) else tuple(sorted(peers["label"].unique()))


def _with_series(frame: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with the dimension and code of each series instead of its name in the panel."""
    named = labels.reindex(frame["series"])
    return frame.assign(dimension=named["dimension"].to_numpy(), series=named["series"].to_numpy())


def _of(frame: pd.DataFrame, wanted: pd.MultiIndex) -> pd.DataFrame:
    mine = pd.MultiIndex.from_frame(frame[["dimension", "series"]]).isin(wanted)
    return frame[mine].reset_index(drop=True)


def _reported_to_the_end(panel: SeriesPanel, series: str, origin: pd.Period) -> bool:
    """Return whether a series reported in the last period; a series that stopped reporting is not forecast."""
    return series in panel.series and panel.origin == origin and bool(panel.reported[panel.row(series), -1])


def _nested_inside_draws(of_all: pd.DataFrame, rest: pd.DataFrame) -> pd.DataFrame:
    """Return draws of K / (K + M), with K cases of the parent's numerator and M of the rest's among the N - K others.

    The paths of the second panel give the *share* M / (N - K); the volume is that of the first panel.
    """
    share = (rest["numerator"] / rest["denominator"]).where(rest["denominator"] > 0, 0.0)
    others = of_all["denominator"] - of_all["numerator"]
    nested = of_all["numerator"] + (share * others).round().astype("int64")
    return of_all.assign(denominator=nested)


def _stack(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)[columns]

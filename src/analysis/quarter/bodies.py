"""How each body stands in what promises count: its share, its rank, what it holds of the gap, its cases a week."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.ranking import ranked
from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.plan.indicators import Mean
from analysis.plan.plan import Plan
from analysis.plan.promises import Part
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.quarter.series import nearest
from analysis.rules import meets

COLUMNS = [
    "target", "part", "indicator", "dimension", "series", "is_group", "rule", "line", "numerator", "denominator",
    "value", "hidden", "lower", "upper", "best_rank", "worst_rank", "bodies", "short", "of_gap",
    "cases_per_week", "now_per_week", "quarter_numerator", "quarter_denominator", "quarter_value", "quarter_hidden",
    "quarter_lower", "quarter_upper", "is_beyond",
]  # fmt: skip

_OF_YEAR = [
    "series", "rule", "line", "numerator", "denominator", "value", "hidden", "lower", "upper", "best_rank",
    "worst_rank",
]  # fmt: skip

_COUNTS = ["numerator", "denominator", "total", "total_squares"]


def dimension_of(results: Results, body: str) -> str:
    """Return the dimension that a body or block is a member or group of: that of the bodies, else the first that is.

    Parameters
    ----------
    results : Results
        The results.
    body : str
        Its code.

    Raises
    ------
    BadParameters
        No indicator has a series of it.
    """
    rows = results.indicators.series
    found = rows.loc[rows["series"] == body, "dimension"].unique().tolist()
    if body == TOTAL or not found:
        known = rows.loc[rows["dimension"] == "agency", "series"].unique()
        raise BadParameters(f"body: nothing is counted of {body!r}{nearest(body, known)}")
    return "agency" if "agency" in found else str(found[0])


def bodies_of(results: Results, each: str) -> list[str]:
    """Return the codes of the bodies of a dimension, or of a block of it, that promises count cases of this year.

    Parameters
    ----------
    results : Results
        The results.
    each : str
        The dimension, such as ``agency``, or a group of one.

    Raises
    ------
    BadParameters
        No promise is counted by such a dimension, and no group is called so.
    """
    plan, rows = results.plan, results.indicators.series
    blocks = {code: dimension for dimension, code in plan.group_series}
    dimensions = [name for name in rows["dimension"].unique() if name != TOTAL]
    if each not in (*dimensions, *blocks):
        raise BadParameters(f"each: no dimension or group {each!r}{nearest(each, [*dimensions, *blocks])}")
    dimension = each if each in dimensions else blocks[each]
    promised = {name for promise in plan.measured for name in promise.indicators}
    year = [label for label in rows["period"].unique() if label.startswith(str(plan.year))]
    mine = rows[rows["indicator"].isin(promised) & rows["period"].isin(year) & (rows["dimension"] == dimension)]
    codes = mine.loc[mine["denominator"] > 0, "series"].unique().tolist()
    within = plan.members(dimension, each) if each in blocks and each not in dimensions else codes
    return sorted(code for code in codes if code in within and code not in plan.groups.get(dimension, {}))


def standing_of_bodies(results: Results, run: RunParameters, dimension: str = "agency") -> pd.DataFrame:
    """Return how each body of a dimension stands in each promise on a share or a mean that its cases count for.

    Cells that a publication hides are missing, and nothing is worked out from them, so that all of it can be published.

    Parameters
    ----------
    results : Results
        The results.
    run : RunParameters
        The run.
    dimension : str
        The dimension.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`: a row per promise, indicator and body, the surely worst first, groups of bodies last.
        `part` is the part that its cases count for and `line` what is promised of it. `numerator, denominator, value`
        (0–1, or the mean's unit) of the year so far and, with `quarter_`, of the quarter; each with 95 % limits,
        `is_beyond` where those of the quarter are wholly on the wrong side of the line. `best_rank, worst_rank` is
        the 95 % interval of its rank among so many `bodies`, 1 is the best. `short` are the cases it would take to
        bring its share of the year so far to the line, `of_gap` its part (0–1) of all bodies' together;
        `cases_per_week` what it must deliver a week until the end of the year to be at the line (of an `at_most`
        promise: at most that many), should it bring the part of all cases it brings now, and `now_per_week` what it
        delivered in the quarter.
    """
    # A copy, because a notebook may change what it is given.
    return _standing_of_bodies(results, run.quarter_period, run.seed, dimension).copy()


@lru_cache(maxsize=2)  # a page asks first, then the cells for analysts beneath it
def _standing_of_bodies(results: Results, quarter: pd.Period, seed: int, dimension: str) -> pd.DataFrame:
    plan = results.plan
    origin = plan.origin(quarter)
    year = _counts(results, dimension, periods.labels_of_year(origin), str(origin.year))
    labels = periods.labels_of(quarter, plan.calendar.frequency)
    recent = _counts(results, dimension, labels, periods.write(quarter))
    found = []
    for target, indicator, parts in _counted(plan):
        if indicator not in year:
            continue
        rows = _standing(results, quarter, target, parts, dimension, year[indicator], recent.get(indicator))
        if len(rows):
            higher_is_better = parts[0][0].rule != "at_most"
            found.append(_with_gap(plan, dimension, _with_limits(rows, higher_is_better, seed)))
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
    return rows.reindex(columns=COLUMNS)


def year_of_bodies(results: Results, run: RunParameters, indicator: str, dimension: str = "agency") -> pd.DataFrame:
    """Return how each body of a dimension stands in an indicator in the year so far, whatever its cases count for.

    Parameters
    ----------
    results : Results
        The results.
    run : RunParameters
        The run.
    indicator, dimension : str
        Their codes.

    Returns
    -------
    pd.DataFrame
        `series, rule, line, numerator, denominator, value, hidden, lower, upper, best_rank, worst_rank`, as in
        `standing_of_bodies`; rule and line are those of `promised_of`. The surely worst body comes first, those that a
        publication hides come last.
    """
    plan, origin = results.plan, results.plan.origin(run.quarter_period)
    counts = _counts(results, dimension, periods.labels_of_year(origin), str(origin.year)).get(indicator)
    if counts is None:
        return pd.DataFrame(columns=_OF_YEAR)
    groups = plan.groups.get(dimension, {})
    rows = counts[~counts.index.isin(list(groups))].rename_axis("series").reset_index()
    promised = [promised_of(results, indicator, dimension, str(code)) for code in rows["series"]]
    rows = rows.assign(rule=[rule for rule, _ in promised], line=[line for _, line in promised])
    # Bodies of one indicator are asked the same way round.
    better = next(("lower" if rule == "at_most" else "higher" for rule, _ in promised if rule), None)
    higher_is_better = (better or plan.indicators[indicator].better) == "higher"
    is_shown = rows["denominator"].notna()
    shown = ranked(rows[is_shown], higher_is_better=higher_is_better, seed=run.seed)
    return pd.concat([shown, rows[~is_shown]], ignore_index=True).reindex(columns=_OF_YEAR)


def promised_of(results: Results, indicator: str, dimension: str, code: str) -> tuple[str, float]:
    """Return what is promised of a body in an indicator: rule and line of the first promise that its cases count for.

    Parameters
    ----------
    results : Results
        The results.
    indicator, dimension, code : str
        The indicator, and the body in its dimension.

    Returns
    -------
    (str, float)
        An empty rule and a missing line where its cases count for no promise.
    """
    for target, name, parts in _counted(results.plan):
        found = _part_of(results.plan, parts, dimension, code) if name == indicator else None
        if found is not None:
            return found[0].rule, float(results.promise(target, found[1])["threshold"])
    return "", np.nan


def are_beyond(rows: pd.DataFrame) -> np.ndarray:
    """Return which bodies surely miss their line: with the limit on the better side, too.

    Parameters
    ----------
    rows : pd.DataFrame
        `rule, line, value, lower, upper`; see `standing_of_bodies`. What has no line or no limits misses none.
    """
    beyond = []
    for rule, line, value, lower, upper in rows[["rule", "line", "value", "lower", "upper"]].itertuples(index=False):
        better = lower if rule == "at_most" else upper
        known = pd.notna(line) and pd.notna(better)
        # All of a hundred per cent is within no limit, so the value itself has to miss the line as well.
        beyond.append(bool(known and not meets(better, rule, line) and not meets(value, rule, line)))
    return np.array(beyond, dtype=bool)


def _counted(plan: Plan) -> Iterator[tuple[str, str, list[tuple[Part, str]]]]:
    """Return each promise with each of its indicators and the parts on it; of steps, the last alone."""
    for promise in plan.measured:
        judged = promise.judged[-1:] if promise.combine == "last" else promise.judged
        by_indicator: dict[str, list[tuple[Part, str]]] = {}
        for part, name in judged:
            by_indicator.setdefault(part.indicator, []).append((part, name))
        for indicator, parts in by_indicator.items():
            yield promise.id, indicator, parts


def _counts(results: Results, dimension: str, labels: list[str], period: str) -> dict[str, pd.DataFrame]:
    """Return by indicator the counts of each series over some periods, those that are hidden missing."""
    rows = results.indicators.series
    rows = rows[(rows["dimension"] == dimension) & rows["period"].isin(labels)]
    sums = rows.groupby(["indicator", "dimension", "series"])[_COUNTS].sum(min_count=1).astype("Float64")
    sums = sums[(sums["denominator"] > 0).fillna(False)].reset_index().assign(period=period)
    shown = results.published(sums).astype(dict.fromkeys(_COUNTS, float)).set_index("series")
    shown["value"] = shown["total"].fillna(shown["numerator"]) / shown["denominator"]
    return {str(name): mine for name, mine in shown.groupby("indicator")}


def _standing(
    results: Results,
    quarter: pd.Period,
    target: str,
    parts: list[tuple[Part, str]],
    dimension: str,
    year: pd.DataFrame,
    recent: pd.DataFrame | None,
) -> pd.DataFrame:
    plan, groups = results.plan, results.plan.groups.get(dimension, {})
    mine = {str(code): _part_of(plan, parts, dimension, str(code)) for code in year.index}
    counted = {code: found for code, found in mine.items() if found is not None}
    if not counted:
        return pd.DataFrame()
    named = {name: part for part, name in counted.values()}
    asked = {name: _asked(results, quarter, target, part, name) for name, part in named.items()}
    rows = year.loc[list(counted), [*_COUNTS, "value", "hidden"]].rename_axis("series").reset_index()
    of_part = pd.DataFrame([asked[name] for _, name in counted.values()])
    rows = pd.concat([of_part, rows], axis=1).assign(
        target=target, dimension=dimension, is_group=[code in groups for code in counted]
    )
    late = recent if recent is not None else year.iloc[:0]
    late = late.reindex(rows["series"])[[*_COUNTS, "value", "hidden"]].reset_index(drop=True)
    rows = rows.join(late.add_prefix("quarter_"))
    needed = rows["line"] * rows["denominator"] * (1 + rows["rest"]) - rows["numerator"]
    return rows.assign(
        now_per_week=rows["quarter_numerator"] / _weeks(plan, quarter),
        cases_per_week=needed / rows["weeks"],
    )


def _asked(results: Results, quarter: pd.Period, target: str, part: Part, name: str) -> dict[str, Any]:
    """Return what a part asks of each body that counts for it.

    `rest` are the cases still to come for each case so far, `weeks` those left; both missing where nothing can be
    asked a week: of a mean, of a window that is not the year, after the year.
    """
    plan, row = results.plan, results.promise(target, name)
    asked = {"part": name, "indicator": part.indicator, "rule": part.rule, "line": float(row["threshold"])}
    left = periods.weeks_left(quarter, plan.calendar.cutoff_day)
    if isinstance(plan.indicators.get(part.indicator), Mean) or part.window != "year" or left <= 0:
        return asked | {"rest": np.nan, "weeks": np.nan}
    rate = results.attainment.of("run_rate", target, name)
    # Without a forecast, as many as came so far.
    rest = rate["rest_cases"].iloc[0] / float(row["denominator"]) if len(rate) else left / (52 - left)
    return asked | {"rest": rest, "weeks": left}


def _weeks(plan: Plan, quarter: pd.Period) -> float:
    """Return the weeks of a quarter."""
    cutoff = plan.calendar.cutoff_day
    return (periods.last_day(quarter, cutoff) - periods.last_day(quarter - 1, cutoff)).days / 7


def _part_of(plan: Plan, parts: list[tuple[Part, str]], dimension: str, code: str) -> tuple[Part, str] | None:
    """Return the part that a body's cases count for: its own, its block's, the whole, or parts that ask all alike."""
    own = [one for one in parts if (one[0].dimension, one[0].series) == (dimension, code)]
    block = [one for one in parts if one[0].dimension == dimension and code in plan.members(*_series(one[0]))]
    whole = [one for one in parts if one[0].series == TOTAL]
    others = [one for one in parts if one[0].dimension not in (dimension, TOTAL)]
    alike = others if len({(part.rule, part.threshold) for part, _ in others if _is_plain(part)}) == 1 else []
    return next(iter([*own, *block, *whole, *alike]), None)


def _series(part: Part) -> tuple[str, str]:
    return part.dimension, part.series


def _is_plain(part: Part) -> bool:
    return isinstance(part.threshold, float | int)


def _with_limits(frame: pd.DataFrame, higher_is_better: bool, seed: int) -> pd.DataFrame:
    """Return the rows with limits and ranks, the surely worst body first, then what is hidden, then groups."""
    shown = frame[~frame["is_group"] & frame["denominator"].notna()]
    year = ranked(shown, higher_is_better=higher_is_better, seed=seed).assign(bodies=len(shown))
    mine = {f"quarter_{name}": name for name in _COUNTS}
    recent = frame.loc[~frame["is_group"] & frame["quarter_denominator"].notna(), ["series", *mine]].rename(
        columns=mine
    )
    limits = ranked(recent, higher_is_better=higher_is_better, seed=seed).set_index("series")
    rest = frame.drop(index=shown.index).sort_values("is_group", kind="stable")
    rows = pd.concat([year, rest], ignore_index=True)
    rows = rows.assign(**{f"quarter_{end}": rows["series"].map(limits[end]) for end in ("lower", "upper")})
    quarter = rows[["rule", "line"]].assign(**{name: rows[f"quarter_{name}"] for name in ("value", "lower", "upper")})
    return rows.assign(is_beyond=are_beyond(quarter))


def _with_gap(plan: Plan, dimension: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with what each body is short of the line, and its part of what all are that may be shown."""
    if rows["numerator"].isna().all():
        return rows.assign(short=np.nan, of_gap=np.nan)
    direction = np.where(rows["rule"] == "at_most", -1, 1)
    short = (direction * (rows["line"] - rows["value"])).clip(lower=0) * rows["denominator"]
    by_body = short[~rows["is_group"]].set_axis(rows.loc[~rows["is_group"], "series"])
    held = [
        by_body[by_body.index.isin(plan.members(dimension, code))].sum() if is_group else by_body[code]
        for code, is_group in zip(rows["series"], rows["is_group"], strict=True)
    ]
    together = by_body.sum()
    return rows.assign(short=short, of_gap=np.array(held) / together if together else np.nan)

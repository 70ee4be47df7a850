"""What the pages of promises show of one promise: its parts, the deciding one, what it would take, its baselines."""

from __future__ import annotations

import math
from html import escape

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.dated import HEADCOUNT
from analysis.attainment.without_history import without_history
from analysis.forecast.origin_state import MINIMUM_PERIODS
from analysis.plan.indicators import Mean
from analysis.plan.promises import ItemsPromise, Measured, Part, SurveyPromise
from analysis.quarter.results import Results
from analysis.report import numbers, what_it_takes
from analysis.report.html_table import great_table, verdict_mark, with_cards
from analysis.report.labels import ITEM_UNITS
from analysis.report.wording import Wording, _

SAFE = ("met", "very_likely")
"""Verdicts of promises for which nothing more needs to be done."""


def parts_of(target: Measured) -> list[tuple[Part, str]]:
    """Return the parts of a promise, each with its `part` in `Results.promises`: empty where it is the only one."""
    return list(target.judged)


def off_the_line(row: pd.Series) -> float:
    """Return how far beyond its line a year-end value is expected, relative to the line; negative where it keeps it.

    Unlike probabilities, which stop short of 0 and 1, distances tell any two parts apart.

    Parameters
    ----------
    row : pd.Series
        Row of `Results.promises`.
    """
    beyond = (row["expected"] - row["threshold"]) * (1 if row["rule"] == "at_most" else -1)
    return float(beyond / abs(row["threshold"]) if row["threshold"] else np.sign(beyond) * np.inf if beyond else 0.0)


def deciding_part(results: Results, target: Measured) -> tuple[Part, pd.Series] | None:
    """Return the part that decides and its row: the likeliest when any will do, the furthest off when all must hold.

    Furthest off is what is missed, then what is expected furthest beyond its line, then, where all are expected to
    keep it, the least likely. Of steps within the year the last decides.

    None where no part is estimated.

    Parameters
    ----------
    results : Results
        The results.
    target : Measured
        The promise.
    """
    rows = [(part, results.promise(target.id, name)) for part, name in parts_of(target)]
    estimated = [(part, row) for part, row in rows if row["note"] == ""]
    if not estimated:
        return None
    if target.combine == "last":
        return estimated[-1]
    return max(estimated, key=lambda pair: (_nearest if target.combine == "any_of" else _furthest)(pair[1]))


def _nearest(row: pd.Series) -> tuple[float, ...]:
    return float(row["probability"]), -off_the_line(row)


def _furthest(row: pd.Series) -> tuple[float, ...]:
    off = off_the_line(row)
    return float(row["verdict"] == "missed"), max(off, 0.0), -float(row["probability"]), off


def most_cases_off(results: Results, target: Measured) -> tuple[Part, int] | None:
    """Return the part with most cases beyond its line in the year so far, and how many: too many, or missing.

    None where no share is beyond its line.

    Parameters
    ----------
    results : Results
        The results.
    target : Measured
        The promise.
    """
    found = []
    for part, name in parts_of(target):
        row = results.promise(target.id, name)
        # Of a mean there is no number of cases that are too many.
        declared = results.plan.indicators.get(part.indicator)
        if row["note"] or isinstance(declared, Mean) or row[["numerator", "threshold"]].isna().any():
            continue
        beyond = row["numerator"] - row["threshold"] * row["denominator"]
        cases = math.ceil((beyond if part.rule == "at_most" else -beyond) - 1e-9)
        if cases > 0:
            found.append((part, cases))
    return max(found, key=lambda one: one[1], default=None)


def run_rate_of(results: Results, target: str, part: str) -> pd.Series | None:
    """Return what the rest of the year must deliver for a part, or None where nothing is left of the year.

    Parameters
    ----------
    results : Results
        The results.
    target, part : str
        The promise, and its part or the empty string.

    Returns
    -------
    pd.Series or None
        Row of `AttainmentTables.run_rate`.
    """
    mine = results.attainment.of("run_rate", target, part)
    return None if mine.empty else mine.iloc[0]


PARTS_SHOWN = 3
"""Parts of a promise that the page of promises shows at once, those that decide; the rest can be unfolded."""


def by_weight(results: Results, target: Measured) -> tuple[list[tuple[Part, str]], list[tuple[Part, str]]]:
    """Return the parts to show at once and those to fold away, each with its name in `Results.promises`.

    Shown are, in the plan's order, those that decide: the nearest where one is enough, the furthest off where all must
    hold (what cannot be estimated stands before what keeps its line), the last of steps. One is never folded alone.

    Parameters
    ----------
    results : Results
        The results.
    target : Measured
        The promise.
    """
    parts = parts_of(target)
    if len(parts) <= PARTS_SHOWN + 1:
        return parts, []

    def weight(at: int) -> tuple[float, ...]:
        row = results.promise(target.id, parts[at][1])
        if target.combine == "last":
            return (float(at),)
        if target.combine == "any_of":
            return (0.0,) if row["note"] else (1.0, *_nearest(row))
        if row["note"]:
            return (0.0, 0.0)  # after what is expected beyond its line, before what keeps it
        missed, beyond, *rest = _furthest(row)
        return missed, beyond if beyond else -1.0, *rest

    first = sorted(sorted(range(len(parts)), key=weight, reverse=True)[:PARTS_SHOWN])
    return [parts[at] for at in first], [part for at, part in enumerate(parts) if at not in first]


def parts_table(results: Results, words: Wording, target: Measured, parts: list[tuple[Part, str]], *, id: str) -> str:
    """Return parts of a promise as HTML: counts, forecast, probability and what the rest of the year must deliver.

    What each was promised has a column only where that is not the same for all parts; see `same_rule`.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : Measured
        The promise.
    parts : list of (Part, str)
        Those to show, each with its name in `Results.promises`.
    id : str
        Id of the HTML table.
    """
    rows = []
    for part, name in parts:
        row, how = results.promise(target.id, name), words.quantity(results.plan, part.indicator)
        mark = verdict_mark(row["verdict"], words)
        has_chance = pd.notna(row["probability"]) and row["verdict"] not in ("met", "missed")
        cells = {
            words.text("Part"): words.part(results.plan, part),
            words.text("Verdict"): f"{mark} {words.chance(row['probability'])}" if has_chance else mark,
            words.text("Promised"): words.rule(part.rule, row["threshold"], how),
            words.text("The year so far"): escape(
                words.share_so_far(row, words.unit(results.plan, part.indicator), how)
            ),
            words.text("Year-end forecast (80% prediction interval)"): words.outlook_cell(row, how)
            if row["note"] == ""
            else words.short_reason(row["note"]),
            words.text("What it would take"): _what_it_takes(results, words, part, row),
        }
        if same_rule(results, words, target):
            del cells[words.text("Promised")]
        rows.append(cells)
    return with_cards(great_table(pd.DataFrame(rows), words.text("Part"), id=id, caption=words.of(target.title)))


def _what_it_takes(results: Results, words: Wording, part: Part, row: pd.Series) -> str:
    rate = run_rate_of(results, row["target"], row["part"])
    if rate is None or row["verdict"] in ("met", "missed"):
        return numbers.MISSING
    return escape(what_it_takes.cell(words, results.plan, part.indicator, part.rule, rate))


def same_rule(results: Results, words: Wording, target: Measured) -> str:
    """Return what each part of a promise was promised, such as "2% at most"; empty where that differs.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : Measured
        The promise.
    """
    rules = {
        words.rule(
            part.rule, results.promise(target.id, name)["threshold"], words.quantity(results.plan, part.indicator)
        )
        for part, name in parts_of(target)
    }
    return rules.pop() if len(rules) == 1 else ""


def not_judged(results: Results, words: Wording, target: str) -> list[str]:
    """Return the sentences of how many of its cases a promise on members of a dimension does not judge.

    Empty where all of them are in a member, or the promise is on the whole or on one named member.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : str
        The promise.
    """
    rows = results.attainment.of("in_no_member", target)
    told = []
    for row in rows.itertuples():
        what = f"{words.indicator(results.plan, row.indicator)}: " if len(rows) > 1 else ""
        all_of_it = {
            "all": numbers.count(row.denominator, words.language),
            "unit": words.unit(results.plan, row.indicator),
        }
        if row.without_value:
            sentence = words.text(
                "{count} of the {all} {unit} counted have {lacking}: they are in no member that this promise judges.",
                count=numbers.count(row.without_value, words.language),
                lacking=words.lacking(row.dimension),
                **all_of_it,
            )
            told.append(f"{what}{sentence}")
        if row.in_no_member > row.without_value:
            sentence = words.text(
                "{count} of the {all} {unit} counted are of members that this promise does not judge ({dimension}).",
                count=numbers.count(row.in_no_member - row.without_value, words.language),
                dimension=words.dimension(row.dimension),
                **all_of_it,
            )
            told.append(f"{what}{sentence}")
            told += _abolished(results, words, row.indicator, row.dimension)
    return told


def _abolished(results: Results, words: Wording, indicator: str, dimension: str) -> list[str]:
    """Return the sentence of which bodies with cases in the year were abolished; empty where none was."""
    plan, cells = results.plan, results.indicators.cells
    year = cells[(cells["indicator"] == indicator) & cells["period"].isin(periods.labels_of_year(plan.last_period))]
    there = set(year[dimension].unique()) & plan.abolished(dimension) if dimension in year else set()
    if not there:
        return []
    days = {one.old: numbers.day(one.since, words.language) for one in plan.crosswalk[dimension]}
    bodies = ", ".join(f"{words.name(plan, dimension, code)} ({days[code]})" for code in sorted(there))
    return [
        words.text(
            "Abolished, with nobody to carry them on, and therefore on no list: {bodies}. Their cases stay in the "
            "total.",
            bodies=bodies,
        )
    ]


def with_no_history(results: Results, words: Wording, target: str) -> list[str]:
    """Return the sentences of which bodies that a promise is judged over have no history of their own.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : str
        The promise.
    """
    plan = results.plan
    rows = without_history(plan, target, results.indicators.series, results.attainment.promises)
    told, several = [], len(set(rows["indicator"])) > 1
    for (indicator, dimension, since, note), alike in rows.groupby(
        ["indicator", "dimension", "since", "note"], sort=False
    ):
        what = f"{words.indicator(plan, indicator)}: " if several else ""
        named = ", ".join(words.name(plan, dimension, code) for code in alike["series"])
        first = words.text(
            "No history of their own, with cases only from {period} on and nothing merged into them: {bodies}.",
            period=numbers.period(since, words.language),
            bodies=named,
        )
        if note == "not_enough_history":
            how = words.text(
                "They are not estimated before they have cases in {least} periods. Until then a promise that all must "
                "keep is not estimated, either, unless one has missed it.",
                least=MINIMUM_PERIODS[12 if plan.calendar.frequency == "M" else 4],
            )
        else:
            how = words.text(
                "They are judged by their own periods since then; what a forecast needs besides, such as the season, "
                "is learnt from the others."
            )
        told.append(f"{what}{first} {how}")
    return told


BASELINES_SHOWN = 3
"""Parts of a promise whose baselines are listed."""


def baselines(results: Results, words: Wording, target: Measured) -> pd.DataFrame:
    """Return the baselines of a promise as a table for the reader, raw and dressed with their own past errors.

    Empty where there is none.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : Measured
        The promise; of several parts those that decide are listed.
    """
    language, rows = words.language, []
    for part, name in by_weight(results, target)[0][:BASELINES_SHOWN]:
        how = words.quantity(results.plan, part.indicator)
        of_part = {words.text("Part"): words.part(results.plan, part)} if name else {}
        for one in results.attainment.of("baselines", target.id, name).to_dict(orient="records"):
            chosen = f" ({words.text('chosen: lowest past error')})" if one["chosen"] else ""
            rows.append(
                {
                    **of_part,
                    words.text("Simple forecast"): words.baseline(one["baseline"]) + chosen,
                    words.text("Year-end value"): how.write(one["point"]),
                    words.text("Taken at its word"): words.text("yes") if one["raw"] else words.text("no"),
                    words.text("With its past errors"): words.chance(one["dressed"]),
                    words.text("Past errors"): numbers.count(one["errors"], language),
                    words.text("Mean error"): f"{numbers.decimal(one['error'] * how.scale, language, digits=1)} "
                    f"{how.change_unit}",
                }
            )
    return pd.DataFrame(rows)


def simple_items_forecasts(results: Results, words: Wording, target: ItemsPromise) -> list[str]:
    """Return the sentence of what share of its items each simple forecast expects, and whether that is enough.

    Empty where the promise is decided or has no items.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : ItemsPromise
        The promise.
    """
    found = results.attainment.of("baselines", target.id)
    said = [
        words.text(
            "{baseline}: {share}, kept" if row["raw"] else "{baseline}: {share}, not kept",
            baseline=words.baseline(row["baseline"]),
            share=numbers.percent(row["point"], words.language),
        )
        for row in found.to_dict(orient="records")
    ]
    return (
        [words.text("Simple forecasts of what is done at the end of the year. {said}.", said="; ".join(said))]
        if said
        else []
    )


OPEN_ITEMS_SHOWN = 15
"""Open items listed on the page, the longest overdue first; all of them are in the file beside it."""


def item_unit(target: ItemsPromise, words: Wording) -> str:
    """Return what the items of a promise are called: by the plan, else items or milestones.

    Parameters
    ----------
    target : ItemsPromise
        The promise.
    words : Wording
        The reader's language.
    """
    return words.of(target.unit) if target.unit else words.text(ITEM_UNITS[target.kind])


def items_so_far(target: ItemsPromise, row: pd.Series, words: Wording) -> str:
    """Return how many items are done, or how far a headcount is from its path, with the number promised.

    Parameters
    ----------
    target : ItemsPromise
        A promise on a list of items.
    row : pd.Series
        Its row of `Results.promises`, or that of one of its parts.
    words : Wording
        The reader's language.
    """
    if pd.isna(row["numerator"]) or pd.isna(row["denominator"]):
        return numbers.MISSING
    if row["indicator"] == HEADCOUNT:
        return _headcount_so_far(int(row["numerator"] - row["denominator"]), row, words)
    return words.share_so_far(row, item_unit(target, words))


def _headcount_so_far(gap: int, row: pd.Series, words: Wording) -> str:
    """Return how many persons there were over the path when they were last counted, and how many may be at the end."""
    counts = {
        "n": numbers.count(abs(gap), words.language),
        "allowed": numbers.count(row["denominator"], words.language),
        "unit": words.text(ITEM_UNITS[HEADCOUNT]),
    }
    if gap == 0:
        return words.text("on the path, {allowed} {unit} allowed at the end of the year", **counts)
    if gap < 0:
        return words.text("under the path by {n}, {allowed} {unit} allowed at the end of the year", **counts)
    return words.text("over the path by {n}, {allowed} {unit} allowed at the end of the year", **counts)


NONE_LATE, ONE_LATE, SEVERAL_LATE = (
    _(
        "{needed} more of the {unit} by the end of the year, {per_month} a month (last six months: "
        "{recent}); none is overdue."
    ),
    _(
        "{needed} more of the {unit} by the end of the year, {per_month} a month (last six months: "
        "{recent}); {late} is overdue."
    ),
    _(
        "{needed} more of the {unit} by the end of the year, {per_month} a month (last six months: "
        "{recent}); {late} are overdue."
    ),
)
"""What it takes, with how many items are overdue."""


def items_needed(results: Results, words: Wording, target: ItemsPromise) -> list[str]:
    """Return the sentence of how many items a month are needed, beside the pace of the last six months.

    Empty where the pace is not known or nothing more needs to be done.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : ItemsPromise
        The promise.
    """
    paces = results.attainment.of("items_pace", target.id)
    if paces.empty or results.promise(target.id)["verdict"] in SAFE:
        return []
    pace = paces.iloc[0]
    language = words.language
    return [
        words.text(
            (NONE_LATE, ONE_LATE, SEVERAL_LATE)[min(int(pace["items_late"]), 2)],
            unit=item_unit(target, words),
            needed=numbers.count(pace["items_needed"], language),
            per_month=numbers.decimal(pace["needed_per_month"], language, digits=1),
            recent=numbers.decimal(pace["recent_per_month"], language, digits=1),
            late=numbers.count(pace["items_late"], language),
        )
    ]


def items_needed_cell(results: Results, words: Wording, target: ItemsPromise) -> str:
    """Return how many items are needed for a cell of a table: "61 more of the items, 21.8 a month (lately 23.0)".

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : ItemsPromise
        The promise.
    """
    paces = results.attainment.of("items_pace", target.id)
    if paces.empty:
        return numbers.MISSING
    pace, language = paces.iloc[0], words.language
    return words.text(
        "{needed} more of the {unit}, {per_month} a month (lately {recent})",
        needed=numbers.count(pace["items_needed"], language),
        unit=item_unit(target, words),
        per_month=numbers.decimal(pace["needed_per_month"], language, digits=1),
        recent=numbers.decimal(pace["recent_per_month"], language, digits=1),
    )


def items_lacking(results: Results, words: Wording, target: ItemsPromise) -> str:
    """Return how many items are needed and how many are overdue: "19 more of the bodies, 19 overdue".

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : ItemsPromise
        The promise, whose pace is known.
    """
    pace = results.attainment.of("items_pace", target.id).iloc[0]
    values = {"needed": numbers.count(pace["items_needed"], words.language), "unit": item_unit(target, words)}
    if not pace["items_late"]:
        return words.text("{needed} more of the {unit}", **values)
    late = numbers.count(pace["items_late"], words.language)
    return words.text("{needed} more of the {unit}, {late} overdue", late=late, **values)


def open_items(results: Results, words: Wording, target: ItemsPromise) -> pd.DataFrame:
    """Return the items that are not done, as a table for the reader, the longest overdue first.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : ItemsPromise
        The promise.
    """
    language = words.language
    mine = results.attainment.of("items_missing", target.id).head(OPEN_ITEMS_SHOWN)
    return pd.DataFrame(
        {
            words.text("Item"): [words.name(results.plan, "item", item) for item in mine["item"]],
            words.text("Planned for"): [numbers.day(day.date(), language) for day in mine["planned_on"]],
            words.text("Days overdue"): [
                numbers.MISSING if pd.isna(days) else numbers.count(days, language) for days in mine["days_late"]
            ],
            words.text("Done by the end of the year"): [words.chance(chance) for chance in mine["chance"]],
        }
    )


def proxy_share_so_far(results: Results, target: SurveyPromise) -> pd.Series | None:
    """Return the share of the year so far of the ratings that stand in for a missing survey.

    Parameters
    ----------
    results : Results
        The results.
    target : SurveyPromise
        The promise.

    Returns
    -------
    pd.Series or None
        `numerator, denominator` (ratings) and `observed_to_date` (share 0–1); None without a proxy or without ratings.
    """
    if not target.proxy:
        return None
    quarter = periods.parse_quarter(results.promise(target.id)["quarter"])
    shares = results.series(target.proxy)
    year = shares[shares["period"].isin(periods.labels_of_year(results.plan.origin(quarter)))]
    if year.empty:
        return None
    row = year[["numerator", "denominator"]].sum().astype(float)
    row["observed_to_date"] = row["numerator"] / row["denominator"]
    return row

"""Which part of a promise decides, and what the rest of the year must deliver for it."""

from __future__ import annotations

from html import escape

import pandas as pd

from analysis import periods
from analysis.promises import TOTAL, ItemsTarget, Part, ShareTarget, SurveyTarget
from analysis.report import numbers
from analysis.report.html_table import great_table, verdict_mark
from analysis.report.labels import ITEM_UNITS
from analysis.report.wording import Wording
from analysis.results import Results

SAFE = ("met", "very_likely")
"""Verdicts for which nothing more need be done."""


def parts_of(target: ShareTarget) -> list[tuple[Part, str]]:
    """Return the parts of a promise, each with what it is called in the table of promises."""
    return [(part, part.id if target.combine else "") for part in target.parts]


def decisive_part(results: Results, target: ShareTarget) -> tuple[Part, pd.Series] | None:
    """Return the part that decides and its row: the likeliest when any will do, the least likely when all must hold.

    None where no part is estimated.
    """
    rows = [(part, results.promise(target.id, name)) for part, name in parts_of(target)]
    estimated = [(part, row) for part, row in rows if row["note"] == ""]
    if not estimated:
        return None
    pick = max if target.combine == "any_of" else min
    return pick(estimated, key=lambda pair: float(pair[1]["probability"]))  # of equals the one the plan has first


def rate_of(results: Results, target: str, part: str) -> pd.Series | None:
    """Return what the rest of the year must deliver for a part, or None when nothing is left of it."""
    rates = results.run_rate
    mine = rates[(rates["target"] == target) & (rates["part"] == part)]
    return None if mine.empty else mine.iloc[0]


def proxy_standing(results: Results, target: SurveyTarget) -> pd.Series | None:
    """Return the year so far of the ratings shown where no survey judges: `numerator, denominator, observed_to_date`.

    None without a proxy or without ratings.
    """
    if not target.proxy:
        return None
    quarter = periods.parse_quarter(results.promise(target.id)["quarter"])
    shares = results.series(target.proxy, TOTAL)
    year = shares[shares["period"].isin(periods.labels_of_year(results.plan.origin(quarter)))]
    if year.empty:
        return None
    row = year[["numerator", "denominator"]].sum().astype(float)
    row["observed_to_date"] = row["numerator"] / row["denominator"]
    return row


def before(results: Results, target: str, part: str = "") -> pd.Series:
    """Return the row of a promise as it stood one quarter earlier."""
    mine = (results.previous["target"] == target) & (results.previous["part"] == part)
    return results.previous[mine].iloc[0]


MISSING_SHOWN = 15
"""Open items listed on the page, the longest overdue first; all of them are in the file beside it."""


def standing(row: pd.Series, words: Wording) -> str:
    """Return where a promise on items or persons stands, with its counts."""
    if pd.isna(row["numerator"]) or pd.isna(row["denominator"]):
        return numbers.MISSING
    unit = words.text(ITEM_UNITS[row["indicator"]])
    counts = {
        "numerator": numbers.count(row["numerator"], words.language),
        "denominator": numbers.count(row["denominator"], words.language),
        "unit": unit,
    }
    if row["indicator"] == "headcount":
        return words.text("{numerator} {unit}, {denominator} allowed at the end of the year", **counts)
    return words.standing(row, unit)


def what_it_takes(results: Results, words: Wording, target: ItemsTarget) -> list[str]:
    """Return the sentence of how many items a month must come, beside the pace of the last half year."""
    paces = results.items_pace[results.items_pace["target"] == target.id]
    if paces.empty or results.promise(target.id)["verdict"] in ("met", "very_likely"):
        return []
    pace = paces.iloc[0]
    language = words.language
    return [
        words.text(
            "{promise}: {needed} more {unit} by the end of the year, {per_month} a month (last six months: {recent}); "
            "{late} are overdue.",
            promise=words.of(target.name),
            unit=words.text(ITEM_UNITS[target.kind]),
            needed=numbers.count(pace["items_needed"], language),
            per_month=numbers.decimal(pace["needed_per_month"], language, digits=1),
            recent=numbers.decimal(pace["recent_per_month"], language, digits=1),
            late=numbers.count(pace["items_late"], language),
        )
    ]


def needed_cell(results: Results, words: Wording, target: ItemsTarget) -> str:
    """Return the same for a cell of a table: "61 more items, 21.8 a month (lately 23.0)"."""
    paces = results.items_pace[results.items_pace["target"] == target.id]
    if paces.empty:
        return numbers.MISSING
    pace, language = paces.iloc[0], words.language
    return words.text(
        "{needed} more {unit}, {per_month} a month (lately {recent})",
        needed=numbers.count(pace["items_needed"], language),
        unit=words.text(ITEM_UNITS[target.kind]),
        per_month=numbers.decimal(pace["needed_per_month"], language, digits=1),
        recent=numbers.decimal(pace["recent_per_month"], language, digits=1),
    )


def missing(results: Results, words: Wording, target: ItemsTarget) -> pd.DataFrame:
    """Return the items that are not done, the longest overdue first."""
    language = words.language
    mine = results.items_missing[results.items_missing["target"] == target.id].head(MISSING_SHOWN)
    return pd.DataFrame(
        {
            words.text("Item"): mine["item"],
            words.text("Planned for"): [numbers.day(day.date(), language) for day in mine["planned_on"]],
            words.text("Days overdue"): [
                numbers.MISSING if pd.isna(days) else numbers.count(days, language) for days in mine["days_late"]
            ],
            words.text("Done by the end of the year"): [words.chance(chance) for chance in mine["chance"]],
        }
    )


def parts(results: Results, words: Wording, target: ShareTarget) -> str:
    """Return one promise's parts as HTML: counts, forecast, probability and what the rest must deliver."""
    rows = []
    for part, name in parts_of(target):
        row = results.promise(target.id, name)
        rate = rate_of(results, target.id, name)
        rows.append(
            {
                words.text("Part"): words.part(results.plan, part),
                words.text("Verdict"): verdict_mark(row["verdict"], words),
                words.text("Promised"): words.rule(part.rule, part.threshold),
                words.text("Where we stand"): escape(words.standing(row, words.of(results.plan.unit))),
                words.text("Year-end forecast (80% prediction interval)"): words.outlook_cell(row)
                if row["note"] == ""
                else words.reason(row["note"]),
                words.text("Probability"): words.chance(row["probability"]),
                words.text("What it would take"): numbers.MISSING
                if rate is None
                else escape(words.needed(rate, part.rule, words.of(results.plan.unit))),
            }
        )
    return great_table(pd.DataFrame(rows), words.text("Part"), id=f"parts-{target.id}", caption=words.of(target.title))


def baselines(results: Results, words: Wording, target: str, part: str) -> str:
    """Return the five simple forecasts of one part as HTML, raw and dressed with their own past errors."""
    mine = results.baselines[(results.baselines["target"] == target) & (results.baselines["part"] == part)]
    language = words.language
    rows = [
        {
            words.text("Simple forecast"): words.baseline(one["baseline"])
            + (f" ({words.text('chosen: lowest past error')})" if one["chosen"] else ""),
            words.text("Year-end share"): numbers.percent(one["point"], language),
            words.text("Taken at its word"): words.text("yes") if one["raw"] else words.text("no"),
            words.text("With its past errors"): words.chance(one["dressed"]),
            words.text("Past errors"): numbers.count(one["errors"], language),
            words.text("Mean error (percentage points)"): numbers.percent(one["error"], language).rstrip("%"),
        }
        for _, one in mine.iterrows()
    ]
    return great_table(
        pd.DataFrame(rows),
        words.text("Simple forecast"),
        id=f"baselines-{target}-{part or 'whole'}",
        caption=words.text("Simple forecasts to compare with"),
    )


def has_baselines(results: Results, target: str, part: str) -> bool:
    """Return whether a part has simple forecasts to compare with."""
    return bool(((results.baselines["target"] == target) & (results.baselines["part"] == part)).any())

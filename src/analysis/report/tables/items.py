"""Dated promises in tables and sentences: what must still come, and what is missing."""

from __future__ import annotations

import pandas as pd

from analysis.promises import ItemsTarget
from analysis.report import numbers
from analysis.report.plan_words import ITEM_UNITS
from analysis.report.wording import Wording
from analysis.results import Results

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

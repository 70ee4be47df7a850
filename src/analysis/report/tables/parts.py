"""One promised share in tables: its parts, and the simple forecasts it has to beat."""

from __future__ import annotations

from html import escape

import pandas as pd

from analysis.promises import ShareTarget
from analysis.report import numbers
from analysis.report.decisive import parts_of, rate_of
from analysis.report.tables.plain import great_table, verdict_mark
from analysis.report.wording import Wording
from analysis.results import Results


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

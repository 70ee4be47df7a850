"""The table of all promises."""

from __future__ import annotations

from html import escape

import pandas as pd

from analysis.promises import ItemsTarget, ShareTarget, Target
from analysis.report import numbers
from analysis.report.tables import items
from analysis.report.tables.plain import great_table, verdict_mark
from analysis.report.wording import Wording
from analysis.results import Results

PARTS_LISTED = 3
"""A promise of more parts is summed up on the summary and listed in full on its own page."""


def promises(results: Results, words: Wording) -> str:
    """Return the summary's table as HTML: every promise with its verdict first."""
    rows = []
    for target in results.plan.targets:
        row = results.promise(target.id)
        rows.append(
            {
                words.text("Promise"): escape(words.of(target.title)),
                words.text("Verdict"): verdict_mark(row["verdict"], words),
                words.text("Where we stand"): _cell(results, words, target, "standing"),
                words.text("Year-end forecast (80% prediction interval)"): _cell(results, words, target, "outlook"),
                words.text("Probability"): words.chance(row["probability"]),
                words.text("Last quarter"): words.chance(previous_probability(results, target.id)),
                words.text("Simple forecast"): words.chance(row["baseline_probability"]),
            }
        )
    return great_table(pd.DataFrame(rows), words.text("Promise"), id="promises")


def _cell(results: Results, words: Wording, target: Target, what: str) -> str:
    """Return a summary cell: one line per part, or the worst part and how many are on track."""
    if not isinstance(target, ShareTarget):
        row = results.promise(target.id)
        if row["note"]:
            return words.reason(row["note"]) if what == "standing" else numbers.MISSING
        if what == "outlook":
            return numbers.MISSING if pd.isna(row["expected"]) else words.outlook_cell(row)
        return items.standing(row, words) if isinstance(target, ItemsTarget) else numbers.MISSING
    rows = [(part, results.promise(target.id, part.id if target.combine else "")) for part in target.parts]
    if any(row["note"] for _, row in rows):
        note = next(row["note"] for _, row in rows if row["note"])
        return words.reason(note) if what == "standing" else numbers.MISSING
    say = words.outlook_cell if what == "outlook" else lambda row: words.standing(row, words.of(results.plan.unit))
    if len(rows) == 1:
        return say(rows[0][1])
    if len(rows) <= PARTS_LISTED:
        return "<br>".join(f"{escape(words.part(results.plan, part))}: {say(row)}" for part, row in rows)
    worst_part, worst = min(rows, key=lambda pair: pair[1]["probability"])
    on_track = sum(row["verdict"] in ("met", "very_likely", "likely") for _, row in rows)
    name = escape(words.part(results.plan, worst_part))
    if what == "outlook":
        return f"{name}: {say(worst)}"
    return words.text(
        "{on_track} of {all} on track; furthest off: {name}, {standing}",
        on_track=on_track,
        all=len(rows),
        name=name,
        standing=say(worst),
    )


def previous_probability(results: Results, target: str) -> float:
    """Return the probability of a promise as it stood one quarter earlier; missing when it was not estimated."""
    mine = (results.previous["target"] == target) & (results.previous["part"] == "")
    return float(results.previous.loc[mine, "probability"].iloc[0])

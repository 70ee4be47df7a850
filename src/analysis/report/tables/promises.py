"""The summary's table: every promise on two or three lines."""

from __future__ import annotations

from html import escape

import pandas as pd

from analysis.promises import ItemsTarget, Part, ShareTarget, SurveyTarget, Target
from analysis.report import numbers
from analysis.report.decisive import SAFE, before, decisive_part, parts_of, proxy_standing, rate_of
from analysis.report.tables import items
from analysis.report.tables.plain import great_table, verdict_mark
from analysis.report.wording import Wording
from analysis.results import Results

PARTS_LISTED = 2
"""A promise of more parts is summed up here and listed in full on its own page."""


def promises(results: Results, words: Wording) -> str:
    """Return every promise as HTML: its verdict first, then where it stands, will end, and what it would take.

    A promise of two parts has a row for each below its own.
    """
    rows = []
    for target in results.plan.targets:
        rows.append(_row(results, words, target))
        if isinstance(target, ShareTarget) and 1 < len(target.parts) <= PARTS_LISTED:
            rows += [_part_row(results, words, target, part, name) for part, name in parts_of(target)]
    header = words.text("Promise")
    frame = pd.DataFrame(rows, columns=[header, *_columns(words)])
    return great_table(frame, header, id="promises", caption=words.text("The promises at a glance"))


def _columns(words: Wording) -> list[str]:
    return [
        words.text("Verdict"),
        words.text("Where we stand"),
        words.text("Year-end forecast (80% prediction interval)"),
        words.text("Probability"),
        words.text("Points on last quarter"),
        words.text("What it would take"),
    ]


def _row(results: Results, words: Wording, target: Target) -> list[str]:
    row = results.promise(target.id)
    standing, outlook, needed = _told(results, words, target, row)
    verdict = verdict_mark(row["verdict"], words)
    return [words.of(target.name), verdict, standing, outlook, _chance(row, words), _moved(results, words, row), needed]


def _part_row(results: Results, words: Wording, target: ShareTarget, part: Part, name: str) -> list[str]:
    row = results.promise(target.id, name)
    standing, outlook, needed = _share_told(results, words, row, part)
    return [
        f"– {words.part(results.plan, part)}",
        verdict_mark(row["verdict"], words),
        standing,
        outlook,
        _chance(row, words),
        _moved(results, words, row),
        needed,
    ]


def _told(results: Results, words: Wording, target: Target, row: pd.Series) -> tuple[str, str, str]:
    """Return where a promise stands, where it will be, and what it would take."""
    if row["note"]:
        standing = words.short_reason(row["note"])
        proxy = proxy_standing(results, target) if isinstance(target, SurveyTarget) else None
        if proxy is not None:
            standing = words.text(
                "{reason}; ratings, as a proxy: {standing}", reason=standing, standing=words.standing_cell(proxy)
            )
        return escape(standing), numbers.MISSING, _items_needed(results, words, target, row)
    if not isinstance(target, ShareTarget):
        standing = escape(items.standing(row, words)) if isinstance(target, ItemsTarget) else numbers.MISSING
        outlook = numbers.MISSING if pd.isna(row["expected"]) else words.outlook_cell(row)
        return standing, outlook, _items_needed(results, words, target, row)
    if len(target.parts) == 1:
        return _share_told(results, words, results.promise(target.id), target.parts[0])
    decides = decisive_part(results, target)
    if decides is None or len(target.parts) <= PARTS_LISTED:  # its parts follow
        return words.text("either will do") if target.combine == "any_of" else words.text("both must hold"), "", ""
    part, its_row = decides
    on_track = [results.promise(target.id, name)["verdict"] in (*SAFE, "likely") for _, name in parts_of(target)]
    name = escape(words.part(results.plan, part))
    _, outlook, needed = _share_told(results, words, its_row, part)
    standing = words.text(
        "{on_track} of {all} on track; furthest off: {name} {standing}",
        on_track=sum(on_track),
        all=len(on_track),
        name=name,
        standing=words.standing_cell(its_row),
    )
    return standing, f"{name}: {outlook}", needed if needed == numbers.MISSING else f"{name}: {needed}"


def _share_told(results: Results, words: Wording, row: pd.Series, part: Part) -> tuple[str, str, str]:
    if row["note"]:
        return escape(words.short_reason(row["note"])), numbers.MISSING, numbers.MISSING
    rate, needed = rate_of(results, row["target"], row["part"]), numbers.MISSING
    if rate is not None and row["verdict"] not in (*SAFE, "missed"):
        needed = escape(words.needed_cell(rate, part.rule, words.of(results.plan.unit)))
    return words.standing_cell(row), words.outlook_cell(row), needed


def _items_needed(results: Results, words: Wording, target: Target, row: pd.Series) -> str:
    if not isinstance(target, ItemsTarget) or row["verdict"] in (*SAFE, "missed"):
        return numbers.MISSING
    return escape(items.needed_cell(results, words, target))


def _chance(row: pd.Series, words: Wording) -> str:
    """Return the probability above that of the simple forecast it has to beat."""
    if pd.isna(row["probability"]):
        return numbers.MISSING
    said = f"<strong>{words.chance(row['probability'])}</strong>"
    if pd.isna(row["baseline_probability"]):
        return said
    simple = words.text("simple: {chance}", chance=words.chance(row["baseline_probability"]))
    return f"{said} <small>{escape(simple)}</small>"


def _moved(results: Results, words: Wording, row: pd.Series) -> str:
    earlier = before(results, row["target"], row["part"])["probability"]
    return numbers.whole_points(row["probability"], earlier, words.language)

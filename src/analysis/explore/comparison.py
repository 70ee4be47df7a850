"""Each promise before and after, side by side: probability, counts, year-end with its interval, and what it takes."""

from __future__ import annotations

import pandas as pd

from analysis.plan import Plan
from analysis.promises import ShareTarget, Target
from analysis.report import numbers
from analysis.report.tables.plain import plain
from analysis.report.wording import Wording

_ = str

ALL_PARTS = {"any_of": _("Any one of them"), "all_of": _("All of them")}


def comparison(now: Plan, then: Plan, before: pd.DataFrame, after: pd.DataFrame, words: Wording) -> str:
    """Return a table per promise as HTML.

    Parameters
    ----------
    now, then : Plan
        The plan before and after, promises on each member of a list written out.
    before, after : pd.DataFrame
        See `attainment.what_if.what_if`; what one of them does not have is a dash.
    words : Wording
        The reader's language.
    """
    shown = []
    later = {target.id: target for target in then.targets}
    for target in now.targets:
        was, will = (rows[rows["target"] == target.id].set_index("part") for rows in (before, after))
        names = _part_names(later[target.id], then, words) | _part_names(target, now, words)
        lines = [
            _line(names[part], _row(was, part), _row(will, part), words.of(now.unit), words)
            for part in dict.fromkeys([*was.index, *will.index])
        ]
        if lines:
            shown.append(plain(pd.DataFrame(lines), caption=words.of(target.title)))
    return "".join(shown)


def _line(name: str, was: pd.Series | None, will: pd.Series | None, unit: str, words: Wording) -> dict[str, str]:
    missing = float("nan")
    chances = [missing if row is None else float(row["probability"]) for row in (was, will)]
    return {
        words.text("Part"): name,
        words.text("Probability now"): words.chance(chances[0]),
        words.text("Probability under the what-if"): words.chance(chances[1]),
        words.text("Change (percentage points)"): numbers.points(chances[1] - chances[0], words.language),
        words.text("Verdict"): _both(*(_verdict(row, words) for row in (was, will))),
        words.text("Where we stand"): _both(*(_standing(row, unit, words) for row in (was, will))),
        words.text("Year-end forecast (80% prediction interval)"): _outlook(was, words),
        words.text("Year-end under the what-if (80% prediction interval)"): _outlook(will, words),
        words.text("What it would take"): _both(*(_needed(row, unit, words) for row in (was, will))),
        words.text("Expected of the rest, now"): _expected(was, unit, words),
        words.text("Expected of the rest under the what-if"): _expected(will, unit, words),
    }


def _both(was: str, will: str) -> str:
    return was if was == will else f"{was} → {will}"


def _verdict(row: pd.Series | None, words: Wording) -> str:
    if row is None:
        return numbers.MISSING
    return words.reason(row["note"]) if row["note"] else words.verdict(row["verdict"])


def _standing(row: pd.Series | None, unit: str, words: Wording) -> str:
    return numbers.MISSING if row is None or pd.isna(row["observed_to_date"]) else words.standing(row, unit)


def _outlook(row: pd.Series | None, words: Wording) -> str:
    return numbers.MISSING if row is None or pd.isna(row["expected"]) else words.outlook_cell(row)


def _needed(row: pd.Series | None, unit: str, words: Wording) -> str:
    if row is None or pd.isna(row.get("required_share")):
        return numbers.MISSING
    return words.needed(row, row["rule"], unit)


def _expected(row: pd.Series | None, unit: str, words: Wording) -> str:
    if row is None or pd.isna(row.get("rest_share")):
        return numbers.MISSING
    return words.text(
        "{share}, about {cases} {unit} a week",
        share=numbers.percent(row["rest_share"], words.language),
        cases=numbers.count(row["rest_per_week"], words.language),
        unit=unit,
    )


def _row(rows: pd.DataFrame, part: str) -> pd.Series | None:
    return rows.loc[part] if part in rows.index else None


def _part_names(target: Target, plan: Plan, words: Wording) -> dict[str, str]:
    """Return what a reader calls a promise, under the empty name, and each of its parts."""
    if not isinstance(target, ShareTarget):
        return {"": words.of(target.title)}
    if target.combine is None:
        return {"": words.part(plan, target.parts[0])}
    return {"": words.text(ALL_PARTS[target.combine])} | {one.id: words.part(plan, one) for one in target.parts}

"""Promises before and after a what-if: a picture of the year's end, and a table for the reader."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.attainment.dated import HEADCOUNT
from analysis.plan.plan import Plan
from analysis.plan.promises import ItemsPromise, Measured, Promise
from analysis.quarter.results import Results
from analysis.report import labels, numbers, what_it_takes
from analysis.report.figures import theme
from analysis.report.figures.axes import mark_simulated, short_name
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.html_table import plain_table
from analysis.report.promise_tables import items_so_far
from analysis.report.quantities import Quantity
from analysis.report.wording import Wording, _

ALL_PARTS = {"any_of": _("Any one of them"), "all_of": _("All of them"), "last": _("The last of them")}
"""What a reader calls a promise of several parts as a whole, by how it combines them."""

PARTS_DRAWN = 12
"""The parts least likely to be kept are drawn, all of them are in the table."""
ROW_HEIGHT, FRAME_HEIGHT = 0.5, 0.9
"""Inches that a part takes in the picture, and that all else does."""


def picture(results: Results, target: str, before: pd.DataFrame, after: pd.DataFrame, words: Wording) -> Picture | None:
    """Return the year's end of each part of a promise before and after, beside what is promised.

    Parameters
    ----------
    results : Results
        Results of the run.
    target : str
        The promise.
    before, after : pd.DataFrame
        Promises before and after, see `quarter.what_if.WhatIf`.
    words : Wording
        The reader's language.

    Returns
    -------
    Picture or None
        None where nothing of the promise is estimated before or after.
    """
    plan = results.plan
    promise = plan.promise(target)
    names = part_names(promise, plan, words)
    was, will = (_drawn(rows, target) for rows in (before, after))
    parts = [part for part in names if part in was.index and part in will.index]
    if not parts:
        return None
    if len(parts) > PARTS_DRAWN:
        least = was.loc[parts, "probability"].sort_values(kind="stable").index[:PARTS_DRAWN]
        parts = [part for part in parts if part in least]
    how = words.quantity(plan, str(was.loc[parts[0], "indicator"]))

    def draw(figure: Figure) -> None:
        figure.set_figheight(FRAME_HEIGHT + ROW_HEIGHT * len(parts))
        axes = figure.subplots()
        for at, part in enumerate(parts):
            for rows, offset, color, marker in ((was, -0.16, theme.GREY, "o"), (will, 0.16, theme.BLUE, "s")):
                row = rows.loc[part]
                axes.hlines(at + offset, row["lower"], row["upper"], color=color, linewidth=3)
                axes.plot(row["expected"], at + offset, color=color, marker=marker, markersize=7)
            axes.vlines(will.loc[part, "threshold"], at - 0.4, at + 0.4, color=theme.VERMILION, linewidth=2)
            chances = " → ".join(words.chance(rows.loc[part, "probability"]) for rows in (was, will))
            axes.annotate(chances, (1.01, at), xycoords=("axes fraction", "data"), va="center", annotation_clip=False)
        _write_key(axes, was.loc[parts[0]], will.loc[parts[0]], words)
        axes.set_yticks(range(len(parts)), [short_name(names[part], 30) for part in parts])
        axes.set_ylim(len(parts) - 0.4, -0.9)
        how.write_axis(axes.xaxis)
        axes.grid(axis="y", visible=False)
        mark_simulated(figure, results, words)

    title = words.text(
        "{promise}: probability {before} → {after}",
        promise=words.of(promise.name),
        before=words.chance(_whole(before, target)),
        after=words.chance(_whole(after, target)),
    )
    caption = words.text(
        "The year's end, median and 80% prediction interval, now and under the what-if; on the right the probability "
        "of each part. Of more than {most} parts, those least likely now are drawn.",
        most=numbers.count(PARTS_DRAWN, words.language),
    )
    values = pd.concat([was.loc[parts].assign(when="before"), will.loc[parts].assign(when="after")]).reset_index()
    statistic = words.text("Year-end value, median and 80% prediction interval, and what is promised")
    return Picture(draw, title=title, statistic=statistic, alt=title, caption=caption, table=values, values=values)


def _write_key(axes: Axes, was: pd.Series, will: pd.Series, words: Wording) -> None:
    """Name what the first row has: its others look alike."""
    for row, at, text, color in ((was, -0.16, words.text("now"), theme.SOFT),
                                 (will, 0.16, words.text("under the what-if"), theme.BLUE)):  # fmt: skip
        label(axes, text, (row["upper"], at), color=color)
    label(axes, words.text("promised"), (will["threshold"], -0.4), side="above", color=theme.VERMILION)


def _drawn(rows: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the estimated parts of a promise; persons of a headcount cannot stand on an axis of shares."""
    mine = rows[(rows["target"] == target) & rows["expected"].notna() & (rows["indicator"] != HEADCOUNT)]
    return mine.set_index("part")


def _whole(rows: pd.DataFrame, target: str) -> float:
    return float(rows.loc[(rows["target"] == target) & (rows["part"] == ""), "probability"].iloc[0])


def comparison(now: Plan, then: Plan, before: pd.DataFrame, after: pd.DataFrame, words: Wording) -> str:
    """Return a table per promise as HTML, a row per part: before and after side by side.

    Parameters
    ----------
    now, then : Plan
        The plan before and after, with promises on each member of a list written out.
    before, after : pd.DataFrame
        Promises before and after, see `quarter.what_if.WhatIf`; what one of them lacks is a dash.
    words : Wording
        The reader's language.
    """
    tables = []
    for target in now.promises:
        was, will = (rows[rows["target"] == target.id].set_index("part") for rows in (before, after))
        names = part_names(then.promise(target.id), then, words) | part_names(target, now, words)
        lines = [
            _line(names.get(part, part), _row(was, part), _row(will, part), now, words)
            for part in dict.fromkeys([*was.index, *will.index])
        ]
        if lines:
            tables.append(plain_table(pd.DataFrame(lines), caption=words.of(target.title)))
    return "".join(tables)


def _line(name: str, was: pd.Series | None, will: pd.Series | None, plan: Plan, words: Wording) -> dict[str, str]:
    chances = [float("nan") if row is None else float(row["probability"]) for row in (was, will)]
    return {
        words.text("Part"): name,
        words.text("Probability now"): words.chance(chances[0]),
        words.text("Probability under the what-if"): words.chance(chances[1]),
        words.text("Change (percentage points)"): numbers.whole_points(chances[1], chances[0], words.language),
        words.text("Verdict"): _both(*(_verdict(row, words) for row in (was, will))),
        words.text("Where we stand"): _both(*(_so_far(row, plan, words) for row in (was, will))),
        words.text("Year-end forecast (80% prediction interval)"): _year_end(was, plan, words),
        words.text("Year-end under the what-if (80% prediction interval)"): _year_end(will, plan, words),
        words.text("What it would take"): _both(*(_needed(row, plan, words) for row in (was, will))),
        words.text("Expected of the rest, now"): _expected(was, plan, words),
        words.text("Expected of the rest under the what-if"): _expected(will, plan, words),
    }


def _both(was: str, will: str) -> str:
    return was if was == will else f"{was} → {will}"


def _verdict(row: pd.Series | None, words: Wording) -> str:
    if row is None:
        return numbers.MISSING
    return words.reason(row["note"]) if row["note"] else words.verdict(row["verdict"])


def _how(row: pd.Series, plan: Plan, words: Wording) -> Quantity:
    """Return how the values of a row are written: persons of a headcount are no shares."""
    return (
        Quantity(words.language, 1.0, "", 0)
        if row["indicator"] == HEADCOUNT
        else words.quantity(plan, row["indicator"])
    )


def _so_far(row: pd.Series | None, plan: Plan, words: Wording) -> str:
    if row is not None and isinstance(target := plan.promise(row["target"]), ItemsPromise):
        return items_so_far(target, row, words)
    if row is None or pd.isna(row["observed_to_date"]):
        return numbers.MISSING
    return words.share_so_far(row, words.unit(plan, row["indicator"]), _how(row, plan, words))


def _year_end(row: pd.Series | None, plan: Plan, words: Wording) -> str:
    if row is None or pd.isna(row["expected"]):
        return numbers.MISSING
    return words.outlook_cell(row, _how(row, plan, words))


def _needed(row: pd.Series | None, plan: Plan, words: Wording) -> str:
    if row is None or pd.isna(row.get("required_share")):
        return numbers.MISSING
    return what_it_takes.sentence(words, plan, row["indicator"], row["rule"], row)


def _expected(row: pd.Series | None, plan: Plan, words: Wording) -> str:
    if row is None or pd.isna(row.get("rest_share")):
        return numbers.MISSING
    how = _how(row, plan, words)
    if how.unit != "%":
        return how.write(row["rest_share"])
    return words.text(
        "{share}, about {cases} {unit} a week",
        share=numbers.percent(row["rest_share"], words.language),
        cases=numbers.count(row["rest_per_week"], words.language),
        unit=words.unit(plan, row["indicator"]),
    )


def _row(rows: pd.DataFrame, part: str) -> pd.Series | None:
    return rows.loc[part] if part in rows.index else None


def part_names(target: Promise, plan: Plan, words: Wording) -> dict[str, str]:
    """Return what a reader calls a promise, under the empty string, and each of its parts, under its id.

    Parameters
    ----------
    target : Promise
        The promise.
    plan : Plan
        The plan, which names its series.
    words : Wording
        The reader's language.
    """
    if not isinstance(target, Measured):
        dated = {part: words.text(name) for part, name in labels.DATED_PARTS.items()}
        return {"": words.of(target.name)} | (dated if getattr(target, "headcount", False) else {})
    if target.combine is None:
        return {"": words.part(plan, next(iter(target.parts.values())))}
    return {"": words.text(ALL_PARTS[target.combine])} | {
        one.id: words.part(plan, one) for one in target.parts.values()
    }

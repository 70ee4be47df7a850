"""The table of all promises at a glance: verdict, the year so far, the forecast, and what it would take."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import pandas as pd

from analysis.plan.promises import IndexPromise, ItemsPromise, Measured, Part, Promise, SurveyPromise
from analysis.quarter.results import Results
from analysis.report import numbers, promise_tables, simple_forecasts, what_it_takes
from analysis.report.answer import by_risk, in_final_quarter
from analysis.report.html_table import PART, great_table, verdict_mark, with_cards
from analysis.report.promise_tables import SAFE, deciding_part, off_the_line, parts_of, proxy_share_so_far, run_rate_of
from analysis.report.since_publication import SaidBefore
from analysis.report.track_record_sentences import mark
from analysis.report.wording import Wording, _

PARTS_NAMED = 3
"""Parts named that a promise is not estimated for."""

PARTS_LISTED = 2
"""A promise of more parts is summed up in one row; the page of promises lists them all."""


def promises(results: Results, words: Wording, before: SaidBefore) -> str:
    """Return the table of all promises as HTML: the verdict, the year so far, the forecast, and what it would take.

    The likeliest to fail comes first; each has its number in the plan, whose order a reader may want. A promise of two
    parts has a row for each of them below its own.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    before : SaidBefore
        What probabilities are compared with.
    """
    rows = []
    for title, target, part, row in rows_at_a_glance(results, words):
        shown = cells(results, words, target, row) if part is None else share_cells(results, words, row, part)
        rows.append(_row(results, words, before, title, row, shown, target, part))
    header = words.text("Promise (number in the plan)")
    frame = pd.DataFrame(rows, columns=[header, *_columns(words, before)])
    return with_cards(great_table(frame, header, id="promises", caption=words.text("The promises at a glance")))


def rows_at_a_glance(results: Results, words: Wording) -> Iterator[tuple[str, Promise, Part | None, pd.Series]]:
    """Yield the rows of a table of all promises by risk: title, promise, part, and row of `Results.promises`.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    """
    for number, target in by_risk(results):
        yield f"{number}. {words.of(target.name)}", target, None, results.promise(target.id)
        if isinstance(target, Measured) and 1 < len(target.parts) <= PARTS_LISTED:
            for part, name in parts_of(target):
                yield f"{PART}{words.part(results.plan, part)}", target, part, results.promise(target.id, name)


def _columns(words: Wording, before: SaidBefore) -> list[str]:
    return [
        words.text("Verdict"),
        words.text("Where we stand"),
        words.text("Year-end forecast (80% prediction interval)"),
        words.text("Probability"),
        words.text("Points on {quarter}", quarter=numbers.quarter(before.quarter, words.language)),
        words.text("What it would take"),
    ]


def _row(
    results: Results,
    words: Wording,
    before: SaidBefore,
    title: str,
    row: pd.Series,
    shown: tuple[str, str, str],
    target: Promise,
    part: Part | None,
) -> list[str]:
    """Return one row of the table, given its cells of the year so far, the year-end forecast and what it would take."""
    so_far, year_end, needed = shown
    chance = _probability_cell(results, words, row, target, part)
    earlier = before.of(row["target"], row["part"])["probability"]
    moved = numbers.whole_points(row["probability"], earlier, words.language)
    return [title, verdict_mark(row["verdict"], words), so_far, year_end, chance, moved, needed]


def cells(results: Results, words: Wording, target: Promise, row: pd.Series) -> tuple[str, str, str]:
    """Return the cells of a promise's year so far, its year-end forecast, and what it would take.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    target : Promise
        The promise.
    row : pd.Series
        Its row of `Results.promises`.
    """
    if row["note"]:
        so_far = words.short_reason(row["note"]) + _whose_reason(results, words, target, row["note"])
        proxy = proxy_share_so_far(results, target) if isinstance(target, SurveyPromise) else None
        if proxy is not None:
            so_far = words.text(
                "{reason}; ratings, as a proxy: {standing}", reason=so_far, standing=words.share_so_far_cell(proxy)
            )
        return escape(so_far), numbers.MISSING, _items_needed_cell(results, words, target, row)
    if not isinstance(target, Measured):
        so_far = numbers.MISSING
        if isinstance(target, ItemsPromise):
            so_far = escape(promise_tables.items_so_far(target, row, words))
        how = words.quantity(results.plan, row["indicator"])
        year_end = numbers.MISSING if pd.isna(row["expected"]) else words.outlook_cell(row, how)
        if isinstance(target, IndexPromise) and pd.notna(row["observed_to_date"]):
            so_far = how.beside(row["observed_to_date"], row["threshold"])
        return so_far, year_end, _items_needed_cell(results, words, target, row)
    if len(target.parts) == 1:
        return share_cells(results, words, results.promise(target.id), next(iter(target.parts.values())))
    decides = deciding_part(results, target)
    if decides is None or len(target.parts) <= PARTS_LISTED:  # its parts have rows of their own
        joined = {"any_of": words.text("either will do"), "last": words.text("the last step decides")}
        return joined.get(str(target.combine), words.text("both must hold")), "", ""
    part, its_row = decides
    name = escape(words.part(results.plan, part))
    so_far = parts_so_far(results, words, target, part, its_row)
    _so_far, year_end, needed = share_cells(results, words, its_row, part)
    return so_far, f"{name}: {year_end}", needed if needed == numbers.MISSING else f"{name}: {needed}"


_PARTS_SO_FAR = {
    "any_of": (
        _("{on_track} of {all} on track, one is enough; nearest: {name} {standing}"),
        _("{on_track} of {all} kept, one is enough; nearest: {name} {standing}"),
    ),
    "last": (_("the last step decides: {name} {standing}"), _("the last step decides: {name} {standing}")),
    "beyond": (
        _("{on_track} of {all} on track; furthest off: {name} {standing}"),
        _("{on_track} of {all} kept; furthest off: {name} {standing}"),
    ),
    "within": (
        _("{on_track} of {all} on track; closest to the line: {name} {standing}"),
        _("{on_track} of {all} kept; closest to the line: {name} {standing}"),
    ),
}
"""How several parts stand within the year and in its last quarter, by how they are joined; of parts that must all be
kept, by whether the one that decides is beyond its line."""


def parts_so_far(results: Results, words: Wording, target: Measured, part: Part, row: pd.Series) -> str:
    """Return how many parts of a promise are on track, and how the one that decides stands, as HTML.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    target : Measured
        The promise.
    part, row
        The part that decides, and its row; see `promise_tables.deciding_part`.
    """
    verdicts = [results.promise(target.id, name)["verdict"] for _part, name in parts_of(target)]
    joined = str(target.combine)
    if joined == "all_of":
        joined = "beyond" if off_the_line(row) > 0 else "within"
    so_far = words.text(
        _PARTS_SO_FAR[joined][in_final_quarter(results)],
        on_track=sum(verdict in (*SAFE, "likely") for verdict in verdicts),
        all=len(verdicts),
        name=escape(words.part(results.plan, part)),
        standing=words.share_so_far_cell(row, words.quantity(results.plan, part.indicator)),
    )
    return _with_most_cases(results, words, target, part, so_far) if target.combine == "all_of" else so_far


def _with_most_cases(results: Results, words: Wording, target: Measured, furthest: Part, so_far: str) -> str:
    """Return a cell with the part that has most cases beyond its line, where that is not the furthest off, too."""
    worst = promise_tables.most_cases_off(results, target)
    if worst is None or worst[0] is furthest:
        return so_far
    part, cases = worst
    return words.text(
        "{so_far}; most {unit} too many: {name}, {cases}"
        if part.rule == "at_most"
        else "{so_far}; most {unit} short: {name}, {cases}",
        so_far=so_far,
        unit=escape(words.unit(results.plan, part.indicator)),
        name=escape(words.part(results.plan, part)),
        cases=numbers.count(cases, words.language),
    )


def _whose_reason(results: Results, words: Wording, target: Promise, note: str) -> str:
    """Return which parts a promise is not estimated for, to end the reason; empty where it holds for all of them."""
    parts = parts_of(target) if isinstance(target, Measured) and len(target.parts) > 1 else []
    lacking = [
        words.part(results.plan, part) for part, name in parts if results.promise(target.id, name)["note"] == note
    ]
    if not 0 < len(lacking) < len(parts):
        return ""
    named = ", ".join(lacking[:PARTS_NAMED])
    if len(lacking) <= PARTS_NAMED:
        return f": {named}"
    more = numbers.count(len(lacking) - PARTS_NAMED, words.language)
    return f": {words.text('{named} and {more} more', named=named, more=more)}"


def share_cells(results: Results, words: Wording, row: pd.Series, part: Part) -> tuple[str, str, str]:
    """Return the same cells of one part of a promise.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    row : pd.Series
        Row of the part in `Results.promises`.
    part : Part
        The part.
    """
    if row["note"]:
        return escape(words.short_reason(row["note"])), numbers.MISSING, numbers.MISSING
    rate, needed = run_rate_of(results, row["target"], row["part"]), numbers.MISSING
    how = words.quantity(results.plan, part.indicator)
    if rate is not None and row["verdict"] not in (*SAFE, "missed"):
        needed = escape(what_it_takes.cell(words, results.plan, part.indicator, part.rule, rate))
    return words.share_so_far_cell(row, how), words.outlook_cell(row, how), needed


def _items_needed_cell(results: Results, words: Wording, target: Promise, row: pd.Series) -> str:
    if not isinstance(target, ItemsPromise) or row["verdict"] in (*SAFE, "missed"):
        return numbers.MISSING
    return escape(promise_tables.items_needed_cell(results, words, target))


def _probability_cell(results: Results, words: Wording, row: pd.Series, target: Promise, part: Part | None) -> str:
    """Return the probability, below it that of the baseline, and what a reader must know of past ones of its kind."""
    if pd.isna(row["probability"]):
        return numbers.MISSING
    shown = [f"<strong>{words.chance(row['probability'])}</strong>"]
    if pd.notna(row["baseline_probability"]):
        chance = words.chance(row["baseline_probability"])
        simple = simple_forecasts.cell(target, chance, words)
        shown.append(f"<small>{escape(simple)}</small>")
    parted = isinstance(target, Measured) and 1 < len(target.parts) <= PARTS_LISTED
    if row["verdict"] not in ("met", "missed") and (part is not None or not parted):  # else its parts say it
        record = mark(results, target, words, part)
        shown += [f'<small class="record">{escape(record)}</small>'] if record else []
    return " ".join(shown)

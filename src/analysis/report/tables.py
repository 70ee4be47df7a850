"""The tables: promises with their verdicts, and plain tables of the values behind a figure."""

from __future__ import annotations

from html import escape

import pandas as pd
from great_tables import GT, html

from analysis.promises import ItemsTarget, ShareTarget, Target
from analysis.report import items_tables, numbers
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
    return _great_table(pd.DataFrame(rows), words.text("Promise"), id="promises")


def parts(results: Results, words: Wording, target: ShareTarget) -> str:
    """Return one promise's parts as HTML: counts, forecast, probability and what the rest must deliver."""
    rows = []
    for part in target.parts:
        name = part.id if target.combine else ""
        row = results.promise(target.id, name)
        rate = rate_of(results, target.id, name)
        rows.append(
            {
                words.text("Part"): escape(words.part(results.plan, part)),
                words.text("Verdict"): verdict_mark(row["verdict"], words),
                words.text("Promised"): words.rule(part.rule, part.threshold),
                words.text("Where we stand"): words.standing(row, words.of(results.plan.unit)),
                words.text("Year-end forecast (80% prediction interval)"): words.outlook_cell(row)
                if row["note"] == ""
                else words.reason(row["note"]),
                words.text("Probability"): words.chance(row["probability"]),
                words.text("What it would take"): numbers.MISSING
                if rate is None
                else words.needed(rate, part.rule, words.of(results.plan.unit)),
            }
        )
    return _great_table(pd.DataFrame(rows), words.text("Part"), id=f"parts-{target.id}")


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
    return _great_table(pd.DataFrame(rows), words.text("Simple forecast"), id=f"baselines-{target}-{part or 'whole'}")


def coverage(results: Results, words: Wording) -> pd.DataFrame:
    """Return who reports, period by period, newest first."""
    language = words.language
    table = results.coverage.iloc[::-1].head(8)
    return pd.DataFrame(
        {
            words.text("Period"): [numbers.period(p, language) for p in table["period"]],
            words.text("Services reporting both figures"): [numbers.count(n, language) for n in table["reporting"]],
            words.text("Started"): [numbers.count(n, language) for n in table["started"]],
            words.text("Stopped"): [numbers.count(n, language) for n in table["stopped"]],
            words.text("Total only"): [numbers.count(n, language) for n in table["unsplit"]],
            words.text("Their {unit}", unit=words.of(results.plan.unit)): [
                numbers.count(n, language) for n in table["unsplit_cases"]
            ],
        }
    )


def changes(results: Results, words: Wording) -> pd.DataFrame:
    """Return the services that started or stopped reporting since the period before, largest first."""
    language = words.language
    kinds = {"started": words.text("Started"), "stopped": words.text("Stopped")}
    return pd.DataFrame(
        {
            words.text("Service"): results.changes["procedure"],
            words.text("Body"): [words.name(results.plan, code) for code in results.changes["agency"]],
            words.text("Change"): results.changes["change"].map(kinds),
            words.text("Their {unit}", unit=words.of(results.plan.unit)): [
                numbers.count(n, language) for n in results.changes["cases"]
            ],
        }
    )


def plain(frame: pd.DataFrame, *, caption: str) -> str:
    """Return a frame as an accessible HTML table: caption, column headers, the first column as row headers.

    Columns of words are set flush left, columns of figures flush right, so that digits stand under each other.
    """
    marks = [' class="words"' if _holds_words(frame.iloc[:, at]) else "" for at in range(frame.shape[1])]
    head = "".join(
        f'<th scope="col"{mark}>{escape(str(name))}</th>' for name, mark in zip(frame.columns, marks, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(str(row[0]))}</th>'
        + "".join(f"<td{mark}>{escape(str(cell))}</td>" for cell, mark in zip(row[1:], marks[1:], strict=True))
        + "</tr>"
        for row in frame.itertuples(index=False)
    )
    return (
        f'<table class="plain"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _holds_words(column: pd.Series) -> bool:
    return any(letter.isalpha() for cell in column for letter in str(cell))


def _great_table(frame: pd.DataFrame, row_header: str, *, id: str) -> str:
    cells = [name for name in frame.columns if name != row_header]
    table = (
        GT(frame, rowname_col=row_header, id=id)
        .tab_stubhead(label=html(row_header))
        .cols_align(align="left", columns=cells)
        .fmt(lambda cell: cell, columns=cells)  # cells are HTML already; whatever came from outside is escaped
        .tab_options(table_width="100%", table_font_size="14px")
    )
    return str(table.as_raw_html())


def verdict_mark(code: str, words: Wording) -> str:
    """Return a verdict as HTML: shape and word in the text, colour on top."""
    return f'<span class="verdict-mark verdict-{code}">{words.verdict(code)}</span>'


def _cell(results: Results, words: Wording, target: Target, what: str) -> str:
    """Return a summary cell: one line per part, or the worst part and how many are on track."""
    if not isinstance(target, ShareTarget):
        row = results.promise(target.id)
        if row["note"]:
            return words.reason(row["note"]) if what == "standing" else numbers.MISSING
        if what == "outlook":
            return numbers.MISSING if pd.isna(row["expected"]) else words.outlook_cell(row)
        return items_tables.standing(row, words) if isinstance(target, ItemsTarget) else numbers.MISSING
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


def has_baselines(results: Results, target: str, part: str) -> bool:
    """Return whether a part has simple forecasts to compare with."""
    return bool(((results.baselines["target"] == target) & (results.baselines["part"] == part)).any())


def rate_of(results: Results, target: str, part: str) -> pd.Series | None:
    """Return what the rest of the year must deliver for a part, or None when nothing is left of it."""
    rates = results.run_rate
    mine = rates[(rates["target"] == target) & (rates["part"] == part)]
    return None if mine.empty else mine.iloc[0]

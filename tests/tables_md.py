"""Write docs/tables.md from the contracts of the tables: ``python tests/tables_md.py > docs/tables.md``."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby

import pandera.pandas as pa

from analysis.data import codes, contracts
from analysis.data.contracts import TABLES
from analysis.data.declared import MAPPED, MAY_HAVE_EXTRA
from analysis.data.sources.column_source import Kind, allowed_values, kind_of, sql_type
from analysis.data.sources.mapping import required_columns
from analysis.data.sources.missing import missing_words
from analysis.data.sources.period_text import EARLIEST, LATEST, MONTHS_IN_WORDS

OTHER_FORMS = {contracts.RatingCounts: "ratings, one row per answer"}
"""Contracts that are no table of their own, and their headings."""

MEANINGS: dict[tuple[str, ...], dict[str, str]] = {
    codes.CHANNELS: {
        "online": "filed on a public service portal",
        "counter": "handed in at the counter",
        "post": "sent by post",
        "other": "filed in any other way that the source records",
    },
    codes.LEVELS: {
        "1": "level 1, until August 2022: the procedure is described online",
        "2": "level 2, until August 2022: its forms can be downloaded, too",
        "3": "level 3, until August 2022: filed and processed online; fees and result at the counter",
        "4": "level 4, until August 2022: level 3 with payment online; the result online, by post or at the counter",
        "full": "*toàn trình*, since 15 August 2022: information, filing and processing online; the result "
        "online or by post",
        "partial": "*một phần*, since 15 August 2022: something of it is online, and it is not *toàn trình*",
        "information": "since 15 August 2022: the procedure is described online, and nothing can be filed",
    },
    codes.OUTCOMES: {
        "resolved": "processing ended with a result",
        "refused": "not accepted, or sent back",
        "withdrawn": "taken back by who filed it",
        "open": "still being processed on the day of the extraction",
    },
    codes.TIMELINESS: {
        "early": "finished on a day before the due date",
        "on_time": "finished on the day of the due date; where due dates are moments, not after it",
        "late": "finished after the due date",
        "no_due_date": "its procedure has no term: neither on time nor late",
    },
    codes.CASE_RATINGS: {
        "dissatisfied": "dissatisfied",
        "satisfied": "satisfied",
        "very_satisfied": "very satisfied; counted as satisfied, too",
    },
    codes.PROGRESS_KINDS: {
        "inventory": "an entry of a list of which a share is promised",
        "milestone": "a step that is promised for a day",
        "headcount": "a point of a headcount path",
    },
}
"""Closed list of codes → code → what it means."""

PERIODS = (
    ("year, month", "2021-09", ("2021-09", "2021/9", "2021.09")),
    ("month, year", "2021-09", ("9/2021", "09-2021", "09.2021", "9 / 2021")),
    ("the first of a month, which a spreadsheet makes of 9/2021", "2021-09", ("2021-09-01", "2021-09-01 00:00:00")),
    (
        "*tháng* or T, a number",
        "2021-09",
        ("T9/2021", "T9 2021", "Tháng 09/2021", "Tháng 9 năm 2021", "tháng 9, năm 2021"),
    ),
    ("*tháng*, a word", "2021-09", ("tháng Chín/2021", "Tháng chín năm 2021")),
    ("six digits", "2021-09", ("202109",)),
    ("year, M, month", "2021-09", ("2021M09", "2021M9")),
    ("English month, year", "2021-09", ("Sep-21", "Sep 2021", "Sept-2021", "September 2021")),
    ("year, English month", "2021-09", ("2021-Sep", "2021 September")),
    ("quarter, year", "2021Q3", ("Q3/2021", "QIII.2021", "Quý III năm 2021", "quý 3/2021", "Quý III, năm 2021")),
    ("year, quarter", "2021Q3", ("2021Q3", "2021-Q3", "2021 quý III")),
)
"""What a form of a period is, the period, and ways to write it."""

NO_PERIODS = ("2021", "9/21", "13/2021", "1/9/2021", "2021-09-02", "Q5/2021", "6 tháng 2021")
"""What might be thought a month or quarter and is not read as one."""

_HOLDS: dict[Kind, str] = {
    "text": "text",
    "code": "a lower-case code",
    "period": "a [period](#periods)",
}


@dataclass(frozen=True)
class Entry:
    """One or more columns that a contract's docstring explains together.

    Attributes
    ----------
    names : tuple of str
        The columns.
    unit : str
        What the docstring gives as their type: for numbers what is counted.
    meaning : str
        What it says of them.
    """

    names: tuple[str, ...]
    unit: str
    meaning: str


def page() -> str:
    """Return the text of docs/tables.md."""
    lines = [
        "# The tables, column by column",
        "",
        "Generated from [contracts.py](../src/analysis/data/contracts.py) by `make tables`; a test keeps it current.",
        "How a file becomes one of these tables: [write-a-mapping.md](write-a-mapping.md); how its rows are checked:",
        "[methods/intake.md](methods/intake.md).",
        "",
        "Codes are lower-case letters and digits, joined by `-` or `_`. Times are local, without a time zone.",
        "",
        "- **required**: a mapping gives the column, and a row without a value is rejected.",
        "- **required, cells may be empty**: a mapping gives the column.",
        "- **worked out** where the mapping does not give it.",
        "- **may be missing**: a mapping may leave the column out, and a cell may be empty.",
    ]
    for name, contract in TABLES.items():
        lines += ["", f"## {name}", "", *_about(contract), "", f"{_comes_in(name)}", "", *_columns(name, contract)]
        for other, heading in OTHER_FORMS.items():
            if heading.startswith(f"{name},"):
                lines += ["", f"### {heading}", "", *_about(other), "", *_columns(None, other)]
    lines += ["", "## Codes"]
    for allowed, meaning in MEANINGS.items():
        rows = [[f"`{code}`", meaning[code]] for code in allowed]
        lines += ["", f"### Codes of {_first_column(allowed)}", "", *_table(["code", "means"], rows)]
        if allowed == codes.LEVELS:
            published = ", ".join(f"`{code}`" for code in codes.PUBLISHED_LEVELS)
            lines += ["", f"Published online means one of {published}. Neither scale is translated into the other."]
    return "\n".join([*lines, "", *_periods(), "", *_missing()]) + "\n"


def entries(contract: type[pa.DataFrameModel]) -> list[Entry]:
    """Return what the docstring of a contract says of its columns; what it says by another's, from there."""
    _, _, listed = (inspect.getdoc(contract) or "").partition("\nAttributes\n----------\n")
    found = []
    for names, unit, text in re.findall(r"^(\w[\w, ]*?)(?: : (.+))?\n((?:    .+\n?)+)", f"{listed}\n", re.MULTILINE):
        entry = Entry(tuple(names.split(", ")), unit, " ".join(text.split()))
        other = re.fullmatch(r"As in `(\w+)`\.", entry.meaning)
        if not other:
            found.append(entry)
            continue
        for one in entries(getattr(contracts, other[1])):
            mine = tuple(name for name in one.names if name in entry.names)
            if mine:
                found.append(replace(one, names=mine))
    return found


def _about(contract: type[pa.DataFrameModel]) -> list[str]:
    """Return the paragraphs that say what a row is."""
    text, _, _ = (inspect.getdoc(contract) or "").partition("\nAttributes\n")
    paragraphs = [" ".join(one.split()) for one in text.strip().split("\n\n")]
    return _linked("\n\n".join(paragraphs)).split("\n")


def _comes_in(name: str) -> str:
    mapped = "A mapping makes it" if name in MAPPED else "No mapping makes it: a folder may hold it as it is"
    extra = "columns of your own may stand beside these" if name in MAY_HAVE_EXTRA else "it has these columns only"
    return f"{mapped}; {extra}. In a folder: `{name}.parquet`."


def _columns(name: str | None, contract: type[pa.DataFrameModel]) -> list[str]:
    rules = contract.to_schema().columns
    needed = required_columns(name, {}) if name in MAPPED else [one for one, rule in rules.items() if not rule.nullable]
    rows = []
    for entry in entries(contract):
        kept = {
            one: (_holds(rules[one], entry.unit), _presence(one in needed, rules[one].nullable)) for one in entry.names
        }
        for (holds, presence), alike in groupby(entry.names, key=kept.__getitem__):
            rows.append([", ".join(f"`{one}`" for one in alike), holds, presence, _linked(entry.meaning)])
    return _table(["column", "holds", "given", "meaning"], rows)


def _presence(is_needed: bool, may_be_empty: bool) -> str:
    if is_needed:
        return "required, cells may be empty" if may_be_empty else "required"
    return "may be missing" if may_be_empty else "worked out"


def _holds(rule: pa.Column, unit: str) -> str:
    """Return what a column holds: its type, its unit and what is allowed."""
    kind, allowed = kind_of(rule), allowed_values(rule)
    if kind == "listed" and allowed:
        if allowed in MEANINGS:
            return f"a [code](#codes-of-{_first_column(allowed)}): {', '.join(f'`{code}`' for code in allowed)}"
        return " or ".join(f"`{code}`" for code in allowed)
    if kind == "time":
        return f"a {re.split(',| or ', unit)[0]}"
    if kind == "number":
        bounds = {check.name: check.statistics for check in rule.checks}
        at_least, at_most = bounds.get("greater_than_or_equal_to"), bounds.get("less_than_or_equal_to")
        told = ["a whole number" if sql_type(rule) == "BIGINT" else "a number"]
        if at_least and at_most:
            told.append(f"from {at_least['min_value']} to {at_most['max_value']}")
        elif at_least:
            told.append(f"{at_least['min_value']} or more")
        elif "greater_than" in bounds:
            told.append(f"above {bounds['greater_than']['min_value']}")
        what = unit.removesuffix(" or missing")
        return ", ".join(told) + (f"; {what}" if what[:1].isalpha() else "")
    return _HOLDS[kind] + (", unique" if rule.unique else "")


def _first_column(allowed: tuple[str, ...]) -> str:
    """Return the name of the first column that holds the codes of a closed list."""
    return next(
        name
        for contract in TABLES.values()
        for name, rule in contract.to_schema().columns.items()
        if allowed_values(rule) == allowed
    )


def _linked(text: str) -> str:
    """Return a docstring's text with links to tables in place of contracts, and lists in place of their names."""
    anchors = {contract.__name__: (name, name) for name, contract in TABLES.items()}
    for other, heading in OTHER_FORMS.items():
        anchors[other.__name__] = (heading, heading.replace(",", "").replace(" ", "-"))
    for name, (heading, anchor) in anchors.items():
        text = text.replace(f"`{name}`", f"[{heading}](#{anchor})")
    text = re.sub(r"`codes\.(\w+)`", lambda one: ", ".join(f"`{code}`" for code in getattr(codes, one[1])), text)
    return text.replace("``", "`")


def _periods() -> list[str]:
    rows = [[what, ", ".join(f"`{one}`" for one in written), f"`{label}`"] for what, label, written in PERIODS]
    words = ", ".join(f"*{word}* {month}" for word, month in MONTHS_IN_WORDS.items())
    return [
        "## Periods",
        "",
        "Stored as a month `2021-09` or a quarter `2021Q3`. Capitals and repeated blanks do not matter; `/` may be `-`",
        f"or `.`, and after *tháng*, *quý*, `T` and `Q` also a blank or *năm*. Years from {EARLIEST} to {LATEST}.",
        "",
        *_table(["form", "for example", "read as"], rows),
        "",
        f"Months in words: {words}.",
        "",
        f"Not read: {', '.join(f'`{one}`' for one in NO_PERIODS)}. Such a row is",
        "rejected (`code_unknown`) unless the mapping's `codes` say what it is.",
    ]


def _missing() -> list[str]:
    kinds: dict[str, Kind] = {"times": "time", "numbers": "number", "text, codes and periods": "code"}
    rows = [[what, ", ".join(f"`{word}`" for word in missing_words(kind))] for what, kind in kinds.items()]
    return [
        "## What counts as missing",
        "",
        "A cell that is empty or blank, and one that says in any case:",
        "",
        *_table(["in columns of", "these words"], rows),
        "",
        '`missing` in a mapping adds words. A value that the `codes` of a column name, or their `"*"`, is what they',
        "say.",
    ]


def _table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *cells]]


if __name__ == "__main__":
    sys.stdout.write(page())

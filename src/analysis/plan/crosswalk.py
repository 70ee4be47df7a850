"""Bodies that merged or were abolished: which code carries on another one's history, and from which day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from analysis.faults import BadParameters
from analysis.plan.body_lists import day_of, rows_of
from analysis.plan.conditions import AnyOf, Test
from analysis.plan.record import TOTAL, Code, Strict
from analysis.strict_yaml import Document

COLUMNS = ("old", "new", "from")
"""Columns of a crosswalk in a file; `new` is empty where nobody carries the body on."""

Today = Mapping[str, str | None]
"""Old code → the code that carries its history on, None where nobody does."""


def _as_written(day: Any) -> date:
    return day if isinstance(day, date) else day_of(str(day))


class Merger(Strict):
    """One code that another one carries on, or that nobody does.

    Attributes
    ----------
    old : str
        The code that is no more.
    new : str or None
        The code whose history its cases are part of, in every period; None: it was abolished, and nobody carries it on.
    since : date
        The first day on which this holds; written ``from``.
    """

    model_config = ConfigDict(populate_by_name=True)

    old: Code
    new: Code | None = None
    since: Annotated[date, BeforeValidator(_as_written)] = Field(alias="from")

    @property
    def became(self) -> str:
        """What became of it and when, to end a sentence that begins with its code."""
        return f"became {self.new} on {self.since}" if self.new else f"was abolished on {self.since}"


def with_crosswalk_files(document: Document) -> Document:
    """Return a plan's document with its crosswalks read from their files, those of answers to its questions included.

    Parameters
    ----------
    document : Document
        The plan as it is written.

    Raises
    ------
    BadParameters
        A file is missing, has other columns, or says what cannot be; the sentence names the file and the line.
    """
    return Document(document.path, _read_files(document, document.content, ()), document.lines)


def crosswalk_files(document: Document) -> tuple[Path, ...]:
    """Return the files that the crosswalks of a plan's document name, each once."""
    named = (entry["file"] for _, entry in _named_files(document.content, ()))
    return tuple(dict.fromkeys(document.path.parent / name for name in named))


def _places(content: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield the crosswalks of a plan as it is written: its own, and those that its answers put in its place."""
    if isinstance(content.get("crosswalk"), Mapping):
        yield (*at, "crosswalk"), content["crosswalk"]
    questions = content.get("questions")
    for code, question in questions.items() if isinstance(questions, Mapping) else ():
        answers = question.get("answers") if isinstance(question, Mapping) else None
        for name, answer in answers.items() if isinstance(answers, Mapping) else ():
            patch = answer.get("patch") if isinstance(answer, Mapping) else None
            if isinstance(patch, Mapping):
                yield from _places(patch, (*at, "questions", code, "answers", name, "patch"))


def _named_files(
    content: Mapping[str, Any], at: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for place, crosswalk in _places(content, at):
        for dimension, entry in crosswalk.items():
            if isinstance(entry, Mapping) and isinstance(entry.get("file"), str):
                yield (*place, dimension), entry


def _read_files(document: Document, content: Mapping[str, Any], at: tuple[str, ...]) -> dict[str, Any]:
    result = dict(content)
    for place, entry in _named_files(content, at):
        where = f"{document.path} line {document.lines.get(place)}: {'.'.join(place)}"
        if set(entry) != {"file"}:
            raise BadParameters(f"{where}: a list, or file and nothing else, was expected")
        path = document.path.parent / entry["file"]
        if not path.is_file():
            raise BadParameters(f"{where}: there is no file {entry['file']}")
        _put(result, place, _listed(path))
    return result


def _put(content: dict[str, Any], place: Sequence[str], value: Any) -> None:
    """Write a value into nested mappings, of which those on the way are copied: the document's own stay as they are."""
    for key in place[:-1]:
        content[key] = dict(content[key])
        content = content[key]
    content[place[-1]] = value


def _listed(path: Path) -> list[dict[str, Any]]:
    rows = rows_of(path, COLUMNS)
    mergers = []
    for row in rows:
        old, day = row.code("old"), row.day("from")
        if not old or day is None:
            lacking = "from: a day" if old else "old: a code or a name"
            raise BadParameters(f"{row.where}: {lacking} was expected, found nothing")
        mergers.append(Merger.model_validate({"old": old, "new": row.code("new") or None, "from": day}))
    if fault := _fault(mergers):
        raise BadParameters(f"{rows[fault[0]].where}: {fault[1]}")
    return [one.model_dump(mode="json", by_alias=True) for one in mergers]


def refuse_impossible(crosswalk: Mapping[str, Sequence[Merger]]) -> None:
    """Refuse a crosswalk by which nobody could say what a code is today.

    Parameters
    ----------
    crosswalk : mapping
        Dimension → its mergers.

    Raises
    ------
    ValueError
        A code that is its own successor, has two, or gets back to itself; a merger into a code that was no more.
    """
    for dimension, mergers in crosswalk.items():
        if dimension == TOTAL:
            raise ValueError(f"crosswalk.{TOTAL}: {TOTAL!r} is the whole and no dimension")
        if fault := _fault(mergers):
            raise ValueError(f"crosswalk.{dimension}.{fault[0]}: {fault[1]}")


def _fault(mergers: Sequence[Merger]) -> tuple[int, str] | None:
    """Return the place of the first merger that cannot be, and why; None where all can."""
    by_old: dict[str, Merger] = {}
    for place, one in enumerate(mergers):
        if TOTAL in (one.old, one.new):
            return place, f"{TOTAL!r} is the whole and no body"
        if one.new == one.old:
            return place, f"{one.old} is its own new code; a code that stays is left out"
        if one.old in by_old:
            return place, f"{one.old} stands twice: it {by_old[one.old].became}, and it {one.became}"
        by_old[one.old] = one
    for place, one in enumerate(mergers):
        chain, code = [one.old], one.new
        while code in by_old and code not in chain:
            chain.append(code)
            code = by_old[code].new
        if code in chain:
            return place, f"{' → '.join([*chain, code])}: a code gets back to one that it came from"
        following = by_old.get(one.new or "")
        if following and following.since < one.since:
            return place, f"{one.old} {one.became}, when {one.new} was no more: it {following.became}"
    return None


def today(mergers: Iterable[Merger]) -> dict[str, str | None]:
    """Return what each old code is at the end of its chain.

    Parameters
    ----------
    mergers : iterable of Merger
        Those in force.
    """
    next_one = {one.old: one.new for one in mergers}
    found = {}
    for old in next_one:
        code: str | None = old
        while code in next_one:
            code = next_one[code]
        found[old] = code
    return found


def codes_of_today(codes: Iterable[str], bodies: Today) -> tuple[str, ...]:
    """Return codes with those that merged replaced, each once; the abolished stay.

    Parameters
    ----------
    codes : iterable of str
        Codes of one dimension.
    bodies : mapping
        See `today`.
    """
    return tuple(dict.fromkeys(bodies.get(code) or code for code in codes))


def refuse_half_a_body(tests: Iterable[Test | AnyOf], crosswalk: Mapping[str, Sequence[Merger]]) -> None:
    """Refuse a condition that names a code and not the others that are one body with it.

    A condition is tested on the code that each row was recorded with, so that one body's rows are asked of by all of
    its codes.

    Parameters
    ----------
    tests : iterable
        See `plan.conditions.tests_of`.
    crosswalk : mapping
        Dimension → its mergers.

    Raises
    ------
    ValueError
        Which codes it names, and which it does not.
    """
    for test in tests:
        if isinstance(test, AnyOf):
            for alternative in test.alternatives:
                refuse_half_a_body(alternative, crosswalk)
        elif test.operator == "is_in" and test.column in crosswalk:
            bodies = today(crosswalk[test.column])
            named = set(test.operand)
            for body in sorted({bodies.get(code) or code for code in named if isinstance(code, str)}):
                whole = {body, *(old for old, new in bodies.items() if new == body)}
                if lacking := sorted(whole - named):
                    raise ValueError(
                        f"{test.column}: {', '.join(sorted(whole & named))} is one body with {', '.join(lacking)}; "
                        f"name all of its codes: [{', '.join(sorted(whole))}]"
                    )

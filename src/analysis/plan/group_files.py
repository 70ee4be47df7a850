"""Members of groups from a list of bodies: a CSV beside the plan, with a row per body and the block it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from analysis.faults import BadParameters
from analysis.plan.body_lists import ListedRow, rows_of
from analysis.strict_yaml import Document

COLUMNS = ("code", "block", "from", "to")
"""Columns of the list: first and last day of the body; either may be missing."""


def with_group_files(document: Document) -> Document:
    """Return a plan's document with the members of its groups read from their files.

    A body is a member if it was there on some day of the plan's year; the other bodies of the block are `former` ones.

    Parameters
    ----------
    document : Document
        The plan as it is written.

    Raises
    ------
    BadParameters
        A file is missing, has other columns, or has no body of the block.
    """
    groups = document.content.get("groups")
    if not isinstance(groups, Mapping) or not group_files(document):
        return document
    filled = {
        dimension: {name: _filled(document, ("groups", dimension, name), group) for name, group in named.items()}
        for dimension, named in groups.items()
    }
    return Document(document.path, {**document.content, "groups": filled}, document.lines)


def group_files(document: Document) -> tuple[Path, ...]:
    """Return the files that the groups of a plan's document name, each once."""
    return tuple(dict.fromkeys(document.path.parent / group["file"] for _, group in _with_file(document)))


def _with_file(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    groups = document.content.get("groups")
    for named in groups.values() if isinstance(groups, Mapping) else ():
        for name, group in named.items() if isinstance(named, Mapping) else ():
            if isinstance(group, Mapping) and isinstance(group.get("file"), str):
                yield name, group


def _filled(document: Document, at: tuple[str, ...], group: Any) -> Any:
    if not isinstance(group, Mapping) or not isinstance(group.get("file"), str):
        return group
    where = f"{document.path} line {document.lines.get(at)}: {'.'.join(at)}"
    for given in ("members", "former"):
        if given in group:
            raise BadParameters(f"{where}: {given} and file do not go together")
    path, block = document.path.parent / group["file"], group.get("block")
    if not path.is_file():
        raise BadParameters(f"{where}: there is no file {group['file']}")
    rows = [row for row in rows_of(path, COLUMNS) if row.code("block") == block]
    here = [(_code(row), _lived(row, document)) for row in rows]
    members = [code for code, lived in here if lived]
    if not members:
        raise BadParameters(f"{where}: {group['file']} has no body of the block {block!r} in the plan's year")
    former = [code for code, _ in here if code not in members]
    return {**group, "members": members, "former": list(dict.fromkeys(former))}


def _code(row: ListedRow) -> str:
    if not (code := row.code("code")):
        raise BadParameters(f"{row.where}: code: a code or a name was expected, found nothing")
    return code


def _lived(row: ListedRow, document: Document) -> bool:
    year = document.content.get("year")
    if not isinstance(year, int):
        return True
    first, last = row.day("from") or date.min, row.day("to") or date.max
    return first.year <= year <= last.year

"""Members of groups from a list of bodies: a CSV beside the plan, with a row per body and the block it belongs to."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from analysis.faults import BadParameters
from analysis.strict_yaml import Document

COLUMNS = ("code", "block", "from", "to")
"""Columns of the list: first and last day of the body; the last may be missing."""


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
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise BadParameters(f"{path}: the columns {', '.join(COLUMNS)} were expected")
        here = [(row["code"], _lived(row, document, path)) for row in rows if row["block"] == block]
    members = [code for code, lived in here if lived]
    if not members:
        raise BadParameters(f"{where}: {group['file']} has no body of the block {block!r} in the plan's year")
    former = [code for code, _ in here if code not in members]
    return {**group, "members": members, "former": list(dict.fromkeys(former))}


def _lived(row: Mapping[str, str], document: Document, path: Path) -> bool:
    year = document.content.get("year")
    if not isinstance(year, int):
        return True
    try:
        first = date.fromisoformat(row["from"]) if row["from"] else date.min
        last = date.fromisoformat(row["to"]) if row["to"] else date.max
    except ValueError as error:
        raise BadParameters(f"{path}: {row['code']}: a day such as 2025-07-01 was expected ({error})") from error
    return first.year <= year <= last.year

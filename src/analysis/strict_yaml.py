"""YAML as our readers mean it: no duplicate keys, no surprise types, every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from analysis.code_of_name import CODE, write_code
from analysis.faults import BadParameters

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Document:
    """A parsed YAML mapping and where each of its keys stands.

    Attributes
    ----------
    path : Path
        The file.
    content : dict
        Its content; dates stay text, because only the model that expects one may read it as one.
    lines : dict of tuple to int
        1-based line of every key path, such as ``("targets", 0, "rule")``.
    """

    path: Path
    content: dict[str, Any]
    lines: dict[tuple[str | int, ...], int]


class _Loader(yaml.CSafeLoader):
    """The safe loader without YAML 1.1's guesses: unquoted dates, ``NO``, ``on`` and ``1:30`` stay what was typed.

    That of libyaml, which is in PyYAML's wheels: many times as fast, and every notebook reads its plan.
    """


_GUESSED = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _GUESSED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def read(path: Path, *, what: str) -> Document:
    """Return the YAML mapping in a file.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What the reader calls it, such as "run file", for the messages.

    Raises
    ------
    BadParameters
        The file is missing, is a folder, is not YAML, holds a key twice, or is not a mapping.
    """
    if path.is_dir():
        raise BadParameters(f"{path} is a folder; a {what} was expected")
    if not path.is_file():
        raise BadParameters(f"{path}: no such {what}")
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise BadParameters(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise BadParameters(f"{path}{where}: not valid YAML: {why}") from error
    if not isinstance(node, yaml.MappingNode):
        raise BadParameters(f"{path}: a {what} is a mapping of keys to values")
    lines: dict[tuple[str | int, ...], int] = {}
    content = _build(node, (), lines, path)
    return Document(path, content, lines)


def _build(node: yaml.Node, at: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], path: Path) -> Any:
    if isinstance(node, yaml.MappingNode):
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in built:
                raise BadParameters(f"{path} line {line}: the key {key!r} stands twice; once was expected")
            lines[(*at, key)] = line
            built[key] = _build(value_node, (*at, key), lines, path)
        return built
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[(*at, index)] = item.start_mark.line + 1
            items.append(_build(item, (*at, index), lines, path))
        return items
    return _Loader("").construct_object(node, deep=True)


def validate(document: Document, model: type[Model], *, what: str) -> Model:
    """Return the document as a model.

    Parameters
    ----------
    document : Document
        What `read` returned.
    model : type
        The pydantic model the file must fit.
    what : str
        What the error sentence calls the file, such as ``"plan"``.

    Raises
    ------
    BadParameters
        One sentence with the file, the line, the key, what was found and what was expected; only the first
        fault is told, with the number of the others.
    """
    try:
        return model.model_validate(document.content)
    except ValidationError as error:
        # An unknown key is nearly always a misspelt one: telling of it says more than telling what is then missing.
        faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise BadParameters(_sentence(document, model, faults[0], what) + more) from error


def _sentence(document: Document, model: type[BaseModel], fault: Mapping[str, Any], what: str) -> str:
    location = tuple(fault["loc"])
    # Pydantic puts the chosen member of a union into the location, which is no key of the file, and a missing
    # key has no line: the longest path of the file that lies along the location is the place to look.
    at = max((key for key in document.lines if _subsequence(key, location)), key=len, default=())
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        # What is wrong between two keys is found by their common parent, whose sentence begins with the key meant.
        named, _, rest = message.partition(": ")
        below = (*at, *(int(key) if key.isdecimal() else key for key in named.split(".")))
        if rest and below in document.lines:
            location, at, message = below, below, rest
    line = f" line {document.lines[at]}" if at in document.lines else ""
    shown = at if at[-1:] == location[-1:] else (*at, *location[-1:])
    key = ".".join(str(part) for part in shown) or what
    if fault["type"] == "extra_forbidden":
        siblings = list(model.model_fields) if len(location) == 1 else []
        close = get_close_matches(str(location[-1]), siblings, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; a {what} has no such key"
        return f"{document.path}{line}: unknown key {key!r}{hint}"
    if fault["type"] == "missing":
        return f"{document.path}{line}: the key {key!r} is missing"
    if fault["type"] == "value_error":
        return f"{document.path}{line}: {key}: {message}"
    found = fault["input"]
    if fault["type"] == "string_pattern_mismatch" and fault["ctx"]["pattern"] == CODE:
        # The location of a key goes one step beyond it.
        key = key.removesuffix(".[key]")
        return f"{document.path}{line}: {key}: {write_code(found)}"
    shown_value = f", found {found!r}" if isinstance(found, str | int | float | None) else ""
    return f"{document.path}{line}: {key}: {fault['msg']}{shown_value}"


def _subsequence(short: tuple[str | int, ...], long: tuple[str | int, ...]) -> bool:
    rest = iter(long)
    return all(any(part == other for other in rest) for part in short)

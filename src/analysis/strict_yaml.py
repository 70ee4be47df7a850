"""YAML as our readers mean it: within limits, no duplicate keys, no surprise types, every fault with its line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from analysis.code_of_name import CODE, write_code
from analysis.database_address import is_like_address
from analysis.faults import BadParameters, EnvironmentFault

Model = TypeVar("Model", bound=BaseModel)

MAX_BYTES = 1 << 20
"""Most bytes of a file; the longest plan we know of has 20,000."""

MAX_DEPTH = 32
"""Most mappings and lists inside one another."""

MAX_KEY = 1_024
"""Most letters of a key, which YAML has for those without a question mark before them."""

MAX_NUMBER = 40
"""Most characters of a number."""

MAX_SENTENCE = 1_000
"""Most letters of a sentence about a value: it must fit into a mail's subject, a log and the environment of a hook."""


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


def read(path: Path, *, what: str) -> Document:
    """Return the YAML mapping in a file.

    Aliases, tags and merge keys are refused: with them a short file can mean an endless one, or a type of Python. What
    is read is a tree of mappings with text for keys, of lists, text, numbers, ``true``, ``false`` and ``null``.

    Parameters
    ----------
    path : Path
        The file.
    what : str
        What the reader calls it, such as "run file", for the messages.

    Raises
    ------
    BadParameters
        The file is missing, is a folder, is beyond a limit, is not YAML, holds a key twice, or is not a mapping.
    EnvironmentFault
        The file cannot be read.
    """
    raw = _read_bytes(path, what)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadParameters(f"{path} line {line}: not UTF-8 text (byte {error.start})") from error
    # The parser of libyaml, which is in PyYAML's wheels: many times as fast, and every notebook reads its plan.
    builder = _Builder(path, yaml.parse(text, Loader=yaml.CSafeLoader))
    try:
        content = builder.document()
    except yaml.YAMLError as error:
        raise BadParameters(_not_yaml(path, text, error)) from error
    if not isinstance(content, dict):
        raise BadParameters(f"{path}: a {what} is a mapping of keys to values")
    return Document(path, content, builder.lines)


def _read_bytes(path: Path, what: str) -> bytes:
    try:
        if path.is_dir():
            raise BadParameters(f"{path} is a folder; a {what} was expected")
        if not path.is_file():
            raise BadParameters(f"{path}: no such {what}")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise EnvironmentFault(f"{path}: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise BadParameters(f"{path}: larger than {MAX_BYTES:,} bytes, which is more than a {what} can need")
    return raw


def _not_yaml(path: Path, text: str, error: yaml.YAMLError) -> str:
    """Return the sentence about a file that is no YAML."""
    mark, position = getattr(error, "problem_mark", None), getattr(error, "position", None)
    why = getattr(error, "problem", None) or getattr(error, "reason", None) or error
    line = None
    if mark:
        line = mark.line + 1
        if text[mark.index : mark.index + 1] == "\t":
            why = "a tab stands where the line is indented; spaces were expected"
    elif position is not None:
        line = text.encode()[:position].count(b"\n") + 1
    return f"{path}{f' line {line}' if line else ''}: not valid YAML: {why}"


@dataclass
class _Builder:
    """Builds the content of a file from the parser's events, so that a limit holds before anything is built beyond it.

    Attributes
    ----------
    path : Path
        The file.
    events : iterator
        Its events.
    lines : dict of tuple to int
        See `Document`; filled on the way.
    """

    path: Path
    events: Iterator[Any]
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def document(self) -> Any:
        """Return the content of the only document of the file."""
        next(self.events)  # the stream begins
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        content = self._value(next(self.events), ())
        next(self.events)  # the document ends
        another = next(self.events)
        if not isinstance(another, yaml.StreamEndEvent):
            self._refuse(another, "a second document begins (---); one was expected")
        return content

    def _value(self, event: Any, at: tuple[str | int, ...]) -> Any:
        self._refuse_properties(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if len(at) >= MAX_DEPTH:
            self._refuse(event, f"more than {MAX_DEPTH} mappings and lists stand inside one another")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(at)
        items: list[Any] = []
        while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
            here = (*at, len(items))
            self.lines[here] = _line(item)
            items.append(self._value(item, here))
        return items

    def _mapping(self, at: tuple[str | int, ...]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            self._refuse_properties(event)
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "a key is a mapping or a list; text was expected")
            key = self._text(event)
            if len(key) > MAX_KEY:
                self._refuse(event, f"a key of {len(key):,} letters; at most {MAX_KEY:,} were expected")
            if key == "<<" and event.implicit[0]:
                self._refuse(event, "a merge key (<<) is not read; the keys themselves were expected")
            if key in built:
                self._refuse(event, f"the key {key!r} stands twice; once was expected")
            self.lines[(*at, key)] = _line(event)
            built[key] = self._value(next(self.events), (*at, key))
        return built

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        """Return what a value means, without YAML 1.1's guesses: unquoted dates, NO, on and 1:30 stay as typed."""
        text = self._text(event)
        if not event.implicit[0]:  # in quotes, or a block of text
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        is_whole = _WHOLE.fullmatch(text)
        if not is_whole and not _DECIMAL.fullmatch(text):
            return text
        if len(text) > MAX_NUMBER:
            self._refuse(event, f"a number of {len(text):,} characters; at most {MAX_NUMBER} were expected")
        number = int(text) if is_whole else float(text)
        if not math.isfinite(number):
            self._refuse(event, f"{text} is beyond all numbers that can be reckoned with")
        return number

    def _text(self, event: Any) -> str:
        if "\0" in event.value:
            self._refuse(event, "a text holds the character of number 0, which no name and no path can hold")
        return str(event.value)

    def _refuse_properties(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self._refuse(event, "aliases (&name, *name) are not read; what they stand for was expected, or quotes")
        if event.tag:
            self._refuse(event, "tags (!name) are not read; the value alone was expected, or quotes")

    def _refuse(self, event: Any, why: str) -> NoReturn:
        raise BadParameters(f"{self.path} line {_line(event)}: {why}")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


_CONSTANTS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "false": False}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")


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
        sentence = _sentence(document, model, faults[0], what)
        where, _, said = sentence.removeprefix(str(document.path)).partition(": ")
        if is_like_address(said):
            # A password may be in it, and a sentence goes into logs and mails.
            sentence = f"{document.path}{where}: an address stands where none was expected"
        if len(sentence) > MAX_SENTENCE:
            sentence = f"{sentence[:MAX_SENTENCE]} …"
        raise BadParameters(sentence + more) from error


def _sentence(document: Document, model: type[BaseModel], fault: Mapping[str, Any], what: str) -> str:
    location = tuple(fault["loc"])
    # Pydantic puts the chosen member of a union into the location, which is no key of the file, and a missing
    # key has no line: the longest path of the file that lies along the location is the place to look.
    at = max((key for key in document.lines if _subsequence(key, location)), key=len, default=())
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        # What is wrong between two keys is found by their common parent, whose sentence begins with the key meant.
        named, _, rest = message.partition(": ")
        # Of a list the place is meant; no list has a billion items.
        below = (*at, *(int(key) if re.fullmatch("[0-9]{1,9}", key) else key for key in named.split(".")))
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

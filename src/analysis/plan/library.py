"""The library: well-known indicators, a file each, that a plan takes by name and may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from analysis import strict_yaml
from analysis.faults import BadParameters
from analysis.parameters import ROOT
from analysis.plan.crosswalk import crosswalk_files
from analysis.plan.group_files import group_files

LIBRARY = ROOT / "parameters" / "indicators"
"""Well-known indicators, a file each, that a plan takes by name."""


def library_names() -> tuple[str, ...]:
    """Return the indicators of the library, in order of their names."""
    return tuple(sorted(file.stem for file in LIBRARY.glob("*.yml")))


def library() -> dict[str, dict[str, Any]]:
    """Return the indicators of the library as their files declare them, by code."""
    return {name: strict_yaml.read(LIBRARY / f"{name}.yml", what="indicator").content for name in library_names()}


def library_files(document: strict_yaml.Document) -> tuple[Path, ...]:
    """Return the files that a plan takes something from: the library, its lists of bodies and its crosswalks."""
    declared = document.content.get("indicators")
    declared = declared if isinstance(declared, Mapping) else {}
    known, wanted, found = set(library_names()), _named_indicators(document.content, declared), []
    while wanted:
        name = wanted.pop(0)
        own = declared.get(name)
        source = own.get("from", None if "form" in own else name) if isinstance(own, Mapping) else name
        if source in known and source not in found:
            found.append(source)
            record = strict_yaml.read(LIBRARY / f"{source}.yml", what="indicator").content
            wanted += _nested_in([record])
    return (*(LIBRARY / f"{name}.yml" for name in sorted(found)), *group_files(document), *crosswalk_files(document))


def with_library(document: strict_yaml.Document) -> strict_yaml.Document:
    """Return a plan's document with the indicators it takes from the library written out."""
    declared = document.content.get("indicators", {})
    if not isinstance(declared, Mapping):
        return document
    files = [file for file in library_files(document) if file.parent == LIBRARY]
    records = {file.stem: strict_yaml.read(file, what="indicator").content for file in files}
    indicators = {}
    for code, own in declared.items():
        if not isinstance(own, Mapping) or "form" in own:
            indicators[code] = own
            continue
        source = str(own.get("from", code))
        if source not in records:
            close = get_close_matches(source, library_names(), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            line = document.lines.get(("indicators", code))
            raise BadParameters(
                f"{document.path} line {line}: indicators.{code}: form is missing, and the library has no "
                f"{source!r}{hint}"
            )
        changes = {key: value for key, value in own.items() if key != "from"}
        indicators[code] = {**records[source], **changes}
    # A record that is only copied from is none of the plan's own.
    named = {*_named_indicators(document.content, declared), *_nested_in(indicators.values())}
    named |= set(_nested_in(record for code, record in records.items() if code in named))
    for code, record in records.items():
        if code in named:
            indicators.setdefault(code, record)
    return strict_yaml.Document(document.path, {**document.content, "indicators": indicators}, document.lines)


def _named_indicators(content: Mapping[str, Any], declared: Mapping[str, Any]) -> list[str]:
    """Return the names of indicators in a plan as it is written: those declared, and those promises are on."""
    named = list(declared)
    targets = content.get("targets")
    for target in targets.values() if isinstance(targets, Mapping) else ():
        if not isinstance(target, Mapping):
            continue
        parts = target.get("parts")
        for record in (target, *(parts.values() if isinstance(parts, Mapping) else ())):
            if isinstance(record, Mapping):
                named += [record[key] for key in ("indicator", "proxy") if isinstance(record.get(key), str)]
    instruments = content.get("instruments")
    for one in instruments.values() if isinstance(instruments, Mapping) else ():
        if isinstance(one, Mapping) and isinstance(one.get("indicator"), str):
            named.append(one["indicator"])
    return list(dict.fromkeys([*named, *_nested_in(declared.values())]))


def _nested_in(indicators: Iterable[Any]) -> list[str]:
    """Return the shares that indicators, as they are written, are nested in, and the rests of those."""
    records = [one for one in indicators if isinstance(one, Mapping)]
    return [one[key] for one in records for key in ("nested_in", "rest") if isinstance(one.get(key), str)]

"""The JSON schema of a plan file as it is written: an editor knows neither the library nor what parts take over."""

from __future__ import annotations

import json
from typing import Any

from analysis.plan.plan import Plan

FORMS = ("Share", "Mean", "Score")


_FROM_FILE = {
    "additionalProperties": False,
    "description": "A CSV beside the plan with the columns old, new, from.",
    "properties": {"file": {"type": "string"}},
    "required": ["file"],
    "type": "object",
}


def plan_schema() -> str:
    """Return the JSON schema of a plan file, as text that ends with a line break."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Plan.model_json_schema()}
    definitions = schema["$defs"]
    # What a part does not say itself, its promise says.
    del definitions["Part"]["required"]
    definitions["FromLibrary"] = _from_library(definitions)
    declared = schema["properties"]["indicators"]["patternProperties"]
    for pattern, form in declared.items():
        declared[pattern] = {"anyOf": [form, {"$ref": "#/$defs/FromLibrary"}]}
    listed = schema["properties"]["crosswalk"]["patternProperties"]
    for pattern, mergers in listed.items():
        listed[pattern] = {"anyOf": [mergers, _FROM_FILE]}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _from_library(definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an indicator of the library, which is named with what the plan says of it otherwise."""
    changes: dict[str, Any] = {}
    for form in FORMS:
        for name, value in definitions[form]["properties"].items():
            if name != "form":
                changes.setdefault(name, []).append(value)
    properties = {name: {"anyOf": _distinct(values)} for name, values in changes.items()}
    source = {"description": "Its name in the library, where the plan calls it otherwise.", "type": "string"}
    return {
        "additionalProperties": False,
        "description": "An indicator of the library, with what this plan says of it otherwise.",
        "properties": {"from": source, **properties},
        "title": "FromLibrary",
        "type": "object",
    }


def _distinct(values: list[Any]) -> list[Any]:
    return [value for at, value in enumerate(values) if value not in values[:at]]

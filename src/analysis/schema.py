"""The JSON schema of a plan, for editors that check and complete YAML as it is typed."""

from __future__ import annotations

import json

from analysis.plan import Plan


def plan_schema() -> str:
    """Return the JSON schema of a plan file, as text that ends with a line break."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Plan.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"

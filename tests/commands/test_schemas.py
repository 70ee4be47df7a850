"""The schemas that editors check files by are those of the code, and every file that is shipped keeps its own."""

from __future__ import annotations

import json

import pytest
from jsonschema import ValidationError, validate

from analysis import strict_yaml
from analysis.parameters import ROOT, run_schema
from analysis.plan.schema import plan_schema

SCHEMAS = ROOT / "parameters" / "schemas"
RUN_FILES = sorted((ROOT / "parameters").glob("*-20[0-9][0-9]/*.yml"))


@pytest.mark.parametrize(("name", "of"), [("plan", plan_schema), ("run", run_schema)])
def test_a_committed_schema_is_that_of_the_code(name, of):
    assert (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8") == of()


def test_every_run_file_keeps_the_schema_and_a_key_of_the_first_edition_does_not():
    schema = json.loads(run_schema())
    assert len(RUN_FILES) >= 8
    for file in RUN_FILES:
        validate(strict_yaml.read(file, what="run file").content, schema)
    content = strict_yaml.read(RUN_FILES[0], what="run file").content
    validate(content | {"answers": {"uptake_base": "received"}}, schema)
    with pytest.raises(ValidationError, match="uptake_base"):
        validate(content | {"uptake_base": "received"}, schema)

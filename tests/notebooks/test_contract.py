"""What every notebook promises: one parameters cell, thin calls, nothing executed in the source."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path

import pytest

from analysis.parameters import ROOT, RunParameters
from analysis.publish.pages.export import ANALYST

REPORT, EXPLORE = (sorted((ROOT / "notebooks" / room).glob("*.ipynb")) for room in ("report", "explore"))
NOTEBOOKS = [*REPORT, *EXPLORE]
LOOPS = (ast.For, ast.AsyncFor, ast.While)
BANNED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, *LOOPS)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def _code(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def test_the_notebooks_stand():
    assert [path.stem for path in EXPLORE] == ["compare_quarters", "drill_down", "how_a_probability_is_made", "what_if"]
    assert [path.stem for path in REPORT] == [
        "00_summary",
        "01_data_quality",
        "02_online_uptake",
        "03_timeliness",
        "04_satisfaction",
        "05_forecast",
        "06_targets",
        "07_track_record",
        "08_body",
    ]


def test_the_first_code_cell_and_no_other_is_the_parameters_cell(notebook):
    assert ["parameters" in _tags(cell) for cell in _code(notebook)] == [True] + [False] * (len(_code(notebook)) - 1)


def test_the_parameters_are_the_fields_of_a_run_and_literals_that_validate(notebook):
    body = ast.parse("".join(_code(notebook)[0]["source"])).body
    assert all(isinstance(line, ast.Assign) for line in body)
    values = {line.targets[0].id: ast.literal_eval(line.value) for line in body}
    assert list(values) == list(RunParameters.model_fields)
    run = RunParameters.model_validate(values)
    assert (run.plan_name, run.quarter, run.language) == ("khanh-hoa-2021", "2021-Q3", "vi")


def test_all_parameters_cells_are_the_same():
    cells = {"".join(_code(json.loads(path.read_text(encoding="utf-8")))[0]["source"]) for path in NOTEBOOKS}
    assert len(cells) == 1


def test_the_defaults_equal_the_default_run_file(notebook):
    from analysis.parameters import read_run_file

    body = ast.parse("".join(_code(notebook)[0]["source"])).body
    values = {line.targets[0].id: ast.literal_eval(line.value) for line in body}
    assert RunParameters.model_validate(values) == read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml")


def test_cells_are_thin(notebook):
    assert len(notebook["cells"]) <= 25
    for cell in _code(notebook)[1:]:
        source = "".join(cell["source"])
        # Imports come first and are nothing to understand; the other lines are one thought.
        lines = [line for line in source.splitlines() if line.strip() and not line.startswith(("import ", "from "))]
        assert len(lines) <= 7
        tree = ast.parse(source)  # magics and shell lines would not parse
        assert not any(isinstance(node, BANNED) for node in ast.walk(tree))
        assert not any(alias.name == "*" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                       for alias in node.names)  # fmt: skip


@pytest.mark.parametrize("path", REPORT, ids=lambda path: path.stem)
def test_a_report_notebook_shows_its_page_first_and_then_the_analysis(path: Path):
    """What is on the page is one call a cell; what is for the analyst is tagged, and in between stands why."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert 12 <= len(cells) <= 25
    code = [cell for cell in cells if cell["cell_type"] == "code"][2:]
    is_page = [ANALYST not in _tags(cell) for cell in code]
    assert is_page == sorted(is_page, reverse=True)
    assert 0 < sum(is_page) < len(code) - 4
    for cell, on_page in zip(code, is_page, strict=True):
        calls = "".join(cell["source"]).splitlines()
        assert all(line.startswith("page.") for line in calls) == on_page
    told = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert told.count("\n## ") + told.count("\n### ") >= 2
    assert told.count("?") >= 2  # it asks before it shows


def test_no_assigned_name_hides_an_imported_one(notebook):
    imported, assigned = set(), set()
    for cell in _code(notebook):
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                assigned.add(node.id)
    assert set(RunParameters.model_fields) <= assigned
    assert not imported & assigned


def test_sources_hold_no_output_and_know_their_kernel(notebook):
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in _code(notebook))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_markdown_is_a_note_for_the_analyst(notebook):
    assert all("note" in _tags(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


@pytest.mark.parametrize("run_file", sorted(ROOT.glob("parameters/*/20*.yml")), ids=lambda path: path.stem)
def test_run_files_are_flat_and_scalar(run_file: Path):
    import yaml

    content = yaml.safe_load(run_file.read_text(encoding="utf-8"))
    assert set(content) <= set(RunParameters.model_fields)
    assert not any(isinstance(value, dict | list) for value in content.values())


def test_what_a_notebook_imports_is_there(notebook):
    for cell in _code(notebook):
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []

"""Tiny notebooks, small results and one quarter to publish them for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat import NotebookNode
from project import Project

from analysis.attainment.in_no_member import COLUMNS as IN_NO_MEMBER
from analysis.data.sources.mapping import About
from analysis.parameters import RunParameters, resolve
from analysis.plan.plan import read_plan
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.results import Results
from analysis.report.wording import Wording
from changed_results import made_results

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture(scope="session")
def write_notebook() -> Callable[..., Path]:
    """Return a writer of notebooks with a ``parameters`` cell, a note and some code cells."""

    def write(path: Path, *code: str) -> Path:
        parameters = nbformat.v4.new_code_cell('quarter = "unset"')
        parameters.metadata.tags = ["parameters"]
        cells = [nbformat.v4.new_markdown_cell("# A note for the analyst"), parameters]
        path.parent.mkdir(parents=True, exist_ok=True)
        cells += [nbformat.v4.new_code_cell(source) for source in code]
        nbformat.write(nbformat.v4.new_notebook(metadata=KERNEL, cells=cells), path)
        return path

    return write


@pytest.fixture
def executed(tmp_path: Path) -> Callable[..., Path]:
    """Return a writer of executed notebooks with the outputs given."""

    def write(*outputs: NotebookNode, source: str = "secret_source()") -> Path:
        cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=1)
        note = nbformat.v4.new_markdown_cell("A note for the analyst")
        path = tmp_path / "executed.ipynb"
        nbformat.write(nbformat.v4.new_notebook(metadata=KERNEL, cells=[note, cell]), path)
        return path

    return write


@pytest.fixture(scope="session")
def published_project(made_once: Callable[..., Path], write_notebook: Callable[..., Path], results: Results) -> Path:
    """The folder of a project that has published its quarter, to be copied by those who change it."""

    def publish(folder: Path) -> None:
        one = Project(folder, write_notebook)
        one.set_up(results)
        one.time_a_run()

    return made_once("published-project", publish)


@pytest.fixture
def project(tmp_path: Path, published_project: Path, write_notebook: Callable[..., Path]) -> Iterator[Project]:
    """A project of its own that has published its quarter; whatever a test does there leaves no process behind."""
    shutil.copytree(published_project, tmp_path, symlinks=True, dirs_exist_ok=True)
    one = Project(tmp_path, write_notebook)
    yield one
    assert one.is_alone(), one.processes()


@pytest.fixture(scope="session")
def run() -> RunParameters:
    return RunParameters(
        plan_file="parameters/plans/khanh-hoa-2021.yml",
        quarter="2021-Q3",
        as_of=date(2021, 9, 20),
        input_path="data/demo",
    )


@pytest.fixture(scope="session")
def words() -> Wording:
    return Wording("vi")


@pytest.fixture(scope="session")
def results(run: RunParameters) -> Results:
    empty = pd.DataFrame()
    indicators = pd.DataFrame(
        {
            "indicator": ["online_of_all", "overdue"],
            "dimension": ["total", "field"],
            "series": ["total", "đất-đai"],
            "period": ["2021-08", "2021-09"],
            "numerator": [3, 1],
            "denominator": [10, 3],
            "value": [0.1 + 0.2, 1 / 3],
        }
    )
    promises = pd.DataFrame(
        {
            "target": ["online_uptake", "satisfaction", "online_uptake"],
            "part": ["", "", "of_all"],
            "indicator": ["", "", "online_of_all"],
            "quarter": "2021-Q3",
            "rule": ["any_of", "more_than", "at_least"],
            "threshold": [float("nan"), 0.81, 0.3],
            "numerator": pd.array([None, None, 3], dtype="Int64"),
            "denominator": pd.array([None, None, 10], dtype="Int64"),
            "observed_to_date": [float("nan"), float("nan"), 0.3],
            "expected": [float("nan"), float("nan"), 0.31],
            "lower": [float("nan"), float("nan"), 0.29],
            "upper": [float("nan"), float("nan"), 0.33],
            "level": [float("nan"), float("nan"), 0.8],
            "probability": [0.681, float("nan"), 0.5],
            "baseline_probability": [0.4, float("nan"), 0.4],
            "verdict": ["uncertain", "not_estimated", "uncertain"],
            "note": ["", "survey_cancelled", ""],
        }
    )
    return made_results(
        read_plan(resolve(run.plan_file)),
        Fingerprint("parameters", "plan", "data", "code"),
        of_data={
            "about": About(title="Toy", source="made for the test", simulated=True),
            "basis": "exact",
            "compared_with": None,
            "form_filed": False,
        },
        default=lambda name: empty,
        series=indicators,
        hidden=indicators.loc[[1], ["indicator", "dimension", "series", "period"]],
        promises=promises,
        in_no_member=pd.DataFrame(columns=IN_NO_MEMBER),
    )

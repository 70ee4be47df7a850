"""What tests of several folders look at and none changes: made once for all, also for pytest-xdist's other workers.

The results of a quarter need nothing of the kind: the project itself keeps them by what they depend on.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock

from analysis.parameters import ROOT, read_run_file
from analysis.plan.plan import read_plan
from analysis.quarter import stages
from analysis.quarter.fingerprint import fingerprint
from analysis.quarter.results import Results, lock
from changed_results import changed

DEMO = ROOT / "parameters" / "khanh-hoa-2021" / "2021-Q3.yml"


EDITIONS_IN = "vi"
"""The language in which the demo quarter is published with the editions for its districts."""


def published(language: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of reports with the demo quarter in it, and in `EDITIONS_IN` the editions for its districts.

    They are published from another folder than the project's. In the language of its run file it begins with what
    `make report` published, where that is: the command itself finds out which of it is what it would make now.
    """
    base = tmp_path_factory.getbasetemp()
    # A worker of pytest-xdist has a folder of its own within the one of the whole run.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"published-{language}"
    done = folder.with_suffix(".done")
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            folder.mkdir(exist_ok=True)
            if read_run_file(DEMO).language == language:
                _begin_with_the_projects(folder)
            command = [sys.executable, "-m", "analysis.cli", "run", DEMO, "--reports", folder, "--language", language]
            command += ["--each", "districts"] if language == EDITIONS_IN else []
            ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stderr
            done.touch()
    return folder


def _begin_with_the_projects(folder: Path) -> None:
    run = read_run_file(DEMO)
    own, link = (reports / run.plan_name / run.quarter for reports in (stages.REPORTS, folder))
    if own.exists() and not link.is_symlink():
        shutil.copytree(own.resolve(), folder / ".runs" / own.resolve().name)
        link.parent.mkdir()
        link.symlink_to(own.readlink())


def shown_html(notebook: Path | nbformat.NotebookNode) -> list[str]:
    """Return what an executed notebook shows as HTML, output by output."""
    read = nbformat.read(notebook, as_version=4) if isinstance(notebook, Path) else notebook
    return [
        output["data"]["text/html"]
        for cell in read.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]


def keep_as_if_computed(run_file: Path, demo: Results) -> None:
    """Keep the demo's results for a run whose plan differs in nothing but names: no number depends on those."""
    run = read_run_file(run_file)
    made_as = read_run_file(DEMO)
    assert demo.fingerprint.key == fingerprint(made_as, published=stages.PUBLISHED, code=stages.CODE).key
    names, own = read_plan(Path(run.plan_file)), read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml")
    assert names.model_copy(update={"names": own.names}) == own
    made_of = fingerprint(run, published=stages.PUBLISHED, code=stages.CODE)
    folder = stages.PROCESSED / made_of.key
    with lock(stages.PROCESSED, made_of.key):
        if not Results.are_complete_in(folder):
            plan = demo.plan.model_copy(update={"names": names.names})
            changed(demo, plan=plan, fingerprint=made_of).store(folder)

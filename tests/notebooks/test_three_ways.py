"""The same numbers three ways: the command, stock papermill, and Run All in a notebook as opened."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from analysis.parameters import ROOT
from shared_results import published, shown_html

pytestmark = pytest.mark.slow
STEM = "06_targets"
RUN_FILE = ROOT / "parameters" / "khanh-hoa-2021" / "2021-Q3.yml"
NOTEBOOK = ROOT / "notebooks" / "report" / f"{STEM}.ipynb"


@pytest.fixture(scope="module")
def as_opened():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    return shown_html(notebook)


def test_run_all_shows_the_promises(as_opened):
    assert len(as_opened) > 20


def test_stock_papermill_shows_the_same_from_another_folder(as_opened, tmp_path):
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), "out.ipynb", "-f", str(RUN_FILE)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "unknown parameter" not in done.stderr
    assert shown_html(tmp_path / "out.ipynb") == as_opened


def test_the_command_publishes_the_same(as_opened, tmp_path_factory):
    reports = published("vi", tmp_path_factory)
    assert shown_html(reports / "khanh-hoa-2021" / "2021-Q3" / f"{STEM}.ipynb") == as_opened

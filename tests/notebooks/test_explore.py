"""The notebooks for people run top to bottom as opened, and show their controls."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from analysis.parameters import ROOT

pytestmark = pytest.mark.slow
NOTEBOOKS = sorted((ROOT / "notebooks" / "explore").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_run_all_shows_the_controls(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [output.get("data", {}) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert "MÔ PHỎNG" in shown[0]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in shown[-1]
    assert not any(output.output_type == "stream" for cell in notebook.cells[1:] for output in cell.outputs)

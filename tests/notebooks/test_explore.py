"""The notebooks for people run top to bottom as opened, and show their controls."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from analysis.parameters import ROOT

pytestmark = pytest.mark.slow
CONTROLS = {"what_if", "drill_down"}
NOTEBOOKS = sorted((ROOT / "notebooks" / "explore").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_run_all_shows_what_it_is_about(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    shown = [output.get("data", {}) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert "SIMULATED DATA" in shown[0]["text/html"] or "MÔ PHỎNG" in shown[0]["text/html"]
    has_controls = any("application/vnd.jupyter.widget-view+json" in data for data in shown)
    assert has_controls == (path.stem in CONTROLS)
    assert not any(output.output_type == "stream" for cell in notebook.cells[1:] if "outputs" in cell
                   for output in cell.outputs)  # fmt: skip

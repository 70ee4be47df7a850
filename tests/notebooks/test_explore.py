"""The notebooks for people run top to bottom as opened, and show their controls."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient

from analysis.parameters import ROOT

pytestmark = pytest.mark.slow
CONTROLS = {"what_if", "drill_down"}
NOTEBOOKS = sorted((ROOT / "notebooks" / "explore").glob("*.ipynb"))


def _output(notebook, cell_id):
    return next(cell.outputs[0] for cell in notebook.cells if cell.get("id") == cell_id)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_run_all_shows_what_it_is_about(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output.get("data", {}) for output in outputs]
    assert "SIMULATED DATA" in shown[0]["text/html"] or "MÔ PHỎNG" in shown[0]["text/html"]
    if path.stem == "what_if":
        by_hand, by_call = (_output(notebook, cell)["data"] for cell in ("moved-by-hand", "one-call"))
        numbers = [float(cell) for cell in re.findall(r"<td>([\d.]+)</td>", by_call["text/html"])]
        assert float(by_hand["text/plain"]) in numbers
    with_controls = sum("application/vnd.jupyter.widget-view+json" in one for one in shown)
    assert with_controls == (path.stem in CONTROLS)
    if path.stem in CONTROLS:
        assert "text/html" in shown[-1]  # a frame made of what the controls are set to
    assert not any(output.output_type == "stream" for output in outputs)

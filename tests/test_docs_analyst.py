"""What the papers show of the public interface runs, block after block, on the demo."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from analysis import Quarter
from analysis.parameters import ROOT, RunParameters
from analysis.quarter import stages


@pytest.mark.parametrize("paper", ["docs/analyst.md", "README.md", "README.vi.md"])
def test_the_blocks_of_a_paper_run(
    paper: str, demo_run: RunParameters, demo_processed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "PROCESSED", demo_processed)
    monkeypatch.setattr(stages, "results", lambda run: stages.Results.load(_only(demo_processed)))
    monkeypatch.setattr(Quarter, "open", classmethod(lambda cls, path, **_: cls(demo_run, fresh=True)))
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / paper).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, paper, "exec"), names)
    plt.close("all")
    assert isinstance(names["q"], Quarter)


def _only(processed: Path) -> Path:
    (kept,) = [folder for folder in processed.iterdir() if stages.Results.are_complete_in(folder)]
    return kept


def test_the_paper_of_analysts_names_every_method() -> None:
    told = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
    public = {name for name in dir(Quarter) if not name.startswith("_")}
    own = {"open", "of", "of_notebook", "run", "fresh", "plan", "origin", "season_length", "is_current"}
    assert {name for name in public - own if f"q.{name}" not in told} == set()

"""Every way a notebook can fail, by the whole command: the console, the manifest and the notebook say the same."""

from __future__ import annotations

import json

import pytest
from project import Project

from analysis.publish.store import manifest

pytestmark = pytest.mark.slow

FAILS = {
    "01_killed": (
        "import os; os.kill(os.getpid(), 9)",
        "kernel-died",
        "the kernel died, as it does when memory runs out",
    ),
    "03_left": ("import os; os._exit(3)", "kernel-died", "the kernel ended with code 3"),
    "08_ended": (
        "import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 1)",
        "kernel-died",
        "the kernel was ended: Real",
    ),
    "04_exited": ("import sys; sys.exit(0)", "cell-error", "the cell ended the notebook before its last cell"),
    "05_raised": ("1 / 0", "cell-error", "ZeroDivisionError: division by zero"),
    "06_slept": ("import time; time.sleep(60)", "timeout", "the cell took longer than 4 s"),
    "07_hungry": (
        *("held = bytearray(b'x') * 900_000_000; import time; time.sleep(60)", "kernel-died"),
        "the kernel was stopped at",
    ),
}


def test_a_notebook_that_fails_has_one_truth_and_the_others_still_run(project: Project) -> None:
    for stem, (code, _, _) in FAILS.items():
        project.write_notebook(project.root / "notebooks" / "report" / f"{stem}.ipynb", code, "'never'")
    code, _, complaint = project.run("--force", "--execution-timeout", "4", "--memory-limit", "700")
    assert (code, len(complaint.splitlines())) == (4, 1)
    (failed,) = project.reports.glob(".runs/*.failed")
    made = manifest.read(failed)
    assert made is not None
    assert {stem: one.status for stem, one in made.notebooks.items()} == {
        **dict.fromkeys(("00_summary", "02_online_uptake"), "ok"),
        **{stem: status for stem, (_, status, _) in FAILS.items()},
    }
    for stem, (_, status, reason) in FAILS.items():
        assert f"{stem} cell [3]: {status}: {reason}" in complaint
        cells = json.loads((failed / f"{stem}.ipynb").read_text(encoding="utf-8"))["cells"]
        states = [cell["metadata"]["papermill"]["status"] for cell in cells if "papermill" in cell["metadata"]]
        assert states[-2:] == ["failed", "pending"]
    assert project.says("trước")
    assert project.is_alone()
    assert list(project.temporary.iterdir()) == []


def test_a_page_that_is_refused_is_told_by_a_code_of_its_own(project: Project) -> None:
    project.edit("sau", "from IPython.display import HTML, display; display(HTML('<p>/home/nobody</p>'))")
    code, _, complaint = project.run()
    assert (code, len(complaint.splitlines())) == (5, 1)
    (failed,) = project.reports.glob(".runs/*.failed")
    made = manifest.read(failed)
    assert made is not None
    assert {one.status for one in made.notebooks.values()} == {"gate-refused"}
    assert project.says("trước")

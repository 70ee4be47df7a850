"""A kernel that dies while it starts: the sentence says of which notebook, how far it had come and how it ended."""

from __future__ import annotations

import json
import re
import time

import pytest
from project import Project

from analysis.publish.store import manifest

pytestmark = pytest.mark.slow

DIES = {
    "00_summary": ("fork", "died while it started, before it listened (signal 9, Killed)"),
    "02_online_uptake": ("import", "died while it started, before it listened (exit code 7)"),
    "03_asked": ("kernel_info", "died while it started, with its sockets open, before it answered (signal 11, Segmen"),
    "04_told": ("execute", "was ended: Segmentation fault"),
}
"""By notebook: the moment its kernel dies, and what is told of it."""

DYING = """
_MOMENTS = {moments!r}

def _moment(name):
    # Kernels come one after the other; the first that come are those of the notebooks that do not start.
    number = len(os.listdir({counter!r}))
    return number <= len(_MOMENTS) and _MOMENTS[number - 1] == name

async def _die(self, *_):
    os.kill(os.getpid(), signal.SIGSEGV)

_serve, _really_run = serve, _run_kernel

def serve(*arguments):
    open(os.path.join({counter!r}, str(os.getpid())), "w").close()
    if _moment("fork"):
        os.kill(os.getpid(), signal.SIGKILL)
    _serve(*arguments)

def _run_kernel(arguments):
    if _moment("import"):
        os._exit(7)
    for name in ("kernel_info", "execute"):
        if _moment(name):
            setattr(Kernel, name + "_request", _die)
            setattr(kernelapp.IPythonKernel, name + "_request", _die)
    _really_run(arguments)
"""
"""Appended to the project's own copy of the code: its kernels die of themselves at a moment each."""


def test_at_every_moment_it_is_told_what_it_was(project: Project) -> None:
    counter = project.root / "kernels"
    counter.mkdir()
    with (project.root / "src/analysis/publish/kernels/forked.py").open("a") as code:
        code.write(DYING.format(moments=[moment for moment, _ in DIES.values()], counter=str(counter)))
    reports = project.root / "notebooks" / "report"
    for stem in (*DIES, "05_last"):
        project.write_notebook(reports / f"{stem}.ipynb", "'never'")
    began = time.monotonic()
    code, _, complaint = project.run("--force", "--workers", "1")
    assert (code, len(complaint.splitlines())) == (4, 1)
    assert time.monotonic() - began < 90
    for stem, (_, told) in DIES.items():
        assert re.search(rf"{stem}( cell \[1\])?: kernel-died: the kernel {re.escape(told)}", complaint), complaint
    (failed,) = project.reports.glob(".runs/*.failed")
    made = manifest.read(failed)
    assert made is not None
    assert {stem: one.status for stem, one in made.notebooks.items()} == dict.fromkeys(DIES, "kernel-died") | {
        "05_last": "ok"
    }
    assert project.says("trước")
    assert project.is_alone()
    assert list(project.temporary.iterdir()) == []


def test_a_process_that_the_machine_refuses_is_the_environments_fault(project: Project) -> None:
    spec = project.root / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    about = {"argv": ["/no/such/python", "-f", "{connection_file}"], "display_name": "none", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(about))
    code, _, complaint = project.run("--force", JUPYTER_PATH=str(spec.parents[1]))
    sentence = r": 0\d_\w+: /no/such/python: the process of a kernel could not be started: No such file or directory\n"
    assert code == 6
    assert re.fullmatch(rf"khanh-hoa-2021 2021-Q3{sentence}", complaint)
    assert project.says("trước")
    assert project.is_alone()
    assert list(project.temporary.iterdir()) == []

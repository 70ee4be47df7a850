"""Real kernels: each way a notebook can end gets its own name, and none stops the others."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.faults import EnvironmentFault
from analysis.parameters import RunParameters
from analysis.publish.limits import Limits
from analysis.publish.notebook_outcome import NotebookOutcome
from analysis.publish.notebooks import execute, execute_all
from analysis.publish.report_notebook import ReportNotebook

pytestmark = pytest.mark.slow

CELLS = {
    "00_good": ("quarter", "import os; open('beside', 'w').close()"),
    "01_error": ("1 + 1", "1 / 0", "'never'"),
    "02_slow": ("import time; time.sleep(60)", "'never'"),
    "03_killed": ("import os; os.kill(os.getpid(), 9)", "'never'"),
    "04_exit": ("import sys; sys.exit(0)", "'never'"),
    "05_deaf": ("import asyncio, time; asyncio.get_running_loop().call_soon(time.sleep, 10)",),
}


@pytest.fixture(scope="module")
def ended(
    tmp_path_factory: pytest.TempPathFactory, write_notebook: Callable[..., Path], run: RunParameters
) -> dict[str, NotebookOutcome]:
    folder = tmp_path_factory.mktemp("notebooks")
    sources = [write_notebook(folder / f"{stem}.ipynb", *cells) for stem, cells in CELLS.items()]
    into = folder / "out"
    into.mkdir()
    return {
        one.stem: one
        for one in execute_all([ReportNotebook(one) for one in sources], run, into, Limits(execution_timeout=1))
    }


@pytest.mark.parametrize(
    ("stem", "status", "cell", "reason"),
    [
        ("00_good", "ok", None, None),
        # Cell [2] is what Papermill injects after the parameters cell.
        ("01_error", "cell-error", 4, "ZeroDivisionError: division by zero"),
        ("02_slow", "timeout", 3, "the cell took longer than 1 s"),
        ("03_killed", "kernel-died", 3, "the kernel died, as it does when memory runs out"),
        ("04_exit", "cell-error", 3, "the cell ended the notebook before its last cell"),
        ("05_deaf", "timeout", 3, "the kernel did not answer any more within 1 s"),
    ],
)
def test_says_how_each_notebook_ended(
    ended: dict[str, NotebookOutcome], stem: str, status: str, cell: int | None, reason: str | None
) -> None:
    one = ended[stem]
    assert (one.status, one.failed_cell, one.reason) == (status, cell, reason)
    assert one.path.is_file()
    assert one.peak_memory_mb is not None
    assert one.peak_memory_mb > 10


@pytest.mark.parametrize("stem", [stem for stem in CELLS if stem not in {"00_good", "05_deaf"}])
def test_cells_after_the_failure_are_marked_not_run(ended: dict[str, NotebookOutcome], stem: str) -> None:
    cells = json.loads(ended[stem].path.read_text())["cells"]
    states = [cell["metadata"]["papermill"]["status"] for cell in cells if "papermill" in cell["metadata"]]
    assert states[-2:] == ["failed", "pending"]


def test_the_parameters_reach_the_notebook_and_no_path_of_the_machine_stays(ended: dict[str, NotebookOutcome]) -> None:
    text = ended["00_good"].path.read_text()
    notebook = json.loads(text)
    assert notebook["metadata"]["papermill"]["parameters"]["quarter"] == "2021-Q3"
    assert "'2021-Q3'" in text
    assert str(ended["00_good"].path.parent) not in text


def test_of_an_input_outside_the_project_only_the_name_is_published(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    received = tmp_path / "của ai" / "services.csv"
    received.parent.mkdir()
    received.touch()
    (tmp_path / "out").mkdir()
    source = write_notebook(tmp_path / "00_reads.ipynb", "open(input_path).close()")
    one = execute(source, run.model_copy(update={"input_path": str(received)}), tmp_path / "out")
    assert one.status == "ok"
    notebook = json.loads(one.path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["papermill"]["parameters"]["input_path"] == "…/services.csv"
    said: dict[str, object] = {}
    exec("".join(notebook["cells"][2]["source"]), said)
    assert (said["input_path"], said["quarter"]) == ("…/services.csv", "2021-Q3")
    assert str(tmp_path) not in one.path.read_text(encoding="utf-8")


def test_a_notebook_runs_beside_its_source_as_in_jupyterlab(ended: dict[str, NotebookOutcome]) -> None:
    assert (ended["00_good"].path.parent.parent / "beside").exists()


def test_a_log_stays_only_where_something_went_wrong(ended: dict[str, NotebookOutcome]) -> None:
    logs = {path.stem for path in ended["00_good"].path.parent.glob("*.log")}
    assert "00_good" not in logs
    assert "03_killed" in logs


def test_a_process_ended_from_outside_is_interrupted(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    source = write_notebook(
        tmp_path / "00_pid.ipynb",
        "import os, time; open('parent', 'w').write(str(os.getppid())); os.rename('parent', 'pid'); time.sleep(60)",
    )

    def kill() -> None:
        while not (tmp_path / "pid").exists():
            time.sleep(0.05)
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    into = tmp_path / "out"
    into.mkdir()
    one = execute(source, run, into)
    killer.join()
    assert (one.status, one.reason) == ("interrupted", "the process executing it was ended from outside")


def test_what_cannot_even_start_is_the_environments_fault(tmp_path: Path, run: RunParameters) -> None:
    with pytest.raises(EnvironmentFault, match="00_missing"):
        execute(tmp_path / "00_missing.ipynb", run, tmp_path)


def test_a_kernel_that_outgrows_its_budget_is_stopped_and_says_so(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    hungry = write_notebook(tmp_path / "00_hungry.ipynb", "held = b'x' * 700_000_000; import time; time.sleep(30)")
    (tmp_path / "out").mkdir()
    one = execute(hungry, run, tmp_path / "out", Limits(memory_mb=500))
    assert (one.status, one.failed_cell) == ("kernel-died", 3)
    assert one.reason is not None
    assert one.reason.endswith("MB of memory; 500 MB is its budget")
    assert one.seconds < 20


def test_shared_memory_counts_and_goes_with_a_kernel_that_is_stopped(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    code = "from multiprocessing.shared_memory import SharedMemory\nheld = SharedMemory(create=True, size=700_000_000)"
    report_progress = "open('name', 'w').write(held.name)"
    hungry = write_notebook(
        tmp_path / "00_hungry.ipynb", code, report_progress, "held.buf[:] = bytes(held.size); print('all')"
    )
    (tmp_path / "out").mkdir()
    one = execute(hungry, run, tmp_path / "out", Limits(memory_mb=500))
    assert (one.status, one.failed_cell) == ("kernel-died", 5)
    assert not Path("/dev/shm", (tmp_path / "name").read_text().strip("/")).exists()


def test_what_processes_of_a_notebook_share_counts_once(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    code = """import numpy, multiprocessing, time
held = numpy.ones(30_000_000)
sharing = [multiprocessing.get_context("fork").Process(target=time.sleep, args=(1,)) for _ in range(4)]
for one in sharing: one.start()
for one in sharing: one.join()"""
    (tmp_path / "out").mkdir()
    modest = write_notebook(tmp_path / "00_modest.ipynb", code)
    assert execute(modest, run, tmp_path / "out", Limits(memory_mb=800)).status == "ok"


@pytest.mark.parametrize(
    "code",
    ["os.kill(os.getpid(), 9)", "held = bytearray(b'x') * 900_000_000; time.sleep(60)"],
    ids=["killed", "stopped for its memory"],
)
def test_what_a_dead_kernel_had_started_ends_with_it(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters, code: str
) -> None:
    start = "import os, subprocess, time; started = subprocess.Popen(['sleep', '600'])"
    report_progress = "open('pid', 'w').write(str(started.pid))"
    bereft = write_notebook(tmp_path / "00_bereft.ipynb", start, report_progress, code)
    (tmp_path / "out").mkdir()
    assert execute(bereft, run, tmp_path / "out", Limits(memory_mb=500)).status == "kernel-died"
    until = time.monotonic() + 5
    while _runs(int((tmp_path / "pid").read_text())):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_notebook_that_ends_its_kernel_is_told_so(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    leaving = write_notebook(tmp_path / "00_leaving.ipynb", "exit()", "import time; time.sleep(2)")
    (tmp_path / "out").mkdir()
    one = execute(leaving, run, tmp_path / "out")
    # it goes a moment after its cell, while the next one runs
    assert (one.status, one.failed_cell, one.reason) == (
        *("kernel-died", 4),
        "the notebook ended its kernel, as exit() does",
    )


def test_a_notebook_may_run_a_notebook(tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters) -> None:
    write_notebook(tmp_path / "inner.ipynb", "print('secret' in globals())")
    code = "import papermill; papermill.execute_notebook('inner.ipynb', 'ran.ipynb', progress_bar=False)"
    outer = write_notebook(tmp_path / "00_outer.ipynb", "secret = 1", code)
    (tmp_path / "out").mkdir()
    one = execute(outer, run, tmp_path / "out")
    assert (one.status, one.reason) == ("ok", None)
    (said,) = json.loads((tmp_path / "ran.ipynb").read_text())["cells"][-1]["outputs"]
    assert said["text"] == ["False\n"]


def test_a_notebook_that_cannot_be_read_stops_no_other(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    torn = tmp_path / "00_torn.ipynb"
    torn.write_text('{"cells": [', encoding="utf-8")
    sources = [torn, write_notebook(tmp_path / "01_good.ipynb", "import time; time.sleep(1)")]
    (tmp_path / "out").mkdir()
    ended = {one.stem: one for one in execute_all([ReportNotebook(one) for one in sources], run, tmp_path / "out")}
    assert ended["01_good"].status == "ok"
    assert ended["00_torn"].status == "cell-error"
    assert ended["00_torn"].reason.startswith("NotJSONError: Notebook does not appear to be JSON")


def test_what_a_kernel_printed_counts_and_is_not_written_down(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    code = "import time\nwhile True: print('x' * 20_000_000, flush=True); time.sleep(0.1)"
    talkative = write_notebook(tmp_path / "00_talkative.ipynb", code)
    (tmp_path / "out").mkdir()
    one = execute(talkative, run, tmp_path / "out", Limits(memory_mb=900))
    assert (one.status, one.failed_cell) == ("kernel-died", 3)
    assert re.fullmatch(
        r"the kernel was stopped at [\d,]+ MB of memory; [\d,]+ MB of it printed, 900 MB is its budget", one.reason
    )
    assert one.path.stat().st_size < 100_000


def test_addresses_reserved_and_not_used_are_no_memory(
    tmp_path: Path, write_notebook: Callable[..., Path], run: RunParameters
) -> None:
    modest = write_notebook(tmp_path / "00_modest.ipynb", "import mmap; held = mmap.mmap(-1, 8_000_000_000)")
    (tmp_path / "out").mkdir()
    assert execute(modest, run, tmp_path / "out", Limits(memory_mb=500)).status == "ok"


def test_the_next_notebook_runs_while_the_caller_works_on_an_answer(
    tmp_path: Path, run: RunParameters, write_notebook: Callable[..., Path]
) -> None:
    sources = [write_notebook(tmp_path / f"{stem}.ipynb", f"open('{stem}', 'w').close()") for stem in ("first", "next")]
    (tmp_path / "out").mkdir()
    ending = execute_all([ReportNotebook(one) for one in sources], run, tmp_path / "out", Limits(workers=1))
    assert next(ending).stem == "first"
    until = time.monotonic() + 30
    while not (tmp_path / "next").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    assert [one.stem for one in ending] == ["next"]

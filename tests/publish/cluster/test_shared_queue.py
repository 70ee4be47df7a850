"""Notebooks that several processes execute from one queue: each once, whoever of them is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.parameters import RunParameters
from analysis.publish.cluster.shared_queue import NotebookQueue, execute_shared, help_with
from analysis.publish.limits import Limits
from analysis.publish.report_notebook import ReportNotebook

HOLD = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDWR), fcntl.LOCK_EX); print('held', flush=True); "
ONE = Limits(workers=1, execution_timeout=30)


@pytest.fixture
def queue(tmp_path: Path) -> NotebookQueue:
    """A queue of an index and of the edition for `stp`."""
    queue = NotebookQueue(tmp_path / "queue", tmp_path / "notebooks")
    queue.folder.mkdir()
    source = queue.sources / "08_body.ipynb"
    queue.add([ReportNotebook(source), ReportNotebook(source, "stp")])
    return queue


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """The folder of a run that is being made."""
    folder = tmp_path / "run.part"
    folder.mkdir()
    return folder


def _hold(file: Path, *, then: str) -> subprocess.Popen[str]:
    """Start another process that holds the lock on a file."""
    process = subprocess.Popen([sys.executable, "-c", HOLD + then, str(file)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_notebooks_are_taken_in_the_order_given(queue: NotebookQueue) -> None:
    assert queue.unfinished() == ["0000-08_body.asked", "0001-08_body-stp.asked"]
    (queue.folder / "08_body.ended").touch()
    assert queue.unfinished() == ["0001-08_body-stp.asked"]


def test_a_queue_is_open_as_long_as_somebody_waits(queue: NotebookQueue) -> None:
    with queue.hold_open():
        assert queue.is_open()
    assert not queue.is_open()
    shutil.rmtree(queue.folder)
    assert not queue.is_open()
    assert not queue.folder.exists()


def test_what_another_process_is_executing_is_not_taken(queue: NotebookQueue, run: RunParameters) -> None:
    others = [_hold(queue.folder / name, then="import time; time.sleep(60)") for name in queue.unfinished()]
    assert not queue.execute_next(run, ONE, keep_interrupted=True)
    for other in others:
        other.kill()
        other.communicate()


def test_nothing_is_executed_for_a_run_that_is_gone(queue: NotebookQueue, run: RunParameters) -> None:
    help_with(queue, run, ONE)
    assert queue.unfinished() == ["0000-08_body.asked", "0001-08_body-stp.asked"]


def test_an_executed_notebook_is_moved_into_the_folder_of_the_run(queue: NotebookQueue, into: Path) -> None:
    assert queue.fetch("08_body-stp", into) is None
    (queue.folder / "a").mkdir()
    (queue.folder / "a" / "08_body-stp.ipynb").write_text("executed")
    (queue.folder / "a" / "08_body-stp.log").write_text("printed")
    said = {"stem": "08_body-stp", "path": "a/08_body-stp.ipynb", "status": "cell-error", "seconds": 2.5, "reason": "x"}
    (queue.folder / "08_body-stp.ended").write_text(json.dumps(said))
    outcome = queue.fetch("08_body-stp", into)
    assert outcome
    assert (outcome.path, outcome.status, outcome.seconds) == (into / "08_body-stp.ipynb", "cell-error", 2.5)
    assert {path.name: path.read_text() for path in into.iterdir()} == {
        "08_body-stp.ipynb": "executed",
        "08_body-stp.log": "printed",
    }


@pytest.mark.slow
def test_each_notebook_is_executed_once_and_that_of_a_lost_process_again(
    tmp_path: Path, into: Path, run: RunParameters, write_notebook: Callable[..., Path]
) -> None:
    write = "import time; open('executed', 'a').write(f'{body}\\n'); time.sleep(0.3)"
    source = write_notebook(tmp_path / "notebooks" / "08_body.ipynb", write, "assert body != 'b'")
    queues: list[NotebookQueue] = []

    def help_and_be_lost(folder: Path) -> None:
        queues.append(NotebookQueue(folder, source.parent))
        lost = _hold(folder / "0000-08_body-a.asked", then="import time; time.sleep(1)")
        lost.stdout.close()
        threading.Thread(target=lost.wait).start()
        helper.start()

    helper = threading.Thread(target=lambda: help_with(queues[0], run, ONE))
    notebooks = [ReportNotebook(source, body) for body in "abcd"]
    shared = execute_shared(notebooks, run, into, ONE, beside=tmp_path, offer=help_and_be_lost)
    outcomes = {outcome.stem: outcome for outcome in shared}
    helper.join()
    assert {stem: outcome.status for stem, outcome in outcomes.items()} == {
        "08_body-a": "ok",
        "08_body-b": "cell-error",
        "08_body-c": "ok",
        "08_body-d": "ok",
    }
    assert outcomes["08_body-b"].failed_cell == 4
    assert sorted((source.parent / "executed").read_text().split()) == ["a", "b", "c", "d"]
    assert sorted(path.name for path in into.glob("*.ipynb")) == [f"08_body-{body}.ipynb" for body in "abcd"]
    assert not queues[0].folder.exists()


@pytest.mark.slow
def test_one_that_ends_after_the_run_is_gone_leaves_nothing_behind(
    queue: NotebookQueue, into: Path, run: RunParameters, write_notebook: Callable[..., Path]
) -> None:
    working = queue.sources / "working"
    write_notebook(
        queue.sources / "08_body.ipynb", "import time; open('working', 'w').close(); time.sleep(1); 'executed'"
    )

    def remove() -> None:
        while not working.exists():
            time.sleep(0.02)
        shutil.rmtree(queue.folder)
        shutil.rmtree(into)

    remover = threading.Thread(target=remove)
    with queue.hold_open():
        remover.start()
        help_with(queue, run, ONE)
    remover.join()
    assert not queue.folder.exists()
    assert not into.exists()

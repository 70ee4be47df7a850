"""Asked to end at any moment of the whole command: one sentence, nothing half done, and the truth remembered."""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import time

import pytest
from project import STEMS, Project

from analysis.publish.store import manifest
from analysis.publish.store.history import history

pytestmark = pytest.mark.slow

INTERRUPTED = {130, -signal.SIGINT}
"""What a shell shows as 130: Python ends itself by the signal where it hit a module being run."""

SENTENCES = {"interrupted\n", "interrupted: nothing more was published\n"}


def ended_truly(project: Project, process: subprocess.Popen[str], *, before: int, told: str = "") -> None:
    """Hold that a run that a signal was sent to ended as it said, and left everything as it said."""
    rest, complaint = process.communicate()
    assert project.says("trước", "sau")
    assert project.is_alone()
    remembered = history(project.reports)["ended"].tolist()[before:]
    # also where it was interrupted, but too late
    assert ("published: " in told + rest) == (remembered == ["published"])
    if process.returncode == 0:
        assert complaint == ""
        assert project.says("sau")
    else:
        assert process.returncode in INTERRUPTED
        assert complaint in SENTENCES
    # before it has begun to compute, there is nothing to remember of it
    assert remembered in ([["published"]] if project.says("sau") else [[], ["interrupted"]])
    for failed in project.reports.glob(".runs/*.failed"):
        made = manifest.read(failed)
        assert made is not None
        # one that had ended well is taken over by --resume
        assert {record.status for record in made.notebooks.values()} <= {"ok", "interrupted"}
        assert set(made.notebooks) == set(STEMS)
    assert list(project.reports.glob(".runs/*.part")) == []
    assert list(project.temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("computing the results", signal.SIGHUP),
        ("00_summary: ok", signal.SIGINT),
        ("publishing", signal.SIGTERM),
        ("published", signal.SIGINT),
    ],
)
def test_interrupted_after_a_line_it_told(project: Project, line: str, number: signal.Signals) -> None:
    project.edit("sau")
    process = project.start()
    assert process.stdout is not None
    told = next(told for told in process.stdout if line in told)
    process.send_signal(number)
    ended_truly(project, process, before=1, told=told)


AT_WORK = "open('at_work', 'w').close(); import time; time.sleep(60)"


def test_a_closed_terminal_ends_a_run_and_all_it_started(project: Project) -> None:
    project.edit("sau", AT_WORK)
    terminal, end = pty.openpty()
    process = project.start(terminal=end)
    os.close(end)
    at_work = project.root / "notebooks" / "report" / "at_work"
    while not at_work.exists():
        assert process.poll() is None
        time.sleep(0.05)
    assert set(project.processes().values()) >= {"run", "server", "worker", "kernel"}
    os.close(terminal)
    # what it has to say reaches nobody any more
    assert process.wait() == 130
    assert project.is_alone()
    assert history(project.reports)[["ended", "code"]].iloc[-1].tolist() == ["interrupted", 130]
    assert "interrupted" in (project.reports / "dunghen.log").read_text(encoding="utf-8").splitlines()[-1]
    assert project.says("trước")
    assert list(project.temporary.iterdir()) == []


def test_after_nohup_a_closed_terminal_ends_nothing(project: Project) -> None:
    project.edit("sau", "open('at_work', 'w').close(); import time; time.sleep(1)")
    process = project.start(hears_hangup=False)
    while not (project.root / "notebooks" / "report" / "at_work").exists():
        assert process.poll() is None
        time.sleep(0.05)
    # the notebooks' processes are told, too, but not their kernels, which have no terminal
    os.killpg(process.pid, signal.SIGHUP)
    assert (process.communicate()[1], process.returncode) == ("", 0)
    assert project.says("sau")


def test_interrupted_twice_at_random_moments_by_the_whole_terminal(project: Project) -> None:
    seed = random.randrange(10**6)
    sys.stdout.write(f"seed {seed}\n")  # shown where the test fails
    moments = random.Random(seed)
    whole = sum(project.seconds)
    project.edit("sau", "import time; time.sleep(0.3)")
    for _ in range(3):
        process = project.start()
        before = len(history(project.reports))
        # Python itself, before it comes to the command, ends an interruption with a traceback; that is a thirtieth
        time.sleep(moments.uniform(whole / 6, whole))
        for _ in range(2):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            time.sleep(moments.uniform(0, 0.2))
        ended_truly(project, process, before=before)
        if project.says("sau"):
            break


WARMED_UP = """
from multiprocessing.forkserver import _forkserver
from pathlib import Path
from analysis.publish import notebooks
notebooks.warm_up()
print(Path(f"/proc/{_forkserver._forkserver_pid}/status").read_text())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_the_server_of_processes_is_deaf_to_the_terminal_while_it_imports() -> None:
    said = subprocess.run([sys.executable, "-c", WARMED_UP], capture_output=True, text=True, check=True).stdout
    (blocked,) = (line.split()[1] for line in said.splitlines() if line.startswith("SigBlk:"))
    assert int(blocked, 16) & 1 << signal.SIGINT - 1

"""What a killed run and a killed ingest had begun is gone after the next command, and nothing of a living one is."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from project import Project

pytestmark = pytest.mark.slow

MAPPING = """
about: {title: t, source: s}
format: csv
table: cases
dates: [dd/mm/yyyy]
columns: {case_id: MaHoSo, field: LinhVuc, accepted_at: NgayNhan, finished_at: NgayXong}
"""


def _wait(process: subprocess.Popen[str], is_so: Callable[[], object]) -> None:
    while not is_so():
        assert process.poll() is None
        time.sleep(0.005)


def _kill_run(project: Project, process: subprocess.Popen[str]) -> None:
    """Kill a run and all it has started at once, as when a machine stops."""
    pids = list(project.processes())
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    process.communicate()


def test_the_next_run_sweeps_away_what_killed_commands_left(project: Project) -> None:
    project.edit("sau", "open('at_work', 'w').close(); import time; time.sleep(60)")
    extracts = project.root / "data" / "raw"
    (project.root / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    rows = "".join(f"H{at},x,01/09/2021,08/09/2021\n" for at in range(100_000))
    # a stray quote has the file copied into scratch first
    (project.root / "cases.csv").write_text(f'MaHoSo,LinhVuc,NgayNhan,NgayXong\nH,"x,,\n{rows}', encoding="utf-8")

    def bring_in(day: str) -> subprocess.Popen[str]:
        files = [str(project.root / name) for name in ("cases.csv", "mapping.yml")]
        command = ["ingest", files[0], "--source", files[1], "--out", str(extracts / day)]
        process = project.start_command(*command)
        _wait(process, lambda: list(extracts.glob(f"{day}/.ingest-*/.scratch-*")))
        return process

    run = project.start()
    _wait(run, (project.root / "notebooks" / "report" / "at_work").exists)
    _kill_run(project, run)
    assert {path.name.split("-")[0] for path in project.temporary.iterdir()} == {"pymp", "kernel"}
    alive = bring_in("2021-12-20")
    assert list(project.temporary.iterdir()) == []
    alive.send_signal(signal.SIGSTOP)
    killed = bring_in("2021-09-20")
    killed.kill()
    killed.communicate()
    assert len(list(extracts.glob("*/.ingest-*"))) == 2
    project.edit("sau")
    code, _, complaint = project.run()
    assert (code, complaint) == (0, "")
    assert [path.parent.name for path in extracts.glob("*/.ingest-*")] == ["2021-12-20"]
    alive.send_signal(signal.SIGCONT)
    assert (alive.wait(), list(extracts.glob("*/.ingest-*"))) == (0, [])
    assert list(project.temporary.iterdir()) == []

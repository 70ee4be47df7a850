"""A run killed while it computes: what it left half made is gone after the next run, what others are making is not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.parameters import ROOT, read_run_file
from analysis.quarter import stages
from analysis.quarter.results import lock

RUN_FILE = ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml"
STALLS = """
import sys, time
from pathlib import Path
from analysis.quarter import stages
from analysis.parameters import read_run_file

def stall(run, plan, kept):
    (kept / "cases.parquet").write_bytes(b"PAR1 half")
    (Path(sys.argv[1]) / "stalled").touch()
    time.sleep(60)

stages.PROCESSED = Path(sys.argv[1])
stages.received_input = stall
stages.results(read_run_file(Path(sys.argv[2]), draw_count=int(sys.argv[3])))
"""


class Reached(Exception):
    """The run would begin to compute."""


@pytest.fixture
def processed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of results, in which a run goes as far as its rows being received."""

    def stop(*_: object) -> None:
        raise Reached

    folder = tmp_path / "processed"
    folder.mkdir()
    monkeypatch.setattr(stages, "PROCESSED", folder)
    monkeypatch.setattr(stages, "compute", stop)
    return folder


def _run(draw_count: int = 200) -> None:
    with pytest.raises(Reached):
        stages.results(read_run_file(RUN_FILE, draw_count=draw_count))


def _half_made(processed: Path) -> list[str]:
    return sorted(path.name for path in processed.iterdir() if path.is_dir())


@pytest.mark.slow
@pytest.mark.parametrize(
    "next_draw_count", [200, pytest.param(300, marks=pytest.mark.slow)], ids=["the same run", "another run"]
)
def test_what_a_killed_run_received_is_swept_away_by_the_next_once_it_is_gone(
    processed: Path, next_draw_count: int
) -> None:
    process = subprocess.Popen([sys.executable, "-c", STALLS, str(processed), str(RUN_FILE), "200"])
    try:
        while not (processed / "stalled").exists() and process.poll() is None:
            time.sleep(0.02)
        (left,) = _half_made(processed)
        assert left.startswith(".received-")
        if next_draw_count != 200:
            _run(next_draw_count)
            assert _half_made(processed) == [left]  # its maker is alive
    finally:
        process.kill()
        process.wait()
    assert (processed / left / "cases.parquet").is_file()
    _run(next_draw_count)
    assert _half_made(processed) == []


def test_results_half_written_are_swept_away_and_whole_ones_are_not(processed: Path) -> None:
    gone, alive, whole = "a" * 20, "b" * 20, "c" * 20
    for name in (f"{gone}.12345.part", f"{alive}.12345.part", f".received-{alive}-xyz", whole, "kept-by-hand"):
        (processed / name).mkdir()
    with lock(processed, alive):
        _run()
        assert _half_made(processed) == sorted([f"{alive}.12345.part", f".received-{alive}-xyz", whole, "kept-by-hand"])
    _run()
    assert _half_made(processed) == [whole, "kept-by-hand"]

import sys
from pathlib import Path

import pytest

from analysis.commands.console import Failures, call_hook
from analysis.faults import BadData, BadParameters, NotebookFailed

FAULT = NotebookFailed("02_online_uptake cell [3]: cell-error: $(touch pwned); `x`")
WRITE = "import os, sys; open(sys.argv[1], 'w').write('|'.join([os.environ['DUNGHEN_PLAN'], \
os.environ['DUNGHEN_QUARTER'], os.environ['DUNGHEN_CODE'], os.environ['DUNGHEN_REASON'], sys.stdin.read()]))"


def test_a_hook_is_told_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hook.py").write_text(WRITE)
    call_hook(f"{sys.executable} hook.py told", "khanh-hoa-2021", "2021-Q3", FAULT)
    assert (tmp_path / "told").read_text() == f"khanh-hoa-2021|2021-Q3|4|{FAULT}|{FAULT}\n"
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("command", ["/no/such/command", "false", "'"])
def test_a_hook_that_fails_is_said_and_stops_nothing(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_hook(command, "khanh-hoa-2021", "2021-Q3", FAULT)
    assert capsys.readouterr().err.startswith("the failure hook failed: ")


def test_a_reason_longer_than_a_variable_may_be_reaches_the_hook_whole_on_its_input(tmp_path: Path) -> None:
    call_hook(f"tee {tmp_path / 'told'}", "khanh-hoa-2021", "2021-Q3", BadData("x" * 300_000))
    assert (tmp_path / "told").read_text() == "x" * 300_000 + "\n"


def test_of_several_that_cannot_be_read_each_is_told_a_mistake_of_ours_too(capsys: pytest.CaptureFixture[str]) -> None:
    failures = Failures(None)
    with failures.reading("kh", "2021-Q1"):
        raise BadParameters("no such month")
    with failures.reading("kh", "2021-Q2"):
        [][0]
    assert failures.exit_code == 2
    first, *traceback, last = capsys.readouterr().err.splitlines()
    assert (first, last) == ("kh 2021-Q1: no such month", "kh 2021-Q2: IndexError: list index out of range")
    assert any("test_console.py" in line for line in traceback)


def test_an_interruption_that_a_library_made_an_error_of_is_none_of_a_quarter() -> None:
    failures = Failures(None)
    with pytest.raises(RuntimeError, match="while importing"), failures.reading("kh", "2021-Q1"):
        raise RuntimeError("while importing") from KeyboardInterrupt()
    assert failures.exit_code == 0

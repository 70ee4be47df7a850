import sys
from pathlib import Path

import pytest

from analysis.commands.console import call_hook
from analysis.faults import NotebookFailed

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

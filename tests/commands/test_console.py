"""What a command says of the quarters that fail."""

import pytest

from analysis.commands.console import Failures
from analysis.commands.hooks import Hooks
from analysis.faults import BadParameters


def test_of_several_that_cannot_be_read_each_is_told_a_mistake_of_ours_too(capsys: pytest.CaptureFixture[str]) -> None:
    failures = Failures(Hooks())
    with failures.reading("kh", "2021-Q1"):
        raise BadParameters("no such month")
    with failures.reading("kh", "2021-Q2"):
        [][0]
    assert failures.exit_code == 2
    first, *traceback, last = capsys.readouterr().err.splitlines()
    assert (first, last) == ("kh 2021-Q1: no such month", "kh 2021-Q2: IndexError: list index out of range")
    assert any("test_console.py" in line for line in traceback)


def test_an_interruption_that_a_library_made_an_error_of_is_none_of_a_quarter() -> None:
    failures = Failures(Hooks())
    with pytest.raises(RuntimeError, match="while importing"), failures.reading("kh", "2021-Q1"):
        raise RuntimeError("while importing") from KeyboardInterrupt()
    assert failures.exit_code == 0

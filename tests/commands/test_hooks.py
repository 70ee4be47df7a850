"""What is called when a quarter fails, is published, or changes a verdict."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from analysis.commands.hooks import Hooks
from analysis.faults import BadData, NotebookFailed
from analysis.parameters import RunParameters
from made_releases import line, release, write_ledger

FAULT = NotebookFailed("02_online_uptake cell [3]: cell-error: $(touch pwned); `x`")
WRITE = "import os, sys; open(sys.argv[1], 'w').write('|'.join([os.environ['DUNGHEN_PLAN'], \
os.environ['DUNGHEN_QUARTER'], os.environ['DUNGHEN_CODE'], os.environ['DUNGHEN_REASON'], sys.stdin.read()]))"


def test_a_hook_is_told_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hook.py").write_text(WRITE)
    Hooks(on_failure=f"{sys.executable} hook.py told").failed("khanh-hoa-2021", "2021-Q3", FAULT)
    assert (tmp_path / "told").read_text() == f"khanh-hoa-2021|2021-Q3|4|{FAULT}|{FAULT}\n"
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("command", ["/no/such/command", "false", "'"])
def test_a_hook_that_fails_is_said_and_stops_nothing(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Hooks(on_failure=command).failed("khanh-hoa-2021", "2021-Q3", FAULT)
    assert capsys.readouterr().err.startswith("the command of --on-failure failed: ")


def test_a_reason_longer_than_a_variable_may_be_reaches_the_hook_whole_on_its_input(tmp_path: Path) -> None:
    hooks = Hooks(on_failure=f"dd of={tmp_path / 'told'} status=none")
    hooks.failed("khanh-hoa-2021", "2021-Q3", BadData("x" * 300_000))
    assert (tmp_path / "told").read_text() == "x" * 300_000 + "\n"


RUN = RunParameters(
    plan_file="parameters/plans/khanh-hoa-2021.yml",
    quarter="2021-Q3",
    as_of=date(2021, 9, 20),
    input_path="data/demo",
    language="en",
)
NOTE = "import json, os, sys; open(sys.argv[1], 'a').write('|'.join([os.environ.get('DUNGHEN_' + name, '') for name in \
('PLAN', 'QUARTER', 'PROMISE', 'BEFORE', 'AFTER', 'PATH')] + [sys.stdin.read()]))"


def test_what_is_published_and_each_verdict_it_changed_is_handed_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "note.py").write_text(NOTE)
    page = tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3" / "index.html"
    ledger = write_ledger(
        tmp_path / "ledger", *(line("2021-Q2", target, "likely") for target in ("overdue", "pci_group"))
    )
    reports = release(
        tmp_path / "reports", line("2021-Q3", "overdue", "uncertain"), line("2021-Q3", "pci_group", "likely")
    )
    hooks = Hooks(
        on_published=f"{sys.executable} {tmp_path}/note.py {tmp_path}/published",
        on_changed_verdict=f"{sys.executable} {tmp_path}/note.py {tmp_path}/changed",
    )
    hooks.published(RUN, page, ledger=ledger, reports=reports)
    assert (tmp_path / "published").read_text() == (
        f"khanh-hoa-2021|2021-Q3||||{page}|khanh-hoa-2021 2021-Q3: published: {page}\n"
    )
    of_change = (tmp_path / "changed").read_text(encoding="utf-8")
    assert of_change.startswith(f"khanh-hoa-2021|2021-Q3|overdue|likely|uncertain|{page}|")
    assert of_change.endswith(f": ▲ Likely to be met → ◆ Uncertain\n{page}\n")
    # The promise that stayed as it was is handed on to nobody.
    assert of_change.count("khanh-hoa-2021|") == 1


def test_a_ledger_that_cannot_be_read_is_said_and_the_publication_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "khanh-hoa-2021.csv").write_text("not,a,ledger\n")
    reports = release(tmp_path / "reports", line("2021-Q3", "overdue", "uncertain"))
    Hooks(on_changed_verdict="true").published(RUN, reports / "x", ledger=tmp_path, reports=reports)
    assert capsys.readouterr().err.startswith("what --on-changed-verdict is called for could not be read: ")


def test_a_command_line_gives_the_hooks_it_was_given() -> None:
    hooks = Hooks("mail -s x", on_changed_verdict="sh -c 'y'")
    assert hooks.options() == ["--on-failure", "mail -s x", "--on-changed-verdict", "sh -c 'y'"]

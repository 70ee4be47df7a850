"""`due` and `history` on an office's folder whose ledger was lost, changed, in the way or brought from elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from project import PLAN, QUARTER, Project

pytestmark = pytest.mark.slow


@pytest.fixture
def command(project: Project):
    """Return `dunghen` in that folder: exit code, what it printed and what it complained of."""

    def command(*words: str) -> tuple[int, str, str]:
        known = {"PYTHONPATH": str(project.root / "src"), "TMPDIR": str(project.temporary)}
        ended = subprocess.run(
            [sys.executable, "-m", "analysis.cli", *words],
            cwd=project.root, env=os.environ | known, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ended.returncode, ended.stdout, ended.stderr

    return command


def test_a_lost_ledger_is_found_by_verify_and_made_good_by_due(project, command):
    run_file = f"parameters/{PLAN}/{QUARTER}.yml"
    file = project.root / "data" / "ledger" / f"{PLAN}.csv"
    before = file.read_bytes()
    assert command("history", "--verify") == (0, "as it was published: 1 quarters, history and ledger\n", "")
    shutil.rmtree(file.parent)
    code, told, _ = command("history", "--verify")
    assert (code, told.count("are missing or changed")) == (3, 1)
    assert not file.exists()
    code, told, _ = command("due", run_file, "--today", "2021-10-01", "--list")
    assert (code, told) == (0, f"due: {PLAN} {QUARTER}, its probabilities are not in the ledger\n")
    # What stands in its place is told, and told again, until somebody takes it away.
    file.parent.touch()
    assert command("due", run_file, "--today", "2021-10-01")[0] == 6
    file.parent.unlink()
    code, told, complaint = command("due", run_file, "--today", "2021-10-01")
    assert (code, told, complaint) == (0, f"{PLAN} {QUARTER}: entered 3 probabilities, which the ledger lacked\n", "")
    assert file.read_bytes() == before
    file.unlink()
    assert command("history", "--repair")[:2] == (
        0, f"{PLAN} {QUARTER}: entered 3 probabilities, which the ledger lacked\n"
    )  # fmt: skip
    assert file.read_bytes() == before
    other = project.root / f"{PLAN}.csv"
    other.write_text(file.read_text(encoding="utf-8").replace("Q3", "Q2"), encoding="utf-8")
    assert command("history", "--merge", str(other))[:2] == (0, f"{PLAN}: 3 lines added to {file}\n")
    assert command("history", "--verify")[0] == 0

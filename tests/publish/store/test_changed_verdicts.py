"""A changed verdict is told from the last one published, of the same quarter or of one before."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.parameters import RunParameters, resolve
from analysis.plan.plan import Plan, read_plan
from analysis.publish.store.changed_verdicts import changed_verdicts
from made_releases import line, release, write_ledger

MAY = line("2021-Q2", "overdue", "likely")
MADE = line("2021-Q3", "overdue", "uncertain", hour=10)


@pytest.fixture(scope="module")
def plan(run: RunParameters) -> Plan:
    return read_plan(resolve(run.plan_file))


def test_of_a_quarter_published_first_what_the_quarter_before_said_counts(
    tmp_path: Path, run: RunParameters, plan: Plan
) -> None:
    older = line("2021-Q1", "overdue", "uncertain")
    part = line("2021-Q2", "overdue", "missed", part="land")
    ledger = write_ledger(tmp_path / "ledger", MAY, older, part)
    new = line("2021-Q3", "pci_group", "likely")
    reports = release(tmp_path / "reports", MADE, new, line("2021-Q3", "overdue", "met", part="land"))
    assert changed_verdicts(ledger, reports, run, plan) == [("overdue", "likely", "uncertain")]


@pytest.mark.parametrize("entered", [True, False], ids=["entered", "a trial"])
def test_of_a_quarter_published_again_its_own_last_release_counts(
    tmp_path: Path, run: RunParameters, plan: Plan, entered: bool
) -> None:
    first = line("2021-Q3", "overdue", "unlikely", hour=9)
    ledger = write_ledger(tmp_path / "ledger", MAY, first, *([MADE] if entered else []))
    reports = release(tmp_path / "reports", MADE)
    assert changed_verdicts(ledger, reports, run, plan) == [("overdue", "unlikely", "uncertain")]


def test_what_was_said_before_has_not_changed(tmp_path: Path, run: RunParameters, plan: Plan) -> None:
    said = line("2021-Q3", "overdue", "uncertain", hour=9)
    ledger = write_ledger(tmp_path / "ledger", MAY, said)
    assert changed_verdicts(ledger, release(tmp_path / "reports", MADE), run, plan) == []


def test_a_renamed_promise_keeps_its_verdict_and_without_a_past_nothing_has_changed(
    tmp_path: Path, run: RunParameters, plan: Plan
) -> None:
    ledger = write_ledger(tmp_path / "ledger", line("2021-Q2", "late", "likely"))
    reports = release(tmp_path / "reports", MADE)
    assert changed_verdicts(ledger, reports, run, plan) == []
    renamed = plan.promise("overdue").model_copy(update={"formerly": ("late",)})
    promises = {**plan.targets, "overdue": renamed}
    now = plan.model_copy(update={"targets": promises})
    assert changed_verdicts(ledger, reports, run, now) == [("overdue", "likely", "uncertain")]

"""The demo's third quarter, as the tests of the controls look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import Quarter
from analysis.parameters import RunParameters
from analysis.quarter import stages
from analysis.quarter.results import Results


@pytest.fixture(scope="session")
def run(demo_run: RunParameters) -> RunParameters:
    return demo_run


@pytest.fixture(scope="session")
def results(demo_quarter: Results) -> Results:
    return demo_quarter


@pytest.fixture
def q(run: RunParameters, demo_processed: Path, monkeypatch: pytest.MonkeyPatch) -> Quarter:
    monkeypatch.setattr(stages, "PROCESSED", demo_processed)
    return Quarter(run)

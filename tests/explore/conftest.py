"""The demo's third quarter, as the tests of the controls look at it."""

from __future__ import annotations

import pytest

from analysis.parameters import RunParameters
from analysis.quarter.results import Results


@pytest.fixture(scope="session")
def run(demo_run: RunParameters) -> RunParameters:
    return demo_run


@pytest.fixture(scope="session")
def results(demo_quarter: Results) -> Results:
    return demo_quarter

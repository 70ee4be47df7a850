"""The demo quarter, computed once for all that shows it."""

from __future__ import annotations

import pytest

from analysis import quarter
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.results import Results


@pytest.fixture(scope="session")
def run() -> RunParameters:
    return read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml", draw_count=200)


@pytest.fixture(scope="session")
def results(run: RunParameters) -> Results:
    return quarter.results(run)

"""A province of the demo's seed, small enough for fast tests."""

from __future__ import annotations

import pytest

from analysis.data.simulate.simulation import simulate

CASE_COUNT = 20_000


@pytest.fixture(scope="session")
def made():
    return simulate(2021, CASE_COUNT)

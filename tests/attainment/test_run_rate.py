"""What the rest of the year must deliver."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.attainment.run_rate import COLUMNS, run_rate
from analysis.attainment.year_end import YearEnd


def _rate(
    numerator: int,
    denominator: int,
    rest: list[float],
    *,
    threshold: float = 0.5,
    weeks: float = 10,
    decided: bool = False,
) -> pd.DataFrame:
    share = YearEnd(numerator, denominator, np.full(len(rest), 0.4), np.array(rest, dtype=float), decided=decided)
    return run_rate("uptake", "of_all", share, threshold=threshold, weeks_left=weeks, current_share=0.35)


def _only(frame: pd.DataFrame) -> dict[str, Any]:
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 1
    return dict(frame.iloc[0])


def test_by_hand() -> None:
    # median rest 100 (the mean is 130): half of 200 + 100 is 150, 60 are done, 90 of the last 100 are needed
    row = _only(_rate(60, 200, [80, 100, 210]))
    assert (row["target"], row["part"]) == ("uptake", "of_all")
    assert row["rest_cases"] == 100
    assert row["required_share"] == pytest.approx(0.9)
    assert row["cases_per_week"] == pytest.approx(9)
    assert (row["weeks_left"], row["current_share"]) == (10, 0.35)


def test_out_of_reach_is_a_share_above_one() -> None:
    row = _only(_rate(20, 200, [100, 100, 100]))  # 150 - 20 = 130 of 100
    assert row["required_share"] == pytest.approx(1.3)
    assert row["cases_per_week"] == pytest.approx(13)


def test_an_allowance_used_up_is_a_share_below_zero() -> None:
    row = _only(_rate(10, 200, [100], threshold=0.02))  # 2% of 300 is 6, 10 are late already
    assert row["required_share"] == pytest.approx(-0.04)
    assert row["cases_per_week"] == pytest.approx(-0.4)


@pytest.mark.parametrize(
    ("rest", "weeks", "decided"),
    [([0.0], 0.0, True), ([100.0], 10.0, True), ([100.0], 0.0, False), ([0.0, 0.0], 10.0, False), ([], 10.0, False)],
)
def test_nothing_left_has_no_row(rest: list[float], weeks: float, decided: bool) -> None:
    frame = _rate(60, 200, rest, weeks=weeks, decided=decided)
    assert frame.empty
    assert list(frame.columns) == COLUMNS

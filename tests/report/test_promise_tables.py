"""A cell of a table says of a promise what is known of it."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.plan.plan import Plan
from analysis.plan.promises import ItemsPromise
from analysis.report.promise_tables import items_so_far
from analysis.report.wording import Wording


@pytest.mark.parametrize(
    ("expected_by_gap", "language", "told"),
    [
        (2054, "en", "over the path by 2, 2,052 persons allowed at the end of the year"),
        (2052, "en", "on the path, 2,052 persons allowed at the end of the year"),
        (2051, "en", "under the path by 1, 2,052 persons allowed at the end of the year"),
        (2054, "vi", "vượt lộ trình 2 người, cuối năm được phép 2.052"),
    ],
)
def test_a_headcount_so_far_is_its_distance_from_the_path(
    demo_plan: Plan, expected_by_gap: int, language: str, told: str
) -> None:
    # The numerator is what the gap makes of the year's end, which nobody has counted.
    row = pd.Series({"indicator": "headcount", "numerator": expected_by_gap, "denominator": 2052})
    promise = demo_plan.promise("apparatus")
    assert isinstance(promise, ItemsPromise)
    assert items_so_far(promise, row, Wording(language)) == told

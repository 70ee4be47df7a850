"""Values of an indicator beside a threshold are written so that they can be told from it."""

from __future__ import annotations

import pytest

from analysis.report import quantities


@pytest.mark.parametrize(
    ("share", "threshold", "written"),
    [
        (0.29985, 0.3, "29,99%"),
        (0.29999, 0.3, "29,999%"),
        (0.3, 0.3, "30,0%"),
        (0.2999999, 0.3, "29,99999%"),
        (0.1 + 0.2, 0.3, "30,0%"),
        (0.277, 0.3, "27,7%"),
        (0.0204, 0.02, "2,04%"),
        (0.5, float("nan"), "50,0%"),
    ],
)
def test_a_share_is_told_from_the_threshold_it_misses(share: float, threshold: float, written: str) -> None:
    assert quantities.shares("vi").beside(share, threshold) == written


def test_a_threshold_has_the_decimals_it_needs() -> None:
    written = [quantities.shares("en").promised(line) for line in (0.3, 0.815, 0.0266, 0.02666)]
    assert written == ["30%", "81.5%", "2.66%", "2.666%"]

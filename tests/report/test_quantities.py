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


@pytest.mark.parametrize(
    ("difference", "vi"),
    [(0.0205, "+2,1"), (-0.0205, "−2,1"), (0.0, "0,0"), (-0.0004, "0,0"), (-0.3, "−30,0"), (float("nan"), "–")],
)
def test_a_change_is_signed(difference: float, vi: str) -> None:
    assert quantities.shares("vi").change(difference) == vi
    assert quantities.shares("en").change(difference) == vi.replace(",", ".")


@pytest.mark.parametrize(
    ("now", "before", "moved"),
    # 27.8 − 25.7 as printed is 2.1, though 27.76 − 25.74 is 2.02; 27.7 and 27.7 did not move.
    [(0.2776, 0.2574, "+2.1"), (0.2774, 0.2766, "0.0"), (0.2, 0.3, "−10.0"), (float("nan"), 0.3, "–")],
)
def test_a_move_is_the_difference_of_what_is_printed(now: float, before: float, moved: str) -> None:
    assert quantities.shares("en").moved(now, before) == moved

"""What does not add up is found, each kind of it, and what adds up is not."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis.data.form06a.filed import broken_continuity, broken_identities, missing_counts
from analysis.data.form06a.layout import COUNTS
from analysis.faults import BadData

# (3) 30 = (4) 12 + (5) 8 + (6) 10 = (7) 22 + (11) 8;  (7) = 10 + 9 + 3;  (11) = 6 + 2.
RIGHT = [30, 12, 8, 10, 22, 10, 9, 3, 8, 6, 2]
ZERO = [0] * 11
TWICE = [2 * value for value in RIGHT]


def _with(**changes):
    return [changes.get(key, value) for key, value in zip(COUNTS, RIGHT, strict=True)]


def _found(frame):
    return frame.to_numpy().tolist()


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({}, []),
        ({"received_online": 11}, [["(3)=(4)+(5)+(6)", 30, 29, 1]]),
        ({"resolved_late": 5}, [["(7)=(8)+(9)+(10)", 22, 24, -2]]),
        ({"pending_in_time": 0}, [["(11)=(12)+(13)", 8, 2, 6]]),
        ({"pending_total": 9, "pending_late": 3}, [["(3)=(7)+(11)", 30, 31, -1]]),
        ({"received_total": 31}, [["(3)=(4)+(5)+(6)", 31, 30, 1], ["(3)=(7)+(11)", 31, 30, 1]]),
        ({"carried_over": None}, [["(3)=(4)+(5)+(6)", 30, 20, 10]]),
        ({"carried_over": None, "received_online": 22}, []),
        ({"received_total": None}, []),
        ({"pending_in_time": None, "pending_late": None}, []),
    ],
)
def test_each_identity_inside_a_row(changes, broken, form):
    found = broken_identities(form([(9, "", "Sở Y tế", _with(**changes))]))
    assert _found(found) == [[9, "Sở Y tế", *one] for one in broken]


def test_totals_are_held_against_the_rows_they_sum(form):
    rows = [(9, "A", "Một", RIGHT), (10, "A", "Hai", RIGHT), (12, "B", "Ba", RIGHT)]
    part = [value + (key == "resolved_late") for key, value in zip(COUNTS, TWICE, strict=True)]
    whole = [3 * value for value in RIGHT]
    totals = [
        (8, "section", "A", 9, 10, part),
        (11, "section", "B", 12, 12, RIGHT),
        (13, "total", "Tổng", 8, 12, whole),
    ]
    assert _found(broken_identities(form(rows, totals))) == [
        [8, "A", "(7)=(8)+(9)+(10)", 44, 45, -1],
        [8, "A", "(10)=sum of rows 9-10", 7, 6, 1],
    ]
    totals[2] = (13, "total", "Tổng", 8, 12, TWICE)
    assert len(broken_identities(form(rows, totals))) == 2 + 11


def test_in_a_sum_a_blank_adds_nothing(form):
    rows = [(9, "", "Một", RIGHT), (10, "", "Hai", [None] * 11)]
    agrees, more = form(rows, [(11, "total", "Tổng", 9, 10, RIGHT)]), form(rows, [(11, "total", "Tổng", 9, 10, TWICE)])
    assert broken_identities(agrees).empty
    assert len(broken_identities(more)) == 11
    assert missing_counts(agrees).to_numpy().tolist() == [[10, "Hai", key] for key in COUNTS]


def test_a_total_over_no_rows_is_compared_with_nothing(form):
    assert broken_identities(form([(9, "", "Một", RIGHT)], [(20, "section", "Xã", 21, 25, ZERO)])).empty


def test_what_was_pending_is_what_is_carried_over(form):
    now = form(
        [
            (9, "Cấp tỉnh", "Sở Y tế", _with(carried_over=10)),
            (10, "Cấp tỉnh", "Sở Nội vụ", _with(carried_over=7)),
            (11, "Cấp tỉnh", "Sở Du lịch", _with(carried_over=0)),
            (12, "Cấp xã", "Đất đai", _with(carried_over=None)),
            (13, "Cấp xã", "Hộ tịch", _with(carried_over=2)),
            (14, "Cấp xã", "Hộ tịch", _with(carried_over=3)),
        ]
    )
    before = form(
        [
            (9, "CẤP TỈNH", "SỞ Y TẾ", _with(pending_total=10)),
            (10, "Cấp tỉnh", "Sở Nội vụ", _with(pending_total=8)),
            (11, "Cấp tỉnh", "Sở Công thương", _with(pending_total=4)),
            (12, "Cấp xã", "Đất đai", _with(pending_total=1)),
            (13, "Cấp xã", "Hộ tịch", _with(pending_total=5)),
        ]
    )
    broken = broken_continuity(now, before)
    assert broken.astype(object).where(broken.notna(), None).to_numpy().tolist() == [
        ["Cấp tỉnh", "Sở Nội vụ", 7, 8, -1],
        ["Cấp tỉnh", "Sở Du lịch", 0, None, None],
        ["Cấp xã", "Đất đai", None, 1, None],
        ["Cấp tỉnh", "Sở Công thương", None, 4, None],
    ]


def test_forms_that_agree_give_an_empty_table_of_the_same_columns(form):
    one = form([(9, "", "Sở Y tế", _with(carried_over=8))])
    broken = broken_continuity(one, one)
    assert broken.empty
    assert list(broken) == ["section", "name", "carried_over", "pending_before", "difference"]
    assert broken["difference"].dtype == pd.Int64Dtype()


def test_only_forms_of_periods_that_follow_each_other_are_compared(form):
    rows = [(9, "", "Sở Y tế", _with(carried_over=8))]
    quarter2 = form(rows, first_day=date(2021, 3, 15), last_day=date(2021, 6, 14))
    quarter3 = form(rows, first_day=date(2021, 6, 15), last_day=date(2021, 9, 14))
    assert broken_continuity(quarter3, quarter2).empty
    with pytest.raises(BadData, match=r"starts on 15/03/2021 and .* ends on 14/09/2021; the day after was expected"):
        broken_continuity(quarter2, quarter3)

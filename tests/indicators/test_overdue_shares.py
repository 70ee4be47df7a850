"""Overdue cases under the three denominators in public use, and the figures provinces print by them."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.data.contracts import Counts, Workload, check, columns_of, empty
from library_series import library_series

# period, agency, field, carried_in, received, resolved, resolved_late, overdue_at_end, due, due_late
DESK = [
    ("2021-01", "stp", "hotich", 10, 40, 35, 3, 2, 30, 4),
    ("2021-01", "sxd", "xaydung", 6, 14, 10, 1, 4, 10, 5),
    ("2021-02", "stp", "hotich", 15, 25, 30, 2, 1, 20, 1),
]
# period, agency, field, timeliness, resolved
DONE = [
    ("2021-01", "stp", "hotich", "early", 20),
    ("2021-01", "stp", "hotich", "on_time", 8),
    ("2021-01", "stp", "hotich", "late", 3),
    ("2021-01", "stp", "hotich", "no_due_date", 4),
    ("2021-01", "sxd", "xaydung", "on_time", 9),
    ("2021-01", "sxd", "xaydung", "late", 1),
    ("2021-02", "stp", "hotich", "early", 28),
    ("2021-02", "stp", "hotich", "late", 2),
]


def _desk(rows):
    columns = ["period", "agency", "field", *columns_of(Workload)[5:]]
    frame = pd.DataFrame(rows, columns=columns).reindex(columns=columns_of(Workload))
    return check(frame, Workload, where="hand-made desk")


def _done(rows):
    columns = ["period", "agency", "field", "timeliness", "resolved"]
    frame = pd.DataFrame(rows, columns=columns).reindex(columns=columns_of(Counts))
    return check(frame.assign(received=0), Counts, where="hand-made counts")


COUNTED = {
    "resolved": {},
    "workload": {"counted": "on_desk", "denominator": {}, "late_stock": False},
    "due": {"counted": "due", "denominator": {}, "late_stock": False},
}
"""What the plan of Khánh Hòa says of the share overdue under each answer."""


def overdue(counts, workload, *, denominator="resolved", groups=None):
    shares = library_series("overdue", COUNTED[denominator], counts=counts, workload=workload, groups=groups)
    return shares[shares["indicator"] == "overdue"]


def no_due_date(counts):
    return library_series("no_due_date", counts=counts)


def _row(shares, series="total", period="2021-01"):
    row = shares[(shares["series"] == series) & (shares["period"] == period)].iloc[0]
    return row["numerator"], row["denominator"], row["value"]


@pytest.mark.parametrize(
    ("denominator", "late", "of"),
    [
        ("resolved", 3 + 1, 20 + 8 + 3 + 4 + 9 + 1),
        ("workload", (3 + 2) + (1 + 4), (10 + 40) + (6 + 14)),
        ("due", 4 + 5, 30 + 10),
    ],
)
def test_each_denominator_has_its_own_late_cases(denominator, late, of):
    shares = overdue(_done(DONE), _desk(DESK), denominator=denominator)
    assert _row(shares) == (late, of, pytest.approx(late / of))
    assert set(shares["indicator"]) == {"overdue"}
    assert set(shares["series"]) == {"total", "stp", "sxd", "hotich", "xaydung"}


def test_over_a_year_a_case_on_the_desk_is_in_each_of_its_months():
    shares = overdue(_done(DONE), _desk(DESK), denominator="workload")
    year = shares[shares["series"] == "stp"][["numerator", "denominator"]].sum()
    # The 15 carried into February are among January's 50 as well.
    assert year.tolist() == [(3 + 2) + (2 + 1), (10 + 40) + (15 + 25)]


def test_fields_of_a_group_are_counted_together():
    groups = {"field": {"named": ["hotich", "xaydung"], "building": ["xaydung"], "absent": ["thue"]}}
    shares = overdue(_done(DONE), _desk(DESK), denominator="due", groups=groups)
    assert _row(shares, "named")[:2] == (9, 40)
    assert _row(shares, "building")[:2] == _row(shares, "xaydung")[:2] == (5, 10)
    assert "absent" not in set(shares["series"])


def test_read_literally_it_is_of_the_resolved():
    early = {"numerator": {"timeliness": "early"}, "late_stock": False}
    shares = library_series("overdue", early, counts=_done(DONE), workload=_desk(DESK))
    assert _row(shares)[:2] == (20, 45)


def test_resolved_late_of_those_and_the_late_on_the_desk():
    shares = library_series("overdue", counts=_done(DONE), workload=_desk(DESK))
    stock = shares[shares["indicator"] == "overdue_resolved"]
    # Resolved late: 3 + 1; still late on the desk: 2 + 4.
    assert _row(stock)[:2] == (4, 10)
    assert _row(stock, "stp", "2021-02")[:2] == (2, 3)


@pytest.mark.parametrize("denominator", ["workload", "due"])
def test_without_a_workload_there_is_no_share_of_it(denominator):
    assert overdue(_done(DONE), empty(Workload), denominator=denominator).empty


def test_resolved_without_a_due_date_is_shown_beside():
    shares = no_due_date(_done(DONE))
    assert set(shares["indicator"]) == {"no_due_date"}
    assert _row(shares) == (4, 45, pytest.approx(4 / 45))
    assert _row(shares, "sxd") == (0, 10, 0)
    assert no_due_date(_done(DONE).assign(timeliness=None)).empty


def test_the_figures_of_vinh_phuc():
    """Third quarter of 2021: 14,043 new and 2,191 carried = 16,234; due 14,101, in time 14,064 (99.74 %), late 37."""
    # It prints neither what was resolved late nor what was left: those two columns are ours, and in neither figure.
    desk = _desk([("2021Q3", None, None, 2191, 14043, 14101 - 37, 0, 37, 14101, 37)])
    late, due, share = _row(overdue(_done([]), desk, denominator="due"), period="2021Q3")
    assert (late, due, due - late) == (37, 14101, 14064)
    assert (f"{share:.2%}", f"{1 - share:.2%}") == ("0.26%", "99.74%")
    assert _row(overdue(_done([]), desk, denominator="workload"), period="2021Q3")[1] == 16234


def test_the_figures_of_thua_thien_hue():
    """Levels 1 and 2: 257,141 resolved = 124,907 early, 102,770 on time, 19,852 late (7.7 %); 3.7 % in no class."""
    classes = {"early": 124907, "on_time": 102770, "late": 19852}
    classes["no_due_date"] = 257141 - sum(classes.values())
    counts = _done([("2021Q3", None, None, *one) for one in classes.items()])
    shares = [overdue(counts, empty(Workload)), no_due_date(counts)]
    assert [_row(one, period="2021Q3")[:2] for one in shares] == [(19852, 257141), (9612, 257141)]
    assert [f"{_row(one, period='2021Q3')[2]:.1%}" for one in shares] == ["7.7%", "3.7%"]

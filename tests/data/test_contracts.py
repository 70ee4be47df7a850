"""A table is the contract's, or the first breach is told."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.data.contracts import Counts, Ratings, check
from analysis.faults import BadData

ROW = {
    "period": "2021-09", "agency": "stp", "district": None, "field": "hotich", "procedure": None, "channel": "online",
    "published_online": True, "timeliness": "early", "received": 0, "resolved": 3,
}  # fmt: skip
RATING = {
    "period": "2021-09", "agency": "stp", "district": None, "field": "hotich", "channel": "online",
    "satisfied": 2, "respondents": 3,
}  # fmt: skip


def test_a_good_table_passes_with_its_columns_in_order():
    checked = check(pd.DataFrame([dict(reversed(ROW.items()))]), Counts, where="counts")
    assert list(checked) == list(ROW)
    assert checked["resolved"].tolist() == [3]


@pytest.mark.parametrize(
    "change",
    [{"resolved": -1}, {"channel": "fax"}, {"period": "2021-9"}, {"agency": "Sở Tư pháp"}, {"timeliness": "soon"}],
)
def test_a_breach_names_its_row_and_column(change):
    (column,) = change
    with pytest.raises(BadData, match=f"counts row 1: column {column}"):
        check(pd.DataFrame([ROW | change]), Counts, where="counts")


def test_a_breach_is_told_with_the_row_it_stands_in():
    with pytest.raises(BadData, match=r"counts row 2: column resolved: .*-1.* \(1 such in all\)"):
        check(pd.DataFrame([ROW, ROW | {"resolved": -1}, ROW]), Counts, where="counts")


def test_a_dimension_the_source_lacks_is_missing_and_a_period_is_not():
    lacking = dict.fromkeys(["agency", "district", "field", "channel", "published_online", "timeliness", "received"])
    assert check(pd.DataFrame([ROW | lacking]), Counts, where="counts")[list(lacking)].isna().all(axis=None)
    with pytest.raises(BadData, match="row 1: column period"):
        check(pd.DataFrame([ROW | {"period": None}]), Counts, where="counts")


def test_an_unknown_or_missing_column_is_refused():
    frame = pd.DataFrame([ROW]).drop(columns="resolved").assign(name="Nguyễn")
    with pytest.raises(BadData, match=r"unknown \['name'\], missing \['resolved'\]"):
        check(frame, Counts, where="counts")


def test_more_satisfied_than_asked_is_refused():
    check(pd.DataFrame([RATING]), Ratings, where="ratings")
    with pytest.raises(BadData, match="satisfied_within_respondents"):
        check(pd.DataFrame([RATING | {"satisfied": 4}]), Ratings, where="ratings")

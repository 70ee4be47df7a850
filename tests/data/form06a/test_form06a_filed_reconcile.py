"""Their form against our totals: every difference is listed, the largest first."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.data.form06a.filed import quarter_form, reconcile
from analysis.data.form06a.layout import COUNTS
from analysis.faults import BadParameters
from analysis.parameters import ROOT
from analysis.plan.plan import read_plan
from run_inputs import case, cases_file

RIGHT = [30, 12, 8, 10, 22, 10, 9, 3, 8, 6, 2]
NAMES = {"syt": "Sở Y tế", "snv": "Sở Nội vụ", "dk": "UBND huyện Diên Khánh"}


def _with(**changes):
    return [changes.get(key, value) for key, value in zip(COUNTS, RIGHT, strict=True)]


def _ours(*rows):
    frame = pd.DataFrame([[code, *counts] for code, counts in rows], columns=["code", *COUNTS])
    return frame.astype({"code": "str"} | dict.fromkeys(COUNTS, "Int64"))


def _found(frame):
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


def test_what_agrees_gives_an_empty_table(form):
    found = reconcile(form([(9, "", "Sở Y tế", RIGHT)]), _ours(("syt", RIGHT)), NAMES)
    assert found.empty
    assert list(found) == ["name", "code", "column", "theirs", "ours", "difference"]


def test_every_difference_is_listed_the_largest_first(form):
    filed = form(
        [
            (9, "", "Sở Y tế", _with(received_online=13, resolved_late=0)),
            (10, "", "Sở Nội vụ", _with(pending_in_time=106)),
            (11, "", "UBND huyện Diên Khánh", RIGHT),
        ]
    )
    ours = _ours(("dk", RIGHT), ("snv", RIGHT), ("syt", RIGHT))
    assert _found(reconcile(filed, ours, NAMES)) == [
        ["Sở Nội vụ", "snv", "pending_in_time", 106, 6, 100],
        ["Sở Y tế", "syt", "resolved_late", 0, 3, -3],
        ["Sở Y tế", "syt", "received_online", 13, 12, 1],
    ]


@pytest.mark.parametrize("name", ["Sở Y tế", "SỞ Y TẾ", "So Y te", "sở-y-tế", "syt", "SYT"])
def test_bodies_are_matched_by_name_code_or_folded_name(name, form):
    assert reconcile(form([(9, "", name, RIGHT)]), _ours(("syt", RIGHT)), NAMES).empty


def test_bodies_on_one_side_only_are_listed(form):
    filed = form([(9, "", "Sở Du lịch", _with()), (10, "", "Sở Khác", [0] * 11)])
    ours = _ours(("syt", _with(received_online=1)), (None, [1, 1, *[0] * 9]))
    found = reconcile(filed, ours, NAMES)
    alone = found.groupby("name")[["theirs", "ours"]].count().to_dict("index")
    assert alone == {
        "Sở Du lịch": {"theirs": 11, "ours": 0},
        "Sở Y tế": {"theirs": 0, "ours": 11},
        "Không xác định": {"theirs": 0, "ours": 2},
    }
    assert found["difference"].abs().is_monotonic_decreasing
    assert found.loc[found["name"] == "Sở Du lịch", "code"].isna().all()
    assert found.loc[found["name"] == "Sở Y tế", "difference"].tolist() == [
        -30,
        -22,
        -10,
        -10,
        -9,
        -8,
        -8,
        -6,
        -3,
        -2,
        -1,
    ]


def test_a_blank_cell_is_a_difference_unless_we_count_none(form):
    filed = form([(9, "", "Sở Y tế", _with(resolved_late=None, pending_late=None))])
    found = reconcile(filed, _ours(("syt", _with(pending_late=0))), NAMES)
    assert _found(found) == [["Sở Y tế", "syt", "resolved_late", None, 3, -3]]


def test_a_field_under_each_level_is_added_up(form):
    filed = form([(9, "Cấp tỉnh", "Đất đai", RIGHT), (20, "Cấp xã", "Đất đai", RIGHT)])
    assert reconcile(filed, _ours(("dat-dai", [2 * value for value in RIGHT])), {}).empty


def test_bodies_that_differ_in_diacritics_alone_are_not_mixed_up(form):
    names = {"hoa": "Xã Hòa Sơn", "hoa2": "Xã Hoa Sơn"}
    filed = form([(9, "", "Xã Hoa Sơn", RIGHT), (10, "", "Xã Hòa Sơn", [0] * 11)])
    assert reconcile(filed, _ours(("hoa", [0] * 11), ("hoa2", RIGHT)), names).empty
    # Ours has only one of them: the other stands alone, not added to it.
    found = reconcile(filed, _ours(("hoa", [0] * 11)), {"hoa": "Xã Hòa Sơn"})
    assert set(found["name"]) == {"Xã Hoa Sơn"}
    assert found["code"].isna().all()


def test_two_codes_of_one_name_are_refused(form):
    with pytest.raises(BadParameters, match="'a' and 'b' both go by 'Sở Y tế'"):
        reconcile(form([(9, "", "Sở Y tế", RIGHT)]), _ours(("a", RIGHT)), {"a": "Sở Y tế", "b": "Sở Y tế"})


def test_bodies_that_the_plan_does_not_name_are_matched_by_what_the_data_calls_them(xlsx, tmp_path):
    xlsx(name="form-06a-2021-Q3.xlsx")
    plan = read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml").model_copy(update={"names": {}})
    cases = cases_file([case("2021-09-01", agency=agency) for agency in ("noivu", "nv2")], tmp_path / "cases.parquet")
    found = quarter_form(
        cases,
        tmp_path,
        plan=plan,
        quarter=pd.Period("2021Q3"),
        due_precision="day",
        # Two files of two systems may call two codes alike: the first is matched, and the other keeps its code.
        data_names={"agency": {"noivu": "Sở Nội vụ", "nv2": "Sở Nội Vụ"}, "procedure": {"nv2": "Thủ tục"}},
    ).reconciliation
    received = found[found["column"] == "received_total"].set_index("name")
    assert received.loc[["Sở Nội vụ", "nv2"], ["code", "ours"]].to_numpy().tolist() == [["noivu", 1], ["nv2", 1]]
    assert pd.isna(received.loc["Sở Y tế", "code"])

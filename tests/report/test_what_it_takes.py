"""What the rest of the year must deliver is said in cases, and "out of reach" only where arithmetic has decided."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.parameters import ROOT
from analysis.plan.plan import Plan, read_plan
from analysis.report.what_it_takes import cell, sentence
from analysis.report.wording import Wording
from analysis.rules import Rule

EN, VI = Wording("en"), Wording("vi")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml")


LATE, ONLINE = ("overdue", "at_most"), ("online_of_all", "at_least")


def _rate(required: float, a_week: float = 0.0, *, current: float = 0.0232, reachable: float = 1.0) -> pd.Series:
    return pd.Series(
        {
            "weeks_left": 13.0,
            "required_share": required,
            "cases_per_week": a_week,
            "current_share": current,
            "reachable": reachable,
        }
    )


def test_what_may_still_be_late_is_said_in_cases(plan: Plan) -> None:
    # 0.316923 a week for 13 weeks are 4.12 cases: four may still be late, not "about 0 a week".
    rate = _rate(0.0004, 0.316923)
    assert sentence(EN, plan, *LATE, rate) == (
        "In the 13 weeks left, no more than 4 of the cases may be late (0.04% of those expected; last quarter: 2.3%)."
    )
    assert cell(VI, plan, *LATE, rate) == "từ nay chỉ được trễ thêm 4 hồ sơ, 0,04% (hiện 2,3%)"
    assert cell(VI, plan, *LATE, _rate(0.0001, 0.05)) == "từ nay không được trễ thêm hồ sơ nào (hiện 2,3%)"


def test_a_share_that_is_not_of_late_cases_does_not_speak_of_them(plan: Plan) -> None:
    told = cell(EN, plan, "no_due_date", "at_most", _rate(0.0004, 0.316923))
    assert told == "from now on no more than 4 cases, 0.04% (now 2.3%)"


@pytest.mark.parametrize(("part", "required"), [(LATE, -0.01), (ONLINE, 1.2)])
def test_out_of_reach_is_said_only_where_no_draw_could_keep_it(
    plan: Plan, part: tuple[str, Rule], required: float
) -> None:
    decided, open_still = _rate(required, reachable=0.0), _rate(required, reachable=0.19)
    assert cell(EN, plan, *part, decided) == "out of reach"
    assert sentence(EN, plan, *part, decided).startswith("Out of reach: ")
    assert cell(EN, plan, *part, open_still) == "out of reach unless more cases come than expected (chance 19%)"
    assert sentence(EN, plan, *part, open_still) == (
        "Out of reach if as many cases come as expected; if more come, the promise can still be kept (chance that "
        "enough come: 19%)."
    )


def test_what_is_kept_whatever_comes_is_not_out_of_reach(plan: Plan) -> None:
    assert cell(EN, plan, *ONLINE, _rate(-0.1)) == "nothing more, if as many cases come as expected"
    assert sentence(EN, plan, *LATE, _rate(1.1)) == "Nothing more is needed if as many cases come as expected."


def test_a_quarter_that_fell_short_of_what_is_needed_does_not_print_as_it(plan: Plan) -> None:
    told = cell(EN, plan, *ONLINE, _rate(0.3, 1659.0, current=0.29996))
    assert told == "30.0% of the rest, 1,659 cases a week (now 29.996%)"

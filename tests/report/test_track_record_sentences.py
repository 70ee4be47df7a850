"""The sentences of the track record say the counts they are built from, and what no past forecast was graded for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest

from analysis.attainment.probability import JUDGES
from analysis.parameters import ROOT
from analysis.plan.plan import Plan, read_plan
from analysis.plan.promises import AnyPromise
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.results import Results
from analysis.report import grades
from analysis.report.track_record_sentences import (
    BASES,
    IntervalRecord,
    basis_sentences,
    interval_sentence,
    mark,
    summary_sentences,
)
from analysis.report.wording import Wording
from changed_results import made_results

EN, VI = Wording("en"), Wording("vi")
PLAN = read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml")
NOTHING = pd.DataFrame(
    columns=[
        "panel", "model", "n", "coverage_80", "target", "part", "planned_on", "bin", "said", "happened", "inside_80",
    ]
)  # fmt: skip


def _results(plan: Plan = PLAN, **tables: Any) -> Results:
    """Return results in which every promise has a probability of a half and ten of twenty items done."""
    rows = [
        {"target": code, "part": "", "probability": 0.5, "verdict": "uncertain", "denominator": 20, "note": ""}
        for code in plan.targets
    ]
    return made_results(
        plan, Fingerprint("a", "b", "c", "d"), of_data={"about": None, "basis": None, "compared_with": None,
        "form_filed": False}, default=lambda name: NOTHING, **({"promises": pd.DataFrame(rows)} | tables),
    )  # fmt: skip


def _scored(**held: tuple[int, int]) -> pd.DataFrame:
    """Return the published forecasts of each indicator and those that held, in two years, and a model to leave out."""
    rows = [
        {"panel": panel, "model": "hub", "year": 2019 + at, "n": n // 2, "coverage_80": k // 2}
        for panel, (n, k) in held.items()
        for at in (0, 1)
    ]
    return pd.DataFrame([*rows, {"panel": "online_of_all", "model": "npeb", "n": 500, "coverage_80": 500}])


@pytest.fixture(autouse=True)
def _public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give public grades made by hand: 200 shares of which 170 held; of lists, long ones with several days only."""
    (tmp_path / "panel").mkdir()
    _scored(panel=(200, 170)).query("model == 'hub'").to_csv(tmp_path / "panel" / "years.csv", index=False)
    kind = {"panel": "boston-cases", "short": False, "one_day": False, "quarters": 1}
    lists = {"n": 1200, "coverage_80": 1080, "inside_80": 900, "model": "published"}
    simulated = {"panel": "simulated", "n": 999, "coverage_80": 0}
    pd.DataFrame([kind | lists, kind | lists | {"model": "on_its_day"}, kind | lists | simulated]).to_csv(
        tmp_path / "panel" / "item_scores.csv", index=False
    )
    bins = [(0, 100, 1), (1, 300, 23), (2, 80, 30), (6, 150, 120), (7, 50, 48)]
    rows = [kind | {"bin": at, "n": n, "said": n / 2, "happened": happened} for at, n, happened in bins]
    pd.DataFrame([*rows, rows[0] | {"panel": "simulated", "happened": 100}]).to_csv(
        tmp_path / "panel" / "item_calibration.csv", index=False
    )
    monkeypatch.setattr(grades, "PUBLIC_GRADES", tmp_path)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (IntervalRecord(62, 35), "62 past forecasts of x, the 80% interval held the outcome in 56%: too narrow."),
        (
            IntervalRecord(1462, 1111),
            "1,462 past forecasts of x, the 80% interval held the outcome in 76%: about as it should.",
        ),
        (IntervalRecord(40, 39), "40 past forecasts of x, the 80% interval held the outcome in 98%: too wide."),
        (IntervalRecord(1, 0), "1 past forecast of x, the 80% interval held the outcome in 0%: too few to judge."),
        (
            IntervalRecord(20, 14),
            "20 past forecasts of x, the 80% interval held the outcome in 70%: about as it should.",
        ),
        # An end that is a whole item counts wholly in 96, and in part in 85, or 91.
        (
            IntervalRecord(100, 96, 85),
            "100 past forecasts of x, the 80% interval held the outcome in 96%: no wider than whole items make it.",
        ),
        (IntervalRecord(100, 98, 91), "100 past forecasts of x, the 80% interval held the outcome in 98%: too wide."),
    ],
)
def test_a_sentence_says_its_counts_and_whether_the_interval_is_right(held: IntervalRecord, told: str) -> None:
    assert interval_sentence(held, "x", EN) == f"Of {told}"


def test_the_same_in_vietnamese() -> None:
    told = interval_sentence(IntervalRecord(1462, 834), "x", VI)
    assert told == (
        "Trong 1.462 dự báo trước đây về x, 57% có kết quả nằm trong khoảng dự báo 80%: hẹp hơn mức cần có."
    )


def test_every_kind_of_promise_says_what_its_probability_rests_on() -> None:
    kinds = {get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(AnyPromise)[0])}
    assert set(BASES) == kinds == set(JUDGES)


def test_a_promise_on_shares_rests_on_its_own_indicators_and_says_which_is_far_off() -> None:
    results = _results(scored=_scored(online_of_all=(488, 370), online_of_published=(486, 278), overdue=(4, 4)))
    target = PLAN.promise("online_uptake")
    assert basis_sentences(results, target, EN) == [
        'Of 488 past forecasts of "Share filed online, of all cases resolved", the 80% interval held the outcome in '
        "76%: about as it should.",
        'Of 486 past forecasts of "Share filed online, of the cases resolved under procedures published online", the '
        "80% interval held the outcome in 57%: too narrow.",
    ]
    first, second = target.parts.values()
    assert mark(results, target, EN, first) == ""
    assert mark(results, target, EN, second) == "80% intervals held 57% of 486: too narrow"
    assert mark(results, target, EN) == "80% intervals held 57% of 486: too narrow"


def test_beside_the_bodies_stand_the_whole_the_probabilities_and_what_is_graded_apart() -> None:
    results = _results(
        PLAN,
        scored=_scored(online_of_all=(100, 80)),
        totals=pd.DataFrame(
            {"panel": "online_of_all", "model": ["hub", "hub", "hub_sum"], "inside_80": [True, False, True]}
        ),
        reliability=pd.DataFrame(
            # 40 of 30 % on average of which 24 happened; those above 80 % are told elsewhere
            {"panel": "online_of_all", "model": "hub", "bin": [2, 3, 6], "n": [30, 10, 50], "said": [8.0, 4.0, 45.0],
             "happened": [16, 8, 10]}
        ),
        recounted=_scored(online_of_all=(64, 16)),
    )  # fmt: skip
    assert basis_sentences(results, PLAN.promise("online_uptake"), EN)[1:] == [
        "Of the whole itself: 1 of 2.",
        "Of 40 probabilities between 20% and 80%, 30% on average, 60% came true: too low.",
        '64 more of "Share filed online, of all cases resolved" are graded apart: a change that the plan declares (in '
        "counting, bodies or systems) came after them and before the year was over. Their 80% intervals held the "
        "outcome in 25%.",
    ]
    said = "64 more forecasts are graded apart, because a declared change came after them: 25% held."
    assert said in summary_sentences(results, EN)


def test_a_part_on_the_last_quarter_is_not_marked_with_the_grades_of_the_year() -> None:
    share = PLAN.promise("online_uptake")
    name, part = next(iter(share.parts.items()))
    quarter = part.model_copy(update={"window": "last_quarter"})
    target = share.model_copy(update={"parts": share.parts | {name: quarter}})
    results = _results(scored=_scored(online_of_all=(488, 200), online_of_published=(486, 400)))
    assert mark(results, target, EN, quarter) == "not yet tested"


def test_shares_without_an_earlier_year_rest_on_public_data() -> None:
    told = basis_sentences(_results(), PLAN.promise("online_uptake"), EN)
    assert told == [
        "Of 200 past forecasts of shares on public data, the 80% interval held the outcome in 85%: about as it should."
    ]


def test_neither_means_without_an_earlier_year_nor_last_quarters_are_tested() -> None:
    share = PLAN.promise("online_uptake")
    of_quarter = {name: part.model_copy(update={"window": "last_quarter"}) for name, part in share.parts.items()}
    by_steps = share.model_copy(update={"parts": of_quarter})
    mean = share.model_copy(update={"kind": "mean"})
    own = _results(scored=_scored(online_of_all=(488, 370)))
    for target, results in ((by_steps, own), (mean, _results())):
        assert basis_sentences(results, target, EN) == [
            "Not yet tested: no past forecast of this kind has been graded."
        ]
        assert mark(results, target, EN) == "not yet tested"
    assert "76%" in basis_sentences(own, mean, EN)[0]


def test_dated_items_rest_on_real_lists_of_their_kind() -> None:
    several = pd.DataFrame({"target": "one_stop", "planned_on": pd.to_datetime(["2021-06-30", "2021-12-14"])})
    results = _results(items_missing=several)
    assert basis_sentences(results, PLAN.promise("one_stop"), EN) == [
        "Of 1,200 past forecasts of lists of dated items, by the closing days of real cases, the 80% interval held the "
        "outcome in 90%: about as it should. Of 200 probabilities above 80%, 84% came true. Of 400 probabilities of "
        "20% or less, 6% came true."
    ]
    assert mark(results, PLAN.promise("one_stop"), EN) == ""
    # Its path beside the items is tested by nothing.
    assert basis_sentences(results, PLAN.promise("apparatus"), EN)[1:] == ["Its headcount path: not yet tested."]


@pytest.mark.parametrize("kind", ["all on the last day", "short", "counted in cases"])
def test_a_list_of_a_kind_that_was_not_graded_is_not_yet_tested(kind: str) -> None:
    target, tables = PLAN.promise("portal_integration"), {}
    if kind == "all on the last day":
        last = pd.to_datetime(["2021-12-14", "2021-12-14"])
        tables["items_missing"] = pd.DataFrame({"target": target.id, "planned_on": last})
    elif kind == "short":
        tables["promises"] = _results().attainment.promises.assign(denominator=9)
    else:
        done = target.inventory.model_copy(update={"done": {"cases": {"at_least": 1}}})
        target = target.model_copy(update={"inventory": done})
    assert mark(_results(**tables), target, EN) == "not yet tested"


def test_a_probability_in_a_range_that_came_true_too_seldom_says_so(tmp_path: Path) -> None:
    file = tmp_path / "panel" / "item_calibration.csv"
    bins = pd.read_csv(file)
    bins.loc[bins["bin"] == 7, "happened"] = 20  # of 200 above 80 %, 140 happened
    bins.to_csv(file, index=False)
    promises = _results().attainment.promises
    target = PLAN.promise("one_stop")
    assert mark(_results(promises=promises.assign(probability=0.9)), target, EN) == (
        "above 80% was said 200 times, and 70% came true"
    )
    assert mark(_results(promises=promises.assign(probability=0.8)), target, EN) == ""
    assert mark(_results(promises=promises.assign(probability=0.1)), target, EN) == ""


def test_surveys_and_indices_are_not_yet_tested() -> None:
    for code in ("satisfaction", "pci_group"):
        assert mark(_results(), PLAN.promise(code), VI) == "chưa kiểm nghiệm"


def test_the_summary_says_for_which_promises_each_test_holds() -> None:
    plan = PLAN.model_copy(
        update={"targets": {code: PLAN.targets[code] for code in ("online_uptake", "one_stop", "pci_group")}}
    )
    results = _results(plan, scored=_scored(online_of_all=(488, 370), online_of_published=(486, 278)))
    assert summary_sentences(results, EN) == [
        "Tested on earlier years of the plan's own series, 1 of 3 probabilities (Resolved online: 30% (or 50%)): 80% "
        "intervals held the outcome of 67% of 974 forecasts.",
        "Tested on lists of real cases, 1 of 3 probabilities (those on dated items): 80% intervals held the outcome of "
        "90% of 1,200 forecasts.",
        "Not yet tested, 1 of 3 probabilities (PCI in the good group): no past forecast of the kind was graded.",
    ]


def test_the_summary_leaves_out_what_is_decided_or_not_estimated() -> None:
    promises = _results().attainment.promises
    promises.loc[promises["target"] != "one_stop", "probability"] = float("nan")
    assert len(summary_sentences(_results(promises=promises), EN)) == 1
    assert summary_sentences(_results(promises=promises.assign(verdict="met")), EN) == []

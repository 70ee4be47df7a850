"""Promises on items and indices as rows of the table: what is known on a day, worked out by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from analysis.attainment.dated import headcount_year_end, judge
from analysis.attainment.evidence import Evidence
from analysis.attainment.index_tier import judge_tier
from analysis.attainment.situation import Situation
from analysis.data.contracts import Catalogue, Progress, check, empty
from analysis.data.published import read_breaks, read_published
from analysis.forecast.rest_of_year import Forecast
from analysis.parameters import ROOT
from analysis.plan.plan import Plan
from dated_lists import YEAR_END

DAYS = ["2021-03-14", "2021-06-14", "2021-09-14", "2021-12-14"]


def _path(planned, actual, days=DAYS):
    frame = pd.DataFrame({"day": pd.to_datetime(days), "planned": planned, "actual": actual})
    frame = frame.astype({"planned": "Int64", "actual": "Int64"})
    return frame.assign(gap=frame["actual"] - frame["planned"])


def _stands(path, as_of=date(2021, 9, 20), draws=4000, key="apparatus"):
    return headcount_year_end(path, as_of=as_of, year_end=YEAR_END, draw_count=draws, seed=5, key=key)


PLANNED = [2094, 2081, 2068, 2052]


@pytest.mark.parametrize(("last", "verdict"), [(2052, "met"), (2053, "missed")])
def test_the_last_count_decides(last, verdict):
    stands = _stands(_path(PLANNED, [2090, 2083, 2070, last]), as_of=date(2021, 12, 20))
    assert stands.kept.verdict == verdict
    assert stands.values.tolist() == [last]
    assert (stands.planned, stands.gap) == (2052, last - 2052)


def test_two_steps_give_the_student_distribution_worked_out_by_hand():
    stands = _stands(_path(PLANNED, [2090, 2083, 2070, None]))
    # gaps -4, 2, 2: steps 6 and 0 over 92 days each; drift 6 / (4 + quarters); scale 0.2 % of 2052
    span, ahead = 92 / 91.3125, 91 / 91.3125
    weight = 4 + 2 * span
    drift = 6 / weight
    shape = 1 + 2 / 2
    spread = (0.002 * 2052) ** 2 + (36 / span - weight * drift**2) / 2
    scale = np.sqrt(spread / shape * (ahead**2 / weight + ahead))
    expected = student.cdf((0.5 - 2 - drift * ahead) / scale, df=2 * shape)
    assert stands.kept.probability == pytest.approx(expected, abs=0.02)
    assert np.median(stands.values) == pytest.approx(2052 + 2 + drift * ahead, abs=0.3)


@pytest.mark.parametrize(
    ("actual", "as_of", "note"),
    [
        ([2090, 2083, None, None], date(2021, 6, 20), "too_few_headcounts"),
        ([2090, 2083, 2070, None], date(2021, 12, 20), "headcount_not_counted"),
    ],
)
def test_with_too_few_counts_nothing_is_said(actual, as_of, note):
    assert _stands(_path(PLANNED, actual), as_of=as_of).kept.note == note


def test_without_a_point_in_the_year_there_is_no_path():
    old = _path([2100], [2100], days=["2020-12-14"])
    assert _stands(old).kept.note == "no_headcount_path"
    assert _stands(old.iloc[:0]).kept.note == "no_headcount_path"
    assert _stands(old.iloc[:0]).gap is None


def test_a_count_that_never_moved_is_not_thought_unmovable():
    probability = _stands(_path([100] * 4, [100, 100, 100, None])).kept.probability
    assert 0.8 < probability < 0.99


def test_further_below_the_path_is_likelier_to_stay_below():
    def likelihood(gap):
        return _stands(_path([2000] * 4, [2000 + gap] * 3 + [None])).kept.probability

    assert likelihood(-10) > likelihood(0) > likelihood(3) > likelihood(10)


@pytest.mark.statistical
def test_probabilities_are_calibrated_on_paths_with_a_drift_of_their_own():
    rng = np.random.default_rng(20)
    said, happened = [], []
    for number in range(600):
        counted, scale = int(rng.integers(3, 9)), np.exp(rng.uniform(0, 3))
        steps = scale * (0.4 * rng.standard_normal() + rng.standard_normal(counted + 1))
        gaps = np.round(np.cumsum(steps) + 2 * scale * rng.standard_normal()).astype(int)
        days = pd.date_range("2021-12-14", periods=counted + 1, freq="-91D")[::-1]
        frame = pd.DataFrame({"day": days, "planned": 2000, "actual": 2000 + gaps}).astype({"actual": "Int64"})
        frame.loc[counted, "actual"] = pd.NA
        frame["gap"] = frame["actual"] - frame["planned"]
        said.append(_stands(frame, as_of=date(2021, 9, 20), draws=500, key=str(number)).kept.probability)
        happened.append(gaps[-1] <= 0)
    said, happened = np.array(said), np.array(happened)
    for low, high in [(0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)]:
        mine = (said >= low) & (said < high)
        error = np.sqrt(np.mean(said[mine] * (1 - said[mine])) / mine.sum())
        assert abs(said[mine].mean() - happened[mine].mean()) < 3 * error


T = {"vi": "v", "en": "e"}
Q3 = pd.Period("2021Q3")
NO_FORECAST = Forecast(*[pd.DataFrame()] * 5, ())
PCI = {
    "kind": "index", "title": T, "reported": "…", "index": "pci", "tiers": ["very_good", "good", "fair_or_lower"],
    "tier": "good", "last_ranks": {2019: {"very_good": 5, "good": 16}},
}  # fmt: skip


def _at(target, quarter, facts, year=2021):
    """Return the promise and all that is known when it is judged."""
    plan = Plan.model_validate(
        {"title": T, "year": year, "calendar": {"frequency": "M", "deadlines": {"cutoff": 14}}, "source": "s",
         "scope": T, "unit": T, "area": "khanh-hoa", "targets": {"centre": target}}
    )  # fmt: skip
    return plan.targets["centre"], Situation(plan, quarter, pd.DataFrame(), NO_FORECAST, 300, 1, facts)


def _facts(progress=None, as_of=date(2021, 9, 20)):
    folder = ROOT / "data" / "published"
    return Evidence(
        as_of=as_of,
        surveys=pd.DataFrame(),
        last_round=2020,
        catalogue=empty(Catalogue),
        progress=empty(Progress) if progress is None else progress,
        published=read_published(folder),
        breaks=read_breaks(folder),
    )


def _progress(*rows, kind="milestone"):
    frame = pd.DataFrame(rows, columns=["item", "planned_on", "done_on"]).assign(
        target="centre", kind=kind, planned=None, actual=None
    )
    frame[["planned_on", "done_on"]] = frame[["planned_on", "done_on"]].apply(pd.to_datetime)
    return check(frame[list(Progress.to_schema().columns)], Progress, where="progress")


def _items(**changes):
    return {"kind": "milestones", "title": T, "reported": "…"} | changes


def _promise(target, *rows, as_of=date(2021, 9, 20), quarter=Q3):
    return judge(*_at(target, quarter, _facts(_progress(*rows), as_of)))


def test_all_done_is_met_before_the_year_is_over():
    promise = _promise(_items(), ("a", "2021-03-01", "2021-03-05"), ("b", "2021-06-01", "2021-09-01"))
    row = promise.row
    assert (row["numerator"], row["denominator"], row["probability"], row["verdict"]) == (2, 2, 1.0, "met")
    assert row["baseline_probability"] == 1.0
    assert all(frame.empty for frame in [*promise.pace, *promise.missing])


def test_both_curves_of_a_list_and_of_a_headcount_stand_beside_the_verdict():
    items = _progress(("a", "2021-03-01", "2021-03-05"), ("b", "2021-12-01", None))
    path = pd.DataFrame(
        {"target": "centre", "kind": "headcount", "item": ["p", "q", "r", "s"], "planned": [2110, 2100, 2094, 2081],
         "planned_on": pd.to_datetime(["2020-06-14", "2020-12-14", "2021-03-14", "2021-12-14"]),
         "done_on": pd.to_datetime(["2020-06-20", "2020-12-20", "2021-03-20", None]),
         "actual": [2111, 2101, 2090, None]}
    )  # fmt: skip
    progress = check(pd.concat([items, path])[list(items.columns)], Progress, where="progress")
    curves = pd.concat(judge(*_at(_items(headcount=True), Q3, _facts(progress))).curves)
    assert set(curves["target"]) == {"centre"}
    told = [(row.part, str(row.day.date()), row.planned, row.done) for row in curves.itertuples()]
    assert told == [
        ("", "2020-12-15", 0, 0), ("", "2021-03-01", 1, 0), ("", "2021-03-05", 1, 1), ("", "2021-09-20", 1, 1),
        ("", "2021-12-01", 2, pd.NA), ("", "2021-12-14", 2, pd.NA),
        # the path begins at the last point before the year
        ("headcount", "2020-12-14", 2100, 2101), ("headcount", "2021-03-14", 2094, 2090),
        ("headcount", "2021-12-14", 2081, pd.NA),
    ]  # fmt: skip


def test_what_is_done_later_is_not_known_yet_and_stands_among_what_is_missing():
    rows = [("a", "2021-03-01", "2021-03-05"), ("b", "2021-06-01", "2021-09-30")]
    promise = _promise(_items(), *rows)
    assert (promise.row["numerator"], promise.row["denominator"]) == (1, 2)
    (missing,), (pace,) = promise.missing, promise.pace
    assert missing["item"].tolist() == ["b"]
    assert missing["target"].tolist() == ["centre"]
    assert missing["days_late"].tolist() == [111]  # 1 June to 20 September
    assert (pace["items_needed"].iloc[0], pace["items_late"].iloc[0]) == (1, 1)
    # Too few are finished to learn from: no guess, and no baseline either.
    assert (promise.row["verdict"], promise.row["note"]) == ("not_estimated", "too_few_finished_items")
    assert pd.isna(promise.row["baseline_probability"])


def test_its_baselines_are_every_item_on_its_day_and_the_pace_of_six_months():
    done = [("a", "2021-03-01", "2021-03-05"), ("b", "2021-06-01", "2021-06-05"), ("c", "2021-08-01", "2021-09-01")]
    promise = _promise(_items(threshold=0.9), *done, *((f"open-{at}", "2021-11-30", None) for at in range(7)))
    (frame,) = promise.baselines
    # Two in the 184 days to 20 September; the 85 days to 14 December bring 2 × 85/184 more.
    assert frame["baseline"].tolist() == ["on_its_day", "last_six_months_pace"]
    assert frame["point"].tolist() == pytest.approx([1.0, (3 + 2 * 85 / 184) / 10])
    assert frame["raw"].tolist() == [True, False]
    assert frame["dressed"].isna().all()
    assert promise.row["baseline_probability"] == 0.995
    assert _promise(_items(), *done[:2], ("c", "2021-08-01", None)).baselines[0].empty


def test_at_the_years_end_the_count_decides():
    rows = [("a", "2021-03-01", "2021-03-05"), ("b", "2021-06-01", None)]
    end = {"as_of": date(2021, 12, 20), "quarter": pd.Period("2021Q4")}
    assert _promise(_items(), *rows, **end).row["verdict"] == "missed"
    assert _promise(_items(threshold=0.5), *rows, **end).row["verdict"] == "met"


def test_a_headcount_path_beside_the_items_makes_two_parts():
    rows = _progress(("a", "2021-03-01", "2021-03-05"), ("b", "2021-06-01", None))
    path = pd.DataFrame(
        [("all", day, day if actual else None, 100, actual) for day, actual in
         [("2020-12-14", 104), ("2021-03-14", 103), ("2021-06-14", 102), ("2021-09-14", 101), ("2021-12-14", None)]],
        columns=["item", "planned_on", "done_on", "planned", "actual"],
    ).assign(target="centre", kind="headcount")  # fmt: skip
    path[["planned_on", "done_on"]] = path[["planned_on", "done_on"]].apply(pd.to_datetime)
    both = check(pd.concat([rows, path])[list(Progress.to_schema().columns)], Progress, where="progress")
    promise = judge(*_at(_items(headcount=True), Q3, _facts(both)))
    assert [(row["part"], row["numerator"], row["denominator"]) for row in promise.parts] == [
        ("items", 1, 2), ("headcount", 101, 100),
    ]  # fmt: skip
    persons = promise.parts[1]
    assert persons["rule"] == "at_most"
    # One person too many now: simply carried on, the path is broken.
    assert persons["baseline_probability"] == 0.005
    assert 0.005 < persons["probability"] < 0.995
    assert (promise.row["rule"], promise.row["note"]) == ("all_of", "too_few_finished_items")


@pytest.mark.parametrize(
    ("year", "as_of", "note"),
    [(2021, date(2021, 9, 20), "too_few_published_years"), (2021, date(2022, 6, 1), "tier_not_stated")],
)
def test_on_the_figures_published_nobody_can_say_and_the_row_says_why(year, as_of, note):
    row = judge_tier(*_at(PCI, Q3, _facts(as_of=as_of), year)).row
    assert (row["indicator"], row["verdict"], row["note"]) == ("pci", "not_estimated", note)


def test_a_tier_stated_for_the_year_itself_decides():
    row = judge_tier(*_at(PCI, pd.Period("2019Q4"), _facts(as_of=date(2020, 6, 1)), 2019)).row
    # Rank 29 of 2019, where the good group ended with rank 16.
    assert (row["verdict"], row["probability"], row["baseline_probability"]) == ("missed", 0.0, 0.0)

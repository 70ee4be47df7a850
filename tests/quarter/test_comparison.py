"""What moved a probability: one cause alone moves one column, and the parts add up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import yaml

from analysis import strict_yaml
from analysis.attainment.verdict import COLUMNS as ROW
from analysis.data.sources.mapping import About
from analysis.faults import BadParameters
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.plan.plan import Plan, read_plan
from analysis.quarter import stages
from analysis.quarter.comparison import STEPS, what_moved
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.readings import DrawSettings
from analysis.quarter.results import Results
from changed_results import made_results
from small_quarter import changed_data, small_inputs

YEAR_END = date(2021, 12, 20)
"""After the plan's year: what is counted decides every promise, and nothing is drawn."""

DRAWN = DrawSettings(200, 1)
RUN = RunParameters(plan_file="p.yml", quarter="2021-Q4", as_of=YEAR_END, input_path="data", draw_count=200, seed=1)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A plan of two promises: 30 % online, which one question reads as 20 %, and both bodies with a one-stop shop."""
    whole = strict_yaml.read(ROOT / "parameters/plans/khanh-hoa-2021.yml", what="plan").content
    online, items = (whole["targets"][name] for name in ("online_uptake", "one_stop"))
    del online["combine"], online["parts"]["of_published"]
    lower = {"targets": {"online_uptake": {"parts": {"of_all": {"threshold": 0.2}}}}}
    asked = whole["questions"]["uptake_base"]
    asked["answers"]["received"]["patch"] = lower
    whole |= {"targets": {"online_uptake": online, "one_stop": items}, "breaks": {}}
    whole |= {
        "questions": {"uptake_base": asked},
        "indicators": {"online_of_all": whole["indicators"]["online_of_all"]},
    }
    file = tmp_path_factory.mktemp("plan") / "plan.yml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    return read_plan(file)


@pytest.fixture
def made(plan: Plan) -> Callable[..., Results]:
    """Return results that say what they are told to say; `online` of a hundred cases a month were filed online."""

    def made(
        says: tuple[float, float], *, online: int = 25, quarter: str = "2021-Q4", done: bool = False,
        code: str = "code", **answers: str,
    ) -> Results:  # fmt: skip
        months = [str(month) for month in pd.period_range("2020-01", "2021-12", freq="M")]
        series = pd.DataFrame({"period": months, "numerator": online, "denominator": 100})
        series = series.assign(indicator="online_of_all", dimension="total", series="total")
        series = series.assign(total=float("nan"), total_squares=float("nan"), value=online / 100)
        rows = pd.DataFrame({"target": ["online_uptake", "one_stop"], "probability": says}).reindex(columns=ROW)
        items = pd.DataFrame(
            {
                "target": "one_stop", "kind": "inventory", "item": ["a", "b"],
                "planned_on": pd.Timestamp(2021, 11, 1),
                "done_on": pd.to_datetime(["2021-03-01", "2021-10-01" if done else None]),
            }
        )  # fmt: skip
        return made_results(
            plan.answered(answers),
            Fingerprint("parameters", "plan", "data", code),
            of_data={"about": About(title="t", source="s", simulated=True), "basis": "exact", "compared_with": None,
                     "form_filed": False},
            default=lambda name: pd.DataFrame(),
            promises=rows.assign(part="", quarter=quarter),
            series=series[series["period"] <= f"2021-{int(quarter[-1]) * 3:02d}"],
            progress=items,
        )  # fmt: skip

    return made


def _moved(before: Results, after: Results, run: RunParameters = RUN, drawn: DrawSettings = DRAWN) -> pd.DataFrame:
    moved = what_moved(before, after, run, known_on=YEAR_END, drawn=drawn)
    whole = moved[list(STEPS)].sum(axis=1, skipna=False)
    pd.testing.assert_series_equal(whole, moved["change"], check_names=False)
    return moved.set_index("target")


def _points(moved: pd.DataFrame, target: str) -> dict[str, float]:
    """Return the causes that moved a promise, with their points."""
    points = moved.loc[target, list(STEPS)].astype(float).round(9)
    return points[points != 0].to_dict()


def test_only_months_were_added(made) -> None:
    moved = _moved(made((0.30, 0.5), quarter="2021-Q3"), made((0.38, 0.5)))
    assert _points(moved, "online_uptake") == {"new_months": 8.0}
    assert _points(moved, "one_stop") == {}
    assert moved.loc["online_uptake", ["before", "after"]].tolist() == [0.30, 0.38]
    assert set(moved["drawn_otherwise"]) == {""}


def test_only_the_past_was_revised(made) -> None:
    # 25 of 100 miss 30 %, and 32 of 100 keep it: nothing that is counted is left to chance at the end of the year.
    moved = _moved(made((0.0, 0.0)), made((1.0, 0.0), online=32))
    assert _points(moved, "online_uptake") == {"revised_past": 100.0}
    assert _points(moved, "one_stop") == {}


def test_only_an_answer_changed(made) -> None:
    # 25 of 100 keep 20 %.
    moved = _moved(made((0.0, 0.0)), made((1.0, 0.0), uptake_base="received"))
    assert _points(moved, "online_uptake") == {"other_reading": 100.0}
    assert _points(moved, "one_stop") == {}


def test_only_items_changed(made) -> None:
    moved = _moved(made((0.0, 0.0)), made((0.0, 1.0), done=True))
    assert _points(moved, "one_stop") == {"other_items": 100.0}
    assert _points(moved, "online_uptake") == {}


@pytest.mark.parametrize(
    ("code", "drawn", "named"),
    [
        ("newer", DRAWN, "program"),
        ("code", DrawSettings(200, 2), "seed"),
        ("code", DrawSettings(500, 1), "draw_count"),
        ("newer", DrawSettings(500, 2), "draw_count, seed, program"),
    ],
)
def test_only_the_simulation_changed(made, code: str, drawn: DrawSettings, named: str) -> None:
    # What the first run is made to say is not what its counts say, as if another program had said it.
    moved = _moved(made((0.4, 0.3)), made((0.0, 0.0), code=code), drawn=drawn)
    assert _points(moved, "online_uptake") == {"simulation": -40.0}
    assert _points(moved, "one_stop") == {"simulation": -30.0}
    assert set(moved["drawn_otherwise"]) == {named}


def test_all_causes_add_up(made) -> None:
    # .40 → (another program) 25 of 100 miss 30 % → (revised) 32 keep it → (answer) and 20 % → what the last run says.
    moved = _moved(made((0.4, 0.3)), made((0.9, 1.0), online=32, done=True, code="newer", uptake_base="received"))
    assert _points(moved, "online_uptake") == {"simulation": -40.0, "revised_past": 100.0, "new_months": -10.0}
    assert _points(moved, "one_stop") == {"simulation": -30.0, "other_items": 100.0}
    assert moved["change"].tolist() == pytest.approx([50.0, 70.0])


def test_what_is_not_estimated_in_one_of_the_runs_has_no_change(made) -> None:
    moved = _moved(made((float("nan"), 0.5), quarter="2021-Q3"), made((0.3, 0.5)))
    assert moved.loc["online_uptake", ["simulation", "revised_past", "other_reading", "other_items"]].isna().all()
    assert pd.isna(moved.loc["online_uptake", "change"])


def test_a_renamed_promise_is_the_same_promise(made, plan: Plan) -> None:
    after = made((0.38, 0.5))
    first = plan.promise("online_uptake").model_copy(update={"formerly": ("digital",)})
    renamed = plan.model_copy(update={"targets": plan.targets | {"online_uptake": first}})
    before = made((0.30, 0.5), quarter="2021-Q3")
    rows = before.attainment.promises
    rows["target"] = rows["target"].replace("online_uptake", "digital")
    object.__setattr__(after, "plan", renamed)
    assert _points(_moved(before, after), "online_uptake") == {"new_months": 8.0}


@pytest.mark.parametrize("quarter", ["2020-Q4", "2022-Q1"])
def test_quarters_of_two_years_or_in_the_wrong_order_are_refused(made, quarter: str) -> None:
    with pytest.raises(BadParameters, match="two quarters of one year, in order"):
        _moved(made((0.3, 0.5), quarter=quarter), made((0.3, 0.5)))
    with pytest.raises(BadParameters, match=r"2021-Q4 → 2021-Q1: two quarters of one year, in order"):
        _moved(made((0.3, 0.5)), made((0.3, 0.5)), RUN.model_copy(update={"quarter": "2021-Q1"}))


@pytest.mark.slow
def test_each_cause_moves_what_whole_runs_say_it_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other counts of the past, another seed and an answer that counts other cases, each computed whole beside."""
    monkeypatch.setattr(stages, "PROCESSED", tmp_path / "processed")
    inputs = small_inputs(tmp_path)
    content = strict_yaml.read(ROOT / "parameters/plans/khanh-hoa-2021.yml", what="plan").content
    asked = content["questions"]["uptake_base"]
    del asked["answers"]["received"]["patch"]["indicators"]["published_of_offline"]
    file = Path(inputs["plan_file"])
    small = strict_yaml.read(file, what="plan").content | {"questions": {"uptake_base": asked}}
    file.write_text(yaml.safe_dump(small, allow_unicode=True), encoding="utf-8")

    def revised(counts: pd.DataFrame) -> pd.DataFrame:
        counts = counts[counts["agency"].isin(["sxd", "stp"]) & (counts["period"] >= "2019")].copy()
        counts.loc[(counts["channel"] == "online") & (counts["period"] >= "2021-02"), ["received", "resolved"]] += 1
        return counts

    newer = {"input_path": changed_data(tmp_path / "newer", revised)}
    answered = {"answers": {"uptake_base": "received"}}

    def said(quarter: int, **changes: object) -> tuple[RunParameters, Results]:
        run_file = ROOT / f"parameters/khanh-hoa-2021/2021-Q{quarter}.yml"
        run = read_run_file(run_file, **(inputs | {"draw_count": 200, "seed": 1} | changes))
        return run, stages.results(run)

    first, *_, last = runs = [
        said(2),
        said(2, seed=2),
        said(2, seed=2, **newer),
        said(2, seed=2, **newer, **answered),
        said(3, seed=2, **newer, **answered),
    ]
    moved = what_moved(first[1], last[1], last[0], known_on=first[0].as_of, drawn=DrawSettings(200, 1))
    whole = [results.promise("online_uptake")["probability"] for _, results in runs]
    points = [round((after - before) * 100, 9) for before, after in pairwise(whole)]
    assert all(points), "each cause must move the probability, or nothing is tested"
    found = moved[moved["part"] == ""].iloc[0][["simulation", "revised_past", "other_reading", "new_months"]]
    assert found.tolist() == pytest.approx(points)
    # Read as before, the last run has itself what it says of a quarter ago.
    run, results = said(3, seed=2, **newer)
    moved = what_moved(first[1], results, run, known_on=first[0].as_of, drawn=DrawSettings(200, 1))
    found = moved[moved["part"] == ""].iloc[0]
    assert found[["simulation", "revised_past"]].tolist() == pytest.approx(points[:2])
    assert found["other_reading"] == 0

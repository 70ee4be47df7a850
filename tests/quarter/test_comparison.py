"""What moved a probability: one cause alone moves one column, and the parts add up."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.quarter import stages
from analysis.quarter.comparison import STEPS, what_moved

RUN = RunParameters(
    plan_file="p.yml", quarter="2021-Q2", as_of=date(2021, 6, 20), input_path="old", draw_count=200, seed=1
)


@pytest.fixture(autouse=True)
def computed(monkeypatch: pytest.MonkeyPatch) -> list[RunParameters]:
    """Each run has a probability of its own: .01 per seed, .02 for new data, .04 for an answer, .08 for a quarter."""
    asked: list[RunParameters] = []

    def results(run: RunParameters) -> SimpleNamespace:
        asked.append(run)
        said = 0.30 + 0.01 * run.seed + 0.02 * (run.input_path == "new") + 0.04 * bool(run.answers)
        said += 0.08 * (run.quarter == "2021-Q3")
        rows = pd.DataFrame({"target": ["a", "b"], "part": "", "probability": [said, float("nan")]})
        return SimpleNamespace(attainment=SimpleNamespace(promises=rows))

    monkeypatch.setattr(stages, "results", results)
    return asked


@pytest.mark.parametrize(
    ("change", "cause", "points"),
    [
        ({"seed": 3}, "draws", 2.0),
        ({"input_path": "new"}, "past_revised", 2.0),
        ({"answers": {"x": "y"}}, "read_otherwise", 4.0),
        ({"quarter": "2021-Q3"}, "time_passed", 8.0),
    ],
)
def test_one_cause_moves_its_own_column(change: dict, cause: str, points: float) -> None:
    moved = what_moved(RUN, RUN.model_copy(update=change)).set_index("target").loc["a"]
    assert moved[cause] == pytest.approx(points)
    assert moved[[one for one in STEPS if one != cause]].abs().max() == pytest.approx(0.0)
    assert moved["change"] == pytest.approx(points)


def test_all_causes_add_up_and_what_is_not_estimated_stays_missing(computed: list[RunParameters]) -> None:
    after = RUN.model_copy(
        update={"seed": 2, "input_path": "new", "answers": {"x": "y"}, "quarter": "2021-Q3", "as_of": date(2021, 9, 20)}
    )
    moved = what_moved(RUN, after).set_index("target")
    assert moved.loc["a", list(STEPS)].tolist() == pytest.approx([1.0, 2.0, 4.0, 8.0])
    assert moved.loc["a", "change"] == pytest.approx(15.0)
    assert (moved.loc["a", "before"], moved.loc["a", "after"]) == pytest.approx((0.31, 0.46))
    assert moved.loc["b", [*STEPS, "change"]].isna().all()
    # The newer data is looked at on the older day first: what was not known then is no revision.
    assert [(run.quarter, run.as_of.month) for run in computed] == [
        ("2021-Q2", 6), ("2021-Q2", 6), ("2021-Q2", 6), ("2021-Q2", 6), ("2021-Q3", 9),
    ]  # fmt: skip


def test_quarters_of_two_years_or_in_the_wrong_order_are_refused() -> None:
    for other in ("2022-Q1", "2021-Q1"):
        with pytest.raises(BadParameters, match="two quarters of one year, in order"):
            what_moved(RUN, RUN.model_copy(update={"quarter": other}))

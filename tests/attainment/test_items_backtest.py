"""Lists are forecast from what was known, and graded by what came: worked out by hand on a list of ten."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from analysis.attainment.items import baseline_shares
from analysis.attainment.items_backtest import (
    PUBLISHED,
    calibration,
    forecast_lists,
    known_on,
    scored,
    skill,
)
from dated_lists import YEAR_END, item, listed

START, END = pd.Timestamp("2020-12-31"), pd.Timestamp("2021-12-31")


def _list(name, done, planned="2021-12-31", **more):
    """Return a list listed since the start of 2021, an item for each day given."""
    frame = pd.DataFrame(
        {
            "list": name, "family": name, "start": START, "end": END, "item": [f"i{at}" for at in range(len(done))],
            "listed_on": START, "first_planned_on": planned, "planned_on": planned, "moved_on": None, "done_on": done,
            "called_off_on": None,
        }
    ).assign(**more)  # fmt: skip
    days = [name for name in frame if name.endswith("_on")]
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in days})


# Two done by the end of March, four by the end of June, five by the end of September, nine in the end.
TEN = ["2021-02-01", "2021-03-01", "2021-05-01", "2021-06-01", "2021-08-01"] + ["2021-11-01"] * 4 + [None]


def test_a_list_is_known_without_what_came_later():
    items = _list("a", ["2021-02-01", "2021-11-01", None, None])
    items.loc[2, ["planned_on", "moved_on"]] = [pd.Timestamp("2022-03-01"), pd.Timestamp("2021-10-01")]
    items.loc[3, "listed_on"] = pd.Timestamp("2021-10-15")
    then, now = (known_on(items, date(2021, month, 30)) for month in (9, 11))
    assert then.table["item"].tolist() == ["i0", "i1", "i2"]
    assert then.table["done_on"].notna().tolist() == [True, False, False]
    assert then.table["planned_on"].tolist() == [END, END, END]
    assert now.table["planned_on"].tolist() == [END, END, pd.Timestamp("2022-03-01"), END]
    assert now.table["done_on"].notna().tolist() == [True, True, False, False]


def test_a_forecast_does_not_see_what_comes_after_it():
    other = _list("a", [*TEN[:5], *["2021-12-01"] * 5])
    mine, theirs = (
        forecast_lists(one, panel="p", draw_count=100, seed=1)[0].query("quarters == 3 and model == @PUBLISHED")
        for one in (_list("a", TEN), other)
    )
    assert mine["expected"].tolist() == theirs["expected"].tolist()
    assert (mine["share"].item(), theirs["share"].item()) == (0.9, 1.0)


def test_forecasts_are_graded_by_what_came():
    forecasts, probabilities = forecast_lists(_list("a", TEN), panel="p", draw_count=400, seed=1)
    # After one quarter only two are done: not estimated, and so not graded.
    assert forecasts["quarters"].unique().tolist() == [2, 3]
    third = forecasts.query("quarters == 3").set_index("model")
    assert third[["done", "open"]].drop_duplicates().to_numpy().tolist() == [[5, 5]]
    assert third["one_day"].all()
    assert not third["short"].any()
    assert third.loc["on_its_day", "expected"] == 1.0
    assert third.loc["on_its_day", "crps"] == pytest.approx(10.0)
    # In the six months to 30 September, 184 days, three were done; the 92 days left bring 3 × 92/184 = 1.5 more.
    assert third.loc["last_six_months_pace", "expected"] == pytest.approx(0.65)
    said = probabilities.query("quarters == 3 and model == 'on_its_day'")
    assert said[["threshold", "probability", "happened"]].to_numpy().tolist() == [[0.8, 1, 1], [0.9, 1, 1], [1, 1, 0]]
    mine = probabilities.query("quarters == 3 and model == @PUBLISHED")["probability"].to_numpy()
    assert (np.diff(mine) <= 0).all()


def test_a_threshold_reached_already_is_not_asked_about():
    done = [f"2021-0{month}-15" for month in (2, 3, 4, 5, 6, 6, 7, 7, 8)] + [None]
    _, probabilities = forecast_lists(_list("a", done), panel="p", draw_count=50, seed=1)
    assert probabilities.query("quarters == 3")["threshold"].unique().tolist() == [1.0]


def test_what_came_is_the_list_of_the_last_day_without_items_called_off():
    items = _list("a", TEN)
    items.loc[9, "called_off_on"] = pd.Timestamp("2021-12-01")
    forecasts, _ = forecast_lists(items, panel="p", draw_count=50, seed=1)
    assert forecasts["share"].unique().tolist() == [1.0]


def test_the_pace_of_a_young_list_is_that_of_its_own_days():
    # Listed on 1 July: two done in 31 days, 136 days left, of which 8.77 more would come: all are done by then.
    rows = [item(f"i{at}", "2021-12-14", "2021-07-20" if at < 2 else None, listed_on="2021-06-30") for at in range(20)]
    known = listed(*rows, as_of="2021-07-31")
    assert baseline_shares(known, year_end=YEAR_END) == {
        "on_its_day": 1.0, "last_six_months_pace": pytest.approx((2 + 2 / 31 * 136) / 20)
    }  # fmt: skip
    assert baseline_shares(listed(*rows[:8], as_of="2021-07-31"), year_end=YEAR_END)["last_six_months_pace"] == 1.0


KIND = {"panel": "p", "short": False, "one_day": True, "quarters": 1}


def test_scores_are_sums_over_forecasts_and_probabilities():
    forecasts = pd.DataFrame(
        [
            KIND | {"list": name, "family": name, "model": PUBLISHED, "crps": crps, "coverage_50": False,
                    "coverage_80": held, "coverage_95": True, "place": place}
            for name, crps, held, place in (("a", 2.0, True, 0.5), ("b", 3.0, False, 0.95))
        ]
    )  # fmt: skip
    probabilities = pd.DataFrame(
        [KIND | {"family": "a", "model": PUBLISHED, "probability": p, "happened": y} for p, y in ((0.8, 1), (0.2, 1))]
    )
    (row,) = scored(forecasts, probabilities).to_dict(orient="records")
    assert (row["n"], row["lists"], row["probabilities"]) == (2, 2, 2)
    assert (row["crps"], row["coverage_80"], row["inside_80"], row["coverage_95"]) == (5.0, 1, 1, 2)
    assert row["brier"] == pytest.approx(0.04 + 0.64)
    assert row["log_score"] == pytest.approx(-np.log(0.8) - np.log(0.2))
    bins = calibration(probabilities)
    assert bins[["bin", "n", "said", "happened"]].to_numpy().tolist() == [[1, 1, 0.2, 1], [5, 1, 0.8, 1]]


def test_skill_is_one_less_the_ratio_of_the_sums():
    models = (PUBLISHED, "on_its_day", "last_six_months_pace")
    forecasts = pd.DataFrame(
        [
            KIND | {"family": family, "model": model, "crps": crps}
            for family, scores in (("a", (1.0, 4.0, 2.0)), ("b", (2.0, 8.0, 4.0)))
            for model, crps in zip(models, scores, strict=True)
        ]
    )
    chances = pd.DataFrame(
        [
            KIND | {"family": "a", "model": model, "probability": p, "happened": 1}
            for model, p in zip(models, (0.9, 0.5, 0.8), strict=True)
        ]
    )
    found = skill(forecasts, chances, seed=1).set_index(["quarters", "model", "score"])
    assert found.loc[(0, "on_its_day", "crps"), "skill"] == pytest.approx(1 - 3 / 12)
    assert found.loc[(1, "last_six_months_pace", "crps"), ["lower", "upper"]].tolist() == pytest.approx([0.5, 0.5])
    assert found.loc[(0, "on_its_day", "brier"), "skill"] == pytest.approx(1 - 0.01 / 0.25)
    assert found.loc[(0, "on_its_day", "crps"), "families"] == 2

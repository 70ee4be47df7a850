import numpy as np
import pandas as pd
import pytest

from analysis.forecast.backtest.skill import skill_table


def scored(*rows: tuple[str, int, int, float, float]) -> pd.DataFrame:
    """Rows of panel, year, origin, published and other score (means over 10 series and 30 probabilities)."""
    frame = pd.DataFrame(rows, columns=["panel", "year", "origin", "own", "other"])
    return frame.assign(
        model="raw_ytd", n=10, probabilities=30, crps=10 * frame["other"], paired_crps=10 * frame["own"],
        brier=30 * frame["other"], paired_brier=30 * frame["own"],
    )  # fmt: skip


def test_skill_is_one_less_the_mean_relative_score_of_panel_years():
    table = skill_table(scored(("a", 2019, 0, 1.0, 2.0), ("a", 2019, 1, 1.0, 2.0), ("b", 2019, 0, 3.0, 3.0)), seed=1)
    whole = table[(table["panel"] == "") & (table["score"] == "crps")].iloc[0]
    assert whole["skill"] == pytest.approx(1 - (0.5 + 1.0) / 2)
    assert (whole["panel_years"], whole["better"]) == (2, 1)
    assert np.isnan(whole["lower"])  # two panel-years have no interval
    of_a = table[(table["panel"] == "a") & (table["score"] == "brier")].iloc[0]
    assert of_a["skill"] == pytest.approx(0.5)


def test_origins_weigh_alike_within_a_year():
    table = skill_table(scored(("a", 2019, 0, 4.0, 8.0), ("a", 2019, 3, 2.0, 2.0)), seed=1)
    assert table["skill"].iloc[0] == pytest.approx(1 - 3 / 5)


def test_three_panel_years_have_an_interval_around_their_skill():
    rows = [("a", year, 0, own, 1.0) for year, own in ((2018, 0.7), (2019, 0.8), (2020, 0.9))]
    row = skill_table(scored(*rows), seed=1).iloc[0]
    assert row["skill"] == pytest.approx(0.2)
    assert row["lower"] == pytest.approx(0.1, abs=0.01)
    assert row["upper"] == pytest.approx(0.3, abs=0.01)
    pd.testing.assert_frame_equal(skill_table(scored(*rows), seed=1), skill_table(scored(*rows), seed=1))


def test_a_perfect_other_cannot_be_compared_with():
    assert skill_table(scored(("a", 2019, 0, 0.1, 0.0)), seed=1)["panel_years"].tolist() == [0, 0, 0, 0]

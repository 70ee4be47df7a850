"""After simulated jumps the forecast is nearer and about as sure as it should be; in calm panels none is found."""

import numpy as np
import pandas as pd
import pytest

from analysis.data.simulate.shaken_panels import calm_panels, shaken_panels
from analysis.forecast.backtest.after_a_break import PUBLISHED, WITHOUT, false_alarms, grades_after, table
from analysis.forecast.panel import panel_from_counts
from moved_panels import moved_panel, step

PANELS = 5


def test_grades_are_sums_over_the_series_at_the_origins_asked_for():
    panel = moved_panel(step(26, months=48), series=8, months=48)  # from March 2019
    grades = grades_after(panel, pd.Period("2019-03", "M"), quarters=2)
    assert grades[["way", "year", "quarters_after"]].to_numpy().tolist() == [
        [way, 2019, after] for way in (PUBLISHED, WITHOUT) for after in (0, 1)
    ]
    assert (grades["n"] == 8).all()
    assert grades["found"].tolist() == [True, True, False, False]
    # a simple rule knows of no way
    pair = grades.pivot_table(index="quarters_after", columns="way", values="off_last_quarter")
    np.testing.assert_allclose(pair[PUBLISHED], pair[WITHOUT])
    assert false_alarms(moved_panel(np.zeros(48), series=8)) == (0, 5)


def test_a_table_weighs_panels_alike_and_names_the_best_rule():
    rules = ("year_to_date", "last_quarter", "same_growth", "straight_line", "seasonal_naive")
    rows = [
        {"panel": panel, "way": way, "n": n, "crps": n * crps, "off": n * off, "inside_80": n * held, "all": "all"}
        | {f"off_{name}": n * (2.0 if name == "last_quarter" else 4.0) for name in rules}
        for panel, n in (("a", 10), ("b", 30))
        for way, crps, off, held in ((PUBLISHED, 1.0, 1.5, 0.8), (WITHOUT, 2.0 + 2 * (panel == "b"), 3.0, 0.5))
    ]
    found = table(pd.DataFrame(rows), "all").loc["all"]
    assert found["best"] == "last_quarter"
    assert found["off_best"] == 2.0
    assert found["ratio"] == 0.75
    assert found["gain"] == pytest.approx(100 * (1 - 1 / 3), abs=0.01)  # 1.0 against the mean of 2.0 and 4.0
    assert (found["gain_low"], found["gain_high"]) == (50.0, 75.0)  # both panels the first, or both the second
    assert (found["hold_with"], found["hold_without"]) == (80.0, 50.0)


@pytest.mark.statistical
def test_the_year_after_a_jump_is_forecast_better_than_by_the_best_rule_and_than_without():
    counts, truth = shaken_panels(PANELS, seed=77)  # nothing was chosen on them
    onsets = truth.set_index("panel")["period"]
    panels = {name: panel_from_counts(rows.drop(columns="panel")) for name, rows in counts.groupby("panel")}
    frames = [
        grades_after(panel, pd.Period(onsets[name], panel.periods.freqstr), quarters=4).assign(panel=name)
        for name, panel in panels.items()
    ]
    found = table(pd.concat(frames).assign(all="all"), "all").loc["all"]
    assert found["panels"] == PANELS
    assert found["ratio"] <= 1.05
    assert found["gain"] >= 15
    assert 70 <= found["hold_with"] <= 92


@pytest.mark.statistical
def test_in_calm_panels_no_break_is_found():
    calm = calm_panels(4, seed=77)
    alarms = [false_alarms(panel_from_counts(rows.drop(columns="panel"))) for _, rows in calm.groupby("panel")]
    assert sum(found for found, _ in alarms) == 0
    assert sum(possible for _, possible in alarms) == 4 * 21

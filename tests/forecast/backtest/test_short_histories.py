"""A first year, of public panels cut to a short history, against the best simple rule an office would use."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.data.panel_file import read_panel_file
from analysis.forecast.backtest.scores import crps
from analysis.forecast.baselines import BASELINES
from analysis.forecast.ensemble import rank_levels
from analysis.forecast.origins import Origins
from analysis.forecast.panel import Panel, first_period, panel_from_counts

DATA = Path(os.environ.get("DUNGHEN_REAL_DATA", ""))
FILES = (
    "govuk", "nhs_ae", "panels/fr_tgv_late15", "panels/scot_camhs_seen", "panels/scot_msk_seen",
    "panels/us_approval_polls",
)  # fmt: skip

pytestmark = [
    pytest.mark.statistical,
    pytest.mark.skipif(not (DATA / "govuk").is_dir(), reason="DUNGHEN_REAL_DATA names no folder of public panels"),
]


def first_years(panel: Panel, months: int) -> pd.DataFrame:
    """Return the CRPS of the ensemble and the rules, by series, of every other year, each from a history of its own."""
    P = panel.season_length
    back, rows = -(-months * P // 12), []
    for year in panel.periods.year.unique()[::2]:
        first = first_period(year, panel.periods.freqstr)
        if first - back < panel.periods[0] or first + P - 1 > panel.periods[-1]:
            continue
        cut = panel.between(first - back, first + P - 1)
        origins = Origins(cut, 1, "short")
        for quarters in range(4):
            here = origins.compute(first - 1 + P * quarters // 4, year)
            if here is None:
                continue
            state, simulated = here.state, here.simulated
            every = np.arange(len(state.series))
            values = here.ensemble.quantiles(every, simulated.shares(state), rank_levels(100))
            outcome = cut.only(pd.Index(cut.series).get_indexer(pd.Index(state.series))).year_share(year)
            scores = {name: np.abs(state.points[name] - outcome) for name in BASELINES}
            rows.append(pd.DataFrame({"ensemble": crps(values, outcome), **scores}))
    return pd.concat(rows).dropna() if rows else pd.DataFrame()


@pytest.mark.parametrize("file", FILES)
def test_a_first_year_is_no_worse_than_the_best_rule_in_hindsight(file):
    panel = panel_from_counts(read_panel_file(DATA / file / "panel.csv"))
    graded = {months: scores for months in (14, 26) if len(scores := first_years(panel, months))}
    assert graded
    for months, scores in graded.items():
        means = scores.mean()
        assert means["ensemble"] <= 1.05 * means[list(BASELINES)].min(), f"{months} months"

"""The dots of a year's end are counted as the probability beside them is printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.attainment.year_end import year_end
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.dots import DOTS, year_end_dots
from analysis.report.wording import Wording
from changed_results import changed

pytestmark = pytest.mark.slow
ORIGIN = pd.Period("2021-09", "M")
EN = Wording("en")
PARTS = [
    ("online_uptake", "of_all"),
    ("online_uptake", "of_published"),
    ("overdue", "datdai"),
    ("overdue", "moitruong"),
]


@pytest.mark.parametrize(("target", "part"), PARTS)
def test_as_many_dots_keep_the_promise_as_the_probability_says(results: Results, target: str, part: str) -> None:
    row, picture = results.promise(target, part), year_end_dots(results, EN, target, part, ORIGIN)
    assert picture is not None
    kept = picture.values["kept"]
    assert len(kept) == DOTS
    assert kept.sum() == numbers.whole_percent(row["probability"])
    printed = numbers.probability(row["probability"], "en").strip("%")
    if printed.isdigit():
        assert f"{printed} of 100" in picture.title
    else:
        assert "fewer than 1 of 100" in picture.title


@pytest.mark.parametrize(("target", "part"), PARTS)
def test_dots_are_the_quantiles_of_the_draws_and_the_filled_ones_stand_beyond_the_line(
    results: Results, target: str, part: str
) -> None:
    row, picture = results.promise(target, part), year_end_dots(results, EN, target, part, ORIGIN)
    promise = next(one for one in results.plan.measured if one.id == target)
    share = promise.parts[part]
    ends = year_end(
        results.indicators.series, results.forecast.draws, share, origin=ORIGIN, last=results.plan.last_period
    )
    values = picture.values["value"]
    # A tenth of the draws lies below the tenth dot, and so on.
    for tenth in (0.1, 0.5, 0.9):
        assert np.mean(ends.values <= values[round(tenth * DOTS) - 1]) == pytest.approx(tenth, abs=0.01)
    wrong = (values >= row["threshold"]) != picture.values["kept"]
    if share.rule == "at_most":
        wrong = (values <= row["threshold"]) != picture.values["kept"]
    # Rounding to whole dots may leave one on the other side of the line.
    assert wrong.sum() <= 1


def test_every_dot_is_drawn_in_a_place_of_its_own_and_none_on_the_line(results: Results) -> None:
    picture = year_end_dots(results, EN, "online_uptake", "of_all", ORIGIN)
    figure, _ = picture.laid_out(theme.NARROW)
    axes = figure.axes[0]
    places = np.concatenate([drawn.get_offsets() for drawn in axes.collections])
    assert len(places) == DOTS
    pixels = axes.transData.transform(places)
    size = np.sqrt(axes.collections[0].get_sizes()[0]) * figure.dpi / 72
    apart = np.hypot(*(pixels[:, None] - pixels[None]).transpose(2, 0, 1)) + 1e9 * np.eye(DOTS)
    assert apart.min() > 0.95 * size
    line = axes.transData.transform((0.3, 0))[0]
    assert np.abs(pixels[:, 0] - line).min() > 0.45 * size
    lowest, highest = axes.get_ylim()
    assert lowest < places[:, 1].min() < places[:, 1].max() < highest


def test_there_are_no_dots_where_nothing_is_forecast_or_the_year_is_over(results: Results) -> None:
    without = changed(results, draws=results.forecast.draws.iloc[:0])
    assert year_end_dots(without, EN, "online_uptake", "of_all", ORIGIN) is None
    assert year_end_dots(results, EN, "online_uptake", "of_all", pd.Period("2021-12", "M")) is None

"""One frame of joint draws over all the shares a plan needs."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.rest_of_year import OF_ALL, OF_PUBLISHED, Forecast, rest_of_year

ORIGIN, LAST = pd.Period("2021-09", "M"), pd.Period("2021-12", "M")


@pytest.fixture(scope="module")
def indicators() -> pd.DataFrame:
    """Two years and three months more than known, three series, published cases between online and all."""
    rng = np.random.default_rng(5)
    rows = []
    for series in ("a", "b", "total"):
        for period in pd.period_range("2019-10", "2021-12", freq="M"):
            everything = int(rng.poisson(400))
            online = int(rng.binomial(everything, 0.25))
            published = online + int(rng.binomial(everything - online, 0.5))
            rows += [(OF_ALL, series, str(period), online, everything)]
            rows += [(OF_PUBLISHED, series, str(period), online, published)]
    return pd.DataFrame(rows, columns=["indicator", "series", "period", "numerator", "denominator"])


def _run(indicators: pd.DataFrame, *wanted: tuple[str, str], **changes: Any) -> Forecast:
    told: dict[str, Any] = {
        "origin": ORIGIN, "last_period": LAST, "draw_count": 60, "seed": 3, "breaks": {}, "tet_cutoff_day": None,
    }  # fmt: skip
    return rest_of_year(indicators, wanted, **(told | changes))


def _of(forecast: Forecast, indicator: str, series: str) -> pd.DataFrame:
    draws = forecast.draws
    mine = draws[(draws["indicator"] == indicator) & (draws["series"] == series)]
    return mine.set_index(["draw", "period"])[["numerator", "denominator"]].sort_index()


@pytest.fixture(scope="module")
def both(indicators: pd.DataFrame) -> Forecast:
    return _run(indicators, (OF_ALL, "total"), (OF_PUBLISHED, "total"))


def test_every_draw_holds_every_period_left(both: Forecast) -> None:
    for indicator in (OF_ALL, OF_PUBLISHED):
        index = _of(both, indicator, "total").index
        assert index.is_unique
        assert len(index) == 60 * 3
        assert list(index.unique("period")) == ["2021-10", "2021-11", "2021-12"]
    assert both.short == ()


def test_published_cases_are_formed_inside_each_draw(both: Forecast) -> None:
    everything, published = _of(both, OF_ALL, "total"), _of(both, OF_PUBLISHED, "total")
    assert published["numerator"].equals(everything["numerator"])
    assert (published["denominator"] >= published["numerator"]).all()
    assert (published["denominator"] <= everything["denominator"]).all()
    # about half of the cases not filed online are of published procedures
    offline = published["denominator"].sum() - published["numerator"].sum()
    assert offline / (everything["denominator"] - everything["numerator"]).sum() == pytest.approx(0.5, abs=0.05)


def test_later_data_changes_nothing(indicators: pd.DataFrame, both: Forecast) -> None:
    later = indicators["period"] > "2021-09"
    assert later.any()
    changed = indicators.copy()
    changed.loc[later, ["numerator", "denominator"]] = [1, 9000]
    for other in (changed, indicators[~later]):
        again = _run(other, (OF_ALL, "total"), (OF_PUBLISHED, "total"))
        pd.testing.assert_frame_equal(again.draws, both.draws)
        pd.testing.assert_frame_equal(again.components, both.components)
        pd.testing.assert_frame_equal(again.weights, both.weights)


def test_earlier_data_does_change_the_draws(indicators: pd.DataFrame, both: Forecast) -> None:
    changed = indicators.copy()
    last = (changed["period"] == "2021-09") & (changed["series"] == "total") & (changed["indicator"] == OF_ALL)
    changed.loc[last, "numerator"] += 40
    assert (
        not _run(changed, (OF_ALL, "total"))
        .draws["numerator"]
        .equals(both.draws.loc[both.draws["indicator"] == OF_ALL, "numerator"].reset_index(drop=True))
    )


def test_a_series_that_stopped_reporting_is_short(indicators: pd.DataFrame) -> None:
    stopped = indicators[~((indicators["series"] == "b") & (indicators["period"] == "2021-09"))]
    forecast = _run(stopped, (OF_ALL, "a"), (OF_ALL, "b"), (OF_PUBLISHED, "b"), (OF_ALL, "nowhere"))
    assert forecast.short == ((OF_ALL, "b"), (OF_PUBLISHED, "b"), (OF_ALL, "nowhere"))
    assert set(forecast.draws["series"]) == {"a"}


def test_a_series_too_young_is_short(indicators: pd.DataFrame) -> None:
    young = indicators[(indicators["series"] != "b") | (indicators["period"] >= "2021-03")]  # seven months known
    assert _run(young, (OF_ALL, "a"), (OF_ALL, "b")).short == ((OF_ALL, "b"),)
    older = indicators[(indicators["series"] != "b") | (indicators["period"] >= "2021-02")]  # eight
    assert _run(older, (OF_ALL, "a"), (OF_ALL, "b")).short == ()


def test_one_more_share_changes_no_other(indicators: pd.DataFrame, both: Forecast) -> None:
    alone = _run(indicators, (OF_ALL, "total"))
    more = _run(indicators, (OF_ALL, "a"), (OF_PUBLISHED, "a"), (OF_PUBLISHED, "total"), (OF_ALL, "total"))
    pd.testing.assert_frame_equal(_of(alone, OF_ALL, "total"), _of(both, OF_ALL, "total"))
    pd.testing.assert_frame_equal(_of(more, OF_ALL, "total"), _of(both, OF_ALL, "total"))
    pd.testing.assert_frame_equal(_of(more, OF_PUBLISHED, "total"), _of(both, OF_PUBLISHED, "total"))


def test_late_cases_on_the_desk_are_resolved_late_in_every_draw(indicators: pd.DataFrame) -> None:
    own = indicators[indicators["indicator"] == OF_ALL]
    late = own.assign(indicator="overdue", numerator=2)
    # ninety of a hundred late cases are resolved in a month; in the last, a thousand are left lying
    desk = own.assign(indicator="overdue_resolved", numerator=90, denominator=100)
    desk.loc[desk["period"] == "2021-09", "denominator"] = 1090
    year_end = [
        _of(_run(pd.concat(rows, ignore_index=True), ("overdue", "a")), "overdue", "a")["numerator"]
        .groupby("draw")
        .sum()
        for rows in ([indicators, late], [indicators, late, desk])
    ]
    assert year_end[0].max() < 200
    assert year_end[1].min() > 500


def test_nothing_is_drawn_at_the_years_end(indicators: pd.DataFrame) -> None:
    forecast = _run(indicators, (OF_ALL, "total"), origin=LAST)
    assert forecast.draws.empty
    assert list(forecast.draws.columns) == ["indicator", "series", "period", "draw", "numerator", "denominator"]

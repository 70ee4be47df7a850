"""One frame of joint draws over all the shares a plan needs."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.forecast import rest_of_year as module
from analysis.forecast.rest_of_year import DRAW_COLUMNS, Forecast, PathMemory, rest_of_year
from analysis.plan.indicators import Share

OF_ALL, OF_PUBLISHED, REST = "online_of_all", "online_of_published", "published_of_offline"
T = {"vi": "v", "en": "e"}
SHARE = Share(form="share", title=T, numerator={"channel": "online"})
DEFINITIONS = {
    OF_ALL: SHARE,
    REST: SHARE.model_copy(update={"numerator": {"published_online": True}, "where": {"channel": {"not": "online"}}}),
    OF_PUBLISHED: Share(form="share", title=T, nested_in=OF_ALL, rest=REST),
    "overdue": SHARE.model_copy(update={"numerator": {"late": True}, "late_stock": True}),
}
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
            rows += [(OF_ALL, _dimension(series), series, str(period), online, everything)]
            rows += [(OF_PUBLISHED, _dimension(series), series, str(period), online, published)]
    return pd.DataFrame(rows, columns=["indicator", "dimension", "series", "period", "numerator", "denominator"])


def _dimension(series: str) -> str:
    return "total" if series == "total" else "agency"


def _run(indicators: pd.DataFrame, *wanted: tuple[str, str], **changes: Any) -> Forecast:
    told: dict[str, Any] = {
        "groups": (), "origin": ORIGIN, "last_period": LAST, "draw_count": 60, "seed": 3, "breaks": {},
        "tet_cutoff_day": None,
    }  # fmt: skip
    asked = [(indicator, _dimension(series), series) for indicator, series in wanted]
    return rest_of_year(indicators, asked, DEFINITIONS, **(told | changes))


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
    assert forecast.short == ((OF_ALL, "agency", "b"), (OF_PUBLISHED, "agency", "b"), (OF_ALL, "agency", "nowhere"))
    assert set(forecast.draws["series"]) == {"a"}


def test_a_series_too_young_is_short(indicators: pd.DataFrame) -> None:
    young = indicators[(indicators["series"] != "b") | (indicators["period"] >= "2021-03")]  # seven months known
    assert _run(young, (OF_ALL, "a"), (OF_ALL, "b")).short == ((OF_ALL, "agency", "b"),)
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
    assert list(forecast.draws.columns) == DRAW_COLUMNS


def test_a_group_or_a_district_beside_them_changes_no_other(indicators: pd.DataFrame, both: Forecast) -> None:
    """What everybody is told by their peers is theirs alone: agencies, fields and the whole."""
    own = indicators[indicators["series"] != "total"]
    group = own.assign(series="both").groupby(["indicator", "dimension", "series", "period"], as_index=False).sum()
    district = own[own["series"] == "a"].assign(dimension="district", series="c")
    more = pd.concat([indicators, group, district], ignore_index=True)
    forecast = _run(more, (OF_ALL, "total"), (OF_PUBLISHED, "total"), (OF_ALL, "both"), groups=[("agency", "both")])
    for indicator in (OF_ALL, OF_PUBLISHED):
        pd.testing.assert_frame_equal(_of(forecast, indicator, "total"), _of(both, indicator, "total"))
    assert len(_of(forecast, OF_ALL, "both")) == 60 * 3


def test_two_dimensions_may_share_a_code(indicators: pd.DataFrame) -> None:
    field = indicators[indicators["series"] == "a"].assign(dimension="field")
    told = [(OF_ALL, "agency", "a"), (OF_ALL, "field", "a")]
    how = {"origin": ORIGIN, "last_period": LAST, "draw_count": 60, "seed": 3, "breaks": {}, "tet_cutoff_day": None}
    more = pd.concat([indicators, field], ignore_index=True)
    forecast = rest_of_year(more, told, DEFINITIONS, groups=(), **how)
    rows = forecast.draws.groupby(["dimension", "series"]).size()
    assert rows.to_dict() == {("agency", "a"): 180, ("field", "a"): 180}


def test_paths_drawn_before_are_not_drawn_again(indicators: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    year_paths = module.year_paths
    monkeypatch.setattr(module, "year_paths", lambda *a, **k: drawn.append(k["key"]) or year_paths(*a, **k))
    memory = PathMemory()
    first = _run(indicators, (OF_ALL, "total"), memory=memory)
    again = _run(indicators, (OF_ALL, "total"), memory=memory, diagnose=False)
    pd.testing.assert_frame_equal(again.draws, first.draws)
    assert drawn == [OF_ALL]
    changed = indicators.copy()
    changed.loc[changed["period"] == "2021-09", "numerator"] += 1
    _run(changed, (OF_ALL, "total"), memory=memory)
    _run(indicators, (OF_ALL, "total"), memory=memory, seed=4)
    assert drawn == [OF_ALL] * 3

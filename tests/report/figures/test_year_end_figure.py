"""A picture, its sentence and its table read the same numbers."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.trend import trend
from analysis.report.figures.year_end import _year_to_date_fan, outlook
from analysis.report.wording import Wording
from changed_results import changed
from drawn_texts import drawn

pytestmark = pytest.mark.slow
ORIGIN = pd.Period("2021-09", "M")
LAST_33 = [str(period) for period in pd.period_range("2019-01", "2021-09", freq="M")]
PARTS = [("online_uptake", "of_all"), ("online_uptake", "of_published"), ("overdue", "datdai"), ("overdue", "nhadat")]


@pytest.fixture(params=["vi", "en"])
def words(request: pytest.FixtureRequest) -> Iterator[Wording]:
    yield Wording(request.param)
    plt.close("all")


def _as_shown(shares: pd.DataFrame, language: str) -> list[list[str]]:
    return [
        [numbers.period(row.period, language), numbers.count(row.numerator, language),
         numbers.count(row.denominator, language), numbers.percent(row.value, language)]
        for row in shares.itertuples()
    ]  # fmt: skip


@pytest.mark.parametrize(("target", "part"), PARTS)
def test_an_outlook_says_what_the_promises_say(results: Results, words: Wording, target: str, part: str) -> None:
    row, language = results.promise(target, part), words.language
    picture = outlook(results, words, target, part, ORIGIN)
    for said in (
        numbers.percent(row["observed_to_date"], language),
        numbers.count(row["numerator"], language),
        numbers.count(row["denominator"], language),
        numbers.percent(row["expected"], language),
        numbers.percent_range(row["lower"], row["upper"], language),
        words.rule(row["rule"], row["threshold"]),
        numbers.probability(row["probability"], language),
    ):
        assert said in picture.alt
    assert "{" not in picture.alt + picture.caption


@pytest.mark.parametrize(("target", "part"), PARTS)
def test_an_outlooks_table_has_every_period_shown(results: Results, words: Wording, target: str, part: str) -> None:
    row = results.promise(target, part)
    where = ("field", part) if target == "overdue" else ("total", "total")
    shares = results.series(row["indicator"], *where).set_index("period").loc[LAST_33].reset_index()
    assert outlook(results, words, target, part, ORIGIN).table.to_numpy().tolist() == _as_shown(shares, words.language)


def test_an_outlook_without_a_line_is_drawn_without_it(results: Results) -> None:
    promises = results.attainment.promises.copy()
    promises.loc[(promises["target"] == "overdue") & (promises["part"] == "datdai"), "threshold"] = float("nan")
    picture = outlook(changed(results, promises=promises), Wording("en"), "overdue", "datdai", ORIGIN)
    assert not any("promise:" in text for text in drawn(picture))


def test_the_fan_ends_where_the_promises_do(results: Results) -> None:
    row = results.promise("online_uptake", "of_all")
    (promise,) = (one for one in results.plan.measured if one.id == "online_uptake")
    fan = _year_to_date_fan(results, promise.parts["of_all"], ORIGIN).set_index("period")
    assert list(fan.index) == [f"2021-{month:02d}" for month in range(1, 13)]
    assert fan.loc["2021-09", "middle"] == pytest.approx(row["observed_to_date"], abs=1e-12)
    end = fan.loc["2021-12", ["middle", "lower", "upper"]].astype(float)
    assert end.tolist() == pytest.approx(row[["expected", "lower", "upper"]].astype(float).tolist(), abs=1e-12)


def test_a_trend_says_its_last_period(results: Results, words: Wording) -> None:
    language = words.language
    picture = trend(results, words, "online_of_all")
    shares = results.series("online_of_all").set_index("period")
    last = shares.loc["2021-09"]
    for said in (
        numbers.period("2021-09", language),
        numbers.percent(last["value"], language),
        numbers.count(last["numerator"], language),
        numbers.count(last["denominator"], language),
        "+18.4" if language == "en" else "+18,4",  # 34.2 − 15.8
    ):
        assert said in picture.alt
    assert picture.table.to_numpy().tolist() == _as_shown(shares.loc[LAST_33].reset_index(), language)


def test_every_tick_of_a_trend_stands_where_it_says(results: Results, words: Wording) -> None:
    for which in (("overdue",), ("overdue", "field", "datdai"), ("online_of_all",)):
        figure, _ = trend(results, words, *which).laid_out(theme.WIDE)
        axis = figure.axes[0].yaxis
        ticks = list(axis.get_majorticklocs())
        written = axis.get_major_formatter().format_ticks(ticks)
        said = [float(text.rstrip(" %\N{NO-BREAK SPACE}").replace(",", ".")) for text in written]
        assert said == pytest.approx([100 * at for at in ticks])

"""A reader is told of a break behind a forecast: what moved, with its counts, how long it may last, what is tested."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.quarter.results import Results
from analysis.report import grades
from analysis.report.after_a_break import break_sentences, shock_sentence
from analysis.report.pages.forecast import ForecastPage
from analysis.report.wording import Wording
from changed_results import changed

EN, VI = Wording("en"), Wording("vi")


def _breaks(*rows: tuple[str, str, bool, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["indicator", "period", "declared", "stays", "left"])


@pytest.fixture(autouse=True)
def _grades(monkeypatch, tmp_path):
    """Grades made by hand: 30 forecasts in the first year after a jump that was found, of which 24 held."""
    (tmp_path / "after-a-break").mkdir()
    rows = pd.DataFrame(
        {
            "way": ["as published"] * 4 + ["without looking for breaks"],
            "found": [True, True, True, False, False],
            "quarters_after": [0, 3, 4, 0, 0],
            "n": [10, 20, 500, 500, 500],
            "inside_80": [7, 17, 500, 500, 500],
        }
    )
    rows.to_csv(tmp_path / "after-a-break" / "after_a_break.csv", index=False)
    monkeypatch.setattr(grades, "PUBLIC_GRADES", tmp_path)


def test_without_a_break_nothing_is_said(results: Results) -> None:
    calm = changed(results, breaks=_breaks())
    assert break_sentences(calm, EN) == []
    assert shock_sentence(calm, EN) == ""


def test_a_break_nobody_declared_is_told_with_the_counts_of_the_whole(results: Results) -> None:
    shaken = changed(results, breaks=_breaks(("online_of_all", "2021-03", False, 0.4, 0.62)))
    months = results.series("online_of_all", "total", "total").set_index("period")[["numerator", "denominator"]]
    before, after = months.loc["2020-12":"2021-02"].sum(), months.loc["2021-03":"2021-05"].sum()
    # the published share is nested in it, and so are its breaks
    moved, how_long, nested, alone, tested = break_sentences(shaken, EN)
    assert nested.startswith(EN.indicator(results.plan, "online_of_published"))
    assert "in 03/2021 most bodies and fields jumped at once, and the plan declares no change" in moved
    for sums in (before, after):
        assert f"({sums['numerator']:,.0f}/{sums['denominator']:,.0f})" in moved
    share = 100 * before["numerator"] / before["denominator"]
    assert f"from {share:.1f}%" in moved
    assert "a chance of 40%" in how_long
    assert "62% of it" in how_long
    assert alone.startswith("For 2 years after a jump")
    assert "in 80% of 30 forecasts" in tested
    assert "03/2021" in shock_sentence(shaken, EN)
    assert "cùng thay đổi đột ngột" in break_sentences(shaken, VI)[0]


def test_a_declared_break_is_told_on_the_forecasts_page_and_is_no_shock(results: Results) -> None:
    known = changed(results, breaks=_breaks(("online_of_all", "2021-03", True, 0.9, 0.95)))
    assert "when the plan declares a change, most bodies and fields jumped" in break_sentences(known, EN)[0]
    assert shock_sentence(known, EN) == ""


def test_a_share_nested_in_another_is_told_of_the_breaks_of_its_two_parts_once(results: Results) -> None:
    both = _breaks(("online_of_all", "2021-03", False, 0.4, 0.6), ("published_of_offline", "2021-03", False, 0.1, 0.2))
    told = break_sentences(changed(results, breaks=both), EN)
    assert sum("jumped at once" in one for one in told) == 2
    # how long it lasts is said of what is forecast itself
    assert sum("stays for good" in one for one in told) == 1


def test_a_change_declared_for_the_nested_share_alone_is_declared_of_it(results: Results) -> None:
    # the plan declares the catalogue of September 2020 for the published share, not for that of all
    shaken = changed(results, breaks=_breaks(("online_of_all", "2020-10", False, 0.4, 0.6)))
    of_all, _, of_published, *_ = break_sentences(shaken, EN)
    assert "the plan declares no change" in of_all
    assert "when the plan declares a change" in of_published
    assert "published" not in shock_sentence(shaken, EN)


def test_near_the_ends_of_the_data_no_counts_are_made_up(results: Results) -> None:
    first = results.series("online_of_all", "total", "total")["period"].iloc[0]
    told = break_sentences(changed(results, breaks=_breaks(("online_of_all", first, False, 0.4, 0.6))), EN)
    assert "declares no change." in told[0]


def test_months_that_are_not_whole_are_not_compared(results: Results) -> None:
    last = results.series("online_of_all", "total", "total")["period"].iloc[-1]
    told = break_sentences(changed(results, breaks=_breaks(("online_of_all", last, False, 0.4, 0.6))), EN)
    assert "declares no change." in told[0]


def test_of_two_breaks_the_last_says_how_long(results: Results) -> None:
    nan = float("nan")
    two = _breaks(("online_of_all", "2020-06", True, nan, nan), ("online_of_all", "2021-03", False, 0.3, 0.5))
    told = break_sentences(changed(results, breaks=two), EN)
    assert "06/2020, when the plan declares a change" in told[0]
    assert "03/2021 most bodies and fields jumped at once" in told[1]
    assert "a chance of 30%" in told[2]


def test_the_page_of_the_forecast_says_it_beside_the_weights(results: Results, demo_run, capsys) -> None:
    shaken = changed(results, breaks=_breaks(("online_of_all", "2021-03", False, 0.4, 0.6)))
    shown = []
    page = ForecastPage(demo_run.model_copy(update={"language": "en"}), shaken)
    page._note = shown.append
    page.pool()
    assert any("most bodies and fields jumped at once" in note for note in shown)

"""What changed and what to do, on the demo quarter with its probabilities replaced by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from analysis.parameters import RunParameters
from analysis.publish.store.ledger import enter_probabilities, lines_of
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.pages.summary import SummaryPage, what_changed, what_to_do
from analysis.report.promise_tables import items_needed
from analysis.report.since_publication import Move, SaidBefore, compared_with, computed_again
from analysis.report.wording import Wording
from changed_results import changed

pytestmark = pytest.mark.slow
EN = Wording("en")


@pytest.fixture
def told(results: Results) -> Callable[..., Results]:
    """Return results whose promises have given probabilities and verdicts, now and a quarter ago; others the same."""

    def told(now: dict[str, tuple[float, str]], before: dict[str, tuple[float, str]]) -> Results:
        frames = {}
        for name, said in (("promises", now), ("previous", before)):
            frame = results.attainment.promises.copy()  # a quarter ago as now, unless said otherwise
            for target, (probability, verdict) in said.items():
                mine = (frame["target"] == target) & (frame["part"] == "")
                frame.loc[mine, ["probability", "verdict"]] = [probability, verdict]
                frame.loc[mine, "note"] = "survey_cancelled" if verdict == "not_estimated" else ""
            frames[name] = frame
        return changed(results, **frames)

    return told


def _news(results: Results, **explained: Mapping[str, Move]) -> list[str]:
    return what_changed(results, EN, computed_again(results), **explained)


def test_a_promise_no_longer_estimated_comes_first_then_other_verdicts_then_the_largest_move(told) -> None:
    nan = float("nan")
    changed = _news(
        told(
            {"satisfaction": (nan, "not_estimated"), "autonomy": (0.50, "uncertain"), "one_stop": (0.90, "likely"),
             "portal_integration": (0.30, "unlikely"), "online_publication": (0.041, "very_unlikely")},
            {"satisfaction": (0.88, "likely"), "autonomy": (0.45, "unlikely"), "one_stop": (0.60, "likely"),
             "portal_integration": (0.28, "unlikely"), "online_publication": (0.04, "very_unlikely")},
        )
    )  # fmt: skip
    assert [sentence.split(":")[0] for sentence in changed] == [
        "Satisfaction above 81%", "Public units made autonomous", "One-stop mechanism everywhere",
    ]  # fmt: skip
    assert "no longer estimated (for Q2 2021: 88%)" in changed[0]
    assert "probability 45% → 50%" in changed[1]


def test_of_what_moved_since_it_was_published_the_causes_are_told_in_place_of_the_bare_move(told) -> None:
    now = told(
        {"autonomy": (0.50, "uncertain"), "one_stop": (0.70, "uncertain"), "portal_integration": (0.40, "uncertain")},
        {"autonomy": (0.45, "uncertain"), "one_stop": (0.64, "uncertain"), "portal_integration": (0.30, "uncertain")},
    )
    explained = {
        "autonomy": Move(8, "autonomy and why"),
        "one_stop": Move(0, "as it was published"),
        "overdue": Move(-2, "overdue and why"),
    }
    # A leap since it was published weighs as much as another verdict, and stands among those by its size.
    leaps = _news(now, explained=explained | {"overdue": Move(-20, "overdue and why")})
    assert leaps[0] == "overdue and why"
    changed = _news(now, explained=explained)
    assert [changed[0].split(":")[0], *changed[1:]] == [
        "Services on the National Portal", "autonomy and why", "overdue and why",
    ]  # fmt: skip


def test_what_was_published_is_what_changed_and_not_what_the_method_says_now(results: Results) -> None:
    # The method would say 70 % of the second quarter today; 42 % and "uncertain" were published for the first.
    said = results.attainment.promises.set_index(["target", "part"])[["probability", "verdict"]].copy()
    said.loc[("satisfaction", ""), ["probability", "verdict"]] = [0.42, "uncertain"]
    said.loc[("online_centre", ""), ["probability", "verdict"]] = [float("nan"), "not_estimated"]
    published = SaidBefore(pd.Period("2021Q1"), date(2021, 3, 20), said)
    first, second = what_changed(results, EN, published, explained={"one_stop": Move(0, "as it was published")})
    assert first.startswith("Satisfaction above 81%: no longer estimated (published for Q1 2021: 42%).")
    assert second == ("Infrastructure of the online centre: now estimated, 17% (published for Q1 2021: not estimated).")
    assert compared_with(published, EN) == (
        "Points: against what was published for Q1 2021 (data known as of 20 March 2021)."
    )


@pytest.mark.parametrize("quarter", ["2021-Q2", None])
def test_the_page_says_since_which_publication_points_are_counted(
    demo_run: RunParameters, results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quarter: str | None
) -> None:
    rows = results.attainment.promises.copy()
    rows.loc[rows["target"] == "autonomy", "probability"] = 0.2
    if quarter:
        before = demo_run.model_copy(update={"quarter": quarter, "as_of": date(2021, 6, 20)})
        lines = lines_of(before, "not kept any more", rows, datetime(2021, 6, 21, tzinfo=UTC))
        enter_probabilities(tmp_path, before.plan_name, lines)
    page, shown = SummaryPage(demo_run, results), []
    monkeypatch.setattr(page, "_html", shown.append)
    page.news(tmp_path)
    (html,) = shown
    percent = numbers.whole_percent(results.promise("autonomy")["probability"])
    said = (
        f"sang tự chủ: xác suất 20% → {percent}% (−{20 - percent}, không tách được nguyên nhân).",
        "so với bản đã công bố cho quý II/2021 (số liệu tính đến ngày 20/06/2021).",
    )
    assert [one in html for one in said] == [quarter is not None] * 2


def test_nothing_moved_is_said(told) -> None:
    assert _news(told({}, {})) == ["No probability moved by a percentage point or more."]


def test_a_first_estimate_is_told(told) -> None:
    nan = float("nan")
    (changed,) = _news(told({"online_centre": (0.2, "unlikely")}, {"online_centre": (nan, "not_estimated")}))
    assert changed == "Infrastructure of the online centre: now estimated, 20% (for Q2 2021: not estimated)."


def test_what_to_do_begins_where_a_chance_is_nearest_to_even(told, results: Results) -> None:
    done = what_to_do(
        told(
            {"online_uptake": (0.45, "uncertain"), "one_stop": (0.30, "unlikely"), "autonomy": (0.80, "likely"),
             "portal_integration": (0.995, "very_likely"), "online_publication": (0.99, "very_likely"),
             "online_centre": (0.005, "very_unlikely"), "overdue": (0.005, "very_unlikely")},
            {},
        ),
        EN,
    )  # fmt: skip
    assert [sentence.split(":")[0].split(" (")[0] for sentence in done] == [
        "Resolved online", "One-stop mechanism everywhere", "Public units made autonomous",
    ]  # fmt: skip
    rate = results.attainment.run_rate.set_index(["target", "part"]).loc[("online_uptake", "of_all")]
    assert f"at least {100 * rate['required_share']:.1f}%" in done[0]
    gap = results.attainment.gap.query("target == 'online_uptake' and part == 'of_all' and dimension == 'agency'")
    most = gap.sort_values("short").iloc[-1]
    assert (
        f"Most is missing at: {EN.of(results.plan.names['agency'][most['series']])} ({most['short']:,.0f})" in done[0]
    )


@pytest.mark.parametrize(
    ("late", "end", "cuoi"),
    [
        (0, "none is overdue.", "không có đơn vị nào chậm."),
        (1, "1 is overdue.", "1 đơn vị đang chậm."),
        (9, "9 are overdue.", "9 đơn vị đang chậm."),
    ],
)
def test_items_are_called_what_they_are_and_counted_in_good_grammar(
    results: Results, late: int, end: str, cuoi: str
) -> None:
    target = results.plan.promise("autonomy")
    pace = results.attainment.items_pace.copy()
    pace.loc[pace["target"] == "autonomy", ["items_needed", "items_late"]] = [1, late]
    told = changed(results, items_pace=pace)
    (english,), (vietnamese,) = (items_needed(told, Wording(language), target) for language in ("en", "vi"))
    assert english.startswith("Public units made autonomous: 1 more of the units by the end of the year, ")
    assert english.endswith(f"; {end}")
    assert "đến cuối năm cần thêm 1 đơn vị, mỗi tháng " in vietnamese
    assert vietnamese.endswith(f"; {cuoi}")

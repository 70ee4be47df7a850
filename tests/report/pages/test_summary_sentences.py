"""What changed and what to do, on the demo quarter with its probabilities replaced by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from analysis.parameters import RunParameters
from analysis.publish.store.ledger import enter_probabilities, lines_of
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.actions import nearest_to_even, what_to_do
from analysis.report.pages.summary import SummaryPage
from analysis.report.promise_tables import items_needed
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
        f"sang tự chủ (20% → {percent}%; −{20 - percent}, không tách được nguyên nhân)",
        "so với bản đã công bố cho quý II/2021 (số liệu tính đến ngày 20/06/2021).",
    )
    assert [one in html for one in said] == [quarter is not None] * 2


def test_what_to_do_has_a_sentence_of_each_kind_and_begins_where_a_chance_is_nearest_to_even(
    told, results: Results
) -> None:
    now = told(
        {"online_uptake": (0.45, "uncertain"), "one_stop": (0.30, "uncertain"), "autonomy": (0.80, "likely"),
         "portal_integration": (0.995, "very_likely"), "online_publication": (0.99, "very_likely"),
         "online_centre": (0.005, "very_unlikely"), "overdue": (0.005, "very_unlikely")},
        {},
    )  # fmt: skip
    assert [target.id for target in nearest_to_even(now)] == [
        "online_uptake", "one_stop", "autonomy", "overdue", "online_centre",
    ]  # fmt: skip
    counts, lists, lacking = what_to_do(now, EN)
    rate = results.attainment.run_rate.set_index(["target", "part"]).loc[("online_uptake", "of_all")]
    gap = results.attainment.gap.query("target == 'online_uptake' and part == 'of_all' and dimension == 'agency'")
    most = gap.sort_values("short").iloc[-1]
    assert counts.startswith(
        f"In the {rate['weeks_left']:.0f} weeks left: Resolved online: 30% (or 50%) (Of all cases) – "
        f"{100 * rate['required_share']:.1f}% of the rest, {rate['cases_per_week']:,.0f} cases a week"
    )
    named = EN.of(results.plan.names["agency"][most["series"]])
    assert f"most missing at {named} ({most['short']:,.0f})" in counts
    assert "; Overdue down to 2% in each field (Housing) – " in counts
    pace = results.attainment.items_pace.set_index("target")
    assert lists == (
        f"On lists, by the end of the year: One-stop mechanism everywhere – {pace.items_needed['one_stop']} more of "
        f"the bodies, {pace.items_late['one_stop']} overdue; Public units made autonomous – "
        f"{pace.items_needed['autonomy']} more of the units, {pace.items_late['autonomy']} overdue; "
        "Infrastructure of the online centre – "
        f"{pace.items_needed['online_centre']} more of the milestones, {pace.items_late['online_centre']} overdue."
    )
    assert lacking == (
        "Provide what is lacking to estimate: Satisfaction above 81%; PCI in the good group; Apparatus and headcount."
    )


def test_of_many_lists_three_are_named_and_the_others_counted(told) -> None:
    at_risk = ("portal_integration", "online_publication", "one_stop", "online_centre", "autonomy")
    lists = what_to_do(told(dict.fromkeys(at_risk, (0.5, "uncertain")), {}), EN)[0]
    assert lists.count(" – ") == 3
    assert lists.endswith("; 2 more in the table.")


def test_what_is_done_or_lost_asks_for_nothing(told, results: Results) -> None:
    every = {target.id: (1.0, "met") for target in results.plan.promises}
    assert what_to_do(told(every | {"overdue": (0.0, "missed")}, {}), EN) == []


def test_the_page_says_first_what_to_begin_with(
    demo_run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, shown = SummaryPage(demo_run, results), []
    monkeypatch.setattr(page, "_html", shown.append)
    page.answer()
    first = nearest_to_even(results)[0]
    chance = EN.chance(results.promise(first.id)["probability"])
    assert shown[0].startswith('<p class="answer">Trong 10 mục tiêu, ')
    assert f"<li>Tập trung trước hết: {Wording('vi').of(first.name)} ({chance})</li></ul>" in shown[0]


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
    assert english.startswith("1 more of the units by the end of the year, ")
    assert english.endswith(f"; {end}")
    assert vietnamese.startswith("Đến cuối năm cần thêm 1 đơn vị, mỗi tháng ")
    assert vietnamese.endswith(f"; {cuoi}")

"""The controls of the what-if, moved by hand: what is shown is what the quarter says."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis import Quarter
from analysis.attainment.shifted_draws import Shift
from analysis.attainment.shifted_items import ItemsShift
from analysis.explore.before_after import picture
from analysis.explore.what_if import WhatIfControls
from analysis.faults import BadData
from analysis.parameters import RunParameters
from analysis.quarter.results import Results
from analysis.report import numbers, quantities
from analysis.report.figures import theme
from analysis.report.wording import Wording
from changed_results import changed
from drawn_texts import assert_no_overlap, drawn

pytestmark = pytest.mark.slow


class AnsweredQuarter(Quarter):
    """A quarter that has the same results, or others, under every answer, and notes what it was asked for."""

    def answering(self, **answers: str) -> Quarter:
        vars(self).setdefault("asked", []).append(answers)
        other = AnsweredQuarter(self.run.model_copy(update={"answers": {**self.run.answers, **answers}}))
        vars(other)["results"] = vars(self).get("others", self.results)
        return other


@pytest.fixture
def answered(q: Quarter) -> AnsweredQuarter:
    found = AnsweredQuarter(q.run)
    vars(found)["results"] = q.results
    return found


@pytest.fixture
def controls(answered: AnsweredQuarter) -> WhatIfControls:
    return WhatIfControls(answered)


def _cells(controls: WhatIfControls, table: int = 0) -> list[dict[str, str]]:
    found = BeautifulSoup(controls.outcome.value, "html.parser").find_all("table")[table]
    head, *rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in found.find_all("tr")]
    return [dict(zip(head, row, strict=True)) for row in rows]


def _whole(rows: pd.DataFrame, target: str = "online_uptake") -> pd.Series:
    return rows[(rows["target"] == target) & (rows["part"] == "")].iloc[0]


def test_as_opened_before_and_after_are_the_report(controls: WhatIfControls, results: Results) -> None:
    reported = results.attainment.promises[results.attainment.promises["target"] == "online_uptake"]
    for shown in (controls.before, controls.after):
        assert shown["probability"].tolist() == reported["probability"].tolist()
        assert shown["lower"].dropna().tolist() == reported["lower"].dropna().tolist()
    assert controls.change["change"].tolist() == [0, 0, 0]


def test_moving_the_slider_shows_what_the_quarter_says(controls: WhatIfControls, q: Quarter) -> None:
    opened = controls.outcome.value
    controls.members.value = ("ubnd-nt", "cucthue")
    controls.points.value = 10
    pure = q.what_if("online_uptake", points=0.10, agency=["ubnd-nt", "cucthue"])
    assert controls.asked is not None
    assert controls.asked.move == pure.move == Shift("online_of_all", "agency", ("ubnd-nt", "cucthue"), 0.10)
    pd.testing.assert_frame_equal(controls.change, pure.change)
    now, then = _whole(controls.before)["probability"], _whole(controls.after)["probability"]
    assert then > now
    words, first = Wording("vi"), _cells(controls)[0]
    assert first["Xác suất hiện nay"] == words.chance(now)
    assert first["Xác suất theo phương án giả định"] == words.chance(then)
    alt = BeautifulSoup(controls.picture.value, "html.parser").img["alt"]
    assert alt.endswith(f"xác suất {words.chance(now)} → {words.chance(then)}")
    controls.points.value = 0
    assert controls.outcome.value == opened


def test_the_first_part_names_what_all_have(q: Quarter) -> None:
    for target, move in (("online_uptake", {"points": 0.10, "agency": ["ubnd-nt"]}),
                         ("overdue", {"points": -0.01, "field": ["datdai"]})):  # fmt: skip
        asked = q.what_if(target, **move)
        shown = picture(q.results, target, asked.before, asked.after, Wording("en"))
        assert shown is not None
        written = drawn(shown)
        assert [written.count(text) for text in ("now", "under the what-if", "promised")] == [1, 1, 1]
        assert_no_overlap(shown, (theme.WIDE,))


def test_a_move_is_by_points_or_by_cases_and_nobody_chosen_is_everybody(controls: WhatIfControls) -> None:
    controls.points.value = 2
    controls.cases.value = 300
    assert controls.points.value == 0
    assert controls.asked is not None
    assert isinstance(controls.asked.move, Shift)
    assert (controls.asked.move.cases, len(controls.asked.move.members)) == (300, 34)
    controls.points.value = 1
    assert controls.cases.value == 0


def test_fields_can_be_moved_instead_of_bodies(controls: WhatIfControls) -> None:
    controls.dimension.value = "field"
    assert controls.members.value == ()
    controls.members.value, controls.points.value = ("datdai",), 20
    assert controls.asked is not None
    assert controls.asked.move == Shift("online_of_all", "field", ("datdai",), 0.2)
    assert _whole(controls.after)["probability"] > _whole(controls.before)["probability"]


def test_late_cases_move_by_the_fields_of_the_promise(controls: WhatIfControls, q: Quarter) -> None:
    controls.promise.value = "overdue"
    assert [code for _, code in controls.dimension.options] == ["field"]
    assert set(controls.before["target"]) == {"overdue"}
    controls.members.value, controls.points.value = ("datdai", "nhadat"), -2
    now, then = (rows.set_index("part")["probability"] for rows in (controls.before, controls.after))
    assert then["datdai"] > now["datdai"]
    assert then["thue"] == now["thue"]
    controls.cases.value = -60
    pure = q.what_if("overdue", cases=-60, field=["datdai", "nhadat"])
    pd.testing.assert_frame_equal(controls.change, pure.change)


def test_items_move_by_number_and_by_name(controls: WhatIfControls, q: Quarter) -> None:
    controls.promise.value = "one_stop"
    hidden = [box.layout.display for box in (controls._of_counts, controls._of_items, controls._of_goal)]
    assert hidden == ["none", "", ""]
    waiting = q.what_if("one_stop").open_items
    assert [code for _, code in controls.items.options] == waiting["item"].tolist()
    controls.more.value = 1
    controls.items.value = (waiting["item"].iloc[0],)
    assert controls.asked is not None
    assert controls.asked.move == ItemsShift("one_stop", (waiting["item"].iloc[0],), 1)
    assert _whole(controls.after, "one_stop")["probability"] > _whole(controls.before, "one_stop")["probability"]
    assert "cơ quan" in _cells(controls)[0]["Lũy kế đến nay"]


@pytest.mark.parametrize("target", ["online_uptake", "one_stop"])
def test_what_it_takes_is_said_and_set(controls: WhatIfControls, q: Quarter, target: str) -> None:
    controls.promise.value = target
    controls.level.value = 0.8
    controls.seek.click()
    found = q.what_if(target).needed(0.8)
    assert _whole(controls.after, target)["probability"] == found.probability >= 0.8
    change = quantities.shares("vi").change
    wanted = change(found.amount) if target == "online_uptake" else numbers.count(found.amount, "vi")
    assert f"Để đạt 80%: {wanted if target == 'online_uptake' else 'đến cuối năm hoàn thành thêm ' + wanted} " in (
        controls.goal.value
    )


def test_a_goal_out_of_reach_is_said_and_sets_nothing(controls: WhatIfControls) -> None:
    controls.promise.value = "overdue"
    controls.members.value = ("thue",)
    controls.seek.click()
    assert "kể cả mức thay đổi lớn nhất" in controls.goal.value
    assert controls.points.value == 0
    controls.promise.value = "apparatus"
    controls.seek.click()
    assert "Chưa đủ số liệu" in controls.goal.value


def test_a_survey_and_an_index_are_shown_and_not_moved(controls: WhatIfControls, results: Results) -> None:
    for target in ("satisfaction", "pci_group"):
        controls.promise.value = target
        assert controls.asked is None
        assert "Không có gì để thử thay đổi" in controls.status.value
        assert controls._of_goal.layout.display == "none"
        assert _whole(controls.after, target)["note"] == results.promise(target)["note"]
    controls.promise.value = "online_uptake"
    assert controls.status.value == ""


def test_every_promise_opens_and_an_update_takes_less_than_half_a_second(controls: WhatIfControls) -> None:
    for _, target in controls.promise.options:
        controls.promise.value = target
        assert set(controls.after["target"]) == {target}
    controls.promise.value = "overdue"
    seconds = []
    for points in (-1, -2, -3):
        began = time.process_time()
        controls.points.value = points
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.5


def test_a_definition_asks_for_the_quarter_under_it_and_shows_what_it_touches(
    controls: WhatIfControls, answered: AnsweredQuarter
) -> None:
    told: list[Any] = []
    controls.status.observe(lambda change: told.append(change["new"]), "value")
    controls.answers["overdue_scope"].value = "pooled"
    assert vars(answered)["asked"] == [{"overdue_scope": "pooled"}]
    assert "Đang tính lại" in told[0]
    assert controls.status.value == ""
    assert set(controls.after["target"]) == {"online_uptake", "overdue"}
    controls.answers["overdue_scope"].value = "per_field"
    assert len(vars(answered)["asked"]) == 1
    assert set(controls.after["target"]) == {"online_uptake"}


def test_what_the_input_cannot_be_counted_by_is_said_without_computing(
    controls: WhatIfControls, answered: AnsweredQuarter
) -> None:
    # the demo holds counts, not cases
    controls.answers["month_end"].value = "calendar"
    assert "asked" not in vars(answered)
    assert "không tính được" in controls.status.value
    controls.points.value = 5
    assert controls.outcome.value == ""
    controls.answers["month_end"].value = "plan"
    assert controls.status.value == ""
    assert controls.outcome.value


def test_a_fault_is_told_and_the_controls_live_on(answered: AnsweredQuarter, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(self: Quarter, **answers: str) -> Quarter:
        raise BadData("nobody counted <b>those</b>")

    monkeypatch.setattr(AnsweredQuarter, "answering", refuses)
    controls = WhatIfControls(answered)
    controls.answers["uptake_base"].value = "received"
    assert "nobody counted &lt;b&gt;" in controls.status.value
    assert controls.outcome.value == ""
    controls.answers["uptake_base"].value = "resolved"
    assert controls.outcome.value


def test_a_promise_judged_otherwise_stands_beside_its_parts(
    answered: AnsweredQuarter, results: Results, run: RunParameters
) -> None:
    overdue = results.plan.targets["overdue"]
    single = overdue.model_copy(update={"combine": None, "parts": {"datdai": overdue.parts["datdai"]}})
    targets = results.plan.targets | {"overdue": single}
    vars(answered)["others"] = changed(results, plan=results.plan.model_copy(update={"targets": targets}))
    controls = WhatIfControls(answered)
    controls.answers["overdue_scope"].value = "pooled"
    first, land = _cells(controls, 1)[:2]
    assert first["Xác suất theo phương án giả định"] == "<\u00a01%"
    assert land["Nội dung"] == "Đất đai"


def test_show_displays_and_returns_the_controls(controls: WhatIfControls, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("analysis.explore.what_if.display", shown.append)
    assert controls.show() is controls
    assert shown == [controls.box]
    assert "WhatIf(online_uptake" in repr(controls)

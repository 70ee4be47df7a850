"""The controls of the what-if, moved by hand: what is shown is what the pure function says."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.attainment.shifted_draws import Shift, what_if
from analysis.explore.what_if import WhatIf
from analysis.faults import BadData
from analysis.parameters import RunParameters
from analysis.quarter.results import Results
from analysis.report.wording import Wording
from changed_results import changed

pytestmark = pytest.mark.slow


@pytest.fixture
def asked() -> list[RunParameters]:
    return []


@pytest.fixture
def controls(run: RunParameters, results: Results, asked: list[RunParameters]) -> WhatIf:
    """Answers every definition with the same quarter, and notes what it was asked for."""

    def computed(one: RunParameters) -> Results:
        asked.append(one)
        return results

    return WhatIf(run, computed)


def _cells(controls: WhatIf, table: int = 0) -> list[dict[str, str]]:
    found = BeautifulSoup(controls.outcome.value, "html.parser").find_all("table")[table]
    head, *rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in found.find_all("tr")]
    return [dict(zip(head, row, strict=True)) for row in rows]


def _whole(rows: pd.DataFrame, target: str = "online_uptake") -> pd.Series:
    return rows[(rows["target"] == target) & (rows["part"] == "")].iloc[0]


def test_as_opened_before_and_after_are_the_report(controls: WhatIf, results: Results) -> None:
    reported = results.attainment.promises[results.attainment.promises["target"] == "online_uptake"]
    for shown in (controls.before, controls.after):
        assert shown["probability"].tolist() == reported["probability"].tolist()
        assert shown["lower"].dropna().tolist() == reported["lower"].dropna().tolist()


def test_moving_the_slider_shows_what_the_pure_function_says(
    controls: WhatIf, run: RunParameters, results: Results
) -> None:
    opened = controls.outcome.value
    controls.members.value = ("ubnd-nt", "cucthue")
    controls.points.value = 10
    pure = what_if(
        results.counted_situation(run),
        Shift("online_of_all", "agency", ("ubnd-nt", "cucthue"), 0.10),
        ["online_uptake"],
    )
    now, then = _whole(controls.before)["probability"], _whole(controls.after)["probability"]
    assert then == _whole(pure)["probability"] > now
    words, first = Wording("vi"), _cells(controls)[0]
    assert first["Xác suất hiện nay"] == words.chance(now)
    assert first["Xác suất theo phương án giả định"] == words.chance(then)
    assert "khoảng dự báo 80%" in controls.outcome.value
    controls.points.value = 0
    assert controls.outcome.value == opened


def test_fields_can_be_moved_instead_of_bodies(controls: WhatIf) -> None:
    controls.dimension.value = "field"
    assert controls.members.value == ()
    controls.members.value, controls.points.value = ("datdai",), 20
    assert controls.shift == Shift("online_of_all", "field", ("datdai",), 0.2)
    assert _whole(controls.after)["probability"] > _whole(controls.before)["probability"]


def test_what_moves_can_be_another_share_with_the_promises_on_it(controls: WhatIf, results: Results) -> None:
    assert [code for _, code in controls.indicator.options] == ["online_of_all", "overdue"]
    controls.indicator.value = "overdue"
    assert set(controls.before["target"]) == {"overdue"}
    reported = results.attainment.promises[results.attainment.promises["target"] == "overdue"]
    assert controls.after["probability"].tolist() == reported["probability"].tolist()
    controls.dimension.value = "field"
    controls.members.value, controls.points.value = ("datdai", "nhadat"), -2
    assert controls.shift == Shift("overdue", "field", ("datdai", "nhadat"), -0.02)
    now, then = (rows.set_index("part")["probability"] for rows in (controls.before, controls.after))
    assert then["datdai"] > now["datdai"]
    assert then["thue"] == now["thue"]


def test_a_definition_asks_for_the_quarter_under_it_and_shows_what_it_touches(
    controls: WhatIf, asked: list[RunParameters], run: RunParameters
) -> None:
    told: list[Any] = []
    controls.status.observe(lambda change: told.append(change["new"]), "value")
    controls.answers["overdue_scope"].value = "pooled"
    assert asked == [run, run.model_copy(update={"answers": {"overdue_scope": "pooled"}})]
    assert "Đang tính lại" in told[0]
    assert controls.status.value == ""
    assert set(controls.after["target"]) == {"online_uptake", "overdue"}
    controls.answers["overdue_scope"].value = "per_field"
    assert asked[-1] == run
    assert set(controls.after["target"]) == {"online_uptake"}


def test_what_the_input_cannot_be_counted_by_is_said_without_computing(
    controls: WhatIf, asked: list[RunParameters]
) -> None:
    # the demo holds counts, not cases
    controls.answers["month_end"].value = "calendar"
    assert len(asked) == 1
    assert "không tính được" in controls.status.value
    controls.points.value = 5
    assert controls.outcome.value == ""
    controls.answers["month_end"].value = "plan"
    assert controls.status.value == ""
    assert controls.outcome.value


def test_a_fault_is_told_and_the_controls_live_on(run: RunParameters, results: Results) -> None:
    def computed(one: RunParameters) -> Results:
        if "uptake_base" in one.answers:
            raise BadData("nobody counted <b>those</b>")
        return results

    controls = WhatIf(run, computed)
    controls.answers["uptake_base"].value = "received"
    assert "nobody counted &lt;b&gt;" in controls.status.value
    assert controls.outcome.value == ""
    controls.answers["uptake_base"].value = "resolved"
    assert controls.outcome.value


def test_a_promise_judged_otherwise_stands_beside_its_parts(run: RunParameters, results: Results) -> None:

    overdue = results.plan.targets["overdue"]
    single = overdue.model_copy(update={"combine": None, "parts": {"datdai": overdue.parts["datdai"]}})
    targets = results.plan.targets | {"overdue": single}
    pooled = changed(results, plan=results.plan.model_copy(update={"targets": targets}))
    controls = WhatIf(run, lambda one: pooled if "overdue_scope" in one.answers else results)
    controls.answers["overdue_scope"].value = "pooled"
    first, land = _cells(controls, 1)[:2]
    assert first["Xác suất theo phương án giả định"] == "<\u00a01%"
    assert land["Nội dung"] == "Đất đai"
    assert land["Xác suất theo phương án giả định"] == "–"

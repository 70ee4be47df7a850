"""What the other pictures say is what the results say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.indicators.disclosure import RESOLVED
from analysis.parameters import RunParameters
from analysis.plan.promises import SurveyPromise
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figure import Picture
from analysis.report.outlook import outlook
from analysis.report.pages.data_quality import _agency_months
from analysis.report.pages.surveys import survey
from analysis.report.pages.targets import gap, history
from analysis.report.pages.timeliness import timeliness
from analysis.report.published_probabilities import COLUMNS, probabilities_by_quarter
from analysis.report.share_figures import multiples, ranking
from analysis.report.wording import Wording
from changed_results import changed

pytestmark = pytest.mark.slow
ORIGIN = pd.Period("2021-09", "M")
EN = Wording("en")


def test_multiples_are_ratios_of_the_quarters_sums(results: Results) -> None:
    picture = multiples(results, EN, "online_of_all", "field", ["datdai", "thue"], ORIGIN, members="Fields")
    months = results.series("online_of_all", "field", "thue").set_index("period").loc[["2021-07", "2021-08", "2021-09"]]
    share = numbers.percent(months["numerator"].sum() / months["denominator"].sum(), "en")
    rows = picture.table.set_index("Body or field")
    assert rows.loc[EN.of(results.plan.names["field"]["thue"]), "Q3 2021"] == share
    assert share in picture.alt
    assert len(picture.values["quarter"].unique()) == 12


def test_small_pictures_have_one_scale_written_at_the_edges_of_their_grid(results: Results) -> None:
    rows = results.indicators.series.copy()
    mine = (rows["series"] == "thue") & (rows["indicator"] == "online_of_all")
    rows.loc[mine, ["numerator", "denominator"]] = [1, 1]  # too few to be shown: no line, the same scale
    fields = ["datdai", "moitruong", "dautu", "congthuong", "thue"]
    picture = multiples(changed(results, series=rows), EN, "online_of_all", "field", fields, ORIGIN, members="Fields")
    shown = [axes for axes in picture.figure.axes if axes.get_visible()]
    assert len(shown) == len(fields)
    assert len({(axes.get_xlim(), axes.get_ylim(), tuple(axes.get_yticks())) for axes in shown}) == 1
    assert {text.get_fontsize() for axes in shown for text in axes.get_yticklabels()} == {7.5}
    low, high = shown[0].get_ylim()
    values = picture.values["value"].dropna()
    assert low < values.min() < values.max() < high
    written = [axes.yaxis.get_tick_params()["labelleft"] for axes in shown]
    assert written == [True, False, False, False, True]


def test_a_quarter_that_is_not_whole_is_left_out(results: Results) -> None:
    picture = multiples(results, EN, "online_of_all", "field", ["thue"], ORIGIN - 1, members="Fields")
    assert picture.values["quarter"].max() == pd.Period("2021Q2", "Q")


def _hiding_tax(results: Results, periods: list[str]) -> Results:
    """Return results of which a publication hides the online share of tax in some periods."""
    cells = pd.DataFrame({"indicator": "online_of_all", "dimension": "field", "series": "thue", "period": periods})
    return changed(results, hidden=cells)


ALL_QUARTERS = [str(quarter) for quarter in pd.period_range("2018Q1", "2021Q3", freq="Q")]


def test_hidden_cells_are_in_no_picture_table_or_file(results: Results) -> None:
    picture = multiples(
        _hiding_tax(results, ALL_QUARTERS),
        EN,
        "online_of_all",
        "field",
        ["thue", "datdai"],
        ORIGIN,
        members="Fields",
    )
    assert set(picture.table.set_index("Body or field").loc["Tax"]) == {numbers.MISSING}
    of_tax = picture.values.query("series == 'thue'")
    assert of_tax["hidden"].all()
    assert of_tax[["numerator", "denominator", "value"]].isna().all(axis=None)
    assert not picture.values.query("series != 'thue'")["hidden"].any()
    assert "Hidden: cells of 1 to 4" in picture.caption


def test_a_hidden_body_is_named_in_a_ranking_and_has_no_rank(results: Results) -> None:
    hiding = _hiding_tax(results, ["2021"])
    picture = ranking(hiding, EN, "online_of_all", "field", ["thue", "datdai"], ORIGIN, members="Fields")
    assert picture.table.set_index("Body or field").loc["Tax"].tolist() == [numbers.MISSING] * 3
    assert picture.values.iloc[-1]["series"] == "thue"
    assert picture.values["value"].notna().tolist() == [True, False]
    assert "Tax" not in picture.alt


def test_a_hidden_month_of_a_body_is_marked_and_not_written(results: Results) -> None:
    months = results.indicators.agency_months
    bodies = ["sxd", "bdt"]
    cells = pd.DataFrame({"indicator": RESOLVED, "dimension": "agency", "series": "sxd", "period": ["2021-08"]})
    hiding = changed(results, hidden=cells, agency_months=months[months["agency"].isin(bodies)])
    picture = _agency_months(hiding, EN)
    written = picture.values.set_index("agency")["2021-08"]
    assert written.isna().to_dict() == {"sxd": True, "bdt": False}
    assert "·: hidden" in picture.caption
    row = picture.table.set_index("Body").loc[results.plan.names["agency"]["sxd"].en]
    assert (row == "·").sum() == 1


@pytest.mark.parametrize("quarters", ["all", "the last one"])
def test_a_member_without_a_share_is_said_to_have_none(results: Results, quarters: str) -> None:
    few = _hiding_tax(results, ALL_QUARTERS if quarters == "all" else ALL_QUARTERS[-1:])
    picture = multiples(few, EN, "online_of_all", "field", ["thue"], ORIGIN, members="Fields")
    if quarters == "all":
        assert picture is None
    else:
        assert f"Q3 2021: from {numbers.MISSING} ({numbers.MISSING}) to" in picture.alt


def test_the_classes_of_a_quarter_add_up_and_are_said(results: Results) -> None:
    picture = timeliness(results, EN)
    assert picture is not None
    months = results.indicators.timeliness.query("period in ['2021-07', '2021-08', '2021-09']")
    late = months.loc[months["timeliness"] == "late", "resolved"].sum()
    assert picture.values.iloc[-1][["early", "on_time", "late", "no_due_date"]].sum() == months["resolved"].sum()
    assert f"overdue {numbers.percent(late / months['resolved'].sum(), 'en')}" in picture.alt


def test_no_classes_no_picture(results: Results) -> None:
    none = results.indicators.timeliness.assign(timeliness=None)
    assert timeliness(changed(results, timeliness=none), EN) is None


def test_a_survey_picture_tells_its_last_round(results: Results) -> None:
    (target,) = (one for one in results.plan.promises if isinstance(one, SurveyPromise))
    picture = survey(results, EN, target, small=True)
    assert picture is not None
    last = (
        results.indicators.surveys.query("indicator == 'surveyed_provincial' and series == 'total'")
        .sort_values("period")
        .iloc[-1]
    )
    for said in (numbers.percent(last["value"], "en"), numbers.count(last["respondents"], "en"), "more than 81%"):
        assert said in picture.alt
    assert picture.width == "third"


def test_a_gap_picture_names_who_holds_most(results: Results) -> None:
    held = results.attainment.gap.query(
        "target == 'online_uptake' and part == 'of_all' and dimension == 'field' and short > 0"
    )
    picture = gap(results, EN, held, title="Who", table=pd.DataFrame({"x": [1]}), unit="cases")
    first = held.sort_values("short").iloc[-1]
    name = EN.name(results.plan, "field", first["series"])
    assert f"{name} holds most, {numbers.count(first['short'], 'en')}" in picture.alt
    assert numbers.count(held["short"].sum(), "en") in picture.alt


def test_a_history_joins_what_was_published_recomputed_and_said_now(
    results: Results, run: RunParameters, tmp_path: Path
) -> None:
    rows = [",".join(COLUMNS),
            "2021-04-01,x,2021-Q1,2021-03-20,final,autonomy,,,,0.4,,uncertain",
            "2021-07-01,x,2021-Q2,2021-06-20,final,autonomy,,,,0.3,,uncertain",
            "2021-12-01,x,2021-Q4,2021-12-20,final,autonomy,,,,0.9,,likely"]  # fmt: skip
    (tmp_path / "khanh-hoa-2021.csv").write_text("\n".join(rows), encoding="utf-8")
    said = probabilities_by_quarter(tmp_path, run, results)
    mine = said[said["target"] == "autonomy"]
    now = results.promise("autonomy")["probability"]
    assert mine["quarter"].tolist() == ["2021-Q1", "2021-Q2", "2021-Q3"]
    assert mine["probability"].tolist() == [0.4, 0.3, now]
    # nothing was published of this one for the second quarter: what the method says from what was known then
    other = said[said["target"] == "one_stop"]
    assert other["quarter"].tolist() == ["2021-Q2", "2021-Q3"]
    picture = history(results, EN, said)
    assert picture is not None
    assert picture.table.set_index("Promise").loc["Public units made autonomous", "Q1 2021"] == "40%"
    assert history(results, EN, said.assign(probability=float("nan"))) is None


def _drawn(picture: Picture) -> list[str]:
    """Return every text drawn into a figure, in the order drawn."""
    return [text.get_text() for axes in picture.figure.axes for text in axes.texts]


def _promising(results: Results, lines: dict[tuple[str, str], float]) -> Results:
    told = results.attainment.promises.copy()
    for (target, part), line in lines.items():
        told.loc[(told["target"] == target) & (told["part"] == part), "threshold"] = line
    return changed(results, promises=told)


def test_no_label_of_a_picture_prints_what_misses_its_line_as_the_line(results: Results) -> None:
    # The year's end is expected at 30.981 %; land has had 816 of 30,691 overdue so far, 2.659 %, and housing 54 of
    # 1,973, 2.737 %, in the last quarter 18 of 663, 2.715 %.
    near = _promising(
        results, {("online_uptake", "of_all"): 0.31, ("overdue", "datdai"): 0.027, ("overdue", "nhadat"): 0.027}
    )
    fan = outlook(near, EN, "online_uptake", "of_all", ORIGIN, small=True)
    assert _drawn(fan)[:2] == ["promise: at least 31%", "30.98%"]
    assert "year-end 30.98% (80% prediction interval: " in fan.alt

    ranked = ranking(near, EN, "overdue", "field", ["datdai", "nhadat"], ORIGIN, members="Fields")
    assert _drawn(ranked) == ["2.74%", "2.66%"]
    assert ranked.table["Share"].tolist() == ["2.74%", "2.66%"]
    assert "highest Housing (2.74%), lowest Land (2.66%)" in ranked.alt

    panels = multiples(near, EN, "overdue", "field", ["nhadat"], ORIGIN, members="Fields")
    assert panels is not None
    assert _drawn(panels) == ["2.71%"]
    assert panels.table["Q3 2021"].tolist() == ["2.71%"]


def test_a_survey_that_just_misses_does_not_print_as_the_promise(results: Results) -> None:
    (target,) = (one for one in results.plan.promises if isinstance(one, SurveyPromise))
    rounds = results.indicators.surveys.copy()
    last = (rounds["indicator"] == "surveyed_provincial") & (rounds["period"].astype(str) == "2020")
    rounds.loc[last, "value"] = 0.8098
    picture = survey(changed(results, surveys=rounds), EN, target)
    assert picture is not None
    assert "80.98%" in _drawn(picture)
    assert "80.98% in 2020" in picture.alt
    assert picture.table["Share satisfied"].tolist()[-1] == "80.98%"

"""July 2025: districts are abolished, old communes become new ones, and a promise on each body is judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from analysis.explore.drill_down import SharesByDimension
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.plan.plan import read_plan
from analysis.quarter import inputs, stages
from analysis.quarter.fingerprint import Fingerprint, fingerprint
from analysis.quarter.promise_standing import PromiseStanding
from analysis.quarter.results import Results
from analysis.report.news import what_changed
from analysis.report.pages.data_quality import DataPage
from analysis.report.pages.targets import TargetPage
from analysis.report.promise_tables import not_judged, with_no_history
from analysis.report.since_publication import computed_again
from analysis.report.wording import Wording
from changed_results import changed
from said_once import said_twice

MONTHS = [str(month) for month in pd.period_range("2024-01", "2025-09", freq="M")]
OLD = [month for month in MONTHS if month < "2025-07"]
PLAN = """
title: {{vi: a, en: a}}
year: 2025
calendar: {{frequency: M}}
source: s
scope: {{vi: a, en: a}}
unit: {{vi: hồ sơ, en: cases}}
crosswalk: {{agency: {crosswalk}}}
questions:
  history:
    asks: {{vi: a, en: a}}
    default: asked
    answers:
      asked: {{reading: {{vi: a, en: a}}}}
      apart: {{reading: {{vi: a, en: a}}, patch: {{crosswalk: {{agency: []}}}}}}
targets:
  each: {{kind: share, title: {{vi: a, en: a}}, reported: r, indicator: on_time, rule: at_least, threshold: {threshold},
         each: {{of: agency}}}}
"""


@dataclass(frozen=True)
class Province:
    """A province in counts: its runs by quarter, and their results."""

    folder: Path

    def run(self, quarter: str = "2025-Q3") -> RunParameters:
        as_of = {"2025-Q2": date(2025, 7, 1), "2025-Q3": date(2025, 10, 1)}[quarter]
        return RunParameters(
            plan_file=str(self.folder / "plan.yml"), quarter=quarter, as_of=as_of,
            input_path=str(self.folder / "received"), draw_count=200,
        )  # fmt: skip

    def results(
        self, quarter: str = "2025-Q3", *, crosswalk: str = "{file: merged.csv}", threshold: float = 0.2
    ) -> Results:
        plan = PLAN.format(crosswalk=crosswalk, threshold=threshold)
        (self.folder / "plan.yml").write_text(plan, encoding="utf-8")
        run = self.run(quarter)
        tables = self.folder / "tables"
        tables.mkdir(exist_ok=True)
        received = inputs.received_input(run, read_plan(Path(run.plan_file)), tables)
        return stages.compute(run, read_plan(Path(run.plan_file)), received, Fingerprint("p", "p", "d", stages.CODE))


def _province(folder: Path, communes: list[str], districts: list[str], merged: dict[str, str]) -> Province:
    """Write the counts: 8 of 10 cases a month on time, in an old commune 3 of 10, in a district 5 of 10."""
    rows = []
    for codes, months, on_time in (
        ([code for code in communes if code not in merged.values()], MONTHS, 8),
        (list(dict.fromkeys(merged.values())), MONTHS[len(OLD) :], 8),
        (list(merged), OLD, 3),
        (districts, OLD, 5),
    ):
        # Every other month has one late case more: nothing could be learnt from months that are all alike.
        for code in codes:
            for at, month in enumerate(months):
                late = 10 - on_time + at % 2
                rows += [(month, code, "on_time", on_time), (month, code, "late", late)]
    received = folder / "received"
    received.mkdir()
    counts = pd.DataFrame(rows, columns=["period", "agency", "timeliness", "resolved"])
    counts.to_parquet(received / "counts.parquet")
    asked = ["xa-a"] * 20 + ["xa-b"] * 20 + ["huyen"] * 30
    survey = pd.DataFrame({"agency": asked, "instrument": "own", "round": "2024", "stratum": "s", "weight": 1.0})
    number = pd.Series(range(len(asked)))
    survey = survey.assign(field=None, cluster=(number % 5).map("c{}".format), rating=1 + number % 5)
    survey.to_parquet(received / "survey.parquet")
    (received / "about.yml").write_text("title: t\nsource: s\nextracted_on: 2025-10-01\n", encoding="utf-8")
    lines = [f"{old},{new},2025-07-01" for old, new in merged.items()] + [f"{one},,2025-07-01" for one in districts]
    (folder / "merged.csv").write_text("\n".join(["old,new,from", *lines, ""]), encoding="utf-8")
    return Province(folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Two communes, of which one was three until June, and a district."""
    return _province(
        tmp_path_factory.mktemp("small"), ["xa-1", "xa-2"], ["huyen"], dict.fromkeys(["xa-a", "xa-b", "xa-c"], "xa-1")
    )


@pytest.fixture(scope="module")
def now(small: Province) -> Results:
    return small.results()


def _judged(results: Results) -> dict[str, str]:
    rows = results.attainment.promises
    return rows[rows["part"] != ""].set_index("part")["note"].to_dict()


def test_with_it_every_body_of_today_is_judged(now: Results) -> None:
    assert _judged(now) == {"xa-1": "", "xa-2": ""}
    assert 0 <= now.promise("each")["probability"] <= 1
    year = now.promise("each", "xa-1")
    # Three old communes for six months, 3 on time of 10 or 11; three months of its own, 8 of 10 or 11.
    assert (year["numerator"], year["denominator"]) == (3 * 6 * 3 + 3 * 8, 3 * (6 * 10 + 3) + (3 * 10 + 1))


def test_the_total_keeps_the_cases_of_the_abolished_and_no_list_has_them(now: Results) -> None:
    series = now.indicators.series
    assert set(series.loc[series["dimension"] == "agency", "series"]) == {"xa-1", "xa-2"}
    june = series[(series["dimension"] == "total") & (series["period"] == "2025-06")].iloc[0]
    # 3 on time in each of three, 8 in xa-2, 5 in the district; June is odd: one late case more in each.
    assert (june["numerator"], june["denominator"]) == (3 * 3 + 8 + 5, 5 * 11)
    assert set(now.indicators.agency_months["agency"]) == {"xa-1", "xa-2"}
    assert "huyen" not in set(now.attainment.gap["series"]) | set(now.attainment.promises["part"])
    # Those of the district in six months, 10 or 11, are in no member that is judged.
    outside = now.attainment.in_no_member.iloc[0]
    assert (outside["in_no_member"], outside["without_value"]) == (6 * 10 + 3, 0)


def test_without_it_the_old_bodies_veto_the_promise(now: Results) -> None:
    other = now.attainment.sensitivity.iloc[0]
    assert (other["question"], other["answer"], other["target"]) == ("history", "apart", "each")
    assert other["verdict"] == "not_estimated"
    assert now.promise("each")["verdict"] != "not_estimated"


def test_a_quarter_ago_is_what_the_report_said_of_the_bodies_there_were(now: Results) -> None:
    before = now.attainment.previous
    assert set(before["part"]) - {""} == {"xa-2", "xa-a", "xa-b", "xa-c", "huyen"}


@pytest.mark.slow
def test_a_run_for_the_quarter_before_is_unchanged(small: Province) -> None:
    with_it, without = small.results("2025-Q2"), small.results("2025-Q2", crosswalk="[]")
    assert set(_judged(with_it)) == {"xa-2", "xa-a", "xa-b", "xa-c", "huyen"}
    for stage in ("promises", "gap", "in_no_member", "baselines"):
        pd.testing.assert_frame_equal(getattr(with_it.attainment, stage), getattr(without.attainment, stage))
    pd.testing.assert_frame_equal(with_it.indicators.series, without.indicators.series)
    pd.testing.assert_frame_equal(with_it.forecast.draws, without.forecast.draws)


def test_results_can_be_kept_and_opened(now: Results, tmp_path: Path) -> None:
    now.store(tmp_path / "kept")
    assert Results.load(tmp_path / "kept").plan == now.plan
    assert now.plan.abolished("agency") == {"huyen"}


def test_the_name_of_the_results_changes_with_the_file(small: Province) -> None:
    def named() -> str:
        return fingerprint(small.run(), published=stages.PUBLISHED, code="code").plan

    (small.folder / "plan.yml").write_text(PLAN.format(crosswalk="{file: merged.csv}", threshold=0.2), encoding="utf-8")
    before, file = named(), small.folder / "merged.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("huyen,,2025-07-01", "huyen,,2025-07-02"), encoding="utf-8")
    assert named() != before
    file.write_text(text, encoding="utf-8")
    assert named() == before


@pytest.mark.slow
def test_seventy_five_communes_are_judged_where_seventeen_districts_were_a_veto(tmp_path: Path) -> None:
    communes = [f"xa-{number:02d}" for number in range(1, 76)]
    districts = [f"huyen-{number:02d}" for number in range(1, 18)]
    province = _province(tmp_path, communes, districts, {"xa-cu-1": "xa-01", "xa-cu-2": "xa-01", "xa-cu-3": "xa-01"})
    found = province.results(threshold=0.5)
    assert _judged(found) == dict.fromkeys(communes, "")
    assert found.promise("each")["verdict"] != "not_estimated"
    assert found.attainment.sensitivity.iloc[0]["verdict"] == "not_estimated"
    # No table has one of them but that of single cells, whose sums are the total.
    for frame in (found.indicators.series, found.attainment.gap):
        assert not frame["series"].isin(districts).any()
    cells, series = found.indicators.cells, found.indicators.series
    assert cells["denominator"].sum() == series.loc[series["series"] == "total", "denominator"].sum()
    assert cells["agency"].isin(districts).any()


@pytest.fixture(scope="module")
def began(now: Results) -> Results:
    """The same, had the second commune begun in July with nobody's history, and too late to be estimated."""
    series, rows = now.indicators.series, now.attainment.promises
    later = (series["series"] == "xa-2") & (series["period"] < "2025-07")
    return changed(
        now,
        series=series[~later],
        promises=rows.assign(note=rows["note"].mask(rows["part"] == "xa-2", "not_enough_history")),
    )


@pytest.mark.slow
def test_a_body_without_a_history_says_so_to_an_analyst(now: Results, began: Results) -> None:
    standing = PromiseStanding(began.plan.promise("each"), began)
    # The other one began as late itself, and has the history of three.
    assert standing.without_history.to_numpy().tolist() == [
        ["on_time", "agency", "xa-2", "2025-07", "not_enough_history"]
    ]
    assert (
        "xa-2 has no history of its own: cases only since 2025-07, too few to be estimated." in standing._repr_html_()
    )
    alone = PromiseStanding(now.plan.promise("each"), now)
    assert alone.without_history.empty
    assert "history" not in alone._repr_html_()


@pytest.mark.parametrize(
    ("language", "note", "said"),
    [
        (
            "en",
            "not_enough_history",
            "No history of their own, with cases only from 07/2025 on and nothing merged into them: xa-2. They are not "
            "estimated before they have cases in 8 periods. Until then",
        ),
        ("en", "", "nothing merged into them: xa-2. They are judged by their own periods since then;"),
        ("vi", "not_enough_history", "cộng vào: xa-2. Các nơi này chưa ước lượng được khi chưa đủ 8 kỳ có hồ sơ"),
    ],
)
def test_the_page_says_which_bodies_have_no_history_and_how_they_are_judged(
    began: Results, language: str, note: str, said: str
) -> None:
    rows = began.attainment.promises
    results = changed(began, promises=rows.assign(note=rows["note"].where(rows["part"] != "xa-2", note)))
    (sentence,) = with_no_history(results, Wording(language), "each")
    assert said in sentence


def test_the_page_of_the_data_says_what_merged(now: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    page, shown = DataPage(read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml", language="en"), now), []
    monkeypatch.setattr(page, "_html", shown.append)
    page._merged()
    table = shown[-1]
    assert "The cases of every period are added up over the bodies of today" in table
    assert table.count("<tr>") == 1 + len(now.plan.crosswalk["agency"])
    assert "abolished" in table


def test_the_page_says_who_was_abolished(now: Results) -> None:
    assert not_judged(now, Wording("en"), "each") == [
        # Its 63; the 220 of xa-1; and of xa-2 in nine months, 10 and 11 by turns, 94.
        "63 of the 377 cases counted are of members that this promise does not judge (Bodies).",
        "Abolished, with nobody to carry them on, and therefore on no list: huyen (1 July 2025). "
        "Their cases stay in the total.",
    ]
    assert with_no_history(now, Wording("en"), "each") == []


def test_pages_are_made_though_a_quarter_ago_there_were_other_bodies(
    small: Province, began: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    page = TargetPage(small.run().model_copy(update={"language": "en"}), began)
    monkeypatch.setattr(page, "_html", shown.append)
    monkeypatch.setattr(page, "_picture", lambda picture: None)
    page.targets()
    text = unescape(re.sub(r"<[^>]+>", "", "".join(shown)))
    assert "cases only from 07/2025 on" in text
    assert "huyen (1 July 2025)" in text
    assert said_twice("".join(shown), "en") == []
    assert began.attainment.of("previous", "each", "xa-1").empty
    assert len(what_changed(began, Wording("en"), computed_again(began))) == 1


def test_whoever_cuts_by_two_dimensions_is_offered_bodies_of_today(now: Results) -> None:
    of_land = changed(now, cells=now.indicators.cells.assign(field="land"))
    assert set(SharesByDimension(of_land).cells("on_time", "field", "agency")["second"]) == {"xa-1", "xa-2"}
    assert set(of_land.indicators.cells["agency"]) == {"xa-1", "xa-2", "huyen"}


def test_answers_of_a_survey_are_those_of_the_bodies_of_today(now: Results) -> None:
    rounds = now.indicators.series.query("indicator == 'surveyed_own' and period == '2024'").set_index("series")
    # 20 answers on each of two old communes, and 30 on the district.
    assert rounds["respondents"].to_dict() == {"total": 70, "xa-1": 40}

"""Why probabilities are not those published last: what a leader reads, and that it adds up."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from analysis.attainment.verdict import COLUMNS as ROW
from analysis.data.sources.mapping import About
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.plan.plan import Plan, read_plan
from analysis.publish.store.ledger import enter_probabilities, lines_of
from analysis.quarter import stages
from analysis.quarter.comparison import STEPS
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.readings import DrawSettings
from analysis.quarter.results import Results
from analysis.report.numbers import whole_percent
from analysis.report.since_publication import (
    Move,
    SaidBefore,
    SincePublication,
    compared_with,
    counted_from,
    moves,
    since_publication,
)
from analysis.report.wording import Wording
from changed_results import made_results

Q2, Q3 = (read_run_file(ROOT / f"parameters/khanh-hoa-2021/2021-Q{number}.yml") for number in (2, 3))
MOMENT = datetime(2021, 6, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan() -> Plan:
    whole = read_plan(ROOT / Q3.plan_file)
    kept = ("overdue", "one_stop", "autonomy")
    return whole.model_copy(update={"targets": {name: whole.targets[name] for name in kept}})


def _since(**rows: tuple) -> SincePublication:
    """Return what moved, by promise: before, the points of each cause, after, and what was drawn otherwise."""
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["before", *STEPS, "after", "drawn_otherwise"])
    return SincePublication(pd.Period("2021Q2"), date(2021, 6, 20), table)


def _told(since: SincePublication, language: str = "vi") -> list[str]:
    return [move.causes for move in moves(since, Wording(language)).values()]


def test_a_promise_is_told_with_its_causes_the_largest_first() -> None:
    since = _since(one_stop=(0.43, 0.0, 2.0, 0.0, 0.0, -15.0, 0.30, ""))
    told = "số liệu mới −15, số liệu các kỳ trước được điều chỉnh +2"
    assert moves(since, Wording("vi")) == {"one_stop": Move(-13, told)}
    assert counted_from(since, Wording("vi")) == (
        "Nguyên nhân: tính bằng điểm phần trăm, so với bản đã công bố cho quý II/2021 "
        "(số liệu tính đến ngày 20/06/2021)."
    )
    assert _told(since, "en") == ["new data −15, past data revised +2"]


def test_points_are_said_to_be_against_what_was_published() -> None:
    published = SaidBefore(pd.Period("2021Q1"), date(2021, 3, 20), pd.DataFrame())
    assert compared_with(published, Wording("en")) == (
        "Points: against what was published for Q1 2021 (data known as of 20 March 2021)."
    )


@pytest.mark.parametrize(
    ("drawn_otherwise", "named"),
    [("seed", "mô phỏng lại +1"), ("draw_count, program", "phiên bản chương trình khác +1")],
)
def test_every_cause_has_its_words(drawn_otherwise: str, named: str) -> None:
    (told,) = _told(_since(autonomy=(0.2, 1.0, 2.0, 3.0, 4.0, 5.0, 0.35, drawn_otherwise)))
    assert told == (
        "số liệu mới +5, tiến độ thực hiện các đầu việc +4, cách hiểu kế hoạch thay đổi +3, số liệu các kỳ trước được "
        f"điều chỉnh +2, {named}"
    )


@pytest.mark.parametrize(
    ("before", "points", "after"),
    [
        (0.104, (0.4, 0.4, 0.4, 0.4, 0.4), 0.124),  # 10,4 → 10,8 → 11,2 → 11,6 → 12,0 → 12,4: printed 10, 11, 11, 12
        (0.995, (0.0, -0.3, 0.0, 0.0, -12.2), 0.87),  # above 99 % counts as a hundred
        (0.005, (0.25, 0.25, 0.0, 0.0, 29.0), 0.30),  # below 1 % as nothing,
        (0.645, (0.1, -0.1, 0.1, -0.1, 1.0), 0.655),
    ],
)
def test_what_is_printed_adds_up(before: float, points: tuple[float, ...], after: float) -> None:
    (told,) = _told(_since(overdue=(before, *points, after, "seed")), "en")
    signed = [int(one.replace("−", "-")) for one in re.findall(r"[+−]\d+", told)]
    assert whole_percent(before) + sum(signed) == whole_percent(after)


def test_what_is_printed_the_same_has_no_points() -> None:
    since = _since(overdue=(0.101, 0.0, 0.0, 0.0, 0.0, 0.3, 0.104, ""))
    assert moves(since, Wording("vi"))["overdue"].points == 0


def test_a_change_that_cannot_be_taken_apart_is_told_whole() -> None:
    missing = _since(one_stop=(0.43, 0.0, float("nan"), float("nan"), 0.0, 0.0, 0.30, ""))
    said = ["−13, không tách được nguyên nhân"]
    assert _told(missing) == said
    without = SincePublication(missing.quarter, missing.known_on, missing.moved[["before", "after"]])
    assert _told(without) == said


def _results(plan: Plan, says: float, quarter: str) -> Results:
    rows = pd.DataFrame({"target": list(plan.targets), "part": "", "probability": [0.5, says, float("nan")]})
    rows = rows.reindex(columns=ROW).assign(part="", quarter=quarter, verdict="uncertain")
    counts = ["indicator", "dimension", "series", "period", "numerator", "denominator", "total", "total_squares"]
    results = made_results(
        plan,
        Fingerprint("parameters", "plan", f"data of {quarter}", stages.CODE),
        of_data={"about": About(title="t", source="s", simulated=True), "basis": "exact", "compared_with": None,
                 "form_filed": False},
        default=lambda name: pd.DataFrame({"x": [1]}),
        promises=rows,
        series=pd.DataFrame(columns=counts),
    )  # fmt: skip
    object.__setattr__(results, "drawn", DrawSettings(2000, 2021))
    return results


@pytest.fixture
def published(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """The second quarter, entered in the ledger and kept."""
    monkeypatch.setattr(stages, "PROCESSED", tmp_path / "processed")
    results = _results(plan, 0.43, "2021-Q2")
    _enter(tmp_path, Q2, results)
    results.store(stages.PROCESSED / results.fingerprint.key)
    return results


def _enter(folder: Path, run: RunParameters, results: Results) -> None:
    lines = lines_of(run, results.fingerprint.key, results.attainment.promises, MOMENT)
    enter_probabilities(folder / "ledger", run.plan_name, lines)


def test_the_change_since_the_ledgers_last_publication_is_taken_apart(
    plan: Plan, published: Results, tmp_path: Path
) -> None:
    since = since_publication(tmp_path / "ledger", Q3, _results(plan, 0.60, "2021-Q3"))
    assert since
    assert (since.quarter, since.known_on) == (pd.Period("2021Q2"), date(2021, 6, 20))
    # What is not estimated has no change.
    assert sorted(since.moved.index) == ["one_stop", "overdue"]
    one_stop = since.moved.loc["one_stop"]
    assert (one_stop["before"], one_stop["after"], one_stop["drawn_otherwise"]) == (0.43, 0.60, "")
    assert one_stop[list(STEPS)].astype(float).tolist() == pytest.approx([0.0, 0.0, 0.0, 17.0, 0.0])


def test_the_last_publication_of_a_quarter_counts(plan: Plan, published: Results, tmp_path: Path) -> None:
    again = _results(plan, 0.48, "2021-Q2")
    object.__setattr__(again, "fingerprint", Fingerprint("parameters", "plan", "later data", stages.CODE))
    later = Q2.model_copy(update={"as_of": date(2021, 7, 2)})
    _enter(tmp_path, later, again)
    since = since_publication(tmp_path / "ledger", Q3, _results(plan, 0.60, "2021-Q3"))
    assert since
    assert since.known_on == date(2021, 7, 2)
    assert since.moved.loc["one_stop", "before"] == 0.48


@pytest.mark.parametrize("lost", ["results", "table", "content"])
def test_what_is_not_kept_any_more_leaves_the_whole_change(
    plan: Plan, published: Results, tmp_path: Path, lost: str
) -> None:
    folder = stages.PROCESSED / published.fingerprint.key
    if lost == "results":
        folder.rename(tmp_path / "tidied")
    elif lost == "table":
        (folder / "indicators" / "series.parquet").unlink()
    else:
        (folder / "results.json").write_text('{"plan": "of another version"}', encoding="utf-8")
    since = since_publication(tmp_path / "ledger", Q3, _results(plan, 0.60, "2021-Q3"))
    assert since
    assert list(since.moved.columns) == ["before", "after"]
    assert since.moved.loc["one_stop"].tolist() == [0.43, 0.60]


def test_the_first_publication_of_a_plan_has_none_before_it(plan: Plan, published: Results, tmp_path: Path) -> None:
    assert since_publication(tmp_path / "no ledger", Q3, _results(plan, 0.6, "2021-Q3")) is None
    # Its own quarter is none: every publication would be stale by its own ledger lines.
    assert since_publication(tmp_path / "ledger", Q2, _results(plan, 0.6, "2021-Q2")) is None

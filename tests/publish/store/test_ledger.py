"""The ledger grows by what is published, whole lines only, and is graded from what the year decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from analysis.faults import BadData
from analysis.parameters import resolve
from analysis.plan.plan import read_plan
from analysis.publish.store import ledger as store_ledger
from analysis.publish.store import manifest
from analysis.publish.store.manifest import Manifest, Recipe
from analysis.report.published_probabilities import (
    COLUMNS,
    graded_probabilities,
    probabilities_by_quarter,
    released_before,
)
from analysis.report.wording import Wording
from changed_results import changed


def enter_probabilities(ledger, run, results, moment):
    """Enter the probabilities of a run as its release does."""
    lines = store_ledger.lines_of(run, results.fingerprint.key, results.attainment.promises, moment)
    return store_ledger.enter_probabilities(ledger, run.plan_name, lines)


MOMENT = datetime(2021, 9, 21, 8, 0, tzinfo=UTC)


def promises(quarter: str, *rows: tuple[str, float, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "target": target, "part": "", "quarter": quarter, "rule": "at_least", "threshold": 0.3,
                "probability": probability, "baseline_probability": 0.4, "verdict": verdict,
            }
            for target, probability, verdict in rows
        ]
    )  # fmt: skip


@pytest.fixture
def third(results):
    return changed(results, promises=promises("2021-Q3", ("online_uptake", 0.68, "uncertain")))


def test_a_publication_is_entered_once_and_a_changed_one_again(tmp_path, run, third):
    enter_probabilities(tmp_path, run, third, MOMENT)
    enter_probabilities(tmp_path, run, third, MOMENT)
    other = replace(third, fingerprint=replace(third.fingerprint, data="other"))
    enter_probabilities(tmp_path, run, other, MOMENT)
    final = run.model_copy(update={"status": "final", "signed_by": "A"})
    enter_probabilities(tmp_path, final, other, MOMENT)
    enter_probabilities(tmp_path, final, other, MOMENT)  # in the same second as the draft
    frame = pd.read_csv(tmp_path / "khanh-hoa-2021.csv")
    assert list(frame.columns) == COLUMNS
    assert frame["status"].tolist() == ["draft", "draft", "final"]
    assert frame["fingerprint"].nunique() == 2
    assert frame["probability"].tolist() == [0.68] * 3


def test_what_is_not_estimated_is_entered_without_a_probability(tmp_path, run, results):
    called_off = promises("2021-Q3", ("satisfaction", float("nan"), "not_estimated"))
    enter_probabilities(tmp_path, run, changed(results, promises=called_off), MOMENT)
    last = (tmp_path / "khanh-hoa-2021.csv").read_text().splitlines()[-1]
    assert last.endswith("satisfaction,,at_least,0.3,,0.4,not_estimated")


def test_earlier_quarters_are_graded_by_what_the_year_decided(tmp_path, run, results, third):
    plan = read_plan(resolve(run.plan_file))
    enter_probabilities(tmp_path, run, third, MOMENT)
    again = changed(third, promises=promises("2021-Q3", ("online_uptake", 0.75, "uncertain")))
    enter_probabilities(tmp_path, run, replace(again, fingerprint=replace(third.fingerprint, data="later")), MOMENT)
    fourth = run.model_copy(update={"quarter": "2021-Q4", "as_of": date(2021, 12, 20)})
    decided = changed(results, plan=plan, promises=promises("2021-Q4", ("online_uptake", 1.0, "met")))
    enter_probabilities(tmp_path, fourth, decided, MOMENT)
    table = graded_probabilities(tmp_path, fourth, decided, Wording("en"))
    assert len(table) == 1  # the last publication of the third quarter; the fourth is this very run
    assert table.iloc[0].tolist()[2:] == ["75%", "It was kept"]
    undecided = changed(decided, promises=promises("2021-Q4", ("online_uptake", 0.9, "likely")))
    assert graded_probabilities(tmp_path, fourth, undecided, Wording("en")).iloc[0, 3] == "Not decided yet"


def test_what_was_not_known_by_the_day_looked_back_to_is_left_out(tmp_path, run, results, third):
    enter_probabilities(tmp_path, run, third, MOMENT)
    early = run.model_copy(update={"quarter": "2021-Q4", "as_of": date(2021, 9, 1)})
    assert graded_probabilities(tmp_path, early, third, Wording("en")).empty
    assert graded_probabilities(tmp_path / "nowhere", run, third, Wording("en")).empty


def test_a_disk_that_is_full_leaves_the_ledger_as_it_was(tmp_path, run, third, no_file_beyond):
    enter_probabilities(tmp_path, run, third, MOMENT)
    file = tmp_path / "khanh-hoa-2021.csv"
    before = file.read_bytes()
    later = replace(third, fingerprint=replace(third.fingerprint, data="later"))
    with no_file_beyond(len(before) + 20), pytest.raises(OSError, match=f"File too large: '{file}'"):
        enter_probabilities(tmp_path, run, later, MOMENT)
    assert file.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} <= {file.name, ".khanh-hoa-2021.lock"}
    enter_probabilities(tmp_path, run, later, MOMENT)
    assert file.read_bytes().startswith(before)


def test_a_disk_full_at_the_first_entry_leaves_no_ledger(tmp_path, run, third, no_file_beyond):
    file = tmp_path / "khanh-hoa-2021.csv"
    with no_file_beyond(20), pytest.raises(OSError, match="File too large"):
        enter_probabilities(tmp_path, run, third, MOMENT)
    assert not file.exists()
    enter_probabilities(tmp_path, run, third, MOMENT)
    assert list(pd.read_csv(file).columns) == COLUMNS


def test_an_empty_ledger_is_like_none(tmp_path, run, third):
    file = tmp_path / "khanh-hoa-2021.csv"
    file.touch()
    fourth = run.model_copy(update={"quarter": "2021-Q4", "as_of": date(2021, 12, 20)})
    assert graded_probabilities(tmp_path, fourth, third, Wording("en")).empty
    enter_probabilities(tmp_path, run, third, MOMENT)
    enter_probabilities(tmp_path, run, third, MOMENT)
    assert list(pd.read_csv(file).columns) == COLUMNS
    assert len(graded_probabilities(tmp_path, fourth, third, Wording("en"))) == 1


@pytest.mark.parametrize("left", [0.3, 0.6, 0.9])
def test_an_entry_that_was_cut_off_is_entered_again_and_the_whole_one_stands(tmp_path, run, results, left):
    several = [("online_uptake", 0.68, "uncertain"), ("overdue", 0.3512, "unlikely"), ("portal", 1.0, "met")]
    published = changed(results, promises=promises("2021-Q3", *several))
    enter_probabilities(tmp_path, run, published, MOMENT)
    file = tmp_path / "khanh-hoa-2021.csv"
    header, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    entry = "".join(lines)
    file.write_text(header + entry[: int(len(entry) * left)], encoding="utf-8")
    later = datetime(2021, 9, 22, 8, 0, tzinfo=UTC)
    enter_probabilities(tmp_path, run, published, later)
    enter_probabilities(tmp_path, run, published, later)
    fourth = run.model_copy(update={"quarter": "2021-Q4", "as_of": date(2021, 12, 20)})
    before = released_before(tmp_path, fourth)
    assert dict(zip(before["target"], before["probability"], strict=True)) == {name: p for name, p, _ in several}
    assert file.read_text(encoding="utf-8").count("2021-09-22") == 3


@pytest.mark.parametrize(
    "content",
    [",".join(COLUMNS)[:70], ",".join(COLUMNS).replace(",", ";") + "\n1;2\n", ",".join(COLUMNS) + "\n" + 13 * "1,"],
    ids=["cut in its header", "saved by a table program", "a line too long"],
)
def test_what_is_no_ledger_is_told_of_and_left_as_it_is(tmp_path, run, third, content):
    file = tmp_path / "khanh-hoa-2021.csv"
    file.write_text(content, encoding="utf-8")
    for look in (lambda: enter_probabilities(tmp_path, run, third, MOMENT), lambda: released_before(tmp_path, run)):
        with pytest.raises(BadData, match=r"khanh-hoa-2021\.csv: .*put back the copy"):
            look()
    assert file.read_text(encoding="utf-8") == content


def test_a_ledger_may_be_a_link_to_another_disk(tmp_path, run, third):
    elsewhere, ledger = tmp_path / "elsewhere.csv", tmp_path / "ledger"
    ledger.mkdir()
    (ledger / "khanh-hoa-2021.csv").symlink_to(elsewhere)
    enter_probabilities(ledger, run, third, MOMENT)
    assert (ledger / "khanh-hoa-2021.csv").is_symlink()
    assert len(pd.read_csv(elsewhere)) == 1


def test_an_older_release_whose_table_lacks_a_column_has_no_lines(tmp_path):
    recipe = Recipe(results_key="0a", language="vi", status="draft", signed_by=None, as_of="2021-09-20",
                    notebooks={}, pages="")  # fmt: skip
    parameters = {"quarter": "2021-Q3", "as_of": "2021-09-20", "status": "draft"}
    hashes = {f"{name}_sha256": "" for name in ("plan", "data", "code", "lock")}
    made = Manifest(run_id="r", made_at=MOMENT, parameters=parameters, recipe=recipe, **hashes, versions={},
                    title={"vi": "t", "en": "t"}, targets={}, notebooks={}, files={})  # fmt: skip
    manifest.write(made, tmp_path)
    table = tmp_path / "attainment.csv"
    table.write_text("target,part,rule,threshold,probability,baseline_probability,verdict\noverdue,,all_of,,1,0,met\n")
    (line,) = store_ledger.lines_of_release(tmp_path)
    assert line[5:] == ["overdue", "", "all_of", "", "1", "0", "met"]
    table.write_text("target;part;rule\noverdue;;all_of\n")
    assert store_ledger.lines_of_release(tmp_path) == []


def test_a_ledger_that_is_a_link_to_itself_is_none(tmp_path, run, third):
    file = tmp_path / "khanh-hoa-2021.csv"
    file.symlink_to(file.name)
    enter_probabilities(tmp_path, run, third, MOMENT)
    assert len(pd.read_csv(file)) == 1


def _line(hour: int, probability: float) -> str:
    return f"2021-10-01T{hour:02}:00:00+00:00,0a,2021-Q3,2021-09-20,draft,overdue,,all_of,,{probability},0.1,unlikely\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([(10, 0.1), (9, 0.2)], [(8, 0.3), (11, 0.4)], [0.3, 0.1, 0.2, 0.4]),
        ([(9, 0.1)], [(10, 0.2), (10, 0.2), (9, 0.1)], [0.1, 0.2]),
    ],
    ids=["a clock set back here", "a line that stands twice there"],
)
def test_of_another_ledger_each_new_line_comes_once_and_the_order_of_ours_stays(tmp_path, ours, theirs, expected):
    file, other = tmp_path / "ledger" / "kh.csv", tmp_path / "kh.csv"
    file.parent.mkdir()
    for path, lines in ((file, ours), (other, theirs)):
        path.write_text(f"{','.join(COLUMNS)}\n{''.join(_line(*one) for one in lines)}", encoding="utf-8")
    assert store_ledger.merge(file.parent, other) == len(expected) - len(ours)
    assert pd.read_csv(file)["probability"].tolist() == expected


FIRST_EDITION = """\
published_at,fingerprint,quarter,as_of,status,target,part,rule,threshold,probability,baseline_probability,verdict
2021-06-21T08:00:00+00:00,0a,2021-Q2,2021-06-21,final,online_uptake,,any_of,,0.41,0.4,uncertain
2021-06-21T08:00:00+00:00,0a,2021-Q2,2021-06-21,final,online_uptake,of_all,at_least,0.3,0.3,0.2,unlikely
2021-06-21T08:00:00+00:00,0a,2021-Q2,2021-06-21,final,overdue,,all_of,,0.2,0.1,unlikely
2021-06-21T08:00:00+00:00,0a,2021-Q2,2021-06-21,final,overdue,datdai,at_most,0.02,0.6,0.5,uncertain
"""


def test_a_ledger_of_the_first_edition_of_plans_is_read_and_goes_on(tmp_path, run, third):
    file = tmp_path / "khanh-hoa-2021.csv"
    file.write_text(FIRST_EDITION, encoding="utf-8")
    table = graded_probabilities(tmp_path, run, changed(third, promises=results_of_both()), Wording("en"))
    assert table.iloc[:, 2].tolist() == ["41%", "20%"]
    enter_probabilities(tmp_path, run, third, MOMENT)
    assert file.read_text(encoding="utf-8").startswith(FIRST_EDITION)


def results_of_both() -> pd.DataFrame:
    return promises("2021-Q3", ("online_uptake", 0.7, "uncertain"), ("overdue", 0.3, "unlikely"))


def test_a_promise_that_was_renamed_keeps_its_past(tmp_path, run, third):
    (tmp_path / "khanh-hoa-2021.csv").write_text(
        FIRST_EDITION.replace(",overdue,,", ",late_cases,,").replace(",overdue,datdai", ",late_cases,datdai"),
        encoding="utf-8",
    )
    both = changed(third, promises=results_of_both())
    assert len(graded_probabilities(tmp_path, run, both, Wording("en"))) == 1
    renamed = both.plan.targets["overdue"].model_copy(update={"formerly": ("late_cases",)})
    plan = both.plan.model_copy(update={"targets": {**both.plan.targets, "overdue": renamed}})
    now = changed(both, plan=plan, previous=both.attainment.promises.iloc[:0])
    assert graded_probabilities(tmp_path, run, now, Wording("en")).iloc[:, 2].tolist() == ["41%", "20%"]
    before = probabilities_by_quarter(tmp_path, run, now)
    assert before[before["target"] == "overdue"]["probability"].tolist() == [0.2, 0.3]


IDS = {
    "satisfaction": (),
    "online_uptake": ("of_all", "of_published"),
    "overdue": ("datdai", "moitruong", "dautu", "xaydung", "nhadat", "thue", "bhxh", "ldtbxh"),
    **dict.fromkeys(
        (
            *("portal_integration", "online_publication", "pci_group", "one_stop"),
            *("online_centre", "apparatus", "autonomy"),
        ),
        (),
    ),
}
"""The names under which the ledger of Khánh Hòa has promises and parts since its first line."""


def test_promises_and_parts_of_the_shipped_plan_keep_the_names_the_ledger_has_them_by(results):
    fields = {("field", "named_fields"): IDS["overdue"]}
    written = results.plan.over(fields)
    names = {one.id: tuple(name for _, name in getattr(one, "judged", ()) if name) for one in written.promises}
    assert names == IDS
    pooled = results.plan.answered({"overdue_scope": "pooled"}).over(fields)
    ((part, name),) = pooled.targets["overdue"].judged
    assert (part.dimension, part.series, name) == ("field", "named_fields", "")
    assert [one.id for one in pooled.targets["overdue"].parts.values()] == ["named_fields"]

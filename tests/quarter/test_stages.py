"""One run → its results, on the simulated province and, where it is at hand, on the official export."""

import csv
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import small_quarter
from analysis.faults import BadData, BadParameters, EnvironmentFault
from analysis.forecast.backtest.track_record import track_record
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.plan.plan import read_plan
from analysis.quarter import stages
from analysis.quarter.fingerprint import fingerprint
from analysis.quarter.results import Results
from changed_results import changed
from small_quarter import changed_data

DEMO = ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml"
NUMBERS = {
    "data": ["intake", "rejected", "flagged"],
    "indicators": ["series", "coverage", "changes", "agency_months"],
    "forecast": ["draws", "components", "diagnostics", "weights"],
    "attainment": ["promises", "baselines", "run_rate", "previous"],
    "record": ["scored", "reliability"],
}


def _run(**changes: Any) -> RunParameters:
    return read_run_file(DEMO, **changes)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results are kept in a folder of this test's own, so that nothing is read from an earlier run."""
    folder = tmp_path / "processed"
    monkeypatch.setattr(stages, "PROCESSED", folder)
    return folder


@pytest.fixture
def demo(demo_quarter: Results) -> Results:
    return demo_quarter


@pytest.fixture(scope="module")
def small_inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return small_quarter.small_inputs(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def small(small_inputs: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The whole way from files to results."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "PROCESSED", tmp_path_factory.mktemp("processed"))
        return stages.results(_run(**small_inputs, draw_count=200))


def _assert_same_numbers(one: Results, other: Results) -> None:
    for stage, names in NUMBERS.items():
        for name in names:
            mine, theirs = (getattr(getattr(results, stage), name) for results in (one, other))
            pd.testing.assert_frame_equal(mine, theirs, check_exact=True, obj=name)


@pytest.fixture
def asking_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what other answers would change: half the time, and none of the numbers compared."""
    monkeypatch.setattr(stages, "sensitivity", lambda *_, **__: pd.DataFrame())


@pytest.mark.slow
@pytest.mark.usefixtures("asking_nothing")
def test_computed_again_with_a_count_after_the_quarter_every_number_is_the_same(
    demo: Results, kept: Path, tmp_path: Path
) -> None:
    def one_more(counts: pd.DataFrame) -> pd.DataFrame:
        at = counts.index[(counts["period"] == "2021-10") & (counts["channel"] == "online")][0]
        counts.loc[at, "resolved"] += 50_000
        return counts

    later = stages.results(_run(input_path=changed_data(tmp_path / "data", one_more, with_cases=True)))
    assert later.fingerprint.key != demo.fingerprint.key
    _assert_same_numbers(later, demo)


@pytest.mark.slow
def test_the_numbers_add_up_to_the_counts_received(demo: Results) -> None:
    counts = pd.read_parquet(ROOT / "data/demo/counts.parquet")
    year = counts[(counts["period"] >= "2021-01") & (counts["period"] <= "2021-09")]
    row = demo.promise("online_uptake", "of_all")
    assert row["numerator"] == year.loc[year["channel"] == "online", "resolved"].sum()
    assert row["denominator"] == year["resolved"].sum()
    assert demo.indicators.series["period"].max() == "2021-09"
    assert sorted(demo.forecast.draws["period"].unique()) == ["2021-10", "2021-11", "2021-12"]
    assert sorted(demo.forecast.draws["draw"].unique()) == list(range(2000))
    intake = demo.data.intake.groupby("table")["rows"].sum()
    cases = pd.read_parquet(ROOT / "data/demo/cases.parquet")
    assert intake.to_dict() == {"counts": (counts["period"] <= "2021-09").sum(), "cases": len(cases)}
    assert demo.data.basis == "reconstructed"  # added up on 20 December, asked about 20 September


@pytest.mark.slow
def test_results_are_computed_once(demo: Results, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo.store(kept / demo.fingerprint.key)
    monkeypatch.setattr(stages, "compute", lambda *_: pytest.fail("computed again"))
    for changes in ({}, {"language": "en"}, {"status": "final", "signed_by": "Sở Nội vụ"}):
        _assert_same_numbers(stages.results(_run(**changes)), demo)


def test_a_small_quarter_goes_the_whole_way_from_files_to_a_verdict(small: Results) -> None:
    assert sorted(small.forecast.draws["draw"].unique()) == list(range(200))
    assert sorted(small.forecast.draws["period"].unique()) == ["2021-10", "2021-11", "2021-12"]
    assert small.attainment.promises["target"].tolist() == ["online_uptake"]
    assert small.attainment.promises["probability"].between(0, 1).all()
    assert set(small.data.counts["agency"]) == {"sxd", "stp"}


@pytest.mark.slow
def test_the_track_record_grades_a_share_under_the_rule_it_is_promised_by(
    small_inputs: dict[str, str], kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year at half, then a year on the lowest threshold set from it: enough for "at least", not for "more than"."""
    months = [str(month) for month in pd.period_range("2018-01", periods=24, freq="M")]
    on_threshold = pd.DataFrame(
        [
            (
                "online_of_all",
                "total" if series == "total" else "agency",
                series,
                month,
                100.0 if month < "2019" else 105.0,
                200.0,
            )
            for series in "abcd"
            for month in months
        ],
        columns=["indicator", "dimension", "series", "period", "numerator", "denominator"],
    )

    class Graded(Exception):
        pass

    def instead(_: pd.DataFrame, promised: Any, definitions: Any, **named: Any) -> None:
        record = track_record(on_threshold, promised, definitions, **named | {"origin": pd.Period("2019-12", "M")})
        raise Graded(int(record.reliability.query("model == 'hub'")["happened"].sum()))

    monkeypatch.setattr(stages, "track_record", instead)
    plan = Path(small_inputs["plan_file"]).read_text(encoding="utf-8")
    assert plan.count("rule: at_least\n") == 1
    for rule, met in (("at_least", 16), ("more_than", 0)):
        changed = tmp_path / f"{rule}.yml"
        changed.write_text(plan.replace("rule: at_least\n", f"rule: {rule}\n"), encoding="utf-8")
        with pytest.raises(Graded) as told:
            stages.results(_run(**small_inputs | {"plan_file": str(changed)}))
        assert told.value.args == (met,)


@pytest.mark.parametrize("changed", ["plan.yml", "data/about.yml"])
def test_what_is_changed_while_it_is_computed_is_not_kept_under_its_name(
    small: Results, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    shutil.copytree(ROOT / "data/demo", tmp_path / "data")
    shutil.copy(ROOT / "parameters/plans/khanh-hoa-2021.yml", tmp_path / "plan.yml")
    run = _run(plan_file=str(tmp_path / "plan.yml"), input_path=str(tmp_path / "data"))
    file = tmp_path / changed
    right = file.read_bytes()

    def compute(*_: Any) -> Results:
        file.write_bytes(right + b"# another one\n")
        return small

    monkeypatch.setattr(stages, "compute", compute)
    with pytest.raises(EnvironmentFault, match="data or plan; run again"):
        stages.results(run)
    assert [folder for folder in kept.iterdir() if folder.is_dir()] == []


def test_a_plan_saved_while_the_data_is_hashed_is_the_one_computed_with(
    small: Results, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = tmp_path / "plan.yml"
    before = (ROOT / "parameters/plans/khanh-hoa-2021.yml").read_text(encoding="utf-8")
    plan.write_text(before, encoding="utf-8")
    computed_with = []

    def saved_first(*asked: Any, **named: Any) -> Any:
        plan.write_text(before.replace("threshold: 0.81", "threshold: 0.99"), encoding="utf-8")
        return fingerprint(*asked, **named)

    def compute(_run: Any, plan: Any, *_: Any) -> Results:
        computed_with.append(plan)
        return small

    monkeypatch.setattr(stages, "fingerprint", saved_first)
    monkeypatch.setattr(stages, "compute", compute)
    stages.results(_run(plan_file=str(plan)))
    assert computed_with == [read_plan(plan)] != [read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml")]


def test_results_a_tidying_hand_has_been_at_are_computed_again(
    small: Results, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = kept / fingerprint(_run(), published=stages.PUBLISHED, code=stages.CODE).key
    small.store(folder)
    (folder / "attainment" / "promises.parquet").unlink()
    computed = []
    monkeypatch.setattr(stages, "compute", lambda *_: computed.append(1) or small)
    _assert_same_numbers(stages.results(_run()), small)
    assert computed
    assert (folder / "attainment" / "promises.parquet").exists()


def test_a_run_before_its_quarter_closes_is_refused(kept: Path) -> None:
    with pytest.raises(BadParameters, match="2021-09-14"):
        stages.results(_run(as_of="2021-09-13"))


def test_the_closing_day_itself_is_enough(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reached(Exception):
        pass

    def stop(*_: Any) -> None:
        raise Reached

    monkeypatch.setattr(stages, "compute", stop)
    with pytest.raises(Reached):
        stages.results(_run(as_of="2021-09-14"))


def test_a_quarter_of_another_year_is_refused(kept: Path) -> None:
    with pytest.raises(BadParameters, match=r"2020-Q3.*2021"):
        stages.results(_run(quarter="2020-Q3"))


def test_data_that_stops_a_month_early_is_refused(kept: Path, tmp_path: Path) -> None:
    folder = changed_data(tmp_path / "data", lambda counts: counts[counts["period"] < "2021-09"])
    with pytest.raises(BadData, match="2021-09"):
        stages.results(_run(input_path=folder))
    assert not [path for path in kept.iterdir() if path.is_dir()]


def test_data_with_a_hole_in_the_year_is_refused(kept: Path, tmp_path: Path) -> None:
    folder = changed_data(tmp_path / "data", lambda counts: counts[counts["period"] != "2021-04"])
    with pytest.raises(BadData, match="2021-04"):
        stages.results(_run(input_path=folder))


@pytest.mark.parametrize("label", ["2020Q4", "2021Q1"])
def test_a_quarter_among_months_is_refused(
    label: str, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stray(counts: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([counts, counts.head(1).assign(period=label)], ignore_index=True)

    # past the check, the forecast would take long to say nothing of it
    monkeypatch.setattr(stages, "evaluate_plan", lambda *_, **__: pytest.fail("taken without a word"))
    with pytest.raises(BadData, match=label):
        stages.results(_run(input_path=changed_data(tmp_path / "data", stray)))


# The official export: DUNGHEN_REAL_DATA is the file, or a folder with govuk/services.csv in it.

real = pytest.mark.skipif(
    not os.environ.get("DUNGHEN_REAL_DATA"), reason="DUNGHEN_REAL_DATA does not say where the GOV.UK export is"
)
QUARTERS = {"Jan - Mar": 1, "Apr - Jun": 2, "Jul - Sep": 3, "Oct - Dec": 4}


def _export() -> Path:
    path = Path(os.environ["DUNGHEN_REAL_DATA"])
    return path / "govuk" / "services.csv" if path.is_dir() else path


def _govuk(number: int, export: Path) -> RunParameters:
    file = ROOT / f"parameters/govuk-2016/2016-Q{number}.yml"
    return read_run_file(file, draw_count=200, input_path=str(export.resolve()))


def _quarter_of(header: str) -> tuple[str, tuple[int, int]] | None:
    """Return which family a column belongs to and its year and quarter; None for every other column."""
    match = re.fullmatch(r"(Total|Digital) transactions (\w{3} - \w{3}) (\d{4})", " ".join(header.split()))
    return (match[1], (int(match[3]), QUARTERS[match[2]])) if match else None


def _sums(export: Path, through: int) -> dict[str, tuple[int, int]]:
    """Add up 2016 by department, one cell at a time: digital and total where both are given and can be."""
    digital: dict[str, int] = {}
    total: dict[str, int] = {}
    with export.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        columns = {_quarter_of(name): at for at, name in enumerate(next(rows)) if _quarter_of(name)}
        for row in rows:
            for q in range(1, through + 1):
                whole = row[columns[("Total", (2016, q))]].strip().replace(",", "")
                part = row[columns[("Digital", (2016, q))]].strip().replace(",", "")
                if not whole or not part or int(part) > int(whole):
                    continue
                for name in ("total", row[0].strip().lower()):
                    digital[name] = digital.get(name, 0) + int(part)
                    total[name] = total.get(name, 0) + int(whole)
    return {name: (digital[name], total[name]) for name in total}


@real
@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_official_export_adds_up(number: int, kept: Path) -> None:
    found, sums = stages.results(_govuk(number, _export())), _sums(_export(), number)
    for part, series in (("", "total"), ("defra", "defra"), ("dft", "dft"), ("hmrc", "hmrc")):
        row = found.promise("departments" if part else "digital_share", part)
        assert (row["numerator"], row["denominator"]) == sums[series]
        assert row["observed_to_date"] == pytest.approx(sums[series][0] / sums[series][1], abs=1e-12)
        assert (row["verdict"] in ("met", "missed")) == (number == 4)
        if number == 4:
            kept_promise = sums[series][0] / sums[series][1] >= row["threshold"]
            assert row["probability"] == float(kept_promise)
            assert row["verdict"] == ("met" if kept_promise else "missed")


@real
@pytest.mark.slow
def test_what_came_after_the_quarter_changes_nothing(kept: Path, tmp_path: Path) -> None:
    blanked = tmp_path / "services.csv"
    with _export().open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    later = []
    for at, name in enumerate(header):
        rolling = re.match(r"(\d{4})-Q([1-4]) ", " ".join(name.split()))
        family = _quarter_of(name)
        of = family[1] if family else (int(rolling[1]), int(rolling[2])) if rolling else (0, 0)
        if of > (2016, 3):
            later.append(at)
    assert sum(_quarter_of(header[at]) is not None for at in later) >= 2
    assert any(row[at].strip() for row in rows for at in later if _quarter_of(header[at]))
    for row in rows:
        for at in later:
            row[at] = ""
    with blanked.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])

    before, after = stages.results(_govuk(3, _export())), stages.results(_govuk(3, blanked))
    assert before.fingerprint.key != after.fingerprint.key
    _assert_same_numbers(before, after)


def test_the_official_form_is_kept_beside_the_results(small: Results, small_inputs: dict[str, str], kept: Path) -> None:
    run = _run(**small_inputs)
    folder = kept / fingerprint(run, published=stages.PUBLISHED, code=stages.CODE).key
    columns = list(small.data.form_by_agency.columns)
    form = pd.DataFrame([("sxd", *[0] * (len(columns) - 1))], columns=columns)
    changed(small, form_by_agency=form, form_by_field=form.assign(code="xaydung")).store(folder)
    assert not (folder / stages.FORM).exists()
    stages.results(run)
    assert (folder / stages.FORM).stat().st_size > 0
    assert list(folder.glob("*.xlsx")) == [folder / stages.FORM]


@pytest.mark.slow
@pytest.mark.usefixtures("kept", "asking_nothing")
def test_small_numerators_are_hidden_where_the_run_says_so(small_inputs: dict[str, str], tmp_path: Path) -> None:
    def fewer(counts: pd.DataFrame) -> pd.DataFrame:
        counts = counts[counts["agency"].isin(["sxd", "stp"]) & (counts["period"] >= "2019")]
        return counts.assign(resolved=counts["resolved"] // 20)

    inputs = small_inputs | {"input_path": changed_data(tmp_path / "fewer", fewer)}
    found = stages.results(_run(**inputs, draw_count=200, small_numerators="hidden"))
    series = found.indicators.series
    bodies = series[(series["indicator"] == "online_of_all") & (series["dimension"] == "agency")]
    few = bodies["numerator"].between(1, 4) & (bodies["denominator"] > 4)
    assert few.any()
    assert found.published(bodies[few])["hidden"].all()

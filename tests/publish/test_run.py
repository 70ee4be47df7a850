"""A quarter published from real kernels, and every way it must not be."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.faults import BadData, EnvironmentFault, Fault, GateRefused, NotebookFailed
from analysis.parameters import RunParameters
from analysis.publish import report_build
from analysis.publish.pages import index
from analysis.publish.run import InterruptedAfterRun, RunNotNeeded, RunOutcome, publish
from analysis.publish.store import manifest
from analysis.publish.store.history import LOG, history
from analysis.publish.store.releases import ReleaseStore
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.results import Results
from analysis.report.wording import Wording

SHOW = "from IPython.display import HTML, display; display(HTML('<h2>Một</h2><p>quý ' + quarter + '</p>'))"
INDICATORS = """indicator,dimension,series,period,numerator,denominator,value,hidden
online_of_all,total,total,2021-08,3,10,0.30000000000000004,False
overdue,field,đất-đai,2021-09,,,,True
"""
ATTAINMENT = """\
target,part,indicator,quarter,rule,threshold,numerator,denominator,observed_to_date,expected,lower,upper,level,\
probability,baseline_probability,verdict,note
online_uptake,,,2021-Q3,any_of,,,,,,,,,0.681,0.4,uncertain,
satisfaction,,,2021-Q3,more_than,0.81,,,,,,,,,,not_estimated,survey_cancelled
online_uptake,of_all,online_of_all,2021-Q3,at_least,0.3,3,10,0.3,0.31,0.29,0.33,0.8,0.5,0.4,uncertain,
"""


@pytest.fixture
def go(
    tmp_path: Path,
    run: RunParameters,
    results: Results,
    words: Wording,
    write_notebook: Callable[..., Path],
) -> Callable[..., RunOutcome]:
    """Return `publish` for one notebook that shows the quarter, every argument open to the test."""
    write_notebook(tmp_path / "notebooks" / "00_summary.ipynb", SHOW)

    def go(**changed: object) -> RunOutcome:
        given = {
            "compute_results": lambda run: results,
            "words": words,
            "notebooks": tmp_path / "notebooks",
            "reports": tmp_path / "reports",
        }
        return publish(changed.pop("run", run), **{**given, **changed})

    return go


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_a_quarter_is_published_once_and_again_only_by_force(go: Callable[..., RunOutcome], tmp_path: Path) -> None:
    told: list[str] = []
    outcome = go(report_progress=told.append)
    link = tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3"
    assert outcome == RunOutcome("published", link / "index.html")
    assert link.readlink().parts[:2] == ("..", ".runs")
    assert sorted(contents(link)) == [
        *("00_summary.ipynb", "attainment.csv", "index.html", "indicators.csv", "manifest.json"),
    ]
    assert "<p>quý 2021-Q3</p>" in (link / "index.html").read_text(encoding="utf-8")
    assert (link / "indicators.csv").read_bytes() == INDICATORS.encode()
    assert (link / "attainment.csv").read_bytes() == ATTAINMENT.encode()
    assert told[0] == "computing the results"
    assert told[1].startswith("00_summary: ok in ")

    made = json.loads((link / "manifest.json").read_text())
    assert made["run_id"] == link.readlink().name
    assert made["made_at"].endswith("Z")
    assert made["notebooks"]["00_summary"]["status"] == "ok"
    assert made["parameters"]["as_of"] == "2021-09-20"
    assert made["files"]["indicators.csv"] == manifest.sha256(link / "indicators.csv")
    assert set(made["files"]) == set(contents(link)) - {"manifest.json"}
    assert {"python", "papermill", "nbconvert", "pandas", "matplotlib", "great-tables"} < set(made["versions"])

    before = contents(link)
    assert go().state == "nothing to do"
    assert contents(link) == before
    (tmp_path / "reports" / "index.html").unlink()
    assert go().state == "nothing to do"
    assert "khanh-hoa-2021/2021-Q3/index.html" in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")

    first = link.resolve()
    assert go(force=True).state == "published"
    assert link.resolve() != first
    assert first.is_dir()


def test_what_is_published_is_in_the_ledger_once_whichever_run_came_that_far(go, tmp_path):
    ledger = tmp_path / "ledger"
    assert go().state == "published"  # a trial: entered nowhere
    assert not ledger.exists()
    for _ in range(2):
        assert go(ledger=ledger).state == "nothing to do"
        (file,) = ledger.glob("*.csv")
        assert len(file.read_text().splitlines()) == 1 + 3  # the header and the three promises


@pytest.mark.slow
@pytest.mark.parametrize("change", ["results", "signature", "language", "notebook", "file"])
def test_what_changed_is_published_again(
    go: Callable[..., RunOutcome],
    tmp_path: Path,
    run: RunParameters,
    results: Results,
    write_notebook: Callable[..., Path],
    change: str,
) -> None:
    go()
    changed: dict[str, object] = {}
    if change == "results":
        other = replace(results, fingerprint=Fingerprint("parameters", "plan", "new data", "code"))
        changed["compute_results"] = lambda run: other
    elif change == "signature":
        changed["run"] = run.model_copy(update={"status": "final", "signed_by": "Sở Nội vụ"})
    elif change == "language":
        changed |= {"run": run.model_copy(update={"language": "en"}), "words": Wording("en")}
    elif change == "notebook":
        write_notebook(tmp_path / "notebooks" / "00_summary.ipynb", SHOW, "1 + 1")
    else:
        (tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3" / "attainment.csv").write_text("edited")
    assert go(**changed).state == "published"
    assert go(**changed).state == "nothing to do"


@pytest.mark.slow
def test_a_failing_notebook_leaves_the_last_good_report_as_it_was(
    go: Callable[..., RunOutcome], tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    go()
    link = tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3"
    target, before = link.readlink(), contents(link)
    write_notebook(tmp_path / "notebooks" / "02_online_uptake.ipynb", "1 / 0")
    write_notebook(tmp_path / "notebooks" / "06_targets.ipynb", SHOW)
    with pytest.raises(NotebookFailed, match=r"02_online_uptake cell \[3\]: cell-error: ZeroDivisionError") as failed:
        go()
    assert (link.readlink(), contents(link)) == (target, before)
    (kept,) = (tmp_path / "reports" / ".runs").glob("*.failed")
    assert str(kept) in str(failed.value)
    # The others ran all the same, and the manifest of the failed run tells the truth about each.
    assert {"02_online_uptake.ipynb", "06_targets.ipynb"} <= set(contents(kept))
    statuses = {stem: one.status for stem, one in manifest.read(kept).notebooks.items()}
    assert statuses == {"00_summary": "ok", "02_online_uptake": "cell-error", "06_targets": "ok"}


@pytest.mark.slow
def test_every_refused_page_is_told_and_none_is_published(
    go: Callable[..., RunOutcome], tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    for stem in ("00_summary", "06_targets"):
        write_notebook(tmp_path / "notebooks" / f"{stem}.ipynb", SHOW.replace("h2", "h3"))
    write_notebook(tmp_path / "notebooks" / "02_online_uptake.ipynb", SHOW)
    told: list[str] = []
    with pytest.raises(
        GateRefused, match=r"index\.html .*h3 follows h1.*; 06_targets\.html .*h3 follows h1"
    ) as refused:
        go(report_progress=told.append)
    assert not (tmp_path / "reports" / "khanh-hoa-2021").exists()
    assert {line.split(" in ")[0] for line in told[1:]} == {
        *("00_summary: gate-refused", "02_online_uptake: ok", "06_targets: gate-refused"),
    }
    (kept,) = (tmp_path / "reports" / ".runs").glob("*.failed")
    statuses = {stem: one.status for stem, one in manifest.read(kept).notebooks.items()}
    assert statuses == {"00_summary": "gate-refused", "02_online_uptake": "ok", "06_targets": "gate-refused"}
    assert str(kept) in str(refused.value)
    assert "<h3>Một</h3>" in (kept / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_interruption_during_the_swap_waits_for_the_whole_of_it(
    go: Callable[..., RunOutcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = ReleaseStore.release

    def interrupted_swap(store: ReleaseStore, draft: Path) -> Path:
        signal.raise_signal(signal.SIGINT)
        return swap(store, draft)

    monkeypatch.setattr(ReleaseStore, "release", interrupted_swap)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(InterruptedAfterRun) as late:
            go()
    finally:
        signal.signal(signal.SIGINT, before)
    link = tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3"
    assert str(late.value.outcome) == f"published: {link / 'index.html'}"
    assert manifest.is_complete(link, manifest.read(link).files)
    assert history(tmp_path / "reports")["ended"].tolist() == ["published"]


@pytest.mark.slow
def test_a_disk_that_fails_after_the_swap_does_not_hide_it(go: Callable[..., RunOutcome], tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("in the way")
    with pytest.raises(EnvironmentFault, match=r"^published, but .*/ledger: File exists$"):
        go(ledger=tmp_path / "ledger")
    assert (tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3" / "index.html").exists()
    assert history(tmp_path / "reports")[["ended", "code"]].to_numpy().tolist() == [["published", 6]]


@pytest.mark.slow
def test_an_interruption_ends_the_kernels_and_publishes_nothing(
    go: Callable[..., RunOutcome], tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    beat = tmp_path / "notebooks" / "beat"
    endless = "import time\nwhile True:\n    open('beat', 'w').write(str(time.time()))\n    time.sleep(.05)"
    write_notebook(tmp_path / "notebooks" / "02_online_uptake.ipynb", endless)

    def interrupt(line: str) -> None:
        if line.startswith("00_summary"):
            while not beat.exists():
                time.sleep(0.05)
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        go(report_progress=interrupt)
    assert time.monotonic() - start < 45
    last = beat.read_text()
    time.sleep(0.5)
    assert beat.read_text() == last
    assert not (tmp_path / "reports" / "khanh-hoa-2021").exists()
    assert [path.suffix for path in (tmp_path / "reports" / ".runs").iterdir()] == [".failed"]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["00_summary.ipynb", "data or plan", "the code"])
def test_what_is_changed_while_it_is_made_is_not_published(
    go: Callable[..., RunOutcome],
    tmp_path: Path,
    results: Results,
    write_notebook: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    go()
    link = tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3"
    target = link.readlink()
    # The notebook lies beside its source, and edits it as an analyst may.
    edit = "open('00_summary.ipynb', 'a').write(' ')" if what.endswith("ipynb") else "1 + 1"
    write_notebook(tmp_path / "notebooks" / "00_summary.ipynb", SHOW, edit)
    later = replace(results, fingerprint=Fingerprint("parameters", "plan", "new data", "code"))
    given = iter([results, later if what == "data or plan" else results])
    if what == "the code":
        monkeypatch.setattr(report_build, "_CODE", "as this process has loaded it")
    with pytest.raises(EnvironmentFault, match=f"^changed while the report was being made: {what}; run again$"):
        go(compute_results=lambda run: next(given))
    assert link.readlink() == target
    assert history(tmp_path / "reports")["ended"].tolist() == ["published", "failed"]
    # Whatever is put back, nobody knows what had been seen.
    monkeypatch.undo()
    write_notebook(tmp_path / "notebooks" / "00_summary.ipynb", SHOW, edit)
    told: list[str] = []
    with suppress(EnvironmentFault):
        go(resume=True, report_progress=told.append)
    assert not any("taken over" in line for line in told)


@pytest.mark.slow
def test_a_resumed_run_that_comes_to_nothing_at_once_leaves_what_it_was_to_resume(
    go: Callable[..., RunOutcome], tmp_path: Path, write_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(tmp_path / "notebooks" / "02_online_uptake.ipynb", "1 / 0")
    with pytest.raises(NotebookFailed):
        go()
    kept = contents_of_runs(tmp_path)
    monkeypatch.setattr(shutil, "copyfile", _refuse)
    with pytest.raises(EnvironmentFault, match="No space left on device"):
        go(resume=True)
    assert contents_of_runs(tmp_path) == kept


def contents_of_runs(tmp_path: Path) -> dict[str, dict[str, bytes]]:
    return {folder.name: contents(folder) for folder in (tmp_path / "reports" / ".runs").iterdir()}


def _refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "somewhere")


def test_a_run_that_need_not_be_any_more_leaves_no_trace(go: Callable[..., RunOutcome], tmp_path: Path) -> None:
    def refuse(run: RunParameters) -> Results:
        raise RunNotNeeded

    with pytest.raises(RunNotNeeded):
        go(compute_results=refuse)
    assert history(tmp_path / "reports").empty


@pytest.mark.slow
def test_what_was_taken_over_is_not_lost_with_the_run_that_took_it(
    go: Callable[..., RunOutcome], tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    for stem in ("02_online_uptake", "06_targets"):
        write_notebook(tmp_path / "notebooks" / f"{stem}.ipynb", SHOW)
    write_notebook(tmp_path / "notebooks" / "07_track_record.ipynb", "1 / 0")
    with pytest.raises(NotebookFailed):
        go()

    def interrupt(line: str) -> None:
        if line == "00_summary: taken over, nothing has changed":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(resume=True, report_progress=interrupt)
    (kept,) = (tmp_path / "reports" / ".runs").glob("*.failed")
    statuses = {stem: one.status for stem, one in manifest.read(kept).notebooks.items()}
    assert statuses == {
        **dict.fromkeys(("00_summary", "02_online_uptake", "06_targets"), "ok"),
        "07_track_record": "interrupted",
    }
    # Nor when the next is killed before it has taken anything over.
    ReleaseStore(tmp_path / "reports", "khanh-hoa-2021", "2021-Q3").create_run_folder(datetime.now(UTC))
    told: list[str] = []
    with pytest.raises(NotebookFailed):
        go(resume=True, report_progress=told.append)
    assert sum("taken over" in line for line in told) == 3


def test_a_mistake_of_ours_is_told_in_a_sentence_and_the_log_says_where(
    go: Callable[..., RunOutcome], tmp_path: Path
) -> None:
    def stumble(run: RunParameters) -> Results:
        raise ValueError("no such\nthing")

    with pytest.raises(Fault, match=rf"^ValueError: no such thing; {tmp_path / 'reports' / LOG} says where$") as told:
        go(compute_results=stumble)
    assert told.value.exit_code == 1
    assert history(tmp_path / "reports")[["ended", "code"]].to_numpy().tolist() == [["failed", 1]]
    log = (tmp_path / "reports" / LOG).read_text(encoding="utf-8")
    assert "in stumble" in log
    assert log.splitlines()[-1].partition(" ")[2].startswith("khanh-hoa-2021 2021-Q3: failed (1) in ")


@pytest.mark.slow
def test_one_after_the_swap_does_not_hide_it(
    go: Callable[..., RunOutcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "rebuild", lambda reports, words: int("latest"))
    with pytest.raises(Fault, match=r"^published, but ValueError: invalid literal"):
        go()
    assert (tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3" / "index.html").exists()
    assert history(tmp_path / "reports")[["ended", "code"]].to_numpy().tolist() == [["published", 1]]


def test_an_interruption_that_a_library_made_an_error_of_its_own_is_one(
    go: Callable[..., RunOutcome], tmp_path: Path
) -> None:
    def stumble(run: RunParameters) -> Results:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interruption:
            raise RuntimeError("Query interrupted") from interruption

    with pytest.raises(KeyboardInterrupt):
        go(compute_results=stumble)
    assert history(tmp_path / "reports")[["ended", "code"]].to_numpy().tolist() == [["interrupted", 130]]


def test_bad_data_stops_before_any_kernel(go: Callable[..., RunOutcome], tmp_path: Path) -> None:
    def refuse(run: RunParameters) -> Results:
        raise BadData("the data ends before the quarter")

    with pytest.raises(BadData):
        go(compute_results=refuse)
    assert not (tmp_path / "reports" / ".runs").exists()


def test_a_quarter_held_by_another_run_is_left_to_it(go: Callable[..., RunOutcome], tmp_path: Path) -> None:
    with ReleaseStore(tmp_path / "reports", "khanh-hoa-2021", "2021-Q3").try_lock():
        assert go().state == "busy"
    assert "another run holds this quarter" in (tmp_path / "reports" / LOG).read_text(encoding="utf-8")


def test_a_folder_where_the_link_should_be_is_the_environments_fault(
    go: Callable[..., RunOutcome], tmp_path: Path
) -> None:
    (tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3").mkdir(parents=True)
    with pytest.raises(EnvironmentFault, match="not a link of ours"):
        go()


def test_a_disk_that_refuses_is_the_environments_fault(go: Callable[..., RunOutcome], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentFault, match="file"):
        go(reports=tmp_path / "file" / "reports")


def test_without_a_summary_there_is_nothing_to_open(go: Callable[..., RunOutcome], tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"no 00_summary\.ipynb"):
        go(notebooks=tmp_path)


def test_what_a_killed_run_left_half_made_is_gone_after_the_next_also_when_there_is_nothing_to_do(
    go: Callable[..., RunOutcome], tmp_path: Path
) -> None:
    go()
    left_behind = ReleaseStore(tmp_path / "reports", "khanh-hoa-2021", "2021-Q3").create_run_folder(
        datetime(2021, 10, 1, tzinfo=UTC)
    )
    other = ReleaseStore(tmp_path / "reports", "khanh-hoa-2021", "2021-Q2").create_run_folder(
        datetime(2021, 10, 1, tzinfo=UTC)
    )
    assert go().state == "nothing to do"
    assert not left_behind.exists()
    assert other.exists()  # whose quarter may be at work

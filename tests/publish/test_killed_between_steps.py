"""A publication killed before each of its durable steps: what `due` then finds, and what the next run makes good."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.faults import BadData, BadParameters
from analysis.parameters import ROOT, RunParameters
from analysis.publish import run as publishing
from analysis.publish.pages import index
from analysis.publish.run import publish
from analysis.publish.schedule import due, unentered
from analysis.publish.store import ledger, manifest, releases
from analysis.publish.store.releases import ReleaseStore
from analysis.publish.store.verify import verify
from analysis.quarter.results import Results
from analysis.report import published_probabilities
from analysis.report.wording import Wording
from changed_results import changed

pytestmark = pytest.mark.slow

SHOW = "from IPython.display import HTML, display; display(HTML('<h2>Một</h2><p>quý ' + quarter + '</p>'))"

STEPS = [
    # the step before which the run is killed, and whether the new release is then the one readers open
    ("the folder of the run", ReleaseStore, "create_run_folder", False),
    ("its manifest", manifest, "write", False),
    ("everything flushed to the disk", releases, "flush", False),
    ("the folder renamed, the link swapped", Path, "symlink_to", False),
    ("earlier runs removed", ReleaseStore, "_remove_all_but", True),
    ("unfinished ones removed", ReleaseStore, "remove_unfinished", True),
    ("the ledger's new file", ledger, "rewrite", True),
    ("the index of all quarters", index, "rebuild", True),
    ("the line of the history", publishing, "record_run", True),
]
"""The durable steps of a publication, in their order."""


@pytest.fixture(scope="module")
def published(tmp_path_factory, results: Results, run: RunParameters, write_notebook: Callable[..., Path]) -> Path:
    """A folder in which the quarter is published, with its ledger; made once and copied."""
    folder = tmp_path_factory.mktemp("published")
    for stem in ("00_summary", "02_online_uptake"):
        write_notebook(folder / "notebooks" / f"{stem}.ipynb", SHOW)
    _publish(folder, run, results)
    return folder


@pytest.fixture
def office(tmp_path: Path, published: Path) -> Path:
    folder = tmp_path / "office"
    shutil.copytree(published, folder, symlinks=True)
    return folder


def _publish(folder: Path, run: RunParameters, results: Results, told: list[str] | None = None) -> str:
    outcome = publish(
        run,
        compute_results=lambda _: results,
        words=Wording("vi"),
        notebooks=folder / "notebooks",
        reports=folder / "reports",
        ledger=folder / "ledger",
        report_progress=(told if told is not None else []).append,
    )
    return outcome.state


def _publish_until(step: str, holder: object, folder: Path, run: RunParameters, results: Results) -> None:
    def end(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    calls = iter(range(100))

    def late(*given: object, **more: object) -> object:
        # The first sweep of unfinished runs is before the work.
        return end() if next(calls) >= BEFORE.get(step, 0) else whole(*given, **more)

    whole = getattr(holder, step)
    setattr(holder, step, late)
    _publish(folder, run, results)


BEFORE = {"remove_unfinished": 1}


def _ledger(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "ledger" / "khanh-hoa-2021.csv")


@pytest.mark.parametrize(("holder", "step", "is_new"), [one[1:] for one in STEPS], ids=[one[0] for one in STEPS])
def test_whatever_it_was_killed_before_nothing_is_lost(office, run, results, holder, step, is_new):
    reports, store = office / "reports", ReleaseStore(office / "reports", run.plan_name, run.quarter)
    first = store.released_id()
    # A page less, so that there is something to publish without a kernel, and other lines of the ledger.
    (office / "notebooks" / "02_online_uptake.ipynb").unlink()
    results = changed(results, promises=results.attainment.promises.assign(baseline_probability=0.25))
    child = multiprocessing.get_context("fork").Process(
        target=_publish_until, args=(step, holder, office, run, results)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    # A reader finds a whole release, the old one or the new one.
    made = manifest.read(store.link)
    assert made is not None
    assert manifest.is_complete(store.link, made.files)
    assert (store.released_id() != first) == is_new
    # `due` takes the quarter for published, and says whether its probabilities are not in the ledger.
    assert due([run], reports, today=date(2021, 10, 1)) == []
    lacks = is_new and len(_ledger(office)) == 3
    assert [one.quarter for one in unentered([run], reports, office / "ledger")] == [run.quarter] * lacks
    # The next run enters what is missing and says so, and ends with everything in place.
    told: list[str] = []
    assert _publish(office, run, results, told) == ("nothing to do" if is_new else "published")
    assert ("entered 3 probabilities of the last publication, which the ledger lacked" in told) == lacks
    assert _ledger(office)["baseline_probability"].fillna(0).tolist() == [0.4, 0, 0.4, 0.25, 0.25, 0.25]
    assert not list((reports / ".runs").glob("*.part"))
    assert ("entered the last publication in the history, which lacked it" in told) == is_new
    assert verify(reports, office / "ledger") == []


def test_a_lost_ledger_is_rebuilt_without_a_kernel(office, run, results):
    file = office / "ledger" / "khanh-hoa-2021.csv"
    before = file.read_bytes()
    shutil.rmtree(office / "ledger")
    store = ReleaseStore(office / "reports", run.plan_name, run.quarter)
    assert unentered([run], office / "reports", office / "ledger") == [store]
    assert ledger.complete_if_free(office / "ledger", store) == 3
    assert file.read_bytes() == before
    assert unentered([run], office / "reports", office / "ledger") == []


def test_what_was_released_twice_the_same_is_entered_once_when_a_ledger_is_rebuilt(office, run, results):
    file = office / "ledger" / "khanh-hoa-2021.csv"
    before = file.read_bytes()
    # A page less is another release, with the same probabilities.
    (office / "notebooks" / "02_online_uptake.ipynb").unlink()
    assert _publish(office, run, results) == "published"
    assert file.read_bytes() == before
    file.unlink()
    store = ReleaseStore(office / "reports", run.plan_name, run.quarter)
    assert ledger.complete_if_free(office / "ledger", store) == 3
    assert file.read_bytes() == before
    assert verify(office / "reports", office / "ledger") == []


def test_a_manifest_of_before_gives_its_lines_from_its_tables(office, run):
    store = ReleaseStore(office / "reports", run.plan_name, run.quarter)
    made = manifest.read(store.link)
    manifest.write(made.model_copy(update={"ledger": ()}), store.link)
    assert ledger.lines_of_release(store.link) == [list(line) for line in made.ledger]


def test_an_office_that_is_as_it_was_published_is_said_to_be(office):
    assert verify(office / "reports", office / "ledger") == []


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


CHANGES = [
    (lambda office, link: _change(link / "index.html", "quý", "năm"), "index.html: not what the publication wrote"),
    (lambda office, link: (link / "attainment.csv").unlink(), "attainment.csv: missing"),
    (lambda office, link: (link / "more.csv").touch(), "more.csv: no file of the publication"),
    (lambda office, link: _change(link / "manifest.json", "vi", "en"), "manifest.json: not what the publication wrote"),
    (lambda office, link: (link / "manifest.json").write_text("{"), "whose manifest.json is missing or unreadable"),
    (lambda office, link: _change(office / "reports" / ".history.jsonl", '"code": 0', '"code": 1'), "line 1: changed"),
    (lambda office, link: (office / "reports" / ".history.jsonl").unlink(), "the history has no line of it"),
    (lambda office, link: _change(office / "ledger" / "khanh-hoa-2021.csv", "0.681", "0.981"), "missing or changed"),
    (lambda office, link: (office / "ledger" / "khanh-hoa-2021.csv").unlink(), "missing or changed"),
    (lambda office, link: (office / "ledger" / "khanh-hoa-2021.csv").write_text("a;b\n"), "put back the copy"),
]


@pytest.mark.parametrize(("change", "sentence"), CHANGES, ids=[sentence for _, sentence in CHANGES])
def test_what_is_not_as_it_was_published_is_told_and_nothing_is_changed(office, run, change, sentence):
    link = ReleaseStore(office / "reports", run.plan_name, run.quarter).link
    change(office, link)
    before = {path: path.read_bytes() for path in office.rglob("*") if path.is_file()}
    (told,) = verify(office / "reports", office / "ledger")
    assert sentence in told
    assert {path: path.read_bytes() for path in office.rglob("*") if path.is_file()} == before


def test_a_line_taken_out_of_the_history_is_told(office, run, results):
    for _ in range(3):
        _publish(office, run, results)
    file = office / "reports" / ".history.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([*lines[:1], *lines[2:]]), encoding="utf-8")
    (told,) = verify(office / "reports", office / "ledger")
    assert "line 2: changed after it was written, or a line before it was taken out or put in" in told


def test_two_machines_ledgers_become_one(tmp_path, office):
    ours, theirs = office / "ledger", tmp_path / "khanh-hoa-2021.csv"
    lines = (ours / theirs.name).read_text(encoding="utf-8").splitlines(keepends=True)
    before = [line.replace(line.split(",")[0], "2021-07-01T00:00:00+00:00").replace("Q3", "Q2") for line in lines[1:]]
    theirs.write_text("".join([lines[0], *before, *lines[1:]]), encoding="utf-8")
    assert ledger.merge(ours, theirs) == 3
    assert (ours / theirs.name).read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")
    assert ledger.merge(ours, theirs) == 0


def test_what_is_no_ledger_is_merged_with_nothing(tmp_path, office):
    other, before = tmp_path / "khanh-hoa-2021.csv", (office / "ledger" / "khanh-hoa-2021.csv").read_bytes()
    with pytest.raises(BadParameters, match="there is no such file"):
        ledger.merge(office / "ledger", other)
    other.write_text("a;b\n")
    with pytest.raises(BadData, match="lines of published_at,fingerprint"):
        ledger.merge(office / "ledger", other)
    assert (office / "ledger" / "khanh-hoa-2021.csv").read_bytes() == before


@pytest.fixture
def command(office, monkeypatch):
    """Return `dunghen` on that folder in place of the project's: exit code, and what it printed and complained of."""
    for holder, name, folder in (
        (publishing, "REPORTS", office / "reports"),
        (published_probabilities, "LEDGER", office / "ledger"),
    ):
        monkeypatch.setattr(holder, name, folder)

    def command(*words: str) -> tuple[int, str, str]:
        ended = CliRunner().invoke(main, words)
        return ended.exit_code, ended.stdout, ended.stderr

    return command


def test_a_lost_ledger_is_found_by_verify_and_made_good_by_due(office, command, tmp_path):
    due_now = ("due", str(ROOT / "parameters" / "khanh-hoa-2021" / "2021-Q3.yml"), "--today", "2021-10-01")
    file = office / "ledger" / "khanh-hoa-2021.csv"
    before = file.read_bytes()
    assert command("history", "--verify") == (0, "as it was published: 1 quarters, history and ledger\n", "")
    shutil.rmtree(file.parent)
    code, told, _ = command("history", "--verify")
    assert (code, told.count("are missing or changed")) == (3, 1)
    assert not file.exists()
    assert command(*due_now, "--list")[:2] == (
        0,
        "due: khanh-hoa-2021 2021-Q3, its probabilities are not in the ledger\n",
    )
    # What stands in its place is told, and told again, until somebody takes it away.
    file.parent.touch()
    assert command(*due_now)[0] == 6
    file.parent.unlink()
    entered = "khanh-hoa-2021 2021-Q3: entered 3 probabilities, which the ledger lacked\n"
    assert command(*due_now) == (0, entered, "")
    assert file.read_bytes() == before
    assert command(*due_now)[1] == "nothing is due\n"
    file.unlink()
    assert command("history", "--repair")[:2] == (0, entered)
    assert command("history", "--repair")[1] == "the ledger lacks nothing of what is published\n"
    assert file.read_bytes() == before
    other = tmp_path / file.name
    other.write_text(file.read_text(encoding="utf-8").replace("Q3", "Q2"), encoding="utf-8")
    assert command("history", "--merge", str(other))[:2] == (0, f"khanh-hoa-2021: 3 lines added to {file}\n")
    assert command("history", "--verify")[0] == 0

"""What a worker's process does with what it is asked, and what it refuses before it begins."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis import project
from analysis.faults import EnvironmentFault
from analysis.parameters import RunParameters
from analysis.publish.cluster import remote_run, task
from analysis.publish.cluster.remote_run import RemoteRun, carry_out, project_hashes, refuse_other_project
from analysis.publish.limits import Limits
from analysis.publish.run import InterruptedAfterRun, RunOutcome
from analysis.publish.store.history import history
from analysis.publish.store.releases import ReleaseStore
from analysis.quarter.results import Results

WORKER = "tcp://10.0.0.7:4000"


@pytest.fixture
def asked(tmp_path: Path, run: RunParameters, results: Results) -> RemoteRun:
    (tmp_path / "reports" / ".asked-abc").mkdir(parents=True)
    (tmp_path / "ledger" / ".asked-abc").mkdir(parents=True)
    return RemoteRun(
        run=run,
        request="abc",
        number=3,
        reports=str(tmp_path / "reports"),
        ledger=str(tmp_path / "ledger"),
        notebooks=str(tmp_path / "notebooks"),
        force=False,
        limits=Limits(),
        before=None,
        who="phó phòng",
        made_of=vars(results.fingerprint),
    )


@pytest.fixture
def store(tmp_path: Path, run: RunParameters) -> ReleaseStore:
    return ReleaseStore(tmp_path / "reports", run.plan_name, run.quarter)


@pytest.fixture
def publications(monkeypatch: pytest.MonkeyPatch, store: ReleaseStore, results: Results) -> list[bool]:
    """Publish by moving the link and nothing else; return whether each publication was forced."""
    forced: list[bool] = []

    def publish(run, *, compute_results, force, **_) -> RunOutcome:
        with store.try_lock() as ours:
            if not ours:
                return RunOutcome("busy", store.link)
            compute_results(run)
            if store.released_folder() and not force:
                return RunOutcome("nothing to do", store.link)
            forced.append(force)
            _publish_one(store, f"run-{len(forced)}")
            return RunOutcome("published", store.link)

    monkeypatch.setattr(remote_run, "publish", publish)
    monkeypatch.setattr(remote_run.stages, "results", lambda run: results)
    return forced


def _publish_one(store: ReleaseStore, name: str) -> None:
    draft = store.runs / f"{name}.part"
    draft.mkdir(parents=True)
    store.release(draft)


def test_a_run_lost_and_begun_again_is_not_published_twice(asked, publications, store):
    assert carry_out(asked, WORKER, print) == "published"
    assert carry_out(asked, WORKER, print) == "published"  # the first attempt's publication is the answer
    assert publications == [False]


@pytest.mark.parametrize(
    ("made_of", "told"),
    [
        ({"plan": "older"}, "plan, mapping or published figures: not what"),
        ({"data": "older", "code": "older"}, "data; code or libraries: not what"),
    ],
    ids=["plan", "data and code"],
)
def test_what_was_asked_for_with_other_papers_or_data_is_refused(asked, publications, made_of, told):
    with pytest.raises(EnvironmentFault, match=f"worker {WORKER}: .*{told}"):
        carry_out(asked.model_copy(update={"made_of": asked.made_of | made_of}), WORKER, print)
    assert publications == []


def test_what_cannot_be_read_where_the_run_was_asked_for_is_told_before_anything_is_computed(asked, publications):
    asked = asked.model_copy(update={"made_of": "data/raw/x.csv: Permission denied"})
    with pytest.raises(EnvironmentFault, match=r"^where the run was asked for: data/raw/x\.csv: Permission denied$"):
        carry_out(asked, WORKER, print)
    assert publications == []


def test_one_asked_for_by_force_is_not_either(asked, publications, store):
    _publish_one(store, "before")
    asked = asked.model_copy(update={"force": True, "before": "before"})
    assert carry_out(asked, WORKER, print) == "published"
    assert carry_out(asked, WORKER, print) == "published"
    assert publications == [True]
    # Another request by force publishes again.
    other = asked.model_copy(update={"number": 4, "before": "run-1"})
    assert carry_out(other, WORKER, print) == "published"
    assert publications == [True, True]


@pytest.mark.slow
def test_the_second_attempt_of_one_by_force_takes_what_the_first_published(
    asked: RemoteRun,
    store: ReleaseStore,
    results: Results,
    write_notebook: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote_run.stages, "results", lambda run: results)
    write_notebook(Path(asked.notebooks) / "00_summary.ipynb", "from IPython.display import HTML; HTML('<h2>Một</h2>')")
    asked = asked.model_copy(update={"force": True})
    assert carry_out(asked, WORKER, print) == "published"
    first = store.released_id()
    assert carry_out(asked, WORKER, print) == "published"
    assert store.released_id() == first
    assert history(store.reports)["ended"].tolist() == ["published", "nothing to do"]
    # not the account the worker runs under
    assert history(store.reports)["who"].tolist() == ["phó phòng", "phó phòng"]


def test_one_interrupted_after_the_link_has_moved_is_published_and_any_other_is_not(
    asked, publications, store, monkeypatch
):
    _publish_one(store, "before")
    publish, moves = remote_run.publish, [False, True]

    def interrupted(run: RunParameters, **given: object) -> None:
        if moves.pop(0):
            raise InterruptedAfterRun(publish(run, **given))
        raise KeyboardInterrupt

    monkeypatch.setattr(remote_run, "publish", interrupted)
    # Somebody has published since it was asked for, and that is not this run.
    asked = asked.model_copy(update={"force": True, "before": "long before"})
    with pytest.raises(KeyboardInterrupt):
        carry_out(asked, WORKER, print)
    asked = asked.model_copy(update={"number": 4, "before": "before"})
    assert carry_out(asked, WORKER, print) == "published"


@pytest.mark.slow
def test_the_second_attempt_waits_for_the_first_and_any_other_run_does_not(asked, publications, store):
    told: list[str] = []
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with store.try_lock():
            held.set()
            let_go.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    assert carry_out(asked, WORKER, told.append) == "busy"
    assert told == []
    threading.Timer(1.5, let_go.set).start()
    assert carry_out(asked, WORKER, told.append) == "published"
    assert told == ["waiting for the quarter, which a run still holds"]
    thread.join()


@pytest.mark.parametrize("what", ["reports", "ledger"])
def test_a_folder_a_worker_cannot_see_is_refused(asked, publications, tmp_path, what):
    # Its own folder of the same name is there, and is another one.
    (tmp_path / what / ".asked-abc").rmdir()
    with pytest.raises(EnvironmentFault, match=f"worker {WORKER} cannot see {tmp_path / what} of where"):
        carry_out(asked, WORKER, print)
    assert publications == []


def test_a_file_a_worker_cannot_see_is_refused(asked, publications):
    asked = asked.model_copy(update={"run": asked.run.model_copy(update={"input_path": "/srv/received"})})
    with pytest.raises(EnvironmentFault, match="there is no /srv/received"):
        carry_out(asked, WORKER, print)


@pytest.mark.parametrize("what", ["code", "notebooks", "lock", "installed"])
def test_another_project_is_refused_in_one_sentence_that_names_both(tmp_path, what):
    ours = project_hashes(tmp_path)
    refuse_other_project(ours, tmp_path, WORKER)
    with pytest.raises(EnvironmentFault) as refused:
        refuse_other_project({**ours, what: "feedfeedfeedfeed"}, tmp_path, WORKER)
    told = str(refused.value)
    assert told.startswith(f"worker {WORKER}: {what} ")
    assert "feedfeedfeed" in told
    assert (ours[what] if what == "installed" else ours[what][:12]) in told
    assert "\n" not in told


@pytest.fixture
def process(asked: RemoteRun) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the process a worker starts."""
    started: list[subprocess.Popen[str]] = []

    def start(**changed: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "analysis.publish.cluster.remote_run", WORKER]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(child)
        text = {**asked.model_dump(mode="json"), "project": project_hashes(Path(asked.notebooks)), **changed}
        child.stdin.write(json.dumps(text) + "\n")
        child.stdin.flush()
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.slow
def test_a_fault_comes_back_as_one(process):
    assert json.loads(process(reports="/nowhere").stdout.readline()) == {
        "fault": "EnvironmentFault",
        "told": f"worker {WORKER} cannot see /nowhere of where the run was asked for; every machine needs it, on a "
        "shared disk",
    }
    # What other code asks for need not be understood to be refused.
    said = json.loads(process(project={"code": "feed"}, future="field").stdout.readline())
    assert said["fault"] == "EnvironmentFault"
    assert "code" in said["told"]


@pytest.mark.slow
def test_an_error_nobody_foresaw_is_answered_in_one_line_and_not_taken_for_a_killed_process(process):
    # The check of what was asked raises one whose text has several lines.
    child = process(number="three")
    said = json.loads(child.stdout.readline())
    assert said["fault"] == "Fault"
    assert said["told"].startswith(f"worker {WORKER}: ValidationError: 1 validation error for RemoteRun number Input ")
    assert "\n" not in said["told"]
    assert child.wait(20) == 0


@pytest.mark.slow
def test_a_run_nobody_waits_for_any_more_ends_itself(process, asked, store):
    (store.reports / ".asked-abc" / "3").touch()  # a second attempt, so that it waits for the quarter
    with store.try_lock():
        child = process()
        while "waiting" not in child.stdout.readline():
            assert child.poll() is None
        child.stdin.close()
        assert child.wait(20) == 130


def test_a_task_is_text_and_the_name_of_a_function(asked):
    assert len(pickle.dumps(task.work)) < 100
    text = json.dumps(asked.model_dump(mode="json"))
    assert RemoteRun.model_validate(json.loads(text)) == asked


@pytest.mark.slow
def test_a_process_ended_from_outside_is_told_and_left_to_the_scheduler(monkeypatch):
    # Stands for the process of the run: it kills itself, as the kernel of a machine out of memory would.
    script = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    popen = subprocess.Popen
    monkeypatch.setattr(
        task.subprocess, "Popen", lambda command, **kwargs: popen([sys.executable, "-c", script], **kwargs)
    )
    told: list[tuple[str, str]] = []
    with pytest.raises(RuntimeError, match=rf"its process on worker {WORKER} was ended from outside \(code -9\); "):
        task._run_process("{}", WORKER, lambda: True, lambda kind, text: told.append((kind, text)))
    assert told == [("line", f"its process on worker {WORKER} was ended from outside (code -9)")]


@pytest.mark.slow
def test_a_run_called_off_is_ended_even_if_it_will_not_stop(monkeypatch):
    monkeypatch.setattr(task, "GRACE", 1)
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    popen = subprocess.Popen
    monkeypatch.setattr(
        task.subprocess, "Popen", lambda command, **kwargs: popen([sys.executable, "-c", script], **kwargs)
    )
    began = time.monotonic()
    with pytest.raises(RuntimeError):
        task._run_process("{}", WORKER, lambda: False, print)
    assert time.monotonic() - began < 20


def test_a_worker_that_finds_no_project_refuses(asked: RemoteRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs code from a wheel and was not started in the office's folder."""
    worker = SimpleNamespace(
        address=WORKER, state=SimpleNamespace(nthreads=1), get_current_task=lambda: "key", log_event=lambda *_: None
    )
    monkeypatch.setattr("distributed.get_worker", lambda: worker)
    monkeypatch.setattr(project, "_PACKAGE", Path("/site-packages/analysis"))
    monkeypatch.delenv("DUNGHEN_HOME", raising=False)
    monkeypatch.delenv("PWD", raising=False)
    monkeypatch.chdir("/")
    answer = json.loads(task.work(asked.model_dump_json()))
    assert answer["fault"] == "EnvironmentFault"
    assert answer["told"].startswith(f"worker {WORKER}: no project folder: neither / nor")

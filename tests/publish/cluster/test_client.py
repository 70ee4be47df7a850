"""Real schedulers, workers and kernels on the loopback, and every way to lose one of them."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.faults import BadData, BadParameters, EnvironmentFault, NotebookFailed
from analysis.parameters import ROOT, RunParameters, read_run_file
from analysis.publish.cluster import client
from analysis.publish.cluster.client import publish_all
from analysis.publish.run import RunOutcome, publish
from analysis.publish.store import manifest
from analysis.publish.store.releases import lock
from analysis.quarter import stages
from analysis.report.wording import Wording
from small_quarter import small_inputs

pytestmark = pytest.mark.slow
dask = pytest.importorskip("dask")
pytest.importorskip("distributed")

RUN_FILES = ROOT / "parameters" / "khanh-hoa-2021"
SHOW = "from IPython.display import HTML, display; display(HTML('<h2>Một</h2><p>quý ' + quarter + '</p>'))"
PLAN = "khanh-hoa-2021"


class Machines:
    """A scheduler and its workers, each a process of its own; all are ended with the fixture."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder, self.started = folder, []
        folder.mkdir(exist_ok=True)
        known = folder / "scheduler.json"
        self.scheduler = self.start("scheduler", "--host", host, "--port", "0", "--scheduler-file", known)
        self.address = json.loads(_when(lambda: known.exists() and known.read_text()))["address"]

    def start(self, kind: str, *arguments: object, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", kind, "--no-dashboard", *(str(argument) for argument in arguments)]
        log = (self.folder / f"{kind}-{len(self.started)}.log").open("wb")
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env={**os.environ, **environment})
        self.started.append(process)
        return process

    def work(self, *, threads: int = 1, nanny: bool = False, **environment: str) -> subprocess.Popen[bytes]:
        return self.start(
            *("worker", self.address, "--nthreads", threads, "--nworkers", 1, "--local-directory", self.folder),
            *([] if nanny else ["--no-nanny"]),
            **environment,
        )

    def end(self) -> None:
        for process in reversed(self.started):  # the scheduler last: workers take their leave of it
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _when(look: Callable[[], object], seconds: float = 60) -> object:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    machines = Machines(tmp_path)
    yield machines
    machines.end()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A scheduler with one worker, for all tests that end neither or have their own."""
    machines = Machines(tmp_path_factory.mktemp("standing"))
    machines.work()
    yield machines
    machines.end()


@pytest.fixture
def go(tmp_path: Path, machines: Machines, write_notebook: Callable[..., Path]) -> Callable[..., SimpleNamespace]:
    """Return `publish_all` for notebooks that show the quarter, with what was told and how each run ended."""
    return _go(tmp_path, machines, write_notebook)


@pytest.fixture
def go_on(tmp_path: Path, standing: Machines, write_notebook: Callable[..., Path]) -> Callable[..., SimpleNamespace]:
    """Return the same on the worker that stands."""
    return _go(tmp_path, standing, write_notebook)


def _go(folder: Path, machines: Machines, write_notebook: Callable[..., Path]) -> Callable[..., SimpleNamespace]:
    write_notebook(folder / "notebooks" / "00_summary.ipynb", SHOW)

    def go(
        *runs: RunParameters, report_progress: Callable[[int, str], None] = lambda number, line: None, **changed: object
    ):
        told: list[tuple[int, str]] = []

        def note(number: int, line: str) -> None:
            told.append((number, line))
            report_progress(number, line)

        given = {"scheduler": machines.address, **{name: folder / name for name in ("reports", "ledger", "notebooks")}}
        ended = dict(publish_all(runs, report_progress=note, **{**given, **changed}))
        return SimpleNamespace(told=told, ended=[ended[number] for number in range(len(runs))])

    return go


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunParameters]:
    """Two quarters of a plan of the demo's name that are computed in little time."""
    inputs = small_inputs(tmp_path_factory.mktemp("small"), PLAN)
    return [read_run_file(RUN_FILES / f"2021-Q{quarter}.yml", draw_count=200, **inputs) for quarter in (1, 2)]


@pytest.fixture
def released(tmp_path: Path, made_before: Path) -> None:
    """Both quarters are published already."""
    for name in ("reports", "ledger"):
        shutil.copytree(made_before / name, tmp_path / name, symlinks=True)


@pytest.fixture(scope="module")
def made_before(tmp_path_factory: pytest.TempPathFactory, write_notebook, runs: list[RunParameters]) -> Path:
    """A folder of reports with both quarters, published on this machine, and their ledger."""
    folder = tmp_path_factory.mktemp("before")
    write_notebook(folder / "notebooks" / "00_summary.ipynb", SHOW)
    for run in runs:
        _published_here(folder, run)
    return folder


def _published_here(folder: Path, run: RunParameters) -> RunOutcome:
    """Publish a run on this machine, where nothing need be imported for it any more."""
    places = {name: folder / name for name in ("notebooks", "reports", "ledger")}
    return publish(run, compute_results=stages.results, words=Wording(run.language), **places)


def test_quarters_are_published_side_by_side_and_tell_of_themselves(machines, go, runs, tmp_path):
    machines.work()
    machines.work(nanny=True)
    asked = go(*runs)
    links = [tmp_path / "reports" / PLAN / run.quarter for run in runs]
    assert asked.ended == [RunOutcome("published", link / "index.html") for link in links]
    for number, link in enumerate(links):
        lines = [line for of, line in asked.told if of == number and not line.startswith("waiting for a worker")]
        assert [re.sub(r"in .* s$", "", line) for line in lines] == [
            *("computing the results", "00_summary: ok ", "publishing"),
        ]
        assert f"<p>quý {link.name}</p>" in (link / "index.html").read_text(encoding="utf-8")
    entered = _ledger(tmp_path)
    assert set(entered["quarter"]) == {"2021-Q1", "2021-Q2"}
    assert _left_behind(tmp_path) == []

    # Again there is nothing to do; a second run of a quarter waits for the first, as on one machine.
    other = runs[0].model_copy(update={"language": "en"})
    asked = go(runs[0], other)
    assert [ended.state for ended in asked.ended] == ["nothing to do", "published"]
    assert 'lang="en"' in (links[0] / "index.html").read_text(encoding="utf-8")
    assert _ledger(tmp_path).equals(entered)


def _ledger(tmp_path: Path) -> pd.DataFrame:
    return pd.read_csv(tmp_path / "ledger" / f"{PLAN}.csv", dtype=str)


def _left_behind(tmp_path: Path) -> list[Path]:
    """Return what only an unfinished run or request has in the folders both sides share."""
    return [*(tmp_path / "reports" / ".runs").glob("*.part"), *tmp_path.glob("*/.asked-*")]


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _processes_of(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [one for one in psutil.Process(worker.pid).children(recursive=True) if one.is_running()]


@pytest.mark.parametrize("reached", ["00_summary", "publishing", "anything"])
def test_a_worker_killed_at_any_moment_loses_nothing_and_publishes_nothing_twice(
    machines, go, runs, released, tmp_path, write_notebook, reached
):
    # One run, so that the worker killed is the one at work on it; at a moment of no kind another may be busy, too.
    asked_for = runs if reached == "anything" else runs[:1]
    workers = [machines.work(), machines.work()]
    write_notebook(tmp_path / "notebooks" / "00_summary.ipynb", SHOW, "import time; time.sleep(1)")
    links = [tmp_path / "reports" / PLAN / run.quarter for run in runs]
    good = {link: (link.readlink(), _contents(link)) for link in links}
    entered = _ledger(tmp_path)
    chance = random.Random()
    killed: list[subprocess.Popen[bytes]] = []
    children: list[psutil.Process] = []

    def kill(number: int, line: str) -> None:
        if killed or not (reached == "anything" or line.startswith(reached)):
            return
        time.sleep(chance.uniform(0, 4 if reached == "anything" else 0.5))
        # The last good reports are there whole, whichever run has got how far.
        for link in links:
            made = manifest.read(link)
            assert made
            assert manifest.is_complete(link, made.files)
        killed.append(chance.choice([one for one in workers if _processes_of(one)] or workers))
        children.extend(_processes_of(killed[0]))
        killed[0].kill()

    asked = go(*asked_for, force=True, report_progress=kill)
    assert [ended.state for ended in asked.ended] == ["published"] * len(asked_for)
    for link in links[: len(asked_for)]:
        previous, contents = good[link]
        assert link.readlink() != previous
        # Published once: the run published before is the one that is kept beside the new one.
        kept = {path.name for path in (tmp_path / "reports" / ".runs").glob(f"{PLAN}_{link.name}_*Z")}
        assert kept == {previous.name, link.readlink().name}
        assert _contents(tmp_path / "reports" / ".runs" / previous.name) == contents
    assert _ledger(tmp_path).equals(entered)
    _when(lambda: not any(_is_alive(child) for child in children))
    assert [_published_here(tmp_path, run).state for run in asked_for] == ["nothing to do"] * len(asked_for)
    assert _left_behind(tmp_path) == []


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_notebook_ends_with_its_run_and_is_never_published(machines, go, runs, released, tmp_path, write_notebook):
    # Worker and run are gone at one blow, as when a machine runs out of memory, while a notebook is at work.
    doomed = machines.work()
    link = tmp_path / "reports" / PLAN / "2021-Q1"
    lingers = """
        import os, time
        from pathlib import Path
        if Path("at work").exists():
            print("the second")
        else:
            Path("half").write_text(str(os.getpid()))
            Path("half").rename("at work")
            time.sleep(600)
    """
    write_notebook(tmp_path / "notebooks" / "00_summary.ipynb", SHOW, textwrap.dedent(lingers))
    at_work = tmp_path / "notebooks" / "at work"
    drafts: list[Path] = []
    kernels: list[psutil.Process] = []

    def kill(number: int, line: str) -> None:
        if line != "computing the results" or drafts:
            return
        _when(at_work.exists)
        kernels.append(psutil.Process(int(at_work.read_text())))
        drafts.extend((tmp_path / "reports" / ".runs").glob("*.part"))
        (child,) = psutil.Process(doomed.pid).children()
        doomed.kill()
        child.kill()
        machines.work()

    asked = go(runs[0], report_progress=kill)
    assert asked.ended[0].state == "published"
    (draft,) = drafts
    assert any("was lost; begun again on tcp://" in line for _, line in asked.told)
    # The first ended with its run; the second is published, and nothing of the first is left.
    _when(lambda: not any(_is_alive(kernel) for kernel in kernels))
    assert link.readlink() != Path("../.runs") / draft.name.removesuffix(".part")
    assert "the second\\n" in (link / "00_summary.ipynb").read_text(encoding="utf-8")
    assert go(runs[0]).ended[0].state == "nothing to do"
    assert _left_behind(tmp_path) == []
    assert not draft.exists()
    entered = _ledger(tmp_path)
    assert not entered.duplicated(["quarter", "target", "part"]).any()


def test_a_run_that_brings_every_worker_down_ends_with_a_sentence(tmp_path, go_on, runs, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
    machines = Machines(tmp_path / "other")
    try:
        workers = [machines.work(), machines.work()]

        def kill(number: int, line: str) -> None:
            if line == "computing the results":
                next(one for one in workers if one.poll() is None and _processes_of(one)).kill()

        asked = go_on(runs[0], scheduler=machines.address, report_progress=kill)
    finally:
        machines.end()
    (ended,) = asked.ended
    assert isinstance(ended, NotebookFailed)
    assert re.fullmatch(
        r"2 workers were lost while they ran it, the last of them tcp://127\.0\.0\.1:\d+; its log may say why",
        str(ended),
    )
    assert not (tmp_path / "reports" / PLAN).exists()


def test_a_fault_arrives_as_itself_and_does_not_stop_the_others(go_on, runs, tmp_path, write_notebook):
    (tmp_path / "empty").mkdir()
    no_data = runs[0].model_copy(update={"input_path": str(tmp_path / "empty")})
    write_notebook(tmp_path / "notebooks" / "02_online_uptake.ipynb", "assert quarter == '2021-Q2'")
    asked = go_on(no_data, runs[1])
    assert isinstance(asked.ended[0], BadData)
    assert str(tmp_path / "empty") in str(asked.ended[0])
    assert asked.ended[1].state == "published"
    (failing,) = go_on(runs[0]).ended
    assert isinstance(failing, NotebookFailed)
    assert str(failing).startswith("02_online_uptake cell [3]: cell-error: AssertionError")


# The helper stays with its first notebook until it is ended; the others wait until it has one.
HELP = """
import os, time
from pathlib import Path
helped = Path("helped")
if os.environ["WORKER"] == "helper" and not helped.exists():
    helped.touch()
    time.sleep(300)
while not helped.exists():
    time.sleep(0.05)
"""


@pytest.fixture
def help_from(machines: Machines, tmp_path: Path, write_notebook: Callable[..., Path]) -> Callable[..., None]:
    """Return what starts workers, by name with their threads, once a run of editions has begun on the first."""
    for stem in ("00_summary", "01_data_quality", "08_body"):
        write_notebook(tmp_path / "notebooks" / f"{stem}.ipynb", SHOW, HELP)

    def help_from(line: str, **threads: int) -> None:
        if line != "computing the results" or len(machines.started) > 2:
            return
        for name, number in threads.items():
            machines.work(WORKER=name, threads=number)
            log = tmp_path / f"worker-{len(machines.started) - 1}.log"
            _when(lambda log=log: "Registered to" in log.read_text())

    return help_from


@pytest.mark.parametrize("lost", ["helper", "run"])
def test_a_worker_lost_while_it_executes_editions_loses_nothing(
    machines, go, runs, released, tmp_path, help_from, lost
):
    doing = machines.work(WORKER="doing")
    link = tmp_path / "reports" / PLAN / "2021-Q1"
    good, contents = link.readlink(), _contents(link)

    def lose(number: int, line: str) -> None:
        help_from(line, helper=1, refusing=2) if lost == "helper" else help_from(line, helper=1)
        if line.startswith("00_summary: ok"):
            assert (link.readlink(), _contents(link)) == (good, contents)
            (machines.started[2] if lost == "helper" else doing).kill()

    asked = go(runs[0].model_copy(update={"each": "agency"}), report_progress=lose)
    assert [ended.state for ended in asked.ended] == ["published"]
    lines = [line for _, line in asked.told]
    if lost == "helper":
        refusals = [line for line in lines if line.startswith("goes on without one helper: worker tcp://127.0.0.1:")]
        assert [line.partition(" has ")[2] for line in refusals] == ["2 threads: start it with --nthreads 1"]
    else:
        assert any("was lost; begun again on tcp://" in line for line in lines)
    pages = {path.stem for path in link.glob("0*.html")}
    assert pages == {"01_data_quality", "08_body", "08_body-stp", "08_body-sxd"}
    assert _left_behind(tmp_path) == []


def test_ctrl_c_ends_what_helpers_execute(machines, go, runs, released, tmp_path, help_from):
    doing = machines.work(WORKER="doing")
    link = tmp_path / "reports" / PLAN / "2021-Q1"
    good, contents = link.readlink(), _contents(link)

    def interrupt(number: int, line: str) -> None:
        help_from(line, helper=1)
        if line.startswith("00_summary"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(runs[0].model_copy(update={"each": "agency"}), report_progress=interrupt)
    for worker in (doing, machines.started[2]):
        assert _processes_of(worker) == []
        assert worker.poll() is None
    assert (link.readlink(), _contents(link)) == (good, contents)
    assert _left_behind(tmp_path) == []


def test_workers_that_cannot_do_it_refuse(machines, go, runs, tmp_path):
    # Another project folder, with another line of code in it.
    shutil.copytree(ROOT / "src", tmp_path / "copy" / "src")
    (tmp_path / "copy" / "src" / "analysis" / "periods.py").open("a").write("\n# changed\n")
    worker = machines.work(PYTHONPATH=str(tmp_path / "copy" / "src"))
    (ended,) = go(runs[0]).ended
    assert isinstance(ended, EnvironmentFault)
    assert re.match(r"worker tcp://127\.0\.0\.1:\d+: code [0-9a-f]{12}, where the run was asked for [0-9a-f]{12}: ",
                    str(ended))  # fmt: skip
    worker.kill()
    machines.work(threads=2)
    (ended,) = go(runs[0]).ended
    assert isinstance(ended, EnvironmentFault)
    assert str(ended).endswith("has 2 threads: start it with --nthreads 1")
    assert not (tmp_path / "reports" / PLAN).exists()


def test_ctrl_c_calls_the_runs_off_and_leaves_the_workers_to_the_next(standing, runs, tmp_path):
    worker = standing.started[1]
    files = [str(RUN_FILES / f"{run.quarter}.yml") for run in runs]
    options = ["--cluster", standing.address, "--reports", str(tmp_path / "reports")]
    command = [sys.executable, "-m", "analysis.cli", "run", *files, *options]
    # What runs in the background of a shell without job control is deaf to Ctrl-C.
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hears)
    assert asking.stdout.readline() == f"{PLAN} 2021-Q1: computing the results\n"
    assert _processes_of(worker)
    time.sleep(2)  # as a person would: in its first moments the run's process is only starting
    asking.send_signal(signal.SIGINT)
    _, told = asking.communicate(timeout=90)
    assert (asking.returncode, told) == (130, "interrupted: nothing more was published\n")
    assert _processes_of(worker) == []
    assert worker.poll() is None
    assert not (tmp_path / "reports" / PLAN).exists()
    assert _left_behind(tmp_path) == []


def test_what_a_killed_command_leaves_behind_is_swept_by_the_next(standing, go_on, runs, tmp_path):
    worker = standing.started[1]
    options = ["--cluster", standing.address, "--reports", str(tmp_path / "reports")]
    command = [sys.executable, "-m", "analysis.cli", "run", str(RUN_FILES / "2021-Q1.yml"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
        assert any("computing the results" in line for line in asking.stdout)
        asking.kill()
    assert _left_behind(tmp_path) != []
    _when(lambda: _processes_of(worker) == [])
    assert go_on(runs[1]).ended[0].state == "published"
    assert _left_behind(tmp_path) == []


def test_a_run_called_off_during_its_swap_is_told_as_published(go_on, runs, tmp_path):
    told: list[tuple[int, str]] = []
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        # what the swap ends with: it waits here, as on a slow disk
        with lock(tmp_path / "reports", "index"):
            held.set()
            let_go.wait()

    def interrupt(number: int, line: str) -> None:
        told.append((number, line))
        if line == "publishing":
            threading.Timer(3, let_go.set).start()
            raise KeyboardInterrupt

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with pytest.raises(KeyboardInterrupt):
        go_on(*runs, report_progress=interrupt)
    thread.join()
    link = tmp_path / "reports" / PLAN / runs[told[-1][0]].quarter
    assert told[-1][1] == f"published: {link / 'index.html'}"
    assert link.is_symlink()
    assert "" not in [line for _, line in told]
    assert [path.name for path in link.parent.iterdir()] == [link.name]
    assert _left_behind(tmp_path) == []


def test_without_a_worker_every_run_says_so_and_calls_its_failure_hook(machines, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "NO_WORKER_TIMEOUT", 3)
    files = [str(RUN_FILES / f"2021-Q{quarter}.yml") for quarter in (1, 2)]
    hook = f"sh -c 'echo $DUNGHEN_QUARTER $DUNGHEN_CODE >>{tmp_path}/failed'"
    options = ["--cluster", machines.address, "--reports", str(tmp_path / "reports"), "--on-failure", hook]
    ended = CliRunner().invoke(main, ["run", *files, *options])
    told = f"{machines.address}: no worker for 3 s; start one with dask worker {machines.address} --nthreads 1"
    assert ended.stderr.splitlines() == [f"{PLAN} 2021-Q1: {told}", f"{PLAN} 2021-Q2: {told}"]
    assert ended.exit_code == 6
    assert (tmp_path / "failed").read_text() == "2021-Q1 6\n2021-Q2 6\n"
    assert _left_behind(tmp_path) == []


def test_a_lost_scheduler_is_told_and_the_runs_end(machines, go, runs, tmp_path):
    worker = machines.work()
    children: list[psutil.Process] = []

    def kill(number: int, line: str) -> None:
        if line == "computing the results":  # not while it waits for a worker
            children.extend(_processes_of(worker))
            machines.scheduler.kill()

    # the last one waits for the first, of the same quarter, and is asked for only after it
    asked = go(*runs, runs[0].model_copy(update={"language": "en"}), report_progress=kill)
    assert [type(ended) for ended in asked.ended] == [EnvironmentFault] * 3
    assert all(str(ended).startswith(f"{machines.address}: the scheduler was lost") for ended in asked.ended)
    assert children
    _when(lambda: not any(_is_alive(child) for child in children))
    assert not (tmp_path / "reports" / PLAN).exists()


def test_a_run_that_had_ended_is_told_though_the_scheduler_is_lost_before_the_next(machines, go, runs, monkeypatch):
    machines.work()
    ended = client._Request._ended

    def lose(asked: client._Request, *given: object) -> object:
        answer = ended(asked, *given)
        machines.scheduler.kill()
        _when(lambda: asked._client.status != "running")
        return answer

    monkeypatch.setattr(client._Request, "_ended", lose)
    first, second = go(runs[0], runs[0].model_copy(update={"language": "en"})).ended
    assert isinstance(first, RunOutcome)
    assert first.state == "published"
    assert isinstance(second, EnvironmentFault)
    assert str(second) == f"{machines.address}: the scheduler was lost"


def test_where_no_scheduler_is(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "CONNECT_TIMEOUT", 1)
    with pytest.raises(EnvironmentFault, match=r"tcp://127\.0\.0\.1:9: no scheduler answers"):
        list(publish_all(runs, scheduler="tcp://127.0.0.1:9", reports=tmp_path))
    with pytest.raises(BadParameters, match="x: tcp://HOST:PORT or tls://HOST:PORT was expected"):
        list(publish_all(runs, scheduler="x", reports=tmp_path))


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a certificate with")
def test_over_tls_and_not_without_a_certificate(go_on, runs, tmp_path, monkeypatch):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=dunghen",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    prefix = "DASK_DISTRIBUTED__COMM__TLS__"
    monkeypatch.setenv(f"{prefix}CA_FILE", str(certificate))
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        monkeypatch.setenv(f"{prefix}{role}__CERT", str(certificate))
        monkeypatch.setenv(f"{prefix}{role}__KEY", str(key))
    machines = Machines(tmp_path / "tls", host="tls://127.0.0.1")
    try:
        assert machines.address.startswith("tls://")
        monkeypatch.setattr(client, "CONNECT_TIMEOUT", 2)
        with pytest.raises(EnvironmentFault, match=r"tls://.*: no scheduler answers"):
            go_on(runs[0], scheduler=machines.address)
        machines.work()
        ours = {"ca-file": certificate, "client.cert": certificate, "client.key": key}
        with dask.config.set({f"distributed.comm.tls.{name}": str(path) for name, path in ours.items()}):
            assert go_on(runs[0], scheduler=machines.address).ended[0].state == "published"
    finally:
        machines.end()

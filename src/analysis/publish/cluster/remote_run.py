"""Carry out one remote run, in a process of its own on a worker's machine: ``python -m`` this module, then the worker.

The process reads one line of JSON, the remote run, and answers in lines of JSON: one per change of state, one for the
queue of notebooks that other workers may help with, then how the run ended. A process that is given such a queue helps
with it. Its input stays open as long as somebody waits for the answer; once it is closed, the run is interrupted as
by Ctrl-C, so that a worker that is killed takes its notebooks and kernels with it. Every remote run has a new process,
because a worker that has been up for weeks holds the code of weeks ago.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from analysis.faults import EnvironmentFault, Fault
from analysis.parameters import ROOT, RunParameters, resolve
from analysis.publish.cluster.shared_folder_check import marker_path
from analysis.publish.cluster.shared_queue import NotebookQueue, execute_shared, help_with
from analysis.publish.defer_signals import REQUESTS_TO_END
from analysis.publish.limits import Limits
from analysis.publish.notebooks import warm_up
from analysis.publish.report_build import track_record_sha256
from analysis.publish.run import InterruptedAfterRun, RunNotNeeded, publish
from analysis.publish.store import manifest
from analysis.publish.store.releases import ReleaseStore
from analysis.quarter import stages
from analysis.quarter.results import Results
from analysis.report.wording import Wording

_GRACE = 45
"""Seconds an interrupted run has to shut its kernels down."""

_POLL_INTERVAL = 1
"""Seconds between two checks of whether a run that is helped is still there."""


class RemoteRun(BaseModel):
    """One run to be carried out by a worker: text and numbers only, paths as run files write them.

    Attributes
    ----------
    run : RunParameters
        The run of the quarter.
    request, number : str, int
        Id of the request the run belongs to, and the run's number within it; of help with a run, one below zero.
    reports, ledger, notebooks : str or None
        Folders; see `analysis.publish.run.publish`.
    force : bool
        Publish even if nothing has changed.
    limits : Limits
        How much of a worker's machine a notebook may use.
    before : str or None
        Run id of the release there was when this run was requested.
    who : str
        Who asked for the run.
    made_of : dict or str
        What the numbers depend on where the run was requested: a hash for each part of an
        `analysis.quarter.fingerprint.Fingerprint`; or a sentence on which part cannot be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: RunParameters
    request: str
    number: int
    reports: str
    ledger: str | None
    notebooks: str
    force: bool
    limits: Limits
    before: str | None
    who: str
    made_of: dict[str, str] | str


def carry_out(
    remote_run: RemoteRun,
    worker: str,
    report_progress: Callable[[str], None],
    offer: Callable[[Path], None] = lambda queue: None,
) -> str:
    """Carry out a remote run and return how it ended: a state of `analysis.publish.run.RunOutcome`.

    A run may be carried out twice, when the first worker was lost. The second attempt waits until the first no longer
    holds the quarter, and takes what the first has released as the answer to the request, even if the request was to
    publish by force. A run interrupted during its swap, which nothing breaks off, counts as published.

    Parameters
    ----------
    remote_run : RemoteRun
        The run.
    worker : str
        Address of the worker, for error messages.
    report_progress : callable
        Called with one line per change of state.
    offer : callable
        Called with the folder of a queue of notebooks that others may help with.

    Raises
    ------
    EnvironmentFault
        A folder of the client's does not exist here, or the plan, mapping, input or published figures differ.
    Fault
        From `analysis.publish.run.publish`.
    """
    run = remote_run.run
    reports, ledger = resolve(remote_run.reports), resolve(remote_run.ledger) if remote_run.ledger else None
    _refuse_unseen(remote_run, worker, [reports, *([ledger] if ledger else [])])
    expected = _expected_hashes(remote_run)
    store = ReleaseStore(reports, run.plan_name, run.quarter)
    is_again = not _create(marker_path(reports, remote_run.request) / str(remote_run.number))
    force, has_waited = remote_run.force, False

    def compute_results(run: RunParameters) -> Results:
        # Called while the lock of the quarter is held: nobody can release between this check and our own release.
        if force and store.released_id() != remote_run.before:
            raise RunNotNeeded
        results = stages.results(run)
        _refuse_other_inputs(expected, results, worker)
        return results

    while True:
        try:
            state = publish(
                run,
                compute_results=compute_results,
                words=Wording(run.language),
                notebooks=resolve(remote_run.notebooks),
                reports=reports,
                ledger=ledger,
                force=force,
                resume=is_again,  # the notebooks that the lost worker had executed need not run again
                report_progress=report_progress,
                limits=remote_run.limits,
                who=remote_run.who,
                execute=partial(execute_shared, beside=marker_path(reports, remote_run.request), offer=offer),
            ).state
        except RunNotNeeded:
            force = False
            continue
        except InterruptedAfterRun as interruption:
            state = interruption.outcome.state
        if state == "busy" and is_again:
            if not has_waited:
                report_progress("waiting for the quarter, which a run still holds")
            has_waited = True
            time.sleep(1)
            continue
        is_ours = is_again and store.released_id() != remote_run.before
        return "published" if state == "nothing to do" and is_ours else state


def help_out(remote_run: RemoteRun, queue: str, worker: str) -> str:
    """Execute notebooks of a run that another worker carries out, until none is left; return ``"helped"``.

    Parameters
    ----------
    remote_run : RemoteRun
        The run.
    queue : str
        Folder of its queue.
    worker : str
        Address of the worker that helps, for error messages.

    Raises
    ------
    EnvironmentFault
        As from `carry_out`, or a notebook cannot be executed on this machine.
    """
    _refuse_unseen(remote_run, worker, [resolve(remote_run.reports)])
    # It imports the stack while the results are read, or computed where the workers do not share a project folder.
    warm_up()
    _refuse_other_inputs(_expected_hashes(remote_run), stages.results(remote_run.run), worker)
    notebooks, has_ended = NotebookQueue(resolve(queue), resolve(remote_run.notebooks)), threading.Event()
    threading.Thread(target=_interrupt_if_closed, args=(notebooks, has_ended), daemon=True).start()
    try:
        help_with(notebooks, remote_run.run, remote_run.limits)
    finally:
        has_ended.set()
    return "helped"


def _interrupt_if_closed(queue: NotebookQueue, has_ended: threading.Event) -> None:
    """Interrupt a notebook that nobody waits for any more: its run, begun again, may be waiting for this worker."""
    while not has_ended.wait(_POLL_INTERVAL):
        if not queue.is_open():
            _interrupt()
            return


def _create(file: Path) -> bool:
    """Create an empty file and return whether it is new."""
    try:
        file.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _refuse_unseen(remote_run: RemoteRun, worker: str, folders: list[Path]) -> None:
    """Refuse a run whose folders or files this machine does not see."""
    for folder in folders:
        if not marker_path(folder, remote_run.request).is_dir():
            raise EnvironmentFault(
                f"worker {worker} cannot see {folder} of where the run was asked for; every machine needs it, on a "
                "shared disk"
            )
    run = remote_run.run
    for path in (run.plan_file, run.input_path, run.source_file):
        if path is not None and not resolve(path).exists():
            raise EnvironmentFault(f"worker {worker}: there is no {path}; every machine needs it, on a shared disk")


_PARTS = {
    "plan": "plan, mapping or published figures",
    "data": "data",
    "code": "code or libraries",
    "parameters": "parameters",
}


def _expected_hashes(remote_run: RemoteRun) -> dict[str, str]:
    if isinstance(remote_run.made_of, str):
        raise EnvironmentFault(f"where the run was asked for: {remote_run.made_of}")
    return remote_run.made_of


def _refuse_other_inputs(expected: dict[str, str], results: Results, worker: str) -> None:
    """Refuse results that depend on something else than the client's would."""
    ours = vars(results.fingerprint)
    other = [name for part, name in _PARTS.items() if expected.get(part) != ours[part]]
    if other:
        raise EnvironmentFault(
            f"worker {worker}: {'; '.join(other)}: not what the run was asked for with; every machine needs the same "
            "project folder, and it must stay as it is until the run has ended"
        )


def project_hashes(notebooks: Path) -> dict[str, str]:
    """Return what client and worker must have alike: hashes of code, notebooks, lock and track record, and versions.

    The inputs of a run's numbers are checked separately: see `RemoteRun.made_of`.
    """
    sources = "".join(f"{path.name} {manifest.sha256(path)}" for path in sorted(notebooks.glob("*.ipynb")))
    return {
        "code": manifest.sha256_of_code(Path(__file__).parents[2]),
        "notebooks": hashlib.sha256(sources.encode()).hexdigest(),
        "lock": manifest.lock_sha256() or "none",
        "track record": track_record_sha256(),
        "installed": ", ".join(f"{name} {version}" for name, version in manifest.versions().items()),
    }


def refuse_other_project(theirs: dict[str, str], notebooks: Path, worker: str) -> None:
    """Refuse to publish with other code, notebooks or libraries than the client has.

    Parameters
    ----------
    theirs : dict
        The client's `project_hashes`.
    notebooks : Path
        Folder of the report notebooks on this machine.
    worker : str
        Address of the worker, for the message.

    Raises
    ------
    EnvironmentFault
        Names what is here and what was expected.
    """
    ours = project_hashes(notebooks)
    for what, expected in theirs.items():
        if ours.get(what) != expected:
            raise EnvironmentFault(
                f"worker {worker}: {what} {_short(ours.get(what))}, where the run was asked for {_short(expected)}: "
                "every machine needs the same project folder and environment"
            )


def _short(text: str | None) -> str:
    return text[:12] if text and " " not in text else str(text)


def relative_to_project(path: Path) -> str:
    """Return a path as client and worker both understand it: relative to the project, or absolute outside it."""
    path = path.resolve()
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def main(worker: str) -> None:
    """Carry out the remote run on standard input, and write its answers to standard output."""
    for number in REQUESTS_TO_END:
        # One that is ignored, as after nohup, stays ignored; SIGTERM is what `_interrupt_if_unwanted` sends.
        if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    # What libraries print must not be taken for an answer; notebooks do not inherit a copy of the descriptor either.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    try:
        payload = json.loads(sys.stdin.readline())
        threading.Thread(target=_interrupt_if_unwanted, daemon=True).start()
        refuse_other_project(payload.pop("project"), resolve(payload["notebooks"]), worker)
        queue = payload.pop("queue", None)
        remote_run = RemoteRun.model_validate(payload)
        if queue:
            state = help_out(remote_run, queue, worker)
        else:
            state = carry_out(
                remote_run,
                worker,
                lambda line: answer(line=line),
                lambda folder: answer(queue=relative_to_project(folder)),
            )
        answer(state=state)
    except Fault as fault:
        answer(fault=type(fault).__name__, told=str(fault))
    except OSError as error:
        answer(fault=EnvironmentFault.__name__, told=f"worker {worker}: {error.filename}: {error.strerror or error}")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        # An error of ours would happen again wherever the run is retried; the worker's log gets the traceback.
        traceback.print_exc()
        message = f"worker {worker}: {type(error).__name__}: {' '.join(str(error).split())}; its log says where"
        answer(fault=Fault.__name__, told=message)


def _interrupt_if_unwanted() -> None:
    """Interrupt the run once standard input is closed, which means that nobody waits for its answer."""
    while sys.stdin.read(1):
        pass
    _interrupt()
    time.sleep(_GRACE)
    os._exit(1)


def _interrupt() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


if __name__ == "__main__":
    main(sys.argv[1])

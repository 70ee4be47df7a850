"""Publish many quarters on more than one machine: each run is one task of a Dask scheduler.

Only text travels: a run's parameters as JSON and paths, and JSON back; of our own code, only the name of
`analysis.publish.cluster.task.work`.
Dask's protocol itself pickles, so whoever reaches the scheduler's port can run anything on every worker. Keep it on a
network you trust or on TLS: ``tls://HOST:PORT`` with the certificates named by Dask's configuration, as
``DASK_DISTRIBUTED__COMM__TLS__CA_FILE``, ``…__TLS__CLIENT__CERT`` and ``…__TLS__CLIENT__KEY`` on this side.

Nothing is published twice. A worker that is lost takes its run with it, and Dask gives the task to another, which waits
until the quarter is no longer held: see `analysis.publish.cluster.remote_run`. A release is one swapped link, under a
lock.

The notebooks of a run with editions are executed by other workers, too: the run's process says where its queue is, and
each of the others gets a task that helps with it. Whatever becomes of a helper, the run does without: see
`analysis.publish.cluster.shared_queue`.
"""

from __future__ import annotations

import gc
import json
import logging
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis import faults
from analysis.faults import BadParameters, EnvironmentFault, Fault, NotebookFailed
from analysis.parameters import RunParameters
from analysis.publish.cluster import remote_run
from analysis.publish.cluster.remote_run import RemoteRun
from analysis.publish.cluster.shared_folder_check import mark_folder
from analysis.publish.cluster.task import GRACE, work
from analysis.publish.limits import DEFAULT_LIMITS, Limits
from analysis.publish.run import NOTEBOOKS, REPORTS, RunOutcome
from analysis.publish.store.history import user
from analysis.publish.store.releases import ReleaseStore
from analysis.quarter import stages
from analysis.quarter.fingerprint import fingerprint

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_TIMEOUT = 10
"""Seconds to reach the scheduler."""

NO_WORKER_TIMEOUT = 60
"""Seconds without any worker after which waiting is given up."""

RETRIES = 2
"""Times a run is retried because its process was ended from outside; lost workers are counted by the scheduler."""

_POLL_INTERVAL = 0.5
"""Seconds between two checks of whether there is still a worker."""


def publish_all(
    runs: Sequence[RunParameters],
    *,
    scheduler: str,
    reports: Path = REPORTS,
    ledger: Path | None = None,
    notebooks: Path = NOTEBOOKS,
    force: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    report_progress: Callable[[int, str], None] = lambda number, line: None,
) -> Generator[tuple[int, RunOutcome | Fault]]:
    """Yield how each run ended, as it ends, with its position in `runs`; a fault does not stop the others.

    Runs of one quarter of one plan are published one after the other in the order given, all others in parallel.
    Closing the generator early, as an interruption does, cancels the runs that have not ended and waits until they
    have stopped. Once there is no worker or no scheduler any more, every run that has not ended ends with that fault.

    Parameters
    ----------
    runs : sequence of RunParameters
        The runs.
    scheduler : str
        Address of a Dask scheduler: ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.
    reports, ledger, notebooks, force, limits
        See `analysis.publish.run.publish`; every worker must see these folders, and executes one notebook at a time.
    report_progress : callable
        Called with the position of a run and one line per change of its state.

    Raises
    ------
    BadParameters
        The address cannot be one.
    EnvironmentFault
        Dask is not installed, or no scheduler answers: nothing was requested.
    """
    with _connect(scheduler) as client, _mark_folders([reports, *([ledger] if ledger else [])]) as request_id:
        project = remote_run.project_hashes(notebooks)

        def task(number: int) -> str:
            run = runs[number]
            remote = RemoteRun(
                run=run,
                request=request_id,
                number=number,
                reports=remote_run.relative_to_project(reports),
                ledger=remote_run.relative_to_project(ledger) if ledger else None,
                notebooks=remote_run.relative_to_project(notebooks),
                force=force,
                # A worker is one core; its machine has as many workers as cores to spare.
                limits=replace(limits, workers=1),
                before=_store(reports, run).released_id(),
                who=user(),
                made_of=_input_hashes(run),
            )
            return json.dumps({**remote.model_dump(mode="json"), "project": project})

        queues: dict[tuple[str, str], deque[int]] = {}
        for number, run in enumerate(runs):
            queues.setdefault((run.plan_name, run.quarter), deque()).append(number)

        def outcome(number: int, state: Any) -> RunOutcome:
            return RunOutcome(state, _store(reports, runs[number]).link / "index.html")

        remaining = set(range(len(runs)))
        request = _Request(client, scheduler, request_id, task, report_progress)
        try:
            with closing(request):
                request.submit([waiting.popleft() for waiting in queues.values()])
                for number, ended in request.outcomes():
                    remaining.remove(number)
                    yield number, ended if isinstance(ended, Fault) else outcome(number, ended)
                    # Only after the yield: submitting may find the scheduler lost, and this run had ended before.
                    if waiting := queues[runs[number].plan_name, runs[number].quarter]:
                        request.submit([waiting.popleft()])
        except EnvironmentFault as fault:
            # The other runs have been cancelled by now: no run is released after it was reported as failed.
            released = request.released()
            for number in sorted(remaining):
                yield number, outcome(number, "published") if number in released else fault
        except (KeyboardInterrupt, GeneratorExit):
            # The caller takes no more outcomes.
            for number in request.released():
                report_progress(number, str(outcome(number, "published")))
            raise


def _input_hashes(run: RunParameters) -> dict[str, str] | str:
    """Return the hashes of what a run's numbers depend on, or a sentence on what cannot be read."""
    try:
        return vars(fingerprint(run, published=stages.PUBLISHED, code=stages.CODE))
    except OSError as error:
        # A fault of this run alone, which the worker reports like any other; the other runs go on.
        return str(_disk_fault(error))


def _store(reports: Path, run: RunParameters) -> ReleaseStore:
    return ReleaseStore(reports, run.plan_name, run.quarter)


@contextmanager
def _connect(scheduler: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as error:
        raise EnvironmentFault(
            'the extra "cluster" is not installed: make .venv/installed, or pip install distributed'
        ) from error
    # Dask reports a lost connection with a traceback; we report it in a sentence.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    fault: Fault | None = None
    try:
        client = Client(scheduler, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except ValueError as error:
        fault = BadParameters(f"{scheduler}: tcp://HOST:PORT or tls://HOST:PORT was expected: {error}")
    except (OSError, TypeError) as error:
        # Dask ends with a TypeError when the certificates are missing.
        fault = EnvironmentFault(f"{scheduler}: no scheduler answers: {error}")
    if fault:
        # Collect the half-made client, which the error referred to, now: collected while the next client is being
        # made, it would wait for a lock that the next one holds.
        gc.collect()
        raise fault
    try:
        yield client
    finally:
        with suppress(OSError):
            client.close(timeout=CONNECT_TIMEOUT)


@contextmanager
def _mark_folders(folders: Sequence[Path]) -> Iterator[str]:
    """Yield the id of a new request; the folders are marked for it as long as it lasts, which a worker checks."""
    request_id = uuid.uuid4().hex
    try:
        with ExitStack() as marks:
            for folder in folders:
                marks.enter_context(mark_folder(folder, request_id))
            yield request_id
    except OSError as error:
        raise _disk_fault(error) from error


def _disk_fault(error: OSError) -> EnvironmentFault:
    return EnvironmentFault(f"{error.filename}: {error.strerror or error}")


class _Request:
    """Runs requested together from a scheduler's workers."""

    def __init__(
        self,
        client: Client,
        address: str,
        request_id: str,
        task: Callable[[int], str],
        report_progress: Callable[[int, str], None],
    ) -> None:
        self._client, self._address, self._id = client, address, request_id
        self._task, self._report_progress = task, report_progress
        self._futures: dict[int, Future[str]] = {}
        self._tasks: dict[int, str] = {}
        # Helpers have numbers below zero: each with the run it helps, and its task until nobody needs it any more.
        self._helped: dict[int, int] = {}
        self._helpers: dict[int, Future[str]] = {}
        self._workers: dict[int, str] = {}
        self._answers: dict[int, str] = {}
        self._events: queue.SimpleQueue[tuple[int, str, str]] = queue.SimpleQueue()
        self._last_worker_seen = time.monotonic()
        self._has_reported_none = False
        client.subscribe_topic(request_id, lambda event: self._events.put(tuple(event[1])))

    def submit(self, numbers: Sequence[int]) -> None:
        """Submit some of the runs to the scheduler."""
        if self._client.status != "running":
            raise EnvironmentFault(f"{self._address}: the scheduler was lost")
        for number in numbers:
            try:
                # This reads the run's input once; the runs submitted before are at work meanwhile.
                task = self._task(number)
            except OSError as error:
                raise _disk_fault(error) from error
            future = self._client.submit(work, task, key=(self._id, number), retries=RETRIES, pure=False)
            self._futures[number], self._tasks[number] = future, task
            future.add_done_callback(lambda _, number=number: self._events.put((number, "done", "")))
        self._last_worker_seen = time.monotonic()

    def outcomes(self) -> Iterator[tuple[int, Any]]:
        """Yield each run and how it ended: the state of an outcome, or a fault."""
        while self._futures:
            try:
                number, kind, text = self._events.get(timeout=_POLL_INTERVAL)
            except queue.Empty:
                self._check_workers()
                continue
            if kind == "done":
                ended = self._ended(number)
                del self._futures[number]
                self._workers.pop(number, None)
                self._dismiss_helpers(number)
                yield number, ended
            elif kind == "queue":
                if number in self._futures:
                    self._ask_for_help(number, text)
            else:
                self._handle_event(number, kind, text)

    def _handle_event(self, number: int, kind: str, text: str) -> None:
        if number in self._helped:
            self._handle_helper_event(number, kind, text)
        elif kind == "begun":
            if number in self._workers:
                self._report_progress(number, f"worker {self._workers[number]} was lost; begun again on {text}")
                self._dismiss_helpers(number)
            self._workers[number] = text
        elif kind == "ended":
            self._workers.pop(number, None)
            if text:
                self._answers[number] = text
        elif kind == "line":
            self._report_progress(number, text)

    def _handle_helper_event(self, helper: int, kind: str, text: str) -> None:
        """Note where a helper is at work, and report why one does not help."""
        if kind == "begun":
            self._workers[helper] = text
            return
        problem = text
        if kind == "ended":
            self._workers.pop(helper, None)
            problem = json.loads(text or "{}").get("told", "")
        if problem and helper in self._helpers:
            self._report_progress(self._helped[helper], f"goes on without one helper: {problem}")

    def _ask_for_help(self, number: int, queue: str) -> None:
        """Ask every other worker to help with the notebooks of a run."""
        try:
            workers = set(self._client.scheduler_info(n_workers=-1)["workers"])
        except (OSError, RuntimeError, KeyError):
            return  # When the scheduler is lost, every run ends by itself.
        for address in workers - {self._workers.get(number)}:
            helper = -len(self._helped) - 1
            task = json.dumps({**json.loads(self._tasks[number]), "number": helper, "queue": queue})
            self._helped[helper] = number
            self._helpers[helper] = self._client.submit(
                # A run that waits for the same worker comes first.
                work, task, key=(self._id, helper), workers=[address], priority=-1, pure=False,
            )  # fmt: skip

    def _dismiss_helpers(self, number: int) -> None:
        """Call off the help with a run that has ended, or was lost with its queue."""
        helpers = [helper for helper in self._helpers if self._helped[helper] == number]
        with suppress(OSError, RuntimeError):
            self._client.cancel([self._helpers.pop(helper) for helper in helpers])

    def _check_workers(self) -> None:
        """Report that there is no worker, and raise an EnvironmentFault after `NO_WORKER_TIMEOUT`."""
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, RuntimeError, KeyError):
            return  # When the scheduler is lost, every run ends by itself.
        if workers:
            self._last_worker_seen, self._has_reported_none = time.monotonic(), False
            return
        waited = time.monotonic() - self._last_worker_seen
        if waited > NO_WORKER_TIMEOUT:
            raise EnvironmentFault(
                f"{self._address}: no worker for {NO_WORKER_TIMEOUT} s; "
                f"start one with dask worker {self._address} --nthreads 1"
            )
        if not self._has_reported_none and waited > 2 * _POLL_INTERVAL:
            self._has_reported_none = True
            for number in self._futures:
                self._report_progress(number, "waiting for a worker: there is none")

    def _forget_lost_workers(self) -> None:
        with suppress(OSError, RuntimeError, KeyError):
            known = self._client.scheduler_info(n_workers=-1)["workers"]
            self._workers = {number: address for number, address in self._workers.items() if address in known}

    def _ended(self, number: int) -> str | Fault:
        """Return how a run ended whose task is done."""
        from distributed import CancelledError, KilledWorker

        try:
            answer = json.loads(self._answers.get(number) or self._futures[number].result())
        except KilledWorker as error:
            # Dask gives up a run that brings down every worker, as a run too large for their memory does.
            return NotebookFailed(
                f"{error.allowed_failures + 1} workers were lost while they ran it, the last of them "
                f"{error.last_worker.address}; its log may say why"
            )
        except (CancelledError, OSError):
            # OSError: the scheduler was lost after the event of an answer and before the answer.
            return EnvironmentFault(f"{self._address}: the scheduler was lost, or called the run off")
        except (ImportError, AttributeError) as error:
            return EnvironmentFault(
                f"{self._address}: the scheduler or a worker has other code or libraries: {error}; every machine needs "
                "the same project folder and environment"
            )
        except RuntimeError as error:
            return NotebookFailed(str(error))
        if "fault" in answer:
            fault: Fault = getattr(faults, answer["fault"])(answer["told"])
            return fault
        return str(answer["state"])

    def close(self) -> None:
        """Cancel the runs and the help that have not ended, and wait until their processes have."""
        with suppress(OSError, RuntimeError):
            self._client.cancel([*self._futures.values(), *self._helpers.values()])
        self._helpers.clear()
        until = time.monotonic() + GRACE
        while self._workers and time.monotonic() < until and self._client.status == "running":
            try:
                self._handle_event(*self._events.get(timeout=_POLL_INTERVAL))
            except queue.Empty:
                self._forget_lost_workers()
        with suppress(OSError, RuntimeError):
            self._client.unsubscribe_topic(self._id)

    def released(self) -> list[int]:
        """Return which of the cancelled runs were released all the same, because they were in their swap."""
        answers = {number: json.loads(self._answers.get(number, "{}")) for number in self._futures}
        return [number for number, answer in answers.items() if answer.get("state") == "published"]

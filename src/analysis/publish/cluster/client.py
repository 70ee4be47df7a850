"""Many quarters on more than one machine: each run is one task of a Dask scheduler.

What travels is text: a run's parameters as JSON and paths, and JSON back; of our own code only the name of
`analysis.publish.cluster.task.work`.
Dask's protocol itself pickles, so whoever reaches the scheduler's port can run anything on every worker. Keep it on a
network you trust or on TLS: ``tls://HOST:PORT`` with the certificates named by Dask's configuration, as
``DASK_DISTRIBUTED__COMM__TLS__CA_FILE``, ``…__TLS__CLIENT__CERT`` and ``…__TLS__CLIENT__KEY`` on this side.

Nothing is published twice. A worker that is lost takes its run with it, and Dask gives the task to another, which waits
until the quarter is let go of: see `analysis.publish.cluster.remote_run`. A publication is one swapped link, under a
lock.
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

from analysis import faults, quarter
from analysis.faults import BadParameters, EnvironmentFault, Fault, NotebookFailed
from analysis.fingerprint import fingerprint
from analysis.parameters import RunParameters
from analysis.publish.cluster import remote_run
from analysis.publish.cluster.remote_run import Errand
from analysis.publish.cluster.shared_folder_check import marked
from analysis.publish.cluster.task import GRACE, work
from analysis.publish.limits import DEFAULT_LIMITS, Limits
from analysis.publish.run import NOTEBOOKS, REPORTS, Outcome
from analysis.publish.store.history import user
from analysis.publish.store.releases import Shelf

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT = 10
"""Seconds to reach the scheduler."""

PATIENCE = 60
"""Seconds without any worker after which it is no use to wait."""

RETRIES = 2
"""Times a run is begun anew because its process was ended from outside; lost workers are counted by the scheduler."""

_LOOK = 0.5
"""Seconds between two looks at whether a worker is still there."""


def publish_all(
    runs: Sequence[RunParameters],
    *,
    scheduler: str,
    reports: Path = REPORTS,
    ledger: Path | None = None,
    notebooks: Path = NOTEBOOKS,
    force: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    tell: Callable[[int, str], None] = lambda number, line: None,
) -> Generator[tuple[int, Outcome | Fault]]:
    """Yield how each run ended, with its place among the runs, as it ends; a fault does not stop the others.

    Runs of one quarter of one plan are published one after the other in the order given, all others side by side.
    Closing the generator early, as an interruption does, calls off what still runs and waits until it has stopped.
    Once there is no worker or no scheduler any more, every run that has not ended ends with that fault.

    Parameters
    ----------
    runs : sequence of RunParameters
        The quarters.
    scheduler : str
        Address of a Dask scheduler: ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.
    reports, ledger, notebooks, force, limits
        See `analysis.publish.run.publish`; every worker must see these folders, and executes one notebook at a time.
    tell : callable
        Gets the place of a run and one line per change of its state.

    Raises
    ------
    BadParameters
        The address cannot be one.
    EnvironmentFault
        Dask is not installed, or no scheduler answers: nothing was asked for.
    """
    with _connected(scheduler) as client, _seen_by_both([reports, *([ledger] if ledger else [])]) as request:
        project = remote_run.project(notebooks)

        def task(number: int) -> str:
            run = runs[number]
            asked = Errand(
                run=run,
                request=request,
                number=number,
                reports=remote_run.from_project(reports),
                ledger=remote_run.from_project(ledger) if ledger else None,
                notebooks=remote_run.from_project(notebooks),
                force=force,
                # a worker is one core; its machine has as many workers as it has cores to give
                limits=replace(limits, workers=1),
                before=_shelf(reports, run).published_id(),
                who=user(),
                made_of=_made_of(run),
            )
            return json.dumps({**asked.model_dump(mode="json"), "project": project})

        lanes: dict[tuple[str, str], deque[int]] = {}
        for number, run in enumerate(runs):
            lanes.setdefault((run.plan_name, run.quarter), deque()).append(number)

        def outcome(number: int, state: Any) -> Outcome:
            return Outcome(state, _shelf(reports, runs[number]).link / "index.html")

        left = set(range(len(runs)))
        asked = _Request(client, scheduler, request, task, tell)
        try:
            with closing(asked):
                asked.submit([lane.popleft() for lane in lanes.values()])
                for number, ended in asked.ending():
                    left.remove(number)
                    yield number, ended if isinstance(ended, Fault) else outcome(number, ended)
                    # only now: it may find the scheduler lost, and this one had ended before
                    if lane := lanes[runs[number].plan_name, runs[number].quarter]:
                        asked.submit([lane.popleft()])
        except EnvironmentFault as fault:
            # Only now that what still ran has been called off: nothing is published after it was told to have failed.
            published = asked.published()
            for number in sorted(left):
                yield number, outcome(number, "published") if number in published else fault
        except (KeyboardInterrupt, GeneratorExit):
            # nobody takes an outcome any more
            for number in asked.published():
                tell(number, str(outcome(number, "published")))
            raise


def _made_of(run: RunParameters) -> dict[str, str] | str:
    try:
        return vars(fingerprint(run, published=quarter.PUBLISHED, code=quarter.CODE))
    except OSError as error:
        # The fault of this run, told by the worker like any other; the other runs have nothing to do with it.
        return str(_of_the_disk(error))


def _shelf(reports: Path, run: RunParameters) -> Shelf:
    return Shelf(reports, run.plan_name, run.quarter)


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as error:
        raise EnvironmentFault(
            'the extra "cluster" is not installed: make .venv/installed in the project folder'
        ) from error
    # Dask tells of a lost connection with a traceback; we tell of it in a sentence.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    fault: Fault | None = None
    try:
        client = Client(scheduler, timeout=CONNECT, set_as_default=False)
    except ValueError as error:
        fault = BadParameters(f"{scheduler}: tcp://HOST:PORT or tls://HOST:PORT was expected: {error}")
    except (OSError, TypeError) as error:
        # Dask ends with a TypeError when the certificates are missing.
        fault = EnvironmentFault(f"{scheduler}: no scheduler answers: {error}")
    if fault:
        # The half-made client, which the error held, is cleared away now: while the next one is being made it would
        # wait for a lock that one holds.
        gc.collect()
        raise fault
    try:
        yield client
    finally:
        with suppress(OSError):
            client.close(timeout=CONNECT)


@contextmanager
def _seen_by_both(folders: Sequence[Path]) -> Iterator[str]:
    """Yield the name of a request, marked in some folders as long as it lasts: a worker looks for it there."""
    request = uuid.uuid4().hex
    try:
        with ExitStack() as marks:
            for folder in folders:
                marks.enter_context(marked(folder, request))
            yield request
    except OSError as error:
        raise _of_the_disk(error) from error


def _of_the_disk(error: OSError) -> EnvironmentFault:
    return EnvironmentFault(f"{error.filename}: {error.strerror or error}")


class _Request:
    """Some runs, asked for of a scheduler's workers."""

    def __init__(
        self,
        client: Client,
        address: str,
        name: str,
        task: Callable[[int], str],
        tell: Callable[[int, str], None],
    ) -> None:
        self._client, self._address, self._name, self._task, self._tell = client, address, name, task, tell
        self._futures: dict[int, Future[str]] = {}
        self._at_work: dict[int, str] = {}
        self._answers: dict[int, str] = {}
        self._news: queue.SimpleQueue[tuple[int, str, str]] = queue.SimpleQueue()
        self._seen_worker = time.monotonic()
        self._told_none = False
        client.subscribe_topic(name, lambda event: self._news.put(tuple(event[1])))

    def submit(self, numbers: Sequence[int]) -> None:
        """Ask for some of the runs."""
        if self._client.status != "running":
            raise EnvironmentFault(f"{self._address}: the scheduler was lost")
        for number in numbers:
            try:
                # It reads the input once; those asked for already are at work meanwhile.
                task = self._task(number)
            except OSError as error:
                raise _of_the_disk(error) from error
            future = self._client.submit(work, task, key=(self._name, number), retries=RETRIES, pure=False)
            self._futures[number] = future
            future.add_done_callback(lambda _, number=number: self._news.put((number, "done", "")))
        self._seen_worker = time.monotonic()

    def ending(self) -> Iterator[tuple[int, Any]]:
        """Yield each run and how it ended: the state of an outcome, or a fault."""
        while self._futures:
            try:
                number, kind, text = self._news.get(timeout=_LOOK)
            except queue.Empty:
                self._refuse_no_workers()
                continue
            if kind == "done":
                ended = self._ended(number)
                del self._futures[number]
                self._at_work.pop(number, None)
                yield number, ended
            else:
                self._follow(number, kind, text)

    def _follow(self, number: int, kind: str, text: str) -> None:
        if kind == "begun":
            if number in self._at_work:
                self._tell(number, f"worker {self._at_work[number]} was lost; begun again on {text}")
            self._at_work[number] = text
        elif kind == "ended":
            self._at_work.pop(number, None)
            if text:
                self._answers[number] = text
        elif kind == "line":
            self._tell(number, text)

    def _refuse_no_workers(self) -> None:
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, RuntimeError, KeyError):
            return  # a lost scheduler ends every run by itself
        if workers:
            self._seen_worker, self._told_none = time.monotonic(), False
            return
        waited = time.monotonic() - self._seen_worker
        if waited > PATIENCE:
            raise EnvironmentFault(
                f"{self._address}: no worker for {PATIENCE} s; start one with dask worker {self._address} --nthreads 1"
            )
        if not self._told_none and waited > 2 * _LOOK:
            self._told_none = True
            for number in self._futures:
                self._tell(number, "waiting for a worker: there is none")

    def _ended(self, number: int) -> str | Fault:
        from distributed import CancelledError, KilledWorker

        try:
            answer = json.loads(self._answers.get(number) or self._futures[number].result())
        except KilledWorker as error:
            # Dask would try for ever with a run that brings every worker down, as one too large for their memory does.
            return NotebookFailed(
                f"{error.allowed_failures + 1} workers were lost while they ran it, the last of them "
                f"{error.last_worker.address}; its log may say why"
            )
        except (CancelledError, OSError):
            # the latter when it was lost between the news of an answer and the answer
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
        """Call off what has not ended, and wait until its processes have."""
        if self._futures:
            with suppress(OSError, RuntimeError):
                self._client.cancel(list(self._futures.values()))
            until = time.monotonic() + GRACE
            while self._at_work and time.monotonic() < until and self._client.status == "running":
                with suppress(queue.Empty):
                    self._follow(*self._news.get(timeout=_LOOK))
        with suppress(OSError, RuntimeError):
            self._client.unsubscribe_topic(self._name)

    def published(self) -> list[int]:
        """Return which of the runs called off were in their swap, which then ends all the same."""
        answers = {number: json.loads(self._answers.get(number, "{}")) for number in self._futures}
        return [number for number, answer in answers.items() if answer.get("state") == "published"]

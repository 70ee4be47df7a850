"""Publish one quarter: results, notebooks, pages, gates, and one swap of the link at the end."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Literal

from analysis import parameters
from analysis.faults import EnvironmentFault, Fault, GateRefused, NotebookFailed, is_interruption
from analysis.parameters import RunParameters
from analysis.publish.defer_signals import defer_signals
from analysis.publish.limits import DEFAULT_LIMITS, Limits
from analysis.publish.notebook_outcome import NotebookOutcome
from analysis.publish.notebooks import execute_all
from analysis.publish.pages import index
from analysis.publish.pages.shell import SUMMARY
from analysis.publish.report_build import ReportBuild
from analysis.publish.report_notebook import ReportNotebook
from analysis.publish.store import manifest
from analysis.publish.store.history import LOG, log, progress_logger, record_lost, record_run
from analysis.publish.store.ledger import complete, enter_probabilities, sha256_of
from analysis.publish.store.manifest import reuse_notebooks
from analysis.publish.store.releases import ReleaseStore, failed_path, run_id
from analysis.quarter.bodies import bodies_of, dimension_of
from analysis.quarter.results import Results
from analysis.report.editions import EDITIONS
from analysis.report.wording import Wording

NOTEBOOKS = parameters.ROOT / "notebooks" / "report"
REPORTS = parameters.ROOT / "reports"

Executor = Callable[[Sequence[ReportNotebook], RunParameters, Path, Limits], Generator[NotebookOutcome]]
"""What executes the notebooks of a run into a folder, as `analysis.publish.notebooks.execute_all` does."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended that did not fail.

    Attributes
    ----------
    state : {"published", "nothing to do", "busy"}
        ``busy`` when another run holds the lock of the quarter.
    page : Path
        Path of the summary page; it need not exist yet.
    """

    state: Literal["published", "nothing to do", "busy"]
    page: Path

    def __str__(self) -> str:
        if self.state == "busy":
            return "another run holds this quarter; nothing was done"
        return (
            f"published: {self.page}" if self.state == "published" else f"nothing to do, already published: {self.page}"
        )


class InterruptedAfterRun(KeyboardInterrupt):
    """An interruption that came after the run had ended.

    Attributes
    ----------
    outcome : RunOutcome
        How the run had ended.
    """

    def __init__(self, outcome: RunOutcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class RunNotNeeded(Exception):
    """Raised by `compute_results` when the run is no longer needed; the run then ends without leaving a trace."""


def publish(
    run: RunParameters,
    *,
    compute_results: Callable[[RunParameters], Results],
    words: Wording,
    notebooks: Path = NOTEBOOKS,
    reports: Path = REPORTS,
    ledger: Path | None = None,
    force: bool = False,
    resume: bool = False,
    report_progress: Callable[[str], None] = lambda line: None,
    limits: Limits = DEFAULT_LIMITS,
    who: str | None = None,
    execute: Executor = execute_all,
) -> RunOutcome:
    """Publish a quarter and return how the run ended; until it succeeds, the last good report stays as it was.

    Parameters
    ----------
    run : RunParameters
        The run of the quarter.
    compute_results : callable
        Computes the results of a run: `analysis.quarter.results`. It is called before any kernel starts, and again
        at the end to see whether anything has changed.
    words : Wording
        The phrases of the pages, in the run's language.
    notebooks, reports : Path
        Folder of the report notebooks; folder of the release store.
    ledger : Path or None
        Folder of the ledger the probabilities are entered in; None enters them nowhere: a trial.
    force : bool
        Publish even if nothing has changed, and execute every notebook anew.
    resume : bool
        Reuse the notebooks that the last run had executed without a failure before it failed or was killed.
    report_progress : callable
        Called with one line per change of state.
    limits : Limits
        How much of the machine the notebooks may use.
    who : str or None
        Who asked for the run, for the history; None is the account of this process.
    execute : callable
        Executes the notebooks; by default in processes of this machine.

    Raises
    ------
    BadData, BadParameters
        From `compute_results`.
    NotebookFailed
        At least one notebook failed; the sentence names each, its cell and the reason.
    GateRefused
        A page is not fit to publish.
    EnvironmentFault
        Disk, permission, a missing component, a folder where the link should be, or notebooks, data or code that were
        changed meanwhile.
    Fault
        A mistake of the suite itself; the log has the traceback.
    InterruptedAfterRun
        The run was interrupted after it had ended. After any other KeyboardInterrupt nothing was released.
    RunNotNeeded
        From `compute_results`; the run leaves no entry in the history.
    """
    store = ReleaseStore(reports, run.plan_name, run.quarter)
    page = store.link / "index.html"
    began, data, in_ledger = datetime.now(UTC), "", ""
    run_folder: Path | None = None
    outcome: RunOutcome | None = None
    report_progress = progress_logger(reports, run, report_progress)

    def is_released() -> bool:
        return run_folder is not None and store.released_id() == run_id(run_folder)

    def released() -> dict[str, str]:
        """Return what the history says of the release, where the run made one."""
        if run_folder is None or not is_released():
            return {}
        made = manifest.sha256(store.link / manifest.NAME)
        return {"run_id": run_id(run_folder), "manifest": made, "ledger": in_ledger}

    def record_failure(ended: str, code: int, reason: str = "") -> None:
        # A disk that is full has no room for the history's line either.
        with suppress(OSError):
            record_run(
                reports, run, began=began, ended=ended, code=code, data=data, reason=reason, who=who, release=released()
            )

    try:
        with store.try_lock() as acquired:
            if not acquired:
                log(reports, run, str(RunOutcome("busy", page)))
                return RunOutcome("busy", page)
            if ledger is not None and (entered := complete(ledger, store)):
                report_progress(f"entered {entered} probabilities of the last publication, which the ledger lacked")
            if record_lost(store):
                report_progress("entered the last publication in the history, which lacked it")
            resumed = store.unreleased_folders() if resume else []
            store.remove_unfinished(keep=resumed)
            report_progress("computing the results")
            results = compute_results(run)
            build = ReportBuild(run, results, _report_notebooks(notebooks, run, results), words, datetime.now(UTC))
            data = build.results.fingerprint.data
            if force or not _is_up_to_date(store, build):
                run_folder = _make(
                    build, store, report_progress, limits, compute_results, execute,
                    may_reuse=not force, resumed=resumed,
                )  # fmt: skip
            # From the swap to the line in the history: what is recorded of a run must be how it ended.
            with defer_signals():
                if run_folder:
                    report_progress("publishing")
                    _release(store, run_folder)
                store.remove_unfinished()
                # Also when there was nothing to do: an older release may have no table that its lines follow from.
                if ledger is not None and enter_probabilities(ledger, run.plan_name, build.ledger_lines):
                    in_ledger = sha256_of(build.ledger_lines)
                index.rebuild(reports, words)
                recorded = RunOutcome("published" if run_folder else "nothing to do", page)
                record_run(
                    reports, run, began=began, ended=recorded.state, code=0, data=data, who=who, release=released()
                )
                outcome = recorded
            return outcome
    except RunNotNeeded:
        raise
    except KeyboardInterrupt as interruption:
        if outcome is None and is_released():
            # A step after the swap, such as the index, failed.
            outcome = RunOutcome("published", page)
            record_failure("published", 130, "interrupted")
        if outcome:
            raise InterruptedAfterRun(outcome) from interruption
        record_failure("interrupted", 130)
        raise
    except Fault as fault:
        record_failure("failed", fault.exit_code, str(fault))
        raise
    except Exception as error:
        if is_interruption(error):
            record_failure("interrupted", 130)
            raise KeyboardInterrupt from error
        kind, reason = _as_fault(error, reports, run)
        ended = "failed"
        if is_released():
            ended, reason = "published", f"published, but {reason}"
        record_failure(ended, kind.exit_code, reason)
        raise kind(reason) from error


def _as_fault(error: Exception, reports: Path, run: RunParameters) -> tuple[type[Fault], str]:
    """Return the class of fault for an unexpected error, and its sentence."""
    if isinstance(error, OSError):
        return EnvironmentFault, f"{error.filename or reports}: {error.strerror or error}"
    log(reports, run, "".join(traceback.format_exception(error)).rstrip())
    # A mistake of ours; the other quarters can still be published.
    return Fault, f"{type(error).__name__}: {' '.join(str(error).split())}; {reports / LOG} says where"


def _report_notebooks(folder: Path, run: RunParameters, results: Results) -> list[ReportNotebook]:
    """Return the notebooks of a run's report in reading order, those of its editions last."""
    paths = {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    if SUMMARY not in paths:
        raise EnvironmentFault(f"{folder}: there is no {SUMMARY}.ipynb, which becomes the first page")
    found = [ReportNotebook(path) for stem, path in paths.items() if stem != EDITIONS]
    if run.body is None and run.each is None:
        return found
    if EDITIONS not in paths:
        raise EnvironmentFault(f"{folder}: there is no {EDITIONS}.ipynb; `dunghen upgrade-notebooks` brings it")
    if run.each is not None:
        found.append(ReportNotebook(paths[EDITIONS]))
    return [*found, *(ReportNotebook(paths[EDITIONS], body) for body in _bodies(run, results))]


def _bodies(run: RunParameters, results: Results) -> Sequence[str]:
    one = [run.body] if run.body is not None else []
    for body in one:
        dimension_of(results, body)
    return list(dict.fromkeys([*one, *(bodies_of(results, run.each) if run.each is not None else ())]))


def _is_up_to_date(store: ReleaseStore, build: ReportBuild) -> bool:
    """Return whether the released run is complete and was made from the recipe of a build."""
    folder = store.released_folder()
    made = manifest.read(folder) if folder else None
    return bool(folder and made and made.recipe == build.recipe and manifest.is_complete(folder, made.files))


def _make(
    build: ReportBuild,
    store: ReleaseStore,
    report_progress: Callable[[str], None],
    limits: Limits,
    compute_results: Callable[[RunParameters], Results],
    execute: Executor,
    *,
    may_reuse: bool,
    resumed: Sequence[Path],
) -> Path:
    """Return the folder of a run that may be released: every notebook succeeded and every page passed the gates."""
    earlier = [store.released_folder(), *resumed] if may_reuse else []
    run_folder = store.create_run_folder(build.moment)
    outcomes: dict[str, NotebookOutcome] = {}
    try:
        files = build.write_tables(run_folder)
        reused = {
            outcome.stem: outcome
            for folder in earlier
            if folder
            for outcome in reuse_notebooks(build.recipe, folder, run_folder)
        }
        # Written at once, so that the next run can reuse them, too, however this run ends.
        outcomes.update(reused)
        manifest.write(build.manifest(list(reused.values()), run_folder), run_folder)
        for stem in sorted(reused):
            report_progress(f"{stem}: taken over, nothing has changed")
        to_execute = [source for source in build.sources if source.stem not in reused]
        with closing(execute(to_execute, build.run, run_folder, limits)) as finished:
            for outcome in chain(reused.values(), finished):
                outcomes[outcome.stem] = _write_page(build, outcome, files, run_folder)
                if outcome.stem not in reused:
                    report_progress(f"{outcome.stem}: {outcomes[outcome.stem].status} in {outcome.seconds:.1f} s")
                # Written after each notebook, so that the next run can reuse it if this run is killed.
                manifest.write(build.manifest(list(outcomes.values()), run_folder), run_folder)
        _refuse_failures(sorted(outcomes.values(), key=lambda outcome: outcome.stem), run_folder)
        _refuse_changed(build, compute_results, run_folder)
    except BaseException as failure:
        if resumed and not outcomes:
            # It holds nothing that the runs to be resumed do not hold, and it would replace them.
            shutil.rmtree(run_folder, ignore_errors=True)
            raise
        if isinstance(failure, KeyboardInterrupt):
            _record_interruption(build, outcomes, run_folder)
        # An unfinished run must not be taken for a finished one.
        store.mark_failed(run_folder)
        raise
    return run_folder


def _refuse_changed(build: ReportBuild, compute_results: Callable[[RunParameters], Results], run_folder: Path) -> None:
    try:
        build.refuse_changed(compute_results(build.run))
    except EnvironmentFault:
        # Nobody knows which notebook read which version: none may be reused, even if the change is undone.
        (run_folder / manifest.NAME).unlink()
        raise


def _write_page(
    build: ReportBuild, outcome: NotebookOutcome, files: Sequence[str], run_folder: Path
) -> NotebookOutcome:
    """Write the page of a notebook that succeeded; return its outcome, ``gate-refused`` if the page was refused."""
    if outcome.status != "ok":
        return outcome
    try:
        build.write_page(outcome, files, run_folder)
    except GateRefused as refusal:
        return replace(outcome, status="gate-refused", reason=str(refusal))
    return outcome


def _refuse_failures(outcomes: Sequence[NotebookOutcome], run_folder: Path) -> None:
    failures = [outcome for outcome in outcomes if outcome.status != "ok"]
    if not failures:
        return
    where = f"what ran is kept in {failed_path(run_folder)}"
    if all(failure.status == "gate-refused" for failure in failures):
        raise GateRefused(f"{'; '.join(str(failure.reason) for failure in failures)}; {where}")
    raise NotebookFailed(f"{'; '.join(map(_describe_failure, failures))}; {where}")


def _describe_failure(outcome: NotebookOutcome) -> str:
    cell = f" cell [{outcome.failed_cell}]" if outcome.failed_cell else ""
    return f"{outcome.stem}{cell}: {outcome.status}: {outcome.reason}"


def _record_interruption(build: ReportBuild, outcomes: dict[str, NotebookOutcome], run_folder: Path) -> None:
    """Write a manifest in which the notebooks without an outcome are interrupted."""
    unfinished = [source for source in build.sources if source.stem not in outcomes]
    interrupted = [
        NotebookOutcome(source.stem, run_folder / source.name, "interrupted", 0.0, reason="interrupted")
        for source in unfinished
    ]
    # A disk that is full has no room for it; the run was interrupted all the same.
    with suppress(OSError):
        manifest.write(build.manifest([*outcomes.values(), *interrupted], run_folder), run_folder)


def _release(store: ReleaseStore, run_folder: Path) -> None:
    try:
        store.release(run_folder)
    except BaseException:
        store.mark_failed(run_folder)
        raise

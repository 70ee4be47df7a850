"""One quarter, published: results, notebooks, pages, gates, and one swap at the end."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Literal

from analysis import parameters
from analysis.faults import EnvironmentFault, Fault, GateRefused, NotebookFailed
from analysis.parameters import RunParameters
from analysis.publish.defer_signals import undisturbed
from analysis.publish.limits import DEFAULT_LIMITS, Limits
from analysis.publish.notebook_outcome import Executed
from analysis.publish.notebooks import execute_all
from analysis.publish.pages import index
from analysis.publish.pages.shell import SUMMARY
from analysis.publish.report_build import Edition
from analysis.publish.store import manifest
from analysis.publish.store.history import LOG, log, logged, remember
from analysis.publish.store.ledger import enter
from analysis.publish.store.manifest import reuse
from analysis.publish.store.releases import Shelf, failed_name, run_id
from analysis.report.wording import Wording
from analysis.results import Results

NOTEBOOKS = parameters.ROOT / "notebooks" / "report"
REPORTS = parameters.ROOT / "reports"


@dataclass(frozen=True)
class Outcome:
    """How a run ended that did not fail.

    Attributes
    ----------
    state : {"published", "nothing to do", "busy"}
        ``busy`` when another run holds the quarter.
    page : Path
        Where the summary is, or will be.
    """

    state: Literal["published", "nothing to do", "busy"]
    page: Path

    def __str__(self) -> str:
        if self.state == "busy":
            return "another run holds this quarter; nothing was done"
        return (
            f"published: {self.page}" if self.state == "published" else f"nothing to do, already published: {self.page}"
        )


class TooLate(KeyboardInterrupt):
    """An interruption that came when the run had ended already.

    Attributes
    ----------
    outcome : Outcome
        How it had.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class Unwanted(Exception):
    """What `prepare` raises of a run that need not be any more: it ends as if it had never begun."""


def publish(
    run: RunParameters,
    *,
    prepare: Callable[[RunParameters], Results],
    words: Wording,
    notebooks: Path = NOTEBOOKS,
    reports: Path = REPORTS,
    ledger: Path | None = None,
    force: bool = False,
    resume: bool = False,
    tell: Callable[[str], None] = lambda line: None,
    limits: Limits = DEFAULT_LIMITS,
    who: str | None = None,
) -> Outcome:
    """Return how the publication of a quarter ended; until it succeeds, the last good report stays as it was.

    Parameters
    ----------
    run : RunParameters
        The quarter.
    prepare : callable
        From a run to its results: `analysis.quarter.results`. It runs before any kernel starts.
    words : Wording
        What the pages say, in the run's language.
    notebooks, reports : Path
        Folder of the report notebooks; folder published into.
    ledger : Path or None
        Folder of the ledger the probabilities are entered in; None enters them nowhere: a trial.
    force : bool
        Publish again even if nothing has changed, and execute every notebook anew.
    resume : bool
        Take over what the last run, which failed or was killed, had executed well.
    tell : callable
        Gets one line per change of state.
    limits : Limits
        What the notebooks may take of the machine.
    who : str or None
        Who asked for it, for the history; None is the account of this process.

    Raises
    ------
    BadData, BadParameters
        From `prepare`.
    NotebookFailed
        At least one notebook; the sentence says which, which cell and why, for each.
    GateRefused
        A page is not fit to publish.
    EnvironmentFault
        Disk, permission, a missing component, a folder where the link should be, or notebooks, data or code that were
        changed meanwhile.
    Fault
        A mistake of the suite itself; the log has the traceback.
    TooLate
        Interrupted when it had ended already. Any other KeyboardInterrupt: nothing was published.
    Unwanted
        From `prepare`; nothing is remembered of it.
    """
    shelf = Shelf(reports, run.plan_name, run.quarter)
    page = shelf.link / "index.html"
    began, data = datetime.now(UTC), ""
    draft: Path | None = None
    outcome: Outcome | None = None
    tell = logged(reports, run, tell)

    def is_out() -> bool:
        return draft is not None and shelf.published_id() == run_id(draft)

    def remember_failure(ended: str, code: int, reason: str = "") -> None:
        # A disk that is full has no room for the memory of it either.
        with suppress(OSError):
            remember(reports, run, began=began, ended=ended, code=code, data=data, reason=reason, who=who)

    try:
        with shelf.locked() as ours:
            if not ours:
                log(reports, run, str(Outcome("busy", page)))
                return Outcome("busy", page)
            left_over = shelf.left_over() if resume else []
            shelf.clear_away(keep=left_over)
            tell("computing the results")
            edition = Edition(run, prepare(run), _sources(notebooks), words, datetime.now(UTC))
            data = edition.results.fingerprint.data
            if force or not _is_published(shelf, edition):
                draft = _make(edition, shelf, tell, limits, prepare, reused=not force, resumed=left_over)
            # From the swap to the memory of it: what is said of a run afterwards must be what became of it.
            with undisturbed():
                if draft:
                    tell("publishing")
                    _put_out(shelf, draft)
                shelf.clear_away()
                if ledger is not None:
                    # also when there was nothing to do: the run that published may not have come this far
                    enter(ledger, run, edition.results, edition.moment)
                index.rebuild(reports, words)
                done = Outcome("published" if draft else "nothing to do", page)
                remember(reports, run, began=began, ended=done.state, code=0, data=data, who=who)
                outcome = done
            return outcome
    except Unwanted:
        raise
    except KeyboardInterrupt as interruption:
        if outcome is None and is_out():
            # What was still to do, such as the index, failed on the way.
            outcome = Outcome("published", page)
            remember_failure("published", 130, "interrupted")
        if outcome:
            raise TooLate(outcome) from interruption
        remember_failure("interrupted", 130)
        raise
    except Fault as fault:
        remember_failure("failed", fault.exit_code, str(fault))
        raise
    except Exception as error:
        if _is_interruption(error):
            remember_failure("interrupted", 130)
            raise KeyboardInterrupt from error
        kind, reason = _as_fault(error, reports, run)
        ended = "failed"
        if is_out():
            ended, reason = "published", f"published, but {reason}"
        remember_failure(ended, kind.exit_code, reason)
        raise kind(reason) from error


def _is_interruption(error: BaseException | None) -> bool:
    """Return whether a library has made an error of its own out of an interruption."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _as_fault(error: Exception, reports: Path, run: RunParameters) -> tuple[type[Fault], str]:
    """Return what kind of fault an error is that nobody expected, and its sentence."""
    if isinstance(error, OSError):
        return EnvironmentFault, f"{error.filename or reports}: {error.strerror or error}"
    log(reports, run, "".join(traceback.format_exception(error)).rstrip())
    # A mistake of ours; the other quarters can still be published.
    return Fault, f"{type(error).__name__}: {' '.join(str(error).split())}; {reports / LOG} says where"


def _sources(notebooks: Path) -> list[Path]:
    sources = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    if SUMMARY not in {source.stem for source in sources}:
        raise EnvironmentFault(f"{notebooks}: there is no {SUMMARY}.ipynb, which becomes the first page")
    return sources


def _is_published(shelf: Shelf, edition: Edition) -> bool:
    folder = shelf.published()
    made = manifest.read(folder) if folder else None
    return bool(folder and made and made.recipe == edition.recipe and manifest.is_complete(folder, made.files))


def _make(
    edition: Edition,
    shelf: Shelf,
    tell: Callable[[str], None],
    limits: Limits,
    prepare: Callable[[RunParameters], Results],
    *,
    reused: bool,
    resumed: Sequence[Path],
) -> Path:
    """Return the folder of a run that may be published: every notebook ran and every page is past the gates."""
    earlier = [shelf.published(), *resumed] if reused else []
    draft = shelf.begin(edition.moment)
    executed: dict[str, Executed] = {}
    try:
        files = edition.write_tables(draft)
        taken = {one.stem: one for folder in earlier if folder for one in reuse(edition.recipe, folder, draft)}
        # Whatever becomes of this run, the next one can take them over, too.
        executed.update(taken)
        manifest.write(edition.manifest(list(taken.values()), draft), draft)
        for stem in sorted(taken):
            tell(f"{stem}: taken over, nothing has changed")
        left = [source for source in edition.sources if source.stem not in taken]
        with closing(execute_all(left, edition.run, draft, limits)) as ending:
            for one in chain(taken.values(), ending):
                executed[one.stem] = _with_its_page(edition, one, files, draft)
                if one.stem not in taken:
                    tell(f"{one.stem}: {executed[one.stem].status} in {one.seconds:.1f} s")
                # a run that is killed leaves behind what can be taken over
                manifest.write(edition.manifest(list(executed.values()), draft), draft)
        _refuse_failures(sorted(executed.values(), key=lambda one: one.stem), draft)
        _refuse_changed(edition, prepare, draft)
    except BaseException as failure:
        if resumed and not executed:
            # It has nothing that those it was to resume have not, and would take their place.
            shutil.rmtree(draft, ignore_errors=True)
            raise
        if isinstance(failure, KeyboardInterrupt):
            _tell_of_interruption(edition, executed, draft)
        # What was being made must not be taken for a finished run.
        shelf.give_up(draft)
        raise
    return draft


def _refuse_changed(edition: Edition, prepare: Callable[[RunParameters], Results], draft: Path) -> None:
    try:
        edition.refuse_changed(prepare(edition.run))
    except EnvironmentFault:
        # Nobody knows which notebooks saw what: none of them may be taken over, whatever is put back.
        (draft / manifest.NAME).unlink()
        raise


def _with_its_page(edition: Edition, one: Executed, files: Sequence[str], draft: Path) -> Executed:
    """Return what became of a notebook, now that its page is written, or refused."""
    if one.status != "ok":
        return one
    try:
        edition.write_page(one, files, draft)
    except GateRefused as refused:
        return replace(one, status="gate-refused", reason=str(refused))
    return one


def _refuse_failures(executed: Sequence[Executed], draft: Path) -> None:
    failures = [one for one in executed if one.status != "ok"]
    if not failures:
        return
    if all(one.status == "gate-refused" for one in failures):
        raise GateRefused(f"{'; '.join(str(one.reason) for one in failures)}; what ran is kept in {failed_name(draft)}")
    raise NotebookFailed(f"{'; '.join(map(_failure, failures))}; what ran is kept in {failed_name(draft)}")


def _failure(executed: Executed) -> str:
    where = f" cell [{executed.failed_cell}]" if executed.failed_cell else ""
    return f"{executed.stem}{where}: {executed.status}: {executed.reason}"


def _tell_of_interruption(edition: Edition, executed: dict[str, Executed], draft: Path) -> None:
    unfinished = [source for source in edition.sources if source.stem not in executed]
    ended = [Executed(one.stem, draft / one.name, "interrupted", 0.0, reason="interrupted") for one in unfinished]
    # A disk that is full has no room to say so, and the interruption is still one.
    with suppress(OSError):
        manifest.write(edition.manifest([*executed.values(), *ended], draft), draft)


def _put_out(shelf: Shelf, draft: Path) -> None:
    try:
        shelf.publish(draft)
    except BaseException:
        shelf.give_up(draft)
        raise

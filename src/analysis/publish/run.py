"""One quarter, published: results, notebooks, pages, gates, and one swap at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from analysis import parameters
from analysis.faults import EnvironmentFault, NotebookFailed
from analysis.parameters import RunParameters
from analysis.publish import index, manifest
from analysis.publish.edition import Edition
from analysis.publish.executed import Executed
from analysis.publish.ledger import enter
from analysis.publish.notebooks import CELL_TIMEOUT, execute_all
from analysis.publish.shelf import Shelf, failed_name
from analysis.publish.shell import SUMMARY
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


def publish(
    run: RunParameters,
    *,
    prepare: Callable[[RunParameters], Results],
    words: Wording,
    notebooks: Path = NOTEBOOKS,
    reports: Path = REPORTS,
    ledger: Path | None = None,
    force: bool = False,
    tell: Callable[[str], None] = lambda line: None,
    workers: int = 2,
    timeout: int = CELL_TIMEOUT,
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
        Publish again even if nothing has changed.
    tell : callable
        Gets one line per change of state.
    workers, timeout : int
        See `analysis.publish.notebooks.execute_all`.

    Raises
    ------
    BadData, BadParameters
        From `prepare`.
    NotebookFailed
        At least one notebook; the sentence says which, which cell and why, for each.
    GateRefused
        A page is not fit to publish.
    EnvironmentFault
        Disk, permission, a missing component, or a folder where the link should be.
    """
    shelf = Shelf(reports, run.plan_name, run.quarter)
    page = shelf.link / "index.html"
    try:
        with shelf.locked() as ours:
            if not ours:
                return Outcome("busy", page)
            shelf.clear_away()
            tell("computing the results")
            edition = Edition(run, prepare(run), _sources(notebooks), words, datetime.now(UTC))
            done = not force and _is_published(shelf, edition)
            if not done:
                _make(edition, shelf, tell, workers=workers, timeout=timeout)
            if ledger is not None:
                # also when there was nothing to do: the run that published may not have come this far
                enter(ledger, run, edition.results, edition.moment)
            index.rebuild(reports, words)
            return Outcome("nothing to do" if done else "published", page)
    except OSError as error:
        raise EnvironmentFault(f"{error.filename or reports}: {error.strerror or error}") from error


def _sources(notebooks: Path) -> list[Path]:
    sources = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    if SUMMARY not in {source.stem for source in sources}:
        raise EnvironmentFault(f"{notebooks}: there is no {SUMMARY}.ipynb, which becomes the first page")
    return sources


def _is_published(shelf: Shelf, edition: Edition) -> bool:
    folder = shelf.published()
    made = manifest.read(folder) if folder else None
    return bool(folder and made and made.recipe == edition.recipe() and manifest.is_complete(folder, made.files))


def _make(edition: Edition, shelf: Shelf, tell: Callable[[str], None], *, workers: int, timeout: int) -> None:
    draft = shelf.begin(edition.moment)
    try:
        executed = []
        with closing(execute_all(edition.sources, edition.run, draft, workers=workers, timeout=timeout)) as ending:
            for one in ending:
                tell(f"{one.stem}: {one.status} in {one.seconds:.1f} s")
                executed.append(one)
        executed.sort(key=lambda one: one.stem)
        failures = [one for one in executed if one.status != "ok"]
        if not failures:
            tell("writing the pages")
            edition.write(executed, draft)
        manifest.write(edition.manifest(executed, draft), draft)
        if failures:
            told = "; ".join(_failure(one) for one in failures)
            raise NotebookFailed(f"{told}; what ran is kept in {failed_name(draft)}")
        shelf.publish(draft)
    except BaseException:
        # Ctrl-C too: what was being made must not be taken for a finished run.
        shelf.give_up(draft)
        raise


def _failure(executed: Executed) -> str:
    where = f" cell [{executed.failed_cell}]" if executed.failed_cell else ""
    return f"{executed.stem}{where}: {executed.status}: {executed.reason}"

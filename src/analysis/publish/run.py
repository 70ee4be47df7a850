"""One quarter, published: results, notebooks, pages, gates, and one swap at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analysis import parameters
from analysis.faults import EnvironmentFault, NotebookFailed
from analysis.parameters import RunParameters
from analysis.publish import gates, index, manifest, shell
from analysis.publish.manifest import Manifest, Recipe
from analysis.publish.notebooks import CELL_TIMEOUT, Executed, execute_all
from analysis.publish.shelf import Shelf, failed_name, run_id

if TYPE_CHECKING:
    import pandas as pd

    from analysis.publish.export import Imprint
    from analysis.quarter import Results

NOTEBOOKS = parameters.ROOT / "notebooks" / "report"
REPORTS = parameters.ROOT / "reports"
_SUMMARY = "00_summary"


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
    words: shell.Words,
    notebooks: Path = NOTEBOOKS,
    reports: Path = REPORTS,
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
    words : Words
        What the pages say, in the run's language.
    notebooks, reports : Path
        Folder of the report notebooks; folder published into.
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
            tell("computing the results")
            results = prepare(run)
            sources = _sources(notebooks)
            recipe = _recipe(run, results, sources)
            done = not force and _is_published(shelf, recipe)
            if not done:
                _make(run, results, recipe, sources, shelf, words, tell, workers, timeout)
            index.rebuild(reports, language=run.language, words=words)
            return Outcome("nothing to do" if done else "published", page)
    except OSError as error:
        raise EnvironmentFault(f"{error.filename or reports}: {error.strerror or error}") from error


def _sources(notebooks: Path) -> list[Path]:
    sources = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    if _SUMMARY not in {source.stem for source in sources}:
        raise EnvironmentFault(f"{notebooks}: there is no {_SUMMARY}.ipynb, which becomes the first page")
    return sources


def _recipe(run: RunParameters, results: Results, sources: Sequence[Path]) -> Recipe:
    here = Path(__file__).parent
    return Recipe(
        results_key=results.key,
        language=run.language,
        status=run.status,
        signed_by=run.signed_by,
        as_of=run.as_of.isoformat(),
        notebooks={source.stem: manifest.sha256(source) for source in sources},
        pages=manifest.sha256_of_code(here, here.parent / "report"),
    )


def _is_published(shelf: Shelf, recipe: Recipe) -> bool:
    folder = shelf.published()
    made = manifest.read(folder) if folder else None
    return bool(folder and made and made.recipe == recipe and manifest.is_complete(folder, made.files))


def _make(
    run: RunParameters,
    results: Results,
    recipe: Recipe,
    sources: Sequence[Path],
    shelf: Shelf,
    words: shell.Words,
    tell: Callable[[str], None],
    workers: int,
    timeout: int,
) -> None:
    moment = datetime.now().astimezone()
    draft = shelf.begin(moment)
    try:
        executed = []
        for one in execute_all(sources, run, draft, workers=workers, timeout=timeout):
            executed.append(one)
            tell(f"{one.stem}: {one.status} in {one.seconds:.1f} s")
        failures = sorted((one for one in executed if one.status != "ok"), key=lambda one: one.stem)
        if not failures:
            tell("writing the pages")
            _write_pages(run, results, executed, draft, words, moment)
            _write_csv(results.indicators, draft / "indicators.csv")
            _write_csv(results.attainment, draft / "attainment.csv")
        manifest.write(_manifest(run, results, recipe, executed, draft, moment), draft)
        if failures:
            told = "; ".join(_failure(one) for one in failures)
            raise NotebookFailed(f"{told}; what ran is kept in {failed_name(draft)}")
        shelf.publish(draft)
    except BaseException:
        # Ctrl-C too: whatever was being made must not be taken for a finished run.
        shelf.give_up(draft)
        raise


def _failure(executed: Executed) -> str:
    where = f" cell [{executed.failed_cell}]" if executed.failed_cell else ""
    return f"{executed.stem}{where}: {executed.status}: {executed.reason}"


def _write_pages(
    run: RunParameters,
    results: Results,
    executed: Sequence[Executed],
    draft: Path,
    words: shell.Words,
    moment: datetime,
) -> None:
    # nbconvert takes most of a second to import, which a run with nothing to do need not wait for.
    from analysis.publish.export import Page, export_page

    ordered = sorted(executed, key=lambda one: one.stem)
    pages = [Page(one.stem, words.page_title(one.stem)) for one in ordered]
    imprint = _imprint(run, results, words, moment)
    for one, page in zip(ordered, pages, strict=True):
        gates.check_notebook(one.path.read_text(encoding="utf-8"), name=one.path.name)
        html = export_page(one.path, page=page, pages=pages, language=run.language, imprint=imprint, words=words)
        gates.check_page(html, name=page.file)
        (draft / page.file).write_text(html, encoding="utf-8")


def _imprint(run: RunParameters, results: Results, words: shell.Words, moment: datetime) -> Imprint:
    from analysis.publish.export import Imprint

    return Imprint(
        plan_title=getattr(results.plan.title, run.language),
        quarter=shell.quarter_text(run.quarter, words),
        as_of=shell.as_of_text(run.as_of, words),
        generated=shell.generated_text(moment, words),
        status=run.status,
        status_text=shell.status_text(run.model_dump(), words),
        signed_by=words.text("Signed by {office}", office=run.signed_by) if run.signed_by else None,
        simulated=words.text("SIMULATED DATA, not real figures") if results.simulated else None,
    )


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _manifest(
    run: RunParameters,
    results: Results,
    recipe: Recipe,
    executed: Sequence[Executed],
    draft: Path,
    moment: datetime,
) -> Manifest:
    return Manifest(
        run_id=run_id(draft),
        made_at=moment,
        parameters=run.model_dump(mode="json"),
        recipe=recipe,
        plan_sha256=results.plan_hash,
        data_sha256=results.data_hash,
        code_sha256=results.code_hash,
        lock_sha256=manifest.lock_sha256(),
        versions=manifest.versions(),
        title=results.plan.title.model_dump(),
        targets={target.id: target.title.model_dump() for target in results.plan.targets},
        notebooks=manifest.records(executed),
        files=manifest.sha256_of_files(draft),
    )

"""One release in the making: its results, notebooks, words and files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from analysis.faults import EnvironmentFault
from analysis.indicators.disclosure import is_small
from analysis.parameters import RunParameters, without_folders
from analysis.publish.kernels.lean import leave_out_address_parsers
from analysis.publish.notebook_outcome import NotebookOutcome
from analysis.publish.pages import gates, shell
from analysis.publish.pages.shell import Imprint, Page
from analysis.publish.report_notebook import ReportNotebook
from analysis.publish.store import manifest
from analysis.publish.store.ledger import Lines, lines_of
from analysis.publish.store.manifest import Manifest, Recipe
from analysis.publish.store.releases import run_id
from analysis.quarter.bodies import dimension_of
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.html_table import csv_text
from analysis.report.public_grades import PUBLIC_GRADES
from analysis.report.published_probabilities import LEDGER, released_before
from analysis.report.wording import Wording

_PACKAGE = Path(__file__).parents[1]
_CODE = manifest.sha256_of_code(_PACKAGE)
PAGES = manifest.sha256_of_code(_PACKAGE / "publish", _PACKAGE / "report")
"""sha256 of the code and templates that turn results into pages, as this process has loaded them."""


@dataclass(frozen=True)
class ReportBuild:
    """One release in the making.

    Attributes
    ----------
    run : RunParameters
        The quarter.
    results : Results
        The results the pages report.
    sources : sequence of ReportNotebook
        The report notebooks, in reading order, those of editions last.
    words : Wording
        The phrases of the pages, in the run's language.
    moment : datetime
        When it was begun, UTC.
    """

    run: RunParameters
    results: Results
    sources: Sequence[ReportNotebook]
    words: Wording
    moment: datetime

    @cached_property
    def recipe(self) -> Recipe:
        """Everything that decides what the files say, as of the first access: before anything is made from it."""
        return Recipe(
            results_key=self.results.fingerprint.key,
            language=self.run.language,
            status=self.run.status,
            signed_by=self.run.signed_by,
            as_of=self.run.as_of.isoformat(),
            notebooks={source.stem: manifest.sha256(source.source) for source in self.sources},
            pages=PAGES,
            besides=_other_inputs_sha256(self.run),
            made_with=hashlib.sha256(json.dumps(manifest.versions()).encode()).hexdigest(),
        )

    def refuse_changed(self, results: Results) -> None:
        """Refuse a report whose inputs changed while it was made: one half may show the old, the other the new.

        What other quarters release meanwhile is no such change: the recipe holds what was there at the beginning, and
        the next run sees that there is more.

        Parameters
        ----------
        results : Results
            The results of the same run as computed now.

        Raises
        ------
        EnvironmentFault
            Names what was changed.
        """
        then, now = self.recipe, replace(self, results=results).recipe
        changed = [source.name for source in self.sources if then.notebooks[source.stem] != now.notebooks[source.stem]]
        changed += ["data or plan"] if then.results_key != now.results_key else []
        # The code on the disk may be loaded by notebooks still to come; this process has loaded the other.
        changed += ["the code"] if manifest.sha256_of_code(_PACKAGE) != _CODE else []
        if changed:
            raise EnvironmentFault(f"changed while the report was being made: {', '.join(changed)}; run again")

    def write_page(self, outcome: NotebookOutcome, files: Sequence[str], folder: Path) -> None:
        """Write the page of an executed notebook and the values behind its figures into a folder, and check the page.

        Parameters
        ----------
        outcome : NotebookOutcome
            Outcome of a notebook that did not fail.
        files : sequence of str
            Names of the files `write_tables` wrote.
        folder : Path
            Folder of the run.

        Raises
        ------
        GateRefused
            The page or the executed notebook is not fit to publish.
        """
        leave_out_address_parsers()
        # Imported here: nbconvert takes half a second, which a run with nothing to do need not wait for.
        from analysis.publish.pages.export import export_page

        page = next(self._page(source) for source in self.sources if source.stem == outcome.stem)
        # Each edition is reached from the index of editions: a list of eighty on every page would hide the others.
        whole = [self._page(source) for source in self.sources if source.body in (None, self.run.body)]
        pages = whole if page in whole else [*whole, page]
        gates.check_notebook(outcome.path.read_text(encoding="utf-8"), name=outcome.path.name)
        exported = export_page(
            outcome.path, page=page, pages=pages, files=[outcome.path.name, *files, manifest.NAME],
            imprint=self._imprint(), words=self.words,
        )  # fmt: skip
        # Written before the check, so that a refused page can be read in the folder of the failed run.
        (folder / page.file).write_text(exported.html, encoding="utf-8")
        gates.check_page(exported.html, name=page.file)
        for name, values in exported.values.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(values, encoding="utf-8")

    def _page(self, source: ReportNotebook) -> Page:
        if source.body is None:
            return Page(source.stem, self.words.page_title(source.stem))
        dimension = dimension_of(self.results, source.body)
        return Page(source.stem, self.words.name(self.results.plan, dimension, source.body))

    def write_tables(self, folder: Path) -> list[str]:
        """Write the files beside the pages into a folder, without what it hides, and return their names."""
        for name, frame in (
            ("indicators", self.results.published(self.results.indicators.series)),
            ("attainment", self.results.attainment.promises),
        ):
            (folder / f"{name}.csv").write_text(csv_text(frame), encoding="utf-8")
        names = ["indicators.csv", "attainment.csv"]
        outside = self._shown(self.results.attainment.in_no_member)
        if (outside["in_no_member"] > 0).any():
            names.append("in_no_member.csv")
            (folder / names[-1]).write_text(csv_text(outside), encoding="utf-8")
        return names

    def _shown(self, in_no_member: pd.DataFrame) -> pd.DataFrame:
        """Return what promises do not judge, without rows of small numerators where the run hides these."""
        if self.run.small_numerators == "shown":
            return in_no_member
        return in_no_member[~in_no_member[["in_no_member", "without_value"]].apply(is_small).any(axis=1)]

    def manifest(self, outcomes: Sequence[NotebookOutcome], folder: Path) -> Manifest:
        """Return the manifest of a folder that already holds everything else.

        Parameters
        ----------
        outcomes : sequence of NotebookOutcome
            Outcomes of the notebooks so far.
        folder : Path
            Folder of the run; its files are hashed.
        """
        return Manifest(
            run_id=run_id(folder),
            made_at=self.moment,
            parameters=without_folders(self.run.model_dump(mode="json")),
            recipe=self.recipe,
            plan_sha256=self.results.fingerprint.plan,
            data_sha256=self.results.fingerprint.data,
            code_sha256=self.results.fingerprint.code,
            lock_sha256=manifest.lock_sha256(),
            versions=manifest.versions(),
            title=self.results.plan.title,
            targets={target.id: target.name for target in self.results.plan.promises},
            notebooks=manifest.records(outcomes),
            files=manifest.sha256_of_files(folder),
            ledger=tuple(map(tuple, self.ledger_lines)),
            simulated=self.results.simulated,
            notice=self.results.plan.notice,
        )

    @property
    def ledger_lines(self) -> Lines:
        """The lines of the ledger that the release makes."""
        promises = self.results.attainment.promises
        return lines_of(self.run, self.results.fingerprint.key, promises, self.moment)

    def _imprint(self) -> Imprint:
        run, words = self.run, self.words
        moment = self.moment.astimezone()
        return Imprint(
            plan_title=words.of(self.results.plan.title),
            quarter=numbers.quarter(run.quarter_period, words.language),
            as_of=words.text("Data known as of {day}", day=numbers.day(run.as_of, words.language)),
            generated=words.text(
                "Made at {time} on {day}", time=f"{moment:%H:%M}", day=numbers.day(moment, words.language)
            ),
            status=run.status,
            status_text=shell.status_text(run.status, words),
            signed_by=words.text("Signed by {office}", office=run.signed_by) if run.signed_by else None,
            simulated=words.text("SIMULATED DATA, not real figures.") if self.results.simulated else None,
            hidden=self._hidden,
        )

    @cached_property
    def _hidden(self) -> str | None:
        """The sentence of how many cells are hidden, why, and where they are; None where there is none."""
        shown = self.results.published(self.results.indicators.series)
        if not shown["hidden"].any():
            return None
        return self.words.text(
            "{hidden} of {all} cells of indicators.csv are hidden: they count 1 to 4 cases or respondents, or would "
            "give such a cell away; the office keeps the full table in data/processed/{key}.",
            hidden=numbers.count(shown["hidden"].sum(), self.words.language),
            all=numbers.count(len(shown), self.words.language),
            key=self.results.fingerprint.key,
        )


def _other_inputs_sha256(run: RunParameters) -> str:
    """Return one sha256 over what the pages read besides the results: earlier probabilities and the track record."""
    earlier = released_before(LEDGER, run)
    # Sorted, because the pages sort them, too: the order in which they were entered makes no difference.
    shown = (
        earlier[["quarter", "target", "probability", "as_of", "fingerprint"]].sort_values(["quarter", "target"])
        if len(earlier)
        else earlier
    )
    digest = hashlib.sha256((shown.to_csv(index=False) if len(shown) else "").encode())
    digest.update(track_record_sha256().encode())
    return digest.hexdigest()


def track_record_sha256() -> str:
    """Return one sha256 over the track record on public panels, which the pages show."""
    digest = hashlib.sha256()
    for file in sorted(PUBLIC_GRADES.glob("*/*.csv")):
        digest.update(f"{file.relative_to(PUBLIC_GRADES).as_posix()}\0{manifest.sha256(file)}\n".encode())
    return digest.hexdigest()

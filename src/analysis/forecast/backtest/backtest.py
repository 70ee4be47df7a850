"""Backtest whole panels: forecast every year from each of its origins, grade the forecasts and write them to files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from analysis.faults import EnvironmentFault
from analysis.forecast.backtest.grading import SCHEMA, TOTALS_SCHEMA, Grades, forecast_rows, score_table, total_rows
from analysis.forecast.backtest.rolling import ENSEMBLE, MODELS, OWN_MODELS, SUMMED, GradedPanel, rolling
from analysis.forecast.backtest.scores import skill_table
from analysis.forecast.panel import MeanPanel, SeriesPanel
from analysis.rules import Rule

PARALLEL_FROM = 5_000
"""Series times periods from which the points of the year are computed in parallel processes."""

FORECASTS, TOTALS = "forecasts.parquet", "totals.parquet"


@dataclass(frozen=True, eq=False)
class Backtest:
    """Grades of a backtest.

    Attributes
    ----------
    scored, reliability, places, totals : pd.DataFrame
        See `grading.Grades`.
    skill : pd.DataFrame
        See `scores.skill_table`.
    means : tuple of str
        Panels of means, whose scores are in hundredths of logs.
    """

    scored: pd.DataFrame
    reliability: pd.DataFrame
    places: pd.DataFrame
    totals: pd.DataFrame
    skill: pd.DataFrame
    means: tuple[str, ...] = ()

    def score_table(self) -> pd.DataFrame:
        """Return ``scores.csv``; see `grading.score_table`."""
        return score_table(self.scored)


def backtest(
    panels: Mapping[str, SeriesPanel],
    out: Path,
    *,
    rule: Rule,
    members: Collection[str] = OWN_MODELS,
    seed: int,
    processes: int = 1,
    report_progress: Callable[[str], None] = lambda line: None,
) -> Backtest:
    """Return the grades of every panel, and write ``forecasts.parquet`` and ``totals.parquet``.

    Parameters
    ----------
    panels : mapping of str to SeriesPanel
        Panels of shares or means by name; year ``y`` of a panel begins with its period y-01 or yQ1.
    out : Path
        Folder to write into; it must exist.
    rule : {"at_least", "more_than", "at_most"}
        How a share meets a threshold.
    members : collection of str
        Names of the models wanted, of `rolling.MODELS`; by default all but those of other libraries.
    seed : int
        Seed of the run: the same seed gives the same numbers.
    processes : int
        Number of parallel processes for the points of the year, if a panel is large enough to gain from them.
    report_progress : callable
        Reports progress: called with one line per origin.

    Raises
    ------
    EnvironmentFault
        A process was killed.
    """
    models = frozenset(members)
    tasks = [(name, panel, quarters, rule, models, seed) for name, panel in panels.items() for quarters in range(4)]
    large = any(panel.denominator.size >= PARALLEL_FROM for panel in panels.values())
    grades = Grades()
    with tempfile.TemporaryDirectory(prefix=".parts-", dir=out) as parts:
        paths = [Path(parts) / str(number) for number in range(len(tasks))]
        jobs = list(zip(paths, tasks, strict=True))
        for job_grades in _run_jobs(jobs, processes if large else 1, report_progress):
            grades.extend(job_grades)
        _join((path.with_suffix(".forecasts") for path in paths), out / FORECASTS, SCHEMA)
        _join((path.with_suffix(".totals") for path in paths), out / TOTALS, TOTALS_SCHEMA)
    order = {name: place for place, name in enumerate(panels)}

    def ordered(kind: str) -> pd.DataFrame:
        # processes end in any order
        table = grades.table(kind)
        table["place_of_panel"] = table["panel"].map(order)
        table["place_of_model"] = table["model"].str.removesuffix(SUMMED).map(MODELS.index)
        by = ["place_of_panel", "place_of_model", "year", "origin"]
        return table.sort_values(by, kind="stable", ignore_index=True).drop(columns=by[:2])

    scored = ordered("scored")
    return Backtest(
        scored=scored,
        reliability=ordered("reliability"),
        places=ordered("places"),
        totals=ordered("totals"),
        skill=skill_table(scored, seed=seed),
        means=tuple(name for name, panel in panels.items() if isinstance(panel, MeanPanel)),
    )


Job = tuple[Path, tuple[str, SeriesPanel, int, Rule, frozenset[str], int]]
"""Path of the files to write, without suffix; then panel name, panel, quarters known, rule, models and seed."""


def _run_jobs(jobs: list[Job], processes: int, report_progress: Callable[[str], None]) -> Iterable[Grades]:
    """Yield the grades of each job when it ends; progress lines of other processes are passed on meanwhile."""
    if processes == 1:
        for job in jobs:
            yield _run_job(job, report_progress)
        return
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(processes, mp_context=context) as executor:
        lines = manager.Queue()
        waiting = {executor.submit(_run_job, job, lines.put) for job in jobs}
        while waiting:
            done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            while not lines.empty():
                report_progress(lines.get())
            for future in done:
                try:
                    yield future.result()
                except BrokenProcessPool as error:
                    raise EnvironmentFault("a process of the backtest was killed; is there enough memory?") from error


def _run_job(job: Job, report_progress: Callable[[str], None]) -> Grades:
    """Forecast and grade all years of one panel at one point of the year; write the rows and return the grades."""
    path, (name, panel, quarters, rule, models, seed) = job
    grades = Grades()
    # the ensemble comes first and is always graded, because the others are paired with it
    with_ensemble = models | {ENSEMBLE}

    def report_line(line: str) -> None:
        report_progress(f"{name} {line}")

    with (
        pq.ParquetWriter(path.with_suffix(".forecasts"), SCHEMA) as forecast_file,
        pq.ParquetWriter(path.with_suffix(".totals"), TOTALS_SCHEMA) as total_file,
    ):
        graded = GradedPanel.with_total(panel)
        for forecasts in rolling(
            graded, quarters, rule=rule, members=with_ensemble, seed=seed, report_progress=report_line
        ):
            for forecast in grades.grade_forecasts(name, forecasts, rule):
                if forecast.model in models:
                    forecast_file.write_table(forecast_rows(name, forecasts, forecast, rule))
                    total_file.write_table(total_rows(name, forecasts, forecast, rule))
    return grades


def _join(parts: Iterable[Path], into: Path, schema: object) -> None:
    """Write the rows of several Parquet files into one."""
    with pq.ParquetWriter(into, schema, compression="zstd") as writer:
        for part in parts:
            source = pq.ParquetFile(part)
            for group in range(source.num_row_groups):
                table = source.read_row_group(group)
                if table.num_rows:
                    writer.write_table(table)

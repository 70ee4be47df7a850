"""A backtest of whole panels: every origin of every year, written down and graded."""

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
from analysis.forecast.backtest.comparisons import COMPARISONS
from analysis.forecast.backtest.grading import SCHEMA, TOTALS_SCHEMA, Grades, forecast_rows, score_table, total_rows
from analysis.forecast.backtest.rolling import MODELS, rolling
from analysis.forecast.backtest.scores import skill_table
from analysis.forecast.panel import Panel
from analysis.forecast.rest_of_year import indicator_panel
from analysis.periods import write
from analysis.rules import Rule

MOST_COMPARED = 20_000
"""Series times years above which statsmodels' models, fitted one series at a time, are left out unless asked for."""

WORTH_A_PROCESS = 5_000
"""Series times periods from which the points of the year are gone through side by side."""

FORECASTS, TOTALS = "forecasts.parquet", "totals.parquet"


@dataclass(frozen=True, eq=False)
class Backtest:
    """What a backtest found.

    Attributes
    ----------
    scored, reliability, places, totals : pd.DataFrame
        See `grading.Grades`.
    skill : pd.DataFrame
        See `skill.skill_table`.
    left_out : tuple of str
        Panels too large for statsmodels' models.
    """

    scored: pd.DataFrame
    reliability: pd.DataFrame
    places: pd.DataFrame
    totals: pd.DataFrame
    skill: pd.DataFrame
    left_out: tuple[str, ...]

    def score_table(self) -> pd.DataFrame:
        """Return ``scores.csv``; see `grading.score_table`."""
        return score_table(self.scored)


def backtest(
    panels: Mapping[str, Panel],
    out: Path,
    *,
    rule: Rule,
    members: Collection[str] | None,
    seed: int,
    processes: int = 1,
    tell: Callable[[str], None] = lambda line: None,
) -> Backtest:
    """Return the grades of every panel, and write ``forecasts.parquet`` and ``totals.parquet``.

    Parameters
    ----------
    panels : mapping of str to Panel
        By name; year ``y`` of a panel begins with its period y-01 or yQ1.
    out : Path
        Folder to write into; it must exist.
    rule : {"at_least", "more_than", "at_most"}
        How thresholds are met.
    members : collection of str or None
        Models wanted, of `origins.MODELS`; None for all, statsmodels' left out of panels too large for them.
    seed : int
        Same seed, same numbers.
    processes : int
        Points of the year gone through side by side in panels large enough to gain by it.
    tell : callable
        Gets one line per origin.
    """
    left_out = tuple(name for name, panel in panels.items() if members is None and _too_many(panel))
    tasks = []
    for name, panel in panels.items():
        wanted = members or (set(MODELS) - set(COMPARISONS) if name in left_out else set(MODELS))
        tasks += [(name, panel, quarters, rule, frozenset(wanted), seed) for quarters in range(4)]
    large = any(panel.denominator.size >= WORTH_A_PROCESS for panel in panels.values())
    grades = Grades()
    with tempfile.TemporaryDirectory(prefix=".parts-", dir=out) as parts:
        paths = [Path(parts) / str(number) for number in range(len(tasks))]
        jobs = list(zip(paths, tasks, strict=True))
        for found in _carried_out(jobs, processes if large else 1, tell):
            grades.extend(found)
        _join((path.with_suffix(".forecasts") for path in paths), out / FORECASTS, SCHEMA)
        _join((path.with_suffix(".totals") for path in paths), out / TOTALS, TOTALS_SCHEMA)
    order = {name: place for place, name in enumerate(panels)}

    def ordered(kind: str) -> pd.DataFrame:
        # processes end in any order
        table = grades.table(kind)
        table["place_of_panel"] = table["panel"].map(order)
        table["place_of_model"] = table["model"].map(MODELS.index)
        by = ["place_of_panel", "place_of_model", "year", "origin"]
        return table.sort_values(by, kind="stable", ignore_index=True).drop(columns=by[:2])

    scored = ordered("scored")
    return Backtest(
        scored=scored,
        reliability=ordered("reliability"),
        places=ordered("places"),
        totals=ordered("totals"),
        skill=skill_table(scored, seed=seed),
        left_out=left_out,
    )


Job = tuple[Path, tuple[str, Panel, int, Rule, frozenset[str], int]]


def _carried_out(jobs: list[Job], processes: int, tell: Callable[[str], None]) -> Iterable[Grades]:
    """Yield what each job found, as it ends; what a process has to tell is told while it works."""
    if processes == 1:
        for job in jobs:
            yield _one_point(job, tell)
        return
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(processes, mp_context=context) as pool:
        lines = manager.Queue()
        waiting = {pool.submit(_one_point, job, lines.put) for job in jobs}
        while waiting:
            done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            while not lines.empty():
                tell(lines.get())
            for ended in done:
                try:
                    yield ended.result()
                except BrokenProcessPool as error:
                    raise EnvironmentFault("a process of the backtest was killed; is there enough memory?") from error


def _one_point(job: Job, tell: Callable[[str], None]) -> Grades:
    """Go through one panel at one point of the year; write its rows and return its grades."""
    path, (name, panel, quarters, rule, members, seed) = job
    grades = Grades()
    # the published model comes first and is always graded: the others are paired with it
    asked = members | {"hub"}
    with (
        pq.ParquetWriter(path.with_suffix(".forecasts"), SCHEMA) as forecasts,
        pq.ParquetWriter(path.with_suffix(".totals"), TOTALS_SCHEMA) as totals,
    ):
        for at in rolling(
            panel, quarters, rule=rule, members=asked, seed=seed, tell=lambda line: tell(f"{name} {line}")
        ):
            for said in grades.through(name, at, rule):
                if said.model in members:
                    forecasts.write_table(forecast_rows(name, at, said, rule))
                    totals.write_table(total_rows(name, at, said, rule))
    return grades


def _join(parts: Iterable[Path], into: Path, schema: object) -> None:
    with pq.ParquetWriter(into, schema, compression="zstd") as writer:
        for part in parts:
            source = pq.ParquetFile(part)
            for group in range(source.num_row_groups):
                table = source.read_row_group(group)
                if table.num_rows:
                    writer.write_table(table)


def _too_many(panel: Panel) -> bool:
    return len(panel.series) * len(panel.periods) / panel.season_length > MOST_COMPARED


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """Grades of past forecasts, an indicator standing as a panel; see `backtest.grading.Grades`.

    Attributes
    ----------
    scored, reliability : pd.DataFrame
        Columns of `backtest.grading.COLUMNS`; without rows when no earlier year can be scored.
    """

    scored: pd.DataFrame
    reliability: pd.DataFrame


def track_record(
    indicators: pd.DataFrame, promised: Iterable[tuple[str, Rule]], *, origin: pd.Period, seed: int
) -> TrackRecord:
    """Return how right the published method would have been on a plan's own series.

    An indicator that is promised under two rules has the probabilities of both graded, and its intervals once.

    Parameters
    ----------
    indicators : pd.DataFrame
        `indicator, series, period, numerator, denominator`; rows after the origin are not looked at.
    promised : iterable of (str, {"at_least", "more_than", "at_most"})
        The promised indicators, and how they are promised; the same twice counts once.
    origin : pd.Period
        Last period known.
    seed : int
        Of the run.
    """
    grades, members = Grades(), frozenset(MODELS) - frozenset(COMPARISONS)
    begun: set[str] = set()
    known = indicators[indicators["period"] <= write(origin)]
    for indicator, rule in dict.fromkeys(promised):
        if not (known["indicator"] == indicator).any():
            continue
        panel, own = indicator_panel(known, indicator), Grades()
        for quarters in range(4):
            for at in rolling(panel, quarters, rule=rule, members=members, seed=seed):
                for _ in own.through(indicator, at, rule):
                    pass
        # Shares are forecast without a look at the rule: a second rule has nothing new to say of them.
        grades.extend(own.of_probabilities() if indicator in begun else own)
        begun.add(indicator)
    return TrackRecord(grades.table("scored"), grades.table("reliability"))

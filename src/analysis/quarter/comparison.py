"""What moved a probability from one run of a plan to a later one, each cause its part, in points that add up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from analysis import periods
from analysis.attainment.evidence import Evidence
from analysis.attainment.probability import attainment
from analysis.data.published import read_breaks, read_published
from analysis.faults import BadParameters
from analysis.forecast.rest_of_year import PathMemory
from analysis.indicators.measured import measures_of
from analysis.parameters import RunParameters
from analysis.plan.plan import Plan
from analysis.plan.promises import IndexPromise, ItemsPromise, Measured, Promise, SurveyPromise
from analysis.quarter import stages
from analysis.quarter.inputs import PUBLISHED
from analysis.quarter.readings import DrawSettings, forecast_of, wanted_series
from analysis.quarter.results import Results

STEPS = ("simulation", "revised_past", "other_reading", "other_items", "new_months")
"""Causes in the order in which they are let in."""

COLUMNS = ["target", "part", "before", *STEPS, "after", "change", "drawn_otherwise"]

_COUNTS = ["indicator", "dimension", "series", "period", "numerator", "denominator", "total", "total_squares"]


def what_moved(
    before: Results, after: Results, run: RunParameters, *, known_on: date, drawn: DrawSettings
) -> pd.DataFrame:
    """Return what moved each probability from one run to another.

    The causes are let in one after the other, and what each adds is its part. On the way promises are judged from what
    is stored of the two runs; the later run's input is counted again only where a promise is read otherwise and counts
    something else. What a cause leaves as it was is not computed. Another order would give each cause a somewhat
    different part; the sum is the same.

    Parameters
    ----------
    before, after : Results
        Of two runs of one plan's year; the second is of the same quarter or of a later one.
    run : RunParameters
        The second run.
    known_on : date
        The day up to which data was known in the first.
    drawn : DrawSettings
        How the first was drawn.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`, a row per promise and part that both plans have: probabilities 0–1 `before` and `after`, and
        what was added, in percentage points, by

        * `simulation`: another number of draws, another seed, or another version of the program; which of them,
          `drawn_otherwise` says: ``draw_count``, ``seed``, ``program``, separated by commas;
        * `revised_past`: the counts of the periods that the first run knew, as the second has them;
        * `other_reading`: another text of the plan, or other answers to its questions;
        * `other_items`: of promises on dated items, the list as the second run knows it on its day: items added, called
          off, moved, done, or still open;
        * `new_months`: the periods in between, and the surveys and figures published in them;

        and `change`, their sum. Missing where a promise is not estimated on the way.

    Raises
    ------
    BadParameters
        The runs are of two years, or the second is of an earlier quarter.
    BadData
        The later run's input, counted again, cannot be what it is said to be.
    """
    between = _Stations(before, after, run, known_on, drawn)
    if between.quarter.year != run.quarter_period.year or between.quarter > run.quarter_period:
        earlier = periods.write_quarter(between.quarter)
        raise BadParameters(f"{earlier} → {run.quarter}: two quarters of one year, in order, were expected")
    rows_at = {"before": between.before, **{name: getattr(between, name) for name in STEPS}}
    probabilities = [rows["probability"].rename(name) for name, rows in rows_at.items()]
    found = pd.concat(probabilities, axis=1, join="inner").astype(float)
    table = (found.diff(axis=1)[list(STEPS)] * 100).assign(before=found["before"], after=found["new_months"])
    table["change"] = (table["after"] - table["before"]) * 100
    table["drawn_otherwise"] = ", ".join(between.drawn_otherwise)
    return table.reset_index()[COLUMNS]


@dataclass(frozen=True, eq=False)
class _Stations:
    """The promises, by target and part, at each station between two runs."""

    first: Results
    last: Results
    run: RunParameters
    known_on: date
    drawn: DrawSettings

    @cached_property
    def quarter(self) -> pd.Period:
        """The quarter of the first run."""
        return periods.parse_quarter(self.first.attainment.promises["quarter"].iloc[0])

    @cached_property
    def drawn_otherwise(self) -> list[str]:
        """What of the simulation is another one."""
        now = self._drawn_now
        is_other = {
            "draw_count": self.drawn.draw_count != now.draw_count,
            "seed": self.drawn.seed != now.seed,
            "program": self.first.fingerprint.code != self.last.fingerprint.code,
        }
        return [name for name, other in is_other.items() if other]

    @cached_property
    def before(self) -> pd.DataFrame:
        return self._by_name_of_today(self.first.attainment.promises)

    @cached_property
    def simulation(self) -> pd.DataFrame:
        if not self.drawn_otherwise:
            return self.before
        return self._replaced(self.before, self._judged(self.first.plan, self.first.indicators.series))

    @cached_property
    def revised_past(self) -> pd.DataFrame:
        plan, series = self.first.plan, self._past_of_last(self.last.indicators.series)
        if not self._has_all(series):
            # Another reading counts something else, or bodies have merged: what was asked then is counted anew.
            series = self._past_of_last(stages.recounted(self.run, plan))
        if _same_counts(plan, self._past_of_last(self.first.indicators.series), series):
            return self.simulation
        known = self._as_of_a_quarter_ago
        there = set(known.index.get_level_values("target"))
        left = [one.id for one in plan.promises if isinstance(one, Measured | SurveyPromise)]
        left = [one for one in left if self._name_of_today(one) not in there]
        rows = self._replaced(self.simulation, known)
        return self._replaced(rows, self._judged(_only(plan, left), series)) if left else rows

    @cached_property
    def other_reading(self) -> pd.DataFrame:
        if not self._read_otherwise:
            return self.revised_past
        plan = _only(self.last.plan, self._read_otherwise)
        return self._replaced(self.revised_past, self._judged(plan, self.last.indicators.series))

    @cached_property
    def other_items(self) -> pd.DataFrame:
        on_items = [one.id for one in self.last.plan.promises if isinstance(one, ItemsPromise)]
        mine = self.new_months.index.get_level_values("target").isin(on_items)
        return self._replaced(self.other_reading, self.new_months[mine])

    @cached_property
    def new_months(self) -> pd.DataFrame:
        return self.last.attainment.promises.set_index(["target", "part"])

    @cached_property
    def _read_otherwise(self) -> set[str]:
        """The promises that mean something else in the last run."""
        before, found = {self._name_of_today(one.id): one for one in self.first.plan.promises}, set()
        for promise in self.last.plan.promises:
            then = before.get(promise.id)
            if then and _is_read_otherwise(self.first.plan, then, self.last.plan, promise):
                found.add(promise.id)
        return found

    @property
    def _as_of_a_quarter_ago(self) -> pd.DataFrame:
        """What the last run says itself of the first one's quarter: promises on counts that mean what they did."""
        counted = {one.id for one in self.last.plan.measured} - self._read_otherwise
        previous = self.last.attainment.previous
        if previous.empty or previous["quarter"].iloc[0] != periods.write_quarter(self.quarter):
            return self.before.iloc[:0]
        return previous[previous["target"].isin(counted)].set_index(["target", "part"])

    @property
    def _drawn_now(self) -> DrawSettings:
        return DrawSettings(self.run.draw_count, self.run.seed)

    @cached_property
    def _memory(self) -> PathMemory:
        return PathMemory()

    @cached_property
    def _evidence(self) -> Evidence:
        """What the first run knew besides counts."""
        data, year = self.first.data, self.first.plan.year
        return Evidence(
            as_of=self.known_on,
            surveys=self.first.indicators.surveys,
            last_round=year if data.basis == "exact" else year - 1,
            catalogue=data.catalogue,
            progress=data.progress,
            published=read_published(PUBLISHED),
            breaks=read_breaks(PUBLISHED),
        )

    def _judged(self, plan: Plan, series: pd.DataFrame) -> pd.DataFrame:
        """Return the promises of a plan at the end of the first run's quarter, drawn as in the last."""
        # Cases of services day by day are not stored: of promises on them everything is put to their items.
        plan = _only(plan, [one.id for one in plan.promises if not _counts_services(one)])
        known = series[series["indicator"].isin(measures_of(plan))]
        origin = plan.known_through(self.quarter, known["period"].unique())
        known = known[known["period"] <= periods.write(origin)].reset_index(drop=True)
        drawn = self._drawn_now
        forecast = forecast_of(plan, known, origin, drawn, memory=self._memory, diagnose=False)
        how: dict[str, Any] = {"draw_count": drawn.draw_count, "seed": drawn.seed}
        return self._by_name_of_today(attainment(plan, self.quarter, known, forecast, self._evidence, **how).promises)

    def _past_of_last(self, series: pd.DataFrame) -> pd.DataFrame:
        return series[series["period"] <= periods.write(self.first.plan.origin(self.quarter))]

    def _has_all(self, series: pd.DataFrame) -> bool:
        """Return whether the last run counted what the first plan asks for, in the same way and by the same bodies."""
        then, now = self.first.plan, self.last.plan
        if then.calendar.counting != now.calendar.counting or then.crosswalk != now.crosswalk:
            return False
        measures = measures_of(now)
        if any(measures.get(code) != measure for code, measure in measures_of(then).items()):
            return False
        keys = ["indicator", "dimension", "series"]
        there = set(series[keys].itertuples(index=False, name=None))
        asked = set(self.first.indicators.series[keys].itertuples(index=False, name=None))
        return set(wanted_series(then)) & asked <= there

    def _by_name_of_today(self, promises: pd.DataFrame) -> pd.DataFrame:
        return promises.assign(target=promises["target"].map(self._name_of_today)).set_index(["target", "part"])

    def _name_of_today(self, target: str) -> str:
        return next((one.id for one in self.last.plan.promises if target in one.formerly), target)

    @staticmethod
    def _replaced(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
        """Return rows with those of other promises in the place of theirs."""
        mine = rows.index.get_level_values("target").isin(others.index.get_level_values("target"))
        return pd.concat([rows[~mine][["probability"]], others[["probability"]]])


def _only(plan: Plan, promises: Collection[str]) -> Plan:
    return plan.model_copy(update={"targets": {code: one for code, one in plan.targets.items() if code in promises}})


def _counts_services(promise: Promise) -> bool:
    inventory = promise.inventory if isinstance(promise, ItemsPromise) else None
    return inventory is not None and bool(inventory.listed_with or inventory.done_with)


def _same_counts(plan: Plan, one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Return whether what a plan counts is the same in two tables of series."""
    codes = measures_of(plan)
    first, second = (
        frame.loc[frame["indicator"].isin(codes), _COUNTS]
        .astype(dict.fromkeys(_COUNTS[4:], float))
        .sort_values(_COUNTS[:4], ignore_index=True)
        for frame in (one, other)
    )
    return first.equals(second)


_WORDS = {"formerly", "ruled_by", "fields", "parts"}
"""Of a promise what changes no number, or is compared part by part."""


def _is_read_otherwise(plan: Plan, promise: Promise, other: Plan, there: Promise) -> bool:
    """Return whether a promise means something else in another plan, beyond the members that have cases by then."""
    first, second = plan.definition_of(promise), other.definition_of(there)
    parts, others = (_parts_of(one) for one in (promise, there))
    # A list is written out as parts, each called by its member.
    lists = {name for found in (parts, others) for name, part in found.items() if part["series"] == name}
    for name in lists & (parts.keys() ^ others.keys()):
        parts.pop(name, None)
        others.pop(name, None)
    for definition in (first, second):
        definition["promise"] = {key: one for key, one in definition["promise"].items() if key not in _WORDS}
    return (first, parts) != (second, others)


def _parts_of(promise: Promise) -> dict[str, Any]:
    parts = promise.parts if isinstance(promise, Measured | IndexPromise) else {}
    return {name: {"series": "", **part.model_dump(mode="json", exclude={"title"})} for name, part in parts.items()}

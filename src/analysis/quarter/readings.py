"""A plan evaluated as it reads under some answers, from its counts to every promise; and under each other answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from analysis import periods
from analysis.attainment.evidence import Evidence
from analysis.attainment.in_no_member import in_no_member
from analysis.attainment.probability import Attainment, attainment
from analysis.attainment.sensitivity import COLUMNS, compared, not_computable
from analysis.attainment.year_end import GAP_COLUMNS, gap, year_end
from analysis.data.measure import Cells, Measure
from analysis.faults import BadParameters
from analysis.forecast.rest_of_year import Forecast, PathMemory, Wanted, rest_of_year
from analysis.indicators.bodies_of_today import merged
from analysis.indicators.measured import activity, indicator_series, living, measures_of
from analysis.plan.plan import Plan
from analysis.plan.questions import alternatives
from analysis.plan.record import TOTAL

EXPECTED = {
    "counts_only": "single cases were expected, the input holds counts",
    "no_catalogue": "a catalogue of procedures was expected, the input has none",
    "no_workload": "a table of workload or single cases were expected, the input has neither",
    "margins_apart": "counts by both columns together were expected, the input's margins give each apart",
    "margins_unclear": "more parts were expected, or what the other cases are, the input's margins leave it open",
    "no_case_ratings": "ratings of single cases were expected, the input has none",
}
"""What an input would have to hold, by the code of why it cannot be counted; see `data.measures.count_measures`."""


@dataclass(frozen=True, eq=False)
class Counted:
    """What a plan's indicators count, under every reading of it.

    Attributes
    ----------
    cells : dict
        Cutoff day of the months → measure → cells, or the code of why the input cannot give them; see
        `data.measures`.
    of_cases : bool
        Whether they are counted from single cases, so that a period without any is known to have none.
    labels : tuple of str
        Periods the input has counts for.
    """

    cells: Mapping[int | None, Mapping[Measure, Cells | str]]
    of_cases: bool
    labels: tuple[str, ...]
    _merged: dict[str, Mapping[Measure, Cells | str]] = field(default_factory=dict, init=False, repr=False)

    def of(self, plan: Plan) -> Mapping[Measure, Cells | str]:
        """Return the cells by the months in which a plan counts, those of bodies that merged added up.

        Parameters
        ----------
        plan : Plan
            The plan as it reads in the quarter reported; see `Plan.in_quarter`.
        """
        counted = self.cells.get(plan.calendar.counting.day, {})
        bodies = {dimension: plan.bodies(dimension) for dimension in plan.crosswalk}
        if not any(bodies.values()):
            return counted
        key = repr((plan.calendar.counting.day, bodies))
        if key not in self._merged:
            self._merged[key] = {
                measure: cells if isinstance(cells, str) else merged(cells, plan) for measure, cells in counted.items()
            }
        return self._merged[key]

    def labels_of(self, plan: Plan) -> tuple[str, ...]:
        """Return the periods known by the months in which a plan counts: another last day may leave one unfinished."""
        lasts = [one["period"].max() for one in self.of(plan).values() if isinstance(one, pd.DataFrame) and len(one)]
        return tuple(label for label in self.labels if not lasts or label <= max(lasts))


@dataclass(frozen=True)
class DrawSettings:
    """How many joint paths a run draws, and from which seed."""

    draw_count: int
    seed: int


@dataclass(frozen=True, eq=False)
class PlanReading:
    """A plan evaluated under some answers at the end of a quarter.

    Attributes
    ----------
    plan : Plan
        The plan as it reads in the quarter, every promise on each member of a list written out as parts.
    indicators : pd.DataFrame
        See `indicators.measured.indicator_series`.
    forecast : Forecast
        Draws of the rest of the year.
    attainment : Attainment
        Every promise.
    gap : pd.DataFrame
        See `attainment.year_end.gap`, of every promised share of the whole or of a group.
    in_no_member : pd.DataFrame
        See `attainment.in_no_member`.
    """

    plan: Plan
    indicators: pd.DataFrame
    forecast: Forecast
    attainment: Attainment
    gap: pd.DataFrame
    in_no_member: pd.DataFrame


def evaluate_plan(
    plan: Plan,
    quarter: pd.Period,
    counted: Counted,
    evidence: Evidence,
    drawn: DrawSettings,
    *,
    memory: PathMemory | None = None,
    diagnose: bool = True,
) -> PlanReading:
    """Return the evaluation of a plan at the end of a quarter.

    Parameters
    ----------
    plan : Plan
        The plan as it reads under the answers in force.
    quarter : pd.Period
        The quarter reported; nothing after it is used.
    counted : Counted
        What its indicators count.
    evidence : Evidence
        What is known besides counts.
    drawn : DrawSettings
        Number of joint paths, and their seed.
    memory : PathMemory, optional
        Paths drawn before for the same run.
    diagnose : bool
        Whether statsmodels decomposes and audits the promised series, too, which only the reading that is shown needs.

    Raises
    ------
    BadParameters
        A promise is on each member of a list that has none, or on a body that is no more.
    """
    plan = plan.in_quarter(quarter)
    origin = plan.known_through(quarter, counted.labels_of(plan))
    through = periods.write(origin)
    cells = counted.of(plan)
    alive = living(plan, cells, through=through)
    written, plan = plan, plan.over(alive)
    indicators = indicator_series(plan, cells, through=through, gaps_are_zero=counted.of_cases)
    forecast = forecast_of(plan, indicators, origin, drawn, memory=memory, diagnose=diagnose)
    by_code = {code: cells.get(measure, "no_table") for code, measure in measures_of(plan).items()}
    uncounted = {code: found for code, found in by_code.items() if isinstance(found, str)}
    drawing = {"draw_count": drawn.draw_count, "seed": drawn.seed}
    now = attainment(plan, quarter, indicators, forecast, evidence, **drawing, uncounted=uncounted)
    known = {code: one[one["period"] <= through] for code, one in by_code.items() if isinstance(one, pd.DataFrame)}
    return PlanReading(
        plan,
        indicators,
        forecast,
        now,
        _gaps(plan, origin, alive, indicators, forecast),
        in_no_member(written, known, evidence.surveys, alive, origin=origin, last_round=evidence.last_round),
    )


def sensitivity(
    plan: Plan,
    answers: Mapping[str, str],
    quarter: pd.Period,
    promises: pd.DataFrame,
    counted: Counted,
    evidence: Evidence,
    drawn: DrawSettings,
    *,
    memory: PathMemory | None = None,
    report_progress: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Return what every other answer to an open question of the plan would change.

    Parameters
    ----------
    plan : Plan
        As its file has it.
    answers : mapping
        The answers in force.
    quarter
        As for `evaluate_plan`.
    promises : pd.DataFrame
        The table of promises under the answers in force.
    counted, evidence, drawn, memory
        As for `evaluate_plan`.
    report_progress : callable
        Gets one line per answer.

    Returns
    -------
    pd.DataFrame
        Columns `attainment.sensitivity.COLUMNS`: a row per answer and promise it touches.
    """
    chosen = plan.answered(answers)
    pieces = []
    for other in alternatives(plan.questions, plan.answers(answers), plan.open_questions):
        try:
            read_otherwise = plan.answered(other.answers)
        except BadParameters:  # it contradicts an answer the run has given
            alone = plan.answered({other.question: plan.answers(answers)[other.question]})
            touched = touched_by(alone, plan.answered({other.question: other.answer}))
            pieces.append(not_computable(promises, other, touched, "contradicts_answers"))
            continue
        touched = touched_by(chosen, read_otherwise)
        if not touched:
            continue
        report_progress(f"{other.question} = {other.answer}")
        pieces += _under(read_otherwise, other, touched, quarter, promises, counted, evidence, drawn, memory)
    filled = [piece for piece in pieces if len(piece)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def touched_by(chosen: Plan, other: Plan) -> list[str]:
    """Return the promises whose definition is another one in a plan as it reads otherwise.

    Parameters
    ----------
    chosen, other : Plan
        The plan as it reads under the answers in force, and under others.
    """
    return [
        one.id for one in chosen.promises if chosen.definition_of(one) != other.definition_of(other.promise(one.id))
    ]


def _under(
    plan: Plan,
    other: object,
    touched: Sequence[str],
    quarter: pd.Period,
    promises: pd.DataFrame,
    counted: Counted,
    evidence: Evidence,
    drawn: DrawSettings,
    memory: PathMemory | None,
) -> list[pd.DataFrame]:
    without = {one: not_countable(plan, one, counted) for one in touched}
    pieces = [
        not_computable(promises, other, [one], why)  # type: ignore[arg-type]
        for one, why in without.items()
        if why
    ]
    left = [one for one in touched if not without[one]]
    if left:
        narrowed = plan.model_copy(update={"targets": {one: plan.targets[one] for one in left}})
        then = evaluate_plan(narrowed, quarter, counted, evidence, drawn, memory=memory, diagnose=False)
        pieces.append(compared(promises, then.attainment.promises, other, left))  # type: ignore[arg-type]
    return pieces


def not_countable(plan: Plan, target: str, counted: Counted) -> str:
    """Return the code of why the input cannot count what a promise is on; empty where it can.

    Parameters
    ----------
    plan : Plan
        The plan as it reads.
    target : str
        The promise.
    counted : Counted
        What the input gives.
    """
    cells, measures = counted.of(plan), measures_of(plan)
    for name in plan.promise(target).indicators:
        if name in measures:
            found = cells.get(measures[name], "counts_only")
            if isinstance(found, str) and found in EXPECTED:
                return found
    return ""


def measures_needed(readings: Sequence[Plan]) -> dict[int | None, list[Measure]]:
    """Return what must be counted for a plan as it reads under several answers.

    Parameters
    ----------
    readings : sequence of Plan
        See `readings_of`.

    Returns
    -------
    dict
        Cutoff day of the months → measures, each once.
    """
    found: dict[int | None, list[Measure]] = {}
    for reading in readings:
        mine = found.setdefault(reading.calendar.counting.day, [])
        mine += [*activity(reading), *measures_of(reading).values()]
    return {day: list(dict.fromkeys(measures)) for day, measures in found.items()}


def readings_of(plan: Plan, answers: Mapping[str, str]) -> list[Plan]:
    """Return the plan as it reads under the answers in force, and under every other single answer to an open question.

    Parameters
    ----------
    plan : Plan
        As its file has it.
    answers : mapping
        The answers in force.
    """
    found = [plan.answered(answers)]
    for other in alternatives(plan.questions, plan.answers(answers), plan.open_questions):
        try:
            found.append(plan.answered(other.answers))
        except BadParameters:
            continue
    return found


def _gaps(
    plan: Plan,
    origin: pd.Period,
    alive: Mapping[tuple[str, str | None], Sequence[str]],
    indicators: pd.DataFrame,
    forecast: Forecast,
) -> pd.DataFrame:
    year = indicators[indicators["period"].isin(periods.labels_of_year(plan.last_period))]
    pieces = []
    for target in plan.measured:
        for part, name in target.judged:
            is_group = part.series in plan.groups.get(part.dimension, {})
            if part.series != TOTAL and not is_group:
                continue
            if is_group:
                members = {part.dimension: alive.get((part.dimension, part.series), ())}
            else:
                by = set(indicators.loc[indicators["indicator"] == part.indicator, "dimension"])
                members = {one: alive[one, None] for one in ("agency", "field") if one in by}
            mine = year[year["indicator"] == part.indicator]
            keys = ["dimension", "series"]
            so_far = mine.groupby(keys, as_index=False)[["numerator", "denominator"]].sum()
            of_year = part.model_copy(update={"window": "year", "until": None})
            whole = year_end(indicators, forecast.draws, of_year, origin=origin, last=plan.last_period)
            pieces.append(gap(target.id, part, name, whole, so_far, members))
    filled = [piece for piece in pieces if len(piece)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=GAP_COLUMNS)


def wanted_series(plan: Plan) -> list[Wanted]:
    """Return the indicators, dimensions and series that the promises of a plan, written out, ask for."""
    wanted = [(part.indicator, part.dimension, part.series) for one in plan.measured for part in one.parts.values()]
    return wanted + [
        (name, TOTAL, TOTAL) for one in plan.promises if one not in plan.measured for name in one.indicators
    ]


def forecast_of(
    plan: Plan,
    indicators: pd.DataFrame,
    origin: pd.Period,
    drawn: DrawSettings,
    *,
    memory: PathMemory | None,
    diagnose: bool,
) -> Forecast:
    """Return the draws of the rest of the year for every series that the promises of a plan ask for.

    Parameters
    ----------
    plan : Plan
        The plan as it reads, every promise on each member of a list written out.
    indicators : pd.DataFrame
        See `indicators.measured.indicator_series`.
    origin : pd.Period
        Last period known.
    drawn, memory, diagnose
        As for `evaluate_plan`.
    """
    present = set(indicators["indicator"].unique())
    return rest_of_year(
        indicators,
        [one for one in wanted_series(plan) if one[0] in present],
        plan.indicators,
        groups=plan.group_series,
        origin=origin,
        last_period=plan.last_period,
        draw_count=drawn.draw_count,
        seed=drawn.seed,
        breaks=plan.break_periods,
        tet_cutoff_day=plan.tet_cutoff_day,
        diagnose=diagnose,
        memory=memory,
    )

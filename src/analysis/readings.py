"""A plan evaluated under one interpretation, from its counts to every target; and under each other answer in turn."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import pandas as pd

from analysis import periods
from analysis.attainment.evidence import Evidence
from analysis.attainment.probability import Attainment, attainment
from analysis.attainment.sensitivity import COLUMNS, compared, is_touched, not_computable
from analysis.attainment.year_end import GAP_COLUMNS, gap, year_end
from analysis.forecast.rest_of_year import Forecast, rest_of_year
from analysis.indicators.case_shares import interpreted_shares
from analysis.interpretation import Alternative, Interpretation, alternatives
from analysis.plan import Plan
from analysis.promises import TOTAL, SurveyTarget


@dataclass(frozen=True, eq=False)
class CaseCounts:
    """Cases counted by reporting period; see `data.contracts`.

    Attributes
    ----------
    counts, workload, ratings : pd.DataFrame
        The three tables.
    """

    counts: pd.DataFrame
    workload: pd.DataFrame
    ratings: pd.DataFrame

    def known(self, origin: pd.Period) -> CaseCounts:
        """Return the counts of periods up to an origin."""
        label = periods.write(origin)
        tables = (self.counts, self.workload, self.ratings)
        return CaseCounts(*(table[table["period"] <= label].reset_index(drop=True) for table in tables))


@dataclass(frozen=True)
class DrawSettings:
    """How many joint paths a run draws, and from which seed."""

    draw_count: int
    seed: int


@dataclass(frozen=True, eq=False)
class PlanReading:
    """A plan evaluated under one interpretation at the end of a quarter.

    Attributes
    ----------
    plan : Plan
        The plan, every promise on each member of a list written out as parts.
    indicators : pd.DataFrame
        See `indicators.series.share_series`.
    forecast : Forecast
        Draws of the rest of the year.
    attainment : Attainment
        Every promise.
    gap : pd.DataFrame
        See `attainment.year_end.gap`, of every promised share of the whole or of a group.
    """

    plan: Plan
    indicators: pd.DataFrame
    forecast: Forecast
    attainment: Attainment
    gap: pd.DataFrame


def evaluate_plan(
    plan: Plan,
    quarter: pd.Period,
    counted: CaseCounts,
    evidence: Evidence,
    chosen: Interpretation,
    drawn: DrawSettings,
    *,
    diagnose: bool = True,
) -> PlanReading:
    """Return the evaluation of a plan at the end of a quarter, under one interpretation.

    Parameters
    ----------
    plan : Plan
        As its file has it.
    quarter : pd.Period
        The quarter reported; nothing after it is used.
    counted : CaseCounts
        Cases by period; periods after the quarter are left out.
    evidence : Evidence
        What is known besides counts.
    chosen : Interpretation
        The answers in force.
    drawn : DrawSettings
        Number of joint paths, and their seed.
    diagnose : bool
        Whether statsmodels decomposes and audits the promised series, too, which only the reading that is shown needs.
    """
    origin = plan.known_through(quarter, counted.counts["period"].unique())
    counted = counted.known(origin)
    written_out = _over(plan, counted.counts, chosen)
    indicators = measured_shares(written_out, counted, chosen)
    forecast = _forecast(written_out, indicators, origin, drawn, diagnose=diagnose)
    now = attainment(
        written_out, quarter, indicators, forecast, evidence, chosen, draw_count=drawn.draw_count, seed=drawn.seed
    )
    return PlanReading(
        written_out, indicators, forecast, now, _gaps(written_out, origin, counted.counts, indicators, forecast)
    )


def measured_shares(plan: Plan, counted: CaseCounts, chosen: Interpretation) -> pd.DataFrame:
    """Return the shares a plan's targets need, counted under an interpretation.

    Parameters
    ----------
    plan : Plan
        The plan.
    counted : CaseCounts
        Cases.
    chosen : Interpretation
        The interpretation.

    Returns
    -------
    pd.DataFrame
        See `indicators.case_shares.interpreted_shares`.
    """
    # A group no promise is on is not counted: its cases would stand twice among the series that others are pooled with.
    named = {part.series for target in plan.share_targets for part in target.parts}
    return interpreted_shares(
        counted.counts,
        counted.workload,
        counted.ratings,
        chosen,
        groups={name: group for name, group in plan.groups.items() if name in named},
        vertical_bodies=plan.vertical_bodies,
    )


def measured_by_dimension(plan: Plan, counted: CaseCounts, chosen: Interpretation, dimension: str) -> pd.DataFrame:
    """Return the same shares for each code of a dimension that has no series of its own: ``district`` or ``channel``.

    Parameters
    ----------
    plan, counted, chosen
        As for `evaluate_plan`, the plan written out.
    dimension : str
        A column of all three tables; cases without a code there are in none of its series.

    Returns
    -------
    pd.DataFrame
        See `indicators.series.share_series`; `series` is the code.
    """
    tables = (counted.counts, counted.workload, counted.ratings)
    pieces = []
    for code in sorted({code for table in tables for code in table[dimension].dropna().unique()}):
        inside = CaseCounts(*(table[table[dimension] == code] for table in tables))
        shares = measured_shares(plan, inside, chosen)
        pieces.append(shares[shares["series"] == TOTAL].assign(series=code))
    return pd.concat(pieces, ignore_index=True) if pieces else measured_shares(plan, counted, chosen).iloc[:0]


def sensitivity(
    plan: Plan,
    quarter: pd.Period,
    promises: pd.DataFrame,
    counted_as: Callable[[Interpretation], CaseCounts | str],
    evidence: Evidence,
    chosen: Interpretation,
    drawn: DrawSettings,
    report_progress: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Return what every other answer to an open question of the plan would change.

    Parameters
    ----------
    plan, quarter
        As for `evaluate_plan`.
    promises : pd.DataFrame
        The table of promises under the answers in force.
    counted_as : callable
        From an interpretation to the cases counted under it, or to the code of why the input cannot be counted so.
    evidence, chosen, drawn
        As for `evaluate_plan`.
    report_progress : callable
        Gets one line per answer.

    Returns
    -------
    pd.DataFrame
        Columns `attainment.sensitivity.COLUMNS`: a row per answer and promise it touches.
    """
    pieces = []
    for other in alternatives(chosen, plan.open_settings):
        touched = [target for target in plan.targets if is_touched(target, other.setting)]
        if not touched:
            continue
        report_progress(f"{other.setting} = {other.value}")
        pieces.append(_under(other, plan, [one.id for one in touched], quarter, promises, counted_as, evidence, drawn))
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=COLUMNS)


def _under(
    other: Alternative,
    plan: Plan,
    touched: Collection[str],
    quarter: pd.Period,
    promises: pd.DataFrame,
    counted_as: Callable[[Interpretation], CaseCounts | str],
    evidence: Evidence,
    drawn: DrawSettings,
) -> pd.DataFrame:
    counted = counted_as(other.interpretation)
    if isinstance(counted, str):
        return not_computable(promises, other, touched, counted)
    if other.setting == "overdue_denominator" and counted.workload.empty:
        return not_computable(promises, other, touched, "no_workload")
    narrowed = plan.model_copy(update={"targets": tuple(one for one in plan.targets if one.id in touched)})
    then = evaluate_plan(narrowed, quarter, counted, evidence, other.interpretation, drawn, diagnose=False)
    return compared(promises, then.attainment.promises, other, touched)


def _over(plan: Plan, counts: pd.DataFrame, chosen: Interpretation) -> Plan:
    """Return the plan over the agencies and fields that have cases; without the bodies left out, over what is left."""
    counted = counts
    if chosen.vertical_bodies == "left_out":
        counted = counts[~counts["agency"].isin(plan.vertical_bodies)]
    members = _members(counted)
    present = {code for codes in members.values() for code in codes}
    if chosen.vertical_bodies == "left_out":
        groups = {name: tuple(one for one in group if one in present) for name, group in plan.groups.items()}
        plan = plan.model_copy(update={"groups": {name: group for name, group in groups.items() if group}})
    return plan.over(members, chosen)


_LISTS = {"fields": "field", "agencies": "agency"}


def _gaps(
    plan: Plan, origin: pd.Period, counts: pd.DataFrame, indicators: pd.DataFrame, forecast: Forecast
) -> pd.DataFrame:
    year = indicators[indicators["period"].isin(periods.labels_of_year(plan.last_period))]
    pieces = []
    for target in plan.share_targets:
        for part in target.parts:
            if part.series != TOTAL and part.series not in plan.groups:
                continue
            members = {"group": plan.groups[part.series]} if part.series in plan.groups else _members(counts)
            mine = year[year["indicator"] == part.indicator]
            so_far = mine.groupby("series", as_index=False)[["numerator", "denominator"]].sum()
            whole = year_end(
                indicators, forecast.draws, part.indicator, part.series, origin=origin, last=plan.last_period
            )
            pieces.append(gap(target.id, part, part.id if target.combine else "", whole, so_far, members))
    filled = [piece for piece in pieces if len(piece)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=GAP_COLUMNS)


def _members(counts: pd.DataFrame) -> dict[str, list[str]]:
    return {name: sorted(counts[column].dropna().unique()) for name, column in _LISTS.items()}


def _forecast(
    plan: Plan, indicators: pd.DataFrame, origin: pd.Period, drawn: DrawSettings, *, diagnose: bool
) -> Forecast:
    present = set(indicators["indicator"].unique())
    wanted = [(part.indicator, part.series) for target in plan.share_targets for part in target.parts]
    wanted += [(one.proxy, TOTAL) for one in plan.targets if isinstance(one, SurveyTarget) and one.proxy]
    return rest_of_year(
        indicators,
        [(indicator, series) for indicator, series in wanted if indicator in present],
        origin=origin,
        last_period=plan.last_period,
        draw_count=drawn.draw_count,
        seed=drawn.seed,
        breaks={
            one.indicator: [periods.parse(known.period) for known in plan.breaks_of(one.indicator)]
            for one in plan.breaks
        },
        tet_cutoff_day=plan.calendar.cutoff_day if plan.calendar.tet else None,
        diagnose=diagnose,
    )

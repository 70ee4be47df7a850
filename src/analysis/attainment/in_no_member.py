"""How many of the cases that a promise counts are in none of the members it is judged over, so that nobody judges them.

A promise on each field, each body or each member of a group says nothing of a case without a field or body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from analysis.attainment.year_end import first_of_window
from analysis.data.measure import Cells
from analysis.indicators.satisfaction import SURVEYED, respondents_by_field
from analysis.periods import write
from analysis.plan.instruments import SurveyInstrument
from analysis.plan.plan import Plan
from analysis.plan.promises import Each, Measured, Part, SurveyPromise, Window
from analysis.plan.record import TOTAL

COLUMNS = ["target", "indicator", "dimension", "denominator", "in_no_member", "without_value"]


def in_no_member(
    plan: Plan,
    cells: Mapping[str, Cells],
    surveys: pd.DataFrame,
    alive: Mapping[tuple[str, str | None], Sequence[str]],
    *,
    origin: pd.Period,
    last_round: int,
) -> pd.DataFrame:
    """Return, for each promise that is judged over members of a dimension, how many of its cases are in none of them.

    Parameters
    ----------
    plan : Plan
        The plan as it reads, `each` not yet written out.
    cells : mapping
        Indicator → what it counts by all dimensions at once, up to the last period known; see `data.measure.Cells`.
    surveys : pd.DataFrame
        Rounds of surveys, see `indicators.satisfaction`.
    alive : mapping
        Dimension and group (None: all of it) → the codes that live; see `indicators.measured.living`.
    origin : pd.Period
        Last period known.
    last_round : int
        Year of the last survey that may be known.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`: a row per promise, indicator and dimension. `denominator` is what the indicator counts below
        the line in the window judged, up to the origin; `in_no_member` those of it that no part of the promise judges,
        `without_value` those of them that have no value in the dimension.

    Notes
    -----
    Which cases are in no member depends on what the promise is on:

    - *Each member of a dimension*: all that no part judges. Cases without a value; those of a member that has no
      threshold (`threshold_by`); those of one that has neither received nor resolved a case this year.
    - *Each member of a group, or a group as a series*: cases without a value, which may belong to the group, and those
      of its own members that no part judges, such as a body that the list beside the plan has for earlier years only
      (`Group.former`). Codes outside the group are meant to be outside.
    - *Several parts of one dimension, several fields of a survey*: cases without a value.
    - *The whole, or one named member*: there is no row.
    - *A number of items that reach a level*, such as services with 1,000 cases: there is no row. What is below the line
      are items of a list, not cases, and each is in it.
    """
    rows = []
    surveys = surveys if plan.year <= last_round else surveys.iloc[:0]
    for target in plan.promises:
        if isinstance(target, Measured):
            rows += _of_counts(plan, target, cells, alive, origin)
        elif isinstance(target, SurveyPromise):
            rows += _of_survey(plan, target, surveys, alive)
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_counts(
    plan: Plan,
    target: Measured,
    cells: Mapping[str, Cells],
    alive: Mapping[tuple[str, str | None], Sequence[str]],
    origin: pd.Period,
) -> list[dict[str, Any]]:
    written = target.over(alive)
    parts = list(written.parts.values())
    rows: list[dict[str, Any]] = []
    for (indicator, dimension, window, until), alike in _alike(parts[-1:] if written.combine == "last" else parts):
        groups = plan.groups.get(dimension, {})
        is_one_named = target.each is None and len(alike) == 1 and not set(alike) & set(groups)
        if indicator not in cells or is_one_named:
            continue
        judged = {code for one in alike for code in plan.members(dimension, one)}
        last = plan.last_period if until is None else plan.last_whole_period(until)
        frame = cells[indicator]
        counted = frame[frame["period"].between(first_of_window(window, last), write(min(origin, last)))]
        row = _row(counted, dimension, judged, _meant(plan, dimension, target.each, alike))
        rows.append({"target": target.id, "indicator": indicator, "dimension": dimension} | row)
    return rows


def _alike(parts: Iterable[Part]) -> Iterable[tuple[tuple[str, str, Window, date | None], list[str]]]:
    """Return the series of the parts that are not on the whole, by what makes their cases comparable."""
    found: dict[tuple[str, str, Window, date | None], list[str]] = {}
    for part in parts:
        if part.dimension != TOTAL:
            found.setdefault((part.indicator, part.dimension, part.window, part.until), []).append(part.series)
    return found.items()


def _meant(plan: Plan, dimension: str, each: Each | None, named: Iterable[str]) -> set[str] | None:
    """Return the codes that a promise is meant to be on, judged or not; None for every code of the dimension."""
    if each is not None and each.within is None:
        return None
    groups = plan.groups.get(dimension, {})
    lists = [groups[one] for one in [*named, each.within if each else None] if one in groups]
    return {code for group in lists for code in (*group.members, *group.former)}


def _of_survey(
    plan: Plan,
    target: SurveyPromise,
    surveys: pd.DataFrame,
    alive: Mapping[tuple[str, str | None], Sequence[str]],
) -> list[dict[str, Any]]:
    instrument = plan.instruments[target.instrument]
    fields = target.over(alive).fields
    if not isinstance(instrument, SurveyInstrument) or (len(fields) == 1 and not target.each) or not fields:
        return []
    indicator = f"{SURVEYED}{instrument.instrument}"
    counted = respondents_by_field(surveys, indicator, str(plan.year))
    row = _row(counted, "field", set(fields), _meant(plan, "field", target.each, ()))
    return [{"target": target.id, "indicator": indicator, "dimension": "field"} | row]


def _row(counted: pd.DataFrame, dimension: str, judged: set[str], meant: set[str] | None) -> dict[str, Any]:
    code = counted[dimension]
    without = code.isna()
    outside = without | ~code.isin(judged) if meant is None else without | code.isin(meant - judged)
    cases = counted["denominator"]
    return {
        "denominator": int(cases.sum()),
        "in_no_member": int(cases[outside].sum()),
        "without_value": int(cases[without].sum()),
    }

"""What of a plan can be judged from an input, and why the rest cannot: tried with few draws, nothing written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.attainment.in_no_member import COLUMNS
from analysis.faults import BadData
from analysis.indicators import reporting
from analysis.indicators.bodies_of_today import recoded
from analysis.parameters import validated_run
from analysis.plan.plan import Plan, read_plan
from analysis.plan.questions import alternatives
from analysis.quarter import inputs
from analysis.quarter.readings import Counted, DrawSettings, evaluate_plan, not_countable, touched_by
from analysis.temporary import temporary_folder

DRAWS = 200
"""Enough to see whether a promise can be judged; its probability is not shown."""


@dataclass(frozen=True, eq=False)
class PlanCheck:
    """A plan tried on an input.

    Attributes
    ----------
    plan : Plan
        The plan as its file has it; with an input, as it reads by its own answers, every promise on each member of a
        list written out and codes called as the data spells them.
    quarter : pd.Period or None
        The last quarter of its year that is over and that the input reaches; None without an input.
    promises : pd.DataFrame
        The table of promises at that quarter, see `attainment.verdict.COLUMNS`; without rows without an input.
    unreported : pd.DataFrame
        Which body has no row for a period that others have; see `indicators.reporting.unreported`. Without rows without
        an input, and for one of cases.
    unknown : pd.DataFrame
        `where, dimension, code, close`: codes of the crosswalk and of groups that no case has, and the nearest of those
        that some have; without rows without an input.
    in_no_member : pd.DataFrame
        What promises count and, being judged over members, do not judge; see `attainment.in_no_member`.
    answers : pd.DataFrame
        `question, answer, target, note`: every other answer and promise it touches; `note` is the code of why the
        input cannot be counted so, empty where it can.
    """

    plan: Plan
    quarter: pd.Period | None
    promises: pd.DataFrame
    unreported: pd.DataFrame
    unknown: pd.DataFrame
    in_no_member: pd.DataFrame
    answers: pd.DataFrame


def check_plan(
    plan_file: Path, input_path: str | None = None, source_file: str | None = None, as_of: date | None = None
) -> PlanCheck:
    """Return what of a plan can be judged.

    Parameters
    ----------
    plan_file : Path
        The plan.
    input_path, source_file : str or None
        The input as a run file names it, and its mapping; without an input, only the plan is read.
    as_of : date or None
        Day up to which data was known; None is today.

    Raises
    ------
    BadParameters
        The plan or the mapping is wrong.
    BadData
        The input cannot be what it is said to be, no quarter of the plan's year is over, or the input does not have all
        periods up to its last quarter.
    """
    plan = read_plan(plan_file)
    touched = pd.DataFrame(
        [
            (other.question, other.answer, target, "")
            for other in alternatives(plan.questions, plan.defaults, list(plan.questions))
            for target in touched_by(plan, plan.answered(other.answers))
        ],
        columns=["question", "answer", "target", "note"],
    )
    if input_path is None:
        nothing = pd.DataFrame(columns=["target", "part", "note"])
        reported = pd.DataFrame(columns=["agency", "period"])
        unknown, outside = pd.DataFrame(columns=UNKNOWN), pd.DataFrame(columns=COLUMNS)
        return PlanCheck(plan, None, nothing, reported, unknown, outside, touched)
    day = as_of or date.today()
    first = pd.Period(year=plan.year, quarter=1, freq="Q")
    run = validated_run(
        {
            "plan_file": str(plan_file),
            "quarter": periods.write_quarter(first),
            "as_of": day,
            "input_path": input_path,
            "source_file": source_file,
            "draw_count": DRAWS,
        }
    )
    with temporary_folder() as folder:
        received = inputs.received_input(run, plan, folder)
        over = [
            one
            for one in pd.period_range(first, periods=4, freq="Q")
            if periods.last_day(one, plan.calendar.cutoff_day) <= day
        ]
        if not over:
            raise BadData(f"{input_path}: no quarter of {plan.year} is over on {day.isoformat()}")
        known = set(received.counts["period"])
        reached = [one for one in over if set(periods.labels_of(one, plan.calendar.frequency)) <= known]
        # A quarter is judged by the whole year so far: that is refused here as a run would refuse it.
        quarter = (reached or over)[-1 if reached else 0]
        counts = inputs.counts_of_the_quarter(plan, received, quarter)
        inputs.refuse_unknown_columns(plan, received)
        counted = inputs.counted_input(plan, run, received)
        here = plan.in_quarter(quarter)
        inputs.refuse_unknown_series(here, counted)
        evidence = inputs.evidence_of(here, received, as_of=day)
    now = evaluate_plan(here, quarter, counted, evidence, DrawSettings(DRAWS, run.seed), diagnose=False)
    notes = [
        not_countable(plan.answered({row.question: row.answer}), row.target, counted) for row in touched.itertuples()
    ]
    delivered = reporting.by_agency(recoded(counts if received.cases is None else counts.iloc[:0], here))
    return PlanCheck(
        inputs.named(now.plan, received.names),
        quarter,
        now.attainment.promises,
        reporting.unreported(delivered[~delivered["agency"].isin(here.abolished("agency"))]),
        _unknown_codes(plan, here, counted),
        now.in_no_member,
        touched.assign(note=notes),
    )


UNKNOWN = ["where", "dimension", "code", "close"]


def _unknown_codes(plan: Plan, here: Plan, counted: Counted) -> pd.DataFrame:
    """Return the codes of a plan's crosswalk and groups that no case has: many are misspelt."""
    frames = [
        one for one in counted.cells.get(plan.calendar.counting.day, {}).values() if isinstance(one, pd.DataFrame)
    ]
    rows = []
    for dimension in dict.fromkeys([*plan.crosswalk, *plan.groups]):
        known = {code for one in frames if dimension in one for code in one[dimension].dropna().unique()}
        asked = [("the crosswalk, old", one.old) for one in plan.crosswalk.get(dimension, ())]
        # What is to merge later need not have a case yet.
        asked += [("the crosswalk, new", one.new) for one in here.crosswalk.get(dimension, ()) if one.new]
        promised = {code for promise in plan.promises for of, code in promise.dimensions if of == dimension}
        groups = {name: one for name, one in plan.groups.get(dimension, {}).items() if name in promised}
        for name, group in groups.items():
            asked += [(f"groups.{dimension}.{name}", code) for code in group.members]
        for where, code in dict.fromkeys(asked):
            if known and code not in known:
                rows.append((where, dimension, code, next(iter(get_close_matches(code, sorted(known), n=1)), "")))
    return pd.DataFrame(rows, columns=UNKNOWN)

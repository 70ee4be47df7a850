"""The input of a run: its tables received, refused where they cannot be what the plan asks for, and counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment.evidence import Evidence
from analysis.data.case_table import service_days
from analysis.data.ingest.names import Names
from analysis.data.ingest.received import Calendar, RunInput, receive
from analysis.data.measure import Cells, Counting, Measure
from analysis.data.measures import columns_known, count_measures, kinds_known
from analysis.data.published import read_breaks, read_published
from analysis.faults import BadData, BadParameters
from analysis.indicators import satisfaction
from analysis.indicators.bodies_of_today import recoded
from analysis.indicators.measured import dimensions_of, measures_of
from analysis.indicators.other_indicators import year_of
from analysis.parameters import ROOT, RunParameters, resolve
from analysis.plan.conditions import flat
from analysis.plan.instruments import PublishedInstrument
from analysis.plan.plan import Plan
from analysis.plan.promises import ItemsPromise
from analysis.plan.record import Text
from analysis.quarter.readings import EXPECTED, Counted, measures_needed, readings_of

PUBLISHED = ROOT / "data" / "published"
"""Figures others have printed."""


def received_input(run: RunParameters, plan: Plan, tables_folder: Path) -> RunInput:
    """Return the tables of a run's input.

    Parameters
    ----------
    run : RunParameters
        The run.
    plan : Plan
        Its plan, which says what a period is.
    tables_folder : Path
        Folder that receives the accepted rows of cases.

    Raises
    ------
    BadData
        The input cannot be what it is said to be.
    """
    source = resolve(run.source_file) if run.source_file else None
    return receive_as_of(run, plan, resolve(run.input_path), source, tables_folder, as_of=run.as_of)


def receive_as_of(
    run: RunParameters, plan: Plan, input_path: Path, source: Path | None, tables_folder: Path, *, as_of: date
) -> RunInput:
    """Return the tables of an input as they were known on a day.

    Parameters
    ----------
    run : RunParameters
        The run, which says how many rows may be rejected.
    plan : Plan
        Its plan, which says what a period is.
    input_path : Path
        Folder or file received.
    source : Path or None
        Its mapping; None when it already is our tables.
    tables_folder : Path
        Folder that receives the accepted rows of cases.
    as_of : date
        The day.

    Raises
    ------
    BadData
        The input cannot be what it is said to be.
    """
    calendar = Calendar(plan.calendar.frequency, plan.calendar.cutoff_day)
    return receive(
        input_path, source, as_of=as_of, calendar=calendar, reject_limit=run.reject_limit, tables_folder=tables_folder
    )


def named(plan: Plan, names: Names) -> Plan:
    """Return a plan that also has the data's names, of the codes that it does not name itself.

    Parameters
    ----------
    plan : Plan
        The plan.
    names : dict
        Dimension → code → how the data spells it: one name for the pages of every language.
    """
    texts = {
        dimension: {code: Text(vi=name, en=name) for code, name in called.items()}
        for dimension, called in names.items()
    }
    merged = {one: texts.get(one, {}) | plan.names.get(one, {}) for one in [*plan.names, *texts]}
    return plan.model_copy(update={"names": merged})


def evidence_of(plan: Plan, received: RunInput, *, as_of: date) -> Evidence:
    """Return what is known on a day beside the counts.

    Parameters
    ----------
    plan : Plan
        The plan, which says whose figures are looked at and, as it reads in the quarter, which bodies there are.
    received : RunInput
        The tables of the input.
    as_of : date
        The day.
    """
    published, breaks = read_published(PUBLISHED), read_breaks(PUBLISHED)
    asked = satisfaction.surveyed_satisfied(recoded(received.survey, plan))
    abolished = [asked["dimension"].eq(name) & asked["series"].isin(plan.abolished(name)) for name in plan.crosswalk]
    surveys = [asked[~np.logical_or.reduce(abolished)] if abolished else asked]
    indices = {one.index: None for one in plan.instruments.values() if isinstance(one, PublishedInstrument)}
    for index in indices if plan.area else ():
        surveys.append(satisfaction.published_rounds(published, breaks, index=index, area=plan.area or "", as_of=as_of))
    # A round has no day of its own: that of the plan's year is known when the data was taken on the day looked back to.
    last_round = plan.year if received.basis == "exact" else plan.year - 1
    return Evidence(
        as_of=as_of,
        surveys=pd.concat(surveys, ignore_index=True),
        last_round=last_round,
        catalogue=received.catalogue,
        progress=received.progress,
        published=published,
        breaks=breaks,
        service_days=_service_days(plan, received, as_of),
    )


def _service_days(plan: Plan, received: RunInput, as_of: date) -> dict[str, pd.DataFrame]:
    """Return the cases of services day by day, by the promise that asks for them."""
    found = {}
    how = Counting(as_of, plan.calendar.frequency, None, None, ())
    for one in plan.promises:
        inventory = one.inventory if isinstance(one, ItemsPromise) else None
        asked = {"listed": inventory.listed_with, "done": inventory.done_with} if inventory else {}
        wanted = {name: cases for name, cases in asked.items() if cases}
        if wanted:
            found[one.id] = service_days(received, how, wanted, first=year_of(plan)[0])
    return found


def counted_input(plan: Plan, run: RunParameters, received: RunInput, *, alternatives_too: bool = True) -> Counted:
    """Return what a plan's indicators count, under the run's answers and under every other answer to its questions.

    Parameters
    ----------
    plan : Plan
        As its file has it.
    run : RunParameters
        The run.
    received : RunInput
        The tables of its input.
    alternatives_too : bool
        Whether other answers than the run's are counted, too.

    Raises
    ------
    BadData
        A table beside the counts has other periods than the plan.
    BadParameters
        An indicator asks a column for what it does not hold, under some answer.
    """
    readings = readings_of(plan, run.answers) if alternatives_too else [plan.answered(run.answers)]
    return counted_under(readings, plan, run, received)


def counted_under(readings: Sequence[Plan], plan: Plan, run: RunParameters, received: RunInput) -> Counted:
    """Return what the indicators of a plan count as it reads under some answers.

    Parameters
    ----------
    readings : sequence of Plan
        The plan as it reads under each.
    plan, run, received
        As for `counted_input`.

    Raises
    ------
    BadData, BadParameters
        As for `counted_input`.
    """
    for reading in readings:
        refuse_wrong_kinds(reading, received)
    wanted = measures_needed(readings)
    own = plan.calendar.counting.day
    cells = {
        day: count_measures(
            measures,
            received,
            Counting(run.as_of, plan.calendar.frequency, day, own, dimensions_of(readings)),
        )
        for day, measures in wanted.items()
    }
    _refuse_other_periods(plan, received, cells)
    labels = sorted(received.counts["period"].unique())
    return Counted(cells, received.cases is not None, tuple(labels))


def _refuse_other_periods(
    plan: Plan, received: RunInput, cells: Mapping[int | None, Mapping[Measure, Cells | str]]
) -> None:
    """Refuse a table beside the counts that has other periods than the plan, where something is counted from it."""
    frames = [one for found in cells.values() for one in found.values() if isinstance(one, pd.DataFrame)]
    labels = {label for one in frames for label in one["period"].unique()}
    beside = {"ratings": received.ratings, "workload": received.workload}
    beside |= {"margins": received.margins.table} if received.margins else {}
    quarterly = plan.calendar.frequency == "Q"
    for label in sorted(label for label in labels if ("Q" in label) != quarterly):
        holder = next(name for name, table in beside.items() if label in set(table["period"]))
        kind = "quarters" if quarterly else "months"
        raise BadData(
            f"the table of {holder} has the period {label}; {kind} were expected, as the plan's calendar says"
        )


def refuse_unknown_columns(plan: Plan, received: RunInput) -> None:
    """Refuse a plan that asks of a column which no table has.

    Parameters
    ----------
    plan : Plan
        The plan.
    received : RunInput
        The tables of the input.

    Raises
    ------
    BadParameters
        A column nobody declares, with the nearest that there is.
    """
    known = columns_known(received)
    for code, measure in measures_of(plan).items():
        for name in sorted(measure.columns - set(known.get(measure.of, measure.columns))):
            close = get_close_matches(name, known[measure.of], n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise BadParameters(
                f"plan: indicators.{code}: {measure.of} has no column {name!r}{hint} "
                "(a mapping adds columns under extra)"
            )


def refuse_wrong_kinds(plan: Plan, received: RunInput) -> None:
    """Refuse a plan that asks a column for what it does not hold.

    Parameters
    ----------
    plan : Plan
        The plan as it reads.
    received : RunInput
        The tables of the input.

    Raises
    ------
    BadParameters
        A code is asked for where there are flags, a number where there are codes, and the like.
    """
    kinds = kinds_known(received)
    for code, measure in measures_of(plan).items():
        for test in flat((*measure.denominator, *measure.numerator)):
            for name, asked in test.asks.items():
                holds = kinds.get(measure.of, {}).get(name, asked)
                if holds != asked:
                    raise BadParameters(f"plan: indicators.{code}: {name} holds a {holds}, and is asked for a {asked}")


def refuse_unknown_series(plan: Plan, counted: Counted) -> None:
    """Refuse a promise on a code that neither the data nor the plan's names have: it is nearly always misspelt.

    One on a group that is called as a body of the data is refused, too: nobody could tell the two series apart.

    Parameters
    ----------
    plan : Plan
        The plan as it reads.
    counted : Counted
        What its indicators count.

    Raises
    ------
    BadParameters
        Such a code, with the nearest that there is; or such a group.
    """
    frames = [cells for cells in counted.of(plan).values() if isinstance(cells, pd.DataFrame)]
    for promise in plan.measured:
        for dimension, code in promise.dimensions:
            counted_codes = {
                one for cells in frames if dimension in cells for one in cells[dimension].dropna().unique()
            }
            if code in plan.groups.get(dimension, {}) and code in counted_codes:
                raise BadParameters(
                    f"plan: groups.{dimension}.{code}: the data has this code of {dimension}; another name was expected"
                )
            if code is None or code in plan.groups.get(dimension, {}):
                continue
            known = set(plan.names.get(dimension, {})) | counted_codes
            if known and code not in known:
                close = get_close_matches(code, sorted(known), n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise BadParameters(f"plan: targets.{promise.id}: {dimension} has no {code!r}{hint}")


def refuse_uncounted(chosen: Plan, run: RunParameters, counted: Counted) -> None:
    """Refuse answers of a run under which the input cannot be counted; of the plan's own, the page says so.

    Parameters
    ----------
    chosen : Plan
        The plan as it reads under the run's answers.
    run : RunParameters
        The run.
    counted : Counted
        What the plan's indicators count.

    Raises
    ------
    BadData
        What the answers need and the input does not hold.
    """
    given = {code: answer for code, answer in run.answers.items() if chosen.defaults.get(code) != answer}
    if not given:
        return
    cells = counted.of(chosen)
    for code, measure in measures_of(chosen).items():
        expected = EXPECTED.get(str(cells.get(measure)))
        if expected:
            told = ", ".join(f"{question}={answer}" for question, answer in given.items())
            raise BadData(f"answers {told}: {expected} ({code})")


def refuse_misfit(run: RunParameters, plan: Plan) -> None:
    """Refuse a run whose quarter is not in the plan's year, or is not over on the day it looks back to.

    Parameters
    ----------
    run : RunParameters
        The run.
    plan : Plan
        Its plan.

    Raises
    ------
    BadParameters
        Which of the two, and what was expected.
    """
    quarter = run.quarter_period
    if quarter.year != plan.year:
        raise BadParameters(f"quarter {run.quarter} is not in {plan.year}, the year of {run.plan_file}")
    closes = periods.last_day(quarter, plan.calendar.cutoff_day)
    if run.as_of < closes:
        raise BadParameters(
            f"as_of {run.as_of.isoformat()} is before {run.quarter} closes; {closes.isoformat()} or later was expected"
        )


def counts_of_the_quarter(plan: Plan, received: RunInput, quarter: pd.Period) -> pd.DataFrame:
    """Return the counts received for the periods up to the end of a quarter.

    Parameters
    ----------
    plan : Plan
        The plan, which says what a period is.
    received : RunInput
        The tables of the input.
    quarter : pd.Period
        The quarter.

    Raises
    ------
    BadData
        The counts have another calendar than the plan, do not reach the quarter, or have none of a period of its year.
    """
    origin, counts = plan.origin(quarter), received.counts
    quarterly = plan.calendar.frequency == "Q"
    wrong = [label for label in counts["period"].unique() if ("Q" in label) != quarterly]
    if wrong:
        kind = "quarters" if quarterly else "months"
        raise BadData(f"the data has the period {wrong[0]}; {kind} were expected, as the plan's calendar says")
    known = set(counts["period"].unique())
    missing = [label for label in periods.labels_of_year(origin) if label not in known]
    if missing:
        raise BadData(_without(missing, known))
    return counts[counts["period"] <= periods.write(origin)].reset_index(drop=True)


def _without(missing: list[str], known: Collection[str]) -> str:
    """Return the sentence on a year's periods for which the data has no row; `known` are those for which it has one."""
    if not known:
        return f"the data has no row of any period; {periods.write_runs(missing)} was expected"
    begin, end = min(known), max(known)
    told = []
    if missing[-1] > end:
        told.append(f"the data does not reach the quarter: it ends with {end}, and {missing[-1]} was expected")
    if missing[0] < begin:
        told.append(f"the data begins with {begin}, and {missing[0]} was expected")
    for gap in periods.runs(label for label in missing if begin < label < end):
        before, after = max(one for one in known if one < gap[0]), min(one for one in known if one > gap[-1])
        between = periods.write_runs(gap)
        told.append(f"the data has rows for {before} and {after} but none, of any body, for {between} between them")
    return "; ".join(told)

"""One run → its results: the whole flow on one screen, and the place to start reading."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import periods
from analysis.attainment.evidence import Evidence
from analysis.attainment.probability import Attainment
from analysis.data.counting import cases_for_lateness_nowcast, count_cases, count_workload
from analysis.data.form06a.filed import quarter_form
from analysis.data.ingest.received import Calendar, RunInput, receive
from analysis.data.published import read_breaks, read_published
from analysis.data.revisions import COLUMNS as REVISED
from analysis.data.revisions import earlier_archive, revisions
from analysis.faults import BadData, BadParameters, EnvironmentFault
from analysis.fingerprint import Fingerprint, code_hash, fingerprint
from analysis.forecast.backtest.backtest import track_record
from analysis.forecast.open_cases import COLUMNS as NOWCAST
from analysis.forecast.open_cases import lateness_nowcast
from analysis.indicators import reporting, satisfaction
from analysis.indicators.other_indicators import other_series
from analysis.interpretation import Interpretation
from analysis.parameters import ROOT, RunParameters, resolve
from analysis.plan import Plan, read_plan
from analysis.readings import CaseCounts, DrawSettings, evaluate_plan, measured_shares, sensitivity
from analysis.results import Results, lock, remove_leftovers, temporary_folder

PROCESSED = ROOT / "data" / "processed"
"""Where results are kept; everything in it can be rebuilt."""

CODE = code_hash(Path(__file__).parent)
"""Hash of the source as this process has loaded it: what is edited later neither computes nor names its results."""

PUBLISHED = ROOT / "data" / "published"
"""Figures others have printed."""


def results(run: RunParameters) -> Results:
    """Return the results of a run: computed once under a lock, then read from where they are stored.

    Raises
    ------
    BadParameters
        The plan or mapping is wrong, or the run does not fit the plan.
    BadData
        The input cannot be what it is said to be, or does not reach the quarter.
    EnvironmentFault
        Something the numbers depend on was changed while they were being computed.
    """
    _refuse_misfit(run, read_plan(resolve(run.plan_file)))
    made_of = fingerprint(run, published=PUBLISHED, code=CODE)
    folder = PROCESSED / made_of.key
    PROCESSED.mkdir(parents=True, exist_ok=True)
    with lock(PROCESSED, made_of.key):
        if not Results.are_complete_in(folder):
            remove_leftovers(PROCESSED, made_of.key)
            with temporary_folder(PROCESSED, made_of.key) as tables_folder:
                found = _compute_anew(run, made_of, Path(tables_folder))
            # What was changed on the way must not be kept under the name of what it was.
            if fingerprint(run, published=PUBLISHED, code=CODE).key != made_of.key:
                raise EnvironmentFault("changed while the results were being computed: data or plan; run again")
            found.store(folder)
    return Results.load(folder)


def _source(run: RunParameters) -> Path | None:
    return resolve(run.source_file) if run.source_file else None


def _compute_anew(run: RunParameters, made_of: Fingerprint, tables_folder: Path) -> Results:
    plan = read_plan(resolve(run.plan_file))
    return compute(
        run, plan, _receive(run, plan, resolve(run.input_path), _source(run), tables_folder, as_of=run.as_of), made_of
    )


def _receive(
    run: RunParameters, plan: Plan, input_path: Path, source: Path | None, tables_folder: Path, *, as_of: date
) -> RunInput:
    calendar = Calendar(plan.calendar.frequency, plan.calendar.cutoff_day)
    return receive(
        input_path, source, as_of=as_of, calendar=calendar, reject_limit=run.reject_limit, tables_folder=tables_folder
    )


def compute(run: RunParameters, plan: Plan, received: RunInput, made_of: Fingerprint) -> Results:
    """Return the results of a run, from the tables received to the attainment of every promise.

    Parameters
    ----------
    run : RunParameters
        The run.
    plan : Plan
        Its plan, as its file has it.
    received : RunInput
        The tables of its input.
    made_of : Fingerprint
        Hashes of all the results depend on.

    Raises
    ------
    BadData
        The counts have another calendar than the plan, or do not reach the quarter.
    """
    quarter, origin = run.quarter_period, plan.origin(run.quarter_period)
    _refuse_other_calendar(plan, received.counts)
    counted = CaseCounts(received.counts, received.workload, received.ratings)
    counts = counted.known(origin).counts
    _refuse_unreached(counts, origin)

    chosen, drawn = plan.interpretation(run.answers), DrawSettings(run.draw_count, run.seed)
    evidence = _evidence(plan, received, as_of=run.as_of)
    counted_as = partial(_counted_as, plan=plan, received=received, as_of=run.as_of, own=counted)
    as_read = _counted(counted_as(chosen), chosen).known(origin)
    now = evaluate_plan(plan, quarter, as_read, evidence, chosen, drawn)
    other = sensitivity(plan, quarter, now.attainment.promises, counted_as, evidence, chosen, drawn)
    promised = [(part.indicator, part.rule) for target in now.plan.share_targets for part in target.parts]
    record = track_record(now.indicators, promised, origin=origin, seed=drawn.seed)
    before = earlier_archive(resolve(run.input_path))
    forms = quarter_form(
        received.cases, resolve(run.input_path), plan=plan, quarter=quarter, due_precision=received.due_precision
    )

    return Results(
        plan=now.plan,
        fingerprint=made_of,
        about=received.about,
        basis=received.basis,
        intake=_intake(received, origin),
        rejected=_rejected(received, origin),
        flagged=received.flagged,
        counts=as_read.counts,
        workload=as_read.workload,
        ratings=as_read.ratings,
        agency_months=reporting.by_agency(counts),
        timeliness=reporting.by_timeliness(counts),
        compared_with=before[1] if before else None,
        revisions=_revised(run, plan, counts, before, made_of.key),
        form_filed=forms.is_filed,
        form_by_agency=forms.by_agency,
        form_by_field=forms.by_field,
        reconciliation=forms.reconciliation,
        form_faults=forms.faults,
        indicators=_all_indicators(plan, now.indicators, evidence, origin),
        coverage=reporting.coverage(counts),
        changes=reporting.changes(counts, periods.write(origin), periods.write(origin - 1)),
        draws=now.forecast.draws,
        components=now.forecast.components,
        diagnostics=now.forecast.diagnostics,
        weights=now.forecast.weights,
        received_late=_received_late(received, plan, quarter, as_of=run.as_of),
        track_scored=record.scored,
        track_reliability=record.reliability,
        promises=now.attainment.promises,
        baselines=now.attainment.baselines,
        run_rate=now.attainment.run_rate,
        items_pace=now.attainment.items_pace,
        items_missing=now.attainment.items_missing,
        gap=now.gap,
        sensitivity=other,
        surveys=evidence.surveys,
        previous=_one_quarter_earlier(plan, quarter, counted, received, chosen, drawn).promises,
    )


def _received_late(received: RunInput, plan: Plan, quarter: pd.Period, *, as_of: date) -> pd.DataFrame:
    """Return, by field, how many of the cases received in the quarter are late and will be; empty without cases."""
    if received.cases is None:
        return pd.DataFrame(columns=NOWCAST)
    cutoff = plan.calendar.cutoff_day
    first, last = periods.first_day(quarter, cutoff), periods.last_day(quarter, cutoff)
    cases = cases_for_lateness_nowcast(
        received.cases, as_of=as_of, first=first, last=last, due_precision=received.due_precision
    )
    return lateness_nowcast(cases, snapshot=pd.Timestamp(as_of) + pd.Timedelta(days=1))


def _one_quarter_earlier(
    plan: Plan, quarter: pd.Period, counted: CaseCounts, received: RunInput, chosen: Interpretation, drawn: DrawSettings
) -> Attainment:
    """Return the attainment as last quarter's report would have it, from what was known then."""
    closed = periods.last_day(quarter - 1, plan.calendar.cutoff_day)
    evidence = replace(_evidence(plan, received, as_of=closed), last_round=plan.year - 1)
    return evaluate_plan(plan, quarter - 1, counted, evidence, chosen, drawn, diagnose=False).attainment


def _all_indicators(plan: Plan, shares: pd.DataFrame, evidence: Evidence, origin: pd.Period) -> pd.DataFrame:
    others = other_series(
        plan,
        evidence.catalogue,
        evidence.progress,
        evidence.surveys,
        evidence.published,
        evidence.breaks,
        as_of=evidence.as_of,
        labels=periods.labels_of_year(origin),
    )
    counted = dict.fromkeys(("numerator", "denominator", "respondents"), "Int64")
    return pd.concat([shares, others], ignore_index=True).astype(counted)


def indicators(run: RunParameters) -> pd.DataFrame:
    """Return every indicator of a run as `Results.indicators` has them, without a forecast.

    Raises
    ------
    BadParameters, BadData
        As for `results`.
    """
    plan = read_plan(resolve(run.plan_file))
    _refuse_misfit(run, plan)
    origin = plan.origin(run.quarter_period)
    with tempfile.TemporaryDirectory() as tables_folder:
        received = _receive(run, plan, resolve(run.input_path), _source(run), Path(tables_folder), as_of=run.as_of)
        _refuse_other_calendar(plan, received.counts)
        chosen, own = plan.interpretation(run.answers), CaseCounts(received.counts, received.workload, received.ratings)
        _refuse_unreached(own.known(origin).counts, origin)
        counted = _counted(_counted_as(chosen, plan=plan, received=received, as_of=run.as_of, own=own), chosen).known(
            origin
        )
    evidence = _evidence(plan, received, as_of=run.as_of)
    return _all_indicators(plan, measured_shares(plan, counted, chosen), evidence, origin)


def _evidence(plan: Plan, received: RunInput, *, as_of: date) -> Evidence:
    published, breaks = read_published(PUBLISHED), read_breaks(PUBLISHED)
    surveys = [satisfaction.surveyed_satisfied(received.survey)]
    if plan.area:
        surveys.append(satisfaction.published_sipas(published, breaks, area=plan.area, as_of=as_of))
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
    )


def _counted_as(
    chosen: Interpretation, *, plan: Plan, received: RunInput, as_of: date, own: CaseCounts
) -> CaseCounts | str:
    """Return cases counted as an interpretation asks, or the code of why the input cannot be counted so."""
    is_own_month = chosen.month_end == "plan" or plan.calendar.cutoff_day is None
    is_own_level = chosen.published_level == "at_receipt"
    if is_own_month and is_own_level:
        return own
    if received.cases is None:
        return "counts_only"
    if not is_own_level and received.catalogue.empty:
        return "no_catalogue"
    how: dict[str, Any] = {
        "as_of": as_of,
        "cutoff_day": plan.calendar.cutoff_day if is_own_month else None,
        "frequency": plan.calendar.frequency,
    }
    counts = count_cases(
        received.cases,
        **how,
        due_precision=received.due_precision,
        level_catalogue=None if is_own_level else received.catalogue,
    )
    if is_own_month:
        return replace(own, counts=counts)
    workload = count_workload(received.cases, **how, due_precision=received.due_precision)
    # A month that is not over tells little of its share and nothing of its volume: it is forecast like those after it.
    return CaseCounts(_over_by(as_of, counts), _over_by(as_of, workload), own.ratings)


def _over_by(day: date, counts: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of the calendar's periods that were over on a day."""
    over = [label for label in counts["period"].unique() if periods.last_day(periods.parse(label), None) <= day]
    return counts[counts["period"].isin(over)].reset_index(drop=True)


def _counted(found: CaseCounts | str, chosen: Interpretation) -> CaseCounts:
    if isinstance(found, str):
        raise BadData(
            f"month_end: {chosen.month_end}, published_level: {chosen.published_level}: cases with a catalogue were "
            "expected, the input holds counts"
        )
    return found


def _intake(received: RunInput, origin: pd.Period) -> pd.DataFrame:
    """Return what came in, by file and by what became of it; counts for periods the quarter does not know are left out.

    Rows without a period, as cases are, have no such limit: of them, those filed later stand apart already.
    """
    intake = received.intake
    known = intake[intake["period"].isna() | (intake["period"] <= periods.write(origin))]
    return known.groupby(["file", "table", "code"], as_index=False)["rows"].sum()


def _rejected(received: RunInput, origin: pd.Period) -> pd.DataFrame:
    """Return the rows not taken; of counts, which are for a period, only those the quarter knows."""
    rejected = received.rejected
    if "period" not in rejected:
        return rejected
    return rejected[rejected["period"] <= periods.write(origin)].drop(columns="period").reset_index(drop=True)


def _revised(
    run: RunParameters, plan: Plan, counts: pd.DataFrame, before: tuple[Path, date] | None, key: str
) -> pd.DataFrame:
    """Return what this extract says otherwise of periods the archive before it had counted."""
    if before is None:
        return pd.DataFrame(columns=REVISED)
    folder, day = before
    with temporary_folder(PROCESSED, key) as tables_folder:
        earlier = _receive(run, plan, folder, None, Path(tables_folder), as_of=day)
    closed = [label for label in earlier.counts["period"].unique() if _has_closed(label, plan, day)]
    return revisions(earlier.counts[earlier.counts["period"].isin(closed)], counts)


def _has_closed(label: str, plan: Plan, day: date) -> bool:
    return periods.last_day(periods.parse(label), plan.calendar.cutoff_day) <= day


def _refuse_misfit(run: RunParameters, plan: Plan) -> None:
    quarter = run.quarter_period
    if quarter.year != plan.year:
        raise BadParameters(f"quarter {run.quarter} is not in {plan.year}, the year of {run.plan_file}")
    closes = periods.last_day(quarter, plan.calendar.cutoff_day)
    if run.as_of < closes:
        raise BadParameters(
            f"as_of {run.as_of.isoformat()} is before {run.quarter} closes; {closes.isoformat()} or later was expected"
        )


def _refuse_other_calendar(plan: Plan, counts: pd.DataFrame) -> None:
    quarterly = plan.calendar.frequency == "Q"
    wrong = [label for label in counts["period"].unique() if ("Q" in label) != quarterly]
    if wrong:
        kind = "quarters" if quarterly else "months"
        raise BadData(f"the data has the period {wrong[0]}; {kind} were expected, as the plan's calendar says")


def _refuse_unreached(counts: pd.DataFrame, origin: pd.Period) -> None:
    known = set(counts["period"].unique())
    missing = [label for label in periods.labels_of_year(origin) if label not in known]
    if missing:
        reach = counts["period"].max() if len(counts) else "nothing"
        raise BadData(f"the data does not reach the quarter: {missing[0]} has no counts (it ends with {reach})")

"""One run → its results: its stages in order, computed once and kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.attainment.evidence import Evidence
from analysis.attainment.probability import Attainment
from analysis.data.counting import cases_for_lateness_nowcast
from analysis.data.form06a.filed import quarter_form
from analysis.data.form06a.write import write_form
from analysis.data.ingest.archive import remove_drafts
from analysis.data.ingest.received import RunInput
from analysis.data.revisions import COLUMNS as REVISED
from analysis.data.revisions import earlier_archive, revisions
from analysis.faults import EnvironmentFault
from analysis.forecast.backtest.track_record import track_record
from analysis.forecast.open_cases import COLUMNS as NOWCAST
from analysis.forecast.open_cases import lateness_nowcast
from analysis.forecast.rest_of_year import PathMemory
from analysis.indicators import reporting
from analysis.indicators.bodies_of_today import recoded
from analysis.indicators.disclosure import SmallNumerators, hidden_cells
from analysis.indicators.measured import indicator_series, joint_cells, living
from analysis.indicators.other_indicators import other_series
from analysis.parameters import ROOT, RunParameters, resolve
from analysis.plan.plan import Plan, read_plan
from analysis.quarter.fingerprint import Fingerprint, code_hash, fingerprint
from analysis.quarter.inputs import (
    PUBLISHED,
    counted_input,
    counted_under,
    counts_of_the_quarter,
    evidence_of,
    named,
    receive_as_of,
    received_input,
    refuse_misfit,
    refuse_uncounted,
    refuse_unknown_columns,
    refuse_unknown_series,
)
from analysis.quarter.readings import Counted, DrawSettings, PlanReading, evaluate_plan, sensitivity
from analysis.quarter.results import (
    AttainmentTables,
    DataTables,
    ForecastTables,
    IndicatorTables,
    RecordTables,
    Results,
    lock,
    remove_leftovers,
    temporary_folder,
)
from analysis.temporary import temporary_folder as unkept_folder

PROCESSED = ROOT / "data" / "processed"
"""Where results are kept; everything in it can be rebuilt."""

FORM = "form-06a.xlsx"
"""File name of the official form, filled in from cases: beside the results, because it is for the office alone."""

RAW = ROOT / "data" / "raw"
"""Where extracts are brought in, unless an office keeps them elsewhere."""

REPORTS = ROOT / "reports"
"""Where quarters are published, unless a run says otherwise."""

CODE = code_hash(Path(__file__).parents[1])
"""Hash of the source as this process has loaded it: what is edited later neither computes nor names its results."""


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
    refuse_misfit(run, read_plan(resolve(run.plan_file)))
    made_of = fingerprint(run, published=PUBLISHED, code=CODE)
    folder = PROCESSED / made_of.key
    PROCESSED.mkdir(parents=True, exist_ok=True)
    for extracts in (RAW, resolve(run.input_path).parent):
        remove_drafts(extracts)
    with lock(PROCESSED, made_of.key):
        remove_leftovers(PROCESSED, made_of.key)
        if not Results.are_complete_in(folder):
            with temporary_folder(PROCESSED, made_of.key) as tables_folder:
                # Read again: it may have been saved while the data was hashed.
                plan = read_plan(resolve(run.plan_file))
                found = compute(run, plan, received_input(run, plan, Path(tables_folder)), made_of)
            # What was changed on the way must not be kept under the name of what it was.
            if fingerprint(run, published=PUBLISHED, code=CODE).key != made_of.key:
                raise EnvironmentFault("changed while the results were being computed: data or plan; run again")
            found.store(folder)
        kept = Results.load(folder)
        if not (folder / FORM).exists() and not kept.data.form_by_agency.empty:
            _write_form(kept, run, folder / FORM)
    return kept


def _write_form(found: Results, run: RunParameters, path: Path) -> None:
    plan, quarter = found.plan, run.quarter_period
    part = path.with_suffix(".part.xlsx")
    write_form(
        part,
        by_agency=found.data.form_by_agency,
        by_field=found.data.form_by_field,
        first_day=periods.first_day(quarter, plan.calendar.cutoff_day),
        last_day=periods.last_day(quarter, plan.calendar.cutoff_day),
        reporting_body=plan.scope.vi,
        receiving_body="",  # for the office to fill in
        names={code: name.vi for by in ("agency", "field") for code, name in plan.names.get(by, {}).items()},
        simulated=found.simulated,
    )
    part.replace(path)


def stored(run: RunParameters, *, published_too: bool = True) -> Results:
    """Return the results of a run, those of another version of the code included where the quarter was published so.

    Parameters
    ----------
    run : RunParameters
        The run.
    published_too : bool
        Whether a quarter that was published from the same parameters, plan and data is opened as it was published;
        its results' `version` and `fingerprint` say what made them. Where the code at hand has computed the run, its
        results are opened in any case.

    Raises
    ------
    BadParameters, BadData, EnvironmentFault
        As for `results`.
    """
    released = REPORTS / run.plan_name / run.quarter / "manifest.json"
    if not published_too or not released.exists():
        return results(run)
    made_of = fingerprint(run, published=PUBLISHED, code=CODE)
    folder = PROCESSED / json.loads(released.read_text(encoding="utf-8"))["recipe"]["results_key"]
    if Results.are_complete_in(PROCESSED / made_of.key) or not Results.are_complete_in(folder):
        return results(run)
    found = Results.load(folder)
    same = replace(found.fingerprint, code=made_of.code).key == made_of.key
    return found if same else results(run)


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
    BadParameters
        The plan asks for columns or codes that nobody has.
    BadData
        The counts have another calendar than the plan, or do not reach the quarter.
    """
    quarter = run.quarter_period
    counts = counts_of_the_quarter(plan, received, quarter)
    refuse_unknown_columns(plan, received)
    chosen = plan.answered(run.answers)
    here = chosen.in_quarter(quarter)
    counted = counted_input(plan, run, received)
    refuse_uncounted(chosen, run, counted)
    refuse_unknown_series(here, counted)

    evidence = evidence_of(plan.model_copy(update={"crosswalk": here.crosswalk}), received, as_of=run.as_of)
    drawn, memory = DrawSettings(run.draw_count, run.seed), PathMemory()
    now = evaluate_plan(chosen, quarter, counted, evidence, drawn, memory=memory)
    other = sensitivity(plan, run.answers, quarter, now.attainment.promises, counted, evidence, drawn, memory=memory)
    before = _one_quarter_earlier(chosen, quarter, counted, received, drawn)
    return Results(
        plan=named(now.plan, received.names),
        fingerprint=made_of,
        version=version("dung-hen"),
        data=_data_tables(run, plan, received, counts, made_of.key),
        indicators=_indicator_tables(now, counts, counted, evidence, plan.origin(quarter), run.small_numerators),
        forecast=_forecast_tables(run, plan, received, now),
        attainment=_attainment_tables(now, other, before),
        record=_record_tables(plan, now, plan.origin(quarter), drawn.seed),
        drawn=drawn,
    )


def _data_tables(run: RunParameters, plan: Plan, received: RunInput, counts: pd.DataFrame, key: str) -> DataTables:
    origin = plan.origin(run.quarter_period)
    before = earlier_archive(resolve(run.input_path), before=run.as_of)
    cutoff, quarter = plan.calendar.cutoff_day, run.quarter_period
    forms = quarter_form(
        received.cases_of(periods.first_day(quarter, cutoff), periods.last_day(quarter, cutoff)),
        resolve(run.input_path),
        plan=plan,
        quarter=quarter,
        due_precision=received.due_precision,
        data_names=received.names,
    )
    return DataTables(
        about=received.about,
        basis=received.basis,
        compared_with=before[1] if before else None,
        form_filed=forms.is_filed,
        intake=_intake(received, origin),
        rejected=_rejected(received, origin),
        flagged=received.flagged,
        names=_names(received),
        counts=counts,
        ratings=received.ratings[received.ratings["period"] <= periods.write(origin)].reset_index(drop=True),
        catalogue=received.catalogue,
        progress=received.progress,
        revisions=_revised(run, plan, counts, before, key),
        form_by_agency=forms.by_agency,
        form_by_field=forms.by_field,
        reconciliation=forms.reconciliation,
        form_faults=forms.faults,
    )


def _indicator_tables(
    now: PlanReading,
    counts: pd.DataFrame,
    counted: Counted,
    evidence: Evidence,
    origin: pd.Period,
    small_numerators: SmallNumerators,
) -> IndicatorTables:
    through, today = periods.write(origin), recoded(counts, now.plan)
    delivered = reporting.by_agency(today)
    series = _all_indicators(now.plan, now.indicators, evidence, origin)
    return IndicatorTables(
        series=series,
        cells=joint_cells(now.plan, counted.of(now.plan), through=through),
        hidden=hidden_cells(now.plan, series, delivered, origin=origin, small_numerators=small_numerators),
        surveys=evidence.surveys,
        agency_months=delivered[~delivered["agency"].isin(now.plan.abolished("agency"))].reset_index(drop=True),
        timeliness=reporting.by_timeliness(counts),
        coverage=reporting.coverage(counts),
        changes=reporting.changes(today, through, periods.write(origin - 1)),
    )


def _forecast_tables(run: RunParameters, plan: Plan, received: RunInput, now: PlanReading) -> ForecastTables:
    return ForecastTables(
        draws=now.forecast.draws,
        components=now.forecast.components,
        diagnostics=now.forecast.diagnostics,
        weights=now.forecast.weights,
        breaks=now.forecast.breaks,
        received_late=_received_late(received, plan, run.quarter_period, as_of=run.as_of),
    )


def _attainment_tables(now: PlanReading, other: pd.DataFrame, before: Attainment) -> AttainmentTables:
    return AttainmentTables(
        promises=now.attainment.promises,
        baselines=now.attainment.baselines,
        run_rate=now.attainment.run_rate,
        items_pace=now.attainment.items_pace,
        items_missing=now.attainment.items_missing,
        items_curve=now.attainment.items_curve,
        watched=now.attainment.watched,
        gap=now.gap,
        in_no_member=now.in_no_member,
        sensitivity=other,
        previous=before.promises,
    )


def _record_tables(plan: Plan, now: PlanReading, origin: pd.Period, seed: int) -> RecordTables:
    """Return the grades of the same forecasts at earlier origins, each share under the rules it is promised by."""
    promised = [(part.indicator, part.rule) for target in now.plan.measured for part in target.parts.values()]
    record = track_record(
        now.indicators,
        promised,
        plan.indicators,
        groups=plan.group_series,
        origin=origin,
        seed=seed,
        breaks=plan.break_periods,
        tet_cutoff_day=plan.tet_cutoff_day,
    )
    return RecordTables(record.scored, record.reliability, record.totals, record.recounted)


def _received_late(received: RunInput, plan: Plan, quarter: pd.Period, *, as_of: date) -> pd.DataFrame:
    """Return, by field, how many of the cases received in the quarter are late and will be; empty without cases."""
    cutoff = plan.calendar.cutoff_day
    first, last = periods.first_day(quarter, cutoff), periods.last_day(quarter, cutoff)
    file = received.cases_of(first, last)
    if file is None:
        return pd.DataFrame(columns=NOWCAST)
    cases = cases_for_lateness_nowcast(
        file,
        as_of=as_of,
        first=first,
        last=last,
        due_precision=received.due_precision,
        complete_from=received.cases_from,
    )
    return lateness_nowcast(cases, snapshot=pd.Timestamp(as_of) + pd.Timedelta(days=1))


def _one_quarter_earlier(
    plan: Plan, quarter: pd.Period, counted: Counted, received: RunInput, drawn: DrawSettings
) -> Attainment:
    """Return the attainment as last quarter's report would have it, from what was known then."""
    closed = periods.last_day(quarter - 1, plan.calendar.cutoff_day)
    here = _with_members(plan.in_quarter(quarter - 1), quarter - 1, counted)
    evidence = replace(evidence_of(here, received, as_of=closed), last_round=plan.year - 1)
    return evaluate_plan(here, quarter - 1, counted, evidence, drawn, diagnose=False).attainment


def _with_members(plan: Plan, quarter: pd.Period, counted: Counted) -> Plan:
    """Return the plan without the promises on each member of a list that had none with cases by then."""
    through = periods.write(plan.known_through(quarter, counted.labels_of(plan)))
    alive = living(plan, counted.of(plan), through=through)
    return plan.model_copy(update={"targets": {code: plan.targets[code] for code in plan.with_members(alive)}})


def _all_indicators(plan: Plan, shares: pd.DataFrame, evidence: Evidence, origin: pd.Period) -> pd.DataFrame:
    others = other_series(
        plan,
        evidence.catalogue,
        evidence.progress,
        evidence.surveys,
        evidence.published,
        evidence.breaks,
        evidence.service_days,
        as_of=evidence.as_of,
        labels=periods.labels_of_year(origin),
    )
    counted = dict.fromkeys(("numerator", "denominator", "respondents"), "Int64")
    return pd.concat([shares, others], ignore_index=True).astype(counted)


def indicators(run: RunParameters) -> pd.DataFrame:
    """Return every indicator of a run as `IndicatorTables.series` has them, without a forecast.

    Raises
    ------
    BadParameters, BadData
        As for `results`.
    """
    plan = read_plan(resolve(run.plan_file))
    refuse_misfit(run, plan)
    origin = plan.origin(run.quarter_period)
    with unkept_folder() as tables_folder:
        received = received_input(run, plan, tables_folder)
        counts_of_the_quarter(plan, received, run.quarter_period)
        refuse_unknown_columns(plan, received)
        chosen = plan.answered(run.answers).in_quarter(run.quarter_period)
        counted = counted_input(plan, run, received, alternatives_too=False)
        refuse_uncounted(chosen, run, counted)
        refuse_unknown_series(chosen, counted)
        through = periods.write(origin)
        chosen = chosen.over(living(chosen, counted.of(chosen), through=through))
        shares = indicator_series(chosen, counted.of(chosen), through=through, gaps_are_zero=counted.of_cases)
    return _all_indicators(plan, shares, evidence_of(plan, received, as_of=run.as_of), origin)


def recounted(run: RunParameters, plan: Plan) -> pd.DataFrame:
    """Return what a plan counts in the input of a run, though the run reads its plan otherwise.

    Parameters
    ----------
    run : RunParameters
        The run.
    plan : Plan
        The plan as it reads under other answers, in another text, or at the end of another quarter.

    Returns
    -------
    pd.DataFrame
        See `indicators.measured.indicator_series`.

    Raises
    ------
    BadParameters, BadData
        As for `results`.
    """
    with unkept_folder() as tables_folder:
        received = received_input(run, plan, tables_folder)
        counted = counted_under([plan], plan, run, received)
        through = periods.write(plan.origin(run.quarter_period))
        return indicator_series(plan, counted.of(plan), through=through, gaps_are_zero=counted.of_cases)


def stored_under(key: str) -> Results | None:
    """Return the results that are kept under a key; None where they are not, or not any more.

    Parameters
    ----------
    key : str
        See `fingerprint.Fingerprint.key`.
    """
    folder = PROCESSED / key
    if not Results.are_complete_in(folder):
        return None
    try:
        return Results.load(folder)
    except (OSError, ValueError, KeyError, TypeError):
        # What another version of the program kept may say less, or more, than this one reads.
        return None


def _intake(received: RunInput, origin: pd.Period) -> pd.DataFrame:
    """Return what came in, by file and by what became of it; counts for periods the quarter does not know are left out.

    Rows without a period, as cases are, have no such limit: of them, those filed later stand apart already.
    """
    intake = received.intake
    known = intake[intake["period"].isna() | (intake["period"] <= periods.write(origin))]
    return known.groupby(["file", "table", "code"], as_index=False)["rows"].sum()


def _names(received: RunInput) -> pd.DataFrame:
    rows = [(one, code, name) for one, called in received.names.items() for code, name in called.items()]
    return pd.DataFrame(rows, columns=["dimension", "code", "name"], dtype="str")


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
        earlier = receive_as_of(run, plan, folder, None, Path(tables_folder), as_of=day)
    closed = [label for label in earlier.counts["period"].unique() if _has_closed(label, plan, day)]
    return revisions(earlier.counts[earlier.counts["period"].isin(closed)], counts)


def _has_closed(label: str, plan: Plan, day: date) -> bool:
    return periods.last_day(periods.parse(label), plan.calendar.cutoff_day) <= day

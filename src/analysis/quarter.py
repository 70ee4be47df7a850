"""One run → its results: the whole flow on one screen, and the place to start reading."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.attainment.evidence import Evidence
from analysis.attainment.probability import Attainment
from analysis.data.case_table import service_days
from analysis.data.counting import cases_for_lateness_nowcast
from analysis.data.form06a.filed import quarter_form
from analysis.data.ingest.received import Calendar, RunInput, receive
from analysis.data.measure import Counting
from analysis.data.measures import columns_known, count_measures
from analysis.data.published import read_breaks, read_published
from analysis.data.revisions import COLUMNS as REVISED
from analysis.data.revisions import earlier_archive, revisions
from analysis.faults import BadData, BadParameters, EnvironmentFault
from analysis.fingerprint import Fingerprint, code_hash, fingerprint
from analysis.forecast.backtest.backtest import track_record
from analysis.forecast.open_cases import COLUMNS as NOWCAST
from analysis.forecast.open_cases import lateness_nowcast
from analysis.forecast.rest_of_year import PathMemory, peer_series
from analysis.indicators import reporting, satisfaction
from analysis.indicators.measured import dimensions_of, indicator_series, living, measures_of
from analysis.indicators.other_indicators import other_series, year_of
from analysis.parameters import ROOT, RunParameters, resolve
from analysis.plan.instruments import PublishedInstrument
from analysis.plan.plan import Plan, read_plan
from analysis.plan.promises import ItemsPromise
from analysis.readings import Counted, DrawSettings, evaluate_plan, measures_needed, readings_of, sensitivity
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
    return compute(run, plan, received_input(run, plan, tables_folder), made_of)


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
    return _receive(run, plan, resolve(run.input_path), _source(run), tables_folder, as_of=run.as_of)


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
    through = periods.write(origin)
    counts = received.counts[received.counts["period"] <= through].reset_index(drop=True)
    _refuse_unreached(counts, origin)
    refuse_unknown_columns(plan, received)

    chosen, drawn = plan.answered(run.answers), DrawSettings(run.draw_count, run.seed)
    counted, memory = counted_input(plan, run, received), PathMemory()
    _refuse_uncounted(chosen, run, counted)
    refuse_unknown_series(chosen, counted)
    evidence = evidence_of(plan, received, as_of=run.as_of)
    now = evaluate_plan(chosen, quarter, counted, evidence, drawn, memory=memory)
    other = sensitivity(plan, run.answers, quarter, now.attainment.promises, counted, evidence, drawn, memory=memory)
    promised = [(part.indicator, part.rule) for target in now.plan.measured for part in target.parts.values()]
    graded = peer_series(now.indicators, plan.group_series)
    record = track_record(graded, promised, origin=origin, seed=drawn.seed)
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
        counts=counts,
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
        watched=now.attainment.watched,
        gap=now.gap,
        sensitivity=other,
        surveys=evidence.surveys,
        previous=_one_quarter_earlier(chosen, quarter, counted, received, drawn).promises,
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
    plan: Plan, quarter: pd.Period, counted: Counted, received: RunInput, drawn: DrawSettings
) -> Attainment:
    """Return the attainment as last quarter's report would have it, from what was known then."""
    closed = periods.last_day(quarter - 1, plan.calendar.cutoff_day)
    evidence = replace(evidence_of(plan, received, as_of=closed), last_round=plan.year - 1)
    return evaluate_plan(plan, quarter - 1, counted, evidence, drawn, diagnose=False).attainment


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
        received = received_input(run, plan, Path(tables_folder))
        _refuse_other_calendar(plan, received.counts)
        _refuse_unreached(received.counts[received.counts["period"] <= periods.write(origin)], origin)
        refuse_unknown_columns(plan, received)
        chosen = plan.answered(run.answers)
        counted = counted_input(plan, run, received, alternatives_too=False)
        _refuse_uncounted(chosen, run, counted)
        refuse_unknown_series(chosen, counted)
        through = periods.write(origin)
        chosen = chosen.over(living(chosen, counted.of(chosen), through=through))
        shares = indicator_series(chosen, counted.of(chosen), through=through, gaps_are_zero=counted.of_cases)
    evidence = evidence_of(plan, received, as_of=run.as_of)
    return _all_indicators(plan, shares, evidence, origin)


def evidence_of(plan: Plan, received: RunInput, *, as_of: date) -> Evidence:
    """Return what is known on a day beside the counts.

    Parameters
    ----------
    plan : Plan
        The plan, which says whose figures are looked at.
    received : RunInput
        The tables of the input.
    as_of : date
        The day.
    """
    published, breaks = read_published(PUBLISHED), read_breaks(PUBLISHED)
    surveys = [satisfaction.surveyed_satisfied(received.survey)]
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
    """
    readings = readings_of(plan, run.answers) if alternatives_too else [plan.answered(run.answers)]
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
    labels = sorted(received.counts["period"].unique())
    return Counted(cells, received.cases is not None, tuple(labels))


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


def refuse_unknown_series(plan: Plan, counted: Counted) -> None:
    """Refuse a promise on a code that neither the data nor the plan's names have: it is nearly always misspelt.

    Parameters
    ----------
    plan : Plan
        The plan as it reads.
    counted : Counted
        What its indicators count.

    Raises
    ------
    BadParameters
        Such a code, with the nearest that there is.
    """
    frames = [cells for cells in counted.of(plan).values() if isinstance(cells, pd.DataFrame)]
    for promise in plan.measured:
        for dimension, code in promise.dimensions:
            if code is None or code in plan.groups.get(dimension, {}):
                continue
            known = set(plan.names.get(dimension, {}))
            known |= {one for cells in frames if dimension in cells for one in cells[dimension].dropna().unique()}
            if known and code not in known:
                close = get_close_matches(code, sorted(known), n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise BadParameters(f"plan: targets.{promise.id}: {dimension} has no {code!r}{hint}")


def _refuse_uncounted(chosen: Plan, run: RunParameters, counted: Counted) -> None:
    """Refuse answers of a run under which the input cannot be counted; of the plan's own, the page says so."""
    given = {code: answer for code, answer in run.answers.items() if chosen.defaults.get(code) != answer}
    if not given:
        return
    cells = counted.of(chosen)
    for code, measure in measures_of(chosen).items():
        found = cells.get(measure)
        if isinstance(found, str) and found in ("counts_only", "no_catalogue"):
            told = ", ".join(f"{question}={answer}" for question, answer in given.items())
            raise BadData(f"answers {told}: cases with a catalogue were expected, the input holds counts ({code})")


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

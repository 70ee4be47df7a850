"""One run → its results: the whole flow on one screen, and the place to start reading."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.attainment.probability import Attainment, attainment
from analysis.data.filed import filed
from analysis.data.ingest.received import Calendar, Received, content_hash, receive
from analysis.data.revisions import COLUMNS as REVISED
from analysis.data.revisions import earlier_archive, revisions
from analysis.faults import BadData, BadParameters
from analysis.forecast.rest_of_year import Forecast, rest_of_year
from analysis.indicators import reporting, satisfaction, timeliness, uptake
from analysis.parameters import ROOT, RunParameters, resolve
from analysis.plan import Plan, read_plan
from analysis.results import Fingerprint, Results, fingerprint, lock, scratch, sweep

PROCESSED = ROOT / "data" / "processed"
"""Where results are kept; everything in it can be rebuilt."""


def results(run: RunParameters) -> Results:
    """Return the results of a run: computed once, under a lock, and read from there ever after.

    Raises
    ------
    BadParameters
        The plan or mapping is wrong, or the run does not fit the plan.
    BadData
        The input cannot be what it is said to be, or does not reach the quarter.
    """
    plan = read_plan(resolve(run.plan_file))
    _refuse_misfit(run, plan)
    source = resolve(run.source_file) if run.source_file else None
    made_of = fingerprint(
        run,
        plan=resolve(run.plan_file),
        source=source,
        data=content_hash(resolve(run.input_path)),
        package=Path(__file__).parent,
    )
    folder = PROCESSED / made_of.key
    PROCESSED.mkdir(parents=True, exist_ok=True)
    with lock(PROCESSED, made_of.key):
        if not folder.exists():
            sweep(PROCESSED, made_of.key)
            with scratch(PROCESSED, made_of.key) as kept:
                received = _receive(run, plan, resolve(run.input_path), source, Path(kept), as_of=run.as_of)
                compute(run, plan, received, made_of).keep(folder)
    return Results.kept_in(folder)


def _receive(
    run: RunParameters, plan: Plan, input_path: Path, source: Path | None, kept: Path, *, as_of: date
) -> Received:
    calendar = Calendar(plan.calendar.frequency, plan.calendar.cutoff_day)
    return receive(input_path, source, as_of=as_of, calendar=calendar, reject_limit=run.reject_limit, kept=kept)


def compute(run: RunParameters, plan: Plan, received: Received, made_of: Fingerprint) -> Results:
    """Return the results of a run, from the tables received to the attainment of every promise."""
    quarter, origin = run.quarter_period, plan.origin(run.quarter_period)
    _refuse_other_calendar(plan, received.counts)
    counts, ratings = _known(received.counts, origin), _known(received.ratings, origin)
    _refuse_unreached(counts, origin)

    indicators = pd.concat(
        [
            uptake.online_of_all(counts),
            uptake.online_of_published(counts),
            timeliness.overdue(counts, interpretation=_overdue_interpretation(run, plan)),
            satisfaction.rated_satisfied(ratings),
        ],
        ignore_index=True,
    )
    forecast = _forecast(run, plan, indicators, origin)
    now = attainment(plan, quarter, indicators, forecast)
    before = earlier_archive(resolve(run.input_path)) if run.source_file is None else None
    forms = filed(
        received.cases, resolve(run.input_path), plan=plan, quarter=quarter, due_precision=received.due_precision
    )

    return Results(
        plan=plan,
        fingerprint=made_of,
        about=received.about,
        basis=received.basis,
        intake=_intake(received, origin),
        rejected=_rejected(received, origin),
        flagged=received.flagged,
        agency_months=reporting.by_agency(counts),
        compared_with=before[1] if before else None,
        revisions=_revised(run, plan, counts, before, made_of.key),
        form_filed=forms.is_there,
        form_by_agency=forms.by_agency,
        form_by_field=forms.by_field,
        reconciliation=forms.reconciliation,
        form_faults=forms.faults,
        indicators=indicators,
        coverage=reporting.coverage(counts),
        changes=reporting.changes(counts, periods.write(origin), periods.write(origin - 1)),
        draws=forecast.draws,
        smoothed=forecast.smoothed,
        diagnostics=forecast.diagnostics,
        promises=now.promises,
        baselines=now.baselines,
        run_rate=now.run_rate,
        previous=_one_quarter_earlier(run, plan, indicators).promises,
    )


def _forecast(run: RunParameters, plan: Plan, indicators: pd.DataFrame, origin: pd.Period) -> Forecast:
    present = set(indicators["indicator"])
    parts = [part for target in plan.share_targets for part in target.parts]
    return rest_of_year(
        indicators,
        [(part.indicator, part.series) for part in parts if part.indicator in present],
        origin=origin,
        year_end=plan.last_period,
        draw_count=run.draw_count,
        seed=run.seed,
        breaks={name: [periods.parse(one.period) for one in plan.breaks_of(name)] for name in _named(plan)},
        tet_cutoff_day=plan.calendar.cutoff_day if plan.calendar.tet else None,
    )


def _one_quarter_earlier(run: RunParameters, plan: Plan, indicators: pd.DataFrame) -> Attainment:
    """Return the attainment as last quarter's report would have it, from what was known then."""
    earlier = run.quarter_period - 1
    origin = plan.origin(earlier)
    known = indicators[indicators["period"] <= periods.write(origin)]
    return attainment(plan, earlier, known, _forecast(run, plan, known, origin))


def _known(table: pd.DataFrame, origin: pd.Period) -> pd.DataFrame:
    return table[table["period"] <= periods.write(origin)].reset_index(drop=True)


def _intake(received: Received, origin: pd.Period) -> pd.DataFrame:
    """Return what came in, by file and by what became of it; counts for periods the quarter does not know are left out.

    Rows without a period, as cases are, have no such limit: of them, those filed later stand apart already.
    """
    intake = received.intake
    known = intake[intake["period"].isna() | (intake["period"] <= periods.write(origin))]
    return known.groupby(["file", "table", "code"], as_index=False)["rows"].sum()


def _rejected(received: Received, origin: pd.Period) -> pd.DataFrame:
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
    with scratch(PROCESSED, key) as kept:
        earlier = _receive(run, plan, folder, None, Path(kept), as_of=day)
    closed = [label for label in earlier.counts["period"].unique() if _has_closed(label, plan, day)]
    return revisions(earlier.counts[earlier.counts["period"].isin(closed)], counts)


def _has_closed(label: str, plan: Plan, day: date) -> bool:
    return periods.last_day(periods.parse(label), plan.calendar.cutoff_day) <= day


def _overdue_interpretation(run: RunParameters, plan: Plan) -> timeliness.Interpretation:
    setting = plan.settings.get("overdue_interpretation")
    return run.overdue_interpretation or (setting.default if setting else "overdue")


def _named(plan: Plan) -> set[str]:
    return {known.indicator for known in plan.breaks}


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
    missing = [label for label in periods.labels_of_year(origin) if label not in set(counts["period"])]
    if missing:
        reach = counts["period"].max() if len(counts) else "nothing"
        raise BadData(f"the data does not reach the quarter: {missing[0]} has no counts (it ends with {reach})")

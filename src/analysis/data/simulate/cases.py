"""Case identifiers in the two national forms, with a counter per body and day that never falls short of four digits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.data.codes import CHANNELS, OUTCOMES
from analysis.data.contracts import Cases as CasesTable
from analysis.data.contracts import columns_of
from analysis.data.simulate import province
from analysis.data.simulate.histories import Histories, histories
from analysis.data.simulate.inventories import Procedures
from analysis.data.simulate.paths import FILINGS, Drawn, Paths, draw
from analysis.data.simulate.province import stream

PROVINCE = "H32"
"""Electronic identifier of the province; no source was found for it."""


def body_of(number: int) -> str:
    """Return the beginning of the identifiers of a body's cases.

    Every fourth body already writes the form that came to all of them years later: both occur in one export.
    """
    return f"{PROVINCE}.{number:02d}" if number % 4 == 0 else f"000.00.{number:02d}.{PROVINCE}"


def case_ids(agency: np.ndarray, submitted: np.ndarray) -> pa.Array:
    """Return ``<body>-<yymmdd>-<counter>`` of cases in the order of their filing.

    Parameters
    ----------
    agency : np.ndarray
        Position in `province.AGENCIES`.
    submitted : np.ndarray
        datetime64; its day is the one inside the identifier.
    """
    days, day = np.unique(submitted.astype("datetime64[D]"), return_inverse=True)
    counter = pd.Series(agency * len(days) + day).groupby(agency * len(days) + day).cumcount().to_numpy() + 1
    bodies = [body_of(number) for number in range(1, len(province.AGENCIES) + 1)]
    return pc.binary_join_element_wise(
        text(agency, bodies),
        text(day, [one.strftime("%y%m%d") for one in days.tolist()]),
        pc.utf8_lpad(pa.array(counter).cast(pa.string()), 4, "0"),
        "-",
    )


def text(code: np.ndarray, names: list[str]) -> pa.Array:
    """Return the name at each position; missing where the position is negative."""
    indices = pa.array(code.astype(np.int32), mask=code < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string())


END = np.datetime64(province.LAST_DAY) + np.timedelta64(86_399, "s")
NAT = np.datetime64("NaT", "s")

OPEN_SHARE = 0.007
"""Open cases per resolved one, about; only the scale of a province of a given size starts from it."""


@dataclass(frozen=True)
class Cases:
    """Cases in the order of their filing.

    Attributes
    ----------
    frame : pd.DataFrame
        See `contracts.Cases`.
    office : np.ndarray
        Row of `province.offices`, one a case.
    """

    frame: pd.DataFrame
    office: np.ndarray


@dataclass(frozen=True)
class _Batch:
    """Cases of one outcome."""

    drawn: Drawn
    times: Histories
    outcome: str

    def with_times(self, **changed: np.ndarray) -> _Batch:
        return replace(self, times=replace(self.times, **changed))

    def without(self, *names: str) -> _Batch:
        return self.with_times(**dict.fromkeys(names, np.full(len(self.drawn), NAT)))


def cases(seed: int, case_count: int | None, *, offices: pd.DataFrame, paths: Paths, procedures: Procedures) -> Cases:
    """Return the cases of a province.

    Parameters
    ----------
    seed : int
        Of the province.
    case_count : int or None
        Cases in all, exactly; None lets their number scatter around what `province.MONTHLY_CASES` makes.
    offices, paths, procedures
        The province: see `province.offices`, `paths.paths` and `catalogue.procedures`.

    Notes
    -----
    Open cases are those that would be finished in the months past the end, as far as they were filed by the end; so the
    stock of open cases is as old as it should be, and received cases do not thin out towards the end. Of a new
    appointment not yet due they know nothing. Withdrawn cases are made as resolved ones, and taken back when they would
    have been finished. Refused ones have been filed, and no more.

    A case's level is that of the day it was finished, as recorded then from the catalogue. So a few cases finished in
    the weeks after the step were filed, online even, before their procedure was published.
    """
    known = slice(0, len(province.MONTHS))
    beyond = slice(len(province.MONTHS), len(paths.months))
    usual = paths.cases[:, known].sum()
    usual_aside = province.WITHDRAWN_SHARE + province.REFUSED_SHARE * _mean_online(paths, known) + OPEN_SHARE
    scale = 1.0 if case_count is None else case_count / (usual * (1 + usual_aside))
    rngs = {outcome: stream(seed, outcome) for outcome in OUTCOMES}
    field_of_office = offices["field"].to_numpy()

    def batch(outcome: str, drawn: Drawn) -> _Batch:
        times = histories(rngs[outcome], drawn, procedures=procedures, paths=paths, field_of_office=field_of_office)
        return _Batch(drawn, times, outcome)

    would_be = draw(rngs["open"], paths, beyond, share=scale)
    taken_back = draw(rngs["withdrawn"], paths, known, share=scale * province.WITHDRAWN_SHARE)
    sent_back = draw(rngs["refused"], paths, known, share=scale * province.REFUSED_SHARE, online_only=True)
    aside = [
        _open(batch("open", would_be)),
        batch("withdrawn", taken_back).without("returned"),
        batch("refused", sent_back).without("accepted", "first_due", "due", "finished", "returned"),
    ]
    left = None if case_count is None else max(case_count - sum(len(one.drawn) for one in aside), 0)
    resolved = batch("resolved", draw(rngs["resolved"], paths, known, total=left))
    return _filed([resolved, *aside], offices, procedures, case_count)


def _mean_online(paths: Paths, months: slice) -> float:
    return float((paths.online * paths.cases)[:, months].sum() / paths.cases[:, months].sum())


def _open(would_be: _Batch) -> _Batch:
    filed = would_be.times.submitted <= END
    kept = _Batch(would_be.drawn.rows(filed), would_be.times.rows(filed), would_be.outcome)
    times = kept.times
    waits = times.accepted > END
    due = np.where(times.first_due > END, times.first_due, times.due)
    return kept.with_times(
        accepted=np.where(waits, NAT, times.accepted),
        first_due=np.where(waits, NAT, times.first_due),
        due=np.where(waits, NAT, due),
    ).without("finished", "returned")


def _filed(batches: list[_Batch], offices: pd.DataFrame, procedures: Procedures, case_count: int | None) -> Cases:
    """Return the batches as one table, in the order of filing; identifiers follow it."""
    # In a province of a handful of cases more may stand aside than were asked for: then the last are left out.
    submitted = np.concatenate([one.times.submitted for one in batches])[:case_count]
    order = np.argsort(submitted, kind="stable")

    def joined(values: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(values)[:case_count][order]

    office = joined([one.drawn.office for one in batches])
    procedure = joined([one.times.procedure for one in batches])
    raised = joined([one.drawn.month for one in batches]) >= province.MONTHS.get_loc(province.CATALOGUE_STEP)
    level = np.where(raised, procedures.level_after[procedure], procedures.level_before[procedure])
    channel = np.array([CHANNELS.index(one) for one, _ in FILINGS])[joined([one.drawn.filing for one in batches])]
    outcome = joined([np.full(len(one.drawn), OUTCOMES.index(one.outcome)) for one in batches])
    times = {
        f"{name}_at": joined([getattr(one.times, name) for one in batches]).astype("datetime64[ns]")
        for name in ("submitted", "accepted", "first_due", "due", "finished", "returned")
    }
    agencies, fields, districts = list(province.AGENCIES), list(province.FIELDS), list(province.DISTRICT_WEIGHTS)
    agency = np.array([agencies.index(one) for one in offices["agency"]])[office]
    district = np.array([districts.index(one) if one in districts else -1 for one in offices["district"]])[office]
    texts = {
        "case_id": case_ids(agency, times["submitted_at"]),
        "procedure_code": text(procedure, procedures.code.tolist()),
        "field": text(np.array([fields.index(one) for one in offices["field"]])[office], fields),
        "agency": text(agency, agencies),
        "district": text(district, districts),
        "level": text(level, ["", *(str(one) for one in range(1, 5))]),
        "channel": text(channel, list(CHANNELS)),
        "outcome": text(outcome, list(OUTCOMES)),
    }
    columns = {name: pd.array(values, dtype="str") for name, values in texts.items()} | times
    return Cases(pd.DataFrame({name: columns[name] for name in columns_of(CasesTable)}, copy=False), office)

"""The simulated cases: drawn by office and month, given their times, put in the order of filing and identified."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.data.codes import CHANNELS, OUTCOMES
from analysis.data.contracts import Cases, columns_of
from analysis.data.simulate import province
from analysis.data.simulate.drawing import names_at, stream
from analysis.data.simulate.histories import Histories, histories
from analysis.data.simulate.inventories import Procedures
from analysis.data.simulate.paths import FILINGS, CaseCells, Paths, draw_cells

PROVINCE = "H32"
"""Electronic identifier of the province; no source was found for it."""


def body_prefix(number: int) -> str:
    """Return the first part of the identifiers of a body's cases.

    Every fourth body already uses the form that all bodies adopted years later, so both occur in one export.
    """
    return f"{PROVINCE}.{number:02d}" if number % 4 == 0 else f"000.00.{number:02d}.{PROVINCE}"


def case_ids(agency: np.ndarray, submitted: np.ndarray) -> pa.Array:
    """Return the identifiers ``<body>-<yymmdd>-<counter>`` of cases in the order of their filing.

    The counter runs by body and day and has at least four digits.

    Parameters
    ----------
    agency : np.ndarray
        Position of each case's body in `province.AGENCIES`.
    submitted : np.ndarray
        datetime64; when each case was filed, whose day is part of the identifier.
    """
    days, day = np.unique(submitted.astype("datetime64[D]"), return_inverse=True)
    counter = pd.Series(agency * len(days) + day).groupby(agency * len(days) + day).cumcount().to_numpy() + 1
    bodies = [body_prefix(number) for number in range(1, len(province.AGENCIES) + 1)]
    return pc.binary_join_element_wise(
        names_at(agency, bodies),
        names_at(day, [date.strftime("%y%m%d") for date in days.tolist()]),
        pc.utf8_lpad(pa.array(counter).cast(pa.string()), 4, "0"),
        "-",
    )


END = np.datetime64(province.LAST_DAY) + np.timedelta64(86_399, "s")
NAT = np.datetime64("NaT", "s")

OPEN_SHARE = 0.007
"""Open cases per resolved case, roughly; used only to scale the volumes of a province of a given size."""


@dataclass(frozen=True)
class SimulatedCases:
    """Cases in the order of their filing.

    Attributes
    ----------
    frame : pd.DataFrame
        See `contracts.Cases`.
    office : np.ndarray
        Row of `province.offices` of each case.
    """

    frame: pd.DataFrame
    office: np.ndarray


@dataclass(frozen=True)
class _Batch:
    """Cases of one outcome."""

    cells: CaseCells
    times: Histories
    outcome: str

    def with_times(self, **times: np.ndarray) -> _Batch:
        """Return the batch with some of its times replaced."""
        return replace(self, times=replace(self.times, **times))

    def without(self, *names: str) -> _Batch:
        """Return the batch without the named times."""
        return self.with_times(**dict.fromkeys(names, np.full(len(self.cells), NAT)))


def cases(
    seed: int, case_count: int | None, *, offices: pd.DataFrame, paths: Paths, procedures: Procedures
) -> SimulatedCases:
    """Return the cases of a province.

    Parameters
    ----------
    seed : int
        Seed of the province.
    case_count : int or None
        Exact number of cases; None lets it vary around the volumes of `province.MONTHLY_CASES`.
    offices : pd.DataFrame
        See `province.offices`.
    paths : Paths
        The true volumes and shares.
    procedures : Procedures
        The procedures.

    Notes
    -----
    Open cases are those filed by the last day that would be finished in the months past it. So open cases have the ages
    they should have, and the number of received cases does not fall off towards the end. A due date still to come has
    not been replaced yet. Withdrawn cases are drawn like resolved ones, and are withdrawn when they would have been
    finished. Refused cases have a filing and no other time.

    A case's level is the one the catalogue had on the day the case was finished. So some cases finished in the weeks
    after the step were filed, a few of them online, before their procedure was published.
    """
    known = slice(0, len(province.MONTHS))
    ahead = slice(len(province.MONTHS), len(paths.months))
    expected = paths.cases[:, known].sum()
    unresolved_share = province.WITHDRAWN_SHARE + province.REFUSED_SHARE * _mean_online(paths, known) + OPEN_SHARE
    scale = 1.0 if case_count is None else case_count / (expected * (1 + unresolved_share))
    rngs = {outcome: stream(seed, outcome) for outcome in OUTCOMES}
    field_of_office = offices["field"].to_numpy()

    def batch(outcome: str, cells: CaseCells) -> _Batch:
        times = histories(rngs[outcome], cells, procedures=procedures, paths=paths, field_of_office=field_of_office)
        return _Batch(cells, times, outcome)

    finished_ahead = draw_cells(rngs["open"], paths, ahead, share=scale)
    withdrawn = draw_cells(rngs["withdrawn"], paths, known, share=scale * province.WITHDRAWN_SHARE)
    refused = draw_cells(rngs["refused"], paths, known, share=scale * province.REFUSED_SHARE, online_only=True)
    unresolved = [
        _open(batch("open", finished_ahead)),
        batch("withdrawn", withdrawn).without("returned"),
        batch("refused", refused).without("accepted", "first_due", "due", "finished", "returned"),
    ]
    rest = None if case_count is None else max(case_count - sum(len(part.cells) for part in unresolved), 0)
    resolved = batch("resolved", draw_cells(rngs["resolved"], paths, known, total=rest))
    return _in_order_of_filing([resolved, *unresolved], offices, procedures, case_count)


def _mean_online(paths: Paths, months: slice) -> float:
    """Return the expected share filed online (0–1) of the cases of some months."""
    return float((paths.online * paths.cases)[:, months].sum() / paths.cases[:, months].sum())


def _open(batch: _Batch) -> _Batch:
    """Return the cases of a batch that were filed by the last day, without what happens to them later."""
    is_filed = batch.times.submitted <= END
    filed = _Batch(batch.cells.rows(is_filed), batch.times.rows(is_filed), batch.outcome)
    times = filed.times
    is_waiting = times.accepted > END
    due = np.where(times.first_due > END, times.first_due, times.due)
    return filed.with_times(
        accepted=np.where(is_waiting, NAT, times.accepted),
        first_due=np.where(is_waiting, NAT, times.first_due),
        due=np.where(is_waiting, NAT, due),
    ).without("finished", "returned")


def _in_order_of_filing(
    batches: list[_Batch], offices: pd.DataFrame, procedures: Procedures, case_count: int | None
) -> SimulatedCases:
    """Return the batches as one table in the order of filing, with identifiers."""
    # In a very small province there may be more unresolved cases than cases in all; the last are left out.
    submitted = np.concatenate([batch.times.submitted for batch in batches])[:case_count]
    order = np.argsort(submitted, kind="stable")

    def joined(values: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(values)[:case_count][order]

    office = joined([batch.cells.office for batch in batches])
    procedure = joined([batch.times.procedure for batch in batches])
    filing = joined([batch.cells.filing for batch in batches])
    after_step = joined([batch.cells.month for batch in batches]) >= province.MONTHS.get_loc(province.CATALOGUE_STEP)
    level = np.where(after_step, procedures.level_after[procedure], procedures.level_before[procedure])
    channel = np.array([CHANNELS.index(name) for name, _ in FILINGS])[filing]
    outcome = joined([np.full(len(batch.cells), OUTCOMES.index(batch.outcome)) for batch in batches])
    times = {
        f"{name}_at": joined([getattr(batch.times, name) for batch in batches]).astype("datetime64[ns]")
        for name in ("submitted", "accepted", "first_due", "due", "finished", "returned")
    }
    agencies, fields, districts = list(province.AGENCIES), list(province.FIELDS), list(province.DISTRICT_WEIGHTS)
    agency = np.array([agencies.index(code) for code in offices["agency"]])[office]
    district = np.array([districts.index(code) if code in districts else -1 for code in offices["district"]])[office]
    texts = {
        "case_id": case_ids(agency, times["submitted_at"]),
        "procedure_code": names_at(procedure, procedures.code.tolist()),
        "field": names_at(np.array([fields.index(code) for code in offices["field"]])[office], fields),
        "agency": names_at(agency, agencies),
        "received_at_agency": names_at(np.full(len(agency), -1), agencies),
        "district": names_at(district, districts),
        "level": names_at(level, ["", *(str(number) for number in range(1, 5))]),
        "channel": names_at(channel, list(CHANNELS)),
        "outcome": names_at(outcome, list(OUTCOMES)),
    }
    columns = {name: pd.array(values, dtype="str") for name, values in texts.items()} | times
    return SimulatedCases(pd.DataFrame({name: columns[name] for name in columns_of(Cases)}, copy=False), office)

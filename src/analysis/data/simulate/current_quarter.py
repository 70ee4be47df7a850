"""What the demo has beside its counts: the cases of the current quarter, an earlier extract, and the form filed.

Some bodies enter paper files into the system late. The counts and cases were taken months later and hold them all; the
earlier extract and the form filed lack those that were not entered by their day.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import periods
from analysis.data.form06a.write import form_from_cases, write_form
from analysis.data.simulate import province
from analysis.data.simulate.drawing import stream
from analysis.data.simulate.tallies import counts
from analysis.temporary import temporary_folder

_CODES = ["procedure_code", "field", "agency", "received_at_agency", "district", "level", "channel", "outcome"]
_TIMES = ["submitted_at", "accepted_at", "first_due_at", "due_at", "finished_at", "returned_at"]


def cases_of_the_quarter(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the cases of the current quarter: those filed by its last day and not closed before its first.

    Parameters
    ----------
    cases : pd.DataFrame
        See `contracts.Cases`.
    """
    first, end = _bounds()
    # A case refused at the door has no time but that of its filing.
    closed = cases["finished_at"].fillna(cases["returned_at"]).fillna(cases["submitted_at"])
    is_there = (cases["submitted_at"] < end) & ((cases["outcome"] == "open") | (closed >= first))
    return cases[is_there].reset_index(drop=True)


def write_quarter_cases(path: Path, cases: pd.DataFrame) -> None:
    """Write the cases of the current quarter as a Parquet file, in half the space of the usual encodings.

    Parameters
    ----------
    path : Path
        File to write.
    cases : pd.DataFrame
        See `contracts.Cases`: all cases of the province.
    """
    kept = cases_of_the_quarter(cases).astype(dict.fromkeys(_TIMES, "datetime64[ms]"))
    pq.write_table(
        pa.Table.from_pandas(kept, preserve_index=False),
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=_CODES,
        column_encoding={**dict.fromkeys(_TIMES, "DELTA_BINARY_PACKED"), "case_id": "DELTA_BYTE_ARRAY"},
    )


def earlier_counts(seed: int, cases: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of the months that were over on the day of the earlier extract, as they were known then.

    Parameters
    ----------
    seed : int
        Seed of the province.
    cases : pd.DataFrame
        See `contracts.Cases`: all cases of the province.
    """
    day = province.EARLIER_EXTRACT
    known = counts(cases[_entered_by(seed, cases, day)])
    last = periods.write(periods.reporting_month(day, province.CUTOFF_DAY) - 1)
    return known[known["period"] <= last].reset_index(drop=True)


def write_filed_form(path: Path, seed: int, cases: pd.DataFrame) -> None:
    """Write the official form of the current quarter as an office filed it, with a slip of the hand in it.

    Parameters
    ----------
    path : Path
        The XLSX file to write.
    seed : int
        Seed of the province.
    cases : pd.DataFrame
        See `contracts.Cases`: all cases of the province.
    """
    first_day, last_day = province.QUARTER
    entered = cases_of_the_quarter(cases[_entered_by(seed, cases, province.FORM_FILED_ON)])
    with temporary_folder() as folder:
        file = folder / "cases.parquet"
        entered.to_parquet(file, index=False)
        by_agency, by_field = (
            form_from_cases(file, first_day=first_day, last_day=last_day, by=by) for by in ("agency", "field")
        )
    body, column = province.MISTYPED
    row = by_agency.index[by_agency["code"] == body][0]
    by_agency.loc[row, column] = _with_swapped_digits(int(by_agency.loc[row, column]))
    write_form(
        path,
        by_agency=by_agency,
        by_field=by_field,
        first_day=first_day,
        last_day=last_day,
        reporting_body="UBND tỉnh Khánh Hòa",
        receiving_body="Văn phòng Chính phủ",
        names={**province.AGENCIES, **{code: field.name for code, field in province.FIELDS.items()}},
        simulated=True,
    )


def _bounds() -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the moments at which the current quarter begins and ends."""
    first_day, last_day = province.QUARTER
    return pd.Timestamp(first_day), pd.Timestamp(last_day) + pd.Timedelta(days=1)


def _entered_by(seed: int, cases: pd.DataFrame, day: date) -> np.ndarray:
    """Return which cases were in the system at the end of a day, of those filed by then."""
    rng = stream(seed, "late entry")
    is_late = rng.random(len(cases)) < province.LATE_ENTRY_SHARE
    is_late &= cases["agency"].isin(province.LATE_ENTRY_BODIES) & (cases["channel"] != "online")
    delay = np.where(is_late, rng.exponential(province.LATE_ENTRY_DAYS, len(cases)), 0.0)
    entered = cases["submitted_at"] + pd.to_timedelta(delay, unit="D")
    return (entered < pd.Timestamp(day) + pd.Timedelta(days=1)).to_numpy()


def _with_swapped_digits(number: int) -> int:
    """Return a number with its second and third digits swapped, as a hand types it in haste."""
    digits = list(str(number))
    digits[1], digits[2] = digits[2], digits[1]
    return int("".join(digits))

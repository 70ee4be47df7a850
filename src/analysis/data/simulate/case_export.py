"""The simulated cases as an office exports them, in the layout of ``parameters/sources/one-stop-cases.yml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.data.codes import CASE_RATINGS
from analysis.data.simulate import province
from analysis.data.simulate.drawing import names_at, stream
from analysis.data.simulate.histories import CALENDAR
from analysis.data.simulate.inventories import Procedures

HEADERS = (
    "MaHoSo", "MaHoSoKhac", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "DonViId", "MaHuyen", "MucDo",
    "KenhThucHien", "LoaiDoiTuong", "NgayNopHoSo", "HanTiepNhan", "NgayTiepNhan", "NgayHenTraLanDau", "NgayHenTra",
    "NgayKetThucXuLy", "NgayTra", "TrangThaiHoSo",
)  # fmt: skip
RATING_HEADERS = ("MaHoSo", "LoaiDanhGia", "DanhGia", "ThoiGianDanhGia")

CHANNEL_CODES = {"counter": "1", "online": "2", "post": "3"}
WAITING, REFUSED, WITHDRAWN, PROCESSED, HANDED_OVER = 1, 3, 7, 9, 10
"""Status codes of cases not yet accepted, refused, withdrawn, finished, and finished with the result handed over."""
IN_PROCESS = {2: 0.12, 4: 0.62, 5: 0.12, 6: 0.09, 8: 0.05}
"""Status codes of accepted open cases, with their shares: accepted, being processed, supplement requested, awaiting
payment, paused."""
APPLICANTS = ("Công dân", "Doanh nghiệp", "Tổ chức")
APPLICANT_SHARES = (0.78, 0.19, 0.03)
PORTAL_SHARE = 0.05
"""Share filed through the National Portal, of the cases filed online; such a case has the Portal's number, too."""

ROWS_AT_ONCE = 100_000
"""Rows held as text in memory at a time."""


@dataclass(frozen=True)
class Export:
    """Cases with what only the export records about them.

    Attributes
    ----------
    cases : pd.DataFrame
        See `contracts.Cases`.
    status, applicant, portal_number : np.ndarray
        Status code; position in `APPLICANTS`; number on the National Portal, 0 for a case without one.
    names : pa.Array
        Name of each case's procedure, as a cell of the file.
    """

    cases: pd.DataFrame
    status: np.ndarray
    applicant: np.ndarray
    portal_number: np.ndarray
    names: pa.Array

    def cells(self, rows: slice | np.ndarray) -> pa.Table:
        """Return rows as the file shows them: a table of texts with the columns `HEADERS`, empty where missing."""
        cases = self.cases.iloc[rows]
        arrow = {name: pa.array(cases[name]) for name in ("case_id", "procedure_code", "field", "agency", "district")}
        fields = list(province.FIELDS)
        field = np.array(pc.index_in(arrow["field"], pa.array(fields)))
        channels = list(CHANNEL_CODES)
        submitted = cases["submitted_at"].to_numpy().astype("datetime64[s]")
        position, second = CALENDAR.next_working_second(submitted)
        portal_number = self.portal_number[rows]
        columns = {
            "MaHoSo": arrow["case_id"],
            "MaHoSoKhac": pa.array([f"DVCQG-{number:08d}" if number else "" for number in portal_number.tolist()]),
            "MaTTHC": arrow["procedure_code"],
            "TenTTHC": self.names.take(pa.array(np.arange(len(self.cases))[rows])),
            "MaLinhVuc": pc.utf8_upper(arrow["field"]),
            "TenLinhVuc": names_at(field, [as_cell(known.name) for known in province.FIELDS.values()]),
            "DonViId": pc.utf8_upper(arrow["agency"]),
            "MaHuyen": pc.utf8_upper(arrow["district"]),
            "MucDo": pa.array(cases["level"]),
            "KenhThucHien": names_at(
                np.array(pc.index_in(pa.array(cases["channel"]), pa.array(channels))), list(CHANNEL_CODES.values())
            ),
            "LoaiDoiTuong": names_at(self.applicant[rows], list(APPLICANTS)),
            "NgayNopHoSo": _time_cells(submitted),
            "HanTiepNhan": _time_cells(CALENDAR.moment(position + 1, second)),
            "NgayTiepNhan": _time_cells(cases["accepted_at"].to_numpy()),
            "NgayHenTraLanDau": _time_cells(cases["first_due_at"].to_numpy()),
            "NgayHenTra": _time_cells(cases["due_at"].to_numpy()),
            "NgayKetThucXuLy": _time_cells(cases["finished_at"].to_numpy()),
            "NgayTra": _time_cells(cases["returned_at"].to_numpy()),
            "TrangThaiHoSo": names_at(self.status[rows], [str(code) for code in range(HANDED_OVER + 1)]),
        }
        filled = {name: pc.fill_null(pc.cast(columns[name], pa.string()), "") for name in HEADERS}
        return pa.table(filled)


def export_of(seed: int, cases: pd.DataFrame, procedures: Procedures) -> Export:
    """Return the export of a province's cases.

    Parameters
    ----------
    seed : int
        Seed of the province.
    cases : pd.DataFrame
        See `contracts.Cases`.
    procedures : Procedures
        The procedures, for their names.
    """
    rng = stream(seed, "export")
    n = len(cases)
    in_process = rng.choice(list(IN_PROCESS), n, p=list(IN_PROCESS.values()))
    statuses = {
        HANDED_OVER: (cases["outcome"] == "resolved") & cases["returned_at"].notna(),
        PROCESSED: cases["outcome"] == "resolved",
        REFUSED: cases["outcome"] == "refused",
        WITHDRAWN: cases["outcome"] == "withdrawn",
        WAITING: cases["accepted_at"].isna(),
    }
    is_online = (cases["channel"] == "online").to_numpy()
    procedure = pc.index_in(pa.array(cases["procedure_code"]), pa.array(procedures.code))
    return Export(
        cases=cases,
        status=np.select([mask.to_numpy() for mask in statuses.values()], list(statuses), in_process),
        applicant=rng.choice(len(APPLICANTS), n, p=APPLICANT_SHARES).astype(np.int8),
        portal_number=np.where(is_online & (rng.random(n) < PORTAL_SHARE), 1 + np.arange(n), 0),
        names=pa.array([as_cell(name) for name in procedures.name]).take(procedure),
    )


def write_cases_csv(
    path: Path, export: Export, *, replacements: Mapping[int, list[bytes]] | None = None, final_break: bool = True
) -> int:
    """Write the export and return the number of its rows.

    Parameters
    ----------
    path : Path
        File to write, in UTF-8 with a byte order mark, which spreadsheet programs need.
    export : Export
        What to write.
    replacements : mapping of int to list of bytes, or None
        Lines that replace a case's line, by the position of the case.
    final_break : bool
        Whether the last row ends with a line break.
    """
    replacements = replacements or {}
    n = len(export.cases)
    written = 0
    with path.open("wb") as file:
        file.write(("\ufeff" + ",".join(HEADERS)).encode())
        for start in range(0, n, ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, n))
            lines = pc.binary_join_element_wise(*export.cells(rows).columns, ",").cast(pa.binary()).to_pylist()
            for at in sorted((at for at in replacements if rows.start <= at < rows.stop), reverse=True):
                lines[at - start : at - start + 1] = replacements[at]
            file.write(b"\n" + b"\n".join(lines))
            written += len(lines)
        file.write(b"\n" if final_break else b"")
    return written


def write_ratings_csv(path: Path, case_ratings: pd.DataFrame) -> None:
    """Write the ratings of cases as the same system exports them.

    Parameters
    ----------
    path : Path
        File to write, in UTF-8 with a byte order mark.
    case_ratings : pd.DataFrame
        See `contracts.CaseRatings`.
    """
    rating = pc.index_in(pa.array(case_ratings["rating"]), pa.array(CASE_RATINGS))
    columns = [
        pa.array(case_ratings["case_id"]).cast(pa.string()),
        names_at(np.zeros(len(case_ratings), dtype=int), ["1"]),
        pc.add(rating, 1).cast(pa.string()),
        _time_cells(case_ratings["rated_at"].to_numpy()),
    ]
    lines = pc.binary_join_element_wise(*columns, ",").to_pylist()
    path.write_text("\n".join([",".join(RATING_HEADERS), *lines]) + "\n", encoding="utf-8-sig")


def _time_cells(moments: np.ndarray) -> pa.Array:
    """Return times as the export writes them, ``dd/mm/yyyy HH:MM:SS``, missing where a time is missing."""
    known = ~np.isnat(moments)
    seconds = moments.astype("datetime64[s]")
    # There are few different days and few seconds in a day, so each is formatted once.
    days, day = np.unique(seconds.astype("datetime64[D]"), return_inverse=True)
    second_of_day = (seconds - seconds.astype("datetime64[D]")).astype(np.int64)
    dates = [date.strftime("%d/%m/%Y") if date is not None else "" for date in days.tolist()]
    return pc.binary_join_element_wise(
        names_at(np.where(known, day, -1), dates), names_at(np.where(known, second_of_day, -1), _times_of_day()), " "
    )


def as_cell(value: str) -> str:
    """Return a text as a cell of the file: in quotes where it contains the delimiter or a quote."""
    return '"' + value.replace('"', '""') + '"' if "," in value or '"' in value else value


@cache
def _times_of_day() -> list[str]:
    """Return every second of a day as ``HH:MM:SS``."""
    return [f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(86_400)]

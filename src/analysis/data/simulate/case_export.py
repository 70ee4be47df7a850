"""The cases as an office hands them over: one text file in the layout of ``parameters/sources/one-stop-cases.yml``."""

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
from analysis.data.simulate.cases import text
from analysis.data.simulate.histories import CALENDAR
from analysis.data.simulate.inventories import Procedures
from analysis.data.simulate.province import stream

HEADERS = (
    "MaHoSo", "MaHoSoKhac", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "DonViId", "MaHuyen", "MucDo",
    "KenhThucHien", "LoaiDoiTuong", "NgayNopHoSo", "HanTiepNhan", "NgayTiepNhan", "NgayHenTraLanDau", "NgayHenTra",
    "NgayKetThucXuLy", "NgayTra", "TrangThaiHoSo",
)  # fmt: skip
RATING_HEADERS = ("MaHoSo", "LoaiDanhGia", "DanhGia", "ThoiGianDanhGia")

CHANNEL_CODES = {"counter": "1", "online": "2", "post": "3"}
WAITING, REFUSED, WITHDRAWN, PROCESSED, HANDED_OVER = 1, 3, 7, 9, 10
IN_PROCESS = {2: 0.12, 4: 0.62, 5: 0.12, 6: 0.09, 8: 0.05}
"""Status of the accepted open cases: accepted, being processed, supplement asked for, payment awaited, paused."""
APPLICANTS = ("Công dân", "Doanh nghiệp", "Tổ chức")
APPLICANT_SHARES = (0.78, 0.19, 0.03)
FOREIGN_SHARE = 0.05
"""Of the cases filed online, those that came through the National Portal, whose number they bear beside their own."""

ROWS_AT_ONCE = 100_000
"""Rows held as text at once."""


@dataclass(frozen=True)
class Export:
    """Cases with what only the export tells of them.

    Attributes
    ----------
    cases : pd.DataFrame
        See `contracts.Cases`.
    status, applicant, foreign : np.ndarray
        Status code; position in `APPLICANTS`; number on the National Portal, or 0.
    names : pa.Array
        Name of each case's procedure, as a cell.
    """

    cases: pd.DataFrame
    status: np.ndarray
    applicant: np.ndarray
    foreign: np.ndarray
    names: pa.Array

    def cells(self, rows: slice | np.ndarray) -> pa.Table:
        """Return rows as they stand in the file: a table of text with `HEADERS`, missing cells empty."""
        cases = self.cases.iloc[rows]
        arrow = {name: pa.array(cases[name]) for name in ("case_id", "procedure_code", "field", "agency", "district")}
        fields = list(province.FIELDS)
        field = np.array(pc.index_in(arrow["field"], pa.array(fields)))
        channels = list(CHANNEL_CODES)
        submitted = cases["submitted_at"].to_numpy().astype("datetime64[s]")
        position, second = CALENDAR.next_working_second(submitted)
        foreign = self.foreign[rows]
        columns = {
            "MaHoSo": arrow["case_id"],
            "MaHoSoKhac": pa.array([f"DVCQG-{number:08d}" if number else "" for number in foreign.tolist()]),
            "MaTTHC": arrow["procedure_code"],
            "TenTTHC": self.names.take(pa.array(np.arange(len(self.cases))[rows])),
            "MaLinhVuc": pc.utf8_upper(arrow["field"]),
            "TenLinhVuc": text(field, [as_cell(one.name) for one in province.FIELDS.values()]),
            "DonViId": pc.utf8_upper(arrow["agency"]),
            "MaHuyen": pc.utf8_upper(arrow["district"]),
            "MucDo": pa.array(cases["level"]),
            "KenhThucHien": text(
                np.array(pc.index_in(pa.array(cases["channel"]), pa.array(channels))), list(CHANNEL_CODES.values())
            ),
            "LoaiDoiTuong": text(self.applicant[rows], list(APPLICANTS)),
            "NgayNopHoSo": clock(submitted),
            "HanTiepNhan": clock(CALENDAR.moment(position + 1, second)),
            "NgayTiepNhan": clock(cases["accepted_at"].to_numpy()),
            "NgayHenTraLanDau": clock(cases["first_due_at"].to_numpy()),
            "NgayHenTra": clock(cases["due_at"].to_numpy()),
            "NgayKetThucXuLy": clock(cases["finished_at"].to_numpy()),
            "NgayTra": clock(cases["returned_at"].to_numpy()),
            "TrangThaiHoSo": text(self.status[rows], [str(code) for code in range(HANDED_OVER + 1)]),
        }
        filled = {name: pc.fill_null(pc.cast(columns[name], pa.string()), "") for name in HEADERS}
        return pa.table(filled)


def export_of(seed: int, cases: pd.DataFrame, procedures: Procedures) -> Export:
    """Return the export of a province's cases.

    Parameters
    ----------
    seed : int
        Of the province.
    cases : pd.DataFrame
        See `contracts.Cases`.
    procedures : Procedures
        Whose names the export shows.
    """
    rng = stream(seed, "export")
    n = len(cases)
    running = rng.choice(list(IN_PROCESS), n, p=list(IN_PROCESS.values()))
    kinds = {
        HANDED_OVER: (cases["outcome"] == "resolved") & cases["returned_at"].notna(),
        PROCESSED: cases["outcome"] == "resolved",
        REFUSED: cases["outcome"] == "refused",
        WITHDRAWN: cases["outcome"] == "withdrawn",
        WAITING: cases["accepted_at"].isna(),
    }
    online = (cases["channel"] == "online").to_numpy()
    at = pc.index_in(pa.array(cases["procedure_code"]), pa.array(procedures.code))
    return Export(
        cases=cases,
        status=np.select([one.to_numpy() for one in kinds.values()], list(kinds), running),
        applicant=rng.choice(len(APPLICANTS), n, p=APPLICANT_SHARES).astype(np.int8),
        foreign=np.where(online & (rng.random(n) < FOREIGN_SHARE), 1 + np.arange(n), 0),
        names=pa.array([as_cell(name) for name in procedures.name]).take(at),
    )


def write_cases_csv(
    path: Path, export: Export, *, instead: Mapping[int, list[bytes]] | None = None, final_break: bool = True
) -> int:
    """Write the export and return how many rows it has.

    Parameters
    ----------
    path : Path
        File to write, in UTF-8 with a byte order mark, as spreadsheets want it.
    export : Export
        What to write.
    instead : mapping of int to list of bytes, or None
        Lines that stand in the place of a case's line, by its position.
    final_break : bool
        Whether the last row ends with a line break.
    """
    instead = instead or {}
    n = len(export.cases)
    written = 0
    with path.open("wb") as file:
        file.write(("\ufeff" + ",".join(HEADERS)).encode())
        for start in range(0, n, ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, n))
            lines = pc.binary_join_element_wise(*export.cells(rows).columns, ",").cast(pa.binary()).to_pylist()
            for at in sorted((at for at in instead if rows.start <= at < rows.stop), reverse=True):
                lines[at - start : at - start + 1] = instead[at]
            file.write(b"\n" + b"\n".join(lines))
            written += len(lines)
        file.write(b"\n" if final_break else b"")
    return written


def write_ratings_csv(path: Path, case_ratings: pd.DataFrame) -> None:
    """Write the ratings of cases (`contracts.CaseRatings`) as the same system hands them over."""
    rating = pc.index_in(pa.array(case_ratings["rating"]), pa.array(CASE_RATINGS))
    columns = [
        pa.array(case_ratings["case_id"]).cast(pa.string()),
        text(np.zeros(len(case_ratings), dtype=int), ["1"]),
        pc.add(rating, 1).cast(pa.string()),
        clock(case_ratings["rated_at"].to_numpy()),
    ]
    lines = pc.binary_join_element_wise(*columns, ",").to_pylist()
    path.write_text("\n".join([",".join(RATING_HEADERS), *lines]) + "\n", encoding="utf-8-sig")


def clock(moments: np.ndarray) -> pa.Array:
    """Return times as the export writes them, ``dd/mm/yyyy HH:MM:SS``; missing where there is none."""
    known = ~np.isnat(moments)
    seconds = moments.astype("datetime64[s]")
    # Few days and few seconds of the day are ever different: each is written once.
    days, day = np.unique(seconds.astype("datetime64[D]"), return_inverse=True)
    within = (seconds - seconds.astype("datetime64[D]")).astype(np.int64)
    written = [one.strftime("%d/%m/%Y") if one is not None else "" for one in days.tolist()]
    return pc.binary_join_element_wise(
        text(np.where(known, day, -1), written), text(np.where(known, within, -1), _times_of_day()), " "
    )


def as_cell(value: str) -> str:
    """Return text as a cell of the file: quoted where it holds the delimiter or a quote."""
    return '"' + value.replace('"', '""') + '"' if "," in value or '"' in value else value


@cache
def _times_of_day() -> list[str]:
    return [f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(86_400)]

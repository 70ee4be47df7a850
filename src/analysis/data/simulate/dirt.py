"""The dirty twin of an export: every fault a case can have, each on rows of its own, so that its number is known."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.simulate.case_export import CHANNEL_CODES, HEADERS, Export, as_cell
from analysis.data.simulate.cases import PROVINCE
from analysis.data.simulate.province import stream
from analysis.faults import BadParameters

ROWS_PER_FAULT = 5000
"""Cases for each row of one recipe: a dirty export has some per mille of faults."""
LEAST = 2

NOT_TEXT = "\udcff"
"""Comes out as a byte that UTF-8 does not know."""
AFTER_EXTRACTION = "05/01/2022 08:00:00"
DECOMPOSED = {"DATDAI": "ĐấtĐai", "HOTICH": "HộTịch", "XAYDUNG": "XâyDựng", "THUE": "Thuế", "YTE": "YTế"}
"""Fields by a name that folds to their code, to be written in decomposed letters."""

Row = dict[str, str]
Spoil = Callable[[Row, int], list[bytes]]


@dataclass(frozen=True)
class Dirt:
    """What stands in the export instead of clean lines.

    Attributes
    ----------
    instead : dict
        Lines by position of the case; see `export.write_cases_csv`.
    faults : dict
        How often each fault was made, by its code.
    """

    instead: dict[int, list[bytes]]
    faults: dict[str, int]


@dataclass(frozen=True)
class Recipe:
    """How one fault is made.

    Attributes
    ----------
    code : str
        The fault a reader finds, of several the first in the order of ``ingest.quality``.
    spoil : callable
        A clean row and a running number → the lines that stand in its place.
    on : str
        Which rows it can be made on; see `_fitting`.
    """

    code: str
    spoil: Spoil
    on: str = "any"


def soiled(seed: int, export: Export) -> Dirt:
    """Return the dirt of a province's export.

    Every recipe is made on as many rows; no row gets two, and none has anything to flag before. The last line has no
    line break (the writer leaves it out) and nothing else. Rows added beside a case's own are totals and duplicates.

    Parameters
    ----------
    seed : int
        Of the province.
    export : Export
        The clean export.

    Raises
    ------
    BadParameters
        It has too few rows.
    """
    n = len(export.cases)
    number = max(n // ROWS_PER_FAULT, LEAST)
    order = stream(seed, "dirt").permutation(n)
    fitting = _fitting(export)
    free = np.ones(n, dtype=bool)
    free[-1] = False
    instead: dict[int, list[bytes]] = {}
    faults: dict[str, int] = {"last_line_unfinished": 1}
    for at, recipe in enumerate(RECIPES):
        rows = order[(free & fitting[recipe.on])[order]][:number]
        if len(rows) < number:
            raise BadParameters(f"{n} cases are too few for a dirty export: no row is left for {recipe.code}")
        free[rows] = False
        for running, (row, cells) in enumerate(zip(rows.tolist(), export.cells(rows).to_pylist(), strict=True)):
            instead[row] = recipe.spoil(cells, at * number + running)
        faults[recipe.code] = faults.get(recipe.code, 0) + number
    return Dirt(instead, faults)


def _fitting(export: Export) -> dict[str, np.ndarray]:
    """Return which rows are whole and unremarkable, and which of them are of a special kind."""
    cases = export.cases
    whole = (cases["outcome"] == "resolved") & (cases["due_at"] == cases["first_due_at"]) & (export.foreign == 0)
    whole &= cases["returned_at"].notna()
    same_day = cases["submitted_at"].dt.normalize() == cases["accepted_at"].dt.normalize()
    kinds = {
        "any": whole,
        "online": whole & (cases["channel"] == "online"),
        "named": whole & cases["field"].str.upper().isin(DECOMPOSED),
        "accepted on the day": whole & same_day & (cases["accepted_at"] < pd.Timestamp("2021-12-01")),
    }
    return {name: kind.to_numpy() for name, kind in kinds.items()}


def _line(row: Row) -> bytes:
    return ",".join(row[name] for name in HEADERS).encode("utf-8", "surrogateescape")


def _with(**cells: str) -> Spoil:
    return lambda row, running: [_line({**row, **cells})]


def _moved(cell: str, days: int) -> str:
    form = "%d/%m/%Y %H:%M:%S"
    return (datetime.strptime(cell, form) + timedelta(days=days)).strftime(form)


def _moving(to: str, by: str, days: int, *also: str) -> Spoil:
    """Return a recipe that sets a date so many days from another, and others to the same."""

    def spoil(row: Row, running: int) -> list[bytes]:
        return [_line({**row, **dict.fromkeys((to, *also), _moved(row[by], days))})]

    return spoil


def _too_few(row: Row, running: int) -> list[bytes]:
    return [_line(row).rpartition(b",")[0]]


def _too_many(row: Row, running: int) -> list[bytes]:
    return [_line({**row, "LoaiDoiTuong": row["LoaiDoiTuong"] + ", hộ gia đình"})]


def _too_few_and_not_text(row: Row, running: int) -> list[bytes]:
    return _too_few({**row, "DonViId": row["DonViId"] + NOT_TEXT}, running)


def _not_text(row: Row, running: int) -> list[bytes]:
    return [_line({**row, "DonViId": row["DonViId"] + NOT_TEXT})]


def _total_beside(row: Row, running: int) -> list[bytes]:
    return [_line(row), _line({**dict.fromkeys(HEADERS, ""), "MaHoSo": "Tổng cộng"})]


def _decomposed(row: Row, running: int) -> list[bytes]:
    return [_line({**row, "MaLinhVuc": unicodedata.normalize("NFD", DECOMPOSED[row["MaLinhVuc"]])})]


def _foreign_form(row: Row, running: int) -> list[bytes]:
    return [_line({**row, "MaHoSo": f"HS/{running:06d}"})]


def _of_another_day(row: Row, running: int) -> list[bytes]:
    # Bodies 97 and 98 do not exist, so that such an identifier is nobody else's.
    day = datetime.strptime(row["NgayTiepNhan"], "%d/%m/%Y %H:%M:%S") + timedelta(days=40)
    return [_line({**row, "MaHoSo": f"000.00.97.{PROVINCE}-{day:%y%m%d}-{running:05d}"})]


def _twin(row: Row, running: int) -> list[bytes]:
    return [_line(row), _line(row)]


def _older_copy(row: Row, running: int) -> list[bytes]:
    return [_line({**row, **STILL_OPEN, "NgayTra": ""}), _line(row)]


def _under_another_id(row: Row, running: int) -> list[bytes]:
    day = row["MaHoSo"].split("-")[1]
    return [
        _line(row),
        _line({**row, "MaHoSo": f"000.00.98.{PROVINCE}-{day}-{running:05d}", "MaHoSoKhac": row["MaHoSo"]}),
    ]


def _in_the_other_form(row: Row, running: int) -> list[bytes]:
    body, day, counter = row["MaHoSo"].split("-")
    if body.startswith(PROVINCE):
        body = f"000.00.{body.removeprefix(PROVINCE + '.')}.{PROVINCE}"
    else:
        body = f"{PROVINCE}.{body.split('.')[2]}"
    return [_line(row), _line({**row, "MaHoSo": f"{body}-{day}-{counter}"})]


STILL_OPEN = {"TrangThaiHoSo": "4", "NgayKetThucXuLy": ""}
NO_DUE = {"NgayHenTraLanDau": "", "NgayHenTra": ""}

RECIPES = (
    Recipe("column_count", _too_few),
    Recipe("column_count", _too_many),
    Recipe("undecodable", _not_text),
    Recipe("total_row", _total_beside),
    Recipe("case_id_missing", _with(MaHoSo="")),
    Recipe("code_unknown", _with(KenhThucHien="7")),
    Recipe("code_unknown", _with(MucDo="5")),
    Recipe("code_unknown", _with(TrangThaiHoSo="11")),
    Recipe("date_unreadable", _with(NgayHenTra="31/02/2021")),
    Recipe("date_unreadable", _with(NgayNopHoSo="abc")),
    Recipe("date_unreadable", _with(NgayKetThucXuLy="2021-13-01")),
    Recipe("date_unreadable", _with(NgayTiepNhan="05/03/1021 08:00:00")),
    Recipe("value_missing", _with(TrangThaiHoSo="")),
    Recipe("accepted_missing", _with(NgayTiepNhan="")),
    Recipe("accepted_missing", _with(**STILL_OPEN, NgayTra="", NgayNopHoSo="", NgayTiepNhan="")),
    Recipe("finished_missing", _with(NgayKetThucXuLy="")),
    Recipe("accepted_in_future", _with(**STILL_OPEN, **NO_DUE, NgayTra="", NgayTiepNhan=AFTER_EXTRACTION)),
    Recipe("finished_in_future", _with(NgayKetThucXuLy=AFTER_EXTRACTION, NgayTra="")),
    Recipe("finished_before_accepted", _moving("NgayKetThucXuLy", "NgayTiepNhan", -3)),
    Recipe("duplicate_case_id", _twin),
    Recipe("duplicate_case_id", _older_copy),
    Recipe("duplicate_across_systems", _under_another_id),
    Recipe("duplicate_across_systems", _in_the_other_form),
    # Several faults in one row: the first of the closed table is the one told.
    Recipe("column_count", _too_few_and_not_text),
    Recipe("undecodable", _with(DonViId="STNMT" + NOT_TEXT, MaHoSo="")),
    Recipe("case_id_missing", _with(MaHoSo="", NgayKetThucXuLy="")),
    Recipe("code_unknown", _with(KenhThucHien="7", NgayHenTra="31/02/2021")),
    Recipe("date_unreadable", _with(NgayNopHoSo="abc", TrangThaiHoSo="")),
    Recipe("accepted_in_future", _with(NgayTiepNhan=AFTER_EXTRACTION)),
    Recipe("not_nfc", _decomposed, on="named"),
    Recipe("case_id_form_unknown", _foreign_form),
    Recipe("case_id_day_differs", _of_another_day),
    Recipe("not_yet_accepted", _with(**{**STILL_OPEN, "TrangThaiHoSo": "1"}, **NO_DUE, NgayTra="", NgayTiepNhan="")),
    Recipe("online_below_level_3", _with(MucDo="2"), on="online"),
    Recipe("due_date_replaced", _moving("NgayHenTraLanDau", "NgayHenTra", -3)),
    Recipe("due_before_accepted", _moving("NgayHenTra", "NgayTiepNhan", -2, "NgayHenTraLanDau")),
    Recipe("submitted_after_accepted", _moving("NgayNopHoSo", "NgayTiepNhan", 2), on="accepted on the day"),
    Recipe("returned_before_finished", _moving("NgayTra", "NgayKetThucXuLy", -1)),
    Recipe("open_with_finish", _with(TrangThaiHoSo="4", NgayTra="")),
)
"""One line a fault; a new one of ``ingest.quality`` gets a line here."""

COUNT_HEADERS = ("Ky", "DonVi", "LinhVuc", "Kenh", "TiepNhan", "GiaiQuyet")
FIRST_PERIOD = "2021-01"
"""Only the last year is told: a table that somebody could keep by hand."""

FAULTY = {
    "number_not_whole": ("GiaiQuyet", "1.234,5"),
    "number_negative": ("TiepNhan", "-12"),
    "number_unreadable": ("GiaiQuyet", "khoảng 40"),
    "value_missing": ("Ky", ""),
}
"""By fault: column and cell."""
ROWS_OF_EACH_COUNT_FAULT = 7


def write_dirty_counts(path: Path, seed: int, counts: pd.DataFrame) -> dict[str, Any]:
    """Write the counts of the last year, some of them faulty, and return what is in the file.

    Numbers have a full stop between thousands and would have a decimal comma; channels are coded as in the export of
    cases. Each fault stands on rows of its own.

    Parameters
    ----------
    path : Path
        File to write: UTF-8, comma-separated.
    seed : int
        Of the province.
    counts : pd.DataFrame
        See `contracts.Counts`.

    Returns
    -------
    dict
        `counts_rows`, rows in the file, and `counts_faults`, rows with each fault.
    """
    by = ["period", "agency", "field", "channel"]
    year = counts[counts["period"] >= FIRST_PERIOD]
    sums = year.groupby(by, as_index=False)[["received", "resolved"]].sum()
    columns = [
        sums["period"].tolist(),
        sums["agency"].str.upper().tolist(),
        sums["field"].str.upper().tolist(),
        sums["channel"].map(CHANNEL_CODES).tolist(),
        *([f"{number:,}".replace(",", ".") for number in sums[name]] for name in ("received", "resolved")),
    ]
    rows = [list(row) for row in zip(*columns, strict=True)]
    number = min(ROWS_OF_EACH_COUNT_FAULT, len(rows) // len(FAULTY))
    chosen = stream(seed, "dirty counts").permutation(len(rows)).tolist()
    for at, (column, cell) in enumerate(FAULTY.values()):
        for row in chosen[at * number : (at + 1) * number]:
            rows[row][COUNT_HEADERS.index(column)] = cell
    lines = [",".join(as_cell(cell) for cell in row) for row in [list(COUNT_HEADERS), *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return {"counts_rows": len(rows), "counts_faults": dict.fromkeys(FAULTY, number)}

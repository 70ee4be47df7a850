"""Faults planted in an export of cases or counts, each on rows of its own, so that the number of each is known.

The export with faults is the dirty one; its clean twin comes from the same seed.
"""

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
from analysis.data.simulate.drawing import stream
from analysis.faults import BadParameters

CASES_PER_ROW = 5000
"""Cases per row of one recipe: a dirty export has a few faults per thousand rows."""
FEWEST_ROWS = 2
"""Fewest rows of one recipe."""

NOT_TEXT = "\udcff"
"""Encoded as a byte that is not valid in UTF-8."""
AFTER_EXTRACTION = "05/01/2022 08:00:00"
DECOMPOSED = {"DATDAI": "ĐấtĐai", "HOTICH": "HộTịch", "XAYDUNG": "XâyDựng", "THUE": "Thuế", "YTE": "YTế"}
"""By code of a field: a name that folds to the code, to be written in decomposed letters."""

Row = dict[str, str]
FaultMaker = Callable[[Row, int], list[bytes]]
"""From a clean row and a number that is unique in the export, the lines that replace the row's line."""


@dataclass(frozen=True)
class PlantedFaults:
    """Lines with faults, and the number of faults they have.

    Attributes
    ----------
    replacements : dict
        Lines that replace a case's line, by the position of the case; see `case_export.write_cases_csv`.
    counts : dict
        Number of faults by code.
    """

    replacements: dict[int, list[bytes]]
    counts: dict[str, int]


@dataclass(frozen=True)
class Recipe:
    """How one fault is made.

    Attributes
    ----------
    code : str
        The fault that row validation finds; of several faults in a row, the first in `ingest.fault_codes.FAULTS`.
    make : callable
        Returns the lines with the fault; see `FaultMaker`.
    rows : str
        Which rows can have it; see `_suitable_rows`.
    """

    code: str
    make: FaultMaker
    rows: str = "any"


def plant_faults(seed: int, export: Export) -> PlantedFaults:
    """Return the faults to plant in a province's export.

    Every recipe is used on the same number of rows. No row gets two, and no row used has anything to flag before. The
    last line lacks its line break (the writer leaves it out) and has no other fault. The rows added to those of the
    cases are totals and duplicates.

    Parameters
    ----------
    seed : int
        Seed of the province.
    export : Export
        The clean export.

    Raises
    ------
    BadParameters
        The export has too few rows.
    """
    n = len(export.cases)
    rows_per_recipe = max(n // CASES_PER_ROW, FEWEST_ROWS)
    order = stream(seed, "dirt").permutation(n)
    suitable = _suitable_rows(export)
    is_free = np.ones(n, dtype=bool)
    is_free[-1] = False
    replacements: dict[int, list[bytes]] = {}
    counts: dict[str, int] = {"last_line_unfinished": 1}
    for at, recipe in enumerate(RECIPES):
        rows = order[(is_free & suitable[recipe.rows])[order]][:rows_per_recipe]
        if len(rows) < rows_per_recipe:
            raise BadParameters(f"{n} cases are too few for a dirty export: no row is left for {recipe.code}")
        is_free[rows] = False
        for number, (row, cells) in enumerate(zip(rows.tolist(), export.cells(rows).to_pylist(), strict=True)):
            replacements[row] = recipe.make(cells, at * rows_per_recipe + number)
        counts[recipe.code] = counts.get(recipe.code, 0) + rows_per_recipe
    return PlantedFaults(replacements, counts)


def _suitable_rows(export: Export) -> dict[str, np.ndarray]:
    """Return masks of the rows that are complete with nothing to flag: all of them, and those of a special kind."""
    cases = export.cases
    clean = (cases["outcome"] == "resolved") & (cases["due_at"] == cases["first_due_at"]) & (export.portal_number == 0)
    clean &= cases["returned_at"].notna()
    same_day = cases["submitted_at"].dt.normalize() == cases["accepted_at"].dt.normalize()
    masks = {
        "any": clean,
        "online": clean & (cases["channel"] == "online"),
        "named": clean & cases["field"].str.upper().isin(DECOMPOSED),
        "accepted on the day": clean & same_day & (cases["accepted_at"] < pd.Timestamp("2021-12-01")),
    }
    return {name: mask.to_numpy() for name, mask in masks.items()}


def _line(row: Row) -> bytes:
    return ",".join(row[name] for name in HEADERS).encode("utf-8", "surrogateescape")


def _with(**cells: str) -> FaultMaker:
    """Return a maker of rows in which some cells are replaced."""
    return lambda row, number: [_line({**row, **cells})]


def _moved(cell: str, days: int) -> str:
    form = "%d/%m/%Y %H:%M:%S"
    return (datetime.strptime(cell, form) + timedelta(days=days)).strftime(form)


def _moving(target: str, source: str, days: int, *others: str) -> FaultMaker:
    """Return a maker of rows in which a date, and others with it, is set so many days after another date."""

    def make(row: Row, number: int) -> list[bytes]:
        return [_line({**row, **dict.fromkeys((target, *others), _moved(row[source], days))})]

    return make


def _too_few(row: Row, number: int) -> list[bytes]:
    return [_line(row).rpartition(b",")[0]]


def _too_many(row: Row, number: int) -> list[bytes]:
    return [_line({**row, "LoaiDoiTuong": row["LoaiDoiTuong"] + ", hộ gia đình"})]


def _too_few_and_not_text(row: Row, number: int) -> list[bytes]:
    return _too_few({**row, "DonViId": row["DonViId"] + NOT_TEXT}, number)


def _not_text(row: Row, number: int) -> list[bytes]:
    return [_line({**row, "DonViId": row["DonViId"] + NOT_TEXT})]


def _total_beside(row: Row, number: int) -> list[bytes]:
    return [_line(row), _line({**dict.fromkeys(HEADERS, ""), "MaHoSo": "Tổng cộng"})]


def _decomposed(row: Row, number: int) -> list[bytes]:
    return [_line({**row, "MaLinhVuc": unicodedata.normalize("NFD", DECOMPOSED[row["MaLinhVuc"]])})]


def _unknown_form(row: Row, number: int) -> list[bytes]:
    return [_line({**row, "MaHoSo": f"HS/{number:06d}"})]


def _of_another_day(row: Row, number: int) -> list[bytes]:
    # Bodies 97 and 98 do not exist, so no other case has such an identifier.
    day = datetime.strptime(row["NgayTiepNhan"], "%d/%m/%Y %H:%M:%S") + timedelta(days=40)
    return [_line({**row, "MaHoSo": f"000.00.97.{PROVINCE}-{day:%y%m%d}-{number:05d}"})]


def _twice(row: Row, number: int) -> list[bytes]:
    return [_line(row), _line(row)]


def _older_copy(row: Row, number: int) -> list[bytes]:
    return [_line({**row, **STILL_OPEN, "NgayTra": ""}), _line(row)]


def _under_another_id(row: Row, number: int) -> list[bytes]:
    day = row["MaHoSo"].split("-")[1]
    return [
        _line(row),
        _line({**row, "MaHoSo": f"000.00.98.{PROVINCE}-{day}-{number:05d}", "MaHoSoKhac": row["MaHoSo"]}),
    ]


def _in_the_other_form(row: Row, number: int) -> list[bytes]:
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
    Recipe("duplicate_case_id", _twice),
    Recipe("duplicate_case_id", _older_copy),
    Recipe("duplicate_across_systems", _under_another_id),
    Recipe("duplicate_across_systems", _in_the_other_form),
    # Several faults in one row: the first one in the order of `FAULTS` is reported.
    Recipe("column_count", _too_few_and_not_text),
    Recipe("undecodable", _with(DonViId="STNMT" + NOT_TEXT, MaHoSo="")),
    Recipe("case_id_missing", _with(MaHoSo="", NgayKetThucXuLy="")),
    Recipe("code_unknown", _with(KenhThucHien="7", NgayHenTra="31/02/2021")),
    Recipe("date_unreadable", _with(NgayNopHoSo="abc", TrangThaiHoSo="")),
    Recipe("accepted_in_future", _with(NgayTiepNhan=AFTER_EXTRACTION)),
    Recipe("not_nfc", _decomposed, rows="named"),
    Recipe("case_id_form_unknown", _unknown_form),
    Recipe("case_id_day_differs", _of_another_day),
    Recipe("not_yet_accepted", _with(**{**STILL_OPEN, "TrangThaiHoSo": "1"}, **NO_DUE, NgayTra="", NgayTiepNhan="")),
    Recipe("online_below_level_3", _with(MucDo="2"), rows="online"),
    Recipe("due_date_replaced", _moving("NgayHenTraLanDau", "NgayHenTra", -3)),
    Recipe("due_before_accepted", _moving("NgayHenTra", "NgayTiepNhan", -2, "NgayHenTraLanDau")),
    Recipe("submitted_after_accepted", _moving("NgayNopHoSo", "NgayTiepNhan", 2), rows="accepted on the day"),
    Recipe("returned_before_finished", _moving("NgayTra", "NgayKetThucXuLy", -1)),
    Recipe("open_with_finish", _with(TrangThaiHoSo="4", NgayTra="")),
)
"""Every fault that a case can have; a new one in `ingest.fault_codes.FAULTS` needs a recipe here."""

COUNT_HEADERS = ("Ky", "DonVi", "LinhVuc", "Kenh", "TiepNhan", "GiaiQuyet")
FIRST_PERIOD = "2021-01"
"""Only the last year is written: a table of a size that an office could maintain by hand."""

FAULTY_CELLS = {
    "number_not_whole": ("GiaiQuyet", "1.234,5"),
    "number_negative": ("TiepNhan", "-12"),
    "number_unreadable": ("GiaiQuyet", "khoảng 40"),
    "value_missing": ("Ky", ""),
}
"""Column and cell of each fault, by its code."""
ROWS_OF_EACH_COUNT_FAULT = 7


def write_dirty_counts(path: Path, seed: int, counts: pd.DataFrame) -> dict[str, Any]:
    """Write the counts of the last year, some of them with faults, and return the number of rows and faults.

    Numbers are written with a full stop between thousands; channels are coded as in the export of cases. Each fault is
    on rows of its own.

    Parameters
    ----------
    path : Path
        File to write: UTF-8, comma-separated.
    seed : int
        Seed of the province.
    counts : pd.DataFrame
        See `contracts.Counts`.

    Returns
    -------
    dict
        `counts_rows`: rows in the file. `counts_faults`: number of rows with each fault, by its code.
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
    rows_per_fault = min(ROWS_OF_EACH_COUNT_FAULT, len(rows) // len(FAULTY_CELLS))
    order = stream(seed, "dirty counts").permutation(len(rows)).tolist()
    for at, (column, cell) in enumerate(FAULTY_CELLS.values()):
        for row in order[at * rows_per_fault : (at + 1) * rows_per_fault]:
            rows[row][COUNT_HEADERS.index(column)] = cell
    lines = [",".join(as_cell(cell) for cell in row) for row in [list(COUNT_HEADERS), *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return {"counts_rows": len(rows), "counts_faults": dict.fromkeys(FAULTY_CELLS, rows_per_fault)}

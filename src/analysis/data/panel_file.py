"""The exchange format for shares and means: a CSV file with a row per series and period.

A share has the columns `series, period, numerator, denominator`, a mean `series, period, total, total_squares, cases`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from analysis.faults import BadData
from analysis.periods import parse

COLUMNS = ["series", "period", "numerator", "denominator"]
MEAN_COLUMNS = ["series", "period", "total", "total_squares", "cases"]

ROUNDING = 1e-9
"""Relative error of printed sums that is no fault of a file."""


def read_panel_file(path: Path) -> pd.DataFrame:
    """Return the rows of a panel file: `series, period` as text, and the numbers of a share or a mean.

    A file with a column `total` is one of means: `total, total_squares` in units of the quantity and their square, and
    `cases`; any other is one of shares: `numerator, denominator` in whole cases. Other columns are ignored. A row
    without any number means that the period was not reported; so does the lack of
    a row.

    Parameters
    ----------
    path : Path
        UTF-8, comma-separated, with a header.

    Raises
    ------
    BadData
        The file is no such CSV file, has no rows or lacks a column; or, with the line: a series has no name, a period
        or count is not valid, a series has the same period twice, or months and quarters are mixed.
    """
    try:
        frame = pd.read_csv(
            path, dtype=str, keep_default_na=False, usecols=lambda name: name in {*COLUMNS, *MEAN_COLUMNS}
        )
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise BadData(f"{path}: a CSV file with the columns {', '.join(COLUMNS)} was expected: {reason}") from error
    columns = MEAN_COLUMNS if "total" in frame.columns and "numerator" not in frame.columns else COLUMNS
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise BadData(f"{path}: the column {missing[0]!r} is missing; {', '.join(columns)} were expected")
    if frame.empty:
        raise BadData(f"{path}: it has no rows")

    def refuse(is_wrong: pd.Series, reason: str, column: str) -> None:
        if is_wrong.any():
            position = int(is_wrong.to_numpy().argmax())
            row = frame.iloc[position]
            value = row[column]
            found = f"{column} {value!r}" if isinstance(value, str) else f"{column} {value:.0f}"
            raise BadData(
                f"{path} line {position + 2}: {reason}; series {row['series']!r}, period {row['period']!r}, {found}"
            )

    refuse(frame["series"] == "", "a series has no name", "series")
    is_period = {label: _is_period(label) for label in frame["period"].unique()}
    refuse(frame["period"].map(lambda label: not is_period[label]), "a period is written 2021-09 or 2021Q3", "period")
    quarterly = frame["period"].str.contains("Q")
    refuse(quarterly != quarterly.iloc[0], "months and quarters are mixed", "period")
    refuse(frame.duplicated(["series", "period"]), "the same series and period twice", "period")
    for name in columns[2:]:
        text = frame[name].str.strip()
        number = pd.to_numeric(text, errors="coerce")
        if name in ("total", "total_squares"):
            refuse((text != "") & ~number.between(0, sys.float_info.max), "not a number of zero or more", name)
        else:
            wrong = number.isna() | (number < 0) | (number % 1 != 0)
            refuse((text != "") & wrong, "not a whole number of cases", name)
        frame[name] = number
    if columns is MEAN_COLUMNS:
        total, squares, cases = frame["total"], frame["total_squares"], frame["cases"]
        known = frame[MEAN_COLUMNS[2:]].notna()
        refuse(known.any(axis=1) & ~known.all(axis=1), "some of the three numbers without the others", "cases")
        refuse((cases == 0) & ((total > 0) | (squares > 0)), "a total without a case", "total")
        refuse(total**2 > squares * cases * (1 + ROUNDING), "squares too small for the total", "total_squares")
        return frame[MEAN_COLUMNS]
    refuse(frame["numerator"].isna() != frame["denominator"].isna(), "one count without the other", "numerator")
    refuse(frame["numerator"] > frame["denominator"], "a numerator above its denominator", "numerator")
    return frame[COLUMNS]


def _is_period(label: str) -> bool:
    try:
        parse(label)
    except ValueError:
        return False
    return True

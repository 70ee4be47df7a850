"""The exchange format for shares: a CSV file with the columns `series, period, numerator, denominator`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.faults import BadData
from analysis.periods import parse

COLUMNS = ["series", "period", "numerator", "denominator"]


def read_panel_file(path: Path) -> pd.DataFrame:
    """Return the rows of a panel file: `series, period` as text, `numerator, denominator` in whole cases.

    Other columns are ignored. A row without either count means that the period was not reported; so does the lack of
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
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, usecols=lambda name: name in COLUMNS)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise BadData(f"{path}: a CSV file with the columns {', '.join(COLUMNS)} was expected: {reason}") from error
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise BadData(f"{path}: the column {missing[0]!r} is missing; {', '.join(COLUMNS)} were expected")
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
    for name in ("numerator", "denominator"):
        text = frame[name].str.strip()
        number = pd.to_numeric(text, errors="coerce")
        refuse((text != "") & (number.isna() | (number < 0) | (number % 1 != 0)), "not a whole number of cases", name)
        frame[name] = number
    refuse(frame["numerator"].isna() != frame["denominator"].isna(), "one count without the other", "numerator")
    refuse(frame["numerator"] > frame["denominator"], "a numerator above its denominator", "numerator")
    return frame[COLUMNS]


def _is_period(label: str) -> bool:
    try:
        parse(label)
    except ValueError:
        return False
    return True

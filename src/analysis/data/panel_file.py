"""The plain exchange format of a share: a CSV file of `series, period, numerator, denominator`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.faults import BadData
from analysis.periods import parse

COLUMNS = ["series", "period", "numerator", "denominator"]


def read_panel_file(path: Path) -> pd.DataFrame:
    """Return the rows of a panel file: `series, period` as text, `numerator, denominator` in whole cases.

    Other columns are ignored. A row without both counts says that the period was not reported; so does no row.

    Parameters
    ----------
    path : Path
        UTF-8, comma-separated, with a header.

    Raises
    ------
    BadData
        Not such a file, no rows, a column missing, a period or count that cannot be, the same series and period twice,
        months mixed with quarters: with the line.
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

    def refuse(wrong: pd.Series, what: str, column: str) -> None:
        if wrong.any():
            at = int(wrong.to_numpy().argmax())
            row = frame.iloc[at]
            value = row[column]
            found = f"{column} {value!r}" if isinstance(value, str) else f"{column} {value:.0f}"
            raise BadData(f"{path} line {at + 2}: {what}; series {row['series']!r}, period {row['period']!r}, {found}")

    refuse(frame["series"] == "", "a series has no name", "series")
    read = {label: _parsed(label) for label in frame["period"].unique()}
    unread = frame["period"].map(lambda label: read[label] is None)
    refuse(unread, "a period is written 2021-09 or 2021Q3", "period")
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


def _parsed(label: str) -> pd.Period | None:
    try:
        return parse(label)
    except ValueError:
        return None

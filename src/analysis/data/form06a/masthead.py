"""What stands above the table of a form: the period it is for, who reports and to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from analysis.data.form06a.cells import Sheet
from analysis.data.spelling import tidy
from analysis.faults import BadData

_MONTH = r"(\d{1,2})\s*(?:[/.-]|tháng)\s*(\d{1,2})"
_YEAR = r"\s*(?:[/.-]|năm)\s*(\d{4})"
_PERIOD = re.compile(
    rf"từ\s*(?:ngày)?\s*{_MONTH}(?:{_YEAR})?\s*(?:đến|[-–])\s*(?:hết)?\s*(?:ngày)?\s*{_MONTH}{_YEAR}", re.IGNORECASE
)
_REPORTING = re.compile(r"^\W*(?:đơn vị|cơ quan)(?: lập)? báo cáo\s*:?\s*(.*)$", re.IGNORECASE)
_RECEIVING = re.compile(r"^\W*(?:đơn vị|cơ quan) nhận báo cáo\s*:?\s*(.*)$", re.IGNORECASE)
_SECOND_LABEL = re.compile(r"\s(?=[-–•]?\s*(?:đơn vị|cơ quan) nhận báo cáo)", re.IGNORECASE)
_DOTTED_LINE = re.compile(r"[\s.…_]*")


@dataclass(frozen=True)
class Masthead:
    """What the rows above the table say; None where they do not.

    Attributes
    ----------
    first_day, last_day : date or None
        The period, both days within it.
    reporting_body, receiving_body : str or None
        Who reports, and to whom.
    """

    first_day: date | None
    last_day: date | None
    reporting_body: str | None
    receiving_body: str | None


def read_masthead(sheet: Sheet, end: int) -> Masthead:
    """Return what the first `end` rows of a sheet say.

    Raises
    ------
    BadData
        The period is no days of the calendar, or ends before it starts.
    """
    first_day = last_day = None
    reporting = receiving = None
    for row in range(end):
        cells = [sheet.lines(row, column) for column in range(len(sheet.rows[row]))]
        if first_day is None and (match := _PERIOD.search(tidy(" ".join(cells)))):
            first_day, last_day = _days(sheet, row, match)
        lines = [
            part for cell in cells for line in cell.splitlines() for part in _SECOND_LABEL.split(tidy(line)) if part
        ]
        reporting = reporting or _said(lines, _REPORTING)
        receiving = receiving or _said(lines, _RECEIVING)
    return Masthead(first_day, last_day, reporting, receiving)


def _days(sheet: Sheet, row: int, match: re.Match[str]) -> tuple[date, date]:
    day, month, year, last_day, last_month, last_year = (int(number or 0) for number in match.groups())
    try:
        last = date(last_year, last_month, last_day)
        # "từ ngày 15/12 đến ngày 14/3/2022" starts in the year before.
        first = date(year or last_year - (month > last_month), month, day)
    except ValueError:
        first, last = date.max, date.min
    if first > last:
        raise BadData(
            f"{sheet.path} sheet {sheet.name!r} row {row + 1}: found the period {match[0]!r},"
            " expected two days of the calendar, the first not after the last"
        )
    return first, last


def _said(lines: list[str], label: re.Pattern[str]) -> str | None:
    """Return what follows a label: on its line, or else on the row's next line when that is no label itself."""
    for at, line in enumerate(lines):
        if match := label.match(line):
            following = lines[at + 1] if at + 1 < len(lines) else ""
            is_label = _REPORTING.match(following) or _RECEIVING.match(following)
            said = match[1] or ("" if is_label else following)
            return None if _DOTTED_LINE.fullmatch(said) else said
    return None

"""The closed table of fault codes: what can be wrong with a row, and whether that rejects or flags it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["reject", "flag", "class", "note"]


@dataclass(frozen=True)
class Fault:
    """One thing that can be wrong with a row, or one class of cases that is easily miscounted.

    Attributes
    ----------
    code : str
        Its name in ``rejected.parquet``, ``flagged.parquet`` and every summary.
    kind : {"reject", "flag", "class"}
        ``reject``: the row is rejected and listed with its raw text. ``flag``: it is accepted and listed. ``class``:
        nothing is wrong with it, but it is counted apart so that no share hides it. ``note``: something to be said of
        the file; rows, columns or sheets are counted and not listed.
    meaning : str
        What it means, in one sentence.
    """

    code: str
    kind: Kind
    meaning: str


TOTAL_ROW, EMPTY_ROW, NO_RATING = "total_row", "empty_row", "no_rating"
PART_NOT_GIVEN = "part_not_given"
NOTHING_LOST = (TOTAL_ROW, EMPTY_ROW)
"""Codes of rejects that do not count towards the limit on rejected rows: nothing is lost with such a row."""

REJECTS = (
    Fault("column_count", "reject", "the row has more or fewer columns than the header, or a stray quote"),
    Fault("undecodable", "reject", "the row is not text in the declared encoding"),
    Fault("cell_error", "reject", "a cell holds a spreadsheet's error, such as #REF!, in place of a value or as text"),
    Fault("formula_without_result", "reject", "a formula that was never calculated, in a workbook where others were"),
    Fault(TOTAL_ROW, "reject", "a total of other rows; it does not count towards the limit on rejected rows"),
    Fault(EMPTY_ROW, "reject", "no column that is used holds anything; it does not count towards the limit either"),
    Fault("case_id_missing", "reject", "no case identifier"),
    Fault("code_unknown", "reject", "a value that the mapping's code list does not name"),
    Fault("date_unreadable", "reject", "a date in no declared format, no day of the calendar, or outside 1990–2100"),
    Fault("number_unreadable", "reject", "not a number as the mapping writes them"),
    Fault("number_negative", "reject", "a count below zero"),
    Fault("number_not_whole", "reject", "a count with a fraction"),
    Fault("value_out_of_range", "reject", "a value that the table does not allow"),
    Fault("value_missing", "reject", "a column the table cannot do without is empty"),
    Fault("accepted_missing", "reject", "processed, or known to nobody, without the time it was accepted"),
    Fault("finished_missing", "reject", "resolved without the time it was finished"),
    Fault("accepted_in_future", "reject", "accepted after the day of the extraction"),
    Fault("finished_in_future", "reject", "finished after the day of the extraction"),
    Fault("finished_before_accepted", "reject", "finished on a day before it was accepted"),
    Fault("part_without_whole", "reject", "the part is given, the whole is not"),
    Fault("part_exceeds_whole", "reject", "the part is larger than the whole"),
    Fault("duplicate_case_id", "reject", "another row of the same case is more complete, or came first"),
    Fault("duplicate_across_systems", "reject", "the same case under its identifier in another system"),
)
"""In order of precedence: of several faults in one row the first is reported."""

FLAGS = (
    Fault("not_nfc", "flag", "Vietnamese letters were not in composed form (NFC); they are now"),
    Fault("case_id_form_unknown", "flag", "the identifier follows neither form of the national portal"),
    Fault("case_id_day_differs", "flag", "the day inside the identifier is not the day of filing or acceptance"),
    Fault("not_yet_accepted", "flag", "filed and still waiting to be accepted: received by nobody yet"),
    Fault("online_below_level_3", "flag", "filed online although its procedure is recorded as level 1 or 2"),
    Fault("due_date_replaced", "flag", "a new appointment replaced the first due date, which is kept"),
    Fault("due_before_accepted", "flag", "due on a day before it was accepted"),
    Fault("submitted_after_accepted", "flag", "filed on a day after it was accepted"),
    Fault("returned_before_finished", "flag", "handed over on a day before it was finished"),
    Fault("open_with_finish", "flag", "still open, with a finish from an earlier round: reopened"),
    Fault("last_line_unfinished", "flag", "the last row has no line break: whole, or cut inside its last field"),
)

CLASSES = (
    Fault("no_due_date", "class", "resolved, of a procedure without a term: neither on time nor late"),
    Fault("refused", "class", "not accepted, or sent back"),
    Fault("withdrawn", "class", "taken back by who filed it"),
    Fault("not_yet_known", "class", "filed after the day the run looks back to"),
)

MARKS = (*FLAGS, *CLASSES)
"""What an accepted row may be marked with: flags and classes."""

NOTES = (
    Fault("hidden_sheets", "note", "sheets that are hidden in the workbook; they were not read"),
    Fault("hidden_rows", "note", "rows that are hidden in the workbook; they were read like the others"),
    Fault("hidden_columns", "note", "columns that are hidden in the workbook; they were read like the others"),
    Fault(PART_NOT_GIVEN, "note", "rows of margins that lack one of their parts; they are left out of what needs it"),
    Fault(NO_RATING, "note", "rows in which nobody gave a rating; they are no rows of ratings"),
    Fault("invisible_characters", "note", "rows with characters that nobody sees; these were taken out"),
)

FAULTS = (*REJECTS, *MARKS, *NOTES)

"""What only a whole case can tell: times that contradict each other, the classes, and what identifies it."""

from __future__ import annotations

from datetime import date, timedelta

from analysis.data.codes import PUBLISHED_LEVELS
from analysis.data.ingest.reading import Condition, Reading
from analysis.data.sources.mapping import Mapping

_FORM = r"(000\.00\.[0-9]{2}\.H[0-9]{2}|H[0-9]{2}\.[0-9]{2})-[0-9]{6}-[0-9]{4,}"
"""The two forms of a national identifier: the province's code last until about 2024, first since."""

CLASSES = {
    "no_due_date": "outcome = 'resolved' AND due_at IS NULL",
    "refused": "outcome = 'refused'",
    "withdrawn": "outcome = 'withdrawn'",
}
"""Cases that are easily miscounted: code → SQL."""


def complete(made: Reading, mapping: Mapping) -> None:
    """Fill in what a source need not give: the outcome, and the due date that the other one stands for."""
    if "outcome" not in mapping.columns:
        finish = made.columns["finished_at"]
        made.columns["outcome"] = f"CASE WHEN {finish} IS NULL THEN 'open' ELSE 'resolved' END"
    first, due = made.columns["first_due_at"], made.columns["due_at"]
    made.columns["first_due_at"] = f"CASE WHEN {first} IS NULL THEN {due} ELSE {first} END"
    made.columns["due_at"] = f"CASE WHEN {due} IS NULL THEN {first} ELSE {due} END"


def rejections(extracted_on: date) -> list[Condition]:
    """Return what makes a case impossible, given the day its data was taken from the system."""
    later = f"TIMESTAMP '{(extracted_on + timedelta(days=1)).isoformat()}'"
    return [
        Condition("case_id_missing", "case_id IS NULL", "case_id"),
        Condition(
            "accepted_missing",
            "(accepted_at IS NULL AND (outcome = 'resolved' OR submitted_at IS NULL))",
            "accepted_at",
        ),
        Condition("finished_missing", "(outcome = 'resolved' AND finished_at IS NULL)", "finished_at"),
        Condition(
            "accepted_in_future",
            f"(accepted_at >= {later} OR submitted_at >= {later})",
            f"accepted_at or submitted_at, with data of {extracted_on.isoformat()}",
            "greatest(accepted_at, submitted_at)",
        ),
        Condition(
            "finished_in_future",
            f"(finished_at >= {later} OR returned_at >= {later})",
            f"finished_at or returned_at, with data of {extracted_on.isoformat()}",
            "greatest(finished_at, returned_at)",
        ),
        Condition(
            "finished_before_accepted",
            "CAST(finished_at AS DATE) < CAST(accepted_at AS DATE)",
            "finished_at",
            "finished_at",
        ),
    ]


def marks(mapping: Mapping) -> dict[str, str]:
    """Return what is worth a look in a case that is taken, and the classes counted apart: code → SQL."""
    below = ", ".join(f"'{level}'" for level in PUBLISHED_LEVELS)
    told = {
        **CLASSES,
        "not_yet_accepted": "accepted_at IS NULL AND outcome = 'open'",
        "online_below_level_3": f"channel = 'online' AND level NOT IN ({below})",
        "due_date_replaced": "due_at <> first_due_at",
        "due_before_accepted": "CAST(due_at AS DATE) < CAST(accepted_at AS DATE)",
        "submitted_after_accepted": "CAST(submitted_at AS DATE) > CAST(accepted_at AS DATE)",
        "returned_before_finished": "CAST(returned_at AS DATE) < CAST(finished_at AS DATE)",
        "open_with_finish": "outcome = 'open' AND finished_at IS NOT NULL",
    }
    if mapping.case_id_form == "national":
        known = f"regexp_full_match(case_id, '{_FORM}')"
        day = "CAST(try_strptime(split_part(case_id, '-', 2), '%y%m%d') AS DATE)"
        told["case_id_form_unknown"] = f"NOT {known}"
        differs = [
            f"({time} IS NULL OR {day} IS DISTINCT FROM CAST({time} AS DATE))"
            for time in ("submitted_at", "accepted_at")
        ]
        told["case_id_day_differs"] = f"{' AND '.join(differs)} AND {known}"
    return told


def key(case_id_form: str, column: str) -> str:
    """Return SQL of what two rows of one case have in common: the identifier, the two national forms made one.

    ``000.00.06.H32-210923-0001`` and ``H32.06-210923-0001`` are the same body, day and number.
    """
    if case_id_form != "national":
        return column
    first_form = f"starts_with({column}, '000.00.') AND length({column}) > 13"
    body = f"substr({column}, 11, 3) || '.' || substr({column}, 8, 2) || substr({column}, 14)"
    return f"CASE WHEN {first_form} THEN {body} ELSE {column} END"

"""The closed lists of codes used in the tables, the forms of others, and text as it is displayed."""

from __future__ import annotations

import unicodedata

from analysis.code_of_name import CODE as CODE


def tidy(text: str) -> str:
    """Return the text in composed letters (NFC), with single blanks and none at its ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


CHANNELS = ("online", "counter", "post", "other")
TIMELINESS = ("early", "on_time", "late", "no_due_date")
OUTCOMES = ("resolved", "refused", "withdrawn", "open")
LEVELS = ("1", "2", "3", "4", "full", "partial", "information")
PUBLISHED_LEVELS = ("3", "4", "full", "partial")
"""Levels at which a procedure counts as published online: 3 and 4 until August 2022, full and partial since then."""
CASE_RATINGS = ("dissatisfied", "satisfied", "very_satisfied")
PROGRESS_KINDS = ("inventory", "milestone", "headcount")

PERIOD = r"^\d{4}(-(0[1-9]|1[0-2])|Q[1-4])$"

NATIONAL_ID = r"(000\.00\.[0-9]{2}\.H[0-9]{2}|H[0-9]{2}\.[0-9]{2})-[0-9]{6}-[0-9]{4,}"
"""Matches the two forms of a national identifier: the province's code came last until about 2024, first since then."""

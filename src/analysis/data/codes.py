"""The closed lists of codes used in the tables, and two ways to normalise text: for display and for comparison."""

from __future__ import annotations

import re
import unicodedata


def tidy(text: str) -> str:
    """Return the text in composed letters (NFC), with single blanks and none at its ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """Return the text without diacritics, in lower case, hyphens for blanks and signs: ``Sở Y tế`` → ``so-y-te``."""
    # đ is a letter of its own: Unicode decomposition does not turn it into d and a mark.
    letters = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


CHANNELS = ("online", "counter", "post", "other")
TIMELINESS = ("early", "on_time", "late", "no_due_date")
OUTCOMES = ("resolved", "refused", "withdrawn", "open")
LEVELS = ("1", "2", "3", "4", "full", "partial", "information")
PUBLISHED_LEVELS = ("3", "4", "full", "partial")
"""Levels at which a procedure counts as published online: 3 and 4 until August 2022, full and partial since then."""
CASE_RATINGS = ("dissatisfied", "satisfied", "very_satisfied")
PROGRESS_KINDS = ("inventory", "milestone", "headcount")

CODE = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
PERIOD = r"^\d{4}(-(0[1-9]|1[0-2])|Q[1-4])$"

NATIONAL_ID = r"(000\.00\.[0-9]{2}\.H[0-9]{2}|H[0-9]{2}\.[0-9]{2})-[0-9]{6}-[0-9]{4,}"
"""Matches the two forms of a national identifier: the province's code came last until about 2024, first since then."""

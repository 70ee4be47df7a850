"""The closed lists of codes that the tables know, and the forms of a code and of a period."""

from __future__ import annotations

CHANNELS = ("online", "counter", "post", "other")
TIMELINESS = ("early", "on_time", "late", "no_due_date")
OUTCOMES = ("resolved", "refused", "withdrawn", "open")
LEVELS = ("1", "2", "3", "4", "full", "partial", "information")
PUBLISHED_LEVELS = ("3", "4", "full", "partial")
"""Levels at which a procedure counts as published online: 3 and 4 until August 2022, full and partial since."""
CASE_RATINGS = ("dissatisfied", "satisfied", "very_satisfied")
PROGRESS_KINDS = ("inventory", "milestone", "headcount")

CODE = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
PERIOD = r"^\d{4}(-(0[1-9]|1[0-2])|Q[1-4])$"

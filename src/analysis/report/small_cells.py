"""Shares of so few cases that they would tell about persons are not shown."""

from __future__ import annotations

import pandas as pd

from analysis.report.wording import Wording

LEAST = 5
"""Cases from which a share is shown."""


def is_small(counts: pd.DataFrame) -> pd.Series:
    """Return which rows stand on too few cases to be shown."""
    return counts["denominator"] < LEAST


def hide_small(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts with numerator and value missing wherever the denominator is below `LEAST` cases.

    Parameters
    ----------
    counts : pd.DataFrame
        `numerator, denominator, value` and whatever else.
    """
    hidden = counts.astype({"numerator": "Float64"})
    hidden.loc[is_small(counts), ["numerator", "value"]] = pd.NA
    return hidden


def said_of_hidden(counts: pd.DataFrame, words: Wording, unit: str) -> str:
    """Return the sentence that small cells are hidden, empty where none was."""
    if not is_small(counts).any():
        return ""
    return words.text("Small cells hidden: fewer than {least} {unit}.", least=str(LEAST), unit=unit)

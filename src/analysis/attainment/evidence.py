"""What is known on a day beside the counts: surveys, dated items and published figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd


@dataclass(frozen=True, eq=False)
class Evidence:
    """Tables that promises other than shares are judged by.

    Attributes
    ----------
    as_of : date
        Day up to which they are known: what is dated later is not looked at.
    surveys : pd.DataFrame
        Rounds of every survey, see `indicators.satisfaction`.
    last_round : int
        The last year whose round may be known: a round has no day of its own.
    catalogue, progress : pd.DataFrame
        See `data.contracts`.
    published, breaks : pd.DataFrame
        See `data.published`.
    """

    as_of: date
    surveys: pd.DataFrame
    last_round: int
    catalogue: pd.DataFrame
    progress: pd.DataFrame
    published: pd.DataFrame
    breaks: pd.DataFrame

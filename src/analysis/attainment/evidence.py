"""What is known on a day beside the counts: surveys, dated items and published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    service_days : mapping
        Promise → its cases of services day by day in the plan's year; see `data.case_table.service_days`.
    """

    as_of: date
    surveys: pd.DataFrame
    last_round: int
    catalogue: pd.DataFrame
    progress: pd.DataFrame
    published: pd.DataFrame
    breaks: pd.DataFrame
    service_days: Mapping[str, pd.DataFrame] = field(default_factory=dict)

"""Who holds what a promised share lacks, and what one of them reaching the promise would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.attainment.verdicts import probability_of
from analysis.attainment.year_end import YearEnd
from analysis.promises import Part
from analysis.rules import meets

COLUMNS = [
    "target", "part", "dimension", "series", "numerator", "denominator", "share", "short", "probability",
    "probability_if",
]  # fmt: skip


def gap(
    target: str,
    part: Part,
    name: str,
    whole: YearEnd,
    so_far: pd.DataFrame,
    members: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Return what each member of a whole is short of the promise, most first, and what it could change by itself.

    Parameters
    ----------
    target : str
        The promise.
    part : Part
        Its share of the whole.
    name : str
        What the part is called in the table of promises.
    whole : YearEnd
        Counts and draws of that share.
    so_far : pd.DataFrame
        `series, numerator, denominator` of the year so far, cases.
    members : mapping
        ``agencies`` or ``fields`` → the series of the whole's members.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`, a row per member that has cases: its counts and share (0–1) of the year so far; `short`, the
        cases it would take to bring that share to the promise (cases too many, where the promise is `at_most`), not
        below 0; `probability`, of the part, and `probability_if`, on the same draws, should this member alone be at
        the promise for the rest of the year and bring the part of all cases it brings now. Empty once decided.
    """
    if whole.decided or not len(whole.values):
        return pd.DataFrame(columns=COLUMNS)
    counts = so_far.set_index("series")
    cases = whole.denominator
    total = cases + whole.rest_denominator
    direction = -1 if part.rule == "at_most" else 1
    now = probability_of(meets(whole.values, part.rule, part.threshold), decided=False)
    rows = []
    for dimension, codes in members.items():
        for code in codes:
            if code not in counts.index or not counts.loc[code, "denominator"]:
                continue
            numerator, denominator = (int(counts.loc[code, column]) for column in ("numerator", "denominator"))
            share = numerator / denominator
            lacking = max(0.0, direction * (part.threshold - share))
            better = direction * lacking * (denominator / cases) * whole.rest_denominator
            values = whole.values + np.divide(better, total, out=np.zeros_like(total), where=total > 0)
            then = probability_of(meets(values, part.rule, part.threshold), decided=False)
            rows.append(
                (target, name, dimension, code, numerator, denominator, share, lacking * denominator, now, then)
            )
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["dimension", "short", "series"], ascending=[True, False, True], ignore_index=True)

"""What moved a probability between two runs of a plan, each cause its part of the change in points that add up."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.quarter import stages

STEPS = ("draws", "past_revised", "read_otherwise", "time_passed")
"""Causes in the order in which they are let in."""

COLUMNS = ["target", "part", "before", *STEPS, "after", "change"]


def what_moved(
    before: RunParameters, after: RunParameters, *, report_progress: Callable[[str], None] = lambda line: None
) -> pd.DataFrame:
    """Return what moved each probability from one run to another.

    The causes are let in one after the other, and what each adds is its part: between the two runs stand runs that
    differ from the one before in one thing only. Each is computed like every run, once, and kept. Another order would
    give each cause a somewhat different part; the sum is the same.

    Parameters
    ----------
    before, after : RunParameters
        Runs of one plan's year; the second is of the same quarter or of a later one.
    report_progress : callable
        Gets the name of each step before it is computed.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`, a row per promise and part that both plans have: probabilities 0–1 `before` and `after`; what
        was added, in percentage points, by another number or seed of `draws`; by the past as the newer data has it, at
        the same quarter, as known on the same day and under the same reading (`past_revised`); by another plan or other
        answers (`read_otherwise`); by the quarters in between and what became known in them (`time_passed`); and
        `change`, their sum. Missing where a promise is not estimated on the way.

    Raises
    ------
    BadParameters
        The runs are of two years, or the second is of an earlier quarter.
    """
    if before.quarter_period.year != after.quarter_period.year or before.quarter > after.quarter:
        raise BadParameters(f"{before.quarter} → {after.quarter}: two quarters of one year, in order, were expected")
    drawn = before.model_copy(update={"draw_count": after.draw_count, "seed": after.seed})
    # On the earlier day still: what became known since belongs to the time that passed.
    data = {name: getattr(after, name) for name in ("input_path", "source_file", "reject_limit")}
    revised = drawn.model_copy(update=data)
    read = revised.model_copy(update={"plan_file": after.plan_file, "answers": after.answers})
    probabilities = []
    for name, run in zip(("before", *STEPS), (before, drawn, revised, read, after), strict=True):
        report_progress(name)
        rows = stages.results(run).attainment.promises
        probabilities.append(rows.set_index(["target", "part"])["probability"].rename(name))
    found = pd.concat(probabilities, axis=1, join="inner")
    changes = found.diff(axis=1)[list(STEPS)] * 100
    table = changes.assign(before=found["before"], after=found["time_passed"])
    table["change"] = (table["after"] - table["before"]) * 100
    return table.reset_index()[COLUMNS]

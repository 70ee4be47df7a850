"""Which verdicts a release changed: each promise's against the last one published before."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from analysis.parameters import RunParameters
from analysis.plan.plan import Plan
from analysis.publish.store.ledger import lines_of_release
from analysis.publish.store.releases import ReleaseStore
from analysis.report.published_probabilities import COLUMNS, by_name_of_today, read_ledger, released_before


class ChangedVerdict(NamedTuple):
    """A promise whose verdict is another than was published last.

    Attributes
    ----------
    promise : str
        Id of the promise.
    before, after : str
        Codes of the verdicts, such as ``uncertain``.
    """

    promise: str
    before: str
    after: str


def changed_verdicts(ledger: Path, reports: Path, run: RunParameters, plan: Plan) -> list[ChangedVerdict]:
    """Return the promises whose verdict the released run of a quarter changed, in the plan's order.

    What was published last is an earlier release of the same quarter, or else that of the last quarter before it, as
    the pages count it. A promise of which nothing was published has not changed.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger; whether it has the lines of the release makes no difference.
    reports : Path
        The reports folder.
    run : RunParameters
        The run.
    plan : Plan
        Its plan, whose names the promises have.

    Raises
    ------
    BadData
        The plan's file is not a ledger, or not any more.
    """
    folder = ReleaseStore(reports, run.plan_name, run.quarter).released_folder()
    released = lines_of_release(folder) if folder else []
    rows = read_ledger(ledger / f"{run.plan_name}.csv")
    rows = rows[rows["quarter"].eq(run.quarter) & rows["part"].eq("") & rows["verdict"].ne("")]
    earlier = rows[[line not in released for line in rows.to_numpy().tolist()]]
    # Both in the order of their time within a quarter.
    said = pd.concat([released_before(ledger, run).sort_values("quarter", kind="stable"), earlier])
    before = by_name_of_today(said, plan).drop_duplicates("target", keep="last").set_index("target")["verdict"]
    now = pd.DataFrame(released, columns=COLUMNS)
    after = now[now["part"] == ""].set_index("target")["verdict"]
    return [
        ChangedVerdict(target.id, before[target.id], after[target.id])
        for target in plan.promises
        if target.id in before and target.id in after and before[target.id] != after[target.id]
    ]

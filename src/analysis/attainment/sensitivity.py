"""Open questions answered otherwise: does the verdict change?"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from analysis.plan.questions import Alternative

COLUMNS = [
    "question", "answer", "target", "observed_to_date", "expected", "probability", "verdict", "chosen_probability",
    "chosen_verdict", "changes", "note",
]  # fmt: skip


def compared(
    chosen: pd.DataFrame, other: pd.DataFrame, alternative: Alternative, targets: Collection[str]
) -> pd.DataFrame:
    """Return, per target, what another answer to one question changes.

    Parameters
    ----------
    chosen, other : pd.DataFrame
        Promises as the plan is read, and under the other answer; see `verdict.COLUMNS`.
    alternative : Alternative
        The other answer.
    targets : collection of str
        Those it touches.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`: shares 0–1 to date and at year-end, missing for a promise of several parts; `changes` is true
        when the verdict is another one.
    """
    rows = []
    for target in targets:
        now, then = (_row(promises, target) for promises in (chosen, other))
        told = {name: then[name] for name in ("observed_to_date", "expected", "probability", "verdict", "note")}
        rows.append(
            {"question": alternative.question, "answer": alternative.answer, "target": target}
            | told
            | {
                "chosen_probability": now["probability"],
                "chosen_verdict": now["verdict"],
                "changes": bool(now["verdict"] != then["verdict"]),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def not_computable(chosen: pd.DataFrame, alternative: Alternative, targets: Collection[str], note: str) -> pd.DataFrame:
    """Return the rows of `compared` for an answer under which the input cannot be counted.

    Parameters
    ----------
    chosen : pd.DataFrame
        Promises as the plan is read.
    alternative : Alternative
        The other answer.
    targets : collection of str
        Those it touches.
    note : str
        Code of the reason.
    """
    rows = []
    for target in targets:
        now = _row(chosen, target)
        rows.append(
            {"question": alternative.question, "answer": alternative.answer, "target": target}
            | dict.fromkeys(("observed_to_date", "expected", "probability"), np.nan)
            | {
                "verdict": "not_estimated",
                "note": note,
                "chosen_probability": now["probability"],
                "chosen_verdict": now["verdict"],
                "changes": False,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(promises: pd.DataFrame, target: str) -> pd.Series:
    return promises[(promises["target"] == target) & (promises["part"] == "")].iloc[0]

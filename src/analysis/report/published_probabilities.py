"""The ledger as reports read it: the probabilities released so far, graded by what came."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from analysis.faults import BadData
from analysis.parameters import ROOT, RunParameters
from analysis.periods import parse_quarter
from analysis.plan.plan import Plan
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.wording import Wording

LEDGER = ROOT / "data" / "ledger"
"""Folder of the ledger, a file per plan, of every probability ever released; an office backs it up."""

COLUMNS = [
    "published_at", "fingerprint", "quarter", "as_of", "status", "target", "part", "rule", "threshold", "probability",
    "baseline_probability", "verdict",
]  # fmt: skip
"""Columns of a ledger's file; see `publish.store.ledger`."""

_RESTORE = "put back the copy that was backed up, or move the file away to begin a new one"


def probabilities_by_quarter(ledger: Path, run: RunParameters, results: Results) -> pd.DataFrame:
    """Return `target, quarter, probability` of the promises, from the last quarter before the plan's year to the run's.

    An earlier quarter has what was released for it. If nothing was released for the quarter just before, it has what
    the same method says from what was known then.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run.
    results : Results
        Its results.
    """
    rows = said_by_quarter(ledger, run, results)
    rows = rows[(rows["part"] == "") & (rows["quarter"] >= f"{results.plan.year - 1}-Q4")]
    return rows[["target", "quarter", "probability"]].reset_index(drop=True)


def said_by_quarter(ledger: Path, run: RunParameters, results: Results) -> pd.DataFrame:
    """Return what was said of each promise and part in each quarter, in the order of the quarters, the run's the last.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run.
    results : Results
        Its results.

    Returns
    -------
    pd.DataFrame
        `target, part, quarter, probability, verdict, released`; not released is what the same method says of the
        quarter just before from what was known then, where nothing was.
    """
    frames = [
        by_name_of_today(released_before(ledger, run, with_parts=True), results.plan).assign(released=True),
        results.attainment.previous.assign(released=False),
        results.attainment.promises.assign(released=True),
    ]
    columns = ["target", "part", "quarter", "probability", "verdict", "released"]
    rows = pd.concat([frame[columns] for frame in frames if len(frame)])
    rows = rows.drop_duplicates(["target", "part", "quarter"])
    return rows.sort_values("quarter", kind="stable", ignore_index=True)


def graded_probabilities(ledger: Path, run: RunParameters, results: Results, words: Wording) -> pd.DataFrame:
    """Return a row for the reader per promise and earlier quarter in the ledger, with what came where it is decided.

    Of several releases of a quarter the last counts; those with data from after the run's `as_of` are left out.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run.
    results : Results
        Its results, whose verdicts say what came.
    words : Wording
        The reader's language.
    """
    rows = by_name_of_today(released_before(ledger, run), results.plan)
    if len(rows):
        rows = rows[rows["target"].isin([target.id for target in results.plan.promises])]
    if rows.empty:
        return rows
    rows = rows.sort_values(["target", "quarter"])
    verdicts = {target: results.promise(target)["verdict"] for target in rows["target"].unique()}
    titles = {target.id: words.of(target.title) for target in results.plan.promises}
    outcomes = {"met": words.text("It was kept"), "missed": words.text("It was not kept")}
    return pd.DataFrame(
        {
            words.text("Target"): [titles[target] for target in rows["target"]],
            words.text("Published for"): [
                numbers.quarter(parse_quarter(quarter), run.language) for quarter in rows["quarter"]
            ],
            words.text("Probability"): [words.chance(value) for value in rows["probability"]],
            words.text("What came"): [
                outcomes.get(verdicts[target], words.text("Not decided yet")) for target in rows["target"]
            ],
        }
    )


def last_publication(ledger: Path, run: RunParameters, plan: Plan) -> pd.DataFrame:
    """Return the lines of the last publication of an earlier quarter, parts included; none where there is none.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run.
    plan : Plan
        The plan, whose names the promises have.

    Raises
    ------
    BadData
        The plan's file is not a ledger, or not any more.
    """
    rows = by_name_of_today(released_before(ledger, run, with_parts=True), plan)
    wholes = rows[rows["part"] == ""]
    if wholes.empty:
        return rows.iloc[:0]
    last = wholes[wholes["quarter"] == wholes["quarter"].max()].iloc[-1]
    # Of one publication: an earlier one of the quarter may have had promises that this one has not.
    return rows[rows["fingerprint"].eq(last["fingerprint"]) & rows["quarter"].eq(last["quarter"])]


def released_before(ledger: Path, run: RunParameters, *, with_parts: bool = False) -> pd.DataFrame:
    """Return the last line of the ledger for each promise and quarter before the run's, known by the run's `as_of`.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run.
    with_parts : bool
        Whether their parts have lines of their own besides.

    Returns
    -------
    pd.DataFrame
        All `COLUMNS`, the probability as a number 0–1; promises as a whole, without their parts by default.

    Raises
    ------
    BadData
        The plan's file is not a ledger, or not any more.
    """
    rows = read_ledger(ledger / f"{run.plan_name}.csv")
    # The verdict is the last column: a line that was cut off has none.
    rows = rows[rows["verdict"] != ""]
    rows = rows[(rows["quarter"] < run.quarter) & (rows["as_of"] <= run.as_of.isoformat())]
    rows = rows if with_parts else rows[rows["part"] == ""]
    rows = rows.assign(probability=pd.to_numeric(rows["probability"], errors="coerce"))
    return rows.drop_duplicates(["quarter", "target", "part"], keep="last")


def by_name_of_today(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return lines of the ledger with promises that the plan has renamed (`formerly`) under the name they have now.

    Parameters
    ----------
    rows : pd.DataFrame
        See `released_before`.
    plan : Plan
        The plan.
    """
    renamed = {before: target.id for target in plan.promises for before in target.formerly}
    found = rows.assign(target=rows["target"].replace(renamed))
    return found.drop_duplicates(["quarter", "target", "part"], keep="last")


def read_ledger(file: Path) -> pd.DataFrame:
    """Return every line of a ledger's file as text, in `COLUMNS`; no line where there is no file or an empty one.

    Raises
    ------
    BadData
        The file is not a ledger, or not any more: a spreadsheet program may have saved it in its own way.
    """
    if not file.exists() or file.stat().st_size == 0:
        return pd.DataFrame(columns=COLUMNS, dtype=str)
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
    except (ValueError, csv.Error):
        header, rows = [], []
    if header != COLUMNS or max(map(len, rows), default=0) > len(COLUMNS):
        raise BadData(f"{file}: lines of {','.join(COLUMNS)} were expected; {_RESTORE}")
    # After a power cut a line may be too short.
    return pd.DataFrame([row + [""] * (len(COLUMNS) - len(row)) for row in rows], columns=COLUMNS, dtype=str)

"""The probabilities published so far, beside what is known of them now."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from analysis.faults import BadData
from analysis.parameters import ROOT, RunParameters
from analysis.periods import parse_quarter
from analysis.report import numbers
from analysis.report.wording import Wording
from analysis.results import Results

LEDGER = ROOT / "data" / "ledger"
"""Where every probability published into the project's reports is kept; an office backs it up."""

COLUMNS = [
    "published_at", "fingerprint", "quarter", "as_of", "status", "target", "part", "rule", "threshold", "probability",
    "baseline_probability", "verdict",
]  # fmt: skip
"""Of a ledger's file; see `publish.store.ledger`."""


def said_over_the_year(ledger: Path, run: RunParameters, results: Results) -> pd.DataFrame:
    """Return `target, quarter, probability` of the promises, quarter by quarter, the run's last.

    What was published for an earlier quarter stands; for the one just before, if nothing was, what the same method
    says from what was known then.
    """
    frames = [published_before(ledger, run), results.previous, results.promises]
    rows = pd.concat([frame[["target", "part", "quarter", "probability"]] for frame in frames if len(frame)])
    rows = rows[(rows["part"] == "") & (rows["quarter"] >= f"{results.plan.year - 1}-Q4")]
    rows = rows.drop_duplicates(["target", "quarter"]).sort_values("quarter", kind="stable")
    return rows[["target", "quarter", "probability"]].reset_index(drop=True)


def graded(ledger: Path, run: RunParameters, results: Results, words: Wording) -> pd.DataFrame:
    """Return a row per promise and quarter published before the run's, graded where the year has decided.

    The last publication of a quarter stands; those known only after the run's `as_of` are left out.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger; see `publish.ledger`.
    run : RunParameters
        The run.
    results : Results
        Its results, whose decided promises grade.
    words : Wording
        Of the page.
    """
    rows = published_before(ledger, run)
    if len(rows):
        rows = rows[rows["target"].isin([target.id for target in results.plan.targets])]
    if rows.empty:
        return rows
    rows = rows.sort_values(["target", "quarter"])
    verdicts = {target: results.promise(target)["verdict"] for target in rows["target"].unique()}
    titles = {target.id: words.of(target.title) for target in results.plan.targets}
    came = {"met": words.text("It was kept"), "missed": words.text("It was not kept")}
    return pd.DataFrame(
        {
            words.text("Target"): [titles[target] for target in rows["target"]],
            words.text("Published for"): [
                numbers.quarter(parse_quarter(quarter), run.language) for quarter in rows["quarter"]
            ],
            words.text("Probability"): [words.chance(value) for value in rows["probability"]],
            words.text("What came"): [
                came.get(verdicts[target], words.text("Not decided yet")) for target in rows["target"]
            ],
        }
    )


def published_before(ledger: Path, run: RunParameters) -> pd.DataFrame:
    """Return the promises published for quarters before the run's and known by its day; the last of each stands.

    All `COLUMNS`.

    Raises
    ------
    BadData
        The file of the plan is no ledger, or no longer.
    """
    rows = entered(ledger / f"{run.plan_name}.csv")
    # A line that was cut off has no verdict, which stands at its end.
    rows = rows[rows["verdict"] != ""]
    rows = rows[(rows["part"] == "") & (rows["quarter"] < run.quarter) & (rows["as_of"] <= run.as_of.isoformat())]
    rows = rows.assign(probability=pd.to_numeric(rows["probability"], errors="coerce"))
    return rows.drop_duplicates(["quarter", "target"], keep="last")


def entered(file: Path) -> pd.DataFrame:
    """Return every line of a ledger's file as text, in `COLUMNS`; none where there is no file or an empty one.

    Raises
    ------
    BadData
        The file is no ledger, or no longer: a table program may have saved it in its own way.
    """
    if not file.exists() or file.stat().st_size == 0:
        return pd.DataFrame(columns=COLUMNS, dtype=str)
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
    except (ValueError, csv.Error):
        header, rows = [], []
    if header != COLUMNS or max(map(len, rows), default=0) > len(COLUMNS):
        raise BadData(f"{file}: lines of {','.join(COLUMNS)} were expected; {_PUT_BACK}")
    # A power cut may have left a line that is too short.
    return pd.DataFrame([row + [""] * (len(COLUMNS) - len(row)) for row in rows], columns=COLUMNS, dtype=str)


_PUT_BACK = "put back the copy that was backed up, or move the file away to begin a new one"

"""Why probabilities are not those published last, in the points a reader can add up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from analysis.faults import Fault
from analysis.parameters import RunParameters
from analysis.periods import parse_quarter
from analysis.quarter import stages
from analysis.quarter.comparison import STEPS, what_moved
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.published_probabilities import last_publication
from analysis.report.wording import Wording, _

CAUSES = {
    "simulation": _("simulated anew"),
    "revised_past": _("past data revised"),
    "other_reading": _("plan read otherwise"),
    "other_items": _("progress of its items"),
    "new_months": _("new data"),
}
"""Cause of `quarter.comparison.STEPS` → what a reader calls it."""

ANOTHER_PROGRAM = _("another version of the program")


@dataclass(frozen=True, eq=False)
class SincePublication:
    """What moved since the last publication of an earlier quarter.

    Attributes
    ----------
    quarter : pd.Period
        The quarter it was for.
    known_on : date
        The day up to which its data was known.
    moved : pd.DataFrame
        By promise as a whole: probabilities 0–1 `before`, as the ledger has them, and `after`; and where the change can
        be taken apart the columns `comparison.STEPS`, in percentage points, and `drawn_otherwise`.
    """

    quarter: pd.Period
    known_on: date
    moved: pd.DataFrame


def since_publication(ledger: Path, run: RunParameters, results: Results) -> SincePublication | None:
    """Return what moved since the last publication of an earlier quarter; None where the ledger has none.

    The change is taken apart from the results of that publication, where this machine keeps them still.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run.
    results : Results
        Its results.

    Raises
    ------
    BadData
        The plan's file is not a ledger, or not any more.
    """
    rows = last_publication(ledger, run, results.plan)
    if rows.empty:
        return None
    last, mine = rows.iloc[-1], rows[rows["part"] == ""]
    now = results.attainment.promises
    whole = pd.DataFrame(
        {
            "before": mine.set_index("target")["probability"].astype(float),
            "after": now[now["part"] == ""].set_index("target")["probability"].astype(float),
        }
    ).dropna()
    known_on = date.fromisoformat(last["as_of"])
    parts = _taken_apart(last["fingerprint"], known_on, run, results)
    if parts is not None:
        whole = whole.join(parts)
    return SincePublication(parse_quarter(last["quarter"]), known_on, whole)


@dataclass(frozen=True, eq=False)
class SaidBefore:
    """What was said of the promises before, against which a reader is told what changed.

    Attributes
    ----------
    quarter : pd.Period
        The quarter it was for.
    known_on : date or None
        The day up to which the data published was known; None where nothing was published and the same method says it
        now, from what was known then.
    said : pd.DataFrame
        By `target` and `part`: `probability`, 0–1, and `verdict`.
    """

    quarter: pd.Period
    known_on: date | None
    said: pd.DataFrame

    def of(self, target: str, part: str = "") -> pd.Series:
        """Return `probability` and `verdict` of a promise or part; both missing where nothing was said of it.

        Parameters
        ----------
        target, part : str
            The promise, and its part or the empty string.
        """
        return self.said.reindex([(target, part)]).iloc[0]


def said_before(ledger: Path, run: RunParameters, results: Results) -> SaidBefore:
    """Return what the last publication of an earlier quarter said or, where there is none, what it would have said.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    run : RunParameters
        The run.
    results : Results
        Its results.

    Raises
    ------
    BadData
        The plan's file is not a ledger, or not any more.
    """
    rows = last_publication(ledger, run, results.plan)
    if rows.empty:
        return computed_again(results)
    last = rows.iloc[-1]
    said = rows.set_index(["target", "part"])[["probability", "verdict"]]
    return SaidBefore(parse_quarter(last["quarter"]), date.fromisoformat(last["as_of"]), said)


def computed_again(results: Results) -> SaidBefore:
    """Return what the same method says of the quarter before, from what was known then."""
    said = results.attainment.previous.set_index(["target", "part"])[["probability", "verdict"]]
    return SaidBefore(parse_quarter(results.attainment.promises["quarter"].iloc[0]) - 1, None, said)


def compared_with(before: SaidBefore, words: Wording) -> str:
    """Return the sentence of what the table's points are counted from.

    Parameters
    ----------
    before : SaidBefore
        What was said before.
    words : Wording
        The reader's language.
    """
    quarter = numbers.quarter(before.quarter, words.language)
    if before.known_on is None:
        return words.text(
            "Points: against {quarter}, computed again from what was known then, as nothing was published for it.",
            quarter=quarter,
        )
    return words.text(
        "Points: against what was published for {quarter} (data known as of {day}).",
        quarter=quarter,
        day=numbers.day(before.known_on, words.language),
    )


def _taken_apart(key: str, known_on: date, run: RunParameters, results: Results) -> pd.DataFrame | None:
    """Return the causes' points by promise; None where what that needs is gone, or is of another program."""
    before = stages.stored_under(key)
    if before is None or before.drawn is None or results.fingerprint.code != stages.CODE:
        return None
    # A publication does not fail because its past cannot be counted, or was kept in other columns by another program.
    same_program = before.fingerprint.code == results.fingerprint.code
    foreseen = (Fault,) if same_program else (Fault, LookupError, TypeError, ValueError)
    try:
        moved = what_moved(before, results, run, known_on=known_on, drawn=before.drawn)
    except foreseen:
        return None
    return moved[moved["part"] == ""].set_index("target")[[*STEPS, "drawn_otherwise"]]


@dataclass(frozen=True)
class Move:
    """What a reader is told of how a promise moved.

    Attributes
    ----------
    points : int
        By how many whole points, as printed.
    causes : str
        By which cause how much, the largest first.
    """

    points: int
    causes: str


def moves(since: SincePublication, words: Wording) -> dict[str, Move]:
    """Return what is told of each promise, by its id; of one that did not move as printed, that it has no points.

    What is printed adds up: the points are differences of probabilities as they are printed.

    Parameters
    ----------
    since : SincePublication
        What moved.
    words : Wording
        The reader's language.
    """
    return {str(code): Move(_points(row), _causes(row, words)) for code, row in since.moved.iterrows()}


def counted_from(since: SincePublication, words: Wording) -> str:
    """Return the sentence on the points of the causes: since which publication they are counted.

    Parameters
    ----------
    since : SincePublication
        What moved.
    words : Wording
        The reader's language.
    """
    return words.text(
        "Causes: in percentage points, since what was published for {quarter} (data known as of {day}).",
        quarter=numbers.quarter(since.quarter, words.language),
        day=numbers.day(since.known_on, words.language),
    )


def _points(row: pd.Series) -> int:
    return numbers.whole_percent(row["after"]) - numbers.whole_percent(row["before"])


def _causes(row: pd.Series, words: Wording) -> str:
    """Return the causes with their points, the largest first; the whole change where it was not taken apart."""
    if any(step not in row or pd.isna(row[step]) for step in STEPS):
        return words.text(
            "{points}, the causes cannot be told apart", points=numbers.signed(_points(row), words.language)
        )
    told, so_far, printed = [], row["before"], numbers.whole_percent(row["before"])
    for step in STEPS:
        so_far += row[step] / 100
        points = numbers.whole_percent(so_far) - printed
        printed += points
        if points:
            told.append((points, CAUSES[step]))
            if step == "simulation" and "program" in row["drawn_otherwise"]:
                told[-1] = points, ANOTHER_PROGRAM
    told.sort(key=lambda one: -abs(one[0]))
    return ", ".join(f"{words.text(name)} {numbers.signed(points, words.language)}" for points, name in told)

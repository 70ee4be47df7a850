"""The final quarter: what became of every promise, beside what had been said of it in each quarter of the year."""

from __future__ import annotations

import pandas as pd

from analysis.periods import parse_quarter
from analysis.plan.promises import Part, Promise
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.at_a_glance import cells, rows_at_a_glance, share_cells
from analysis.report.html_table import great_table, verdict_mark, with_cards
from analysis.report.since_publication import SaidBefore
from analysis.report.wording import RULES, VERDICTS, Wording

COMPUTED_AGAIN = "*"
"""Mark of a probability that was not published."""


def outcomes(results: Results, words: Wording, said: pd.DataFrame) -> str:
    """Return the table of all promises as HTML: the outcome, the year's value, the promise, what each quarter had said.

    A quarter that said nothing has no column; `outcome_notes` names it.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    said : pd.DataFrame
        See `published_probabilities.said_by_quarter`.
    """
    quarters = _quarters(results, said)[0]
    by_promise = {(row["target"], row["part"], row["quarter"]): row for _, row in said.iterrows()}
    rows = []
    for title, target, part, row in rows_at_a_glance(results, words):
        value = _value(results, words, target, part, row)
        rows.append(
            [
                title,
                verdict_mark(row["verdict"], words),
                value,
                _promised(results, words, row),
                *(_said(by_promise.get((row["target"], row["part"], quarter)), words) for quarter in quarters),
            ]
        )
    header = words.text("Promise (number in the plan)")
    columns = [
        words.text("Outcome"),
        words.text("Result of the year"),
        words.text("Promised"),
        *(words.text("Said for {quarter}", quarter=_named(quarter, words)) for quarter in quarters),
    ]
    frame = pd.DataFrame(rows, columns=[header, *columns])
    return with_cards(great_table(frame, header, id="outcomes", caption=words.text("The outcome of every promise")))


def outcome_notes(results: Results, words: Wording, said: pd.DataFrame) -> str:
    """Return what the columns of what had been said mean, and of which quarters nothing was, or nothing published.

    Parameters
    ----------
    results, words, said
        As for `outcomes`.
    """
    quarters, silent = _quarters(results, said)
    told = []
    if quarters:
        told.append(
            words.text(
                "Said: the probability published in each quarter with the sign of its verdict; a dash where nothing "
                "was."
            )
        )
    if not said.loc[said["quarter"].isin(quarters), "released"].astype(bool).all():
        told.append(words.text("{mark}: not published, computed again from what was known then.", mark=COMPUTED_AGAIN))
    if silent:
        named = ", ".join(_named(quarter, words) for quarter in silent)
        told.append(words.text("Nothing was published for {quarters}.", quarters=named))
    return " ".join(told)


def said_and_came(results: Results, words: Wording, before: SaidBefore) -> list[str]:
    """Return how often the likelier outcome came, of what is decided, and which promises came otherwise than said.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    before : SaidBefore
        What was said last.
    """
    decided = []
    for target in results.plan.promises:
        row, chance = results.promise(target.id), before.of(target.id)["probability"]
        if row["verdict"] in ("met", "missed") and pd.notna(chance):
            decided.append((target, chance, row["verdict"]))
    if not decided:
        return []
    otherwise = [
        (target, chance, verdict) for target, chance, verdict in decided if (chance > 0.5) != (verdict == "met")
    ]
    quarter = numbers.quarter(before.quarter, words.language)
    told = [
        words.text(
            "Of {all} promises decided now that had a probability for {quarter}, the likelier outcome came in {right}.",
            all=numbers.count(len(decided), words.language),
            right=numbers.count(len(decided) - len(otherwise), words.language),
            quarter=quarter,
        )
    ]
    if otherwise:
        named = "; ".join(
            f"{words.of(target.name)} ({words.chance(chance)} → {words.verdict(verdict)})"
            for target, chance, verdict in otherwise
        )
        told.append(words.text("Otherwise than said: {promises}.", promises=named))
    return told


def _quarters(results: Results, said: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the quarters before the last that said something, and those that did not."""
    earlier = [f"{results.plan.year}-Q{number}" for number in (1, 2, 3)]
    spoken = set(said["quarter"])
    return [one for one in earlier if one in spoken], [one for one in earlier if one not in spoken]


def _named(quarter: str, words: Wording) -> str:
    return numbers.quarter(parse_quarter(quarter), words.language)


def _value(results: Results, words: Wording, target: Promise, part: Part | None, row: pd.Series) -> str:
    """Return the year's value; of a promise of two parts, which have rows of their own, how they are joined."""
    return (cells(results, words, target, row) if part is None else share_cells(results, words, row, part))[0]


def _promised(results: Results, words: Wording, row: pd.Series) -> str:
    if row["rule"] not in RULES or pd.isna(row["threshold"]):
        return numbers.MISSING
    if row["rule"] == "at_least" and row["threshold"] == 1.0:
        return numbers.percent(1.0, words.language, digits=0)  # nobody says "at least all of them"
    return words.rule(row["rule"], row["threshold"], words.quantity(results.plan, row["indicator"]))


def _said(row: pd.Series | None, words: Wording) -> str:
    if row is None:
        return numbers.MISSING
    sign = VERDICTS[row["verdict"]][0]
    shown = sign if pd.isna(row["probability"]) else f"{sign} {words.chance(row['probability'])}"
    mark = "" if row["released"] else COMPUTED_AGAIN
    return f'<span class="verdict-mark verdict-{row["verdict"]}">{shown}</span>{mark}'

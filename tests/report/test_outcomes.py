"""The final quarter: what became of every promise beside what each quarter had said; of promises made by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
from bs4 import BeautifulSoup

from analysis.parameters import RunParameters
from analysis.publish.store.ledger import enter_probabilities, lines_of
from analysis.quarter.results import Results
from analysis.report.outcomes import outcome_notes, outcomes, said_and_came
from analysis.report.published_probabilities import said_by_quarter
from analysis.report.since_publication import computed_again
from analysis.report.wording import Wording

EN = Wording("en")
NAN = float("nan")
Made = Callable[..., Results]

OVER = {"pci_group": (NAN, "not_estimated"), "one_stop": (1.0, "met"), "autonomy": (0.0, "missed")}


def _said(made: Made, run: RunParameters, ledger: Path) -> tuple[Results, pd.DataFrame]:
    """Return the year's end and what was said: published for the first quarter, computed again for the third."""
    last = run.model_copy(update={"quarter": "2021-Q4", "as_of": date(2021, 12, 20)})
    first = run.model_copy(update={"quarter": "2021-Q1", "as_of": date(2021, 3, 20)})
    then = made(OVER | {"one_stop": (0.90, "likely"), "autonomy": (0.41, "uncertain")}, quarter="2021-Q1")
    lines = lines_of(first, "key", then.attainment.promises, datetime(2021, 3, 21, tzinfo=UTC))
    enter_probabilities(ledger, last.plan_name, lines)
    over = made(OVER, OVER | {"one_stop": (0.30, "uncertain"), "autonomy": (0.06, "unlikely")}, quarter="2021-Q4")
    return over, said_by_quarter(ledger, last, over)


def test_every_quarter_stands_with_what_was_said_in_it(made: Made, demo_run: RunParameters, tmp_path: Path) -> None:
    over, said = _said(made, demo_run, tmp_path)
    table = BeautifulSoup(outcomes(over, EN, said), "html.parser")
    assert [head.get_text(" ", strip=True) for head in table.thead.find_all("th")] == [
        "Promise (number in the plan)", "Outcome", "Result of the year", "Promised", "Said for Q1 2021",
        "Said for Q3 2021",
    ]  # fmt: skip
    rows = [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in table.tbody("tr")]
    # What failed comes first; "○" was not estimated, "*" is computed again. The second quarter said nothing.
    assert [[row[0], row[1], *row[4:]] for row in rows] == [
        ["3. Public units made autonomous", "✖ Missed", "◆ 41%", "▼ 6% *"],
        ["1. PCI in the good group", "○ Not estimated", "○", "○ *"],
        ["2. One-stop mechanism everywhere", "✔ Met", "▲ 90%", "◆ 30% *"],
    ]
    assert "*: not published, computed again" in outcome_notes(over, EN, said)
    published = said[said["released"].astype(bool)]
    assert "*" not in outcome_notes(over, EN, published)
    assert outcome_notes(over, EN, said).endswith("Nothing was published for Q2 2021.")


def test_where_nothing_was_said_there_is_no_column_for_it(made: Made, demo_run: RunParameters, tmp_path: Path) -> None:
    over, said = _said(made, demo_run, tmp_path)
    silent = said[said["quarter"] == "2021-Q4"]
    heads = [head.get_text(strip=True) for head in BeautifulSoup(outcomes(over, EN, silent), "html.parser").thead("th")]
    assert heads == ["Promise (number in the plan)", "Outcome", "Result of the year", "Promised"]
    assert outcome_notes(over, EN, silent) == "Nothing was published for Q1 2021, Q2 2021, Q3 2021."


def test_it_is_said_how_often_the_likelier_outcome_came(made: Made, demo_run: RunParameters, tmp_path: Path) -> None:
    over, _ = _said(made, demo_run, tmp_path)
    assert said_and_came(over, EN, computed_again(over)) == [
        "Of 2 promises decided now that had a probability for Q3 2021, the likelier outcome came in 1.",
        "Otherwise than said: One-stop mechanism everywhere (30% → ✔ Met).",
    ]


def test_without_a_probability_nothing_is_compared(made: Made) -> None:
    nothing = made(OVER, dict.fromkeys(OVER, (NAN, "not_estimated")), quarter="2021-Q4")
    assert said_and_came(nothing, EN, computed_again(nothing)) == []

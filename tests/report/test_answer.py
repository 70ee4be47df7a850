"""The answer in one sentence, the strip of counts, and the order by risk: of promises made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.quarter.results import Results
from analysis.report.answer import by_risk, sentence, strip
from analysis.report.wording import Wording

EN, VI = Wording("en"), Wording("vi")
NAN = float("nan")
MIXED = {
    "satisfaction": (NAN, "not_estimated"), "online_uptake": (0.60, "uncertain"), "overdue": (0.005, "very_unlikely"),
    "portal_integration": (0.10, "unlikely"), "online_publication": (0.10, "unlikely"), "pci_group": (0.0, "missed"),
    "one_stop": (0.70, "uncertain"), "online_centre": (0.96, "very_likely"), "apparatus": (0.85, "likely"),
    "autonomy": (1.0, "met"),
}  # fmt: skip

Made = Callable[..., Results]


def test_one_sentence_counts_every_promise_the_riskiest_first(made: Made) -> None:
    results = made(MIXED)
    assert sentence(results, EN) == (
        "Of 10 promises, 1 is missed, 3 are unlikely to be met or worse, 2 are uncertain, 1 cannot be estimated, 2 are "
        "likely to be met or better and 1 is met."
    )
    assert sentence(results, VI) == (
        "Trong 10 mục tiêu, 1 không đạt, 3 khó hoặc rất khó đạt, 2 chưa chắc chắn, 1 chưa ước lượng được, 2 có nhiều "
        "khả năng đạt và 1 đã đạt."
    )


def test_the_strip_has_a_count_for_each_that_there_is(made: Made) -> None:
    of_two = {"one_stop": (0.70, "uncertain"), "autonomy": (0.03, "very_unlikely")}
    html = BeautifulSoup(strip(made(of_two), EN, "Begin with: <one>"), "html.parser")
    assert [item.get_text() for item in html.find_all("li")] == ["1 ▼ unlikely or worse", "1 ◆ uncertain",
                                                                 "Begin with: <one>"]  # fmt: skip
    everything = BeautifulSoup(strip(made(MIXED), EN, ""), "html.parser")
    assert sum(int(number.get_text()) for number in everything.find_all("strong")) == 10


@pytest.mark.parametrize(
    ("says", "sentence_of_it"),
    [
        ((0.60, "uncertain"), "The plan has one promise, One-stop mechanism everywhere: ◆ Uncertain (60%)."),
        ((NAN, "not_estimated"), "The plan has one promise, One-stop mechanism everywhere: ○ Not estimated."),
        ((1.0, "met"), "The plan has one promise, One-stop mechanism everywhere: ✔ Met."),
    ],
)
def test_of_one_promise_nothing_is_counted(made: Made, says: tuple[float, str], sentence_of_it: str) -> None:
    assert sentence(made({"one_stop": says}), EN) == sentence_of_it


def test_the_last_quarter_says_that_the_year_is_over(made: Made) -> None:
    over = made({"one_stop": (1.0, "met"), "autonomy": (0.0, "missed")}, quarter="2021-Q4")
    assert sentence(over, EN) == "At the end of the year, of 2 promises 1 is missed and 1 is met."


def test_promises_stand_by_risk_and_keep_their_number_in_the_plan(made: Made) -> None:
    # Of the two with 10 % the plan's first comes first; what nobody can estimate stands before what is likely.
    assert [number for number, _ in by_risk(made(MIXED))] == [6, 3, 4, 5, 2, 7, 1, 9, 8, 10]


def test_every_verdict_has_a_place(made: Made) -> None:
    said = pd.Series([verdict for _, verdict in MIXED.values()])
    assert set(said) == {
        "met", "very_likely", "likely", "uncertain", "unlikely", "very_unlikely", "missed", "not_estimated",
    }  # fmt: skip

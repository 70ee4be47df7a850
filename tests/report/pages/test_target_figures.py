"""The figures of the page of promises say what moved and who holds the gap, in every state."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from analysis.quarter.results import Results
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture
from analysis.report.pages.targets import gap, history
from analysis.report.wording import Wording
from changed_results import changed
from drawn_texts import assert_no_overlap, assert_short, drawn

EN = Wording("en")
NAN = float("nan")
Made = Callable[..., Results]
BODIES = ["sxd", "ubnd-nt", "bdt"]
NAMES = {"one_stop": "One-stop mechanism everywhere", "autonomy": "Public units made autonomous"}


def _history(made: Made, **said: list[float]) -> Picture | None:
    """Return the history of promises, the last quarter's probability the last one of each."""
    quarters = ["2021-Q1", "2021-Q2", "2021-Q3"][-max(map(len, said.values())) :]
    rows = [(target, quarter, chance) for target, chances in said.items()
            for quarter, chance in zip(quarters, chances, strict=True)]  # fmt: skip
    results = made(dict.fromkeys(said, (NAN, "uncertain")))
    return history(results, EN, pd.DataFrame(rows, columns=["target", "quarter", "probability"]))


@pytest.mark.parametrize(
    ("said", "title", "labels"),
    [
        ({"one_stop": [0.4, 0.7, 0.59], "autonomy": [0.3, 0.3, 0.31]},
         "One-stop mechanism everywhere moved most: from 40% to 59%", ["40% → 59%", "30% → 31%"]),
        ({"one_stop": [0.4, 0.7], "autonomy": [NAN, 0.06]},
         "One-stop mechanism everywhere moved most: from 40% to 70%", ["40% → 70%", "6%"]),
        ({"one_stop": [0.41, 0.411], "autonomy": [0.06, 0.06]}, "Probabilities now: from 6% to 41%", ["41%", "6%"]),
        ({"one_stop": [0.41], "autonomy": [0.06]}, "Probabilities now: from 6% to 41%", ["41%", "6%"]),
        ({"one_stop": [0.41]}, "Probability now: 41%", ["41%"]),
        # What is no longer estimated has not moved to anything.
        ({"one_stop": [0.1, NAN], "autonomy": [0.3, 0.35]},
         "Public units made autonomous moved most: from 30% to 35%", ["10% → –", "30% → 35%"]),
        ({"one_stop": [0.1, NAN]}, "No probability is estimated any longer", ["10% → –"]),
    ],
)  # fmt: skip
def test_a_history_says_which_promise_moved_most(
    made: Made, said: dict[str, list[float]], title: str, labels: list[str]
) -> None:
    picture = _history(made, **said)
    assert picture is not None
    assert picture.title == title
    written = drawn(picture)
    assert [text for text in written if text in labels] == labels
    assert [NAMES[target] for target in said] == [text for text in written if text in NAMES.values()]


def test_a_history_of_nothing_is_no_picture(made: Made) -> None:
    assert _history(made, one_stop=[NAN, NAN]) is None


def test_the_texts_of_a_history_are_apart(made: Made) -> None:
    picture = _history(made, one_stop=[0.4, 0.7, 0.001], autonomy=[0.3, 0.3, 0.999], overdue=[0.0, 0.5, 1.0])
    assert picture is not None
    assert_no_overlap(picture)
    assert_short(picture, "en")


def _gap(made: Made, short: list[float], words: Wording = EN, *, rule: str = "at_least") -> Picture:
    results = made({"online_uptake": (0.6, "uncertain")})
    promises = results.attainment.promises.assign(rule=rule)
    members = pd.DataFrame(
        {"target": "online_uptake", "part": "", "dimension": "agency", "series": BODIES[: len(short)], "short": short,
         "probability": 0.6, "probability_if": 0.72}
    )  # fmt: skip
    return gap(changed(results, promises=promises), words, members, title="Who", table=members, unit="cases")


@pytest.mark.parametrize(
    ("short", "rule", "title"),
    [
        ([412.0, 400.4, 390.6], "at_least", "Construction department holds 412 of 1,203 cases missing"),
        ([412.0, 400.4, 390.6], "at_most", "Construction department holds 412 of 1,203 cases too many"),
        ([412.0], "at_least", "Only Construction department is short, by 412 cases"),
        ([0.4, 0.3], "at_least", "Nobody is short by even one of the cases"),
    ],
)
def test_a_gap_says_who_holds_how_much_of_it(made: Made, short: list[float], rule: str, title: str) -> None:
    picture = _gap(made, short, rule=rule)
    assert picture.title == title
    assert picture.statistic == "Who"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_bars_of_a_gap_are_labelled_at_both_widths(made: Made, language: str) -> None:
    picture = _gap(made, [1418.0, 300.0, 3.0], Wording(language))
    for width in (theme.WIDE, theme.NARROW):
        assert {"300 · 60% → 72%", "3 · 60% → 72%"} <= set(drawn(picture, width))
    assert_no_overlap(picture)
    assert_short(picture, language)

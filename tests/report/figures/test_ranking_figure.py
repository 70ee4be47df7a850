"""The ranking shows what few cases leave open, and its message is true whatever is known of the bodies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from analysis.plan.plan import Plan
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture
from analysis.report.figures.ranking import ranking
from analysis.report.wording import Wording
from drawn_texts import assert_no_overlap, drawn

EN = Wording("en")
LATE = [
    # 700 of 30,000 are clearly more than 2 %, 2 of 75 are not, and 10 of 5,000 are clearly less.
    ("ubnd-nt", 700, 30_000, 0.0216, 0.0250),
    ("sxd", 2, 75, 0.0054, 0.0830),
    ("stc", 10, 5_000, 0.0010, 0.0036),
]


def _rows(counted: list[tuple[str, int, int, float, float]] = LATE, *, line: float = 0.02) -> pd.DataFrame:
    rows = pd.DataFrame(counted, columns=["series", "numerator", "denominator", "lower", "upper"])
    rows["value"] = rows["numerator"] / rows["denominator"]
    places = {"best_rank": range(len(rows), 0, -1), "worst_rank": range(len(rows), 0, -1)}
    return rows.assign(rule="at_most" if line == line else "", line=line, hidden=False, **places)


def _with_hidden(rows: pd.DataFrame) -> pd.DataFrame:
    hidden = rows.tail(1).assign(series="bdt", hidden=True)
    numbers_of = ["numerator", "denominator", "value", "lower", "upper", "best_rank", "worst_rank"]
    return pd.concat([rows, hidden.assign(**dict.fromkeys(numbers_of, np.nan))], ignore_index=True)


@pytest.fixture
def results(demo_plan: Plan) -> Results:
    return cast(Results, SimpleNamespace(plan=demo_plan, simulated=True))


def _picture(results: Results, rows: pd.DataFrame, words: Wording = EN, body: str | None = None) -> Picture:
    picture = ranking(results, words, "overdue", "agency", rows, body=body)
    assert picture is not None
    return picture


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (0.02, "1 of 3 bodies is clearly worse than 2%: Nha Trang city 2.3%"),
        (0.0009, "3 of 3 bodies are clearly worse than 0.09%; first: Nha Trang city 2.3%"),
        (0.03, "None of 3 bodies is clearly worse than 3%; nearest: Nha Trang city 2.3%"),
        (float("nan"), "Highest: Construction departme… 2.7%; lowest: Finance department 0.2%"),
    ],
)
def test_the_message_says_how_many_are_clearly_worse_than_the_line_and_who_most(
    results: Results, line: float, message: str
) -> None:
    assert _picture(results, _rows(line=line)).title == message


def test_the_caption_says_what_clearly_means_where_something_is_promised(results: Results) -> None:
    told = "Clearly worse: beyond the promise with both limits."
    assert told in _picture(results, _rows()).caption
    assert told not in _picture(results, _rows(line=float("nan"))).caption
    assert _picture(results, _rows()).statistic.endswith(": year to date (bodies)")


def test_a_body_alone_or_with_a_page_of_its_own_has_the_message(results: Results) -> None:
    assert _picture(results, _rows(LATE[:1])).title == "Nha Trang city 2.3%"
    assert _picture(results, _rows(), body="sxd").title == "Construction department 2.7%: rank 2 to 2 of 3"
    # Of a block, which is no body among these, the ranking speaks of all.
    assert _picture(results, _rows(), body="districts").title.startswith("1 of 3 bodies")


def test_of_bodies_that_are_promised_different_lines_each_is_held_to_its_own(results: Results) -> None:
    rows = _rows().assign(line=[0.02, 0.005, 0.001])
    picture = _picture(results, rows)
    assert picture.title == "2 of 3 bodies are clearly worse than promised; first: Nha Trang city 2.3%"
    figure, _ = picture.laid_out(theme.WIDE)
    (marks,) = [
        one for one in figure.axes[0].collections
        if isinstance(one, LineCollection) and len({x for line in one.get_segments() for x, _ in line}) == 3
        and all(line[0][0] == line[1][0] for line in one.get_segments())
    ]  # fmt: skip
    assert [line[0][0] for line in marks.get_segments()] == [0.02, 0.005, 0.001]


def test_who_is_hidden_stands_in_the_table_alone(results: Results) -> None:
    picture = _picture(results, _with_hidden(_rows()))
    assert picture.table.set_index("Body or field").loc["Ethnic Affairs board"].tolist() == [numbers.MISSING] * 4
    assert picture.table["95% limits"].tolist()[:2] == ["2.2–2.5%", "0.5–8.3%"]
    assert picture.values.iloc[-1][["numerator", "denominator", "value", "lower", "upper"]].isna().all()
    assert picture.title.startswith("1 of 3 bodies")
    assert "Hidden: cells of 1 to 4 cases" in picture.caption
    for width in (theme.WIDE, theme.NARROW):
        assert not any("Ethnic" in text for text in drawn(picture, width))
        assert "Construction department · 75" in drawn(picture, width)


def test_of_nobody_who_may_be_shown_there_is_no_picture(results: Results) -> None:
    assert ranking(results, EN, "overdue", "agency", _with_hidden(_rows()).tail(1)) is None


def _many(names: list[str]) -> pd.DataFrame:
    return _rows([(name, 40 - at, 1_000, (36 - at) / 1_000, (46 - at) / 1_000) for at, name in enumerate(names)])


@pytest.mark.parametrize(("width", "most"), [(theme.WIDE, 30), (theme.NARROW, 16)])
def test_of_many_the_worst_are_drawn_and_the_body_of_the_page(results: Results, width: float, most: int) -> None:
    names = [f"b{at:02d}" for at in range(34)]
    picture = _picture(results, _many(names), body="b33")
    shown = [text.split(" · ")[0] for text in drawn(picture, width) if " · " in text]
    assert shown == [*names[: most - 1], "b33"]
    assert len(picture.table) == 34
    assert "The first are drawn" in picture.caption
    figure, _ = picture.laid_out(width)
    # Where colour is lost it has a mark of its own and is bold.
    assert [line.get_marker() for line in figure.axes[0].lines[:2]] == ["o", "D"]
    assert list(figure.axes[0].lines[1].get_xdata()) == [0.007]
    bold = [text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_fontweight"))
            if text.get_fontweight() == "bold" and text.get_text() not in ("", picture.title)]  # fmt: skip
    assert set(bold) == {"b33 · 1,000", "0.7%"}


@pytest.mark.slow
@pytest.mark.parametrize(("language", "line"), [("vi", 0.001), ("en", 0.0405)])
def test_no_text_of_a_ranking_lies_over_another(results: Results, language: str, line: float) -> None:
    names = [f"Ủy ban nhân dân huyện Mường Khương {at}" for at in range(34)]
    assert_no_overlap(_picture(results, _many(names).assign(line=line), Wording(language)))


def test_no_text_of_the_ranking_of_one_body_lies_over_another(results: Results) -> None:
    assert_no_overlap(_picture(results, _rows(LATE[:1]), body="ubnd-nt"))

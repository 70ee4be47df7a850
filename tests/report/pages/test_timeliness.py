"""The classes of the cases of each quarter add up, and what was late is said first."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from analysis.plan.plan import Plan
from analysis.quarter.results import Results
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture
from analysis.report.pages.timeliness import timeliness
from analysis.report.wording import Wording
from drawn_texts import assert_no_overlap, drawn

EN = Wording("en")
COUNTS = {"early": 500, "on_time": 440, "late": 20, "no_due_date": 40}


@pytest.fixture
def made(demo_plan: Plan):
    """Return a maker of results of some quarters, of which the classes of the cases alone are known."""

    def made(*quarters: dict[str | None, int]) -> Results:
        last = pd.Period("2021Q3", "Q")
        rows = [
            (f"{(last - back).year}-{3 * (last - back).quarter:02d}", code, count)
            for back, counts in enumerate(reversed(quarters))
            for code, count in counts.items()
        ]
        frame = pd.DataFrame(rows, columns=["period", "timeliness", "resolved"])
        return cast(
            Results, SimpleNamespace(plan=demo_plan, simulated=True, indicators=SimpleNamespace(timeliness=frame))
        )

    return made


def _picture(results: Results, words: Wording = EN) -> Picture:
    picture = timeliness(results, words)
    assert picture is not None
    return picture


def test_the_classes_of_a_quarter_add_up_and_are_said(made) -> None:
    picture = _picture(made(COUNTS, COUNTS | {"on_time": 429, "late": 31}))
    assert picture.values.iloc[-1][list(COUNTS)].sum() == 1_000
    assert "overdue 3.1%" in picture.alt
    assert picture.title == "3.1% of cases resolved late in Q3 2021"
    assert picture.table["Overdue"].tolist() == ["20 (2.0%)", "31 (3.1%)"]
    shown = drawn(picture)
    assert {"Before time 50.0%", "On time 42.9%", "Overdue 3.1%", "No due date 4.0%", "2.0%", "3.1%"} <= set(shown)


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "3.1% of cases resolved late in Q3 2021, +1.1 percentage points on the year before"),
        ("vi", "3,1% hồ sơ giải quyết trễ hạn trong quý III/2021, +1,1 điểm phần trăm so với cùng kỳ"),
    ],
)
def test_the_message_says_how_much_more_was_late_than_a_year_before(made, language: str, message: str) -> None:
    quarters = [COUNTS] * 8 + [COUNTS | {"on_time": 429, "late": 31}]
    picture = _picture(made(*quarters), Wording(language))
    assert picture.title == message
    assert_no_overlap(picture)
    narrow = picture.laid_out(theme.NARROW)[0].axes[0]
    assert len([text for text in drawn(picture) if text in ("2.0%", "2,0%")]) == 7
    assert len(narrow.patches) == 4 * 5  # four classes in each of the last five quarters


@pytest.mark.parametrize("before", [[], [{"no_due_date": 10}, COUNTS, COUNTS, COUNTS]])
def test_where_nothing_was_dated_nothing_is_said_to_be_in_time(made, before: list[dict[str, int]]) -> None:
    assert _picture(made(*before, COUNTS)).title == "2.0% of cases resolved late in Q3 2021"
    none = _picture(made(*before, {"no_due_date": 10, None: 5}))
    assert none.title == "No due date is known of the cases resolved in Q3 2021"


def test_neighbours_differ_in_lightness_and_not_by_colour_alone(made) -> None:
    axes = _picture(made(COUNTS, COUNTS)).laid_out(theme.WIDE)[0].axes[0]

    def lightness(bar) -> float:
        *rgb, alpha = bar.get_facecolor()
        red, green, blue = (alpha * one + 1 - alpha for one in rgb)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    stacked = [lightness(bar) for bar in axes.patches[::2]]
    assert all(abs(one - other) > 0.1 for one, other in pairwise(stacked))
    assert all(bar.get_hatch() is None for bar in axes.patches)


def test_no_classes_no_picture(made) -> None:
    assert timeliness(made({None: 10}), EN) is None
    assert timeliness(made(), EN) is None

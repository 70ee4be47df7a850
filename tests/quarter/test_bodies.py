"""How bodies stand in what promises count, worked out by hand on three bodies of the shipped plan."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.quarter.bodies import (
    are_beyond,
    bodies_of,
    dimension_of,
    promised_of,
    standing_of_bodies,
    year_of_bodies,
)
from analysis.quarter.results import Results
from few_bodies import few_bodies


@pytest.fixture(scope="module")
def few(demo_quarter: Results) -> Results:
    return few_bodies(demo_quarter)


@pytest.fixture(scope="module")
def standing(few: Results, demo_run: RunParameters) -> pd.DataFrame:
    return standing_of_bodies(few, demo_run).set_index("series")


def test_bodies_stand_in_order_of_what_is_known_and_blocks_last(standing: pd.DataFrame) -> None:
    # 480 of 2,000 against 20 of 150: the lower share is known by so many cases that it is lower all the same.
    assert standing.index.tolist() == ["ubnd-ks", "ubnd-nt", "stc", "ubnd-ts", "districts"]
    assert standing["bodies"].head(3).tolist() == [3, 3, 3]
    assert standing[["best_rank", "worst_rank"]].head(3).to_numpy().tolist() == [[3, 3], [2, 2], [1, 1]]
    assert standing.loc["ubnd-nt", ["numerator", "denominator", "value"]].tolist() == [480, 2_000, 0.24]


def test_what_a_notebook_changes_is_not_what_the_next_cell_is_given(
    few: Results, standing: pd.DataFrame, demo_run: RunParameters
) -> None:
    # It is worked out once for the page and for the cells beneath it.
    mine = standing_of_bodies(few, demo_run)
    mine["value"] = 0.0
    assert standing_of_bodies(few, demo_run).set_index("series").equals(standing)


def test_the_gap_is_that_of_the_bodies_that_may_be_shown(standing: pd.DataFrame) -> None:
    # Short of 30 %: 0.3 · 2,000 − 480 = 120 and 0.3 · 150 − 20 = 25; of their 145, 0.83 and 0.17.
    assert standing["short"].tolist()[:3] == pytest.approx([25, 120, 0])
    assert standing["of_gap"].tolist()[:3] == pytest.approx([25 / 145, 120 / 145, 0])
    # The block: 0.3 · 2,156 − 502 by itself, and of the gap what its members hold.
    assert standing.loc["districts", "short"] == pytest.approx(144.8)
    assert standing.loc["districts", "of_gap"] == pytest.approx(1)


def test_nothing_is_worked_out_from_what_is_hidden(standing: pd.DataFrame) -> None:
    hidden = standing.loc["ubnd-ts"].drop(["target", "part", "indicator", "dimension", "is_group", "rule", "line"])
    assert hidden.pop("hidden")
    assert hidden.pop("quarter_hidden")
    assert not hidden.pop("is_beyond")
    assert hidden.dropna().empty


def test_cases_a_week_are_those_of_the_part_of_all_cases_it_brings_now(
    few: Results, standing: pd.DataFrame, demo_run: RunParameters
) -> None:
    rate = few.attainment.of("run_rate", "online_uptake", "of_all").iloc[0]
    rest = rate["rest_cases"] / few.promise("online_uptake", "of_all")["denominator"]
    # 13 weeks are left, of 13.14 the quarter had (15 June to 14 September is 92 days).
    assert standing.loc["ubnd-nt", "cases_per_week"] == pytest.approx((0.3 * 2_000 * (1 + rest) - 480) / 13)
    assert standing.loc["ubnd-nt", "now_per_week"] == pytest.approx(240 / (92 / 7))


def test_beyond_the_line_is_whom_the_quarters_cases_put_there(standing: pd.DataFrame) -> None:
    # 240 of 1,000 has limits of 21.4 % to 26.7 %; 10 of 75 of 7.1 % to 22.4 %; both are below 30 %.
    assert standing["is_beyond"].tolist() == [True, True, False, False, False]
    assert standing.loc["ubnd-nt", ["quarter_lower", "quarter_upper"]].tolist() == pytest.approx(
        [0.214, 0.267], abs=0.002
    )


def test_bodies_are_named_by_dimension_or_block_and_what_is_none_is_said(few: Results) -> None:
    assert bodies_of(few, "agency") == ["stc", "ubnd-ks", "ubnd-nt", "ubnd-ts"]
    assert bodies_of(few, "districts") == ["ubnd-ks", "ubnd-nt", "ubnd-ts"]
    assert dimension_of(few, "districts") == "agency"
    with pytest.raises(BadParameters, match="each: no dimension or group 'agencies'"):
        bodies_of(few, "agencies")
    with pytest.raises(BadParameters, match="body: nothing is counted of 'ubnd-xx'"):
        dimension_of(few, "ubnd-xx")


def test_the_year_of_bodies_has_them_in_order_with_limits_and_line(few: Results, demo_run: RunParameters) -> None:
    year = year_of_bodies(few, demo_run, "online_of_all").set_index("series")
    # No block is among its bodies, and whom a publication hides comes last, without a number.
    assert year.index.tolist() == ["ubnd-ks", "ubnd-nt", "stc", "ubnd-ts"]
    assert year["line"].tolist() == [0.3] * 4
    assert year["rule"].tolist() == ["at_least"] * 4
    # 480 of 2,000: 0.24 ∓ 1.96 · 0.00955
    assert year.loc["ubnd-nt", ["value", "lower", "upper"]].tolist() == pytest.approx([0.24, 0.2213, 0.2587], abs=0.002)
    assert year.loc["ubnd-ts", ["numerator", "denominator", "value", "lower", "upper", "best_rank"]].isna().all()
    assert are_beyond(year.reset_index()).tolist() == [True, True, False, False]
    assert year_of_bodies(few, demo_run, "overdue").empty


def test_what_is_promised_of_a_body_is_what_its_cases_count_for(demo_quarter: Results) -> None:
    assert promised_of(demo_quarter, "online_of_all", "agency", "stc") == ("at_least", 0.3)
    assert promised_of(demo_quarter, "overdue", "field", "datdai") == ("at_most", 0.02)
    # Asked alike of each field that is named, it is asked of a body; of a field that is not named nothing is.
    assert promised_of(demo_quarter, "overdue", "agency", "stc") == ("at_most", 0.02)
    rule, line = promised_of(demo_quarter, "overdue", "field", "yte")
    assert (rule, line != line) == ("", True)


def test_all_of_a_hundred_per_cent_misses_no_line_though_no_limit_reaches_it() -> None:
    rows = pd.DataFrame(
        [("at_least", 1.0, 1.0, 0.97, 0.999), ("at_least", 1.0, 0.99, 0.97, 0.995), ("at_most", 0.02, 0.03, 0.01, 0.05),
         ("at_most", 0.02, 0.03, 0.021, 0.05), ("", float("nan"), 0.03, 0.021, 0.05)],
        columns=["rule", "line", "value", "lower", "upper"],
    )  # fmt: skip
    assert are_beyond(rows).tolist() == [False, True, False, True, False]

"""What a publication hides: on panels worked out by hand, and what an attacker makes of the demo's quarter."""

from __future__ import annotations

import io
import time

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from analysis.indicators.disclosure import (
    KEYS,
    QUARTERS_SHOWN,
    RESOLVED,
    are_hidden,
    hidden_cells,
    hidden_parts,
    hidden_where_crossed,
    is_small,
    without_hidden,
)
from analysis.indicators.measured import measures_of
from analysis.indicators.suppression import in_row_space
from analysis.parameters import ROOT
from analysis.plan.plan import Plan, read_plan
from analysis.quarter.results import Results
from analysis.report.html_table import csv_text

MEMBERS = {("field", "named_fields"): ["datdai"], ("field", None): ["datdai"], ("agency", None): ["sxd"]}
NOBODY = pd.DataFrame(columns=["period", "agency", "received", "resolved"])


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The demo's plan without its promises, so that every cell may be hidden."""
    return read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml").model_copy(update={"targets": {}})


def panel(cells: dict[str, list[int]], periods: list[str], *, numerator: int = 0) -> pd.DataFrame:
    """Return cases resolved of bodies by period as the indicator `overdue`, with their total."""
    whole = {"total": np.sum(list(cells.values()), axis=0).tolist()}
    rows = [
        ("overdue", "total" if code == "total" else "agency", code, period, numerator * (code != "total"), count)
        for code, counts in (whole | cells).items()
        for period, count in zip(periods, counts, strict=True)
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "numerator", "denominator"])


def hidden(plan: Plan, series: pd.DataFrame, origin: str = "2021-03", **how: str) -> set[tuple[str, str]]:
    """Return series and period of what is hidden."""
    found = hidden_cells(plan, series, NOBODY, origin=pd.Period(origin, "M"), **how)  # type: ignore[arg-type]
    return set(zip(found["series"], found["period"], strict=True))


def test_denominators_of_one_to_four_are_small() -> None:
    assert is_small(pd.Series([0, 1, 4, 5, None], dtype="Int64")).tolist() == [False, True, True, False, False]


def test_a_small_month_takes_a_rectangle_of_two_bodies_and_two_months(plan: Plan) -> None:
    months = ["2021-01", "2021-02", "2021-03"]
    series = panel({"a": [3, 20, 30], "b": [8, 9, 70], "c": [50, 60, 70]}, months)
    # Beside 3 the smallest of its month and quarter, and what these need: 8, 20 and 9; quarter and year are shown.
    assert hidden(plan, series) == {("a", "2021-01"), ("a", "2021-02"), ("b", "2021-01"), ("b", "2021-02")}


def test_a_body_with_few_cases_in_a_whole_year_is_hidden_with_another(plan: Plan) -> None:
    series = panel({"a": [1, 1, 0], "b": [8, 9, 70], "c": [50, 60, 70]}, ["2021-01", "2021-02", "2021-03"])
    found = hidden(plan, series)
    # Its months, its quarter and its year so far are all small.
    assert {("a", "2021-01"), ("a", "2021-02"), ("a", "2021Q1"), ("a", "2021")} <= found
    # In each of them somebody else goes, too: b, which has fewer cases than c.
    assert {code for code, _ in found} == {"a", "b"}
    assert {("b", "2021-01"), ("b", "2021-02"), ("b", "2021Q1"), ("b", "2021")} <= found


def test_nothing_small_hides_nothing_and_promises_are_always_shown(plan: Plan) -> None:
    months = ["2021-01", "2021-02", "2021-03"]
    assert hidden(plan, panel({"a": [5, 0, 9], "b": [7, 7, 7]}, months)) == set()
    promised = read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml").answered({}).over(MEMBERS)
    rows = panel({"datdai": [3, 9, 9], "x": [30, 40, 50], "y": [60, 70, 80]}, months)
    of_fields = rows.replace({"dimension": {"agency": "field"}})
    assert hidden(promised, of_fields) == set()  # land is promised; the same small month of another field goes
    assert ("z", "2021-01") in hidden(promised, of_fields.replace({"series": {"datdai": "z"}}))


def test_items_are_shown_and_small_numerators_where_wanted_are_not(plan: Plan) -> None:
    months = ["2021-01", "2021-02", "2021-03"]
    items = panel({"a": [3, 2, 1]}, months).assign(indicator="autonomy")
    assert hidden(plan, items) == set()
    late = panel({"a": [50, 60, 70], "b": [80, 90, 99]}, months, numerator=2)
    assert hidden(plan, late) == set()
    assert {("a", "2021-01"), ("b", "2021-03")} <= hidden(plan, late, small_numerators="hidden")


def test_of_a_survey_its_respondents_count(plan: Plan) -> None:
    asked = [("total", 100), ("a", 3), ("b", 40), ("c", 57)]
    rows = pd.DataFrame(
        [("surveyed_x", "total" if code == "total" else "agency", code, "2020", n) for code, n in asked],
        columns=[*KEYS, "respondents"],
    ).assign(numerator=pd.NA, denominator=pd.NA)
    assert hidden(plan, rows) == {("a", "2020"), ("b", "2020")}


def test_cases_without_a_body_protect_those_with_one(plan: Plan) -> None:
    series = panel({"a": [3], "b": [50]}, ["2021-01"])
    # 7 cases, one of them late, are of no body: nobody can subtract.
    beside = series.copy()
    beside.loc[series["series"] == "total", ["numerator", "denominator"]] = [1, 60]
    assert {code for code, _ in hidden(plan, beside, "2021-01")} == {"a"}
    assert {code for code, _ in hidden(plan, series, "2021-01")} == {"a", "b"}


def test_quarterly_data_has_no_quarters_to_add_up(plan: Plan) -> None:
    quarters = ["2021Q1", "2021Q2"]
    found = hidden_cells(
        plan, panel({"a": [3, 20], "b": [8, 9], "c": [50, 60]}, quarters), NOBODY, origin=pd.Period("2021Q2", "Q")
    )
    assert set(found["period"]) == set(quarters)
    assert set(found["series"]) == {"a", "b"}


def test_bodies_month_by_month_are_hidden_as_their_indicators_are(plan: Plan) -> None:
    months = [f"{year}-{month:02d}" for year in range(2019, 2022) for month in range(1, 13)]
    counts = {"a": [3] * 3 + [20] * 33, "b": [30] * 36, "c": [50] * 36}
    series = panel(counts, months)
    rows = [(month, code, 0, n) for code, every in counts.items() for month, n in zip(months, every, strict=True)]
    delivered = pd.DataFrame(rows, columns=NOBODY.columns)
    found = hidden_cells(plan, series, delivered, origin=pd.Period("2021-12", "M"))
    by = {name: set(zip(one["series"], one["period"], strict=True)) for name, one in found.groupby("indicator")}
    assert by[RESOLVED] == {cell for cell in by["overdue"] if "-" in cell[1]}


def test_hidden_cells_lose_their_numbers_and_keep_their_names() -> None:
    series = panel({"a": [3]}, ["2021-01"]).assign(value=0.5)
    out = without_hidden(series, series.loc[[1], KEYS])
    assert csv_text(out).splitlines() == [
        "indicator,dimension,series,period,numerator,denominator,value,hidden",
        "overdue,total,total,2021-01,0,3,0.5,False",
        "overdue,agency,a,2021-01,,,,True",
    ]
    assert are_hidden(series, series.loc[[1], KEYS]).tolist() == [False, True]


def test_of_the_parts_of_a_whole_a_single_small_one_takes_the_next_with_it() -> None:
    assert hidden_parts(pd.Series([3, 40, 7, 0])).tolist() == [True, False, True, False]
    assert hidden_parts(pd.Series([3, 40, 2])).tolist() == [True, False, True]
    assert hidden_parts(pd.Series([30, 40])).tolist() == [False, False]


def test_where_two_dimensions_cross_their_margins_give_nothing_away() -> None:
    crossed = pd.DataFrame(
        [("a", "x", 3), ("a", "y", 20), ("b", "x", 30), ("b", "y", 40), ("c", "x", 8), ("c", "y", 60)],
        columns=["series", "second", "denominator"],
    ).assign(period="2021-01", numerator=0)
    sums = pd.concat(
        [crossed.groupby(side)["denominator"].sum().rename_axis("series").reset_index().assign(side=side)
         for side in ("series", "second")]
    ).assign(indicator="overdue", dimension="d", period="2021-01", numerator=0)  # fmt: skip
    none = pd.DataFrame(columns=KEYS)
    # 3 with 8 in its column, 20 and 60 across; 30 and 40 would cost 30 + 20 + 40.
    assert hidden_where_crossed(crossed, sums, none).tolist() == [True, True, False, False, True, True]
    # Of a body that is hidden already, the sum of its two cells must not say how many cases it has.
    few = sums[(sums["side"] == "series") & (sums["series"] == "b")][KEYS]
    assert hidden_where_crossed(crossed, sums, few)[2:4].any()


def _equations(published: pd.DataFrame, plan: Plan, hidden: pd.DataFrame) -> list[list[tuple[int, float]]]:
    """Return what an attacker knows beside a column of counts: rows that add up, as places and weights.

    A sum over a quarter or over the year so far is a further unknown where it is hidden, else it is known.
    """
    found = []
    at = {key: place for place, key in enumerate(published[KEYS].itertuples(index=False, name=None))}
    groups = published.groupby(["indicator", "dimension", "period"]).indices
    codes = published["series"].to_numpy()
    for (indicator, dimension, period), places in groups.items():
        if dimension == "total":
            continue
        grouped = plan.groups.get(dimension, {})
        members = [place for place in places if codes[place] not in grouped]
        whole = at.get((indicator, "total", "total", period))
        if whole is not None:
            found.append([(whole, 1.0), *((place, -1.0) for place in members)])
        for place in places:
            if codes[place] in grouped:
                inside = grouped[codes[place]].members
                found.append([(place, 1.0), *((one, -1.0) for one in members if codes[one] in inside)])
    sums = set(hidden[KEYS].itertuples(index=False, name=None))
    quarters = published["period"].map(lambda label: str(pd.Period(label, "M").asfreq("Q")) if "-" in label else "")
    years = published["period"].where(published["period"].str.startswith("2021-"), "").str[:4]
    last = sorted(set(quarters) - {""})[-QUARTERS_SHOWN:]
    for labels in (quarters.where(quarters.isin(last), ""), years):
        for (*names, label), places in (
            published[labels != ""]
            .groupby([published["indicator"], published["dimension"], published["series"], labels])
            .indices.items()
        ):
            if (*names, label) not in sums:
                own = np.flatnonzero(labels != "")[places]
                found.append([(int(place), 1.0) for place in own])
    return found


def _between_indicators(published: pd.DataFrame) -> list[list[tuple[int, float]]]:
    """Return what an attacker who read the definitions knows: rows that add up, even places for denominators."""
    at = {key: place for place, key in enumerate(published[KEYS].itertuples(index=False, name=None))}
    found = []
    for (indicator, *cell), place in at.items():
        everything, offline = (at.get((name, *cell)) for name in ("online_of_all", "published_of_offline"))
        same = at.get(("no_due_date", *cell))
        if indicator == "overdue" and everything is not None:
            found.append([(2 * place, 1.0), (2 * everything, -1.0)])
        if indicator == "overdue" and same is not None:
            found.append([(2 * place, 1.0), (2 * same, -1.0)])
        if indicator == "online_of_published" and everything is not None and offline is not None:
            found.append([(2 * place, 1.0), (2 * everything + 1, -1.0), (2 * offline + 1, -1.0)])
            found.append([(2 * place + 1, 1.0), (2 * everything + 1, -1.0)])
            found.append([(2 * everything, 1.0), (2 * everything + 1, -1.0), (2 * offline, -1.0)])
    return found


def _recovered(equations: list[list[tuple[int, float]]], unknown: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the unknown places that have one value only, by those of the equations that hold."""
    column = {place: at for at, place in enumerate(unknown)}
    left = []
    for equation in equations:
        # Sums over periods have positive weights only: what they are equal to is shown in figures.
        holds = all(weight > 0 for _, weight in equation) or not sum(truth[one] * weight for one, weight in equation)
        if holds and any(one in column for one, _ in equation):
            left.append([(column[one], weight) for one, weight in equation if one in column])
    row, at, weight = map(np.array, zip(*((n, *pair) for n, one in enumerate(left) for pair in one), strict=True))
    matrix = sparse.csr_matrix((weight, (row, at)), (len(left), len(unknown)))
    return unknown[in_row_space(matrix)]


@pytest.mark.slow
def test_an_attacker_with_the_published_files_recovers_no_hidden_cell_of_the_demo(demo_quarter: Results) -> None:
    series = demo_quarter.indicators.series
    published = pd.read_csv(io.StringIO(csv_text(demo_quarter.published(series))), dtype={"period": str})
    published = published[published["indicator"].isin(list(measures_of(demo_quarter.plan)))].reset_index(drop=True)
    assert published.loc[published["hidden"], ["numerator", "denominator", "value"]].isna().all(axis=None)
    assert not is_small(published["denominator"]).any()
    full = series.set_index(KEYS)[["denominator", "numerator"]]
    truth = full.reindex(pd.MultiIndex.from_frame(published[KEYS])).astype(float).to_numpy()
    sums = _equations(published, demo_quarter.plan, demo_quarter.indicators.hidden)
    unknown = np.flatnonzero(published["hidden"])
    for column in (0, 1):  # each as if the other were not there
        assert published.loc[_recovered(sums, unknown, truth[:, column]), KEYS].to_numpy().tolist() == []
    # All at once, with the definitions: of a cell hidden for its numerator another indicator may show the denominator.
    together = [[(2 * one + kind, weight) for one, weight in equation] for equation in sums for kind in (0, 1)]
    both = np.sort(np.concatenate([2 * unknown, 2 * unknown + 1]))
    found = _recovered([*together, *_between_indicators(published)], both, truth.ravel())
    few = [place for place in found if is_small(pd.Series(truth.ravel()[[place]])).all() and not place % 2]
    assert published.loc[[place // 2 for place in few], KEYS].to_numpy().tolist() == []
    small = is_small(full["denominator"]).reindex(pd.MultiIndex.from_frame(published[KEYS])).sum()
    assert small < len(unknown) < 2.1 * small


@pytest.mark.slow
def test_the_demo_is_done_in_two_seconds_and_promises_are_all_there(demo_quarter: Results) -> None:
    shown = demo_quarter.published(demo_quarter.indicators.series)
    for promise in demo_quarter.plan.measured:
        for part in promise.parts.values():
            names = [part.indicator, part.dimension, part.series]
            mine = shown[shown[KEYS[:3]].eq(names).all(axis=1)]
            assert len(mine)
            assert not mine["hidden"].any()
    began = time.process_time()
    found = hidden_cells(
        demo_quarter.plan,
        demo_quarter.indicators.series,
        demo_quarter.indicators.agency_months,
        origin=pd.Period("2021-09", "M"),
    )
    assert time.process_time() - began < 6  # alone it takes a second and a half
    pd.testing.assert_frame_equal(found, demo_quarter.indicators.hidden.astype(found.dtypes))

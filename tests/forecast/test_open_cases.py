import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.open_cases import (
    COLUMNS,
    DRIFT,
    PEERS,
    STOCK_PEERS,
    lateness_nowcast,
    resolution_posterior,
    with_stock_resolved,
)
from analysis.forecast.panel import Panel
from analysis.forecast.paths import Paths

NOW = pd.Timestamp("2021-04-01")


def day(text: str | None) -> pd.Timestamp:
    return pd.Timestamp(text) if text else pd.NaT


def cases(*rows: tuple[str, str, str, str | None, bool]) -> pd.DataFrame:
    """Rows of procedure, opened, due, closed, cohort; the series is the procedure's first letter."""
    frame = pd.DataFrame(rows, columns=["group", "opened", "due", "closed", "cohort"])
    for name in ("opened", "due", "closed"):
        frame[name] = pd.to_datetime([day(value) for value in frame[name]])
    return frame.assign(series=frame["group"].str[0])


# ten days given each: two done after 2 and 6 days, one done after 12, one never
EARLIER = [
    ("a1", "2021-01-01", "2021-01-11", "2021-01-03", False),
    ("a1", "2021-01-01", "2021-01-11", "2021-01-07", False),
    ("a1", "2021-01-01", "2021-01-11", "2021-01-13", False),
    ("a1", "2021-01-01", "2021-01-11", None, False),
]


def test_what_is_known_and_what_is_open_by_hand():
    found = lateness_nowcast(
        cases(
            *EARLIER,
            ("a1", "2021-03-01", "2021-03-11", "2021-03-09", True),  # in time
            ("a1", "2021-03-01", "2021-03-11", "2021-03-15", True),  # late
            ("a1", "2021-03-01", "2021-03-11", None, True),  # open past its day: late
            ("a1", "2021-03-28", "2021-04-07", None, True),  # open, 4 of 10 days gone
        ),
        snapshot=NOW,
    )
    assert list(found.columns) == COLUMNS
    row = found.iloc[0]
    assert (row["series"], row["cases"], row["late_known"], row["undecided"]) == ("a", 4, 2, 1)
    # of the cases due so far, seven, six were open after four days and four of these were late
    pooled = 4.5 / 7
    chance = (4 + PEERS * pooled) / (6 + PEERS)
    assert row["late_mean"] == pytest.approx(2 + chance)
    spread = chance * (1 - chance)
    doubt = spread / (6 + PEERS + 1) + (DRIFT * spread) ** 2
    assert row["late_variance"] == pytest.approx(spread + doubt)


def test_cases_of_one_procedure_share_what_is_not_known_of_it():
    one = ("a1", "2021-03-28", "2021-04-07", None, True)
    variance = [lateness_nowcast(cases(*EARLIER, *[one] * n), snapshot=NOW)["late_variance"].iloc[0] for n in (1, 4)]
    assert variance[1] > 4 * variance[0]


def test_a_procedure_without_a_past_takes_that_of_all():
    new = ("b1", "2021-03-28", "2021-04-07", None, True)
    row = lateness_nowcast(cases(*EARLIER, new), snapshot=NOW).iloc[0]
    assert row["late_mean"] == pytest.approx(2.5 / 4)  # three open after four days, two of them late, half a case each


def test_nothing_after_the_snapshot_changes_anything():
    rows = [*EARLIER, ("a1", "2021-03-28", "2021-04-07", None, True)]
    later = [
        *EARLIER[:3],
        ("a1", "2021-01-01", "2021-01-11", "2021-05-01", False),
        ("a1", "2021-03-28", "2021-04-07", "2021-04-02", True),
        ("a1", "2021-04-02", "2021-04-12", "2021-04-20", True),
    ]
    pd.testing.assert_frame_equal(
        lateness_nowcast(cases(*rows), snapshot=NOW), lateness_nowcast(cases(*later), snapshot=NOW)
    )


def test_nothing_open_leaves_nothing_to_chance():
    done = ("a1", "2021-03-01", "2021-03-11", "2021-03-09", True)
    row = lateness_nowcast(cases(*EARLIER, done), snapshot=NOW).iloc[0]
    assert (row["late_mean"], row["late_variance"]) == (0, 0)


@pytest.mark.skipif("DUNGHEN_REAL_DATA" not in os.environ, reason="DUNGHEN_REAL_DATA names no folder of real data")
def test_boston_quarters_are_told_before_their_cases_are_closed():
    file = Path(os.environ["DUNGHEN_REAL_DATA"]) / "boston311" / "cases.csv.gz"
    columns = {"TYPE": "group", "OPEN_DT": "opened", "TARGET_DT": "due", "CLOSED_DT": "closed"}
    of = pd.read_csv(file, usecols=list(columns), parse_dates=list(columns)[1:]).rename(columns=columns)
    of = of[of["due"] > of["opened"]].assign(series=of["group"])
    found = []
    for first, last in (("2015-01-01", "2015-04-01"), ("2015-04-01", "2015-07-01"), ("2015-07-01", "2015-10-01")):
        # whether a case was late is known where it fell due before the extract was taken
        cohort = of["opened"].ge(first) & of["opened"].lt(last) & of["due"].lt("2016-01-12")
        told = lateness_nowcast(of.assign(cohort=cohort), snapshot=pd.Timestamp(last))
        late = (~(of["closed"] <= of["due"]))[cohort].groupby(of["series"]).sum()
        found.append(told.assign(came=told["series"].map(late)))
    rows = pd.concat(found)
    rows = rows[rows["cases"] >= 150]
    assert len(rows) == 81
    off = 100 * (rows["late_mean"] - rows["came"]) / rows["cases"]
    assert abs(off.mean()) < 0.7
    assert off.abs().mean() < 1.6
    closed_only = 100 * (rows["late_known"] - rows["came"]) / rows["cases"]
    assert closed_only.mean() < -3
    open_ones = rows[rows["undecided"] > 0]
    z = (open_ones["came"] - open_ones["late_mean"]) / np.sqrt(open_ones["late_variance"] + 0.25)
    assert 0.72 <= (z.abs() < 1.2816).mean() <= 0.90


MONTHS = pd.period_range("2020-10", periods=12, freq="M")


def stock(resolved: list[int], lying: list[int]) -> Panel:
    """Two series, steady over twelve months."""
    K = np.repeat(np.array(resolved, dtype=float)[:, None], 12, axis=1)
    return Panel(("a", "b"), MONTHS, K, K + np.array(lying, dtype=float)[:, None])


def paths(late: int, *, draws: int = 4000, horizon: int = 3) -> Paths:
    numerator = np.full((2, draws, horizon), late)
    nothing = pd.DataFrame()
    future = pd.period_range("2021-10", periods=horizon, freq="M")
    return Paths(("a", "b"), future, numerator, np.full(numerator.shape, 50), nothing, nothing, nothing, nothing)


def test_pace_is_what_was_resolved_of_what_could_be_drawn_towards_all_series():
    resolves, stays = resolution_posterior(stock([6, 2], [4, 8]))
    whole = (12 * 8 + 0.5) / (12 * 20 + 1)
    assert resolves.tolist() == pytest.approx([72 + STOCK_PEERS * whole, 24 + STOCK_PEERS * whole])
    assert stays.tolist() == pytest.approx([48 + STOCK_PEERS * (1 - whole), 96 + STOCK_PEERS * (1 - whole)])


def test_no_draw_has_fewer_late_than_are_resolved_of_those_on_the_desk():
    before, of = paths(0), stock([600, 600], [400, 100])
    found = with_stock_resolved(before, of, seed=1, key="overdue")
    year = found.numerator.sum(axis=2)
    # a case on the desk is resolved in a month with chance .6: within three months all but .4 cubed of them
    assert year[0].mean() == pytest.approx(min(400 * (1 - 0.4**3), 150), abs=1)  # no more than are resolved at all
    chance = (12 * 600 + STOCK_PEERS * 1200 / 1700) / (12 * 700 + STOCK_PEERS)
    assert year[1].mean() == pytest.approx(100 * (1 - (1 - chance) ** 3), abs=0.5)
    assert (found.numerator <= found.denominator).all()
    np.testing.assert_array_equal(found.denominator, before.denominator)


def test_draws_that_have_more_stay_as_they_are():
    before = paths(40)
    np.testing.assert_array_equal(
        with_stock_resolved(before, stock([6, 6], [4, 4]), seed=1, key="x").numerator, before.numerator
    )


def test_an_empty_desk_or_an_unknown_one_changes_nothing():
    before = paths(0, draws=10)
    assert not with_stock_resolved(before, stock([6, 6], [0, 0]), seed=1, key="x").numerator.any()
    elsewhere = Panel(("z",), MONTHS, np.ones((1, 12)), np.full((1, 12), 9.0))
    assert not with_stock_resolved(before, elsewhere, seed=1, key="x").numerator.any()
    gone = stock([6, 6], [4, 4])
    K, N = gone.numerator.copy(), gone.denominator.copy()
    K[:, -1] = N[:, -1] = np.nan
    assert not with_stock_resolved(before, Panel(gone.series, MONTHS, K, N), seed=1, key="x").numerator.any()


def test_same_seed_same_bits():
    before, of = paths(0, draws=50), stock([6, 6], [40, 40])
    one, two, other = (with_stock_resolved(before, of, seed=seed, key="x").numerator for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)

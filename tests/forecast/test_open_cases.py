import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.open_cases import COLUMNS, DRIFT, PEERS, lateness_nowcast

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

"""Headcount at the end of the year against its path."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from analysis.attainment.headcount_path import headcount_year_end
from dated_lists import YEAR_END

DAYS = ["2021-03-14", "2021-06-14", "2021-09-14", "2021-12-14"]


def _path(planned, actual, days=DAYS):
    frame = pd.DataFrame({"day": pd.to_datetime(days), "planned": planned, "actual": actual})
    frame = frame.astype({"planned": "Int64", "actual": "Int64"})
    return frame.assign(gap=frame["actual"] - frame["planned"])


def _stands(path, as_of=date(2021, 9, 20), draws=4000, key="apparatus"):
    return headcount_year_end(path, as_of=as_of, year_end=YEAR_END, draw_count=draws, seed=5, key=key)


PLANNED = [2094, 2081, 2068, 2052]


@pytest.mark.parametrize(("last", "verdict"), [(2052, "met"), (2053, "missed")])
def test_the_last_count_decides(last, verdict):
    stands = _stands(_path(PLANNED, [2090, 2083, 2070, last]), as_of=date(2021, 12, 20))
    assert stands.kept.verdict == verdict
    assert stands.values.tolist() == [last]
    assert (stands.planned, stands.gap) == (2052, last - 2052)


def test_two_steps_give_the_student_distribution_worked_out_by_hand():
    stands = _stands(_path(PLANNED, [2090, 2083, 2070, None]))
    # gaps -4, 2, 2: steps 6 and 0 over 92 days each; drift 6 / (4 + quarters); scale 0.2 % of 2052
    span, ahead = 92 / 91.3125, 91 / 91.3125
    weight = 4 + 2 * span
    drift = 6 / weight
    shape = 1 + 2 / 2
    spread = (0.002 * 2052) ** 2 + (36 / span - weight * drift**2) / 2
    scale = np.sqrt(spread / shape * (ahead**2 / weight + ahead))
    expected = student.cdf((0.5 - 2 - drift * ahead) / scale, df=2 * shape)
    assert stands.kept.probability == pytest.approx(expected, abs=0.02)
    assert np.median(stands.values) == pytest.approx(2052 + 2 + drift * ahead, abs=0.3)


@pytest.mark.parametrize(
    ("actual", "as_of", "note"),
    [
        ([2090, 2083, None, None], date(2021, 6, 20), "too_few_headcounts"),
        ([2090, 2083, 2070, None], date(2021, 12, 20), "headcount_not_counted"),
    ],
)
def test_with_too_few_counts_nothing_is_said(actual, as_of, note):
    assert _stands(_path(PLANNED, actual), as_of=as_of).kept.note == note


def test_without_a_point_in_the_year_there_is_no_path():
    old = _path([2100], [2100], days=["2020-12-14"])
    assert _stands(old).kept.note == "no_headcount_path"
    assert _stands(old.iloc[:0]).kept.note == "no_headcount_path"
    assert _stands(old.iloc[:0]).gap is None


def test_a_count_that_never_moved_is_not_thought_unmovable():
    probability = _stands(_path([100] * 4, [100, 100, 100, None])).kept.probability
    assert 0.8 < probability < 0.99


def test_further_below_the_path_is_likelier_to_stay_below():
    def likelihood(gap):
        return _stands(_path([2000] * 4, [2000 + gap] * 3 + [None])).kept.probability

    assert likelihood(-10) > likelihood(0) > likelihood(3) > likelihood(10)


def test_probabilities_are_calibrated_on_paths_with_a_drift_of_their_own():
    rng = np.random.default_rng(20)
    said, happened = [], []
    for number in range(600):
        counted, scale = int(rng.integers(3, 9)), np.exp(rng.uniform(0, 3))
        steps = scale * (0.4 * rng.standard_normal() + rng.standard_normal(counted + 1))
        gaps = np.round(np.cumsum(steps) + 2 * scale * rng.standard_normal()).astype(int)
        days = pd.date_range("2021-12-14", periods=counted + 1, freq="-91D")[::-1]
        frame = pd.DataFrame({"day": days, "planned": 2000, "actual": 2000 + gaps}).astype({"actual": "Int64"})
        frame.loc[counted, "actual"] = pd.NA
        frame["gap"] = frame["actual"] - frame["planned"]
        said.append(_stands(frame, as_of=date(2021, 9, 20), draws=500, key=str(number)).kept.probability)
        happened.append(gaps[-1] <= 0)
    said, happened = np.array(said), np.array(happened)
    for low, high in [(0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)]:
        mine = (said >= low) & (said < high)
        error = np.sqrt(np.mean(said[mine] * (1 - said[mine])) / mine.sum())
        assert abs(said[mine].mean() - happened[mine].mean()) < 3 * error

import numpy as np
import pytest

from analysis.forecast.cold_start import cold_start
from analysis.forecast.origin_state import ALL
from made_states import corrected, standing


def missed(seasonal: list[float], steady: list[float]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {"misses": (np.array(seasonal), np.array(steady))}


POINTS = {"npeb": [0.3, 0.3, 0.3], "seasonal_naive": [0.4, 0.4, np.nan], "last_twelve_months": [0.5, 0.5, 0.5]}


def test_last_year_weighs_by_how_much_nearer_it_has_been_so_far():
    now = standing(POINTS, history=15, elapsed=3, **missed([0.01, 0.03, np.nan], [0.02, 0.06, np.nan]))
    name, weight, shift = cold_start(now)
    assert name == "seasonal_naive"
    # half as far on the mean: 2 ** 8 times the weight; the series without a last year keeps the model
    assert weight == pytest.approx([256 / 257, 256 / 257, 0])
    assert shift == pytest.approx([corrected(0.4) - corrected(0.3)] * 2 + [0])


def test_once_a_season_can_be_told_from_a_trend_the_model_stands_alone():
    now = standing(POINTS, history=18, elapsed=6, **missed([0.01] * 3, [0.02] * 3))
    assert cold_start(now)[1].tolist() == [0, 0, 0]


def test_at_the_start_of_a_year_the_level_of_the_last_twelve_months_has_half():
    name, weight, _ = cold_start(standing(POINTS, history=24, elapsed=0))
    assert (name, weight.tolist()) == ("last_twelve_months", [0.5] * 3)
    assert cold_start(standing(POINTS, history=8, elapsed=0, season_length=4))[1].tolist() == [0, 0, 0]


def test_few_cases_others_than_peers_and_series_at_an_edge_have_no_say():
    so_far = missed([0.0, 0.02, 0.02], [1.0, 0.02, 0.02])
    for change in (
        {"denominator": np.array([9.0, 10, 10])},
        {"peers": np.array([False, True, True])},
        {"edge": np.array([ALL, -1, -1])},
    ):
        weight = cold_start(standing(POINTS, history=15, elapsed=3, **so_far, **change))[1]
        assert weight[1] == pytest.approx(0.5)
    unknown = missed([np.nan] * 3, [np.nan] * 3)
    assert cold_start(standing(POINTS, history=15, elapsed=3, **unknown))[1].tolist() == [0, 0, 0]

"""The local level, held equal to statsmodels' and, where it goes further, graded on simulated histories."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analysis.forecast.local_level import (
    RATIOS,
    LevelParameters,
    draw_parameters,
    draw_paths,
    draw_walk_parameters,
    log_likelihood,
)

FIGURES = np.array([0.2, 0.5, np.nan, 0.1, 0.9, 0.7, np.nan, np.nan, 0.4, np.nan, np.nan])


def _variances(ratio, change):
    return [change**2 * (1 - ratio) / (2 - ratio), change**2 * ratio / (2 - ratio)]


def _theirs(figures):
    return UnobservedComponents(figures, level="local level", use_exact_diffuse=True)


def _shocks(seed, periods, draws):
    return np.random.default_rng(seed).standard_normal((2, periods, draws))


def test_likelihoods_differ_from_those_of_statsmodels_by_a_constant():
    theirs = _theirs(FIGURES)
    pairs = [(0.05, 0.3), (0.5, 0.3), (0.9, 0.3), (0.5, 1.1), (0.2, 0.02)]
    apart = [log_likelihood(FIGURES, ratio=r, change=c) - theirs.loglike(_variances(r, c)) for r, c in pairs]
    assert apart == pytest.approx([apart[0]] * len(pairs), abs=1e-8)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_draws_of_gaps_and_of_what_is_to_come_have_the_moments_of_statsmodels(ratio):
    draws, change = 40_000, 0.3
    parameters = LevelParameters(np.full(draws, ratio), np.full(draws, change))
    paths = draw_paths(FIGURES, parameters, _shocks(1, len(FIGURES), draws))
    smoothed = _theirs(FIGURES).smooth(_variances(ratio, change))
    variance = smoothed.smoothed_state_cov[0, 0] + _variances(ratio, change)[0]
    missing = np.isnan(FIGURES)
    assert paths[missing].mean(axis=1) == pytest.approx(smoothed.smoothed_state[0][missing], abs=0.01)
    assert paths[missing].var(axis=1) == pytest.approx(variance[missing], rel=0.03)
    assert (paths[~missing] == FIGURES[~missing, None]).all()


def test_neighbouring_periods_to_come_are_drawn_along_one_path():
    draws = 40_000
    parameters = LevelParameters(np.full(draws, 0.5), np.ones(draws))
    paths = draw_paths(np.array([1.0, np.nan, np.nan]), parameters, _shocks(2, 3, draws))
    # step 1/3 and noise 1/3 of the square of a change: given the first figure, its level is off by a noise
    assert np.cov(paths[1], paths[2]) == pytest.approx(np.array([[1.0, 2 / 3], [2 / 3, 4 / 3]]), abs=0.03)


def test_a_walk_without_noise_is_bridged_by_its_neighbours():
    draws = 40_000
    parameters = LevelParameters(np.ones(draws), np.ones(draws))
    paths = draw_paths(np.array([0.0, np.nan, 2.0, np.nan]), parameters, _shocks(3, 4, draws))
    assert (paths[1].mean(), paths[1].var()) == pytest.approx((1.0, 0.5), abs=0.02)
    assert (paths[3].mean(), paths[3].var()) == pytest.approx((2.0, 1.0), abs=0.03)


def test_before_a_change_is_seen_the_typical_one_alone_and_with_many_only_theirs():
    rng = np.random.default_rng(4)
    alone = draw_parameters(np.array([np.nan, 3.0]), typical_change=0.2, draw_count=50_000, rng=rng)
    # 2 × 0.2² over a chi-square number of two degrees, whose median is 2 log 2
    assert np.median(alone.change) == pytest.approx(0.2 / np.sqrt(np.log(2)), rel=0.02)
    assert np.unique(alone.ratio).tolist() == RATIOS.tolist()
    walk = draw_walk_parameters(np.full(500, 0.05), typical_change=0.2, draw_count=1000, rng=rng)
    assert np.median(walk.change) == pytest.approx(0.05, rel=0.1)
    assert (walk.ratio == 1).all()


def test_steps_and_noise_are_told_apart_when_there_are_many_figures():
    rng = np.random.default_rng(5)
    for ratio, low, high in [(0.0, 0.0, 0.1), (0.9, 0.5, 1.0)]:
        figures = np.sqrt(ratio) * rng.standard_normal(150).cumsum() + np.sqrt(1 - ratio) * rng.standard_normal(150)
        drawn = draw_parameters(figures, typical_change=0.1, draw_count=1000, rng=rng)
        assert low <= np.median(drawn.ratio) <= high


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.floats(-5, 5), st.floats(0.01, 10))
def test_shifting_and_stretching_the_figures_shifts_and_stretches_the_draws(seed, number, shift, scale):
    figures = np.append(np.random.default_rng(seed).standard_normal(number), [np.nan, np.nan])
    shocks = _shocks(seed, len(figures), 40)

    def drawn(values, typical):
        rng = np.random.default_rng(seed)
        return draw_paths(values, draw_parameters(values, typical_change=typical, draw_count=40, rng=rng), shocks)

    one, other = drawn(figures, 0.3), drawn(shift + scale * figures, 0.3 * scale)
    assert other == pytest.approx(shift + scale * one, rel=1e-6, abs=1e-6)


@pytest.mark.statistical
@pytest.mark.parametrize(("number", "ahead"), [(3, 1), (3, 2), (8, 12)])
def test_intervals_cover_as_often_as_they_say_when_the_prior_is_right(number, ahead):
    rng = np.random.default_rng(number * ahead)
    places = []
    for _ in range(1000):
        parameters = LevelParameters(rng.choice(RATIOS, 1), np.sqrt(2 * 0.2**2 / rng.chisquare(2, 1)))
        truth = draw_paths(
            np.append(1.0, np.full(number + ahead, np.nan)), parameters, rng.standard_normal((2, number + ahead + 1, 1))
        )
        figures = truth[1:, 0].copy()
        figures[number:] = np.nan
        drawn = draw_parameters(figures, typical_change=0.2, draw_count=200, rng=rng)
        paths = draw_paths(figures, drawn, rng.standard_normal((2, len(figures), 200)))
        places.append(np.mean(paths[-1] < truth[-1, 0]))
    # 1000 histories: a true share is met within 3.3 standard errors, plus the 200 draws' own steps
    for level in (0.5, 0.8):
        inside = np.mean((np.array(places) > (1 - level) / 2) & (np.array(places) < (1 + level) / 2))
        assert inside == pytest.approx(level, abs=3.3 * np.sqrt(level * (1 - level) / 1000) + 0.01)

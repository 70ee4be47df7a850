"""Ragged panels: whatever comes and goes, a forecast is finite and possible, or there is none."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.forecast.backtest.backtest import FORECASTS, backtest
from analysis.forecast.backtest.grading import Grades, forecast_rows, total_rows
from analysis.forecast.backtest.rolling import ENSEMBLE, OWN_MODELS, GradedPanel, rolling
from analysis.forecast.panel import MeanPanel, Panel, SeriesPanel
from analysis.forecast.paths import year_paths
from analysis.rules import Rule

RULES: tuple[Rule, ...] = ("at_least", "more_than", "at_most")
VOLUMES = (0, 1, 4, 60, 20_000)
SHARES = (0.0, 0.03, 0.5, 1.0)


@dataclass(frozen=True)
class Line:
    """One series: from and until which part of the panel it reports, how many cases and how many of them count."""

    start: float
    stop: float
    every: int
    volume: int
    share: float


LINES = st.builds(
    Line,
    start=st.sampled_from([0.0, 0.0, 0.25, 0.6]),
    stop=st.sampled_from([1.0, 1.0, 0.5, 0.9]),
    every=st.sampled_from([1, 1, 2, 5]),
    volume=st.sampled_from(VOLUMES),
    share=st.sampled_from(SHARES),
)


def ragged_panel(frequency: str, month: int, length: int, lines: list[Line], *, means: bool, seed: int) -> SeriesPanel:
    """Return a panel of shares or means whose series report from `start` to `stop`, and then not every period."""
    rng = np.random.default_rng(seed)
    at = np.arange(length)
    N, K = np.full((2, len(lines), length), np.nan)
    squares = K.copy()
    for u, line in enumerate(lines):
        reported = (at >= line.start * length) & (at < line.stop * length) & ((at + u) % line.every == 0)
        N[u, reported] = rng.poisson(line.volume, reported.sum()) if line.volume > 1 else line.volume
        K[u, reported] = rng.binomial(N[u, reported].astype(int), line.share)
        if means:
            # amounts that are all alike, and for every second series amounts that are not
            squares[u, reported] = K[u, reported] ** 2 / np.maximum(N[u, reported], 1) * (1 + u % 2)
    periods = pd.period_range(pd.Period(f"2018-{month:02d}", freq=frequency), periods=length)
    names = tuple(f"s{u:04d}" for u in range(len(lines)))
    return MeanPanel(names, periods, K, squares, N) if means else Panel(names, periods, K, N)


@st.composite
def panels(draw: st.DrawFn, years: int) -> SeriesPanel:
    """Return panels of one to four ragged series over one period to some years."""
    frequency = draw(st.sampled_from("MQ"))
    longest = years * (12 if frequency == "M" else 4)
    length = draw(st.one_of(st.just(longest), st.integers(longest // 2, longest), st.integers(1, longest)))
    lines = draw(st.lists(LINES, min_size=1, max_size=4))
    month, means, seed = draw(st.sampled_from([1, 4, 11])), draw(st.booleans()), draw(st.integers(0, 3))
    return ragged_panel(frequency, month, length, lines, means=means, seed=seed)


def check_possible(values: np.ndarray, panel: SeriesPanel) -> None:
    """Check that every row is finite and within its bounds, or that it is no forecast at all."""
    known = np.isfinite(values)
    assert (known.all(axis=-1) | (~known).all(axis=-1)).all()
    assert (values[known] >= 0).all()
    if isinstance(panel, Panel):
        assert (values[known] <= 1).all()


def forecasts_of(panel: SeriesPanel, quarters: int, rule: Rule) -> dict[int, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return the values and totals of each model by year, after a look at all of them and at their grades."""
    found: dict[int, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    grades = Grades()
    for at in rolling(GradedPanel.with_total(panel), quarters, rule=rule, members=OWN_MODELS, seed=1):
        found[at.year] = {}
        for forecast in grades.grade_forecasts("p", at, rule):
            check_possible(forecast.values, panel)
            check_possible(forecast.total[None], panel)
            for rows in (forecast_rows("p", at, forecast, rule), total_rows("p", at, forecast, rule)):
                probability = rows["probability"].to_numpy()
                assert ((probability >= 0) & (probability <= 1)).all()
            found[at.year][forecast.model] = (forecast.values, forecast.total)
        assert np.isfinite(found[at.year][ENSEMBLE][0]).all()
    scored = grades.table("scored").drop(columns=["panel", "model"])
    assert np.isfinite(scored.to_numpy(dtype=float)).all()
    return found


def check_cut(panel: SeriesPanel, quarters: int, rule: Rule) -> None:
    """Check that the last forecast but one is the same, bit for bit, when nothing after its origin is in the panel."""
    found = forecasts_of(panel, quarters, rule)
    if found:
        year = sorted(found)[-2:][0]
        first = pd.Period(f"{year}-01", panel.periods.freqstr)
        origin = first - 1 + panel.season_length * quarters // 4
        again = forecasts_of(panel.until(origin), quarters, rule)[year]
        assert list(again) == list(found[year])
        for model, arrays in again.items():
            for mine, theirs in zip(arrays, found[year][model], strict=True):
                np.testing.assert_array_equal(mine, theirs, err_msg=model)


def check_paths(panel: SeriesPanel, *, diagnose: bool) -> None:
    """Check the draws of the year that goes on, series by series and of their sum."""
    year = (panel.origin + 1).year
    paths = year_paths(panel, year, panel.series, draw_count=40, seed=1, key="x", diagnose=diagnose)
    if paths is None:
        return
    K, N = paths.numerator, paths.denominator
    assert np.isfinite(K).all()
    assert (K >= 0).all()
    assert (N >= 0).all()
    assert (K[N == 0] == 0).all()
    if isinstance(panel, Panel):
        assert (K <= N).all()
    np.testing.assert_allclose(paths.weights.groupby("series")["weight"].sum(), 1.0)
    assert len(paths.diagnostics) == (len(paths.series) if diagnose else 0)


@settings(max_examples=20)
@given(panels(4), st.integers(0, 3), st.sampled_from(RULES))
def test_a_ragged_panel_is_forecast_within_bounds_and_without_what_comes_after(panel, quarters, rule):
    check_cut(panel, quarters, rule)


@settings(max_examples=20)
@given(panels(4))
def test_paths_of_a_ragged_panel_are_possible_or_there_are_none(panel):
    check_paths(panel, diagnose=False)


@pytest.mark.slow
@settings(max_examples=8)
@given(panels(5), st.sampled_from(RULES))
def test_a_backtest_of_a_ragged_panel_ends_with_grades_or_without(panel, rule):
    with TemporaryDirectory() as out:
        found = backtest({"p": panel}, Path(out), rule=rule, members=OWN_MODELS, seed=1)
        written = pd.read_parquet(Path(out) / FORECASTS)
    assert written["probability"].between(0, 1).all()
    assert found.totals["place"].between(0, 1).all()
    assert np.isfinite(found.score_table().drop(columns=["panel", "model", "brier", "log_score"]).astype(float)).all(
        axis=None
    )
    check_paths(panel, diagnose=True)


@pytest.mark.slow
@pytest.mark.parametrize("means", [False, True], ids=["shares", "means"])
def test_two_thousand_ragged_series_are_forecast_too(means):
    starts, stops, volumes = (0.0, 0.25), (1.0, 0.9), VOLUMES
    lines = [
        Line(starts[u % 2], stops[u // 2 % 2], 1 + u // 4 % 2, volumes[u % 5], SHARES[u // 8 % 4]) for u in range(2000)
    ]
    panel = ragged_panel("Q", 1, 9, lines, means=means, seed=0)
    found = forecasts_of(panel, 0, "at_most")
    assert len(found[2020][ENSEMBLE][0]) > 1000
    check_paths(panel.until(panel.periods[4]), diagnose=False)

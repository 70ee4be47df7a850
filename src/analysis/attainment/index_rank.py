"""Promises on the rank of an area in a published index at the end of the plan's year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.attainment.index_score import IndexDraws, drawn_scores, log_odds, normal_shocks, own_path
from analysis.attainment.index_series import (
    LONGEST_WAIT,
    PERIODS_A_YEAR,
    Estimate,
    IndexSeries,
    IndexYearEnd,
    PreviousYear,
    YearValue,
    YearValues,
    carried_on,
    first_estimate,
    is_parted,
    known_values,
    ordinals,
    reason_not_carried,
    refuse_unknown,
    series_of,
    values_of,
    year_end_answer,
)
from analysis.forecast.local_level import draw_paths, draw_walk_parameters
from analysis.rules import Rule

TYPICAL_RANK_CHANGE = 1.0
"""Change of a rank from a year to the next, in log-odds of its place among all: root mean square of the nine in the
published figures of Khánh Hòa and Ninh Thuận."""
MINIMUM_FIELD = 5
"""Areas with scores, our own among them, below which ranks are not made from scores."""
MINIMUM_FIELD_SHARE = 0.9
"""Share of all ranked areas whose scores must be known for it."""
LARGEST_COMMON_SHARE = 0.95
"""Correlation of the areas' changes is held below it: with 1, ranks would never change."""


def rank_year_end(
    known: pd.DataFrame,
    *,
    area: str,
    year: int,
    year_end: date,
    as_of: date,
    rule: Rule,
    threshold: float | PreviousYear,
    year_value: YearValue = "last",
    scale: tuple[float, float] = (0.0, 100.0),
    rank_of: int | None = None,
    field: Sequence[str] | None = None,
    draw_count: int,
    seed: int,
    key: str,
) -> IndexYearEnd:
    """Return how a promise on the rank of an area in an index stands; 1 is the best, so its rule is `at_most`.

    Decided only by the rank of the plan's year itself, published or counted from the scores of all areas. Where the
    scores of nearly all areas are published, the rank is 1 and the number of areas above in each draw; otherwise the
    rank itself walks at random, with steps like those of all areas' published ranks.

    Parameters
    ----------
    known : pd.DataFrame
        See `indicators.index_scores.history`.
    area : str
        As for `score_year_end`.
    year : int
        The plan's year.
    year_end, as_of : date
        As for `score_year_end`.
    rule : {"at_least", "more_than", "at_most"}
        How the rank stands to the threshold.
    threshold : float or PreviousYear
        A rank, or a multiple of the rank of the year before, which is drawn too as long as it is not published.
    year_value : {"last", "mean"}
        As for `score_year_end`; with ``mean`` the rank is that of the mean scores.
    scale : tuple of float
        Lowest and highest score there can be, in points.
    rank_of : int, optional
        Number of areas ranked in the plan's year; without it, the last one published. Ranks among another number of
        areas are not looked at.
    field : sequence of str, optional
        Codes of all areas ranked; without it, those that have a published rank.
    draw_count, seed : int
        Of the run.
    key : str
        As for `score_year_end`.

    Raises
    ------
    ValueError
        As in `score_year_end`.
    """
    refuse_unknown(known, as_of, scale)
    relative = isinstance(threshold, PreviousYear)
    ranked = known[known["rank"].notna()]
    others = sorted(set(ranked["area"] if field is None else field) - {area})
    candidates = [
        _of_one_size(series, rank_of or _last_size(ranked, series))
        for series in series_of(known, area, year, year_end, year_value, relative=relative)
    ]

    def estimate(series: IndexSeries) -> Estimate:
        rows = np.union1d(series.now, series.before)
        is_ranked = series.frequency == "Y" or year_value == "last"
        if is_ranked and np.isfinite(series.ranks[rows]).all():
            return Estimate(known_values(series.ranks, series))
        size = rank_of or _last_size(ranked, series) or (None if field is None else len(others) + 1)
        draws, rivals = IndexDraws(draw_count, seed, key), _rivals(known, others, series, year)
        values = None
        # More areas than are ranked are those of another year.
        if size is not None and max(MINIMUM_FIELD, MINIMUM_FIELD_SHARE * size) <= len(rivals) + 1 <= size:
            matrix = np.array([series.scores, *rivals.values()])[:, rows]
            if len(rivals) + 1 == size and np.isfinite(matrix).all():
                return Estimate(_counted(series, rivals))
            if not reason_not_carried(series.scores, series, year):
                values = _simulated_ranks(series, area, rivals, size, scale, draws)
        if values is None and not is_ranked:
            return Estimate(note="field_not_published")
        if values is None:
            if rank_of and not np.isfinite(series.ranks).any() and _last_size(ranked, series) not in (None, rank_of):
                return Estimate(note="ranked_areas_changed")
            if note := reason_not_carried(series.ranks, series, year):
                return Estimate(note=note)
            size = size or int(ranked.loc[ranked["frequency"] == series.frequency, "rank"].max())
            values = _walking_ranks(ranked, series, size, draws)
        if is_ranked:
            printed = known_values(series.ranks, series)
            values = YearValues(_if_known(printed.now, values.now), _if_known(printed.before, values.before))
        carried = carried_on(series.ranks, rows, (1, size or np.inf)) if is_ranked else np.empty((len(series.ranks), 0))
        return Estimate(values, values_of(carried, series))

    series, found = first_estimate(candidates, "ranks", estimate, relative=relative)
    return year_end_answer(series, "ranks", found, rule, threshold)


def _if_known(known: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    return known if len(known) and np.isfinite(known).all() else drawn


def _of_one_size(series: IndexSeries, size: int | None) -> IndexSeries:
    """Return a series with only the ranks among a number of areas; ranks of an unstated number are as their neighbours.

    The year before is no longer compared with where its rank, or the last one until then, was among another number.
    """
    if size is None:
        return series
    ranked = np.isfinite(series.ranks)
    sizes = pd.Series(np.where(ranked, series.rank_of, np.nan)).ffill().bfill().to_numpy()
    is_other = np.isfinite(sizes) & (sizes != size)
    before = series.before[:0] if is_other[series.before].any() else series.before
    return replace(series, ranks=np.where(is_other, np.nan, series.ranks), before=before)


def _last_size(ranked: pd.DataFrame, series: IndexSeries) -> int | None:
    """Return the last published number of areas ranked: that of the area itself, or else of any area."""
    own = series.rank_of[np.isfinite(series.rank_of)]
    if len(own):
        return int(own[-1])
    sized = ranked[(ranked["frequency"] == series.frequency) & ranked["rank_of"].notna()]
    at = ordinals(sized)
    sizes = sized["rank_of"].to_numpy(dtype=float)[at <= series.periods[-1].ordinal]
    at = at[at <= series.periods[-1].ordinal]
    return int(sizes[at == at.max()].max()) if len(at) else None


def _rivals(known: pd.DataFrame, others: Sequence[str], series: IndexSeries, year: int) -> dict[str, np.ndarray]:
    """Return the scores of the other areas in the periods of a series, of those that can be carried to its end."""
    end, start = series.periods[-1], series.periods[0].ordinal
    method = known["method"].isna() if pd.isna(series.method) else known["method"] == series.method
    scored = known[(known["frequency"] == series.frequency) & method & known["score"].notna()]
    at = ordinals(scored)
    scored = scored.assign(row=at - start)[(at >= start) & (at <= end.ordinal)]
    found = {}
    for area, figures in scored[scored["area"].isin(others)].groupby("area", sort=True):
        last = figures.loc[figures["row"].idxmax()]
        is_over = is_parted(last, end) and last["row"] < len(series.periods) - 1
        is_old = year - series.periods[int(last["row"])].year > LONGEST_WAIT[series.frequency]
        if not (is_over or is_old):
            comparable = figures[figures["stretch"] == last["stretch"]]
            found[str(area)] = comparable.set_index("row")["score"].astype(float).reindex(range(len(series.periods)))
    return {area: scores.to_numpy() for area, scores in found.items()}


def _counted(series: IndexSeries, rivals: dict[str, np.ndarray]) -> YearValues:
    """Return the ranks where all scores are published."""
    own = known_values(series.scores, series)
    others = [known_values(scores, series) for scores in rivals.values()]
    now = 1 + sum((other.now > own.now).astype(float) for other in others)
    before = 1 + sum((other.before > own.before).astype(float) for other in others)
    return YearValues(np.asarray(now), np.asarray(before))


def _simulated_ranks(
    series: IndexSeries,
    area: str,
    rivals: dict[str, np.ndarray],
    size: int,
    scale: tuple[float, float],
    draws: IndexDraws,
) -> YearValues:
    """Return the ranks counted in each draw, every area carried by the parameters of our own.

    The areas' shocks are correlated as their published changes are. An area without scores is above ours as likely as
    one with scores.
    """
    own = own_path(series, area, scale, draws)
    mine = values_of(own.scores, series)
    matrix = log_odds(np.array([series.scores, *rivals.values()]), scale)
    shared = _common_share(np.diff(matrix, axis=1))
    common = _mixed(own.shocks, normal_shocks(draws, "common", len(series.periods)), shared)
    above = [np.zeros(len(mine.now)), np.zeros(len(mine.before))]
    for rival, scores in rivals.items():
        shocks = _mixed(common, normal_shocks(draws, rival, len(series.periods)), shared)
        theirs = values_of(drawn_scores(scores, scale, own.parameters, shocks), series)
        above[0] += theirs.now > mine.now
        above[1] += theirs.before > mine.before
    missing = draws.stream("missing").random((size - 1 - len(rivals), draws.count))
    now, before = (1 + one + (missing[:, : len(one)] < (one + 0.5) / (len(rivals) + 1)).sum(axis=0) for one in above)
    return YearValues(now, before)


def _mixed(shared_shocks: np.ndarray, own: np.ndarray, share: float) -> np.ndarray:
    """Return shocks whose correlation with the shared ones is the root of a share."""
    return np.sqrt(share) * shared_shocks + np.sqrt(1 - share) * own


def _common_share(changes: np.ndarray) -> float:
    """Return the correlation of areas' changes of one period: mean product of two areas' by the mean square.

    Parameters
    ----------
    changes : np.ndarray, shape (areas, periods)
        Changes; missing ones are NaN.
    """
    number = np.isfinite(changes).sum(axis=0)
    sums, squares = np.nansum(changes, axis=0), np.nansum(changes**2, axis=0)
    pairs, total = (number * (number - 1)).sum(), squares.sum()
    if not pairs or not total:
        return 0.0
    products = (sums**2 - squares)[number > 1].sum() / pairs
    return float(np.clip(products / (total / number.sum()), 0.0, LARGEST_COMMON_SHARE))


def _walking_ranks(ranked: pd.DataFrame, series: IndexSeries, size: int, draws: IndexDraws) -> YearValues:
    """Return the ranks of a random walk on the log-odds of the place among all."""
    changes = _rank_changes(ranked, series, size)
    parameters = draw_walk_parameters(
        changes,
        typical_change=TYPICAL_RANK_CHANGE / np.sqrt(PERIODS_A_YEAR[series.frequency]),
        draw_count=draws.count,
        rng=draws.stream("rank parameters"),
    )
    places = logit((series.ranks - 0.5) / size)
    paths = expit(draw_paths(places, parameters, normal_shocks(draws, "ranks", len(series.periods))))
    ranks = np.ceil(np.clip(paths, 1e-12, 1) * size)
    return values_of(ranks, series)


def _rank_changes(ranked: pd.DataFrame, series: IndexSeries, size: int) -> np.ndarray:
    """Return the changes of all areas' places from a published rank to the next, per period, in log-odds.

    Changes over more than one period are divided by the root of their number, as those of a random walk.
    """
    same = ranked[ranked["frequency"] == series.frequency]
    at = ordinals(same)
    same = same.assign(at=at)[at <= series.periods[-1].ordinal].sort_values(["area", "stretch", "at"])
    grouped = same.groupby("stretch")
    sizes = grouped["rank_of"].transform(lambda one: one.ffill().bfill()).astype(float).fillna(size)
    same = same.assign(size=sizes, place=logit((same["rank"].astype(float).clip(upper=sizes) - 0.5) / sizes))
    steps = same.groupby("stretch")[["at", "size", "place"]].diff().dropna()
    steps = steps[steps["size"] == 0]
    return np.asarray(steps["place"] / np.sqrt(steps["at"]))

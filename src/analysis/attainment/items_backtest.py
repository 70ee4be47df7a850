"""Forecast lists of dated items from what was known at the end of each quarter, and grade what would be published.

The method and what was found are in `docs/methods/dated-items.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd

from analysis.attainment.items import BASELINES, baseline_shares, items_year_end
from analysis.forecast.backtest import scores
from analysis.forecast.backtest.grading import BINS
from analysis.forecast.shocks import stream
from analysis.indicators.dated_items import DatedItems, as_known
from analysis.rules import meets

PUBLISHED = "published"
"""The model whose answer is published, beside `BASELINES`."""
MODELS = (PUBLISHED, *BASELINES)

THRESHOLDS = (0.8, 0.9, 1.0)
"""Shares of the items done by the end of the year that are asked about; those reached already are not."""
SHORT_BELOW = 10
"""Items promised below which a list is short: one item is more than a tenth of it."""

FORECAST_COLUMNS = [
    "panel", "family", "list", "quarters", "short", "one_day", "done", "open", "share",
    "model", "expected", "crps", *(f"coverage_{nominal}" for nominal in scores.INTERVALS), "place",
]  # fmt: skip
PROBABILITY_COLUMNS = [
    "panel", "family", "list", "quarters", "short", "one_day", "model", "threshold", "probability", "happened",
]  # fmt: skip
KINDS = ["panel", "short", "one_day", "quarters"]


def known_on(items: pd.DataFrame, day: date) -> DatedItems:
    """Return a list as it was known on a day: without items listed later, with the planned days then in force.

    Parameters
    ----------
    items : pd.DataFrame
        `item, listed_on, first_planned_on, planned_on, moved_on, done_on, called_off_on`; see
        `data.simulate.item_lists`.
    day : date
        The day, itself included.
    """
    there = items[items["listed_on"] <= pd.Timestamp(day)]
    moved = there["moved_on"] <= pd.Timestamp(day)
    in_force = there["planned_on"].where(moved | there["moved_on"].isna(), there["first_planned_on"])
    return as_known(there.assign(planned_on=in_force, owner=None), as_of=day)


def forecast_lists(lists: pd.DataFrame, *, panel: str, draw_count: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return every forecast of every list, one quarter, two and three into its year, beside what came.

    What came is what is known on the last day of the year. A forecast that would not be published, or of a list that is
    wholly done, is left out.

    Parameters
    ----------
    lists : pd.DataFrame
        See `data.simulate.item_lists.item_lists`.
    panel : str
        What the lists are called.
    draw_count, seed : int
        Of the forecasts.

    Returns
    -------
    forecasts : pd.DataFrame
        Columns `FORECAST_COLUMNS`, a row per list, quarter and model: `short` and `one_day` (all open items planned for
        one day) say what list it is; items `done` and `open` then; `share` (0–1) of the promised items done in the
        end; CRPS in points of that share, `coverage_…` whether the interval held it, `place` where it fell (a
        random one among equals).
    probabilities : pd.DataFrame
        Columns `PROBABILITY_COLUMNS`, a row for each of `THRESHOLDS` not yet reached; `happened` is 0 or 1.
    """
    forecasts: list[tuple[object, ...]] = []
    probabilities: list[tuple[object, ...]] = []
    for (family, name), items in lists.groupby(["family", "list"], sort=False):
        start, end = items["start"].iloc[0], items["end"].iloc[0]
        ended = known_on(items, end.date()).promised(end.date())
        if ended.empty:
            continue
        share = float((ended["done_on"] <= end).mean())
        for quarters in (1, 2, 3):
            as_of = (start + (end - start) * quarters / 4).normalize()
            known = known_on(items, as_of.date())
            key = f"{panel} {name}"
            stands = items_year_end(
                known, year_end=end.date(), rule="at_least", threshold=1.0, draw_count=draw_count, seed=seed, key=key
            )
            if stands.kept.decided or not len(stands.values):
                continue
            waiting = known.promised(end.date()).query("done_on.isna()")
            one_day = bool((waiting["planned_on"] == end).all())
            what = (panel, family, name, quarters, stands.denominator < SHORT_BELOW, one_day)
            simple = baseline_shares(known, year_end=end.date())
            chance = stream(seed, "place", key, str(quarters)).random()
            for model in MODELS:
                values = stands.values if model == PUBLISHED else np.array([simple[model]])
                quantiles = np.quantile(values, scores.QUANTILES)[None]
                outcome = np.array([share])
                held = [bool(scores.inside(quantiles, outcome, nominal)[0]) for nominal in scores.INTERVALS]
                place = float(np.mean(values < share) + chance * np.mean(values == share))
                crps = 100 * float(scores.crps(values[None], outcome)[0])
                counts = (stands.numerator, stands.denominator - stands.numerator, share)
                forecasts.append((*what, *counts, model, float(values.mean()), crps, *held, place))
                for threshold in THRESHOLDS:
                    if not meets(stands.observed_to_date, "at_least", threshold):
                        said = float(np.mean(meets(values, "at_least", threshold)))
                        happened = int(meets(share, "at_least", threshold))
                        probabilities.append((*what, model, threshold, said, happened))
    return (
        pd.DataFrame(forecasts, columns=FORECAST_COLUMNS),
        pd.DataFrame(probabilities, columns=PROBABILITY_COLUMNS),
    )


def scored(forecasts: pd.DataFrame, probabilities: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of the scores by kind of list, quarter and model.

    Parameters
    ----------
    forecasts, probabilities : pd.DataFrame
        See `forecast_lists`.

    Returns
    -------
    pd.DataFrame
        Columns `KINDS` and `model`; `n` forecasts and `lists`; sums over the forecasts of `crps` (points), of the
        `coverage_…` and of `inside_80` (places from a tenth to nine tenths); number of `probabilities` and sums over
        them of `brier` and `log_score`.
    """
    by = [*KINDS, "model"]
    marked = forecasts.assign(inside_80=forecasts["place"].between(0.1, 0.9))
    columns = ["crps", *(f"coverage_{nominal}" for nominal in scores.INTERVALS), "inside_80"]
    of_shares = marked.groupby(by)[columns].sum().assign(n=marked.groupby(by).size())
    of_shares["lists"] = marked.groupby(by)["list"].nunique()
    of_chances = _with_scores(probabilities).groupby(by)[["brier", "log_score"]].sum()
    of_chances["probabilities"] = probabilities.groupby(by).size()
    joined = of_shares.join(of_chances).fillna({"probabilities": 0, "brier": 0.0, "log_score": 0.0})
    return joined.astype({"probabilities": int}).reset_index()


def calibration(probabilities: pd.DataFrame) -> pd.DataFrame:
    """Return what was said and what happened, by kind of list, quarter and bin of probability.

    Parameters
    ----------
    probabilities : pd.DataFrame
        See `forecast_lists`; those of `PUBLISHED` are taken.

    Returns
    -------
    pd.DataFrame
        Columns `KINDS`, `bin` (place in `grading.BINS`), `n`, and the sums `said` and `happened`.
    """
    mine = probabilities[probabilities["model"] == PUBLISHED]
    bins = np.clip(np.searchsorted(BINS, mine["probability"], side="left") - 1, 0, len(BINS) - 2)
    sums = mine.assign(bin=bins).groupby([*KINDS, "bin"])
    return sums.agg(n=("happened", "size"), said=("probability", "sum"), happened=("happened", "sum")).reset_index()


def skill(forecasts: pd.DataFrame, probabilities: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return by how much what is published is better than each baseline, by panel and quarter.

    Parameters
    ----------
    forecasts, probabilities : pd.DataFrame
        See `forecast_lists`.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    pd.DataFrame
        `panel, quarters` (0: all), `model` of `BASELINES`, `score` (``crps``, ``brier`` or ``log_score``), `skill`:
        1 − the sum of the published scores divided by that of the baseline (1 is perfect, above 0 is better);
        `lower, upper`: 95 % bootstrap interval over `families`, their number.
    """
    chances = _with_scores(probabilities)
    rows = []
    for score, frame in (("crps", forecasts), ("brier", chances), ("log_score", chances)):
        for panel, of_panel in frame.groupby("panel", sort=False):
            for quarters in (0, *sorted(of_panel["quarters"].unique())):
                some = of_panel if quarters == 0 else of_panel[of_panel["quarters"] == quarters]
                sums = some.pivot_table(index="family", columns="model", values=score, aggfunc="sum")
                for model in BASELINES:
                    rows.append((panel, quarters, model, score, *_skill(sums, model, seed), len(sums)))
    return pd.DataFrame(rows, columns=["panel", "quarters", "model", "score", "skill", "lower", "upper", "families"])


def _skill(sums: pd.DataFrame, model: str, seed: int) -> Iterator[float]:
    mine, other = sums[PUBLISHED].to_numpy(), sums[model].to_numpy()
    yield 1 - mine.sum() / other.sum()
    picked = stream(seed, "skill", model).integers(0, len(sums), (scores.REPLICATES, len(sums)))
    again = 1 - mine[picked].sum(axis=1) / other[picked].sum(axis=1)
    yield from np.quantile(again, [(1 - scores.LEVEL) / 2, (1 + scores.LEVEL) / 2])


def _with_scores(probabilities: pd.DataFrame) -> pd.DataFrame:
    said, happened = probabilities["probability"].to_numpy(dtype=float), probabilities["happened"].to_numpy()
    return probabilities.assign(brier=scores.brier(said, happened), log_score=scores.log_score(said, happened))

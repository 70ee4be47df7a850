"""Ratings of the simulated cases, and the counts of cases and ratings, added up from them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.data.codes import CASE_RATINGS, PUBLISHED_LEVELS, TIMELINESS
from analysis.data.contracts import Counts, Ratings, check
from analysis.data.simulate import province
from analysis.data.simulate.cases import END, SimulatedCases
from analysis.data.simulate.drawing import stream
from analysis.data.simulate.paths import Paths

DIMENSIONS = ["period", "agency", "district", "field", "channel"]


def counts(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the cases received and resolved by reporting month (`contracts.Counts`).

    Received cases count in the month of their acceptance, without timeliness; resolved ones in the month of their
    finish, in rows of their own. Only the months of the province are counted: cases accepted before the first one are
    received in none. Timeliness compares the finish with the due date in force, by day.

    Parameters
    ----------
    cases : pd.DataFrame
        See `contracts.Cases`.
    """
    by = [*DIMENSIONS, "published_online", "timeliness"]
    dimensions = cases[["agency", "district", "field", "channel"]].assign(
        published_online=cases["level"].isin(PUBLISHED_LEVELS).astype("boolean")
    )
    is_accepted = cases["accepted_at"].notna()
    received = dimensions[is_accepted].assign(
        period=reporting_months(cases.loc[is_accepted, "accepted_at"]), timeliness=None
    )
    is_resolved = cases["outcome"] == "resolved"
    resolved = dimensions[is_resolved].assign(
        period=reporting_months(cases.loc[is_resolved, "finished_at"]), timeliness=_timeliness(cases[is_resolved])
    )
    frame = pd.concat(
        [
            _sizes(received, by).rename(columns={"size": "received"}).assign(resolved=0),
            _sizes(resolved, by).rename(columns={"size": "resolved"}).assign(received=0),
        ],
        ignore_index=True,
    )
    return check(frame.assign(procedure=None), Counts, where="simulated counts")


def ratings(cases: pd.DataFrame, case_ratings: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of ratings by reporting month of the rating (`contracts.Ratings`).

    Parameters
    ----------
    cases, case_ratings : pd.DataFrame
        See `contracts.Cases` and `contracts.CaseRatings`.
    """
    rated = case_ratings.merge(
        cases[["case_id", "agency", "district", "field", "channel"]], on="case_id", how="left", validate="m:1"
    )
    rated = rated.assign(period=reporting_months(rated["rated_at"]), satisfied=rated["rating"] != "dissatisfied")
    sums = rated.groupby(DIMENSIONS, dropna=False, observed=True)["satisfied"].agg(["sum", "size"]).reset_index()
    sums = sums.rename(columns={"sum": "satisfied", "size": "respondents"})
    return check(_in_months_of_province(sums), Ratings, where="simulated ratings")


def reporting_months(moments: pd.Series) -> pd.Categorical:
    """Return the label of the reporting month of each moment; no moment may be missing."""
    days = moments.to_numpy().astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    month = months + ((days - months.astype("datetime64[D]")).astype(int) + 1 > province.CUTOFF_DAY)
    labels, code = np.unique(month, return_inverse=True)
    return pd.Categorical.from_codes(code, [str(label) for label in labels])


def _timeliness(resolved: pd.DataFrame) -> pd.Categorical:
    finished, due = (resolved[name].to_numpy().astype("datetime64[D]") for name in ("finished_at", "due_at"))
    masks = {"early": finished < due, "on_time": finished == due, "late": finished > due, "no_due_date": np.isnat(due)}
    return pd.Categorical.from_codes(np.select(list(masks.values()), range(len(masks))), list(TIMELINESS))


def _sizes(cases: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the number of cases, `size`, by the given columns, in the months of the province."""
    sums = cases.groupby(by, dropna=False, observed=True).size().rename("size").reset_index()
    return _in_months_of_province(sums.astype({"period": str, "timeliness": object}))


def _in_months_of_province(sums: pd.DataFrame) -> pd.DataFrame:
    labels = [str(period) for period in province.MONTHS]
    return sums[sums["period"].isin(labels)].astype({"period": str})


COUNTER_MINUTES, ONLINE_HOURS = 10, 18
"""Longest time from the hand-over to a rating on the counter's tablet, and mean time to a rating given online."""


def case_ratings(seed: int, cases: SimulatedCases, paths: Paths) -> pd.DataFrame:
    """Return the ratings given up to the province's last day (`contracts.CaseRatings`), in the order of the cases.

    Applicants served by post are not asked. Whether a rating is satisfied depends only on the office and on the
    reporting month in which it is given.

    Parameters
    ----------
    seed : int
        Seed of the province.
    cases : SimulatedCases
        The cases and their offices.
    paths : Paths
        The true shares.
    """
    rng = stream(seed, "ratings")
    frame = cases.frame
    is_online = (frame["channel"] == "online").to_numpy()
    handed_over = (frame["outcome"] == "resolved") & frame["returned_at"].notna()
    is_asked = (handed_over & (frame["channel"] != "post")).to_numpy()
    rated = np.flatnonzero(is_asked & (rng.random(len(frame)) < province.RATING_SHARE))
    seconds = np.where(
        is_online[rated],
        rng.exponential(ONLINE_HOURS * 3600, len(rated)),
        rng.uniform(0, COUNTER_MINUTES * 60, len(rated)),
    )
    rated_at = frame["returned_at"].to_numpy()[rated] + (1 + np.floor(seconds)).astype("timedelta64[s]")
    by_the_end = rated_at <= END
    rated, rated_at = rated[by_the_end], rated_at[by_the_end]
    months = reporting_months(pd.Series(rated_at))
    month = paths.months.get_indexer(pd.PeriodIndex(months.categories.tolist(), freq="M"))[months.codes]
    is_satisfied = rng.random(len(rated)) < paths.satisfied[cases.office[rated], month]
    is_very_satisfied = rng.random(len(rated)) < province.VERY_SATISFIED_SHARE
    rating = np.array(CASE_RATINGS)[np.where(is_satisfied, np.where(is_very_satisfied, 2, 1), 0)]
    columns = {
        "case_id": frame["case_id"].array[rated],
        "rating": pd.array(rating, dtype="str"),
        "rated_at": rated_at,
    }
    return pd.DataFrame(columns, copy=False)

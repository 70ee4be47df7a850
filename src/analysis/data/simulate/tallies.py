"""Counts and ratings added up from cases: nothing in them that is not in the cases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.data.codes import CASE_RATINGS, PUBLISHED_LEVELS, TIMELINESS
from analysis.data.contracts import Counts, Ratings, check
from analysis.data.simulate import province
from analysis.data.simulate.cases import END, Cases
from analysis.data.simulate.paths import Paths
from analysis.data.simulate.province import stream

DIMENSIONS = ["period", "agency", "district", "field", "channel"]


def counts(cases: pd.DataFrame) -> pd.DataFrame:
    """Return what came in and what was resolved by reporting month (`contracts.Counts`).

    Received cases count in the month of their acceptance, without timeliness; resolved ones in the month of their
    finish, in rows of their own. Only the months of the province are told: cases accepted before its first one are
    received in none. A case's timeliness is its finish against the due date that holds, by days.

    Parameters
    ----------
    cases : pd.DataFrame
        See `contracts.Cases`.
    """
    by = [*DIMENSIONS, "published_online", "timeliness"]
    whole = cases[["agency", "district", "field", "channel"]].assign(
        published_online=cases["level"].isin(PUBLISHED_LEVELS).astype("boolean")
    )
    accepted = cases["accepted_at"].notna()
    received = whole[accepted].assign(period=reporting_months(cases.loc[accepted, "accepted_at"]), timeliness=None)
    done = cases["outcome"] == "resolved"
    resolved = whole[done].assign(
        period=reporting_months(cases.loc[done, "finished_at"]), timeliness=_timeliness(cases[done])
    )
    frame = pd.concat(
        [
            _added_up(received, by).rename(columns={"size": "received"}).assign(resolved=0),
            _added_up(resolved, by).rename(columns={"size": "resolved"}).assign(received=0),
        ],
        ignore_index=True,
    )
    return check(frame.assign(procedure=None), Counts, where="simulated counts")


def ratings(cases: pd.DataFrame, case_ratings: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings by reporting month of the rating (`contracts.Ratings`).

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
    return check(_in_the_months(sums), Ratings, where="simulated ratings")


def reporting_months(moments: pd.Series) -> pd.Categorical:
    """Return the label of the reporting month of each moment, none of which is missing."""
    days = moments.to_numpy().astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    month = months + ((days - months.astype("datetime64[D]")).astype(int) + 1 > province.CUTOFF_DAY)
    labels, code = np.unique(month, return_inverse=True)
    return pd.Categorical.from_codes(code, [str(label) for label in labels])


def _timeliness(resolved: pd.DataFrame) -> pd.Categorical:
    finished, due = (resolved[name].to_numpy().astype("datetime64[D]") for name in ("finished_at", "due_at"))
    kinds = {"early": finished < due, "on_time": finished == due, "late": finished > due, "no_due_date": np.isnat(due)}
    return pd.Categorical.from_codes(np.select(list(kinds.values()), range(len(kinds))), list(TIMELINESS))


def _added_up(cases: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    sums = cases.groupby(by, dropna=False, observed=True).size().rename("size").reset_index()
    return _in_the_months(sums.astype({"period": str, "timeliness": object}))


def _in_the_months(sums: pd.DataFrame) -> pd.DataFrame:
    labels = [str(period) for period in province.MONTHS]
    return sums[sums["period"].isin(labels)].astype({"period": str})


COUNTER_MINUTES, ONLINE_HOURS = 10, 18
"""Longest time from the hand-over to the rating on the counter's tablet, and the mean one of a rating given online."""


def case_ratings(seed: int, made: Cases, paths: Paths) -> pd.DataFrame:
    """Return the ratings given by the end (`contracts.CaseRatings`), in the order of the cases.

    Those served by post are not asked. Whether a rating is satisfied depends on the office and on the reporting month
    in which it is given, and on nothing else.

    Parameters
    ----------
    seed : int
        Of the province.
    made : Cases
        The cases and their offices.
    paths : Paths
        Holds the true shares.
    """
    rng = stream(seed, "ratings")
    frame = made.frame
    online = (frame["channel"] == "online").to_numpy()
    asked = ((frame["outcome"] == "resolved") & frame["returned_at"].notna() & (frame["channel"] != "post")).to_numpy()
    rated = np.flatnonzero(asked & (rng.random(len(frame)) < province.RATING_SHARE))
    seconds = np.where(
        online[rated],
        rng.exponential(ONLINE_HOURS * 3600, len(rated)),
        rng.uniform(0, COUNTER_MINUTES * 60, len(rated)),
    )
    at = frame["returned_at"].to_numpy()[rated] + (1 + np.floor(seconds)).astype("timedelta64[s]")
    kept = at <= END
    rated, at = rated[kept], at[kept]
    months = reporting_months(pd.Series(at))
    month = paths.months.get_indexer(pd.PeriodIndex(months.categories.tolist(), freq="M"))[months.codes]
    satisfied = rng.random(len(rated)) < paths.satisfied[made.office[rated], month]
    very = rng.random(len(rated)) < province.VERY_SATISFIED_SHARE
    rating = np.array(CASE_RATINGS)[np.where(satisfied, np.where(very, 2, 1), 0)]
    columns = {"case_id": frame["case_id"].array[rated], "rating": pd.array(rating, dtype="str"), "rated_at": at}
    return pd.DataFrame(columns, copy=False)

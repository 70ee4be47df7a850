"""Per-case ratings: given by a few per cent of those served online or at the counter, who chose to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.data.codes import CASE_RATINGS
from analysis.data.simulate import province
from analysis.data.simulate.cases import END, Cases
from analysis.data.simulate.paths import Paths
from analysis.data.simulate.streams import stream
from analysis.data.simulate.tallies import reporting_months

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

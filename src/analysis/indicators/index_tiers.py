"""A published index as known on a day: score, rank and tier of each year, and the steps from tier to tier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from analysis.data.published import comparable_stretches, last_possible_day

HISTORY = ["area", "year", "score", "rank", "rank_of", "tier", "stated", "published_on", "confidence", "source"]
STEPS = ["area", "year", "from_tier", "to_tier"]


@dataclass(frozen=True)
class Tiers:
    """The tiers of an index, in the words and the order of the plan.

    Attributes
    ----------
    names : tuple of str
        Best first.
    last_ranks : mapping of int to mapping of str to int
        By year, the last rank of each tier but the worst, which takes all others.
    """

    names: tuple[str, ...]
    last_ranks: Mapping[int, Mapping[str, int]]

    def of_rank(self, rank: int, year: int) -> str | None:
        """Return the tier of a rank, or None where no year has limits.

        Parameters
        ----------
        rank : int
            Rank of the area.
        year : int
            Its year; without limits of its own, those of the nearest year hold, of two the earlier.
        """
        if not self.last_ranks:
            return None
        limits = self.last_ranks[min(self.last_ranks, key=lambda known: (abs(known - year), known))]
        return next((name for name in self.names if rank <= limits.get(name, 0)), self.names[-1])


def history(
    published: pd.DataFrame, *, indicator: str, tiers: Tiers, as_of: date, breaks: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return what is known of an index on a day, for every area.

    Parameters
    ----------
    published : pd.DataFrame
        See `data.published.PublishedFigures`; only figures of whole years with a rank are used.
    indicator : str
        Code of the index, such as ``pci``.
    tiers : Tiers
        The tiers and their limits.
    as_of : date
        Day up to which figures are known; one whose day of publication is not known never is, and a month or a year
        of publication stands for its last day.
    breaks : pd.DataFrame, optional
        See `data.published.Break`.

    Returns
    -------
    pd.DataFrame
        Columns `HISTORY` and `run`, by area and year. `score` in points, missing where only the rank is known; `tier`
        is a name of `tiers`, missing without limits; `stated` says whether by the limits of the year itself. Years with
        one number in `run` follow each other without gap or break.
    """
    days = pd.to_datetime(published["published_on"].map(last_possible_day))
    known = published[(published["indicator"] == indicator) & published["rank"].notna() & (days <= pd.Timestamp(as_of))]
    known = known[known["period"].str.fullmatch(r"\d{4}").fillna(False)]
    # Ranks are compared, so years known with and without their score are one series.
    ranked = known.assign(unit="rank_only")
    stretches = [
        run for area in sorted(set(known["area"])) for run in comparable_stretches(ranked, indicator, area, breaks)
    ]
    if not stretches:
        return pd.DataFrame(columns=[*HISTORY, "run"])
    frame = pd.concat([run.assign(run=number) for number, run in enumerate(stretches)], ignore_index=True)
    frame["year"] = frame["period"].astype(int)
    frame["score"] = frame["value"]
    frame["tier"] = [tiers.of_rank(int(row.rank), row.year) for row in frame.itertuples()]
    frame["stated"] = frame["year"].isin(tiers.last_ranks)
    frame["published_on"] = pd.to_datetime(frame["published_on"].map(last_possible_day))
    return frame.sort_values(["area", "year"], ignore_index=True)[[*HISTORY, "run"]]


def steps(known: pd.DataFrame) -> pd.DataFrame:
    """Return the steps of every area from one year's tier to the next year's.

    Parameters
    ----------
    known : pd.DataFrame
        See `history`.

    Returns
    -------
    pd.DataFrame
        Columns `STEPS`; `year` is the later one. Years that a gap or a break parts make no step.
    """
    before = known.groupby("run")["tier"].shift(1)
    frame = known.assign(from_tier=before, to_tier=known["tier"]).dropna(subset=["from_tier", "to_tier"])
    return frame[STEPS].reset_index(drop=True)

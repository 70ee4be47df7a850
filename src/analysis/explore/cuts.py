"""Any share with its counts, cut along one dimension: what a drill-down shows."""

from __future__ import annotations

import pandas as pd

from analysis.indicators.uptake import OF_ALL, OF_PUBLISHED
from analysis.interpretation import Interpretation
from analysis.promises import TOTAL, ItemsTarget
from analysis.readings import Counted, measured_along
from analysis.results import Results

DIMENSIONS = ("total", "agency", "field", "district", "channel")
"""The whole, and the columns of the counts that it can be cut along."""

COLUMNS = ["series", "period", "numerator", "denominator", "value"]


class Cuts:
    """The shares of a run, whole and cut.

    Parameters
    ----------
    results : Results
        Of the run.
    chosen : Interpretation
        How its plan is read.
    """

    def __init__(self, results: Results, chosen: Interpretation) -> None:
        self._results, self._chosen = results, chosen
        known = results.indicators.dropna(subset=["numerator", "denominator"])
        self._whole = known[~known["indicator"].str.endswith(("_due", "_headcount"))]
        self._along: dict[str, pd.DataFrame] = {}

    @property
    def indicators(self) -> list[str]:
        """Every indicator that is a share of things counted, in the order of the results."""
        return list(self._whole["indicator"].unique())

    def is_stock(self, indicator: str) -> bool:
        """Return whether an indicator counts the items of a list, each period all of them anew.

        Such counts do not add up over periods, and tell of no person.
        """
        return any(one.id == indicator for one in self._results.plan.targets if isinstance(one, ItemsTarget))

    def dimensions(self, indicator: str) -> list[str]:
        """Return what an indicator can be cut along, as far as the data has it; the whole comes first.

        Online filing is not cut along the channel: the share is of a channel.
        """
        wanted = [one for one in DIMENSIONS if one != "channel" or indicator not in (OF_ALL, OF_PUBLISHED)]
        return [one for one in wanted if len(self.shares(indicator, one))]

    def shares(self, indicator: str, dimension: str) -> pd.DataFrame:
        """Return an indicator cut along a dimension.

        Parameters
        ----------
        indicator, dimension : str
            One of `indicators`, and one of `DIMENSIONS`.

        Returns
        -------
        pd.DataFrame
            Columns `COLUMNS`, a row per code and period in time order: counts as the indicator counts them (cases,
            ratings, items), `value` their share (0–1).
        """
        source = self._cut(dimension) if dimension in ("district", "channel") else self._whole
        mine = source[source["indicator"] == indicator]
        if dimension == "total":
            mine = mine[mine["series"] == TOTAL]
        elif dimension in ("agency", "field"):
            mine = mine[mine["series"].isin(self._results.counts[dimension].dropna().unique())]
        return mine.sort_values(["series", "period"], ignore_index=True)[COLUMNS]

    def _cut(self, dimension: str) -> pd.DataFrame:
        if dimension not in self._along:
            of = self._results
            counted = Counted(of.counts, of.workload, of.ratings)
            self._along[dimension] = measured_along(of.plan, counted, self._chosen, dimension)
        return self._along[dimension]


def within(shares: pd.DataFrame, members: tuple[str, ...], first: str, last: str) -> pd.DataFrame:
    """Return the shares of some members from one period to another, members in the order asked for."""
    mine = shares[shares["series"].isin(members) & shares["period"].between(first, last)]
    order = mine["series"].map({code: at for at, code in enumerate(members)})
    return mine.assign(order=order).sort_values(["order", "period"], ignore_index=True).drop(columns="order")


def together(shares: pd.DataFrame) -> pd.DataFrame:
    """Return each series over all its periods: `series, numerator, denominator, value`, the ratio of the sums."""
    sums = shares.groupby("series", sort=False, as_index=False)[["numerator", "denominator"]].sum()
    return sums.assign(value=sums["numerator"] / sums["denominator"].where(sums["denominator"] > 0))

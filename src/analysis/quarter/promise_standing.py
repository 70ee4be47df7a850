"""How one promise stands at the end of a quarter: its rows of every table, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import pandas as pd

from analysis.attainment.without_history import without_history
from analysis.plan.promises import Promise
from analysis.quarter.results import Results


@dataclass(frozen=True, eq=False)
class PromiseStanding:
    """How one promise stands at the end of a quarter.

    Attributes
    ----------
    target : Promise
        The promise as the plan declares it.
    results : Results
        The results it is from.
    """

    target: Promise
    results: Results

    @property
    def row(self) -> pd.Series:
        """Its row of the table of promises; see `attainment.verdict.COLUMNS`."""
        return self.results.promise(self.target.id)

    @property
    def verdict(self) -> str:
        """Verdict code; see `attainment.verdict.VERDICTS`."""
        return str(self.row["verdict"])

    @property
    def probability(self) -> float:
        """Attainment probability, 0–1; missing when not estimated."""
        return float(self.row["probability"])

    @property
    def parts(self) -> pd.DataFrame:
        """The rows of what it is judged by, by their name; of a promise without parts, its own under an empty name."""
        rows = self.results.attainment.of("promises", self.target.id).set_index("part")
        return rows.drop(index="") if len(rows) > 1 else rows

    @property
    def baselines(self) -> pd.DataFrame:
        """What simple forecasts say of each part; see `attainment.probability.Attainment`."""
        return self.results.attainment.of("baselines", self.target.id)

    @property
    def run_rate(self) -> pd.DataFrame:
        """What the rest of the year must deliver, part by part: shares 0–1, and cases a week."""
        return self.results.attainment.of("run_rate", self.target.id)

    @property
    def gap(self) -> pd.DataFrame:
        """Who holds what is missing, by agency and by field: `short` in cases."""
        return self.results.attainment.of("gap", self.target.id)

    @property
    def in_no_member(self) -> pd.DataFrame:
        """How many of its cases are in none of the members it is judged over; see `attainment.in_no_member`.

        Without rows where it is on the whole or on one named member.
        """
        return self.results.attainment.of("in_no_member", self.target.id).drop(columns="target").reset_index(drop=True)

    @property
    def without_history(self) -> pd.DataFrame:
        """The bodies it is judged over that have no history of their own; see `attainment.without_history`.

        Without rows where all have one, or the plan does not say which bodies merged.
        """
        found = self.results
        return without_history(found.plan, self.target.id, found.indicators.series, found.attainment.promises)

    @property
    def readings(self) -> pd.DataFrame:
        """What every other answer to an open question would make of it."""
        return self.results.attainment.of("sensitivity", self.target.id)

    @property
    def previous(self) -> pd.DataFrame:
        """The same rows one quarter earlier, from what was known then."""
        return self.results.attainment.of("previous", self.target.id).set_index("part")

    def __repr__(self) -> str:
        return f"PromiseStanding({self.target.id}: {self.verdict}, probability {self.probability})"

    def _repr_html_(self) -> str:
        columns = ["rule", "threshold", "numerator", "denominator", "observed_to_date", "expected", "lower", "upper"]
        shown = self.parts[[*columns, "probability", "baseline_probability", "verdict", "note"]]
        outside = self.in_no_member[self.in_no_member["in_no_member"] > 0]
        told = "".join(
            f"<p>{row.in_no_member:,} of {row.denominator:,} ({escape(row.indicator)}) are in no member judged, "
            f"{row.without_value:,} of them without a value of {escape(row.dimension)}.</p>"
            for row in outside.itertuples()
        )
        told += "".join(
            f"<p>{escape(row.series)} has no history of its own: cases only since {row.since}"
            f"{', too few to be estimated' if row.note else ''}.</p>"
            for row in self.without_history.itertuples()
        )
        table = shown.rename_axis(index=None).to_html()
        return f"<h4>{escape(self.target.id)}: {escape(self.verdict)}</h4>{table}{told}"

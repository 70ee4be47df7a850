"""What if one promise had more of what moves it in the rest of the year? The answer as frames, before and after."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from html import escape
from typing import Any, Self

import numpy as np
import pandas as pd

from analysis.attainment.evidence import Evidence
from analysis.attainment.needed import Needed
from analysis.attainment.shifted_draws import JudgedPromises, Shift, moving_of, needed_shift
from analysis.attainment.shifted_items import ItemsShift, JudgedItems, needed_items
from analysis.attainment.situation import Situation
from analysis.faults import BadParameters
from analysis.parameters import RunParameters
from analysis.plan.indicators import Share
from analysis.plan.promises import ItemsPromise, Measured, Promise
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results

CHANGE = ["before", "after", "change", "verdict_before", "verdict_after"]


@dataclass(frozen=True, eq=False, repr=False)
class WhatIf:
    """A promise before and after a move, judged on the same draws.

    Attributes
    ----------
    target : str
        Id of the promise.
    move : Shift or ItemsShift
        What moves, where, and by how much.
    before, after : pd.DataFrame
        The promise and its parts, and every other promise that the move touches, as they stand and as they would
        stand: `attainment.verdict.COLUMNS`; of shares and means, also what the rest of the year must deliver and is
        expected to (see `attainment.shifted_draws.JudgedPromises.table`). Shares are 0–1.
    """

    target: str
    move: Shift | ItemsShift
    before: pd.DataFrame
    after: pd.DataFrame
    _results: Results
    _judged: JudgedPromises | JudgedItems
    _moved: JudgedPromises | JudgedItems

    @classmethod
    def of(cls, results: Results, run: RunParameters, target: str, members: dict[str, Any]) -> Self:
        """Return a promise with nothing moved yet; see `moved`.

        Parameters
        ----------
        results : Results
            Results of the run.
        run : RunParameters
            The run.
        target : str
            Id of the promise.
        members : dict
            One dimension and the code or codes that move; empty for all of the promise's own.

        Raises
        ------
        BadParameters
            Nothing of such a promise can be moved, or there is no such member.
        """
        promise = results.plan.promise(target)
        if reason := not_movable(promise):
            raise BadParameters(f"{target}: {reason}")
        move: Shift | ItemsShift
        judged: JudgedPromises | JudgedItems
        if isinstance(promise, ItemsPromise):
            if members:
                raise BadParameters(f"{target} is on items: it has no {next(iter(members))}; say which items")
            judged = JudgedItems.of(_situation(results, run), target)
            move = ItemsShift(target)
        else:
            assert isinstance(promise, Measured)
            move = _shift(results, promise, members)
            touched = [one.id for one in results.plan.measured if move.indicator in moving_of(results.plan, one)]
            judged = JudgedPromises.of(results.counted_situation(run), touched, with_baselines=False)
        before = _with_baselines(judged.table(), results)
        return cls(target, move, before, before, results, judged, judged)

    def moved(
        self, *, points: float = 0.0, cases: float = 0.0, items: int | Collection[str] = 0, per_month: float = 0.0
    ) -> Self:
        """Return the same promise under another move of the same members.

        Parameters
        ----------
        points, cases, items, per_month
            See `Quarter.what_if`.

        Raises
        ------
        BadParameters
            The promise is not moved by such an amount.
        """
        if isinstance(self._judged, JudgedItems):
            if points or cases:
                raise BadParameters(f"{self.target} is on items: it is moved by items or per_month")
            named = () if isinstance(items, int) else (items,) if isinstance(items, str) else tuple(items)
            # An item is done or not: what a month brings is counted in whole items by the end of the year.
            more = int(np.floor(per_month * self._judged.months_left + 1e-9)) + (items if isinstance(items, int) else 0)
            return self.by(ItemsShift(self.target, named, more))
        assert isinstance(self.move, Shift)
        if abs(points) > 1 and isinstance(self._results.plan.indicators[self.move.indicator], Share):
            raise BadParameters(f"points are a share, from -1 to 1: five points are 0.05, found {points:g}")
        if items or per_month:
            raise BadParameters(f"{self.target} is on no items: it is moved by points or cases")
        return self.by(replace(self.move, points=points, cases=cases))

    def by(self, move: Shift | ItemsShift) -> Self:
        """Return the same promise under a move that is said in full: who moves and by how much."""
        moved: JudgedPromises | JudgedItems
        if isinstance(self._judged, JudgedItems):
            assert isinstance(move, ItemsShift)
            moved = self._judged if move == ItemsShift(self.target) else self._judged.moved(move)
        else:
            assert isinstance(move, Shift)
            moved = self._judged.moved(move)
        after = self.before if moved is self._judged else _with_baselines(moved.table(), self._results)
        return replace(self, move=move, after=after, _moved=moved)

    @property
    def change(self) -> pd.DataFrame:
        """The attainment probability `before` and `after`, its `change` (−1 to 1), and both verdicts.

        A row per `target, part`; the promise's own row has an empty part.
        """
        return change_of(self.before, self.after)

    def year_end(self, part: str = "") -> pd.DataFrame:
        """Return the year-end value `before` and `after` in each draw.

        Parameters
        ----------
        part : str
            Id of a part; empty for a promise that has only one.

        Raises
        ------
        BadParameters
            The promise has no such part.
        """
        rows = self.before[self.before["target"] == self.target]
        parts = rows["part"].tolist()
        valued = [one for one in parts if one] or parts
        if isinstance(self._judged, JudgedItems):
            valued = [""]
        if part not in valued:
            raise BadParameters(f"{self.target} has no part {part!r}; there are {', '.join(valued)}")
        found = [one.year_end(self.target, part) for one in (self._judged, self._moved)]
        return pd.DataFrame(dict(zip(("before", "after"), found, strict=True))).rename_axis("draw")

    def needed(self, probability: float = 0.8) -> Needed:
        """Return the smallest move of the same members at which the promise is kept with a probability.

        Parameters
        ----------
        probability : float
            The level to reach, above 0 and at most 0.995.

        Returns
        -------
        Needed
            `amount` in share units, in the unit of the mean or in items; None where even the largest move is not
            enough. It counts from how the promise stands, whatever `move` is.
        """
        if not 0 < probability <= 0.995:
            raise BadParameters(f"a probability above 0 and at most 0.995 was expected, found {probability}")
        at = self._judged.at
        if isinstance(self.move, Shift):
            move = self.move
            return needed_shift(at, move.indicator, move.dimension, move.members, self.target, probability)
        assert isinstance(at, Situation)
        return needed_items(at, self.target, probability)

    @property
    def open_items(self) -> pd.DataFrame:
        """The promised items not done, `item, owner, planned_on`, planned first first; no rows without items."""
        if isinstance(self._judged, JudgedItems):
            return self._judged.open_items
        return pd.DataFrame(columns=["item", "owner", "planned_on"])

    @property
    def months_left(self) -> float:
        """Months from the day known to the end of the plan's year, for a promise on items; missing for another."""
        return self._judged.months_left if isinstance(self._judged, JudgedItems) else float("nan")

    def __repr__(self) -> str:
        row = self.change.loc[(self.target, "")]
        return f"WhatIf({self.target}: probability {row['before']} → {row['after']}; {self.move})"

    def _repr_html_(self) -> str:
        return f"<h4>{escape(self.target)}</h4><p>{escape(str(self.move))}</p>{self.change.to_html()}"


def change_of(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the probabilities and verdicts of the same promises side by side.

    Parameters
    ----------
    before, after : pd.DataFrame
        See `attainment.verdict.COLUMNS`. A row that only one of them has is missing on the other side.

    Returns
    -------
    pd.DataFrame
        Columns `CHANGE`, by `target` and `part`.
    """
    was, will = (rows.set_index(["target", "part"])[["probability", "verdict"]] for rows in (before, after))
    keys = was.index.append(will.index).drop_duplicates()
    was, will = was.reindex(keys), will.reindex(keys)
    found = (was["probability"], will["probability"], will["probability"] - was["probability"])
    return pd.DataFrame(dict(zip(CHANGE, (*found, was["verdict"], will["verdict"]), strict=True)))


def not_movable(promise: Promise) -> str:
    """Return in a sentence why nothing of a promise can be moved; empty where something can."""
    if isinstance(promise, ItemsPromise):
        asked = promise.inventory
        if asked is not None and (asked.listed_with or asked.done_with):
            return "its items are judged by single cases, which the results do not keep"
        return ""
    if isinstance(promise, Measured):
        return ""
    return "it is judged by a survey or a published index: nothing of theirs is counted here that could be moved"


def dimensions_of(results: Results, promise: Measured) -> list[str]:
    """Return the dimensions whose members move a promise: those of its parts; for the whole, all that it is cut by.

    Parameters
    ----------
    results : Results
        Results of a run.
    promise : Measured
        The promise.
    """
    name = moving_of(results.plan, promise)[0]  # of a promise on several, the first moves
    on = {part.dimension for part, _ in promise.judged}
    rows = results.indicators.series
    cut_by = list(rows.loc[rows["indicator"] == name, "dimension"].unique())
    return [one for one in cut_by if one != TOTAL and (TOTAL in on or one in on)]


def members_of(results: Results, promise: Measured, dimension: str) -> list[str]:
    """Return the members that move a promise, those with most cases first.

    Parameters
    ----------
    results : Results
        Results of a run.
    promise : Measured
        The promise.
    dimension : str
        One of `dimensions_of`.
    """
    plan, rows = results.plan, results.indicators.series
    name = moving_of(plan, promise)[0]
    mine = rows[(rows["indicator"] == name) & (rows["dimension"] == dimension)]
    cases = mine.groupby("series")["denominator"].sum().sort_values(ascending=False, kind="stable")
    parts = [part for part, _ in promise.judged]
    inside = {code for part in parts if part.dimension == dimension for code in plan.members(dimension, part.series)}
    everyone = any(part.dimension == TOTAL for part in parts)
    groups = plan.groups.get(dimension, {})
    return [str(code) for code in cases.index if code not in groups and (everyone or code in inside)]


def _shift(results: Results, promise: Measured, members: dict[str, Any]) -> Shift:
    if len(members) > 1:
        raise BadParameters(f"one dimension was expected, found {', '.join(members)}")
    known = dimensions_of(results, promise)
    name = moving_of(results.plan, promise)[0]
    if not members:
        if not known:
            raise BadParameters(f"{promise.id}: {name} is cut by nothing, so that no member of it can be moved")
        return Shift(name, known[0], tuple(members_of(results, promise, known[0])))
    ((dimension, given),) = members.items()
    if dimension not in known:
        raise BadParameters(f"{promise.id} is not moved by {dimension!r}; it is by {', '.join(known)}")
    there = members_of(results, promise, dimension)
    named = (given,) if isinstance(given, str) else tuple(given)
    codes = list(dict.fromkeys(code for one in named for code in results.plan.members(dimension, one)))
    codes = [code for code in codes if code in named or code not in results.plan.abolished(dimension)]
    for code in codes:
        if code not in there:
            raise BadParameters(f"{promise.id} is not moved by {dimension} {code!r}; it is by {', '.join(there)}")
    return Shift(name, dimension, tuple(codes))


def _with_baselines(rows: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Return promises with what simple forecasts say of them, which no move changes, as the results have it."""
    keys = ["target", "part"]
    reported = results.attainment.promises.set_index(keys)["baseline_probability"]
    return rows.assign(baseline_probability=reported.reindex(pd.MultiIndex.from_frame(rows[keys])).to_numpy())


def _situation(results: Results, run: RunParameters) -> Situation:
    """Return what is known of dated items; surveys and published figures judge none of them."""
    counted = results.counted_situation(run)
    nothing = pd.DataFrame()
    evidence = Evidence(
        as_of=run.as_of, surveys=nothing, last_round=results.plan.year, catalogue=results.data.catalogue,
        progress=results.data.progress, published=nothing, breaks=nothing,
    )  # fmt: skip
    given = {one.name: getattr(counted, one.name) for one in fields(counted)}
    return Situation(**given, evidence=evidence)

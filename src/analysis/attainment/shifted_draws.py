"""What if some bodies or fields did better for the rest of the year? The draws, shifted and judged again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import periods
from analysis.attainment import needed
from analysis.attainment.needed import Needed, smallest_step
from analysis.attainment.shares import JudgedPart, SimpleForecasts, judged_part, known_and_last, rate, target_row
from analysis.attainment.situation import CountedSituation
from analysis.attainment.verdict import AttainmentDraws, as_table, combined
from analysis.attainment.year_end import RUN_RATE_COLUMNS as RATE_COLUMNS
from analysis.attainment.year_end import year_end
from analysis.faults import BadParameters
from analysis.plan.indicators import Mean, Share
from analysis.plan.plan import Plan
from analysis.plan.promises import Measured
from analysis.plan.record import TOTAL

_KEYS = ["dimension", "series", "period", "draw"]

STEPS = 1000
"""Steps of `needed_shift` in a whole share, or in a mean as it stands: a tenth of a point each."""


@dataclass(frozen=True)
class Shift:
    """A move of a share or a mean in the rest of the year, by its value or by cases.

    Attributes
    ----------
    indicator : str
        The share or mean that moves; shares nested in it move with it.
    dimension : str
        Dimension of the members: agencies and fields are two ways of cutting the same cases.
    members : tuple of str
        Their codes.
    points : float
        What is added to each member's share (share units, −1 to 1), or to its mean (in the mean's unit).
    cases : float
        Cases of the numerator that all members together have more, or fewer, in the rest of the year; only of a share,
        and not together with `points`.
    """

    indicator: str
    dimension: str = "agency"
    members: tuple[str, ...] = ()
    points: float = 0.0
    cases: float = 0.0

    def __post_init__(self) -> None:
        if self.points and self.cases:
            raise BadParameters("a share is moved by points or by cases, not by both")


def moving_of(plan: Plan, promise: Measured) -> tuple[str, ...]:
    """Return the shares and means that move a promise: a nested share moves with the one it is nested in.

    Parameters
    ----------
    plan : Plan
        Says which shares are nested.
    promise : Measured
        The promise.
    """
    on = [(name, plan.indicators[name]) for name in promise.indicators]
    return tuple(dict.fromkeys(getattr(one, "nested_in", None) or name for name, one in on))


@dataclass(frozen=True, eq=False)
class JudgedPromises:
    """Promises on shares and means with their parts: judged once, and again whenever their draws move.

    Attributes
    ----------
    at : CountedSituation
        What counts and draws say.
    judged : dict
        Promise → its parts, on the same draws.
    """

    at: CountedSituation
    judged: Mapping[str, tuple[JudgedPart, ...]]

    @classmethod
    def of(cls, at: CountedSituation, targets: Collection[str], *, with_baselines: bool = True) -> JudgedPromises:
        """Return promises as every report judges them.

        Parameters
        ----------
        at : CountedSituation
            What counts and draws say.
        targets : collection of str
            The promises asked for; those on anything but shares and means are left out.
        with_baselines : bool
            Whether the simple forecasts are worked out, too.
        """
        simple = SimpleForecasts(at) if with_baselines else None
        judged = {
            one.id: tuple(judged_part(part, name, one.id, at, simple) for part, name in one.judged)
            for one in at.plan.measured
            if one.id in targets
        }
        return cls(at, judged)

    def moved(self, shift: Shift) -> JudgedPromises:
        """Return the same promises with a share or a mean moved; these themselves where nothing moves."""
        movable = MovableDraws.of(self.at, shift)
        draws = movable.moved(shift)
        return self if draws is self.at.forecast.draws else self.on(draws, movable)

    def on(self, draws: pd.DataFrame, movable: MovableDraws) -> JudgedPromises:
        """Return the same promises judged on moved draws.

        Parameters
        ----------
        draws : pd.DataFrame
            The draws moved.
        movable : MovableDraws
            What moved: other parts stay as they are, and so does what is promised.
        """
        moved = _by_series(draws, movable.indicators)
        windows: dict[tuple[str, Any], tuple[pd.Period, pd.Period]] = {}

        def again(one: JudgedPart) -> JudgedPart:
            part = one.part
            key = (part.indicator, part.dimension, part.series)
            if key not in moved or not movable.moves(part.dimension, part.series):
                return one
            window = (part.indicator, part.until)
            if window not in windows:
                windows[window] = known_and_last(part, self.at)
            origin, last = windows[window]
            return replace(one, share=year_end(self.at.counted.of(part), moved[key], part, origin=origin, last=last))

        return replace(self, judged={target: tuple(map(again, parts)) for target, parts in self.judged.items()})

    def promise(self, target: str) -> Measured:
        """Return a promise by its id."""
        return next(one for one in self.at.plan.measured if one.id == target)

    def kept(self, target: str) -> AttainmentDraws:
        """Return whether a promise is kept, draw by draw."""
        return combined([one.kept for one in self.judged[target]], self.promise(target).combine)

    def year_end(self, target: str, part: str) -> np.ndarray:
        """Return the year-end value of a part in each draw.

        Parameters
        ----------
        target, part : str
            Ids of the promise and of the part; the latter is empty where there is only one.
        """
        return next(one.share.values for one in self.judged[target] if one.name == part)

    def table(self) -> pd.DataFrame:
        """Return the promises as a table, with what the rest of the year must deliver.

        Returns
        -------
        pd.DataFrame
            Columns `verdict.COLUMNS`, those of `year_end.RUN_RATE_COLUMNS` and `rest_share, rest_per_week`: a row per
            target, `part` empty, and one per part. `required_share` (0–1) and `cases_per_week` are what the rest of the
            year must deliver, `rest_share` and `rest_per_week` what it is expected to: medians over the draws. They are
            missing for a promise of several parts, and when nothing is left of the year.
        """
        at, rows, rates = self.at, [], []
        for target, judged in self.judged.items():
            rows.append(target_row(self.promise(target), list(judged), at.quarter))
            for one in judged:
                if one.name:
                    rows.append(one.row(target, one.name, at.quarter))
                rates.append(_with_rest(rate(at.plan, target, one, at.quarter, at.counted.of(one.part)), one))
        found = [frame for frame in rates if len(frame)]
        columns = [*RATE_COLUMNS, "rest_share", "rest_per_week"]
        delivered = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
        return as_table(rows).merge(delivered, on=["target", "part"], how="left", validate="1:1")


def needed_shift(
    at: CountedSituation,
    indicator: str,
    dimension: str,
    members: Collection[str],
    target: str,
    probability: float = 0.8,
) -> Needed:
    """Return the smallest move of some members at which a promise is kept with a probability.

    The draws stay the same, so that the probability never falls as the move grows: it is found by bisection, to a
    tenth of a point of a share, or a thousandth of a mean as it stands.

    Parameters
    ----------
    at : CountedSituation
        What counts and draws say.
    indicator, dimension, members
        What moves; see `Shift`.
    target : str
        The promise. Its rule says which way: `at_most` asks for less, the others for more.
    probability : float
        The level to reach, at most 0.995, beyond which no probability short of certainty is stated.
    """
    names = {indicator, *_nested_in(at.plan, indicator)}
    names |= {name for promise in at.plan.measured if promise.id == target for name in promise.indicators}
    draws, rows = at.forecast.draws, at.indicators
    # Only what the promise is on is looked at again and again.
    at = replace(
        at,
        forecast=replace(at.forecast, draws=draws[draws["indicator"].isin(names)]),
        indicators=rows[rows["indicator"].isin(names)],
    )
    movable = MovableDraws.of(at, Shift(indicator, dimension, tuple(members)))
    return _needed(JudgedPromises.of(at, [target], with_baselines=False), movable, target, probability)


def _needed(promises: JudgedPromises, movable: MovableDraws, target: str, probability: float) -> Needed:
    now = promises.kept(target)
    if not len(now.met):
        return Needed(None, np.nan, np.nan, now.note)
    if now.probability >= probability:
        return Needed(0.0, 0.0, now.probability)
    if now.decided:
        return Needed(None, np.nan, now.probability, needed.DECIDED)
    moving = [one.part for one in promises.judged[target] if movable.moves(one.part.dimension, one.part.series)
              and one.part.indicator in movable.indicators]  # fmt: skip
    ways = {-1 if part.rule == "at_most" else 1 for part in moving}
    if len(ways) != 1:
        return Needed(None, np.nan, now.probability, needed.BOTH_WAYS if ways else needed.NOT_MOVED)
    way, step = ways.pop(), movable.step

    def moved(steps: int) -> JudgedPromises:
        return promises.on(movable.by(way * steps * step), movable)

    most = int(np.ceil(movable.largest(way) / step - 1e-9))
    found = smallest_step(lambda steps: moved(steps).kept(target).probability, most=most, wanted=probability)
    if found is None:
        return Needed(None, np.nan, moved(most).kept(target).probability, needed.UNREACHABLE)
    after = moved(found)
    pairs = zip(promises.judged[target], after.judged[target], strict=True)
    # Parts on the same series, such as steps within the year, are the same cases.
    cases = {
        (was.part.dimension, was.part.series): float(np.median(will.share.numerators - was.share.numerators))
        for was, will in pairs
        if was.part in moving and was.part.indicator == movable.base
    }
    brought = np.nan if movable.is_mean else sum(cases.values())
    return Needed(way * found * step, brought, after.kept(target).probability)


class MovableDraws:
    """The draws of a share or a mean and of what is nested in it, ready to be moved by any amount.

    A member brings the part of a series' cases that it brought over the last year known, N(m)/N(s). Its share moves by
    `points`, but not below 0 nor above its ceiling: where another share is nested in the one that moves, the part of
    its cases that the nested share counts; else 1. The cases moved, Σ N(m)/N(s) · points(m) · denominator, are added to
    the numerators of the share and of those nested in it in the same draw; the denominators do not change. A move by
    `cases` is, in each draw, the one by as many points as bring these cases. A mean moves likewise, not below 0.

    Parameters
    ----------
    plan : Plan
        Says which series a group is made of, and which shares are nested.
    indicators : pd.DataFrame
        See `indicators.measured.indicator_series`.
    draws : pd.DataFrame
        See `forecast.rest_of_year.Forecast`; never changed.
    shift : Shift
        What moves, and where; its amount is not looked at.
    origin : pd.Period
        Last period known.

    Attributes
    ----------
    indicators : tuple of str
        What moves: the indicator and the shares nested in it.
    base : str
        The one of them whose draws bring the cases; empty where none is drawn.
    is_mean : bool
        Whether it is a mean, which has no cases in its numerator and no ceiling.
    """

    def __init__(
        self, plan: Plan, indicators: pd.DataFrame, draws: pd.DataFrame, shift: Shift, *, origin: pd.Period
    ) -> None:
        name, nested = shift.indicator, _nested_in(plan, shift.indicator)
        self.indicators = (name, *nested)
        self.is_mean = isinstance(plan.indicators[name], Mean)
        self._draws = draws
        drawn = set(draws["indicator"].unique())
        self.base = next((code for code in self.indicators if code in drawn), "")
        known = _last_year(indicators, self.indicators, origin)
        inner = next((known[code] for code in nested if code in known), None)
        cases = known.get(name, inner)
        self._members: dict[str, _Member] = {}
        self._series: dict[tuple[str, str], list[tuple[str, float]]] = {}
        if cases is None or self.base not in known:
            return
        for member in shift.members:
            key = (shift.dimension, member)
            if not (N := cases["denominator"].get(key, 0)):
                continue
            value = cases["numerator"][key] / N
            ceiling = inner["denominator"].get(key, 0) / N if inner is not None else 1.0
            highest = np.inf if self.is_mean else max(ceiling, value)
            self._members[member] = _Member(N, value, min(value, 0.0), highest)
        size, of_base = known[self.base]["denominator"], draws[draws["indicator"] == self.base]
        for dimension, code in of_base[["dimension", "series"]].drop_duplicates().itertuples(index=False, name=None):
            inside = list(self._members) if dimension == TOTAL else []
            if dimension == shift.dimension:
                inside = [one for one in plan.members(dimension, code) if one in self._members]
            if inside and size.get((dimension, code)):
                self._series[dimension, code] = [
                    (one, self._members[one].cases / size[dimension, code]) for one in inside
                ]

    @classmethod
    def of(cls, at: CountedSituation, shift: Shift) -> MovableDraws:
        """Return the draws of a situation.

        Parameters
        ----------
        at : CountedSituation
            What counts and draws say.
        shift : Shift
            What moves, and where.
        """
        return cls(at.plan, at.indicators, at.forecast.draws, shift, origin=at.plan.origin(at.quarter))

    def moves(self, dimension: str, series: str) -> bool:
        """Return whether a series has one of the members that move.

        Parameters
        ----------
        dimension, series : str
            Its codes.
        """
        return (dimension, series) in self._series

    @property
    def step(self) -> float:
        """The step by which a move is looked for."""
        highest = max((one.value for one in self._members.values()), default=1.0)
        return highest / STEPS if self.is_mean else 1 / STEPS

    def largest(self, way: int) -> float:
        """Return the largest move up (1) or down (−1) that still changes a member; a mean at most doubles."""
        members = self._members.values()
        if way < 0:
            return max((one.value - one.lowest for one in members), default=0.0)
        return max((min(one.highest, 2 * one.value) if self.is_mean else one.highest) - one.value for one in members)

    def moved(self, shift: Shift) -> pd.DataFrame:
        """Return the draws moved; the same frame where nothing moves.

        Numerators of moved shares are cases with fractions, between 0 and the denominator.

        Raises
        ------
        BadParameters
            A mean is to be moved by cases.
        """
        if shift.cases and self.is_mean:
            raise BadParameters(f"{shift.indicator} is a mean: it is moved by an amount, not by cases")
        return self.by(shift.points, cases=shift.cases)

    def by(self, points: float, *, cases: float = 0.0) -> pd.DataFrame:
        """Return the draws moved by points or by cases; the same frame where nothing moves.

        Parameters
        ----------
        points, cases : float
            See `Shift`.
        """
        draws = self._draws
        if not self._series or not (points or cases):
            return draws
        base = draws[draws["indicator"] == self.base]
        moved = pd.concat([self._moved_of(key, rows, points, cases) for key, rows in base.groupby(_KEYS[:2])])
        if not moved.any():
            return draws
        moving = draws[draws["indicator"].isin(self.indicators)]
        if len(self.indicators) > 1:
            by_key = pd.Series(moved.reindex(base.index).to_numpy(), index=pd.MultiIndex.from_frame(base[_KEYS]))
            added = by_key.reindex(pd.MultiIndex.from_frame(moving[_KEYS])).fillna(0.0).to_numpy()
        else:
            added = moved.reindex(moving.index).to_numpy()
        after = draws.astype({"numerator": float})
        numerator = moving["numerator"] + added
        highest = np.inf if self.is_mean else moving["denominator"]
        after.loc[moving.index, "numerator"] = np.clip(numerator, np.minimum(moving["numerator"], 0), highest)
        return after

    def _moved_of(self, key: tuple[str, str], rows: pd.DataFrame, points: float, cases: float) -> pd.Series:
        """Return the cases moved in each row of a series: per draw and period."""
        inside, brought = self._series.get(key, ()), rows["denominator"].to_numpy(dtype=float)
        amounts: np.ndarray | float = points
        if cases and inside:
            # The same points for all members, as many as bring the series' part of the cases in this draw.
            part = sum(size for _, size in inside)
            whole = sum(one.cases for one in self._members.values())
            mine = cases * sum(self._members[code].cases for code, _ in inside) / whole
            rest = rows.groupby("draw")["denominator"].transform("sum").to_numpy(dtype=float)
            amounts = np.divide(mine, part * rest, out=np.zeros(len(rest)), where=rest > 0)
        each = np.zeros(len(rows))
        for code, size in inside:
            one = self._members[code]
            each += size * (np.clip(one.value + amounts, one.lowest, one.highest) - one.value)
        return pd.Series(each * brought, index=rows.index)


@dataclass(frozen=True)
class _Member:
    """A member over the last year known: its cases, its share or mean, and how far that may go."""

    cases: float
    value: float
    lowest: float
    highest: float


def _by_series(rows: pd.DataFrame, names: Collection[str]) -> dict[tuple[str, str, str], pd.DataFrame]:
    """Return the rows of some indicators by indicator, dimension and series."""
    mine = rows[rows["indicator"].isin(names)]
    return {
        (str(name), str(dimension), str(series)): group
        for (name, dimension, series), group in mine.groupby(["indicator", "dimension", "series"], sort=False)
    }


def _nested_in(plan: Plan, name: str) -> tuple[str, ...]:
    return tuple(code for code, one in plan.indicators.items() if isinstance(one, Share) and one.nested_in == name)


def _last_year(indicators: pd.DataFrame, names: Collection[str], origin: pd.Period) -> dict[str, pd.DataFrame]:
    """Return, by share or mean, the `numerator, denominator` of each series over the last year up to the origin."""
    length = 4 if origin.freqstr.startswith("Q") else 12
    within = indicators["period"].between(periods.write(origin - (length - 1)), periods.write(origin))
    mine = indicators[within & indicators["indicator"].isin(names)]
    if "total" in mine:
        mine = mine.assign(numerator=mine["total"].fillna(mine["numerator"]))
    return {
        str(name): rows.groupby(["dimension", "series"])[["numerator", "denominator"]].sum().astype(float)
        for name, rows in mine.groupby("indicator")
    }


def _with_rest(needed: pd.DataFrame, judged: JudgedPart) -> pd.DataFrame:
    """Return what the rest of the year must deliver with what it is expected to: the medians over the draws."""
    share = judged.share
    if needed.empty:
        return needed
    delivered = share.values * (share.denominator + share.rest_denominator) - share.numerator
    rest = np.divide(
        delivered,
        share.rest_denominator,
        out=np.full(len(delivered), np.nan),
        where=share.rest_denominator > 0,
    )
    per_week = float(np.median(delivered)) / needed["weeks_left"]
    return needed.assign(rest_share=float(np.nanmedian(rest)), rest_per_week=per_week)

"""The promises a plan can make, by kind: each says what it is on, the rule that keeps it, and what it is called.

`analysis.attainment` judges them, a module per kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from analysis.plan.inventories import Inventory
from analysis.plan.record import TOTAL, Code, Strict, Text
from analysis.rules import Rule

Combine = Literal["any_of", "all_of", "last"]
"""How parts are joined; ``last``: the last one judges, the others are steps on the way."""

Window = Literal["year", "last_quarter"]


class StatedValue(Strict):
    """A figure the plan states because the data does not have it.

    Attributes
    ----------
    value, standard_error : float
        The figure and its error, in the unit of the indicator.
    source : str
        Where it is published.
    """

    value: float
    standard_error: Annotated[float, Field(ge=0)] = 0.0
    source: str


class Relative(Strict):
    """A threshold that is a multiple of an earlier year's value of the same series.

    Attributes
    ----------
    of : int, "previous" or StatedValue
        The year, the year before the plan's, or the value itself.
    times : float
        The multiple: 0.5 is a halving.
    """

    of: Annotated[int, Field(ge=1990, le=2100)] | Literal["previous"] | StatedValue
    times: Annotated[float, Field(gt=0)] = 1.0


TOGETHER = "dimension and series go together, such as dimension: agency, series: stp"

Threshold = float | Relative
"""What is promised: a number in the unit of the indicator (shares 0–1), or one relative to an earlier year."""


class Part(Strict):
    """One series with its threshold.

    Attributes
    ----------
    id : str
        Name of the part.
    title : Text or None
        What a reader calls the part in a row of a table; None takes the name of the series or the indicator.
    indicator : str
        The indicator judged.
    dimension, series : str
        ``total``, or a dimension and a code or group of it.
    rule, threshold
        The promise.
    window : {"year", "last_quarter"}
        Whether the value is of the whole year or of its last quarter.
    until : date or None
        The step it is due by; None is the end of the year.
    at_most : int or None
        The part is kept, too, with at most so many in the numerator: for a series of few cases.
    """

    id: Code = Field(default="", exclude=True)
    title: Text | None = None
    indicator: Code
    dimension: Code = TOTAL
    series: Code = TOTAL
    rule: Rule
    threshold: Threshold
    window: Window = "year"
    until: date | None = None
    at_most: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _series_has_its_dimension(self) -> Self:
        if (self.dimension == TOTAL) != (self.series == TOTAL):
            raise ValueError(TOGETHER)
        return self


class Each(Strict):
    """The same promise on each of several series.

    Attributes
    ----------
    of : str
        The dimension: every code of it that has cases in the plan's year.
    within : str or None
        A group of that dimension, to whose members it is limited; written ``in``.
    together : bool
        Whether they are judged as one, their cases added up.
    at_most_late : int or None
        A series keeps the promise, too, with at most so many in its numerator.
    """

    model_config = ConfigDict(populate_by_name=True)

    of: Code
    within: Code | None = Field(default=None, alias="in")
    together: bool = False
    at_most_late: Annotated[int, Field(ge=0)] | None = None


class Watch(Strict):
    """Series listed each quarter because they are on the wrong side of a line; no probability.

    Attributes
    ----------
    of, within
        As of `Each`.
    below, above : float or None
        The line, in the unit of the indicator.
    """

    model_config = ConfigDict(populate_by_name=True)

    of: Code
    within: Code | None = Field(default=None, alias="in")
    below: float | None = None
    above: float | None = None

    @model_validator(mode="after")
    def _one_line(self) -> Self:
        if (self.below is None) == (self.above is None):
            raise ValueError("one of below and above was expected")
        return self


class Promise(Strict):
    """What all kinds have.

    Attributes
    ----------
    id : str
        Its name: the key under which the plan has it.
    title : Text
        What is promised, with its number.
    short : Text or None
        Two to five words for a cell of a table or a menu; None takes the title.
    reported : str
        The plan's own sentence, as reported.
    reading : Text or None
        How we read a sentence that leaves a choice; ours, unless `ruled_by` names who ruled so.
    ruled_by : str or None
        The office that signed the reading off.
    formerly : tuple of str
        Earlier names, under which the ledger has it.
    """

    id: Code = Field(default="", exclude=True)
    kind: str
    title: Text
    short: Text | None = None
    reported: str
    reading: Text | None = None
    ruled_by: str | None = None
    formerly: tuple[Code, ...] = ()

    @property
    def name(self) -> Text:
        """What a reader calls the promise where there is little room."""
        return self.short or self.title

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators it is judged by, or shows in its own's place."""
        return ()

    @property
    def dimensions(self) -> tuple[tuple[str, str | None], ...]:
        """The dimensions it names, each with a code or group of it or None."""
        return ()

    def over(self, members: Mapping[tuple[str, str | None], Sequence[str]]) -> Promise:
        """Return the promise with `each` written out as parts.

        Parameters
        ----------
        members : mapping
            Dimension and group (None: all of it) → the codes in it that live.

        Raises
        ------
        ValueError
            A list has no members.
        """
        return self


class Measured(Promise):
    """A promise on one series of an indicator, or on several joined by "any" or "all".

    Attributes
    ----------
    indicator, dimension, series, rule, threshold, window
        As of `Part`; where there are parts, what they do not say themselves.
    combine : {"any_of", "all_of"} or None
        How several parts are joined; None for a single one.
    parts : dict of Part
        The parts by id; empty where `each` or `steps` say them.
    each : Each or None
        The same promise on every member of a list, all of which must keep it.
    threshold_by : dict
        Group of the dimension of `each` → threshold of its members.
    steps : dict
        Day → threshold by that day (the last whole period that ends by it); the last step judges.
    watch : Watch or None
        Series listed each quarter.
    """

    indicator: Code | None = None
    dimension: Code = TOTAL
    series: Code = TOTAL
    rule: Rule | None = None
    threshold: Threshold | None = None
    window: Window = "year"
    combine: Combine | None = None
    parts: dict[Code, Part] = Field(default_factory=dict)
    each: Each | None = None
    threshold_by: dict[Code, Threshold] = Field(default_factory=dict)
    steps: dict[date, Threshold] = Field(default_factory=dict)
    watch: Watch | None = None

    @model_validator(mode="before")
    @classmethod
    def _parts_take_what_they_do_not_say(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("parts"), dict):
            return value
        common = {key: value[key] for key in ("indicator", "rule", "threshold", "window") if value.get(key) is not None}
        parts = {
            key: {**common, **part, "id": key} if isinstance(part, dict) else part
            for key, part in value["parts"].items()
        }
        return {**value, "parts": parts}

    @model_validator(mode="after")
    def _says_what_it_is_on(self) -> Self:
        ways = [name for name in ("parts", "each", "steps") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(f"{ways[0]} and {ways[1]} do not go together")
        if self.parts:
            if (self.combine is None) != (len(self.parts) == 1):
                raise ValueError("several parts need combine: any_of or all_of, a single part has none")
            return self
        if (self.dimension == TOTAL) != (self.series == TOTAL):
            raise ValueError(TOGETHER)
        for name in ("indicator", "rule"):
            if getattr(self, name) is None:
                raise ValueError(f"{name} is missing")
        if self.threshold is None and not self.steps and not (self.each and self.threshold_by):
            raise ValueError("threshold is missing")
        if self.threshold_by and not self.each:
            raise ValueError("threshold_by goes with each")
        return self

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators judged, in the order of the parts."""
        named = [part.indicator for part in self.parts.values()] or [self.indicator or ""]
        return tuple(dict.fromkeys(named))

    @property
    def dimensions(self) -> tuple[tuple[str, str | None], ...]:
        """The dimensions it names, each with a code or group of it or None."""
        named: list[tuple[str, str | None]] = [(part.dimension, part.series) for part in self.parts.values()]
        named.append((self.dimension, self.series))
        for listed in (self.each, self.watch):
            if listed is not None:
                named.append((listed.of, listed.within))
        if self.each is not None:
            named += [(self.each.of, group) for group in self.threshold_by]
        return tuple(pair for pair in named if pair[0] != TOTAL)

    @property
    def judged(self) -> tuple[tuple[Part, str], ...]:
        """The parts, each with its name in tables: empty where it is the only one."""
        parts = tuple(self.parts.values())
        return tuple((part, part.id if self.combine else "") for part in parts)

    def over(self, members: Mapping[tuple[str, str | None], Sequence[str]]) -> Self:
        """Return the promise with its only part, its steps or each member written out as parts."""
        if self.parts:
            return self
        common = {"indicator": self.indicator, "rule": self.rule, "window": self.window}
        here = {"dimension": self.dimension, "series": self.series}
        if self.steps:
            days = sorted(self.steps)
            parts = {
                f"by-{day.isoformat()}": {
                    **common,
                    **here,
                    "threshold": self.steps[day],
                    "until": day if day != days[-1] else None,
                }
                for day in days
            }
        elif self.each is None:
            parts = {self.id: {**common, **here, "threshold": self.threshold}}
        else:
            parts = self._parts_of_each(members, common)
        joined: Combine = "last" if self.steps else "all_of"
        raw = {
            "combine": (self.combine or joined) if len(parts) > 1 else None,
            "parts": {key: Part.model_validate({**part, "id": key}) for key, part in parts.items()},
            "each": None,
            "threshold_by": {},
            "steps": {},
        }
        return self.model_copy(update=raw)

    def _parts_of_each(
        self, members: Mapping[tuple[str, str | None], Sequence[str]], common: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        each = self.each
        assert each is not None
        listed = members.get((each.of, each.within), ())
        if not listed:
            raise ValueError(f"{self.id}: {each.within or each.of} has no members with cases this year")
        if each.together:
            name = each.within or each.of
            series = (each.of, each.within) if each.within else (TOTAL, TOTAL)
            return {name: {**common, "dimension": series[0], "series": series[1], "threshold": self.threshold}}
        parts = {}
        for member in listed:
            own = [t for group, t in self.threshold_by.items() if member in members.get((each.of, group), ())]
            threshold = own[0] if own else self.threshold
            if threshold is None:
                continue
            parts[member] = {
                **common,
                "dimension": each.of,
                "series": member,
                "threshold": threshold,
                "at_most": each.at_most_late,
            }
        return parts


class SharePromise(Measured):
    """A promise on shares of what is counted, 0–1."""

    kind: Literal["share"]

    @model_validator(mode="after")
    def _thresholds_are_shares(self) -> Self:
        numbers = [self.threshold, *self.steps.values(), *self.threshold_by.values()]
        for number in [*numbers, *(part.threshold for part in self.parts.values())]:
            if isinstance(number, float) and not 0 <= number <= 1:
                raise ValueError(f"threshold: a share from 0 to 1 was expected, found {number:g}; 95 % is 0.95")
        return self


class MeanPromise(Measured):
    """A promise on the mean of a value, such as days to resolve."""

    kind: Literal["mean"]


class SurveyPromise(Promise):
    """A promise judged by a survey of the year, or by what stands in its place.

    Attributes
    ----------
    rule, threshold
        The promise, as a share 0–1.
    instrument : str
        Which of the plan's instruments judges it.
    each : Each or None
        The same promise on each of several fields.
    fields : tuple of str
        The fields, where it is on some; empty is everybody.
    proxy : str or None
        Indicator shown in the survey's place and named as such; it never judges the promise.
    planned_respondents : int or None
        Respondents the survey of the year is to have; None takes those of the last round.
    """

    kind: Literal["survey"]
    rule: Rule
    threshold: Annotated[float, Field(ge=0, le=1)]
    instrument: Code
    each: Each | None = None
    fields: tuple[Code, ...] = ()
    proxy: Code | None = None
    planned_respondents: Annotated[int, Field(gt=0)] | None = None

    @property
    def indicators(self) -> tuple[str, ...]:
        """The proxy."""
        return (self.proxy,) if self.proxy else ()

    @property
    def dimensions(self) -> tuple[tuple[str, str | None], ...]:
        """The dimension of `each`."""
        return ((self.each.of, self.each.within),) if self.each else ()

    @model_validator(mode="after")
    def _is_on_fields(self) -> Self:
        if self.each and (self.each.of != "field" or self.each.together):
            raise ValueError("each: a survey tells fields apart: of: field was expected")
        return self

    def over(self, members: Mapping[tuple[str, str | None], Sequence[str]]) -> Self:
        """Return the promise with `each` written out as fields: a survey asks of those without cases, too."""
        if self.each is None:
            return self
        return self.model_copy(update={"fields": tuple(members.get(("field", self.each.within), ()))})

    def on_shares(self, indicator: str, title: Text) -> SharePromise:
        """Return the same promise on an indicator that stands in the survey's place.

        Parameters
        ----------
        indicator : str
            A share.
        title : Text
            What a reader calls it, where the promise is on the whole.
        """
        common: dict[str, Any] = {"indicator": indicator, "rule": self.rule, "threshold": self.threshold}
        asked: dict[str, Any]
        if self.fields:
            few = self.each.at_most_late if self.each else None
            parts = {one: Part(id=one, dimension="field", series=one, at_most=few, **common) for one in self.fields}
            asked = {"parts": parts, "combine": "all_of" if len(parts) > 1 else None}
        elif self.each:
            asked = {**common, "each": self.each}
        else:
            asked = {"parts": {self.id: Part(id=self.id, title=title, **common)}}
        own = {name: getattr(self, name) for name in Promise.model_fields if name != "kind"}
        return SharePromise(kind="share", **own, **asked)


class ItemsPromise(Promise):
    """What promises on dated items have.

    Attributes
    ----------
    rule, threshold
        Share (0–1) of the items due by the end of the year that must be done by then.
    headcount : bool
        Whether a headcount path of the ``progress`` table must be kept too.
    inventory : Inventory or None
        Procedures of the catalogue; None: the rows of the ``progress`` table that name this target.
    unit : Text or None
        What its items are: procedures, bodies, tasks; None calls them items or milestones.
    """

    rule: Literal["at_least"] = "at_least"
    threshold: Annotated[float, Field(ge=0, le=1)] = 1.0
    headcount: bool = False
    inventory: Inventory | None = None
    unit: Text | None = None


class InventoryPromise(ItemsPromise):
    """A promise on an inventory along its roadmap."""

    kind: Literal["inventory"]


class MilestonesPromise(ItemsPromise):
    """A promise on milestones."""

    kind: Literal["milestones"]


class IndexPart(Strict):
    """One figure of an index with its threshold.

    Attributes
    ----------
    measure : {"score", "rank"}
        Points, or place among all areas (1 is best).
    rule, threshold
        The promise, in points or places.
    """

    measure: Literal["score", "rank"]
    rule: Rule
    threshold: Threshold

    @model_validator(mode="after")
    def _states_what_is_used(self) -> Self:
        stated = self.threshold.of if isinstance(self.threshold, Relative) else None
        if isinstance(stated, StatedValue) and stated.standard_error:
            raise ValueError("threshold: the error of a stated value is used for shares and means only")
        return self


class IndexPromise(Promise):
    """A promise on a published index: its tier, or its score and rank.

    Attributes
    ----------
    index : str
        Its code among the published figures.
    tiers : tuple of str
        Its tiers, best first.
    tier : str or None
        The worst tier that keeps the promise.
    last_ranks : dict of int to dict
        By year, the last rank of each tier but the worst.
    parts : dict of IndexPart
        Score and rank; all must keep the promise.
    indicator : str or None
        The indicator of form ``score`` that says how the score is formed; None: a yearly figure from 0 to 100.
    """

    kind: Literal["index"]
    index: Code | None = None
    tiers: tuple[Code, ...] = ()
    tier: Code | None = None
    last_ranks: dict[int, dict[Code, Annotated[int, Field(gt=0)]]] = Field(default_factory=dict)
    parts: dict[Code, IndexPart] = Field(default_factory=dict)
    indicator: Code | None = None

    @property
    def indicators(self) -> tuple[str, ...]:
        """The score."""
        return (self.indicator,) if self.indicator else ()

    @model_validator(mode="after")
    def _is_on_tiers_or_figures(self) -> Self:
        if (self.index is None) == (self.indicator is None):
            raise ValueError("one of index and indicator was expected")
        if (self.tier is None) == (not self.parts):
            raise ValueError("tier, or parts with score and rank, was expected")
        if self.tier is None:
            return self
        if len(set(self.tiers)) < len(self.tiers):
            raise ValueError("a tier stands there twice")
        if len(self.tiers) < 2:
            raise ValueError("tiers: two or more were expected, best first")
        named = {self.tier, *(tier for limits in self.last_ranks.values() for tier in limits)}
        unknown = sorted(named - set(self.tiers))
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of the tiers {', '.join(self.tiers)}")
        return self


AnyPromise = Annotated[
    SharePromise | MeanPromise | SurveyPromise | InventoryPromise | MilestonesPromise | IndexPromise,
    Field(discriminator="kind"),
]

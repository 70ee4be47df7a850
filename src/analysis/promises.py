"""The promises a plan can make: shares, surveys, dated items and published indices, each with its rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from analysis.rules import Rule

Code = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]
Share = Annotated[float, Field(ge=0, le=1)]

TOTAL = "total"
"""Series of the whole."""


class Strict(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Text(Strict):
    """A sentence of the plan's author in each language of the pages."""

    vi: str
    en: str


class Part(Strict):
    """One share with its threshold.

    Attributes
    ----------
    id : str
        Name of the part; also the series judged, unless `series` says otherwise.
    indicator : str
        The indicator judged.
    series : str
        ``total``, the code of an agency or field, or a group of the plan.
    rule, threshold
        The promise, as a share 0–1.
    title : Text or None
        What a reader calls the part in a row of a table; None takes the name of the series or the indicator.
    """

    id: Code
    title: Text | None = None
    indicator: Code
    series: Code = TOTAL
    rule: Rule
    threshold: Share


class Each(Strict):
    """The same promise on each of several series.

    Attributes
    ----------
    of : str
        ``fields`` or ``agencies``, every one that has cases in the plan's year; or a group of the plan.
    indicator, rule, threshold
        As of `Part`.
    """

    of: Literal["fields", "agencies"] | Code
    indicator: Code
    rule: Rule
    threshold: Share

    def parts(self, members: Sequence[str]) -> tuple[Part, ...]:
        """Return the promise on each member."""
        return tuple(self._part(member, series=member) for member in members)

    def pooled(self) -> tuple[Part, ...]:
        """Return the promise on all members together."""
        series = TOTAL if self.of in ("fields", "agencies") else self.of
        return (self._part(self.of, series=series),)

    def _part(self, name: str, *, series: str) -> Part:
        return Part(id=name, series=series, indicator=self.indicator, rule=self.rule, threshold=self.threshold)


class _Target(Strict):
    """A promise.

    Attributes
    ----------
    id : str
        Its name.
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
    """

    id: Code
    title: Text
    short: Text | None = None
    reported: str
    reading: Text | None = None
    ruled_by: str | None = None

    @property
    def name(self) -> Text:
        """What a reader calls the promise where there is little room."""
        return self.short or self.title


class ShareTarget(_Target):
    """A promise on one share, or on several joined by "any" or "all".

    Attributes
    ----------
    combine : {"any_of", "all_of"} or None
        How several parts are joined; None for a single one.
    parts : tuple of Part
        The shares; empty where `each` says them.
    each : Each or None
        The same promise on every member of a list.
    """

    kind: Literal["share"]
    combine: Literal["any_of", "all_of"] | None = None
    parts: tuple[Part, ...] = ()
    each: Each | None = None

    @model_validator(mode="after")
    def _parts_or_each(self) -> Self:
        if (self.each is None) == (not self.parts):
            raise ValueError(f"{self.id}: either parts or each was expected")
        if self.parts and (self.combine is None) != (len(self.parts) == 1):
            raise ValueError(f"{self.id}: several parts need combine: any_of or all_of, a single part has none")
        if len({part.id for part in self.parts}) < len(self.parts):
            raise ValueError(f"{self.id}: two parts have the same id")
        return self

    def over(self, members: Mapping[str, Sequence[str]], *, pooled: bool) -> ShareTarget:
        """Return the promise with `each` written out as parts.

        Parameters
        ----------
        members : mapping
            What `each` may name → the series in it.
        pooled : bool
            Whether the members are judged together, as one share.

        Raises
        ------
        ValueError
            `each` names a list without members.
        """
        if self.each is None:
            return self
        if not members.get(self.each.of):
            raise ValueError(f"{self.id}: {self.each.of} has no members")
        parts = self.each.pooled() if pooled else self.each.parts(members[self.each.of])
        combine = self.combine if len(parts) > 1 else None
        return ShareTarget.model_validate({**dict(self), "each": None, "parts": parts, "combine": combine})


class Cancelled(Strict):
    """A survey that will not take place: known from a day on."""

    on: date
    reason: Text
    source: str


class SurveyTarget(_Target):
    """A promise judged by a survey of the year.

    Attributes
    ----------
    rule, threshold
        The promise, as a share 0–1.
    proxy : str or None
        Indicator shown in the survey's place and named as such; it never judges the promise.
    cancelled : Cancelled or None
        The dated fact that the provincial survey was called off; another instrument is not touched by it.
    planned_respondents : int or None
        Respondents the survey of the year is to have; None takes those of the last round.
    """

    kind: Literal["survey"]
    rule: Rule
    threshold: Share
    proxy: Code | None = None
    cancelled: Cancelled | None = None
    planned_respondents: Annotated[int, Field(gt=0)] | None = None


class ItemsTarget(_Target):
    """A promise on dated items: an inventory along its roadmap, or milestones.

    Attributes
    ----------
    items : {"progress", "integration", "publication"}
        Where the items come from: the rows of the ``progress`` table that name this target, or the procedures of the
        ``catalogue``: those on the roadmap of integration, or those that can be published at level 3 or 4.
    rule, threshold
        Share (0–1) of the items due by the end of the year that must be done by then.
    headcount : bool
        Whether a headcount path of the ``progress`` table must be kept too.
    """

    kind: Literal["inventory", "milestones"]
    items: Literal["progress", "integration", "publication"] = "progress"
    rule: Literal["at_least"] = "at_least"
    threshold: Share = 1.0
    headcount: bool = False


class IndexTarget(_Target):
    """A promise on the tier of a published index.

    Attributes
    ----------
    index : str
        Its code among the published figures.
    tiers : tuple of str
        Its tiers, best first.
    tier : str
        The worst tier that keeps the promise.
    last_ranks : dict of int to dict
        By year, the last rank of each tier but the worst.
    """

    kind: Literal["index"]
    index: Code
    tiers: Annotated[tuple[Code, ...], Field(min_length=2)]
    tier: Code
    last_ranks: dict[int, dict[Code, Annotated[int, Field(gt=0)]]] = {}

    @field_validator("tiers")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a tier stands there twice")
        return value

    @model_validator(mode="after")
    def _names_known_tiers(self) -> Self:
        named = {self.tier, *(tier for limits in self.last_ranks.values() for tier in limits)}
        unknown = sorted(named - set(self.tiers))
        if unknown:
            raise ValueError(f"{self.id}: {unknown[0]!r} is none of the tiers {', '.join(self.tiers)}")
        return self


Target = Annotated[ShareTarget | SurveyTarget | ItemsTarget | IndexTarget, Field(discriminator="kind")]

"""A plan: its promises, their rules and sources, its calendar, and what nobody has ruled on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from analysis import periods, strict_yaml

Code = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]
Rule = Literal["at_least", "more_than", "at_most"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Text(_Strict):
    """A sentence of the plan's author in each language of the pages."""

    vi: str
    en: str


class Calendar(_Strict):
    """How the plan's periods run.

    Attributes
    ----------
    frequency : {"M", "Q"}
        Whether the data comes by month or by quarter.
    cutoff_day : int or None
        See `analysis.periods`; None means calendar periods.
    """

    frequency: Literal["M", "Q"]
    cutoff_day: Annotated[int, Field(ge=1, le=28)] | None = None
    tet: bool = False


class Break(_Strict):
    """A dated change in how an indicator is counted: the model lets the level move there.

    Attributes
    ----------
    indicator : str
        The indicator it concerns.
    period : str
        The first period counted the new way.
    reason : Text
        What changed.
    source : str
        Where that is published.
    """

    indicator: Code
    period: str
    reason: Text
    source: str

    @field_validator("period")
    @classmethod
    def _is_a_period(cls, value: str) -> str:
        periods.parse(value)
        return value


class Setting(_Strict):
    """An interpretation nobody has ruled on, with the default we read the plan by."""

    default: Literal["overdue", "early_literal"]
    reading: Text
    ruled_by: str | None = None


class Part(_Strict):
    """One share with its threshold.

    Attributes
    ----------
    id : str
        Name of the part; also the series judged, unless `series` says otherwise.
    indicator : str
        The indicator judged.
    series : str
        ``total``, or the code of an agency or field.
    rule, threshold
        The promise, as a share 0–1.
    title : Text or None
        What a reader calls the part in a row of a table; None takes the name of the series or the indicator.
    """

    id: Code
    title: Text | None = None
    indicator: Code
    series: Code = "total"
    rule: Rule
    threshold: Share


class _Target(_Strict):
    id: Code
    title: Text
    reported: str
    reading: Text | None = None


class ShareTarget(_Target):
    """A promise on one share, or on several joined by "any" or "all"."""

    kind: Literal["share"]
    combine: Literal["any_of", "all_of"] | None = None
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _single_or_composite(self) -> Self:
        if (self.combine is None) != (len(self.parts) == 1):
            raise ValueError(f"{self.id}: several parts need combine: any_of or all_of, a single part has none")
        if len({part.id for part in self.parts}) < len(self.parts):
            raise ValueError(f"{self.id}: two parts have the same id")
        return self


class Cancelled(_Strict):
    """A survey that will not take place: known from a day on."""

    on: date
    reason: Text
    source: str


class SurveyTarget(_Target):
    """A promise judged by a survey of the year.

    Attributes
    ----------
    proxy : str or None
        Indicator shown in the survey's place and named as such; it never judges the promise.
    cancelled : Cancelled or None
        The dated fact that the survey was called off.
    """

    kind: Literal["survey"]
    rule: Rule
    threshold: Share
    proxy: Code | None = None
    cancelled: Cancelled | None = None


class ItemsTarget(_Target):
    """A promise on dated items: an inventory along its roadmap, or milestones."""

    kind: Literal["inventory", "milestones"]
    rule: Rule = "at_least"
    threshold: Share = 1.0


class IndexTarget(_Target):
    """A promise on the tier of a published index."""

    kind: Literal["index"]
    tier: str


Target = Annotated[ShareTarget | SurveyTarget | ItemsTarget | IndexTarget, Field(discriminator="kind")]


class Plan(_Strict):
    """A yearly plan.

    Attributes
    ----------
    title : Text
        Name of the plan.
    year : int
        The year its promises fall due.
    calendar : Calendar
        How its periods run.
    source : str
        Where the plan is published.
    scope : Text
        Whose cases are counted; printed in chart titles.
    unit : Text
        What is counted: cases, transactions.
    notice : Text or None
        What every page must say first, such as that the plan is an exercise.
    settings : dict
        Interpretations nobody has ruled on.
    names : dict
        What a reader calls each agency and field.
    breaks : tuple of Break
        Known changes in counting.
    targets : tuple
        The promises, in the plan's order.
    """

    title: Text
    year: int
    calendar: Calendar
    source: str
    scope: Text
    unit: Text
    notice: Text | None = None
    settings: dict[Literal["overdue_interpretation"], Setting] = {}
    names: dict[Code, Text] = {}
    breaks: tuple[Break, ...] = ()
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [target.id for target in self.targets]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"two targets have the id {repeated[0]!r}")
        return self

    @property
    def share_targets(self) -> tuple[ShareTarget, ...]:
        """The promises that joint draws can judge."""
        return tuple(target for target in self.targets if isinstance(target, ShareTarget))

    @property
    def last_period(self) -> pd.Period:
        """The last period of the plan's year."""
        return self.origin(pd.Period(year=self.year, quarter=4, freq="Q"))

    def breaks_of(self, indicator: str) -> tuple[Break, ...]:
        """Return the known changes in how an indicator is counted."""
        return tuple(known for known in self.breaks if known.indicator == indicator)

    def origin(self, quarter: pd.Period) -> pd.Period:
        """Return the last period a quarter's report knows, in the data's frequency."""
        return periods.origin_of(quarter, self.calendar.frequency)


def read_plan(path: Path) -> Plan:
    """Return the plan in a file.

    Raises
    ------
    BadParameters
        The file is missing, has an unknown key or a wrong value; the sentence names its line.
    """
    return strict_yaml.validate(strict_yaml.read(path, what="plan"), Plan, what="plan")

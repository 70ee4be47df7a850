"""A plan: its promises, its calendar, and what nobody has ruled on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import Field, field_validator, model_validator

from analysis import periods, strict_yaml
from analysis.faults import BadParameters
from analysis.interpretation import Interpretation, SettingName, options
from analysis.promises import Code, ShareTarget, Strict, Target, Text


class Calendar(Strict):
    """How the plan's periods run.

    Attributes
    ----------
    frequency : {"M", "Q"}
        Whether the data comes by month or by quarter.
    cutoff_day : int or None
        See `analysis.periods`; None means calendar periods.
    tet : bool
        Whether the lunar new year moves cases between months.
    """

    frequency: Literal["M", "Q"]
    cutoff_day: Annotated[int, Field(ge=1, le=28)] | None = None
    tet: bool = False


class Break(Strict):
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


class Setting(Strict):
    """An open question and the answer the plan is read by.

    Attributes
    ----------
    default : str
        The answer; see `analysis.interpretation.Interpretation`.
    reading : Text
        The same in words.
    ruled_by : str or None
        The office that ruled so; None: the reading is ours, and the page shows what the other answers would change.
    """

    default: str
    reading: Text
    ruled_by: str | None = None


class Plan(Strict):
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
    area : str or None
        Code of the province among the published figures.
    notice : Text or None
        What every page must say first, such as that the plan is an exercise.
    settings : dict
        Open questions that touch this plan, with the answers it is read by.
    names : dict
        What a reader calls each agency, field and group.
    groups : dict
        Lists of agencies or fields that a promise names, counted together as a series of that name.
    vertical_bodies : tuple of str
        Agencies under a ministry rather than the province.
    districts : tuple of str
        Agencies that are a district's office: they are pictured beside each other.
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
    area: Code | None = None
    notice: Text | None = None
    settings: dict[SettingName, Setting] = Field(default_factory=dict)
    names: dict[Code, Text] = Field(default_factory=dict)
    groups: dict[Code, Annotated[tuple[Code, ...], Field(min_length=2)]] = Field(default_factory=dict)
    vertical_bodies: tuple[Code, ...] = ()
    districts: tuple[Code, ...] = ()
    breaks: tuple[Break, ...] = ()
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        ids = [target.id for target in self.targets]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"two targets have the id {repeated[0]!r}")
        for name, setting in self.settings.items():
            if setting.default not in options(name):
                raise ValueError(f"settings.{name}: {setting.default!r} is none of {', '.join(options(name))}")
        for target in self.share_targets:
            if target.each and target.each.of not in ("fields", "agencies", *self.groups):
                raise ValueError(f"{target.id}: there is no group {target.each.of!r}")
        return self

    @property
    def share_targets(self) -> tuple[ShareTarget, ...]:
        """The promises that joint draws can judge."""
        return tuple(target for target in self.targets if isinstance(target, ShareTarget))

    def known_through(self, quarter: pd.Period, labels: Iterable[str]) -> pd.Period:
        """Return the last period known at the end of a quarter: its own last one, or the last with data before it.

        Parameters
        ----------
        quarter : pd.Period
            The quarter.
        labels : iterable of str
            Periods with data, as data columns write them.
        """
        origin = self.origin(quarter)
        last = max((label for label in labels if label <= periods.write(origin)), default=periods.write(origin))
        return periods.parse(last)

    @property
    def last_period(self) -> pd.Period:
        """The last period of the plan's year."""
        return self.origin(pd.Period(year=self.year, quarter=4, freq="Q"))

    @property
    def open_settings(self) -> tuple[SettingName, ...]:
        """The questions nobody has ruled on."""
        return tuple(name for name, setting in self.settings.items() if setting.ruled_by is None)

    def breaks_of(self, indicator: str) -> tuple[Break, ...]:
        """Return the known changes in how an indicator is counted."""
        return tuple(known for known in self.breaks if known.indicator == indicator)

    def origin(self, quarter: pd.Period) -> pd.Period:
        """Return the last period a quarter's report knows, in the data's frequency."""
        return periods.origin_of(quarter, self.calendar.frequency)

    def interpretation(self, overrides: Mapping[str, Any]) -> Interpretation:
        """Return how the plan is read: its own answers, under those a run gives."""
        own = {name: setting.default for name, setting in self.settings.items()}
        return Interpretation.model_validate(own | {name: value for name, value in overrides.items() if value})

    def over(self, members: Mapping[str, Sequence[str]], chosen: Interpretation) -> Plan:
        """Return the plan with every promise on each member of a list written out.

        Parameters
        ----------
        members : mapping
            ``fields`` and ``agencies`` → the codes that have cases.
        chosen : Interpretation
            Says whether the members are judged together.

        Raises
        ------
        BadParameters
            A list has no members.
        """
        listed, pooled = {**members, **self.groups}, chosen.overdue_scope == "pooled"
        try:
            targets = [one.over(listed, pooled=pooled) if isinstance(one, ShareTarget) else one for one in self.targets]
        except ValueError as error:
            raise BadParameters(f"plan: {error}") from error
        return self.model_copy(update={"targets": tuple(targets)})


def read_plan(path: Path) -> Plan:
    """Return the plan in a file.

    Raises
    ------
    BadParameters
        The file is missing, has an unknown key or a wrong value; the sentence names its line.
    """
    return strict_yaml.validate(strict_yaml.read(path, what="plan"), Plan, what="plan")


def plan_schema() -> str:
    """Return the JSON schema of a plan file, as text that ends with a line break."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Plan.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"

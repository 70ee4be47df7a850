"""A plan: what it measures, what nobody has ruled on, and what it promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import Field, ValidationError, field_validator, model_validator

from analysis import periods, strict_yaml
from analysis.faults import BadParameters
from analysis.plan.conditions import Condition, tests_of
from analysis.plan.crosswalk import (
    Merger,
    refuse_half_a_body,
    refuse_impossible,
    today,
    with_crosswalk_files,
)
from analysis.plan.group_files import with_group_files
from analysis.plan.groups import Group, groups_over
from analysis.plan.indicators import Indicator, Score, Share
from analysis.plan.instruments import IndicatorInstrument, Instrument
from analysis.plan.library import with_library
from analysis.plan.promises import AnyPromise, IndexPromise, ItemsPromise, Measured, Promise, SurveyPromise
from analysis.plan.questions import Question, alternatives, in_order_of_application, merged
from analysis.plan.record import TOTAL, Code, Strict, Text

DIMENSIONS = ("agency", "field", "district", "received_at_agency")
"""Dimensions that tables have without being declared, and whose codes can merge."""


class MonthEnd(Strict):
    """The day on which reporting months end.

    Attributes
    ----------
    cutoff : int or "calendar"
        Last day of a reporting month, see `analysis.periods`.
    """

    cutoff: Annotated[int, Field(ge=1, le=28)] | Literal["calendar"] = "calendar"

    @property
    def day(self) -> int | None:
        """The last day of a reporting month, or None for calendar months."""
        return None if self.cutoff == "calendar" else self.cutoff


class Calendar(Strict):
    """How the plan's periods run.

    Attributes
    ----------
    frequency : {"M", "Q"}
        Whether the data comes by month or by quarter.
    deadlines : MonthEnd
        When quarters and the year end, by which promises fall due.
    counting : MonthEnd
        When the months end in which cases are counted; not given, as `deadlines`.
    tet : bool
        Whether the lunar new year moves cases between months.
    """

    frequency: Literal["M", "Q"]
    deadlines: MonthEnd = MonthEnd()
    counting: MonthEnd = MonthEnd()
    tet: bool = False

    @model_validator(mode="before")
    @classmethod
    def _counting_is_as_deadlines(cls, value: Any) -> Any:
        if isinstance(value, dict) and "deadlines" in value and "counting" not in value:
            return {**value, "counting": value["deadlines"]}
        return value

    @property
    def cutoff_day(self) -> int | None:
        """The day of the month on which quarters and the year end; None for the calendar's."""
        return self.deadlines.day


class Break(Strict):
    """A dated change in how indicators are counted: the model lets the level move there.

    Attributes
    ----------
    indicators : tuple of str
        The indicators it concerns.
    period : str
        The first period counted the new way.
    reason : Text
        What changed.
    source : str
        Where that is published.
    """

    indicators: Annotated[tuple[Code, ...], Field(min_length=1)]
    period: str
    reason: Text
    source: str

    @field_validator("period")
    @classmethod
    def _is_a_period(cls, value: str) -> str:
        periods.parse(value)
        return value


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
        What every page must say first, such as that the plan is an exercise; it stands last on the page of all reports.
    where : dict
        What holds for every case counted; see `plan.conditions`.
    indicators : dict
        What is measured, by code: those it declares, and those of the library that it names.
    questions : dict
        What nobody has ruled on.
    instruments : dict
        The surveys, indices and indicators that can judge satisfaction.
    names : dict
        Dimension → code → what a reader calls it; under ``counted``, rows counted by a column of times.
    groups : dict
        Dimension → code → group.
    crosswalk : dict
        Dimension → bodies that merged or were abolished; see `plan.crosswalk`.
    breaks : dict
        Known changes in counting.
    targets : dict
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
    where: Condition = Field(default_factory=dict)
    indicators: dict[Code, Indicator] = Field(default_factory=dict)
    questions: dict[Code, Question] = Field(default_factory=dict)
    instruments: dict[Code, Instrument] = Field(default_factory=dict)
    names: dict[Code, dict[Code, Text]] = Field(default_factory=dict)
    groups: dict[Code, dict[Code, Group]] = Field(default_factory=dict)
    crosswalk: dict[Code, tuple[Merger, ...]] = Field(default_factory=dict)
    breaks: dict[Code, Break] = Field(default_factory=dict)
    targets: Annotated[dict[Code, AnyPromise], Field(min_length=1)]

    @field_validator("targets", mode="before")
    @classmethod
    def _promises_know_their_names(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError("targets is a mapping of a name to a promise: write `name:` instead of `- id: name`")
        return {key: {**one, "id": key} if isinstance(one, Mapping) else one for key, one in value.items()}

    @model_validator(mode="after")
    def _names_what_it_declares(self) -> Self:
        for code, instrument in self.instruments.items():
            if isinstance(instrument, IndicatorInstrument):
                self._refuse_undeclared(f"instruments.{code}: indicator", instrument.indicator, self.indicators)
                if not isinstance(self.indicators[instrument.indicator], Share):
                    raise ValueError(f"instruments.{code}: {instrument.indicator} is no share")
        for promise in self.promises:
            if isinstance(promise, SurveyPromise):
                self._refuse_undeclared(f"targets.{promise.id}: instrument", promise.instrument, self.instruments)
            for name in promise.indicators:
                self._refuse_undeclared(f"targets.{promise.id}: indicator", name, self.indicators)
            for dimension, group in promise.dimensions:
                self._refuse_unknown_group(f"targets.{promise.id}", dimension, group, promise)
            scored = isinstance(promise, IndexPromise) and promise.indicator
            if scored and not isinstance(self.indicators[str(scored)], Score):
                raise ValueError(f"targets.{promise.id}: {scored} is no score")
        for code, indicator in self.indicators.items():
            if isinstance(indicator, Share) and indicator.nested_in and indicator.rest:
                for name in (indicator.nested_in, indicator.rest):
                    self._refuse_undeclared(f"indicators.{code}", name, self.indicators)
                parent, rest = self.indicators[indicator.nested_in], self.indicators[indicator.rest]
                if not (isinstance(parent, Share) and isinstance(rest, Share)) or parent.nested_in or rest.nested_in:
                    raise ValueError(
                        f"indicators.{code}: nested_in and rest name shares that are not nested themselves"
                    )
                if (parent.of, parent.counted) != (rest.of, rest.counted):
                    raise ValueError(f"indicators.{code}: {indicator.nested_in} and {indicator.rest} count other rows")
        for code, one in self.breaks.items():
            for name in one.indicators:
                self._refuse_undeclared(f"breaks.{code}", name, self.indicators)
        for dimension, groups in self.groups.items():
            taken = set(groups) & {TOTAL}
            if taken or dimension == TOTAL:
                raise ValueError(f"groups.{dimension}: {TOTAL!r} is the whole and no group")
        refuse_impossible(self.crosswalk)
        by = {name for one in self.indicators.values() for name in getattr(one, "by", ())}
        for dimension in self.crosswalk:
            self._refuse_undeclared("crosswalk", dimension, sorted(by | set(DIMENSIONS)))
        for where, condition in self._conditions() if self.crosswalk else ():
            try:
                refuse_half_a_body(tests_of(condition), self.crosswalk)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from error
        return self

    def _conditions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every condition of the plan with its place."""
        yield "where", self.where
        for code, indicator in self.indicators.items():
            for key in ("where", "numerator", "denominator"):
                yield f"indicators.{code}.{key}", getattr(indicator, key, {})
        for code, promise in self.targets.items():
            if isinstance(promise, ItemsPromise) and promise.inventory:
                for key, condition in promise.inventory.conditions:
                    yield f"targets.{code}.inventory.{key}", condition

    @staticmethod
    def _refuse_undeclared(where: str, name: str, declared: Iterable[str]) -> None:
        if name not in declared:
            close = get_close_matches(name, list(declared), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{where}: nobody declares {name!r}{hint}")

    def _refuse_unknown_group(self, where: str, dimension: str, group: str | None, promise: Promise) -> None:
        measured = isinstance(promise, Measured)
        if measured:
            for name in promise.indicators:
                by = getattr(self.indicators[name], "by", ())
                nested = getattr(self.indicators[name], "nested_in", None)
                by = getattr(self.indicators[nested], "by", by) if nested else by
                if dimension not in by:
                    raise ValueError(f"{where}: {name} has no series by {dimension!r}; its by is {', '.join(by)}")
        if group is None or group in self.groups.get(dimension, {}):
            return
        each = getattr(promise, "each", None)
        if each is not None and group in (each.within, *getattr(promise, "threshold_by", {})):
            close = get_close_matches(group, list(self.groups.get(dimension, {})), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{where}: there is no group {group!r} of {dimension}{hint}")

    @property
    def promises(self) -> tuple[Promise, ...]:
        """The promises as they are judged, in the plan's order; see `promise`."""
        return tuple(self.promise(code) for code in self.targets)

    def promise(self, code: str) -> Promise:
        """Return a promise as it is judged: one on shares, where an indicator stands in a survey's place.

        Parameters
        ----------
        code : str
            Its name in `targets`.
        """
        promise = self.targets[code]
        instrument = self.instruments.get(promise.instrument) if isinstance(promise, SurveyPromise) else None
        if isinstance(promise, SurveyPromise) and isinstance(instrument, IndicatorInstrument):
            return promise.on_shares(instrument.indicator, instrument.title)
        return promise

    @property
    def measured(self) -> tuple[Measured, ...]:
        """The promises that joint draws can judge."""
        return tuple(one for one in self.promises if isinstance(one, Measured))

    @property
    def defaults(self) -> dict[str, str]:
        """The answers the plan is read by."""
        return {code: question.default for code, question in self.questions.items()}

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The questions nobody has ruled on."""
        return tuple(code for code, question in self.questions.items() if question.ruled_by is None)

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

    def breaks_of(self, indicator: str) -> tuple[Break, ...]:
        """Return the known changes in how an indicator is counted."""
        return tuple(known for known in self.breaks.values() if indicator in known.indicators)

    @property
    def break_periods(self) -> dict[str, list[pd.Period]]:
        """The periods at which known changes in counting arrive, by indicator."""
        return {code: [periods.parse(one.period) for one in self.breaks_of(code)] for code in self.indicators}

    @property
    def tet_cutoff_day(self) -> int | None:
        """The day a month closes on if Tết affects the months, for `periods.tet_share`; None leaves Tết out."""
        return self.calendar.counting.day if self.calendar.tet else None

    def origin(self, quarter: pd.Period) -> pd.Period:
        """Return the last period a quarter's report knows, in the data's frequency."""
        return periods.origin_of(quarter, self.calendar.frequency)

    @property
    def group_series(self) -> tuple[tuple[str, str], ...]:
        """Dimension and code of every group."""
        return tuple((dimension, code) for dimension, groups in self.groups.items() for code in groups)

    def in_quarter(self, quarter: pd.Period) -> Plan:
        """Return the plan with the bodies that there are in a quarter.

        Of its crosswalk there is what is in force by the quarter's last day, and members of groups that merged are
        replaced. A plan without a crosswalk is returned as it is; so is one that has been asked the same before.

        Parameters
        ----------
        quarter : pd.Period
            The quarter reported.

        Raises
        ------
        BadParameters
            A promise is on a body that has merged or was abolished by then.
        """
        if not self.crosswalk:
            return self
        day = periods.last_day(self.origin(quarter), self.calendar.cutoff_day)
        known = {name: tuple(one for one in mergers if one.since <= day) for name, mergers in self.crosswalk.items()}
        for promise in self.promises:
            for dimension, code in promise.dimensions:
                for one in known.get(dimension, ()):
                    if one.old == code and code not in self.groups.get(dimension, {}):
                        hint = f"; write {today(known[dimension])[code]}" if today(known[dimension])[code] else ""
                        raise BadParameters(f"plan: targets.{promise.id}: {dimension} {code} {one.became}{hint}")
        groups = {name: groups_over(one, today(known.get(name, ()))) for name, one in self.groups.items()}
        return self.model_copy(update={"crosswalk": known, "groups": groups})

    def bodies(self, dimension: str) -> dict[str, str | None]:
        """Return what each code that is no more is today, None where nobody carries it on; see `plan.crosswalk.today`.

        Parameters
        ----------
        dimension : str
            Such as ``"agency"``.
        """
        return today(self.crosswalk.get(dimension, ()))

    def abolished(self, dimension: str) -> frozenset[str]:
        """Return the codes that are no more and that nobody carries on: they have cases, and stand on no list.

        Parameters
        ----------
        dimension : str
            Such as ``"agency"``.
        """
        return frozenset(old for old, new in self.bodies(dimension).items() if new is None)

    def last_whole_period(self, day: date) -> pd.Period:
        """Return the last period that ends by a day.

        Parameters
        ----------
        day : date
            The day, such as that of a step within the year.
        """
        period = self.last_period
        while periods.last_day(period, self.calendar.deadlines.day) > day:
            period -= 1
        return period

    def members(self, dimension: str, series: str) -> tuple[str, ...]:
        """Return the codes a series is made of: those of a group, or the code itself.

        Parameters
        ----------
        dimension, series : str
            The series.
        """
        group = self.groups.get(dimension, {}).get(series)
        return group.members if group else (series,)

    def answers(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return an answer to every question: those a run gives, else the plan's own.

        Raises
        ------
        BadParameters
            A question or an answer the plan does not have.
        """
        for code, answer in given.items():
            if code not in self.questions:
                close = get_close_matches(code, list(self.questions), n=1)
                hint = (
                    f"; did you mean {close[0]!r}?" if close else f"; it asks {', '.join(self.questions) or 'nothing'}"
                )
                raise BadParameters(f"answers: the plan has no question {code!r}{hint}")
            if answer not in self.questions[code].answers:
                raise BadParameters(f"answers.{code}: {answer!r} is none of {', '.join(self.questions[code].answers)}")
        return {**self.defaults, **given}

    def answered(self, given: Mapping[str, str]) -> Plan:
        """Return the plan as it reads under answers.

        Parameters
        ----------
        given : mapping
            Question → answer; the others keep the plan's own.

        Raises
        ------
        BadParameters
            A question or answer the plan does not have, answers that contradict each other, or a plan that is none
            under them.
        """
        chosen = self.answers(given)
        named = ", ".join(f"{code}={answer}" for code, answer in given.items()) or "the defaults"
        try:
            patches = in_order_of_application(self.questions, chosen)
            if not patches:
                return self
            document = self.model_dump(mode="json", by_alias=True, exclude={"questions"})
            for _, _, patch in patches:
                document = merged(document, patch)
            return Plan.model_validate({**document, "questions": self.questions})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            why = first["msg"].removeprefix("Value error, ")
            raise BadParameters(": ".join(filter(None, (f"answers {named}", where, why)))) from error
        except ValueError as error:
            raise BadParameters(f"answers {named}: {error}") from error

    def definition_of(self, promise: Promise) -> dict[str, Any]:
        """Return everything a promise's result depends on in the plan, as JSON would have it.

        An answer to a question touches a promise when its definition is another one.
        """
        used: dict[str, Any] = {}
        counted = False
        for name in promise.indicators:
            one = self.indicators[name]
            nested = [one.nested_in, one.rest] if isinstance(one, Share) and one.nested_in else []
            for code in [name, *[code for code in nested if code]]:
                indicator = self.indicators[code]
                used[code] = _without_words(indicator.model_dump(mode="json"))
                if not isinstance(indicator, Score):
                    counted = True
                    if indicator.follows_plan_where:
                        used[code]["plan_where"] = self.where
        dimensions = {dimension for dimension, _ in promise.dimensions}
        # Bodies inform each other's forecasts, and that of the whole.
        counted_by = dimensions | {name for code in used for name in getattr(self.indicators[code], "by", ())}
        definition: dict[str, Any] = {
            "promise": promise.model_dump(mode="json", exclude={"title", "short", "reported", "reading", "unit"}),
            "indicators": used,
            "groups": {
                name: {code: group.members for code, group in self.groups.get(name, {}).items()} for name in dimensions
            },
            "deadlines": self.calendar.deadlines.model_dump(),
        }
        if counted:
            definition["counting"] = self.calendar.counting.model_dump()
            definition["tet"] = self.calendar.tet
            definition["breaks"] = [
                (one.period, sorted(one.indicators)) for one in self.breaks.values() if set(one.indicators) & set(used)
            ]
        mergers = {name: self.crosswalk[name] for name in sorted(counted_by) if self.crosswalk.get(name)}
        if mergers:
            definition["crosswalk"] = {name: [one.model_dump() for one in listed] for name, listed in mergers.items()}
        if isinstance(promise, SurveyPromise):
            definition["instrument"] = self.instruments[promise.instrument].model_dump(mode="json")
        return definition

    def with_members(self, members: Mapping[tuple[str, str | None], Sequence[str]]) -> tuple[str, ...]:
        """Return the promises that are on no list, or on one that has members.

        Parameters
        ----------
        members : mapping
            As for `over`.
        """
        found = []
        for promise in self.promises:
            try:
                promise.over(members)
            except ValueError:
                continue
            found.append(promise.id)
        return tuple(found)

    def over(self, members: Mapping[tuple[str, str | None], Sequence[str]]) -> Plan:
        """Return the plan with every promise on each member of a list written out.

        Parameters
        ----------
        members : mapping
            Dimension and group (None: all of it) → the codes that live.

        Raises
        ------
        BadParameters
            A list has no members.
        """
        try:
            for promise in self.promises:  # refuses a list without members, whoever judges it
                promise.over(members)
            targets = {code: promise.over(members) for code, promise in self.targets.items()}
        except ValueError as error:
            raise BadParameters(f"plan: {error}") from error
        return self.model_copy(update={"targets": targets})


def _without_words(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in record.items() if key not in ("title", "about", "unit", "measured_in", "topic")
    }


def read_plan(path: Path) -> Plan:
    """Return the plan in a file, with the indicators of the library that it names.

    Every single answer to its questions has been tried: the plan is one under each.

    Raises
    ------
    BadParameters
        The file is missing, has an unknown key or a wrong value, names what nobody declares, or is no plan under one
        of its answers; the sentence names the line.
    """
    document = strict_yaml.read(path, what="plan")
    _refuse_first_edition(document)
    whole = with_crosswalk_files(with_group_files(with_library(document)))
    plan = strict_yaml.validate(whole, Plan, what="plan")
    for other in alternatives(plan.questions, plan.defaults, list(plan.questions)):
        _try_answer(document, plan, other.question, other.answer)
    return plan


def _refuse_first_edition(document: strict_yaml.Document) -> None:
    content = document.content
    old = {
        "settings": "questions, each with its answers and what they change",
        "vertical_bodies": "where: {agency: {not: [...]}} in the answer that leaves them out",
        "districts": "a group of agency with side_by_side: true",
    }
    for key, instead in old.items():
        if key in content:
            raise BadParameters(
                f"{document.path} line {document.lines[key,]}: {key} is of the first edition of the plan language; "
                f"write {instead} (docs/write-a-plan.md)"
            )
    if isinstance(content.get("targets"), list):
        raise BadParameters(
            f"{document.path} line {document.lines['targets',]}: targets is a list, as in the first edition of the "
            "plan language; write a mapping of a name to a promise (docs/write-a-plan.md)"
        )


def _try_answer(document: strict_yaml.Document, plan: Plan, question: str, answer: str) -> None:
    try:
        plan.answered({question: answer})
    except BadParameters as fault:
        path = ("questions", question, "answers", answer, "patch")
        line = document.lines.get(path, document.lines.get(path[:-1]))
        raise BadParameters(f"{document.path} line {line}: {fault}") from fault

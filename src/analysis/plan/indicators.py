"""Indicators: the quantities that are measured and forecast, each declared by what it counts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from analysis.plan.conditions import Condition
from analysis.plan.record import Code, Strict, Text

Better = Literal["higher", "lower"]
Topic = Literal["online", "timeliness", "satisfaction"]

COUNTED = ("received", "resolved", "due", "on_desk")
"""Events of a case by which it is counted in a period; a column of times is the other way."""


class About(Strict):
    """What a reader must know of an indicator.

    The three sentences may name ``{counted}`` (the event in force) and ``{unit}``.

    Attributes
    ----------
    what, why, caveats : Text
        What is counted; why it matters; what to mind.
    """

    what: Text
    why: Text | None = None
    caveats: Text | None = None


class _Indicator(Strict):
    """What all forms have.

    Attributes
    ----------
    title : Text
        What a reader calls it; may name ``{unit}``.
    about : About or None
        The sentences on its page.
    unit : Text or None
        What is counted, such as cases or ratings; None takes the plan's own.
    better : {"higher", "lower"}
        Which way is better.
    topic : {"online", "timeliness", "satisfaction"}
        The page that shows it, if a promise is on it or it has sentences about it.
    """

    title: Text
    about: About | None = None
    topic: Topic = "online"
    unit: Text | None = None
    better: Better = "higher"


class _Counted(_Indicator):
    """What is counted row by row.

    Attributes
    ----------
    of : str
        The table: ``cases``, ``ratings``, or one that a mapping declares.
    counted : str
        What puts a row into a period: ``received``, ``resolved``, ``due`` or ``on_desk`` for cases (see
        `data.measures`), or a column of times.
    where : dict
        What holds for every row counted; see `plan.conditions`.
    by : tuple of str
        Dimensions it has series for, besides the whole.
    plan_where : bool
        Whether the plan's own ``where`` holds too; by default for cases only.
    """

    of: Code = "cases"
    counted: Code = "resolved"
    where: Condition = Field(default_factory=dict)
    by: tuple[Code, ...] = ("agency", "field")
    plan_where: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _ratings_count_when_given(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("of") == "ratings" and "counted" not in value:
            return {**value, "counted": "rated_at"}
        return value

    @property
    def follows_plan_where(self) -> bool:
        """Whether the plan's own ``where`` holds for its rows."""
        return self.of == "cases" if self.plan_where is None else self.plan_where


class Share(_Counted):
    """Rows that meet a condition / rows, 0–1.

    Attributes
    ----------
    numerator, denominator : dict
        Which of the rows are counted above and below the line; what is above is always below, too.
    nested_in : str or None
        The share of which this one has the numerator: its denominator is that numerator and the numerator of `rest`,
        formed inside each draw. `numerator` and `denominator` are then not given.
    rest : str or None
        A share of the rows that `nested_in` has in its denominator and not in its numerator.
    late_stock : bool
        Whether what is late on the desk at the origin will be resolved late: a forecast then has no fewer.
    """

    form: Literal["share"]
    numerator: Condition = Field(default_factory=dict)
    denominator: Condition = Field(default_factory=dict)
    nested_in: Code | None = None
    rest: Code | None = None
    late_stock: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.nested_in is None) != (self.rest is None):
            raise ValueError("nested_in and rest go together")
        if self.nested_in is not None and (self.numerator or self.denominator or self.where):
            raise ValueError("where, numerator and denominator of a nested share are those of nested_in and rest")
        if self.nested_in is None and not self.numerator:
            raise ValueError("numerator is missing: which of the rows are counted")
        if self.late_stock and (self.of, self.counted) != ("cases", "resolved"):
            raise ValueError("late_stock goes with cases that are counted when resolved")
        return self


class DaysBetween(Strict):
    """Days from one time of a row to another."""

    days_between: Annotated[tuple[Code, Code], Field(min_length=2, max_length=2)]


class ColumnValue(Strict):
    """The number in a column."""

    column: Code


class Mean(_Counted):
    """The mean of a value over rows.

    Attributes
    ----------
    value : DaysBetween or ColumnValue
        What is averaged; rows without it are not counted.
    measured_in : Text or None
        Its unit; None for days.
    """

    form: Literal["mean"]
    value: DaysBetween | ColumnValue
    measured_in: Text | None = None
    better: Better = "lower"


class Score(_Indicator):
    """Points of a published index.

    Attributes
    ----------
    of : {"published"}
        Where its figures are.
    index : str
        Its code among the published figures.
    scale : (float, float)
        Lowest and highest number of points.
    year_end : {"last", "mean"}
        Whether the year's score is its last figure, or the mean of its figures.
    """

    form: Literal["score"]
    of: Literal["published"] = "published"
    index: Code
    scale: tuple[float, float] = (0.0, 100.0)
    year_end: Literal["last", "mean"] = "last"


Indicator = Annotated[Share | Mean | Score, Field(discriminator="form")]

"""What can judge satisfaction: surveys, indices, and indicators in their place."""

from __future__ import annotations

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, field_validator

from analysis.plan.record import Code, Strict, Text


class Cancelled(Strict):
    """A survey that will not take place: known from a day on."""

    on: str
    reason: Text
    source: str

    @field_validator("on")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        pd.Timestamp(value)
        return value


class SurveyInstrument(Strict):
    """A sample survey in the ``survey`` table.

    Attributes
    ----------
    title : Text
        What a reader calls it.
    instrument : str
        Its code in the table.
    cancelled : Cancelled or None
        The dated fact that the year's round was called off.
    """

    of: Literal["survey"]
    title: Text
    instrument: Code
    cancelled: Cancelled | None = None


class PublishedInstrument(Strict):
    """A published index of satisfaction.

    Attributes
    ----------
    title : Text
        What a reader calls it.
    index : str
        Its code among the published figures.
    method : str or None
        Only figures made this way are compared.
    """

    of: Literal["published"]
    title: Text
    index: Code
    method: Code | None = None


class IndicatorInstrument(Strict):
    """An indicator in a survey's place, such as the ratings given case by case.

    Attributes
    ----------
    title : Text
        What a reader calls it.
    indicator : str
        The indicator.
    """

    of: Literal["indicator"]
    title: Text
    indicator: Code


Instrument = Annotated[SurveyInstrument | PublishedInstrument | IndicatorInstrument, Field(discriminator="of")]

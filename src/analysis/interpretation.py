"""How a plan is read where nobody has ruled: the open questions, their answers, and which figures each touches."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

SettingName = Literal[
    "uptake_base",
    "year_window",
    "postal_cases",
    "vertical_bodies",
    "published_level",
    "overdue_interpretation",
    "overdue_denominator",
    "overdue_scope",
    "instrument",
    "month_end",
]
"""Name of an open question; every one is also a key of a run file."""

_UPTAKE = frozenset({"online_of_all", "online_of_published"})
_OVERDUE = frozenset({"overdue"})

AFFECTS: dict[SettingName, frozenset[str]] = {
    "uptake_base": _UPTAKE,
    "year_window": _UPTAKE | _OVERDUE,
    "postal_cases": _UPTAKE,
    "vertical_bodies": _UPTAKE | _OVERDUE,
    "published_level": frozenset({"online_of_published"}),
    "overdue_interpretation": _OVERDUE,
    "overdue_denominator": _OVERDUE,
    "overdue_scope": _OVERDUE,
    "instrument": frozenset({"survey"}),
    "month_end": _UPTAKE | _OVERDUE,
}
"""Question → the indicators its answer can change; ``survey`` stands for what judges a survey target."""


class Interpretation(BaseModel):
    """One answer to every open question; the first of each list is the default.

    Attributes
    ----------
    uptake_base : {"resolved", "received"}
        Whether online uptake is counted on the cases resolved in a period or on those received in it.
    year_window : {"year_to_date", "last_quarter"}
        Whether the year's share is of all its cases, or of those of its last quarter only.
    postal_cases : {"counted", "left_out"}
        Whether cases filed by post are in the denominators of online uptake.
    vertical_bodies : {"counted", "left_out"}
        Whether bodies under a ministry (tax, social insurance, police) count as the province's.
    published_level : {"at_receipt", "today"}
        Whether a procedure is published online by the level on its case or by today's catalogue.
    overdue_interpretation : {"overdue", "early_literal"}
        Whether the promise is on late cases, or on early ones as its sentence has it.
    overdue_denominator : {"resolved", "workload", "due"}
        See `analysis.indicators.case_shares`.
    overdue_scope : {"per_field", "pooled"}
        Whether each named field must keep the promise, or all of them together.
    instrument : {"provincial", "sipas"}
        The survey that judges satisfaction.
    month_end : {"plan", "calendar"}
        Whether months end on the plan's cut-off day or with the calendar.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    uptake_base: Literal["resolved", "received"] = "resolved"
    year_window: Literal["year_to_date", "last_quarter"] = "year_to_date"
    postal_cases: Literal["counted", "left_out"] = "counted"
    vertical_bodies: Literal["counted", "left_out"] = "counted"
    published_level: Literal["at_receipt", "today"] = "at_receipt"
    overdue_interpretation: Literal["overdue", "early_literal"] = "overdue"
    overdue_denominator: Literal["resolved", "workload", "due"] = "resolved"
    overdue_scope: Literal["per_field", "pooled"] = "per_field"
    instrument: Literal["provincial", "sipas"] = "provincial"
    month_end: Literal["plan", "calendar"] = "plan"

    def answering(self, setting: SettingName, value: Any) -> Interpretation:
        """Return this interpretation with another answer to one question.

        Parameters
        ----------
        setting : str
            The question.
        value : str
            The answer.

        Raises
        ------
        pydantic.ValidationError
            It is no answer to that question.
        """
        return Interpretation.model_validate(self.model_dump() | {setting: value})


@dataclass(frozen=True)
class Alternative:
    """One question answered otherwise.

    Attributes
    ----------
    setting, value : str
        The question and the other answer.
    interpretation : Interpretation
        All answers, this one included.
    """

    setting: SettingName
    value: str
    interpretation: Interpretation


def options(setting: SettingName) -> tuple[str, ...]:
    """Return the answers a question has, the default first."""
    return get_args(Interpretation.model_fields[setting].annotation)


def alternatives(chosen: Interpretation, settings: Collection[SettingName]) -> Iterator[Alternative]:
    """Yield every other answer to each of some questions, one question at a time.

    Parameters
    ----------
    chosen : Interpretation
        The answers in force.
    settings : collection of str
        The questions.
    """
    for setting in settings:
        for value in options(setting):
            if value != getattr(chosen, setting):
                yield Alternative(setting, value, chosen.answering(setting, value))

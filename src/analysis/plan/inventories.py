"""Lists of procedures that a promise is on: which are on the list, and when one is done."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from analysis.plan.conditions import Condition, tests_of
from analysis.plan.record import Code, Strict


class CasesOfService(Strict):
    """A number of cases of a service in the plan's year: it is on a list, or done, on the day of the last of them.

    Attributes
    ----------
    at_least : int
        The number of cases.
    counted : {"received", "resolved"}
        Which event of a case counts.
    where : dict
        What holds for the cases counted; see `plan.conditions`.
    """

    at_least: Annotated[int, Field(gt=0)]
    counted: Literal["received", "resolved"] = "received"
    where: Condition = Field(default_factory=dict)


def _condition_or_cases(value: dict[str, Any]) -> dict[str, Any]:
    tests_of({name: wanted for name, wanted in value.items() if name != CASES})
    if CASES in value:
        CasesOfService.model_validate(value[CASES])
    return value


CASES = "cases"
"""Key under which a condition on a procedure asks for a number of its cases."""

ConditionOrCases = Annotated[dict[str, Any], AfterValidator(_condition_or_cases)]
"""A condition on a procedure of the catalogue, and under ``cases`` the number of cases it must have."""


class Inventory(Strict):
    """Which procedures of the catalogue are on the list, and when one is done.

    Attributes
    ----------
    eligible : dict
        What holds for a procedure on the list; see `ConditionOrCases`.
    due : str
        Column with the day it is due, or ``year_end``.
    listed_from : {"first", "year_start"}
        Whether it is on the list from its first state, or no earlier than the plan's year.
    done : dict
        What holds for a procedure that is done; with a number of cases, nothing else.
    """

    eligible: ConditionOrCases = Field(default_factory=dict)
    due: Code = "year_end"
    listed_from: Literal["first", "year_start"] = "first"
    done: Annotated[ConditionOrCases, Field(min_length=1)]

    @model_validator(mode="after")
    def _is_done_one_way(self) -> Self:
        if CASES in self.done and len(self.done) > 1:
            raise ValueError("done: a number of cases and a condition do not go together")
        return self

    @property
    def listed_with(self) -> CasesOfService | None:
        """The cases by which a service is on the list; None where a condition alone says it."""
        return CasesOfService.model_validate(self.eligible[CASES]) if CASES in self.eligible else None

    @property
    def done_with(self) -> CasesOfService | None:
        """The cases by which a service is done; None where a condition says it."""
        return CasesOfService.model_validate(self.done[CASES]) if CASES in self.done else None

    @property
    def condition_of_list(self) -> dict[str, Any]:
        """What holds for a procedure on the list, apart from a number of cases."""
        return {name: wanted for name, wanted in self.eligible.items() if name != CASES}

    @property
    def conditions(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """Its conditions on procedures and on their cases, each with its key."""
        found = [("eligible", self.condition_of_list)]
        found += [("done", {name: wanted for name, wanted in self.done.items() if name != CASES})]
        found += [(key, one.where) for key, one in (("eligible", self.listed_with), ("done", self.done_with)) if one]
        return tuple(found)

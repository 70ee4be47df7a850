"""Groups: codes of one dimension that are counted together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from analysis.plan.crosswalk import Today, codes_of_today
from analysis.plan.record import Code, Strict, Text


class Group(Strict):
    """Codes of one dimension that are counted together as a series of the group's name.

    Attributes
    ----------
    title : Text
        What a reader calls it.
    members : tuple of str
        The codes; given here, or read from a file.
    file, block : str or None
        A CSV beside the plan with `code, block, from, to`, and the block whose codes are the members; see
        `plan.group_files`.
    former : tuple of str
        Codes that are no members any more; from a file, those of the block that were not there in the plan's year.
        Their cases are counted as being in no member.
    side_by_side : bool
        Whether its members are pictured beside each other.
    """

    title: Text
    members: Annotated[tuple[Code, ...], Field(min_length=1)]
    file: str | None = None
    block: Code | None = None
    former: tuple[Code, ...] = ()
    side_by_side: bool = False


def groups_over(groups: Mapping[str, Group], bodies: Today) -> dict[str, Group]:
    """Return the groups of a dimension with the members that merged replaced, each once.

    A member that was abolished stays: its cases are the group's, and it is judged nowhere. A former member that merged
    is left out, because its cases are another body's now. Groups of one list of bodies do not take over each other's
    members: where a commune merged into a ward that the list has in the block of wards, it has left the communes.

    Parameters
    ----------
    groups : mapping
        The groups by code.
    bodies : mapping
        See `plan.crosswalk.today`; empty, the groups are what they were.
    """
    return {name: _over(group, groups, bodies) for name, group in groups.items()}


def _over(group: Group, groups: Mapping[str, Group], bodies: Today) -> Group:
    of_list = [one for one in groups.values() if group.file and one.file == group.file]
    elsewhere = {code for one in of_list for code in one.members} - set(group.members)
    members = tuple(code for code in codes_of_today(group.members, bodies) if code not in elsewhere)
    former = tuple(code for code in group.former if bodies.get(code) is None)
    return group.model_copy(update={"members": members or group.members, "former": former})

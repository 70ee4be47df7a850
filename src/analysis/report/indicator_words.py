"""What each indicator is, why it matters, and what to mind when reading it."""

from __future__ import annotations

_ = str

ABOUT = {
    "online_of_all": (
        _("Cases filed online and resolved in the period, of all cases resolved in it whose channel is known."),
        _("One of the two ways in which the plan promises online filing."),
        _("A case keyed in as online at the counter counts as online; nobody can tell from the data."),
    ),
    "online_of_published": (
        _("The same cases, of those of procedures published online only."),
        _("The other way in which the plan promises online filing: of procedures that can be filed online only."),
        _("It moves with the catalogue: publishing procedures that few file online lowers it."),
    ),
    "overdue": (
        _("Cases resolved after the day they were promised for, of all cases resolved."),
        _("The plan promises it field by field; it is what people wait for."),
        _("Cases without a due date are in the denominator and never late; a case is late only once it is resolved."),
    ),
    "no_due_date": (
        _("Cases resolved that had no due date, of all cases resolved."),
        _("They are neither on time nor late; where there are many, the overdue share says little."),
        _("Some procedures have no term by law, others lost theirs in the data."),
    ),
    "rated_satisfied": (
        _('Ratings "satisfied" or better, of all ratings given after a case.'),
        _("The only figure on satisfaction that there is every month."),
        _("The respondents choose themselves: it is no estimate of what a survey would find."),
    ),
}
"""Indicator → what it is, why it matters, and a caveat."""

TIMELINESS = {
    "early": _("Before time"),
    "on_time": _("On time"),
    "late": _("Overdue"),
    "no_due_date": _("No due date"),
    "unclassed": _("Not classed"),
}
"""How a case was resolved."""

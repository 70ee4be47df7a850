"""What a reader calls the open questions of a plan, their answers, and the kinds of dated promises."""

from __future__ import annotations

_ = str

SETTINGS = {
    "uptake_base": _("Online uptake counted on"),
    "year_window": _("The year's share is of"),
    "postal_cases": _("Cases filed by post"),
    "vertical_bodies": _("Bodies under a ministry"),
    "published_level": _("Published online by"),
    "overdue_interpretation": _('"Early cases down to 2%" is read as'),
    "overdue_denominator": _("Overdue cases as a share of"),
    "overdue_scope": _("Fields are judged"),
    "instrument": _("Satisfaction is judged by"),
    "month_end": _("Reporting months end"),
}

ANSWERS = {
    ("uptake_base", "resolved"): _("cases resolved"),
    ("uptake_base", "received"): _("cases received"),
    ("year_window", "year_to_date"): _("the whole year"),
    ("year_window", "last_quarter"): _("its last quarter only"),
    ("postal_cases", "counted"): _("counted"),
    ("postal_cases", "left_out"): _("left out"),
    ("vertical_bodies", "counted"): _("counted"),
    ("vertical_bodies", "left_out"): _("left out"),
    ("published_level", "at_receipt"): _("the level on the case"),
    ("published_level", "today"): _("today's catalogue"),
    ("overdue_interpretation", "overdue"): _("cases resolved overdue"),
    ("overdue_interpretation", "early_literal"): _("cases resolved early, as written"),
    ("overdue_denominator", "resolved"): _("cases resolved"),
    ("overdue_denominator", "workload"): _("cases received and carried over"),
    ("overdue_denominator", "due"): _("cases falling due"),
    ("overdue_scope", "per_field"): _("each on its own"),
    ("overdue_scope", "pooled"): _("all together"),
    ("instrument", "provincial"): _("the province's own survey"),
    ("instrument", "sipas"): _("the national index SIPAS"),
    ("month_end", "plan"): _("on the plan's cut-off day"),
    ("month_end", "calendar"): _("with the calendar month"),
}

NOT_COMPUTABLE = {
    "counts_only": _("not computable: the input holds counts, not cases"),
    "no_catalogue": _("not computable: the input has no catalogue of procedures"),
    "no_workload": _("not computable: the input does not say what was carried over or due"),
}

DATED_PARTS = {"items": _("The items of the list"), "headcount": _("The headcount path")}

ITEM_UNITS = {"inventory": _("items"), "milestones": _("milestones"), "headcount": _("persons")}

DIMENSIONS = {"agencies": _("Bodies"), "fields": _("Fields"), "districts": _("Districts"), "group": _("Fields")}

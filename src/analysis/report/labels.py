"""What a reader calls the codes of the data: indicators, open questions and their answers, faults, tables, columns."""

from __future__ import annotations

from analysis.report.wording import _

TIMELINESS = {
    "early": _("Before time"),
    "on_time": _("On time"),
    "late": _("Overdue"),
    "no_due_date": _("No due date"),
    "unclassed": _("Not classed"),
}
"""How a case was resolved, by class of timeliness."""

NOT_COMPUTABLE = {
    "counts_only": _("not computable: the input holds counts, not cases"),
    "no_catalogue": _("not computable: the input has no catalogue of procedures"),
    "no_workload": _("not computable: the input does not say what was carried over or due"),
    "margins_apart": _("not computable: the input gives its parts one by one, not two together"),
    "margins_unclear": _("not computable: the input's parts leave open what the other cases are"),
    "no_case_ratings": _("not computable: the input has no ratings of single cases"),
    "contradicts_answers": _("not computable: it contradicts another answer of this run"),
}
"""Why an answer cannot be computed from an input, by code of the reason."""

DATED_PARTS = {"items": _("The items of the list"), "headcount": _("The headcount path")}
"""Parts of a promise on a list of items."""

ITEM_UNITS = {"inventory": _("items"), "milestones": _("milestones"), "headcount": _("persons")}
"""What such a promise counts, by kind of its list."""

FAULTS = {
    "column_count": _("more or fewer columns than the header"),
    "undecodable": _("not text in the declared encoding"),
    "cell_error": _("an error of the workbook in place of a value"),
    "formula_without_result": _("a formula that was never calculated"),
    "total_row": _("a total of other rows"),
    "empty_row": _("a row without any value"),
    "case_id_missing": _("no case identifier"),
    "code_unknown": _("a code the mapping does not name"),
    "date_unreadable": _("an unreadable or impossible date"),
    "number_unreadable": _("not a number"),
    "number_negative": _("a negative count"),
    "number_not_whole": _("a count with a fraction"),
    "value_out_of_range": _("a value that is not allowed"),
    "value_missing": _("a required value is empty"),
    "accepted_missing": _("no time of acceptance"),
    "finished_missing": _("resolved without a finish"),
    "accepted_in_future": _("accepted after the data was taken"),
    "finished_in_future": _("finished after the data was taken"),
    "finished_before_accepted": _("finished before it was accepted"),
    "part_without_whole": _("part given without its whole"),
    "part_exceeds_whole": _("part larger than its whole"),
    "duplicate_case_id": _("a second row of the same case"),
    "duplicate_across_systems": _("the same case under another identifier"),
    "not_nfc": _("letters not in composed form, mended"),
    "case_id_form_unknown": _("identifier in no known form"),
    "case_id_day_differs": _("the day in the identifier is another"),
    "not_yet_accepted": _("filed, not yet accepted"),
    "online_below_level_3": _("filed online below level 3"),
    "due_date_replaced": _("a new appointment replaced the due date"),
    "due_before_accepted": _("due before it was accepted"),
    "submitted_after_accepted": _("filed after it was accepted"),
    "returned_before_finished": _("handed over before it was finished"),
    "open_with_finish": _("reopened after a finish"),
    "last_line_unfinished": _("the last row has no line break"),
    "no_due_date": _("resolved, without a due date"),
    "refused": _("refused"),
    "withdrawn": _("withdrawn by the applicant"),
    "not_yet_known": _("filed after the day looked back to"),
    "hidden_sheets": _("hidden sheets, not read"),
    "hidden_rows": _("hidden rows, read like the others"),
    "hidden_columns": _("hidden columns, read like the others"),
    "part_not_given": _("rows of margins without one of their parts, left out of what needs it"),
    "no_rating": _("rows in which nobody gave a rating"),
    "invisible_characters": _("rows with characters nobody sees, which were taken out"),
}
"""What is wrong with or notable about a row, by code of `analysis.data.ingest.fault_codes`."""

TABLES = {
    "cases": _("cases"),
    "case_ratings": _("ratings of cases"),
    "counts": _("counts"),
    "margins": _("whole counts and parts of them"),
}
"""Tables, by name of the table that a file became."""

FORM_COLUMNS = {
    "received_total": _("received, total"),
    "received_online": _("received online"),
    "received_counter_post": _("received at the counter or by post"),
    "carried_over": _("carried over"),
    "resolved_total": _("resolved, total"),
    "resolved_early": _("resolved before time"),
    "resolved_on_time": _("resolved on time"),
    "resolved_late": _("resolved overdue"),
    "pending_total": _("in process, total"),
    "pending_in_time": _("in process, in time"),
    "pending_late": _("in process, overdue"),
}
"""Columns of form II.06a, by key of `analysis.data.form06a.layout.COUNTS`."""

COUNTS = {"received": _("received"), "resolved": _("resolved")}
"""Counts of `Results.revisions`."""

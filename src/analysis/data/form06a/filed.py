"""Checks of a filed form: within itself, against the form of the quarter before, and against our own counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import periods
from analysis.code_of_name import code_of_name
from analysis.data.child_process import in_child
from analysis.data.codes import tidy
from analysis.data.counting import DuePrecision
from analysis.data.form06a.layout import COUNTS, IDENTITIES, NUMBER, UNKNOWN_NAME
from analysis.data.form06a.read import Form06a, read_form
from analysis.data.form06a.write import form_from_cases
from analysis.faults import BadData, BadParameters
from analysis.plan.plan import Plan

FAULT_COLUMNS = ["rule", "name", "left", "right", "difference"]
IDENTITY_COLUMNS = ["line", "name", "identity", "left", "right", "difference"]
CONTINUITY_COLUMNS = ["section", "name", "carried_over", "pending_before", "difference"]
MISSING_COLUMNS = ["line", "name", "column"]
DIFFERENCE_COLUMNS = ["name", "code", "column", "theirs", "ours", "difference"]


@dataclass(frozen=True)
class QuarterForm:
    """The form of one quarter: our counts, and how the filed form differs from them.

    Attributes
    ----------
    is_filed : bool
        Whether the input holds a filed form of the quarter.
    by_agency, by_field : pd.DataFrame
        `code` and the counts of `analysis.data.form06a.layout.COUNTS` in cases, from our cases; empty without cases.
    reconciliation : pd.DataFrame
        Every difference between the filed form and our counts, see `reconcile`; empty without a form or without cases.
    faults : pd.DataFrame
        `rule, name, left, right, difference` in cases: where the filed form contradicts itself or the one before it.
    """

    is_filed: bool
    by_agency: pd.DataFrame
    by_field: pd.DataFrame
    reconciliation: pd.DataFrame
    faults: pd.DataFrame


def quarter_form(
    cases: Path | None,
    input_path: Path,
    *,
    plan: Plan,
    quarter: pd.Period,
    due_precision: DuePrecision,
    data_names: Mapping[str, Mapping[str, str]],
) -> QuarterForm:
    """Return a quarter's form as our cases give it, and the differences and faults of the filed one.

    The filed form is the file ``form-06a-2021-Q3.xlsx`` (or ``.xls``) in the input folder; the form of the quarter
    before is named by its own quarter.

    Parameters
    ----------
    cases : Path or None
        Parquet file of `analysis.data.contracts.Cases`.
    input_path : Path
        The run's input.
    plan : Plan
        Gives the calendar, which sets the days of the quarter, and the names of bodies and fields.
    quarter : pd.Period
        The quarter.
    due_precision : {"day", "instant"}
        Whether a due date means the whole day or a moment.
    data_names : mapping
        Dimension → code → how the data spells it, for bodies and fields that the plan does not name.

    Raises
    ------
    BadData
        A form is there and cannot be read, or does not follow the form before it.
    BadParameters
        The plan gives one name to two codes.
    """
    ours = {by: pd.DataFrame(columns=["code", *COUNTS]) for by in ("agency", "field")}
    if cases is not None:
        first_day = periods.first_day(quarter, plan.calendar.cutoff_day)
        last_day = periods.last_day(quarter, plan.calendar.cutoff_day)
        for by in ours:
            ours[by] = form_from_cases(
                cases,
                first_day=first_day,
                last_day=last_day,
                by=by,  # type: ignore[arg-type]
                due_precision=due_precision,
            )
    form, previous = _read_if_filed(input_path, quarter), _read_if_filed(input_path, quarter - 1)
    names = {code: name.vi for named in plan.names.values() for code, name in named.items()}
    names = _with_names_of_data(names, data_names, ours)
    differences = pd.DataFrame(columns=DIFFERENCE_COLUMNS)
    if form is not None and cases is not None:
        differences = reconcile(form, ours[_group_of_rows(form, ours, names)], names)
    return QuarterForm(form is not None, ours["agency"], ours["field"], differences, _faults(form, previous))


def _with_names_of_data(
    names: Mapping[str, str], data_names: Mapping[str, Mapping[str, str]], ours: Mapping[str, pd.DataFrame]
) -> dict[str, str]:
    """Return code → name, with the data's names of codes that have none, but for what another code goes by."""
    found = dict(names)
    taken = {_lower(text): code for code, name in names.items() for text in (code, name)}
    taken |= {code: code for table in ours.values() for code in table["code"].dropna()}
    for code, name in [pair for by in ours for pair in data_names.get(by, {}).items()]:
        if code not in found and all(taken.setdefault(text, code) == code for text in (_lower(name), code)):
            found[code] = name
    return found


def _read_if_filed(folder: Path, quarter: pd.Period) -> Form06a | None:
    for ending in ("xlsx", "xls"):
        path = folder / f"form-06a-{periods.write_quarter(quarter)}.{ending}"
        if path.is_file():
            return in_child(partial(_read_form, path), str(path))
    return None


def _read_form(path: Path, _report_progress: Callable[[str], None]) -> Form06a:
    return read_form(path)


def _group_of_rows(form: Form06a, ours: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> str:
    """Return whether the rows of a form are agencies or fields: whichever leaves fewer rows unmatched."""
    unmatched = {by: reconcile(form, table, names)["code"].isna().sum() for by, table in ours.items()}
    return min(unmatched, key=lambda by: unmatched[by])


def _faults(form: Form06a | None, previous: Form06a | None) -> pd.DataFrame:
    faults = pd.DataFrame(columns=FAULT_COLUMNS)
    if form is None:
        return faults
    identities = broken_identities(form).rename(columns={"identity": "rule"})
    faults = pd.concat([faults, identities[FAULT_COLUMNS]], ignore_index=True)
    if previous is not None:
        gaps = broken_continuity(form, previous).rename(columns={"carried_over": "left", "pending_before": "right"})
        faults = pd.concat([faults, gaps.assign(rule="(6)")[FAULT_COLUMNS]], ignore_index=True)
    return faults.astype({"rule": "str", "name": "str", "left": "Int64", "right": "Int64", "difference": "Int64"})


def missing_counts(form: Form06a) -> pd.DataFrame:
    """Return the counts left blank, of rows and totals: `line, name, column`.

    A blank may mean that there were no cases or that nobody counted; the form does not say which.
    """
    lines = pd.concat([form.rows, form.totals])[["line", "name", *COUNTS]]
    long = lines.melt(id_vars=["line", "name"], var_name="column")
    blank = long[long["value"].isna()]
    order = blank["column"].map(NUMBER)
    return blank.assign(order=order).sort_values(["line", "order"])[MISSING_COLUMNS].reset_index(drop=True)


def broken_identities(form: Form06a) -> pd.DataFrame:
    """Return every sum of a filed form that does not add up.

    Within each row and total: (3)=(4)+(5)+(6), (7)=(8)+(9)+(10), (11)=(12)+(13), (3)=(7)+(11). Between rows: each
    total equals the sum of its rows. In a sum a blank adds nothing, see `missing_counts`. Where the left side or the
    whole right side is blank, nothing is compared.

    Returns
    -------
    pd.DataFrame
        `line` (row on the sheet), `name`, `identity` (such as ``(3)=(4)+(5)+(6)``, or ``(3)=sum of rows 12-40``),
        `left`, `right` and `difference` = left − right, in cases; in the order of the form.
    """
    broken: list[dict[str, Any]] = []
    for row in pd.concat([form.rows, form.totals]).sort_values("line").to_dict("records"):
        for identity in IDENTITIES:
            right = [row[key] for key in identity.right if not pd.isna(row[key])]
            broken += _broken(row, str(identity), row[identity.left], right)
        if pd.isna(row.get("kind")):
            continue
        summed = form.rows[form.rows["line"].between(row["from_line"], row["to_line"])]
        if summed.empty:
            continue
        for key in COUNTS:
            identity_name = f"({NUMBER[key]})=sum of rows {summed['line'].min()}-{summed['line'].max()}"
            broken += _broken(row, identity_name, row[key], summed[key].dropna().tolist())
    counts = dict.fromkeys(["left", "right", "difference"], "int64")
    types = {"line": "int64", "name": "str", "identity": "str"} | counts
    return pd.DataFrame(broken, columns=IDENTITY_COLUMNS).astype(types)


def _broken(row: dict[str, Any], identity: str, left: Any, right: list[Any]) -> list[dict[str, Any]]:
    """Return the record of an identity that does not hold, in a list; an empty list when it holds."""
    if pd.isna(left) or not right or left == sum(right):
        return []
    sides = {"left": left, "right": sum(right), "difference": left - sum(right)}
    return [{"line": row["line"], "name": row["name"], "identity": identity, **sides}]


def broken_continuity(form: Form06a, previous: Form06a) -> pd.DataFrame:
    """Return the rows whose column (6) differs from column (11) of the form before.

    Parameters
    ----------
    form, previous : Form06a
        Forms of two consecutive periods.

    Returns
    -------
    pd.DataFrame
        `section`, `name`, `carried_over` (6), `pending_before` (11 of the form before) and `difference` = (6) − (11),
        in cases, missing where a form lacks the row or leaves it blank. Rows are matched by folded section and name;
        rows of one name within a section are added up. A row that only one form has is listed, too. In the order of
        the form, then the rows that only the form before has.

    Raises
    ------
    BadData
        Both forms state their periods, and one does not follow the other.
    """
    if previous.last_day and form.first_day and previous.last_day + timedelta(days=1) != form.first_day:
        raise BadData(
            f"{form.path} starts on {form.first_day:%d/%m/%Y} and {previous.path} ends on {previous.last_day:%d/%m/%Y};"
            " the day after was expected"
        )
    now, before = _counts_by_name(form, "carried_over"), _counts_by_name(previous, "pending_total")
    gaps = []
    for key in [*now, *(key for key in before if key not in now)]:
        section, name, _ = now.get(key) or before[key]
        carried, pending = (side[key][2] if key in side else None for side in (now, before))
        if carried != pending or key not in now or key not in before:
            difference = None if carried is None or pending is None else carried - pending
            gaps.append((section, name, carried, pending, difference))
    counts = dict.fromkeys(["carried_over", "pending_before", "difference"], "Int64")
    return pd.DataFrame(gaps, columns=CONTINUITY_COLUMNS).astype({"section": "str", "name": "str"} | counts)


def _counts_by_name(form: Form06a, column: str) -> dict[tuple[str, str], tuple[str, str, int | None]]:
    """Return section, name and cases by folded section and name; cases are None when one of the added rows is blank."""
    counts: dict[tuple[str, str], tuple[str, str, int | None]] = {}
    for section, name, cell in form.rows[["section", "name", column]].itertuples(index=False):
        key = code_of_name(section), code_of_name(name)
        so_far = counts[key][2] if key in counts else 0
        counts[key] = section, name, None if pd.isna(cell) or so_far is None else so_far + int(cell)
    return counts


def reconcile(form: Form06a, ours: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return every cell in which a filed form differs from our counts.

    A row of the form is matched to a code when its name is the code's name or the code itself, or folds to one of the
    two and to no other code's (see `code_of_name`). Rows of one name, such as a field under each level of government,
    are added up. Where two spellings fold to one code, the exact one is matched, else the first; the other spelling
    stays unmatched, because it may be another body.

    Parameters
    ----------
    form : Form06a
        The filed form.
    ours : pd.DataFrame
        `code` and the counts of `layout.COUNTS` in cases, as `write.form_from_cases` returns them.
    names : mapping of str to str
        Code → name as the form shows it.

    Returns
    -------
    pd.DataFrame
        `name` (as filed, where the form has one), `code` (missing when it is none of ours), `column` (a key of
        `layout.COUNTS`), `theirs`, `ours` and `difference` = theirs − ours, in cases. A body that only one side has, or
        a cell left blank, is missing there and counts as 0 in the difference; against a 0 it is no difference, because
        our table has no row for a body without cases. Sorted by the size of the difference, then name and column.

    Raises
    ------
    BadParameters
        Two codes have one name.
    """
    displayed = {code: names.get(code, code) for code in [*names, *ours["code"].dropna()]}
    theirs = form.rows.assign(code=_codes(form.rows["name"], displayed))
    filed_names = theirs.dropna(subset="code").drop_duplicates("code").set_index("code")["name"].to_dict()
    shown_names = displayed | filed_names
    theirs["name"] = [filed_names.get(code, name) for code, name in zip(theirs["code"], theirs["name"], strict=True)]
    # Cases without a code are matched to the form's row for them: the merge treats missing codes as equal, so the names
    # tell the rows apart.
    ours = ours.assign(name=[shown_names.get(code, UNKNOWN_NAME) for code in ours["code"]])
    both = _long(theirs, "theirs").merge(_long(ours, "ours"), on=["code", "name", "column"], how="outer")
    both["difference"] = both["theirs"].fillna(0) - both["ours"].fillna(0)
    both["size"], both["number"] = both["difference"].abs(), both["column"].map(NUMBER)
    different = both[both["size"] > 0].sort_values(["size", "name", "number"], ascending=[False, True, True])
    return different[DIFFERENCE_COLUMNS].reset_index(drop=True)


def _long(frame: pd.DataFrame, side: str) -> pd.DataFrame:
    """Return one row per body and column; rows of one body are added up, a blank adds nothing."""
    summed = frame.astype({"code": "str"}).groupby(["code", "name"], dropna=False)[list(COUNTS)].sum(min_count=1)
    return summed.reset_index().melt(id_vars=["code", "name"], var_name="column", value_name=side)


def _codes(spellings: Iterable[str], displayed: Mapping[str, str]) -> list[str | None]:
    """Return the code that each spelling stands for, None when it is none of ours."""
    exact: dict[str, str] = {}
    folded: dict[str, set[str]] = defaultdict(set)
    for code, name in displayed.items():
        for text in (name, code):
            other = exact.setdefault(_lower(text), code)
            if other != code:
                raise BadParameters(f"the codes {other!r} and {code!r} both go by {text!r}; one name each was expected")
            folded[code_of_name(text)].add(code)
    spellings = list(spellings)
    spelling_of: dict[str, str] = {}
    for spelling in spellings:
        if _lower(spelling) in exact:
            spelling_of.setdefault(exact[_lower(spelling)], _lower(spelling))
    for spelling in spellings:
        if len(codes := folded[code_of_name(spelling)]) == 1:
            spelling_of.setdefault(next(iter(codes)), _lower(spelling))
    code_of = {spelling: code for code, spelling in spelling_of.items()}
    return [code_of.get(_lower(spelling)) for spelling in spellings]


def _lower(text: str) -> str:
    return tidy(text).casefold()

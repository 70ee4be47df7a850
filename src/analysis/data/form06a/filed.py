"""What must add up inside one form, and from one form to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import periods
from analysis.data.codes import fold, tidy
from analysis.data.counting import DuePrecision
from analysis.data.form06a.layout import COUNTS, IDENTITIES, NUMBER, UNKNOWN_NAME
from analysis.data.form06a.read import Form06a, read_form
from analysis.data.form06a.write import form_from_cases
from analysis.faults import BadData, BadParameters
from analysis.plan import Plan

IDENTITY_COLUMNS = ["line", "name", "identity", "left", "right", "difference"]
CONTINUITY_COLUMNS = ["section", "name", "carried_over", "pending_before", "difference"]
MISSING_COLUMNS = ["line", "name", "column"]


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
    """Return every sum that does not add up as filed.

    Inside each row and total: (3)=(4)+(5)+(6), (7)=(8)+(9)+(10), (11)=(12)+(13), (3)=(7)+(11). Between rows: each
    total against the rows it sums. In a sum a blank adds nothing, see `missing_counts`; where the left side is blank,
    or all of the right side is, there is nothing to compare.

    Returns
    -------
    pd.DataFrame
        `line` (row on the sheet), `name`, `identity` (such as ``(3)=(4)+(5)+(6)``, or ``(3)=sum of rows 12-40``),
        `left`, `right` and `difference` = left − right, in cases; in the order of the form.
    """
    found: list[dict[str, Any]] = []
    for row in pd.concat([form.rows, form.totals]).sort_values("line").to_dict("records"):
        for identity in IDENTITIES:
            right = [row[key] for key in identity.right if not pd.isna(row[key])]
            found += _broken(row, str(identity), row[identity.left], right)
        if pd.isna(row.get("kind")):
            continue
        summed = form.rows[form.rows["line"].between(row["from_line"], row["to_line"])]
        if summed.empty:
            continue
        for key in COUNTS:
            identity_name = f"({NUMBER[key]})=sum of rows {summed['line'].min()}-{summed['line'].max()}"
            found += _broken(row, identity_name, row[key], summed[key].dropna().tolist())
    counts = dict.fromkeys(["left", "right", "difference"], "int64")
    types = {"line": "int64", "name": "str", "identity": "str"} | counts
    return pd.DataFrame(found, columns=IDENTITY_COLUMNS).astype(types)


def _broken(row: dict[str, Any], identity: str, left: Any, right: list[Any]) -> list[dict[str, Any]]:
    if pd.isna(left) or not right or left == sum(right):
        return []
    sides = {"left": left, "right": sum(right), "difference": left - sum(right)}
    return [{"line": row["line"], "name": row["name"], "identity": identity, **sides}]


def broken_continuity(form: Form06a, previous: Form06a) -> pd.DataFrame:
    """Return the rows whose column 6 is not column 11 of the form before.

    Parameters
    ----------
    form, previous : Form06a
        Forms of two periods, one right after the other.

    Returns
    -------
    pd.DataFrame
        `section`, `name`, `carried_over` (6), `pending_before` (11 of the form before) and `difference` = (6) − (11),
        in cases, missing where a form lacks the row or leaves it blank. Rows are matched by folded section and name;
        rows of one name within a section are added up. One that stands in one form only is listed too. In the order
        of the form, then those of the form before alone.

    Raises
    ------
    BadData
        The forms say of which periods they are, and one does not follow the other.
    """
    if previous.last_day and form.first_day and previous.last_day + timedelta(days=1) != form.first_day:
        raise BadData(
            f"{form.path} starts on {form.first_day:%d/%m/%Y} and {previous.path} ends on {previous.last_day:%d/%m/%Y};"
            " the day after was expected"
        )
    now, before = _by_name(form, "carried_over"), _by_name(previous, "pending_total")
    found = []
    for key in [*now, *(key for key in before if key not in now)]:
        section, name, _ = now.get(key) or before[key]
        carried, pending = (side[key][2] if key in side else None for side in (now, before))
        if carried != pending or key not in now or key not in before:
            difference = None if carried is None or pending is None else carried - pending
            found.append((section, name, carried, pending, difference))
    counts = dict.fromkeys(["carried_over", "pending_before", "difference"], "Int64")
    return pd.DataFrame(found, columns=CONTINUITY_COLUMNS).astype({"section": "str", "name": "str"} | counts)


def _by_name(form: Form06a, column: str) -> dict[tuple[str, str], tuple[str, str, int | None]]:
    """Return section, name and cases by folded section and name; None as soon as one of its rows is blank."""
    found: dict[tuple[str, str], tuple[str, str, int | None]] = {}
    for section, name, cell in form.rows[["section", "name", column]].itertuples(index=False):
        key = fold(section), fold(name)
        before = found[key][2] if key in found else 0
        found[key] = section, name, None if pd.isna(cell) or before is None else before + int(cell)
    return found


DIFFERENCE_COLUMNS = ["name", "code", "column", "theirs", "ours", "difference"]


def reconcile(form: Form06a, ours: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return every cell in which a filed form and our own counts differ.

    A row of the form is one of ours when its name is the one given for a code, or the code itself, or folds to one of
    them and to no other's (without diacritics, in lower case, blanks and signs as hyphens). Rows of one name, such as
    a field under each level of government, are added up. Where two spellings fold to one code, the exact one is
    taken, else the first; the other stands alone, because it may be another body.

    Parameters
    ----------
    form : Form06a
        What was filed.
    ours : pd.DataFrame
        `code` and the counts of `layout.COUNTS`, as `from_cases.form_from_cases` gives them.
    names : mapping of str to str
        Code → name as the form shows it.

    Returns
    -------
    pd.DataFrame
        `name` (theirs where they have one), `code` (missing when it is none of ours), `column` (a key of
        `layout.COUNTS`), `theirs`, `ours` and `difference` = theirs − ours, in cases. A body on one side only, or a
        cell left blank, is missing there and counts as 0 in the difference; against a 0 it is no difference, because
        our table has no row for a body without cases. Sorted by the size of the difference, then name and column.

    Raises
    ------
    BadParameters
        Two codes have one name.
    """
    displayed = {code: names.get(code, code) for code in [*names, *ours["code"].dropna()]}
    theirs = form.rows.assign(code=_codes(form.rows["name"], displayed))
    spelt = theirs.dropna(subset="code").drop_duplicates("code").set_index("code")["name"].to_dict()
    shown = displayed | spelt
    theirs["name"] = [spelt.get(code, name) for code, name in zip(theirs["code"], theirs["name"], strict=True)]
    # Cases without a code meet the row that says so: missing codes are equal here, and names tell them apart.
    ours = ours.assign(name=[shown.get(code, UNKNOWN_NAME) for code in ours["code"]])
    both = _long(theirs, "theirs").merge(_long(ours, "ours"), on=["code", "name", "column"], how="outer")
    both["difference"] = both["theirs"].fillna(0) - both["ours"].fillna(0)
    both["size"], both["number"] = both["difference"].abs(), both["column"].map(NUMBER)
    found = both[both["size"] > 0].sort_values(["size", "name", "number"], ascending=[False, True, True])
    return found[DIFFERENCE_COLUMNS].reset_index(drop=True)


def _long(frame: pd.DataFrame, side: str) -> pd.DataFrame:
    """Return one row per body and column; where several rows of one body are added up, a blank adds nothing."""
    summed = frame.astype({"code": "str"}).groupby(["code", "name"], dropna=False)[list(COUNTS)].sum(min_count=1)
    return summed.reset_index().melt(id_vars=["code", "name"], var_name="column", value_name=side)


def _codes(spellings: Iterable[str], displayed: Mapping[str, str]) -> list[str | None]:
    """Return the code each spelling stands for, None when it is none of ours."""
    exact: dict[str, str] = {}
    folded: dict[str, set[str]] = defaultdict(set)
    for code, name in displayed.items():
        for text in (name, code):
            other = exact.setdefault(_plain(text), code)
            if other != code:
                raise BadParameters(f"the codes {other!r} and {code!r} both go by {text!r}; one name each was expected")
            folded[fold(text)].add(code)
    spellings = list(spellings)
    taken: dict[str, str] = {}
    for spelling in spellings:
        if _plain(spelling) in exact:
            taken.setdefault(exact[_plain(spelling)], _plain(spelling))
    for spelling in spellings:
        if len(codes := folded[fold(spelling)]) == 1:
            taken.setdefault(next(iter(codes)), _plain(spelling))
    code_of = {spelling: code for code, spelling in taken.items()}
    return [code_of.get(_plain(spelling)) for spelling in spellings]


def _plain(text: str) -> str:
    return tidy(text).casefold()


FAULTS = ["rule", "name", "left", "right", "difference"]


@dataclass(frozen=True)
class Filed:
    """The form of one quarter.

    Attributes
    ----------
    is_there : bool
        Whether a form filed for the quarter stands beside the data.
    by_agency, by_field : pd.DataFrame
        `code` and the counts of `analysis.data.form06a.layout.COUNTS`, from our cases; empty without cases.
    reconciliation : pd.DataFrame
        Every difference between the form filed and ours; empty without a form or without cases.
    faults : pd.DataFrame
        `rule, name, left, right, difference`: where the form filed contradicts itself or the one before it.
    """

    is_there: bool
    by_agency: pd.DataFrame
    by_field: pd.DataFrame
    reconciliation: pd.DataFrame
    faults: pd.DataFrame


def filed(
    cases: Path | None, input_path: Path, *, plan: Plan, quarter: pd.Period, due_precision: DuePrecision
) -> Filed:
    """Return a quarter's form from our cases, with what the filed one says otherwise.

    A filed form is looked for in the input folder as ``form-06a-2021-Q3.xlsx`` (or ``.xls``), the one before it under
    its own quarter.

    Parameters
    ----------
    cases : Path or None
        Parquet file of `analysis.data.contracts.Cases`.
    input_path : Path
        The run's input.
    plan : Plan
        Its calendar says which days the quarter has, its names which body a row stands for.
    quarter : pd.Period
        The quarter.
    due_precision : {"day", "instant"}
        What the due dates mean.

    Raises
    ------
    BadData
        A form is there and cannot be read.
    """
    ours = {by: pd.DataFrame(columns=["code", *COUNTS]) for by in ("agency", "field")}
    if cases is not None:
        first, last = (edge(quarter, plan.calendar.cutoff_day) for edge in (periods.first_day, periods.last_day))
        for by in ours:
            ours[by] = form_from_cases(cases, first_day=first, last_day=last, by=by, due_precision=due_precision)  # type: ignore[arg-type]
    form, before = (_form(input_path, one) for one in (quarter, quarter - 1))
    names = {code: name.vi for code, name in plan.names.items()}
    differences = pd.DataFrame(columns=DIFFERENCE_COLUMNS)
    if form is not None and cases is not None:
        differences = reconcile(form, ours[_stands_for(form, ours, names)], names)
    return Filed(form is not None, ours["agency"], ours["field"], differences, _faults(form, before))


def _form(folder: Path, quarter: pd.Period) -> Form06a | None:
    for ending in ("xlsx", "xls"):
        path = folder / f"form-06a-{periods.write_quarter(quarter)}.{ending}"
        if path.is_file():
            return read_form(path)
    return None


def _stands_for(form: Form06a, ours: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> str:
    """Return whether the rows of a form are bodies or fields: whichever leaves fewer rows unmatched."""
    unmatched = {by: reconcile(form, table, names)["code"].isna().sum() for by, table in ours.items()}
    return min(unmatched, key=lambda by: unmatched[by])


def _faults(form: Form06a | None, before: Form06a | None) -> pd.DataFrame:
    told = pd.DataFrame(columns=FAULTS)
    if form is None:
        return told
    identities = broken_identities(form).rename(columns={"identity": "rule"})
    told = pd.concat([told, identities[FAULTS]], ignore_index=True)
    if before is not None:
        gaps = broken_continuity(form, before).rename(columns={"carried_over": "left", "pending_before": "right"})
        told = pd.concat([told, gaps.assign(rule="(6)")[FAULTS]], ignore_index=True)
    return told.astype({"rule": "str", "name": "str", "left": "Int64", "right": "Int64", "difference": "Int64"})

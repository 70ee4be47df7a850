"""What must add up inside one form, and from one form to the next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from analysis.data.form06a.layout import COUNTS, IDENTITIES, NUMBER
from analysis.data.form06a.read import Form06a
from analysis.data.spelling import fold
from analysis.faults import BadData

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

"""Their form against our totals: every difference, largest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.data.form06a.layout import COUNTS, NUMBER, UNKNOWN_NAME
from analysis.data.form06a.read import Form06a
from analysis.data.spelling import fold, tidy
from analysis.faults import BadParameters

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

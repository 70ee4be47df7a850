"""What changed between two publications of a quarter: what went in, and what every promise came to."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.faults import BadParameters
from analysis.publish.store import manifest
from analysis.publish.store.manifest import Manifest

_INPUTS = {
    "plan_sha256": "plan",
    "data_sha256": "data",
    "code_sha256": "code of the numbers",
    "lock_sha256": "lock of dependencies",
}
_OF_THE_PAGES = {"pages": "code of the pages", "besides": "earlier publications and track record"}
COLUMNS = ["target", "part", "before", "after", "verdict_before", "verdict_after", "expected_before", "expected_after"]


def compare(before: Path, after: Path) -> tuple[list[str], pd.DataFrame]:
    """Return what went in differently, a line each, and the promises that came to something else.

    Parameters
    ----------
    before, after : Path
        Two published folders: ``reports/<plan>/<quarter>``, or runs in ``reports/.runs``.

    Returns
    -------
    lines : list of str
        Parameters, plan, data, notebooks, code, versions and earlier publications that are not the same.
    moved : pd.DataFrame
        `COLUMNS`: promises whose probability, verdict or expected share differs.

    Raises
    ------
    BadParameters
        A folder holds no publication.
    """
    first, second = _made(before), _made(after)
    lines = [
        f"{name}: {first.parameters.get(name)} → {second.parameters.get(name)}"
        for name in sorted({*first.parameters, *second.parameters})
        if first.parameters.get(name) != second.parameters.get(name)
    ]
    lines += [f"{word}: another one" for key, word in _INPUTS.items() if getattr(first, key) != getattr(second, key)]
    lines += [
        f"{name}: {first.versions.get(name)} → {second.versions.get(name)}"
        for name in sorted({*first.versions, *second.versions})
        if first.versions.get(name) != second.versions.get(name)
    ]
    before_it, after_it = first.recipe.notebooks, second.recipe.notebooks
    lines += [
        f"{stem}: {_became(stem in before_it, stem in after_it)}"
        for stem in sorted({*before_it, *after_it})
        if before_it.get(stem) != after_it.get(stem)
    ]
    recipes = (first.recipe, second.recipe)
    lines += [
        f"{word}: another one"
        for key, word in _OF_THE_PAGES.items()
        if len({getattr(recipe, key) for recipe in recipes}) > 1
    ]
    return lines, _moved(before / "attainment.csv", after / "attainment.csv")


def _became(was: bool, stays: bool) -> str:
    if was and stays:
        return "another notebook"
    return "no such notebook any more" if was else "a new notebook"


def _made(folder: Path) -> Manifest:
    made = manifest.read(folder)
    if made is None:
        raise BadParameters(f"{folder}: no publication; a folder with a {manifest.NAME} of ours was expected")
    return made


def _moved(before: Path, after: Path) -> pd.DataFrame:
    tables = [pd.read_csv(file, dtype={"part": str}).fillna({"part": ""}) for file in (before, after)]
    kept = [
        table[["target", "part", "probability", "verdict", "expected"]].rename(
            columns={"probability": name, "verdict": f"verdict_{name}", "expected": f"expected_{name}"}
        )
        for table, name in zip(tables, ("before", "after"), strict=True)
    ]
    both = kept[0].merge(kept[1], on=["target", "part"], how="outer", sort=False)
    same = both["verdict_before"].eq(both["verdict_after"])
    for name in ("", "expected_"):
        one, other = both[f"{name}before"], both[f"{name}after"]
        same &= one.eq(other) | (one.isna() & other.isna())
    return both.loc[~same, COLUMNS].reset_index(drop=True)

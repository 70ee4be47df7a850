"""Compare two releases of a quarter: what went into them, and the result of every target."""

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
_PAGE_INPUTS = {"pages": "code of the pages", "besides": "earlier publications and track record"}
COLUMNS = ["target", "part", "before", "after", "verdict_before", "verdict_after", "expected_before", "expected_after"]


def compare(before: Path, after: Path) -> tuple[list[str], pd.DataFrame]:
    """Return what went in differently, one line each, and the targets whose result differs.

    Parameters
    ----------
    before, after : Path
        Folders of two releases: ``reports/<plan>/<quarter>``, or runs in ``reports/.runs``.

    Returns
    -------
    lines : list of str
        Parameters, plan, data, notebooks, code, versions and earlier releases that are not the same.
    changed : pd.DataFrame
        `COLUMNS`: targets whose probability, verdict or expected share (0-1) differs.

    Raises
    ------
    BadParameters
        A folder holds no release.
    """
    first, second = _read_manifest(before), _read_manifest(after)
    lines = [
        f"{name}: {first.parameters.get(name)} → {second.parameters.get(name)}"
        for name in sorted({*first.parameters, *second.parameters})
        if first.parameters.get(name) != second.parameters.get(name)
    ]
    lines += [f"{name}: another one" for key, name in _INPUTS.items() if getattr(first, key) != getattr(second, key)]
    lines += [
        f"{name}: {first.versions.get(name)} → {second.versions.get(name)}"
        for name in sorted({*first.versions, *second.versions})
        if first.versions.get(name) != second.versions.get(name)
    ]
    notebooks_before, notebooks_after = first.recipe.notebooks, second.recipe.notebooks
    lines += [
        f"{stem}: {_describe_change(stem in notebooks_before, stem in notebooks_after)}"
        for stem in sorted({*notebooks_before, *notebooks_after})
        if notebooks_before.get(stem) != notebooks_after.get(stem)
    ]
    recipes = (first.recipe, second.recipe)
    lines += [
        f"{name}: another one"
        for key, name in _PAGE_INPUTS.items()
        if len({getattr(recipe, key) for recipe in recipes}) > 1
    ]
    return lines, _changed_targets(before / "attainment.csv", after / "attainment.csv")


def _describe_change(was_there: bool, is_there: bool) -> str:
    if was_there and is_there:
        return "another notebook"
    return "no such notebook any more" if was_there else "a new notebook"


def _read_manifest(folder: Path) -> Manifest:
    found = manifest.read(folder)
    if found is None:
        raise BadParameters(f"{folder}: no publication; a folder with a {manifest.NAME} of ours was expected")
    return found


def _changed_targets(before: Path, after: Path) -> pd.DataFrame:
    tables = [pd.read_csv(file, dtype={"part": str}).fillna({"part": ""}) for file in (before, after)]
    first, second = (
        table[["target", "part", "probability", "verdict", "expected"]].rename(
            columns={"probability": name, "verdict": f"verdict_{name}", "expected": f"expected_{name}"}
        )
        for table, name in zip(tables, ("before", "after"), strict=True)
    )
    both = first.merge(second, on=["target", "part"], how="outer", sort=False)
    is_same = both["verdict_before"].eq(both["verdict_after"])
    for prefix in ("", "expected_"):
        one, other = both[f"{prefix}before"], both[f"{prefix}after"]
        is_same &= one.eq(other) | (one.isna() & other.isna())
    return both.loc[~is_same, COLUMNS].reset_index(drop=True)

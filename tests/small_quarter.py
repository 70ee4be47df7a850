"""Quarters that are computed in two seconds, the whole way from files to verdicts: one promise on two bodies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import yaml

from analysis import strict_yaml
from analysis.parameters import ROOT


def small_inputs(folder: Path, plan_name: str = "plan") -> dict[str, str]:
    """Write plan and data into a folder, and return where: one promise, no open question, two bodies, three years."""
    plan = strict_yaml.read(ROOT / "parameters/plans/khanh-hoa-2021.yml", what="plan").content
    promise = plan["targets"]["online_uptake"]
    del promise["combine"], promise["parts"]["of_published"]
    plan |= {"targets": {"online_uptake": promise}, "questions": {}, "breaks": {}}
    plan["indicators"] = {"online_of_all": plan["indicators"]["online_of_all"]}
    file = folder / f"{plan_name}.yml"
    file.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")

    def few(counts: pd.DataFrame) -> pd.DataFrame:
        return counts[counts["agency"].isin(["sxd", "stp"]) & (counts["period"] >= "2019")]

    return {"plan_file": str(file), "input_path": changed_data(folder / "data", few)}


def changed_data(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame], *, with_cases: bool = False) -> str:
    """Copy the demo's data into a folder with its counts changed, and return where.

    Without `with_cases` there are counts alone: what else the demo has agrees with its own.
    """
    beside_counts = shutil.ignore_patterns("cases.parquet", "form-06a-*", "20??-??-??")
    shutil.copytree(ROOT / "data/demo", folder, ignore=None if with_cases else beside_counts)
    if not with_cases:
        about = strict_yaml.read(folder / "about.yml", what="description").content
        del about["cases_beside_counts"]
        (folder / "about.yml").write_text(yaml.safe_dump(about, allow_unicode=True), encoding="utf-8")
    counts = change(pd.read_parquet(folder / "counts.parquet"))
    counts.to_parquet(folder / "counts.parquet", index=False)
    return str(folder)

"""Indicators of the library counted from tables made by hand, for the tests of several rooms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from analysis import strict_yaml
from analysis.data.measure import Counting
from analysis.data.measures import count_measures
from analysis.indicators.measured import indicator_series, measures_of
from analysis.plan.library import LIBRARY
from analysis.plan.plan import Plan
from run_inputs import run_input

TEXT = {"vi": "a", "en": "a"}
TARGETS = {"centre": {"kind": "milestones", "title": TEXT, "reported": "r"}}


def library_plan(
    *names: str, changes: Mapping[str, Any] | None = None, groups: Mapping[str, Mapping[str, list[str]]] | None = None
) -> Plan:
    """Return a plan with indicators of the library, the first with some changes, and with groups."""
    found = {name: dict(strict_yaml.read(LIBRARY / f"{name}.yml", what="indicator").content) for name in names}
    found[names[0]] |= dict(changes or {})
    titled = {
        dimension: {name: {"title": TEXT, "members": members} for name, members in some.items()}
        for dimension, some in (groups or {}).items()
    }
    said = {"title": TEXT, "year": 2021, "calendar": {"frequency": "M"}, "source": "s", "scope": TEXT, "unit": TEXT}
    return Plan.model_validate(said | {"indicators": found, "groups": titled, "targets": TARGETS})


def library_series(
    name: str,
    changes: Mapping[str, Any] | None = None,
    *,
    with_others: tuple[str, ...] = (),
    groups: Mapping[str, Mapping[str, list[str]]] | None = None,
    **tables: pd.DataFrame,
) -> pd.DataFrame:
    """Return an indicator of the library, with some changes, as series counted from tables."""
    return counted_series(library_plan(name, *with_others, changes=changes, groups=groups), name, **tables)


def counted_series(plan: Plan, name: str, **tables: pd.DataFrame) -> pd.DataFrame:
    """Return an indicator of a plan as series counted from tables, with every group."""
    how = Counting(date(2021, 12, 31), "M", None, None, ("agency", "field"))
    cells = count_measures(measures_of(plan).values(), run_input(**tables), how)
    series = indicator_series(plan, cells, through="2021Q4", gaps_are_zero=False, groups=plan.groups)
    return series[series["indicator"].isin([name, f"{name}_resolved"])]

"""Results made by hand, and results with some of their tables replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analysis.plan.plan import Plan
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.results import STAGES, Results


def changed(results: Results, **tables: Any) -> Results:
    """Return results with other tables, each found in its stage by its name; the rest is theirs."""
    new: dict[str, Any] = {}
    for stage, kind in STAGES.items():
        mine = {name: tables.pop(name) for name in kind.frames() if name in tables}
        if mine:
            new[stage] = replace(getattr(results, stage), **mine)
    return replace(results, **new, **tables)


def made_results(
    plan: Plan, fingerprint: Fingerprint, *, of_data: dict[str, Any], default: Any, **tables: Any
) -> Results:
    """Return results whose tables are those given; `default` makes each other table of its name."""
    stages = {
        stage: kind(
            **(of_data if stage == "data" else {}),
            **{name: tables[name] if name in tables else default(name) for name in kind.frames()},
        )
        for stage, kind in STAGES.items()
    }
    return Results(plan=plan, fingerprint=fingerprint, version="0", **stages)  # type: ignore[arg-type]

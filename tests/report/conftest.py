"""The demo quarter, computed once for all that shows it, and quarters of which only the verdicts are made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import pytest

from analysis.attainment.verdict import COLUMNS
from analysis.data.sources.mapping import About
from analysis.parameters import ROOT, RunParameters
from analysis.plan.plan import Plan, read_plan
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.results import Results
from changed_results import made_results


@pytest.fixture(scope="session")
def run(demo_run: RunParameters) -> RunParameters:
    return demo_run


@pytest.fixture(scope="session")
def results(demo_quarter: Results) -> Results:
    return demo_quarter


@pytest.fixture(scope="session")
def demo_plan() -> Plan:
    return read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml")


@pytest.fixture(scope="session")
def made(demo_plan: Plan) -> Callable[..., Results]:
    """Return a maker of results of which nothing is known but what is said of some promises, and was a quarter ago."""

    def made(
        now: Mapping[str, tuple[float, str]],
        before: Mapping[str, tuple[float, str]] | None = None,
        *,
        quarter: str = "2021-Q3",
    ) -> Results:
        plan = demo_plan.model_copy(update={"targets": {name: demo_plan.targets[name] for name in now}})
        earlier = str(pd.Period(quarter.replace("-", ""), freq="Q") - 1)
        return made_results(
            plan,
            Fingerprint("parameters", "plan", "data", "code"),
            of_data={"about": About(title="t", source="s", simulated=True), "basis": "exact", "compared_with": None,
                     "form_filed": False},
            default=lambda name: pd.DataFrame({"target": pd.Series(dtype="str"), "part": pd.Series(dtype="str")}),
            promises=_promises(now, quarter),
            previous=_promises(before or {}, f"{earlier[:4]}-{earlier[4:]}"),
        )  # fmt: skip

    return made


def _promises(said: Mapping[str, tuple[float, str]], quarter: str) -> pd.DataFrame:
    rows = [
        {
            "target": target,
            "part": "",
            "indicator": "inventory",
            "quarter": quarter,
            "rule": "",
            "probability": probability,
            "verdict": verdict,
            "note": "no_counts" if verdict == "not_estimated" else "",
        }
        for target, (probability, verdict) in said.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)

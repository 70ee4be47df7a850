"""A release that holds nothing but its lines of the ledger, and a ledger, both of the shipped plan of 2021."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from analysis.plan.record import Text
from analysis.publish.store import manifest
from analysis.publish.store.manifest import Manifest, Recipe
from analysis.report.published_probabilities import COLUMNS

PLAN = "khanh-hoa-2021"
AS_OF = {"2021-Q1": "2021-03-20", "2021-Q2": "2021-06-20", "2021-Q3": "2021-09-20"}


def line(quarter: str, target: str, verdict: str, *, hour: int = 8, part: str = "") -> list[str]:
    """Return a line of the ledger, published at some hour of the day up to which its data is known."""
    values = {
        "published_at": f"{AS_OF[quarter]}T{hour:02}:00:00+00:00", "fingerprint": f"key-{quarter}", "quarter": quarter,
        "as_of": AS_OF[quarter], "status": "draft", "target": target, "part": part, "rule": "at_least",
        "threshold": "0.3", "probability": "0.5", "baseline_probability": "0.4", "verdict": verdict,
    }  # fmt: skip
    return [values[name] for name in COLUMNS]


def write_ledger(folder: Path, *lines: list[str]) -> Path:
    """Write the ledger of the plan into a folder, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(lines, columns=COLUMNS).to_csv(folder / f"{PLAN}.csv", index=False)
    return folder


def release(reports: Path, *lines: list[str]) -> Path:
    """Release a run that made these lines in a reports folder, and return that."""
    run_id, quarter = "one-run", lines[0][COLUMNS.index("quarter")]
    folder = reports / ".runs" / run_id
    folder.mkdir(parents=True)
    hashes = dict.fromkeys(("plan_sha256", "data_sha256", "code_sha256", "lock_sha256"), "x")
    recipe = Recipe(results_key="k", language="vi", status="draft", signed_by=None, as_of=AS_OF[quarter],
                    notebooks={}, pages="x", besides="x", made_with="x")  # fmt: skip
    made = Manifest(run_id=run_id, made_at=datetime(2021, 9, 21, tzinfo=UTC), parameters={}, recipe=recipe, **hashes,
                    versions={}, title=Text(vi="K", en="P"), targets={}, notebooks={}, files={},
                    ledger=tuple(map(tuple, lines)))  # fmt: skip
    manifest.write(made, folder)
    (reports / PLAN).mkdir()
    (reports / PLAN / quarter).symlink_to(f"../.runs/{run_id}")
    return reports

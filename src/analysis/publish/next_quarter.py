"""The run file of the next quarter, written from that of the last."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from analysis import periods
from analysis.faults import BadParameters
from analysis.parameters import read_run_file, resolve
from analysis.plan import read_plan


def next_quarter(run_file: Path) -> Path:
    """Return the run file of the quarter after a given one, newly written beside it: a draft, signed by nobody.

    The data is expected as many days after the quarter closes as before; an input folder named after its day gets the
    new one.

    Raises
    ------
    BadParameters
        The run file or its plan is wrong, the plan's year ends with the quarter, or the next run file is there.
    """
    run = read_run_file(run_file)
    plan = read_plan(resolve(run.plan_file))
    following = run.quarter_period + 1
    if following.year != plan.year:
        raise BadParameters(f"{run_file}: {run.quarter} ends {plan.year}; a plan for the year after was expected first")
    name = periods.write_quarter(following)
    path = run_file.with_name(run_file.name.replace(run.quarter, name))
    if path == run_file:
        path = run_file.with_name(f"{name}{run_file.suffix}")
    if path.exists():
        raise BadParameters(f"{path}: is there already; nothing was written")
    closes, closed = (periods.last_day(one, plan.calendar.cutoff_day) for one in (following, run.quarter_period))
    as_of: date = closes + timedelta(days=(run.as_of - closed).days)
    written: dict[str, Any] = yaml.safe_load(run_file.read_text(encoding="utf-8"))
    written |= {"quarter": name, "as_of": as_of.isoformat()}
    written["input_path"] = str(written["input_path"]).replace(run.as_of.isoformat(), as_of.isoformat())
    written |= {"status": "draft"} if "status" in written else {}
    written.pop("signed_by", None)
    part = path.with_name(f".{path.name}.part")
    part.write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), encoding="utf-8")
    part.replace(path)
    return path

"""Which quarters should have been published by now, and how a scheduler is told to look every day."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from analysis import periods
from analysis.faults import BadParameters
from analysis.parameters import RunParameters, read_run_file, resolve
from analysis.plan import read_plan
from analysis.publish.store.releases import Shelf

SYSTEMD = """\
# ~/.config/systemd/user/dunghen.service
[Unit]
Description=Đúng Hẹn: publish the quarters that are due

[Service]
Type=oneshot
ExecStart={command}

# ~/.config/systemd/user/dunghen.timer
[Unit]
Description=Đúng Hẹn, every morning; a day missed is caught up

[Timer]
OnCalendar=*-*-* 06:00
Persistent=true

[Install]
WantedBy=timers.target
"""

CRON = "0 6 * * * {command}\n"


def due(runs: Iterable[RunParameters], reports: Path, *, today: date) -> list[RunParameters]:
    """Return the runs whose data is complete by a day and whose quarter is not published, earliest first.

    Every missed quarter is among them, so that a machine that was off catches up.

    Parameters
    ----------
    runs : iterable of RunParameters
        Those there are.
    reports : Path
        The reports folder.
    today : date
        The day.
    """
    found = [one for one in runs if one.as_of <= today and not _is_published(reports, one)]
    return sorted(found, key=lambda one: (one.as_of, one.plan_name))


def _is_published(reports: Path, one: RunParameters) -> bool:
    link = Shelf(reports, one.plan_name, one.quarter).link
    # A folder in the link's place is no publication of ours; the run itself says that it is in the way.
    return link.is_symlink() and link.is_dir()


def schedule(kind: str, command: Sequence[str]) -> str:
    """Return the lines that have a scheduler run a command every morning.

    Parameters
    ----------
    kind : {"systemd", "cron"}
        The scheduler.
    command : sequence of str
        The command and its arguments.
    """
    template, line = {"systemd": (SYSTEMD, _systemd_line), "cron": (CRON, _cron_line)}[kind]
    return template.format(command=line(command))


def _cron_line(command: Sequence[str]) -> str:
    # A bare % is the end of the line to cron. Its \% stands outside the quotes: some crons leave it to the shell.
    return " ".join(r"\%".join(map(shlex.quote, word.split("%"))) for word in command)


def _systemd_line(command: Sequence[str]) -> str:
    # $NAME is put in inside quotes too, but not in the name of the program, where $$ would be two.
    program, *arguments = command
    words = [program, *(word.replace("$", "$$") for word in arguments)]
    return " ".join(_systemd_quoted(word.replace("%", "%%")) for word in words)


def _systemd_quoted(word: str) -> str:
    if re.fullmatch(r"[\w@%$+=:,./-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


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

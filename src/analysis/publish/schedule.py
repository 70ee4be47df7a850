"""Find the quarters that are due, write the schedule of a daily check, and draft the run file of the next quarter."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import yaml

from analysis import periods, strict_yaml
from analysis.faults import BadParameters
from analysis.parameters import RunParameters, read_run_file, resolve
from analysis.plan.plan import read_plan
from analysis.publish.store.ledger import lacks
from analysis.publish.store.releases import ReleaseStore

SYSTEMD = """\
# ~/.config/systemd/user/dunghen.service
[Unit]
Description=Đúng Hẹn: publish the quarters that are due

[Service]
Type=oneshot
WorkingDirectory={folder}
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

CRON = "0 6 * * * cd {folder} && {command}\n"


def due(runs: Iterable[RunParameters], reports: Path, *, today: date) -> list[RunParameters]:
    """Return the runs whose data is complete by a day and whose quarter is not released yet, earliest first.

    Every missed quarter is included, so that a machine that was switched off catches up.

    Parameters
    ----------
    runs : iterable of RunParameters
        The runs to choose from.
    reports : Path
        The reports folder.
    today : date
        The day; the data of a run is complete from its `as_of` on.
    """
    waiting = [run for run in runs if run.as_of <= today and not _is_released(reports, run)]
    return sorted(waiting, key=lambda run: (run.as_of, run.plan_name))


def awaits_data(run: RunParameters) -> bool:
    """Return whether a run is an exercise whose input is not on this machine: nobody waits for it.

    The input of any other run is expected, and one that lacks it cannot be begun.
    """
    try:
        return run.exercise and not resolve(run.input_path).exists()
    except (OSError, RuntimeError):
        # Too long a name, links in a circle: wrong, not absent; reading the run says so.
        return False


def unentered(runs: Iterable[RunParameters], reports: Path, ledger: Path) -> list[ReleaseStore]:
    """Return the quarters of runs that are released and whose probabilities the ledger lacks, in the runs' order.

    A publication is whole with its lines of the ledger only: an earlier one may have been killed before them.

    Parameters
    ----------
    runs : iterable of RunParameters
        The runs to choose from.
    reports : Path
        The reports folder.
    ledger : Path
        Folder of the ledger.

    Raises
    ------
    BadData, EnvironmentFault
        A plan's file is not, or no longer, a ledger; or cannot be read.
    """
    stores = [ReleaseStore(reports, run.plan_name, run.quarter) for run in runs if _is_released(reports, run)]
    return [store for store in dict.fromkeys(stores) if lacks(ledger, store)]


def _is_released(reports: Path, run: RunParameters) -> bool:
    link = ReleaseStore(reports, run.plan_name, run.quarter).link
    # A folder in the link's place is no release of ours; the run itself reports that it is in the way.
    return link.is_symlink() and link.is_dir()


def schedule(kind: str, command: Sequence[str], folder: Path) -> str:
    """Return the lines that make a scheduler run a command every morning.

    Parameters
    ----------
    kind : {"systemd", "cron"}
        The scheduler.
    command : sequence of str
        The command and its arguments.
    folder : Path
        The project's folder, which the command finds from its working directory.
    """
    if kind == "systemd":
        # The rest of the line is the folder, spaces included; only % means something in it.
        return SYSTEMD.format(command=_systemd_line(command), folder=str(folder).replace("%", "%%"))
    return CRON.format(command=_cron_line(command), folder=_cron_line([str(folder)]))


def _cron_line(command: Sequence[str]) -> str:
    # cron ends the line at a bare %. The \% stands outside the quotes: some crons leave its backslash to the shell.
    return " ".join(r"\%".join(map(shlex.quote, word.split("%"))) for word in command)


def _systemd_line(command: Sequence[str]) -> str:
    # systemd replaces $NAME inside quotes, too, but not in the name of the program, where $$ would stay two signs.
    program, *arguments = command
    words = [program, *(word.replace("$", "$$") for word in arguments)]
    return " ".join(_quote_for_systemd(word.replace("%", "%%")) for word in words)


def _quote_for_systemd(word: str) -> str:
    if re.fullmatch(r"[\w@%$+=:,./-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def next_quarter(run_file: Path) -> Path:
    """Write the run file of the quarter after a given one beside it, as an unsigned draft, and return its path.

    The new `as_of` is as many days after the end of its quarter as the old one was. Where the path of the input
    contains the old day, it gets the new one.

    Raises
    ------
    BadParameters
        The run file or its plan is invalid, the plan's year ends with the quarter, or the next run file exists.
    """
    run = read_run_file(run_file)
    plan = read_plan(resolve(run.plan_file))
    next_period = run.quarter_period + 1
    if next_period.year != plan.year:
        raise BadParameters(f"{run_file}: {run.quarter} ends {plan.year}; a plan for the year after was expected first")
    name = periods.write_quarter(next_period)
    path = run_file.with_name(run_file.name.replace(run.quarter, name))
    if path == run_file:
        path = run_file.with_name(f"{name}{run_file.suffix}")
    if path.exists():
        raise BadParameters(f"{path}: is there already; nothing was written")
    next_last_day, last_day = (
        periods.last_day(period, plan.calendar.cutoff_day) for period in (next_period, run.quarter_period)
    )
    as_of: date = next_last_day + timedelta(days=(run.as_of - last_day).days)
    values = strict_yaml.read(run_file, what="run file").content
    values |= {"quarter": name, "as_of": as_of.isoformat()}
    values["input_path"] = str(values["input_path"]).replace(run.as_of.isoformat(), as_of.isoformat())
    values |= {"status": "draft"} if "status" in values else {}
    values.pop("signed_by", None)
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False), encoding="utf-8")
    partial.replace(path)
    return path

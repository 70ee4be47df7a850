"""Which quarters should have been published by now, and how a scheduler is told to look every day."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from analysis.parameters import RunParameters
from analysis.publish.kept.shelf import Shelf

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

"""Run files: find and read those a command is given, and write that of the next quarter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analysis.commands.console import exit_on_fault
from analysis.faults import Fault

if TYPE_CHECKING:
    from analysis.parameters import RunParameters

_NAME = "[0-9][0-9][0-9][0-9]-Q[1-4].yml"


def run_files(paths: tuple[Path, ...]) -> list[Path]:
    """Return files as they are, and for a folder the run files in it, or in the folders of plans in it.

    Without any path, those of ``parameters/``. A folder without run files is returned itself: reading it will say that
    it is no run file.
    """
    from analysis.parameters import ROOT

    if not paths:
        return sorted((ROOT / "parameters").glob(f"*/{_NAME}"))
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob(_NAME)) or sorted(path.glob(f"*/{_NAME}")) or [path]
    return found


def read_runs(
    paths: tuple[Path, ...], input_path: Path | None, language: str | None = None, each: str | None = None
) -> list[RunParameters]:
    """Return the runs of all files; if one of them is bad, print why and end the command before any run starts.

    Parameters
    ----------
    paths : tuple of Path
        The run files.
    input_path : Path or None
        Folder or file received, instead of that of the run files.
    language : {"vi", "en"} or None
        Language of the pages, instead of that of the run files.
    each : str or None
        Whose bodies each have an edition, instead of what the run files say.

    Raises
    ------
    SystemExit
        With the highest exit code of those that cannot be begun, if there are any.
    """
    runs: list[RunParameters] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            runs.append(read_run(path, input_path, language, each))
        except Fault as bad:
            faults.append(bad)
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        raise SystemExit(max(fault.exit_code for fault in faults))
    return runs


def read_run(
    path: Path, input_path: Path | None = None, language: str | None = None, each: str | None = None
) -> RunParameters:
    """Return the run of a file, checked: its plan can be read and its input is there.

    Parameters
    ----------
    path : Path
        The run file.
    input_path : Path or None
        Folder or file received, instead of that of the run file.
    language : {"vi", "en"} or None
        Language of the pages, instead of that of the run file.
    each : str or None
        Whose bodies each have an edition, instead of what the run file says.

    Raises
    ------
    BadParameters, BadData
        The run cannot be begun.
    """
    from analysis.parameters import read_run_file, resolve
    from analysis.plan.plan import read_plan

    one = read_run_file(path, input_path=input_path and _from_project(input_path), language=language, each=each)
    read_plan(resolve(one.plan_file)).answered(one.answers)
    return one


def _from_project(path: Path) -> str:
    """Return a path as run files write it, relative to the project or absolute, from one relative to the caller."""
    from analysis.parameters import ROOT

    absolute = path.resolve()
    return str(absolute.relative_to(ROOT) if absolute.is_relative_to(ROOT) else absolute)


@click.command("new-quarter")
@click.argument("run_file", metavar="RUNFILE", type=click.Path(path_type=Path))
def new_quarter(run_file: Path) -> None:
    """Write the run file of the quarter after that of RUNFILE, a draft, beside it.

    Ends with 0 written; 2 bad run file, the plan's year ends, or the file is there already; 6 disk.
    """
    from analysis.publish.schedule import next_quarter

    with exit_on_fault(run_file):
        click.echo(f"written: {next_quarter(run_file)}")

"""Run files: read for what a command does with them, and the next quarter's written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analysis.commands.console import faults_told

if TYPE_CHECKING:
    from analysis.parameters import RunParameters


_NAME = "[0-9][0-9][0-9][0-9]-Q[1-4].yml"


def run_files(given: tuple[Path, ...]) -> list[Path]:
    """Return files as given, and for a folder the run files in it, or in the folders of plans in it.

    Where nothing is given, those of ``parameters/``. A folder with none is returned itself, which is no run file.
    """
    from analysis.parameters import ROOT

    if not given:
        return sorted((ROOT / "parameters").glob(f"*/{_NAME}"))
    found: list[Path] = []
    for path in given:
        found += sorted(path.glob(_NAME)) or sorted(path.glob(f"*/{_NAME}")) or [path]
    return found


def read_runs(paths: tuple[Path, ...], received: Path | None, language: str | None) -> list[RunParameters]:
    """Return the runs of all files; one bad file and none of them starts."""
    from analysis.faults import BadParameters

    runs, faults = [], []
    for path in paths:
        try:
            runs.append(read_run(path, received, language))
        except BadParameters as fault:
            faults.append(fault)
    for told in faults:
        click.echo(str(told), err=True)
    if faults:
        raise SystemExit(BadParameters.exit_code)
    return runs


def read_run(path: Path, received: Path | None = None, language: str | None = None) -> RunParameters:
    """Return the run of a file, whose plan can be read and whose input is there.

    Raises
    ------
    BadParameters
        It cannot be begun.
    """
    from analysis import plan
    from analysis.parameters import read_run_file, resolve

    one = read_run_file(path, input_path=received and _from_project(received), language=language)
    plan.read_plan(resolve(one.plan_file))
    return one


def _from_project(path: Path) -> str:
    """Return a path given from the caller's folder as run files write it: from the project, or absolute."""
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

    with faults_told(run_file):
        click.echo(f"written: {next_quarter(run_file)}")

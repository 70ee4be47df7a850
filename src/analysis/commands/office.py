"""The commands about an office's own folder: lay it out, and bring newer notebooks into it."""

from __future__ import annotations

import shlex
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analysis.commands.console import exit_on_fault, write_error
from analysis.faults import BadParameters

if TYPE_CHECKING:
    from analysis.office_folder import Change

_DEMO_SCALE = 0.1
"""Size of the simulated province of 2026: some 19,000 cases a quarter, written in seconds."""

_KNOWN_UNTIL = date(2026, 10, 5)
"""Last day known in it: that of the run file of its third quarter."""


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option(
    "--province",
    type=click.Choice(["2021", "2026"]),
    default="2021",
    show_default=True,
    help="Whose plan to start from: three tiers, ten promises; or two tiers, twenty-one promises.",
)
def init(folder: Path, province: str) -> None:
    """Lay out FOLDER for an office: notebooks, parameters, data; its own plan to start from, the demo beside it.

    Ends with 0 laid out; 2 there is something in the folder; 6 disk. It is laid out whole or not at all.
    """
    from analysis.office_folder import PROVINCES, lay_out

    def write_province(part: Path) -> None:
        if province == "2026":
            _write_two_tier(part / "data" / "demo-2026")

    target = folder.resolve()
    with exit_on_fault(target):
        plan = lay_out(target, PROVINCES[province], write_province)
    click.echo(f"laid out: {target}")
    run_file = f"parameters/{plan}/{PROVINCES[province].quarter}.yml"
    click.echo(f"next: cd {shlex.quote(str(target))} && dunghen run {shlex.quote(run_file)}")


def _write_two_tier(folder: Path) -> None:
    from analysis.data.simulate.two_tier.folder import write_two_tier

    write_two_tier(folder, seed=2026, scale=_DEMO_SCALE, until=_KNOWN_UNTIL)


@click.command("upgrade-notebooks")
@click.option("--dry-run", is_flag=True, help="Say what would be done and do nothing.")
def upgrade_notebooks(dry_run: bool) -> None:
    """Bring newer notebooks, indicators and figures of the suite into the office's folder around here.

    A file the office has changed stays as it is, and what is newer of it is put into newer/. Plans, run files, mappings
    and data are the office's.

    Ends with 0 done, or nothing newer; 2 no folder of an office; 6 disk.
    """
    from analysis.office_folder import DISTRIBUTION, upgrade
    from analysis.project import project_folder

    folder = project_folder()
    with exit_on_fault(folder):
        changes = upgrade(folder, dry_run=dry_run)
    for change in changes:
        click.echo(_line(change, version(DISTRIBUTION)))
    if not changes:
        click.echo(f"nothing is newer: {folder}")
    elif dry_run:
        click.echo("nothing was done (--dry-run)")


def _line(change: Change, release: str) -> str:
    from analysis.office_folder import newer_path

    done = {
        "replaced": f"replaced by that of {release}",
        "added": f"new in {release}",
        "beside": f"changed by the office and left as it is; that of {release}: {newer_path(change.path, release)}",
        "left out": "removed by the office and not brought back",
        "withdrawn": f"removed: {release} has it no more",
        "orphaned": f"changed by the office and left as it is; {release} has it no more",
    }
    return f"{change.path}: {done[change.kind]}"


def warn_of_other_version() -> None:
    """Print on the error stream that the notebooks here are of another version of the suite, if they are."""
    from analysis.office_folder import DISTRIBUTION, other_version
    from analysis.parameters import ROOT

    try:
        theirs = other_version(ROOT)
    except BadParameters as fault:
        # A report does not depend on the mark's contents.
        write_error(str(fault))
        return
    if theirs:
        ours = version(DISTRIBUTION)
        write_error(f"the notebooks here are of version {theirs}, dunghen is {ours}: run dunghen upgrade-notebooks")

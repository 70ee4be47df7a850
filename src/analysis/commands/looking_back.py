"""Look back at what was run, and at what changed from one publication to another."""

from __future__ import annotations

from pathlib import Path

import click

from analysis.commands.telling import faults_told


@click.command()
@click.option("--plan", help="Only runs of this plan.")
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the latest last.")
@click.option("--reports", type=click.Path(file_okay=False, path_type=Path), help="The reports folder.")
def history(plan: str | None, last: int, reports: Path | None) -> None:
    """Say who ran what on which data with which result."""
    from analysis.publish.kept.history import history as remembered
    from analysis.publish.run import REPORTS

    runs = remembered(reports or REPORTS)
    runs = runs[runs["plan"] == plan] if plan else runs
    if runs.empty:
        click.echo("no run yet")
    for one in runs.tail(last).itertuples():
        told = f"{one.ended_at}  {one.who}  {one.plan} {one.quarter}  as of {one.as_of}  data {one.data[:12] or '-'}"
        why = f": {one.reason}" if one.reason else ""
        click.echo(f"{told}  {one.status}  {one.ended} ({one.code}) in {one.seconds} s{why}")


@click.command()
@click.argument("before", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("after", type=click.Path(exists=True, file_okay=False, path_type=Path))
def compare(before: Path, after: Path) -> None:
    """Say what changed between two publications: reports/PLAN/QUARTER, or run folders in reports/.runs.

    Ends with 0; 2 where a folder holds no publication.
    """
    from analysis.publish.kept.compare import compare as compared

    with faults_told(before):
        lines, moved = compared(before, after)
    for line in lines or ["the same parameters, plan, data, notebooks, code, versions and earlier publications"]:
        click.echo(line)
    for one in moved.itertuples():
        what = f"{one.target}/{one.part}" if one.part else one.target
        click.echo(
            f"{what}: {one.verdict_before} {one.before:.3f} → {one.verdict_after} {one.after:.3f}, "
            f"expected {one.expected_before:.4f} → {one.expected_after:.4f}"
        )
    if moved.empty:
        click.echo("no promise moved")

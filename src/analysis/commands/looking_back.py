"""The commands that look back: grade the forecast on past years, list the runs made, compare two reports."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from analysis.commands.console import exit_on_fault, report_progress
from analysis.rules import Rule


@click.command()
@click.argument("panels", metavar="[NAME=]PANEL.csv...", nargs=-1, required=True)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into.")
@click.option(
    "--rule", type=click.Choice(get_args(Rule)), default="at_least", show_default=True,
    help="How a share keeps a promise.",
)  # fmt: skip
@click.option("--year-start", type=click.IntRange(1, 12), default=1, show_default=True, help="First month of a year.")
@click.option("--members", help="Models to forecast with, separated by commas; all by default.")
@click.option("--seed", type=click.IntRange(min=0), default=2021, show_default=True, help="Same seed, same numbers.")
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Of the page.")
def backtest(
    panels: tuple[str, ...], out: Path, rule: Rule, year_start: int, members: str | None,
    seed: int, language: str,
) -> None:  # fmt: skip
    """Forecast every past year of each PANEL from what was known then, and grade it.

    A panel is a CSV file of series, period (2021-09 or 2021Q3), numerator, denominator or, of means, series, period,
    total, total_squares, cases; other columns are ignored. NAME defaults to the name of its folder.

    \b
    Writes forecasts.parquet, totals.parquet, scores.csv, report.html, and what the page is drawn from:
    years.csv, calibration.csv, places.csv, skill.csv.
    Ends with 0 written, 2 bad parameters, 3 bad data, 6 disk.
    """
    from analysis.publish.backtest_folder import write_backtest
    from analysis.report.wording import Wording

    with exit_on_fault(out):
        write_backtest(panels, out, rule=rule, year_start=year_start, members=members, seed=seed,
                       words=Wording(language), report_progress=report_progress)  # fmt: skip
    click.echo(f"written: {out / 'report.html'}")


@click.command()
@click.option("--plan", help="Only runs of this plan.")
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="How many, the latest last.")
@click.option("--reports", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The reports folder.")
def history(plan: str | None, last: int, reports: Path | None) -> None:
    """Say who ran what on which data with which result."""
    from analysis.publish.run import REPORTS
    from analysis.publish.store.history import history as run_history

    runs = run_history(reports or REPORTS)
    runs = runs[runs["plan"] == plan] if plan else runs
    if runs.empty:
        click.echo(f"no run of {plan} yet" if plan else "no run yet")
    for one in runs.tail(last).itertuples():
        line = f"{one.ended_at}  {one.who}  {one.plan} {one.quarter}  as of {one.as_of}  data {one.data[:12] or '-'}"
        why = f": {one.reason}" if one.reason else ""
        click.echo(f"{line}  {one.status}  {one.ended} ({one.code}) in {one.seconds} s{why}")


@click.command()
@click.argument("before", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("after", type=click.Path(exists=True, file_okay=False, path_type=Path))
def compare(before: Path, after: Path) -> None:
    """Say what changed between two publications: reports/PLAN/QUARTER, or run folders in reports/.runs.

    Ends with 0; 2 where a folder holds no publication.
    """
    from analysis.publish.store.compare import compare as compare_releases

    with exit_on_fault(before):
        lines, moved = compare_releases(before, after)
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

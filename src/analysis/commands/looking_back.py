"""The commands that look back: grade the forecast on past years, list the runs made, compare two reports."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from analysis.commands.console import exit_on_fault, report_progress
from analysis.faults import BadData
from analysis.rules import Rule


@click.command()
@click.argument("panels", metavar="[NAME=]PANEL.csv...", nargs=-1, required=True)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into.")
@click.option(
    "--rule", type=click.Choice(get_args(Rule)), default="at_least", show_default=True,
    help="How a share keeps a promise.",
)  # fmt: skip
@click.option("--year-start", type=click.IntRange(1, 12), default=1, show_default=True, help="First month of a year.")
@click.option(
    "--members", default="default", show_default=True,
    help="Models to forecast with, separated by commas. 'all' adds those of other libraries, twenty times as slow.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=2021, show_default=True, help="Same seed, same numbers.")
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Of the page.")
def backtest(
    panels: tuple[str, ...], out: Path, rule: Rule, year_start: int, members: str,
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
@click.option("--verify", is_flag=True, help="Say what is not what its publication wrote; change nothing.")
@click.option("--repair", is_flag=True, help="Enter the probabilities that the ledger lacks of what is published.")
@click.option(
    "--merge", "other", type=click.Path(path_type=Path), help="Add the lines of another machine's ledger, PLAN.csv."
)
def history(plan: str | None, last: int, reports: Path | None, verify: bool, repair: bool, other: Path | None) -> None:
    """Say who ran what on which data with which result.

    \b
    Of --verify, --repair and --merge one; they look at all plans.
    Ends with 0; 3 where --verify finds something, or a ledger is none; 6 disk.
    """
    from analysis.publish.run import REPORTS
    from analysis.publish.store.history import history as run_history

    if verify + repair + bool(other) > 1:
        raise click.UsageError("one of --verify, --repair and --merge")
    if verify or repair or other:
        with exit_on_fault(reports or REPORTS):
            found = _verified(reports) if verify else _merged(other) if other else _repaired(reports)
        raise SystemExit(BadData.exit_code if found else 0)

    runs = run_history(reports or REPORTS)
    runs = runs[runs["plan"] == plan] if plan else runs
    if runs.empty:
        click.echo(f"no run of {plan} yet" if plan else "no run yet")
    for one in runs.tail(last).itertuples():
        line = f"{one.ended_at}  {one.who}  {one.plan} {one.quarter}  as of {one.as_of}  data {one.data[:12] or '-'}"
        why = f": {one.reason}" if one.reason else ""
        click.echo(f"{line}  {one.status}  {one.ended} ({one.code}) in {one.seconds} s{why}")


def _verified(reports: Path | None) -> bool:
    """Print what is not what its publication wrote; return whether anything is not."""
    from analysis.publish.run import REPORTS
    from analysis.publish.store.verify import released_quarters, verify
    from analysis.report.published_probabilities import LEDGER

    found = verify(reports or REPORTS, None if reports else LEDGER)
    for sentence in found:
        click.echo(sentence)
    if not found:
        click.echo(f"as it was published: {len(released_quarters(reports or REPORTS))} quarters, history and ledger")
    return bool(found)


def _repaired(reports: Path | None) -> bool:
    """Enter what the ledger lacks and print it; nothing of that is a fault."""
    from analysis.publish.run import REPORTS
    from analysis.publish.store.ledger import complete_if_free
    from analysis.publish.store.verify import released_quarters
    from analysis.report.published_probabilities import LEDGER

    if reports:
        raise click.UsageError("--repair is of this project's reports: what is published elsewhere is a trial")
    entered = {store: complete_if_free(LEDGER, store) for store in released_quarters(REPORTS)}
    for store, lines in entered.items():
        if lines:
            click.echo(f"{store.plan} {store.quarter}: entered {lines} probabilities, which the ledger lacked")
    if not any(entered.values()):
        click.echo("the ledger lacks nothing of what is published")
    return False


def _merged(other: Path) -> bool:
    """Add another machine's lines to the ledger and say how many; nothing of that is a fault."""
    from analysis.publish.store.ledger import merge
    from analysis.report.published_probabilities import LEDGER

    click.echo(f"{other.stem}: {merge(LEDGER, other)} lines added to {LEDGER / other.name}")
    return False


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

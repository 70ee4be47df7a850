"""The commands that make input: bring a file in, and write a simulated province."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from analysis.commands.console import exit_on_fault, report_progress


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--source", "mapping_file", required=True, type=click.Path(path_type=Path), help="Mapping of the file.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into.")
@click.option(
    "--extracted-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day the file was taken from its system; else about.yml's beside it, the mapping's, today.",
)
@click.option(
    "--reject-limit",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of the rows that may be rejected.",
)
@click.option("--as", "name", metavar="NAME", help="Which of several files of cases, or of ratings, it is: province.")
def ingest(
    file: str, mapping_file: Path, out: Path, extracted_on: datetime | None, reject_limit: float, name: str | None
) -> None:
    """Bring FILE into a folder of our tables and say what became of every row.

    FILE is a file, or the address of a PostgreSQL database without its password: postgresql://host/database.

    \b
    Writes <table>.parquet, rejected.parquet, flagged.parquet, intake.json, about.yml, summary.txt.
    Two systems in one folder: each file with its own --as NAME; a run counts a case of both once.
    Ends with 0 accepted, 2 bad mapping, 3 bad data or too many rejects, 6 disk or database.
    """
    from analysis.data.ingest.archive import archive
    from analysis.data.sources.about import with_folder_description
    from analysis.data.sources.mapping import read_mapping
    from analysis.report.intake_summary import summary

    try:
        with exit_on_fault(out):
            mapping = with_folder_description(read_mapping(mapping_file), file)
            day = extracted_on.date() if extracted_on else mapping.extracted_on or date.today()
            intake = archive(
                file,
                mapping,
                out,
                extracted_on=day,
                reject_limit=reject_limit,
                name=name,
                report_progress=report_progress,
            )
            (out / "summary.txt").write_text(summary(intake, out, name) + "\n", encoding="utf-8")
    except KeyboardInterrupt:
        click.echo("interrupted: nothing was written", err=True)
        raise SystemExit(130) from None
    click.echo(summary(intake, out, name))


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write; data/demo by default.")
@click.option("--seed", type=click.IntRange(min=0), default=2021, show_default=True, help="Same seed, same province.")
@click.option(
    "--cases", "case_count", type=click.IntRange(min=1000), help="Write this many cases, as an office exports."
)
@click.option("--dirty", is_flag=True, help="With each fault of the closed table in it, at a known count.")
def demo(out: Path | None, seed: int, case_count: int | None, dirty: bool) -> None:
    """Write the simulated province: its counts, or with --cases its case-level export.

    truth.json beside it says what is true; with --dirty also how many rows carry which fault.
    """
    from analysis.data.simulate.simulation import write_cases, write_demo
    from analysis.parameters import ROOT

    if (case_count or dirty) and out is None:
        raise click.UsageError("--out is missing: the demo folder keeps its counts")
    folder = (out or ROOT / "data" / "demo").resolve()
    with exit_on_fault(folder):
        if case_count or dirty:
            write_cases(folder, seed, case_count, dirty=dirty)
        else:
            write_demo(folder, seed)
    click.echo(f"simulated province, seed {seed}: {folder}")

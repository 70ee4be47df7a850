"""The commands that make input: bring a file in, and write a simulated province."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import click

from analysis.commands.console import exit_on_fault, report_progress, write_error
from analysis.faults import BadData


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--source", "mapping_file", required=True, type=click.Path(path_type=Path), help="Mapping of the file.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into.")
@click.option(
    "--extracted-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day the file was taken from its system; else about.yml's, the mapping's, that in OUT's name, today.",
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
    from analysis.data.sources.open import refuse_other_kind
    from analysis.report.intake_summary import summary

    try:
        with exit_on_fault(out):
            mapping = read_mapping(mapping_file)
            # Before anything else is done with it: what the system or a sentence says of a file repeats its path.
            refuse_other_kind(file, mapping)
            if Path(file).is_dir():
                raise BadData(f"{file} is a folder; one file received was expected")
            mapping = with_folder_description(mapping, file)
            day = extracted_on.date() if extracted_on else mapping.extracted_on or _day_of(out)
            intakes = archive(
                file,
                mapping,
                out,
                extracted_on=day,
                reject_limit=reject_limit,
                name=name,
                report_progress=report_progress,
            )
            told = "\n\n".join([*(summary(intake, out, name) for intake in intakes), f"taken on {day.isoformat()}"])
            (out / "summary.txt").write_text(f"{told}\n", encoding="utf-8")
    except KeyboardInterrupt:
        write_error("interrupted: nothing was written")
        raise SystemExit(130) from None
    click.echo(told)


def _day_of(out: Path) -> date:
    """Return the day that a folder is named after, where that is not to come; else today."""
    with suppress(ValueError):
        return min(date.fromisoformat(out.resolve().name), date.today())
    return date.today()


@click.command()
@click.option(
    "--province",
    type=click.Choice(["2021", "2026"]),
    default="2021",
    show_default=True,
    help="2021: three tiers, 2018-2021. 2026: two tiers, 2024-2026, always with its cases.",
)
@click.option(
    "--out",
    "--into",
    "out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write; data/demo by default, for 2021.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same province; the province's year by default.")
@click.option(
    "--cases", "case_count", type=click.IntRange(min=1000), help="2021: write this many cases, as an office exports."
)
@click.option("--dirty", is_flag=True, help="2021: with each fault of the closed table in it, at a known count.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True, max=10),
    help="2026: size of the province; 1, the default, is some 190,000 cases a quarter.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="2026: last day that is known; 2026-12-20 by default. An earlier one gives the same cases as known then.",
)
@click.option("--survey-2026", is_flag=True, help="2026: with the survey's round of 2026.")
def demo(
    province: str,
    out: Path | None,
    seed: int | None,
    case_count: int | None,
    dirty: bool,
    scale: float | None,
    until: datetime | None,
    survey_2026: bool,
) -> None:
    """Write a simulated province: its counts, or with --cases its case-level export; that of 2026 with its cases.

    truth.json beside it says what is true; with --dirty also how many rows carry which fault.
    """
    of_2021: dict[str, object] = {"--cases": case_count, "--dirty": dirty}
    of_2026: dict[str, object] = {"--scale": scale, "--until": until, "--survey-2026": survey_2026}
    others = of_2026 if province == "2021" else of_2021
    if misplaced := [name for name, value in others.items() if value]:
        raise click.UsageError(f"{', '.join(misplaced)}: not for the province of {province}")
    if out is None and (province == "2026" or case_count or dirty):
        raise click.UsageError("--out is missing: the demo folder keeps the counts of 2021")
    folder = (out or _demo_folder()).resolve()
    seed = int(province) if seed is None else seed
    with exit_on_fault(folder):
        if province == "2026":
            _write_two_tier(folder, seed, scale, until.date() if until else None, survey_2026)
        else:
            _write_2021(folder, seed, case_count, dirty)
    click.echo(f"simulated province, seed {seed}: {folder}")


def _demo_folder() -> Path:
    # Asked for only where it is meant: --out works outside any project.
    from analysis.parameters import ROOT

    return ROOT / "data" / "demo"


def _write_2021(folder: Path, seed: int, case_count: int | None, dirty: bool) -> None:
    from analysis.data.simulate.simulation import write_cases, write_demo

    if case_count or dirty:
        write_cases(folder, seed, case_count, dirty=dirty)
    else:
        write_demo(folder, seed)


def _write_two_tier(folder: Path, seed: int, scale: float | None, until: date | None, survey_2026: bool) -> None:
    from analysis.data.simulate.two_tier.folder import UNTIL, write_two_tier
    from analysis.data.simulate.two_tier.province import FIRST_DAY, LAST_DAY

    if until and not FIRST_DAY <= until <= LAST_DAY:
        raise click.UsageError(f"--until {until}: the province is simulated from {FIRST_DAY} to {LAST_DAY}")
    write_two_tier(folder, seed=seed, scale=scale or 1.0, until=until or UNTIL, survey_2026=survey_2026)

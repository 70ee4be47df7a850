"""The command line: ``dunghen``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from analysis.parameters import RunParameters
    from analysis.publish.run import Outcome

# Everything that computes is imported inside the commands: help and a misspelt option answer at once.


class _Interruptible(click.Group):
    """Commands that end with 130 on Ctrl-C from their first import on, where click ends with 1."""

    def invoke(self, ctx: click.Context) -> object:
        interrupted = False

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            nonlocal interrupted
            interrupted = True
            raise KeyboardInterrupt

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as after nohup
            signal.signal(signal.SIGINT, interrupt)
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            # A library that is being imported may turn the interruption into an error of its own, as pydantic does.
            if not interrupted and not isinstance(error, KeyboardInterrupt):
                raise
            click.echo("interrupted", err=True)
            raise SystemExit(130) from None


@contextmanager
def _faults_told(out: Path) -> Iterator[None]:
    """End the command with a fault's sentence and exit code; a full disk names the file, or the folder written into."""
    from analysis.faults import EnvironmentFault, Fault

    try:
        yield
    except Fault as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(fault.exit_code) from fault
    except OSError as error:
        click.echo(f"{error.filename or out}: {error.strerror or error}", err=True)
        raise SystemExit(EnvironmentFault.exit_code) from error


def _tell_progress(line: str) -> None:
    click.echo(f"{line} …", err=True)


@click.group(cls=_Interruptible, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Đúng Hẹn: will the promises of this year's plan be kept, how sure are we, and what would it take?"""


@main.command()
@click.argument("run_files", metavar="RUNFILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--input", "received", type=click.Path(exists=True, path_type=Path), help="Folder or file received.")
@click.option("--language", type=click.Choice(["vi", "en"]), help="Language of the pages.")
@click.option("--force", is_flag=True, help="Publish again even if nothing has changed.")
@click.option(
    "--reports", type=click.Path(file_okay=False, path_type=Path), help="Publish here, as a trial: not in the ledger."
)
@click.option("--cluster", metavar="ADDRESS", help="Publish on a Dask scheduler's workers: tcp://HOST:PORT or tls://…")
def run(
    run_files: tuple[Path, ...], received: Path | None, language: str | None, force: bool, reports: Path | None,
    cluster: str | None,
) -> None:  # fmt: skip
    """Publish the quarter of each RUNFILE.

    \b
    Ends with 0 published, nothing to do, or held by another run;
    2 bad parameters or plan, 3 bad data, 4 a notebook failed, 5 a gate refused a page,
    6 disk or environment, 130 interrupted; of several runs, the worst.
    """
    from analysis.faults import Fault

    # A scheduler stops a job with SIGTERM; to us that is Ctrl-C: nothing published, kernels shut down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        runs = _read(run_files, received, language)
        if cluster:
            raise SystemExit(_publish_on(cluster, runs, force=force, reports=reports))
        worst = 0
        for one in runs:
            name = f"{one.plan_name} {one.quarter}"
            try:
                _publish(one, name, force=force, reports=reports)
            except Fault as fault:
                click.echo(f"{name}: {fault}", err=True)
                worst = max(worst, fault.exit_code)
    except KeyboardInterrupt:
        click.echo("interrupted: nothing more was published", err=True)
        worst = 130
    raise SystemExit(worst)


def _read(run_files: tuple[Path, ...], received: Path | None, language: str | None) -> list[RunParameters]:
    """Return the runs of all files; one bad file and none of them starts."""
    from analysis import plan
    from analysis.faults import BadParameters
    from analysis.parameters import read_run_file, resolve

    runs, faults = [], []
    for path in run_files:
        try:
            one = read_run_file(path, input_path=received and _from_project(received), language=language)
            plan.read_plan(resolve(one.plan_file))
            runs.append(one)
        except BadParameters as fault:
            faults.append(fault)
    for told in faults:
        click.echo(str(told), err=True)
    if faults:
        raise SystemExit(BadParameters.exit_code)
    return runs


def _from_project(path: Path) -> str:
    """Return a path given from the caller's folder as run files write it: from the project, or absolute."""
    from analysis.parameters import ROOT

    absolute = path.resolve()
    return str(absolute.relative_to(ROOT) if absolute.is_relative_to(ROOT) else absolute)


def _publish(one: RunParameters, name: str, *, force: bool, reports: Path | None) -> None:
    from analysis import quarter
    from analysis.publish.run import REPORTS, publish
    from analysis.report.tables.ledger import LEDGER
    from analysis.report.wording import Wording

    outcome = publish(
        one,
        prepare=quarter.results,
        words=Wording(one.language),
        reports=reports.resolve() if reports else REPORTS,
        ledger=None if reports else LEDGER,
        force=force,
        tell=lambda line: click.echo(f"{name}: {line}"),
    )
    _tell_outcome(name, outcome)


def _publish_on(scheduler: str, runs: list[RunParameters], *, force: bool, reports: Path | None) -> int:
    """Return the worst exit code of runs published on other machines."""
    from analysis.faults import Fault
    from analysis.publish.cluster import publish_all
    from analysis.publish.run import REPORTS
    from analysis.report.tables.ledger import LEDGER

    names, worst = [f"{one.plan_name} {one.quarter}" for one in runs], 0
    ending = publish_all(
        runs,
        scheduler=scheduler,
        reports=reports.resolve() if reports else REPORTS,
        ledger=None if reports else LEDGER,
        force=force,
        tell=lambda number, line: click.echo(f"{names[number]}: {line}"),
    )
    with _faults_told(reports or REPORTS), closing(ending):
        for number, outcome in ending:
            if isinstance(outcome, Fault):
                click.echo(f"{names[number]}: {outcome}", err=True)
                worst = max(worst, outcome.exit_code)
            else:
                _tell_outcome(names[number], outcome)
    return worst


def _tell_outcome(name: str, outcome: Outcome) -> None:
    ending = {
        "published": f"published: {outcome.page}",
        "nothing to do": f"nothing to do, already published: {outcome.page}",
        "busy": "another run holds this quarter; nothing was done",
    }
    click.echo(f"{name}: {ending[outcome.state]}")


@main.command()
@click.argument("run_file", metavar="RUNFILE", type=click.Path(path_type=Path))
@click.option("--input", "received", type=click.Path(exists=True, path_type=Path), help="Folder or file received.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into.")
def indicators(run_file: Path, received: Path | None, out: Path) -> None:
    """Write indicators.csv of the quarter of RUNFILE, without a forecast and without a notebook.

    \b
    One row per indicator, series and period, every value with its counts and its standard error.
    Ends with 0 written, 2 bad parameters or plan, 3 bad data, 6 disk.
    """
    from analysis import quarter

    (one,) = _read((run_file,), received, None)
    with _faults_told(out):
        table = quarter.indicators(one)
        out.mkdir(parents=True, exist_ok=True)
        part = out / ".indicators.csv.part"
        table.to_csv(part, index=False)
        part.replace(out / "indicators.csv")
    click.echo(f"{len(table):,} values: {out / 'indicators.csv'}")


@main.command()
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
    from analysis.data.sources.description import described
    from analysis.data.sources.mapping import read_mapping
    from analysis.report.intake import summary

    try:
        with _faults_told(out):
            mapping = described(read_mapping(mapping_file), file)
            day = extracted_on.date() if extracted_on else mapping.extracted_on or date.today()
            intake = archive(
                file, mapping, out, extracted_on=day, reject_limit=reject_limit, name=name, tell=_tell_progress
            )
            (out / "summary.txt").write_text(summary(intake, out, name) + "\n", encoding="utf-8")
    except KeyboardInterrupt:
        click.echo("interrupted: nothing was written", err=True)
        raise SystemExit(130) from None
    click.echo(summary(intake, out, name))


@main.command()
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
    from analysis.data.simulate.folders import write_cases, write_demo
    from analysis.parameters import ROOT

    if (case_count or dirty) and out is None:
        raise click.UsageError("--out is missing: the demo folder keeps its counts")
    folder = (out or ROOT / "data" / "demo").resolve()
    with _faults_told(folder):
        if case_count or dirty:
            write_cases(folder, seed, case_count, dirty=dirty)
        else:
            write_demo(folder, seed)
    click.echo(f"simulated province, seed {seed}: {folder}")


@main.command()
def schema() -> None:
    """Print the JSON schema of a plan, as parameters/schemas/plan.schema.json holds it."""
    from analysis.schema import plan_schema

    click.echo(plan_schema(), nl=False)


@main.command()
@click.argument("panels", metavar="[NAME=]PANEL.csv...", nargs=-1, required=True)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write into.")
@click.option(
    "--rule", type=click.Choice(["at_least", "at_most"]), default="at_least", show_default=True,
    help="How a share keeps a promise.",
)  # fmt: skip
@click.option("--year-start", type=click.IntRange(1, 12), default=1, show_default=True, help="First month of a year.")
@click.option("--members", help="Models to forecast with, separated by commas; all by default.")
@click.option("--seed", type=click.IntRange(min=0), default=2021, show_default=True, help="Same seed, same numbers.")
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Of the page.")
def backtest(
    panels: tuple[str, ...], out: Path, rule: Literal["at_least", "at_most"], year_start: int, members: str | None,
    seed: int, language: str,
) -> None:  # fmt: skip
    """Forecast every past year of each PANEL from what was known then, and grade it.

    A panel is a CSV file of series, period (2021-09 or 2021Q3), numerator, denominator; other columns are ignored. NAME
    defaults to the name of its folder.

    \b
    Writes forecasts.parquet, totals.parquet, scores.csv, report.html, and what the page is drawn from:
    years.csv, calibration.csv, places.csv, skill.csv.
    Ends with 0 written, 2 bad parameters, 3 bad data, 6 disk.
    """
    from analysis.publish.backtest import write_backtest
    from analysis.report.wording import Wording

    with _faults_told(out):
        write_backtest(panels, out, rule=rule, year_start=year_start, members=members, seed=seed,
                       words=Wording(language), tell=_tell_progress)  # fmt: skip
    click.echo(f"written: {out / 'report.html'}")


if __name__ == "__main__":
    main()

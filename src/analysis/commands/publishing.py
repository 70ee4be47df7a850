"""The commands that run quarters: publish some, publish what is due, or only write their indicators."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from analysis.commands.console import Failures, exit_on_fault, progress, write_line
from analysis.commands.hooks import Hooks, with_hook_options
from analysis.commands.office import warn_of_other_version
from analysis.commands.run_files import read_run, read_runs, run_files
from analysis.faults import Fault
from analysis.publish.limits import CELL_TIMEOUT, KERNEL_MEMORY, Limits

if TYPE_CHECKING:
    from analysis.parameters import RunParameters
    from analysis.publish.run import RunOutcome

_AT_LEAST_ONE = click.IntRange(min=1)


def _with_limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command with the options on how much of the machine notebooks may take; it gets them as ``limits``."""

    @click.option("--workers", type=_AT_LEAST_ONE, help="Notebooks executed at once; as many as cores by default.")
    @click.option(
        "--execution-timeout",
        type=_AT_LEAST_ONE,
        default=CELL_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="Stop a cell that takes longer.",
    )
    @click.option(
        "--memory-limit",
        type=_AT_LEAST_ONE,
        metavar="MIB",
        help=f"Stop a kernel that holds more; {KERNEL_MEMORY} by default, or its share of a machine that has less.",
    )
    @wraps(command)
    def with_limits(
        *arguments: Any, workers: int | None, execution_timeout: int, memory_limit: int | None, **options: Any
    ) -> Any:
        return command(*arguments, limits=Limits(workers, execution_timeout, memory_limit), **options)

    return with_limits


def _limit_options(limits: Limits) -> list[str]:
    """Return the options of a command line that give these limits; nothing for those that are the default."""
    options = {"--workers": limits.workers, "--memory-limit": limits.memory_mb}
    if limits.execution_timeout != CELL_TIMEOUT:
        options["--execution-timeout"] = limits.execution_timeout
    return [word for option, value in options.items() if value for word in (option, str(value))]


_REPORTS = click.option(
    "--reports", type=click.Path(file_okay=False, path_type=Path), help="Publish here, as a trial: not in the ledger."
)


@click.command()
@click.argument("paths", metavar="RUNFILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--input", "input_path", type=click.Path(path_type=Path), help="Folder or file received.")
@click.option("--language", type=click.Choice(["vi", "en"]), help="Language of the pages.")
@click.option(
    "--each", metavar="DIMENSION", help="Make an edition for each body of a dimension, such as agency, or of a block."
)
@click.option("--force", is_flag=True, help="Publish again even if nothing has changed.")
@click.option(
    "--resume",
    is_flag=True,
    help="Take over what a run that failed or was killed had executed well; not with --cluster.",
)
@click.option("--cluster", metavar="ADDRESS", help="Publish on a Dask scheduler's workers: tcp://HOST:PORT or tls://…")
@_with_limit_options
@_REPORTS
@with_hook_options
def run(
    paths: tuple[Path, ...],
    input_path: Path | None,
    language: str | None,
    each: str | None,
    force: bool,
    resume: bool,
    cluster: str | None,
    limits: Limits,
    reports: Path | None,
    hooks: Hooks,
) -> None:
    """Publish the quarter of each RUNFILE.

    \b
    Ends with 0 published, nothing to do, or held by another run;
    1 a mistake of the suite itself, 2 bad parameters or plan, 3 bad data, 4 a notebook failed,
    5 a gate refused a page, 6 disk or environment, 130 interrupted; of several runs, the highest.
    """
    if force and resume:
        raise click.UsageError("--force executes everything anew, --resume what is left: one of them")
    if cluster and resume:
        raise click.UsageError("--resume is of this machine; on a cluster a run that is lost is resumed by itself")
    if cluster and limits.workers:
        raise click.UsageError("--workers is of this machine; a cluster has the workers that were started for it")
    warn_of_other_version()
    runs = read_runs(paths, input_path, language, each)
    failures = Failures(hooks)
    if cluster:
        _publish_on(cluster, runs, limits, hooks, failures, force=force, reports=reports)
    else:
        _publish_all(runs, limits, hooks, failures, force=force, resume=resume, reports=reports)
    raise SystemExit(failures.exit_code)


@click.command()
@click.argument("paths", metavar="[RUNFILE|FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Look as of this day; today by default.")
@click.option("--list", "only_list", is_flag=True, help="Say what is due and publish nothing.")
@click.option(
    "--schedule",
    type=click.Choice(["systemd", "cron"]),
    help="Print what has a scheduler run this daily, and nothing else.",
)
@_with_limit_options
@_REPORTS
@with_hook_options
def due(
    paths: tuple[Path, ...],
    today: datetime | None,
    only_list: bool,
    schedule: Literal["systemd", "cron"] | None,
    limits: Limits,
    reports: Path | None,
    hooks: Hooks,
) -> None:
    """Publish each quarter whose data is complete and that is not published; all missed ones, earliest first.

    A FOLDER stands for the run files in it, those to come included; all of parameters/ by default. A quarter's data is
    complete from its `as_of` on. One that cannot be read, or whose data has not come, fails by itself and holds up no
    other; only one that says `exercise: true` is passed over where its data is not there. What a failed or killed run
    had executed well is taken over.

    \b
    Ends as `dunghen run` does; 0 when nothing is due.
    """
    from analysis.parameters import ROOT, read_run_file
    from analysis.publish import schedule as schedules
    from analysis.publish.run import REPORTS

    if schedule:
        words = [str(path.resolve()) for path in paths] + _limit_options(limits)
        words += ["--reports", str(reports.resolve())] if reports else []
        words += hooks.options()
        command = [str(Path(sys.argv[0]).resolve()), "due", *words]
        click.echo(schedules.schedule(schedule, command, ROOT), nl=False)
        return
    warn_of_other_version()
    failures = Failures(hooks)
    file_of = {}
    for file in run_files(paths):
        with failures.reading(file.parent.name, file.stem):
            file_of[read_run_file(file, look=False)] = file
    day = today.date() if today else date.today()
    # With --list the lines are what was asked for: if they cannot be written, the command fails.
    report = click.echo if only_list else write_line
    waiting = schedules.due(file_of, reports.resolve() if reports else REPORTS, today=day)
    for one in [one for one in waiting if schedules.awaits_data(one)]:
        waiting.remove(one)
        report(f"skipped: {one.plan_name} {one.quarter}, an exercise whose data is not here: {one.input_path}")
    for one in waiting:
        report(f"due: {one.plan_name} {one.quarter}, data known as of {one.as_of}")
    # A trial, into a folder of its own, is entered nowhere.
    entered = False if reports else _complete_ledger(file_of, failures, report, only_list=only_list)
    if not (waiting or entered):
        report("nothing is due")
    runs = []
    for one in waiting if not only_list else ():
        with failures.reading(one.plan_name, one.quarter):
            runs.append(read_run(file_of[one]))
    if runs:
        _publish_all(runs, limits, hooks, failures, force=False, resume=True, reports=reports)
    raise SystemExit(failures.exit_code)


def _complete_ledger(
    runs: Iterable[RunParameters], failures: Failures, report: Callable[[str], None], *, only_list: bool
) -> bool:
    """Enter the probabilities of released quarters that the ledger lacks; return whether there were any."""
    from analysis.publish import schedule as schedules
    from analysis.publish.run import REPORTS
    from analysis.publish.store.ledger import complete_if_free
    from analysis.report.published_probabilities import LEDGER

    found = False
    for run in runs:
        try:
            for store in schedules.unentered([run], REPORTS, LEDGER):
                found = True
                if only_list:
                    report(f"due: {store.plan} {store.quarter}, its probabilities are not in the ledger")
                elif lines := complete_if_free(LEDGER, store):
                    report(f"{store.plan} {store.quarter}: entered {lines} probabilities, which the ledger lacked")
        except Fault as fault:
            failures.add(run.plan_name, run.quarter, fault)
    return found


def _publish_all(
    runs: list[RunParameters],
    limits: Limits,
    hooks: Hooks,
    failures: Failures,
    *,
    force: bool,
    resume: bool,
    reports: Path | None,
) -> None:
    """Publish several runs one after the other; one that fails does not stop the others."""
    try:
        with progress(len(runs)) as (report_progress, report_error):
            for one in runs:
                try:
                    _publish(one, limits, hooks, report_progress, force=force, resume=resume, reports=reports)
                except Fault as fault:
                    failures.add(one.plan_name, one.quarter, fault, report_error)
    except KeyboardInterrupt:
        write_line("interrupted: nothing more was published", err=True)
        failures.exit_code = 130


def _publish_on(
    scheduler: str,
    runs: list[RunParameters],
    limits: Limits,
    hooks: Hooks,
    failures: Failures,
    *,
    force: bool,
    reports: Path | None,
) -> None:
    """Publish runs on the workers of a Dask scheduler, side by side."""
    from analysis.publish.cluster.client import publish_all
    from analysis.publish.run import REPORTS
    from analysis.report.published_probabilities import LEDGER

    names = [f"{one.plan_name} {one.quarter}" for one in runs]
    try:
        with progress(len(runs)) as (report_progress, report_error), exit_on_fault(reports or REPORTS):
            outcomes = publish_all(
                runs,
                scheduler=scheduler,
                reports=reports.resolve() if reports else REPORTS,
                ledger=None if reports else LEDGER,
                force=force,
                limits=limits,
                report_progress=lambda number, line: report_progress(f"{names[number]}: {line}"),
            )
            with closing(outcomes):
                for number, outcome in outcomes:
                    if isinstance(outcome, Fault):
                        failures.add(runs[number].plan_name, runs[number].quarter, outcome, report_error)
                    else:
                        report_progress(f"{names[number]}: {outcome}")
                        _call_hooks(hooks, runs[number], outcome, reports)
    except KeyboardInterrupt:
        write_line("interrupted: nothing more was published", err=True)
        failures.exit_code = 130


def _publish(
    one: RunParameters,
    limits: Limits,
    hooks: Hooks,
    report_progress: Callable[[str], None],
    *,
    force: bool,
    resume: bool,
    reports: Path | None,
) -> None:
    from analysis.publish import notebooks

    # Before the imports below, because it works beside them and beside the results.
    notebooks.warm_up()
    from analysis.publish.run import REPORTS, InterruptedAfterRun, publish
    from analysis.quarter import stages
    from analysis.report.published_probabilities import LEDGER
    from analysis.report.wording import Wording

    def report(line: object) -> None:
        report_progress(f"{one.plan_name} {one.quarter}: {line}")

    try:
        outcome = publish(
            one,
            compute_results=stages.results,
            words=Wording(one.language),
            reports=reports.resolve() if reports else REPORTS,
            ledger=None if reports else LEDGER,
            force=force,
            resume=resume,
            limits=limits,
            report_progress=report,
        )
    except InterruptedAfterRun as late:
        report(late.outcome)
        _call_hooks(hooks, one, late.outcome, reports)
        raise
    report(outcome)
    _call_hooks(hooks, one, outcome, reports)


def _call_hooks(hooks: Hooks, one: RunParameters, outcome: RunOutcome, reports: Path | None) -> None:
    """Call what is to be called for a run that ended without a failure, if it published."""
    from analysis.publish.run import REPORTS
    from analysis.report.published_probabilities import LEDGER

    if outcome.state == "published":
        hooks.published(one, outcome.page, ledger=LEDGER, reports=reports.resolve() if reports else REPORTS)


@click.command()
@click.argument("run_file", metavar="[RUNFILE]", required=False, type=click.Path(path_type=Path))
@click.option("--input", "input_path", type=click.Path(path_type=Path), help="Folder or file received.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder to write into.")
@click.option("--list", "is_list", is_flag=True, help="Print the library of indicators a plan can take by name.")
def indicators(run_file: Path | None, input_path: Path | None, out: Path | None, is_list: bool) -> None:
    """Write indicators.csv of the quarter of RUNFILE, without a forecast and without a notebook.

    \b
    With --list, print the indicators of the library instead.
    One row per indicator, series and period, every value with its counts and its standard error: all of them, so that
    the table is for the office; what `dunghen run` publishes is without cells of few persons.
    Ends with 0 written, 2 bad parameters or plan, 3 bad data, 6 disk.
    """
    if is_list:
        from analysis.plan.library import library

        for code, record in library().items():
            event = record.get("counted", "counted")
            title = record["title"]["en"].format(unit="cases", counted=event)
            click.echo(f"{code:<24} {record['form']:<6} {title}")
        return
    if run_file is None or out is None:
        raise click.UsageError("RUNFILE and --out are missing, or --list")
    from analysis.quarter import stages

    (one,) = read_runs((run_file,), input_path)
    with exit_on_fault(out):
        table = stages.indicators(one)
        out.mkdir(parents=True, exist_ok=True)
        part = out / ".indicators.csv.part"
        table.to_csv(part, index=False)
        part.replace(out / "indicators.csv")
    click.echo(f"{len(table):,} values: {out / 'indicators.csv'}")

"""The commands about plans: what can be judged of one from an input, and the schemas of the files people write."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analysis.commands.console import exit_on_fault

if TYPE_CHECKING:
    from analysis.quarter.plan_check import PlanCheck


CODES_NAMED = 10
"""Codes that no case has, named in a line."""


@click.group()
def plan() -> None:
    """Look at a plan."""


@plan.command()
@click.argument("plan_file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--input", "input_path", help="Folder or file received, to try the plan on.")
@click.option("--source", "source_file", help="Mapping of the file received.")
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day up to which the data was known; today by default."
)
def check(plan_file: Path, input_path: str | None, source_file: str | None, as_of: datetime | None) -> None:
    """Say what can and cannot be judged of the plan in FILE, and why.

    \b
    Every answer to its questions is tried; with --input, every promise is, on that data.
    Ends with 0 said, 2 bad plan or mapping, 3 bad data, 6 disk.
    """
    from analysis.quarter.plan_check import check_plan

    with exit_on_fault(plan_file):
        day = as_of.date() if as_of else date.today()
        where = str(Path(input_path).resolve()) if input_path else None
        mapping = str(Path(source_file).resolve()) if source_file else None
        found = check_plan(plan_file.resolve(), where, mapping, day)
    for line in _lines(found):
        click.echo(line)


def _lines(found: PlanCheck) -> list[str]:
    from analysis import periods
    from analysis.report.labels import NOT_COMPUTABLE
    from analysis.report.wording import REASONS, Wording

    plan, words = found.plan, Wording("en")
    lines = [
        f"{plan.title.en}: {len(plan.targets)} promises on {len(plan.indicators)} indicators, "
        f"{len(plan.questions)} open questions, {len(set(found.answers['answer'] + found.answers['question']))} other "
        "answers that touch a promise"
    ]
    if found.quarter is None:
        lines += [f"  {one.id}: {one.kind}, on {', '.join(one.indicators) or 'its own data'}" for one in plan.promises]
        lines.append("with --input FOLDER it is said which of them the data can judge")
        return lines
    lines.append(f"tried at the end of {periods.write_quarter(found.quarter)}:")
    for agency, labels in found.unreported.groupby("agency")["period"]:
        lines.append(f"  {agency} has no row accepted for {periods.write_runs(labels)}; other bodies have some")
    for (where, dimension), codes in found.unknown.groupby(["where", "dimension"], sort=False):
        named = [
            f"{one.code}" + (f" (did you mean {one.close}?)" if one.close else "")
            for one in codes.head(CODES_NAMED).itertuples()
        ]
        named += [f"and {len(codes) - CODES_NAMED} more"] if len(codes) > CODES_NAMED else []
        lines.append(f"  no case has the {dimension} of {where}: {', '.join(named)}")
    for one in plan.promises:
        rows = found.promises[found.promises["target"] == one.id]
        row = rows[rows["part"] == ""].iloc[0]
        parts = f", {len(rows) - 1} parts" if len(rows) > 1 else ""
        if row["note"]:
            lines.append(f"  no   {one.id} ({one.kind}{parts}): {REASONS.get(row['note'], row['note'])}")
        else:
            lines.append(f"  yes  {one.id} ({one.kind}{parts})")
        names = {code: words.part(plan, part) for code, part in getattr(one, "parts", {}).items()}
        for part in rows[(rows["part"] != "") & (rows["note"] != "")].itertuples():
            called = names.get(part.part, part.part)
            told = called if called == part.part else f"{called} ({part.part})"
            lines.append(f"         not its part {told}: {REASONS.get(part.note, part.note)}")
        outside = found.in_no_member[found.in_no_member["target"] == one.id]
        for told in outside[outside["in_no_member"] > 0].itertuples():
            lines.append(
                f"         not judged: {told.in_no_member} of the {told.denominator} counted ({told.indicator}) are in "
                f"no member, {told.without_value} of them without {told.dimension}"
            )
    for (question, answer), rows in found.answers.groupby(["question", "answer"], sort=False):
        notes = rows[rows["note"] != ""]
        if len(notes):
            why = notes["note"].iloc[0]
            lines.append(f"  answer {question}={answer}: {NOT_COMPUTABLE.get(why, why)} ({', '.join(notes['target'])})")
    return lines


@click.command()
@click.argument("what", type=click.Choice(["plan", "mapping", "run"]), default="plan")
def schema(what: str) -> None:
    """Print the JSON schema of a plan, a mapping or a run file, as parameters/schemas/<WHAT>.schema.json holds it."""
    from analysis.data.sources.mapping import mapping_schema
    from analysis.parameters import run_schema
    from analysis.plan.schema import plan_schema

    click.echo({"plan": plan_schema, "mapping": mapping_schema, "run": run_schema}[what](), nl=False)

"""The command line: ``dunghen``."""

from __future__ import annotations

import click

from analysis.commands.console import InterruptibleGroup
from analysis.commands.intake import demo, ingest
from analysis.commands.looking_back import backtest, compare, history
from analysis.commands.publishing import due, indicators, run
from analysis.commands.run_files import new_quarter

# Commands import what computes only when they are called, so that help and a misspelt option answer at once.


@click.group(cls=InterruptibleGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Đúng Hẹn: will the promises of this year's plan be kept, how sure are we, and what would it take?"""


@main.command()
@click.argument("what", type=click.Choice(["plan", "mapping"]), default="plan")
def schema(what: str) -> None:
    """Print the JSON schema of a plan or a mapping, as parameters/schemas holds it."""
    from analysis.data.sources.mapping import mapping_schema
    from analysis.plan import plan_schema

    click.echo(plan_schema() if what == "plan" else mapping_schema(), nl=False)


for command in (run, due, history, compare, new_quarter, indicators, ingest, demo, backtest):
    main.add_command(command)


if __name__ == "__main__":
    main()

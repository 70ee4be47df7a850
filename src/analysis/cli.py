"""The command line: ``dunghen``."""

from __future__ import annotations

import click

from analysis.commands.console import InterruptibleGroup
from analysis.commands.intake import demo, ingest
from analysis.commands.looking_back import backtest, compare, history
from analysis.commands.office import init, upgrade_notebooks
from analysis.commands.plans import plan, schema
from analysis.commands.publishing import due, indicators, run
from analysis.commands.run_files import new_quarter
from analysis.temporary import sweep

# Commands import what computes only when they are called, so that help and a misspelt option answer at once.


@click.group(cls=InterruptibleGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dung-hen")
def main() -> None:
    """Đúng Hẹn: will the promises of this year's plan be kept, how sure are we, and what would it take?"""
    sweep()


for command in (
    *(init, upgrade_notebooks, run, due, history, compare, new_quarter),
    *(plan, schema, indicators, ingest, demo, backtest),
):
    main.add_command(command)


if __name__ == "__main__":
    main()

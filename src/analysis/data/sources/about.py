"""The ``about.yml`` of a folder: where its data comes from, when it was taken, and whether it is simulated."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, Self

import pandera.pandas as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from analysis import strict_yaml
from analysis.data.contracts import Margins, columns_of
from analysis.data.declared import Extra, TableDeclaration, columns_of_table, fault_in_extra, fault_in_tables
from analysis.data.margins import Part, fault_in_parts, part_column
from analysis.data.sources.links import refuse_links_out
from analysis.data.sources.mapping import About, Mapping

FILE = "about.yml"


class DaysOfCases(BaseModel):
    """The days whose cases stand beside the counts: those filed by the last one and not closed before the first.

    Attributes
    ----------
    first_day, last_day : date
        First and last of the days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_day: date
    last_day: date

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}")
        return self


class Description(About):
    """The content of a folder's ``about.yml``.

    Attributes
    ----------
    extracted_on : date or None
        Day the data was taken from its system; None when that is the run's `as_of`.
    due_precision : {"day", "instant"}
        Whether the due dates of its cases are days or moments.
    extra : dict
        Table → column beyond its contract → kind: ``code``, ``flag``, ``number`` or ``time``.
    tables : dict
        Declarations of the tables beyond the contracts, by their names.
    margins : dict
        Column of counts of the table of ``margins`` → what it is a part of.
    cases_beside_counts : DaysOfCases or None
        Of a folder with counts and cases: the days of which it has the cases, too. Nothing is counted twice: indicators
        are made of the counts, and the cases must add up to them.
    """

    extracted_on: date | None = None
    due_precision: Literal["day", "instant"] = "day"
    extra: Extra = Field(default_factory=dict)
    tables: dict[str, TableDeclaration] = Field(default_factory=dict)
    margins: dict[str, Part] = Field(default_factory=dict)
    cases_beside_counts: DaysOfCases | None = None

    @model_validator(mode="after")
    def _declares_what_may_be_declared(self) -> Self:
        found = fault_in_tables(self.tables)
        if found:
            raise ValueError(f"tables.{found[0]}: {found[1]}")
        for table, columns in self.extra.items():
            wrong = fault_in_extra(table, columns, self.tables)
            if wrong:
                raise ValueError(f"extra.{table}.{wrong[0]}: {wrong[1]}")
        found = fault_in_parts("margins", self.margins, columns_of(Margins))
        if found:
            raise ValueError(f"margins.{found[0]}: {found[1]}")
        return self

    def columns(self, table: str) -> dict[str, pa.Column]:
        """Return all columns of a table of the folder and their contracts, in their order."""
        parts = {name: part_column() for name in self.margins} if table == "margins" else {}
        return columns_of_table(table, self.extra.get(table, {}), self.tables) | parts

    @property
    def about(self) -> About:
        """The part that the pages show."""
        return About(title=self.title, source=self.source, simulated=self.simulated)


def read_description(folder: Path) -> Description:
    """Return the description in a folder's ``about.yml``.

    Raises
    ------
    BadData
        It is a link that leads out of the folder.
    BadParameters
        There is no ``about.yml``, or it has an unknown key or a wrong value.
    """
    refuse_links_out([folder / FILE])
    what = "description of the data"
    return strict_yaml.validate(strict_yaml.read(folder / FILE, what=what), Description, what=what)


def description_of(mapping: Mapping, *, extracted_on: date) -> Description:
    """Return the description of a folder into which one file is brought.

    Parameters
    ----------
    mapping : Mapping
        The mapping by which it is brought in.
    extracted_on : date
        Day the data was taken from its system.
    """
    return Description(
        **mapping.about.model_dump(),
        extracted_on=extracted_on,
        due_precision=mapping.due_precision,
        extra={mapping.table: mapping.extra_kinds} if mapping.extra else {},
        tables=mapping.tables,
        margins=mapping.parts,
    )


_DECLARED = ("extra", "tables", "margins", "cases_beside_counts")
"""What most folders do not declare."""


def write_description(description: Description, folder: Path) -> None:
    """Write the ``about.yml`` of a folder of our tables.

    Parameters
    ----------
    description : Description
        Its content.
    folder : Path
        The folder.
    """
    content = description.model_dump(mode="json")
    content = {key: value for key, value in content.items() if value or key not in _DECLARED}
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    (folder / FILE).write_text(text, encoding="utf-8")


def with_folder_description(mapping: Mapping, source: str) -> Mapping:
    """Return a mapping in which the ``about.yml`` beside the received file overrides title, source and day.

    The mapping describes a system, the ``about.yml`` this one extract: when it was taken, and whether it is simulated.

    Parameters
    ----------
    mapping : Mapping
        How the file becomes a table; returned unchanged for a database, and where no ``about.yml`` stands beside it.
    source : str
        Path of the file, or address of a PostgreSQL database.

    Raises
    ------
    BadParameters
        The ``about.yml`` has an unknown key or a wrong value.
    """
    folder = Path(source).parent
    if mapping.format == "postgresql" or not (folder / FILE).is_file():
        return mapping
    description = read_description(folder)
    overrides = {"about": description.about, "extracted_on": description.extracted_on or mapping.extracted_on}
    return mapping.model_copy(update=overrides)

"""The ``about.yml`` of a folder: where its data comes from, when it was taken, and whether it is simulated."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import yaml

from analysis import strict_yaml
from analysis.data.sources.mapping import About, Mapping

FILE = "about.yml"


class Description(About):
    """The content of a folder's ``about.yml``.

    Attributes
    ----------
    extracted_on : date or None
        Day the data was taken from its system; None when that is the run's `as_of`.
    due_precision : {"day", "instant"}
        Whether the due dates of its cases are days or moments.
    """

    extracted_on: date | None = None
    due_precision: Literal["day", "instant"] = "day"

    @property
    def about(self) -> About:
        """The part that the pages show."""
        return About(title=self.title, source=self.source, simulated=self.simulated)


def read_description(folder: Path) -> Description:
    """Return the description in a folder's ``about.yml``.

    Raises
    ------
    BadParameters
        There is no ``about.yml``, or it has an unknown key or a wrong value.
    """
    what = "description of the data"
    return strict_yaml.validate(strict_yaml.read(folder / FILE, what=what), Description, what=what)


def write_description(folder: Path, mapping: Mapping, *, extracted_on: date) -> None:
    """Write the ``about.yml`` of a folder of our tables.

    Parameters
    ----------
    folder : Path
        The folder.
    mapping : Mapping
        The mapping by which its data was brought in.
    extracted_on : date
        Day the data was taken from its system.
    """
    description = Description(
        **mapping.about.model_dump(), extracted_on=extracted_on, due_precision=mapping.due_precision
    )
    text = yaml.safe_dump(description.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
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

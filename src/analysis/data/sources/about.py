"""What a received folder says of itself: its ``about.yml``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import yaml

from analysis import strict_yaml
from analysis.data.sources.mapping import About, Mapping

FILE = "about.yml"


class Description(About):
    """The ``about.yml`` of a folder.

    Attributes
    ----------
    extracted_on : date or None
        Day the data was taken from its system; None when it is the run's `as_of`.
    due_precision : {"day", "instant"}
        What the due dates of its cases mean.
    """

    extracted_on: date | None = None
    due_precision: Literal["day", "instant"] = "day"

    @property
    def about(self) -> About:
        """Only what the pages say of it."""
        return About(title=self.title, source=self.source, simulated=self.simulated)


def read_description(folder: Path) -> Description:
    """Return what a folder says of itself.

    Raises
    ------
    BadParameters
        There is no ``about.yml``, or it has an unknown key or a wrong value.
    """
    what = "description of the data"
    return strict_yaml.validate(strict_yaml.read(folder / FILE, what=what), Description, what=what)


def write_description(folder: Path, mapping: Mapping, *, extracted_on: date) -> None:
    """Write what a folder of our tables says of itself, from the mapping its data came by."""
    description = Description(
        **mapping.about.model_dump(), extracted_on=extracted_on, due_precision=mapping.due_precision
    )
    text = yaml.safe_dump(description.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
    (folder / FILE).write_text(text, encoding="utf-8")


def described(mapping: Mapping, source: str) -> Mapping:
    """Return the mapping with what the folder of the received file says of itself, which goes before the mapping.

    A mapping speaks of a system, the folder of this one extract: when it was taken, and whether it is simulated.
    """
    folder = Path(source).parent
    if mapping.format == "postgresql" or not (folder / FILE).is_file():
        return mapping
    description = read_description(folder)
    told = {"about": description.about, "extracted_on": description.extracted_on or mapping.extracted_on}
    return mapping.model_copy(update=told)

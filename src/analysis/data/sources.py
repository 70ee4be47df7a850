"""What one system's export looks like: a mapping, one YAML file per system, no code for a new one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from analysis import strict_yaml

Dimension = Literal["agency", "district", "field", "procedure"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class About(_Strict):
    """Where the data comes from, for the page.

    Attributes
    ----------
    title : str
        Name of the data set.
    source : str
        Publisher and licence, or who keeps the system.
    simulated : bool
        True makes every page say so.
    """

    title: str
    source: str
    simulated: bool = False


class WideShare(_Strict):
    """A wide table of one share: a row per procedure, a whole and a part in one column each per period.

    Attributes
    ----------
    whole, part : str
        Regular expressions that the headers of the two families of columns match in full, white space folded to
        single blanks, with the groups ``period`` (looked up in `periods`) and ``year``.
    periods : dict
        What the ``period`` group means: ``{"Jan - Mar": "Q1", ...}``.
    part_channel : str
        Channel that the part counts.
    rest_channel : str
        Channel of the whole less the part.
    """

    whole: str
    part: str
    periods: dict[str, Annotated[str, Field(pattern=r"^(Q[1-4]|0[1-9]|1[0-2])$")]]
    part_channel: Literal["online"] = "online"
    rest_channel: Literal["counter", "post", "other"] = "other"

    @field_validator("whole", "part")
    @classmethod
    def _names_its_period(cls, value: str) -> str:
        groups = re.compile(value).groupindex
        if not {"period", "year"} <= set(groups):
            raise ValueError("a header pattern has the groups (?P<period>...) and (?P<year>...)")
        return value


class Mapping(_Strict):
    """How a file becomes the `counts` table.

    Attributes
    ----------
    about : About
        Where the data comes from.
    encoding, delimiter, thousands : str
        How the file is written.
    ends_with_newline : bool
        Whether a whole file ends with a line break: a file cut inside its last field is then found.
    dimensions : dict
        Header of the column that holds each dimension; values become lower-case codes, blanks hyphens.
    counts : WideShare
        The columns that count.
    """

    about: About
    format: Literal["csv"]
    encoding: str = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    thousands: Literal[",", ".", " ", ""] = ""
    ends_with_newline: bool = False
    dimensions: Annotated[dict[Dimension, str], Field(min_length=1)]
    counts: WideShare

    @model_validator(mode="after")
    def _has_a_reporting_unit(self) -> Self:
        if "procedure" not in self.dimensions:
            raise ValueError("dimensions names the column of the procedure: it is the unit that reports")
        return self


def read_mapping(path: Path) -> Mapping:
    """Return the mapping in a file.

    Raises
    ------
    BadParameters
        The file is missing, has an unknown key or a wrong value.
    """
    return strict_yaml.validate(strict_yaml.read(path, what="mapping"), Mapping, what="mapping")

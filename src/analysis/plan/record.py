"""What everything that a plan declares is made of: strict records, codes, and texts in the languages of the pages."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from analysis.code_of_name import CODE

Code = Annotated[str, Field(pattern=CODE)]

TOTAL = "total"
"""Dimension and series of the whole."""


class Strict(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Text(Strict):
    """A sentence of the plan's author in each language of the pages."""

    vi: str
    en: str

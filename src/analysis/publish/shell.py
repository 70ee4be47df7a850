"""The page around the contents: what every HTML file we publish has in common."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import jinja2
from markupsafe import Markup

TEMPLATE = Path(__file__).parent / "template"


class Words(Protocol):
    """What pages say, in one language: `analysis.report.wording.Wording`, or a stand-in with these two methods."""

    def page_title(self, stem: str) -> str:
        """Return the title of a report notebook, such as that of ``"00_summary"``."""

    def text(self, msgid: str, **values: Any) -> str:
        """Return an English sentence in the reader's language, its values filled in."""


def render(template: str, *, language: str, words: Words, **values: Any) -> str:
    """Return a page from one of the templates built on the shell.

    Parameters
    ----------
    template : str
        File name in the template folder.
    language : str
        Language of the page, for its ``lang``.
    words : Words
        What the furniture of the page says.
    **values
        What the template shows; everything is escaped but `markupsafe.Markup`.
    """
    css = Markup((TEMPLATE / "page.css").read_text(encoding="utf-8"))
    return _environment().get_template(template).render(language=language, text=words.text, css=css, **values)


def quarter_text(quarter: str, words: Words) -> str:
    """Return ``2021-Q3`` as its readers write it: "quý III/2021"."""
    year, number = quarter.split("-Q")
    roman = ("I", "II", "III", "IV")[int(number) - 1]
    return words.text("Quarter {number} of {year}", number=number, roman=roman, year=year)


def as_of_text(day: date, words: Words) -> str:
    """Return the sentence on the day up to which data was known."""
    return words.text("Data known as of {day:%d/%m/%Y}", day=day)


def generated_text(moment: datetime, words: Words) -> str:
    """Return the sentence on when a page was made, in the clock of the machine's place."""
    return words.text("Made at {moment:%H:%M} on {moment:%d/%m/%Y}", moment=moment.astimezone())


def status_text(run: Mapping[str, Any], words: Words) -> str:
    """Return whether a report is a draft or final."""
    return words.text("Final") if run["status"] == "final" else words.text("Draft")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )

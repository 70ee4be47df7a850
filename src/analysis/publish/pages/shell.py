"""The page around the contents: what every HTML file we publish has in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from analysis.report.wording import Wording

TEMPLATE = Path(__file__).parent / "template"

SUMMARY = "00_summary"
"""The notebook whose page is ``index.html``."""


@dataclass(frozen=True)
class Page:
    """One page of a quarter.

    Attributes
    ----------
    stem : str
        The notebook it shows, such as ``"02_online_uptake"``.
    title : str
        Its only first-level heading.
    """

    stem: str
    title: str

    @property
    def file(self) -> str:
        """The name of the HTML file: the summary is what a folder opens on."""
        return "index.html" if self.stem == SUMMARY else f"{self.stem}.html"


@dataclass(frozen=True)
class Imprint:
    """What every page of a run says about the run, in the reader's words.

    Attributes
    ----------
    plan_title, quarter, as_of, generated : str
        Which plan and quarter, data up to when, made when.
    status : {"draft", "final"}
        For the looks; `status_text` is what is read.
    status_text : str
        Draft or final.
    signed_by : str or None
        Who signed it off.
    simulated : str or None
        The warning a page of simulated data carries.
    all_reports : str
        Where the page over all quarters is, seen from a page.
    """

    plan_title: str
    quarter: str
    as_of: str
    generated: str
    status: str
    status_text: str
    signed_by: str | None = None
    simulated: str | None = None
    all_reports: str = "../../index.html"

    @property
    def running(self) -> str:
        """What stands at the foot of each printed sheet."""
        return " · ".join(
            filter(
                None, (self.plan_title, self.quarter, self.status_text, self.signed_by, self.generated, self.simulated)
            )
        )


def render(template: str, words: Wording, **values: Any) -> str:
    """Return a page from one of the templates built on the shell.

    Parameters
    ----------
    template : str
        File name in the template folder.
    words : Wording
        The language of the page, and what its furniture says in it.
    **values
        What the template shows; everything is escaped but `markupsafe.Markup`.
    """
    css = Markup((TEMPLATE / "page.css").read_text(encoding="utf-8"))
    return _environment().get_template(template).render(language=words.language, text=words.text, css=css, **values)


def status_text(status: str, words: Wording) -> str:
    """Return whether a report is a draft or final."""
    return words.text("Final") if status == "final" else words.text("Draft")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["css_string"] = css_string
    return environment


def css_string(text: str) -> Markup:
    """Return a text as a CSS string that ends neither itself nor its style sheet, whatever is in it."""
    return Markup('"' + "".join(one if one.isalnum() or one == " " else f"\\{ord(one):x} " for one in text) + '"')

"""The shell: the parts that every HTML page has in common, around its contents."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from analysis.report.figures.on_page import FONT
from analysis.report.wording import Wording

TEMPLATE = Path(__file__).parent / "template"

SUMMARY = "00_summary"
"""Stem of the notebook whose page is ``index.html``."""


@dataclass(frozen=True)
class Page:
    """One page of a quarter.

    Attributes
    ----------
    stem : str
        Name of the notebook it shows, such as ``"02_online_uptake"``.
    title : str
        Title, the only first-level heading of the page.
    """

    stem: str
    title: str

    @property
    def file(self) -> str:
        """The name of the HTML file; a folder opens on the summary."""
        return "index.html" if self.stem == SUMMARY else f"{self.stem}.html"


@dataclass(frozen=True)
class Imprint:
    """What every page of a run states about the run, as readable text.

    Attributes
    ----------
    plan_title, quarter, as_of, generated : str
        The plan, the quarter, the day up to which data was known, and when the page was made.
    status : {"draft", "final"}
        Selects the style; readers see `status_text`.
    status_text : str
        Draft or final, in the language of the page.
    signed_by : str or None
        Who signed it off.
    simulated : str or None
        The warning on a page of simulated data.
    hidden : str or None
        How many cells the files do not show, why, and where they are.
    all_reports : str
        Relative link from a page to the page over all quarters.
    """

    plan_title: str
    quarter: str
    as_of: str
    generated: str
    status: str
    status_text: str
    signed_by: str | None = None
    simulated: str | None = None
    hidden: str | None = None
    all_reports: str = "../../index.html"

    @property
    def running(self) -> str:
        """The footer of each printed sheet."""
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
        The language of the page, and its fixed phrases.
    **values
        Variables of the template; everything is escaped except `markupsafe.Markup`.
    """
    css = Markup(_font_face() + (TEMPLATE / "page.css").read_text(encoding="utf-8"))
    return _environment().get_template(template).render(language=words.language, text=words.text, css=css, **values)


def status_text(status: str, words: Wording) -> str:
    """Return the word for a draft or a final report.

    Parameters
    ----------
    status : {"draft", "final"}
        Status of the run.
    words : Wording
        The language of the page.
    """
    return words.text("Final") if status == "final" else words.text("Draft")


@cache
def _font_face() -> str:
    """Return the rule by which a page has its font inside: the one its drawings were laid out with."""
    data = base64.b64encode((FONT / "inter.woff2").read_bytes()).decode()
    return f'@font-face {{ font-family: "Inter"; font-weight: 400 700; src: url(data:font/woff2;base64,{data}) }}\n'


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
    """Return a text as a CSS string; nothing in the text can end the string or its style sheet."""
    return Markup('"' + "".join(sign if sign.isalnum() or sign == " " else f"\\{ord(sign):x} " for sign in text) + '"')

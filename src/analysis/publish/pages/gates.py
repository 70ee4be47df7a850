"""Gates: checks that refuse a finished page or notebook, each with one sentence that names it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NoReturn

from analysis.faults import GateRefused
from analysis.publish.pages.drawings import ALLOWED, check_attribute

PAGE_LIMIT = 1_500_000
"""Largest size of a page, bytes: it can still be mailed and opened on a telephone."""

NOTEBOOK_LIMIT = 20_000_000
"""Largest size of an executed notebook, bytes: it can still be mailed; ours have about one million at most."""

_PLACEHOLDERS = {"", "alt", "image", "figure", "chart", "plot", "png", "todo", "tbd", "hình", "biểu đồ"}
_NBCONVERT_PLACEHOLDER = "no description has been provided for this image"
_FORBIDDEN = {"script", "iframe", "frame", "object", "embed", "applet", "base", "form", "link", "math"}
_LOADS = {"src", "srcset", "poster", "data", "background", "action", "formaction", "ping", "xlink:href", "srcdoc"}
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|Cell In\[\d+\]")
# Not after a letter, so that a web address that contains /home/ is not taken for a home folder.
_HOME = re.compile(r"(?<![\w.~-])(?:/home/|/root/|[A-Za-z]:\\Users\b)")
_CSS_LOADS = re.compile(r"url\(\s*['\"]?(?!data:)|@import", re.IGNORECASE)
_HEADING = re.compile(r"h[1-6]")


def check_page(html: str, *, name: str) -> None:
    """Refuse a page that runs, loads, hides or leaks something, or that a screen reader cannot follow.

    A plain link to a source on the web is allowed: nothing is fetched until a reader follows the link.

    Parameters
    ----------
    html : str
        The whole page.
    name : str
        Name of the page in the sentence.

    Raises
    ------
    GateRefused
        Names the first fault found, in one sentence.
    """
    _refuse_size(html, PAGE_LIMIT, name, "a page")
    checker = _PageChecker(name)
    checker.feed(html)
    checker.close()
    if not checker.language:
        raise GateRefused(f"{name}: the html element does not say the language (lang)")
    if checker.headings.count(1) != 1:
        raise GateRefused(f"{name}: {checker.headings.count(1)} first-level headings, where one was expected")


def check_notebook(text: str, *, name: str) -> None:
    """Refuse an executed notebook that is too large, or that JupyterLab could not open because of a bare ``NaN``.

    Parameters
    ----------
    text : str
        The whole notebook file.
    name : str
        Name of the notebook in the sentence.

    Raises
    ------
    GateRefused
        The text is not strict JSON, or larger than `NOTEBOOK_LIMIT`.
    """
    _refuse_size(text, NOTEBOOK_LIMIT, name, "an executed notebook")

    def refuse(constant: str) -> NoReturn:
        raise GateRefused(f"{name}: {constant} is not JSON; the executed notebook could not be opened")

    try:
        json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise GateRefused(f"{name}: not valid JSON at line {error.lineno}: {error.msg}") from error


def _refuse_size(text: str, limit: int, name: str, what: str) -> None:
    size = len(text.encode())
    if size > limit:
        raise GateRefused(f"{name}: {size / 1e6:.1f} MB, where {what} may have {limit / 1e6:.1f} MB")


@dataclass
class _PageChecker(HTMLParser):
    """A parser of one page that stops at the first fault."""

    name: str
    language: str | None = None
    headings: list[int] = field(default_factory=list)
    in_style: bool = False
    in_drawing: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def refuse(self, what: str) -> NoReturn:
        line, _ = self.getpos()
        raise GateRefused(f"{self.name} line {line}: {what}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {key: value or "" for key, value in attrs}
        self.in_style = tag == "style"
        if tag in _FORBIDDEN:
            self.refuse(f"a <{tag}> element has no place on a page")
        if self.in_drawing or tag in ALLOWED:
            self._check_drawing(tag, attributes)
        for key, value in attributes.items():
            self._check_attribute(tag, key, value)
        if tag == "html":
            self.language = attributes.get("lang")
        elif tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            self.refuse("a page does not go elsewhere by itself (meta refresh)")
        elif tag == "img":
            self._check_alt(attributes.get("alt", ""))
        elif _HEADING.fullmatch(tag):
            self._check_heading(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False
        self.in_drawing = self.in_drawing and tag != "svg"

    def handle_data(self, data: str) -> None:
        if self.in_style and _CSS_LOADS.search(data):
            self.refuse("the style sheet loads something (url() or @import)")
        if _TRACEBACK.search(data):
            self.refuse("the text of an error shows")
        self._check_home(data)

    def _check_attribute(self, tag: str, key: str, value: str) -> None:
        if key.startswith("on"):
            self.refuse(f"the attribute {key} of <{tag}> would run a script")
        if key in _LOADS and not value.startswith("data:"):
            self.refuse(f"<{tag} {key}> loads {value[:80]!r}; everything a page shows is inside it")
        if key == "href" and re.match(r"\s*(?:javascript|data|vbscript):", value, re.IGNORECASE):
            self.refuse(f"the link {value[:40]!r} would run a script")
        if key == "href" and tag != "a":
            self.refuse(f"<{tag} href> loads {value[:80]!r}; everything a page shows is inside it")
        if key == "style" and _CSS_LOADS.search(value):
            self.refuse(f"the style of <{tag}> loads something")
        if not value.startswith("data:"):
            self._check_home(value)

    def _check_drawing(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in ALLOWED or self.in_drawing == (tag == "svg"):
            self.refuse(f"a drawing has no <{tag}>, and <{tag}> no place outside a drawing")
        self.in_drawing = True
        for key, value in attributes.items():
            # The parser writes all names in small letters.
            check_attribute(tag, {"viewbox": "viewBox"}.get(key, key), value, self.refuse)
        if tag == "svg":
            self._check_alt(attributes.get("aria-label", ""))

    def _check_alt(self, alt: str) -> None:
        plain = alt.strip().strip(".").lower()
        if plain in _PLACEHOLDERS or plain.startswith(_NBCONVERT_PLACEHOLDER):
            self.refuse(f"an image says nothing to who cannot see it (alt={alt!r})")

    def _check_heading(self, level: int) -> None:
        if level > (self.headings[-1] if self.headings else 0) + 1:
            last = f"h{self.headings[-1]}" if self.headings else "nothing"
            self.refuse(f"a heading h{level} follows {last}; a level was skipped")
        self.headings.append(level)

    def _check_home(self, text: str) -> None:
        found = _HOME.search(text)
        if found:
            self.refuse(f"the path of somebody's home folder shows ({text[found.start() :][:40].strip()!r})")

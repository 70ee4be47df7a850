"""Drawings of a page: SVG built anew from the few elements and attributes that a figure of ours is made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from xml.etree import ElementTree

from analysis.faults import GateRefused

_NUMBER = r"-?[0-9]{1,6}(?:\.[0-9]{1,3})?"
_PATTERNS = {
    # Of the page's own classes none, which could hide a drawing or make a notice of it.
    "class": r"drawing(?: on-(?:wide|narrow))?|[fs]-[a-z]+(?: s-[a-z]+)?(?: bold)?",
    "viewBox": rf"{_NUMBER}(?: {_NUMBER}){{3}}",
    "role": "img",
    "aria-label": r"[\s\S]*",
    "d": r"[MLQCZ0-9 .\-]*",
    "fill-opacity": _NUMBER,
    "stroke-opacity": _NUMBER,
    "stroke-width": _NUMBER,
    "stroke-dasharray": rf"{_NUMBER}(?: {_NUMBER})*",
    "x": _NUMBER,
    "y": _NUMBER,
    "font-size": _NUMBER,
    "text-anchor": "middle|end",
    "transform": rf"rotate\({_NUMBER} {_NUMBER} {_NUMBER}\)",
}
ALLOWED = {
    "svg": {"class", "viewBox", "role", "aria-label"},
    "path": {"class", "d", "fill-opacity", "stroke-opacity", "stroke-width", "stroke-dasharray"},
    "text": {"class", "x", "y", "font-size", "text-anchor", "transform"},
}
"""Each element of a drawing, with the attributes it may have."""


def rebuild(drawing: str, *, name: str) -> str:
    """Return a drawing built anew from what a drawing may have: paths, and lines of plain text.

    Parameters
    ----------
    drawing : str
        An ``svg`` element, as an executed notebook has it.
    name : str
        Where it stands, for the sentence.

    Raises
    ------
    GateRefused
        It is not well formed, or has an element, an attribute or a value that no drawing of ours has.
    """
    if "<!" in drawing or "<?" in drawing:  # nothing is declared, so that nothing can be expanded or fetched
        raise GateRefused(f"{name}: a drawing declares something; it has paths and text only")
    try:
        root = ElementTree.fromstring(drawing)
    except ElementTree.ParseError as error:
        raise GateRefused(f"{name}: a drawing is not well-formed: {error}") from error
    if root.tag != "svg":
        raise GateRefused(f"{name}: a drawing is an <svg>, not a <{root.tag[:40]}>")

    def refuse(what: str) -> None:
        raise GateRefused(f"{name}: {what}")

    children = "".join(_element(child, refuse) for child in root)
    return f"<svg{_attributes(root, refuse)}>{children}</svg>"


def _element(element: ElementTree.Element, refuse: Callable[[str], None]) -> str:
    if element.tag not in ALLOWED or element.tag == "svg":
        refuse(f"a drawing has no <{element.tag[:40]}>")
    if len(element) or (element.tag == "path" and element.text):
        refuse(f"<{element.tag}> of a drawing has nothing inside but text")
    attributes = _attributes(element, refuse)
    return f"<text{attributes}>{escape(element.text or '')}</text>" if element.tag == "text" else f"<path{attributes}/>"


def _attributes(element: ElementTree.Element, refuse: Callable[[str], None]) -> str:
    for key, value in element.attrib.items():
        check_attribute(element.tag, key, value, refuse)
    return "".join(f' {key}="{escape(value)}"' for key, value in element.attrib.items())


def check_attribute(tag: str, key: str, value: str, refuse: Callable[[str], None]) -> None:
    """Refuse an attribute that an element of a drawing may not have.

    Parameters
    ----------
    tag, key, value : str
        The element, the attribute and its value.
    refuse : callable
        Raises, given what is wrong.
    """
    if key not in ALLOWED[tag]:
        refuse(f"<{tag}> of a drawing has no attribute {key[:40]}")
    elif not re.fullmatch(_PATTERNS[key], value):
        refuse(f"<{tag} {key}> of a drawing cannot be {value[:40]!r}")

"""The sections of a page: each second-level heading gets a name that the list of contents links to."""

from __future__ import annotations

import re
from html import unescape

_HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def numbered(body: str) -> tuple[str, list[tuple[str, str]]]:
    """Return a page's contents with ids on its second-level headings, and each id with the heading's text.

    Parameters
    ----------
    body : str
        Sanitised HTML.
    """
    found: list[tuple[str, str]] = []

    def name(match: re.Match[str]) -> str:
        found.append((f"s{len(found) + 1}", unescape(_TAG.sub("", match[1])).strip()))
        return f'<h2 id="{found[-1][0]}">{match[1]}</h2>'

    return _HEADING.sub(name, body), found

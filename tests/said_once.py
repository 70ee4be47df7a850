"""Which long sentences a page says more than once, whatever numbers they are said with."""

from __future__ import annotations

import re
from collections import Counter

from bs4 import BeautifulSoup

BLOCKS = ["p", "li", "td", "th", "caption", "figcaption", "summary", "dd", "h2", "h3"]
LONG = {"en": 25, "vi": 40}
"""Words of a sentence that nobody wants to read twice; in Vietnamese syllables, of which a word has about 1.6."""


def said_twice(html: str, language: str) -> list[str]:
    """Return the long sentences that are in several blocks of a page, with ``#`` for each number."""
    found: Counter[str] = Counter()
    for block in BeautifulSoup(html, "html.parser").find_all(BLOCKS):
        if block.find(BLOCKS):
            continue
        text = re.sub(r"\d[\d.,]*(?<=\d)", "#", block.get_text(" ", strip=True))
        sentences = re.split(r"(?<=[.!?])\s+", text)
        found.update(one for one in sentences if len(one.split()) >= LONG[language])
    return [sentence for sentence, times in found.items() if times > 1]

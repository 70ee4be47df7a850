"""Names as offices write them, brought to one spelling: composed for the eye, folded for codes."""

from __future__ import annotations

import re
import unicodedata


def tidy(text: str) -> str:
    """Return the text in composed letters (NFC) with single blanks: what a reader sees, written one way."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """Return the text without diacritics, in lower case, blanks and signs as hyphens: ``Sở Y tế`` → ``so-y-te``."""
    # đ is a letter of its own, which no decomposition takes apart.
    letters = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")

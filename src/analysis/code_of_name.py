"""The code of a name, by which data and plans speak of one body, field or group: ``Sở Y tế`` → ``so-y-te``."""

from __future__ import annotations

import re
import unicodedata

from analysis.visible_text import visible

CODE = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
"""Matches a code."""


def code_of_name(name: str) -> str:
    """Return a name without diacritics, in lower case, hyphens for blanks and signs; empty when nothing is left.

    However its letters are composed, and whatever of it nobody sees, a name has one code; a code without underscores
    has itself.

    Parameters
    ----------
    name : str
        The name.
    """
    # đ is a letter of its own: Unicode decomposition does not turn it into d and a mark.
    letters = unicodedata.normalize("NFD", visible(name).lower().replace("đ", "d"))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def write_code(found: str) -> str:
    """Return the sentence for a text that stands where a code was expected, with the code to write.

    Parameters
    ----------
    found : str
        The text.
    """
    code = code_of_name(found)
    hint = f"write {code!r}" if code else "a code has letters a to z and digits, hyphens between them"
    return f"a code was expected, found {found!r}; {hint}"

"""Text as people see it: without characters that nobody sees."""

from __future__ import annotations

import re

UNSEEN = (
    r"[\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{7F}-\x{9F}\x{AD}"
    r"\x{034F}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FE00}-\x{FE0F}\x{FEFF}"
    r"\x{FFF9}-\x{FFFB}\x{E0000}-\x{E007F}]"
)
"""Control characters but for blanks and line breaks, zero-width characters, marks of direction, soft hyphens.

Written as DuckDB and Arrow read it."""

IN_PYTHON = re.compile(re.sub(r"\\x\{(\w+)\}", lambda found: rf"\U{found[1]:0>8}", UNSEEN))


def visible(text: str) -> str:
    """Return a text without the characters that nobody sees."""
    return IN_PYTHON.sub("", text)

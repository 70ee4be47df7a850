"""Where the edition of a body is: the notebook it is made by, and the name of its page."""

from __future__ import annotations

import hashlib
import re

EDITIONS = "08_body"
"""Stem of the notebook that becomes an edition for a body, and without one the index of all editions."""

_LONGEST_CODE = 80
"""Letters of a body's code in the name of a file."""


def edition_stem(body: str) -> str:
    """Return the name of a body's page, and of its executed notebook, without suffix.

    It is the body's code, where that is a part of a file's name on any disk and no other code would give the same.
    """
    plain = re.sub(r"[^a-z0-9_.-]", "_", body.lower())[:_LONGEST_CODE]
    own = plain if plain == body else f"{plain}-{hashlib.sha256(body.encode()).hexdigest()[:8]}"
    return f"{EDITIONS}-{own}"

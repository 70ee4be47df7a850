"""What a library would load, at the cost of seconds, for nobody."""

from __future__ import annotations

import sys
from typing import Any

LEFT_OUT = "rfc3987_syntax"
"""Builds 35 parsers of international web addresses when imported: one to two seconds."""


def leave_out_address_parsers() -> None:
    """Have jsonschema do without its parsers of web addresses; to be called before anything reads a notebook.

    Whatever reads notebooks imports jsonschema, which takes the parsers where they are and does without them where
    they are not. No schema of a notebook asks for them.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault(LEFT_OUT, None)

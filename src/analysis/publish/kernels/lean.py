"""Spare an import that takes seconds and that nobody needs."""

from __future__ import annotations

import sys
from typing import Any

ADDRESS_PARSERS = "rfc3987_syntax"
"""A module that builds 35 parsers of international web addresses when imported: one to two seconds."""


def leave_out_address_parsers() -> None:
    """Make jsonschema do without its parsers of web addresses; call this before anything reads a notebook.

    Everything that reads notebooks imports jsonschema, which uses the parsers where they are installed and does
    without them where they are not. No schema of a notebook needs them.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault(ADDRESS_PARSERS, None)

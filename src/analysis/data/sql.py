"""DuckDB on received files: a connection that spills to scratch, and received text as SQL literals."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analysis.faults import EnvironmentFault

BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8239) || chr(65279)"
"""White space as it stands around cells, no-break spaces and a stray byte order mark included; SQL's own trim knows
the plain blank only."""


def literal(text: object) -> str:
    """Return text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return the name of a table or column as SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def file_literal(path: Path | str) -> str:
    """Return a path as an SQL literal that means this one file, whatever signs of a pattern its name holds."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def parquet(path: Path | str) -> str:
    """Return what stands after FROM to read a Parquet file."""
    return f"read_parquet({file_literal(path)})"


def trimmed(cell: str) -> str:
    """Return SQL of a cell without the white space around it; missing when nothing is left."""
    return f"nullif(trim({cell}, {BLANKS}), '')"


def composed(cell: str) -> str:
    """Return SQL of a cell's text in composed letters, missing when it is blank."""
    # Plain ASCII without a blank at its ends, told by its bytes, is so already; most cells are, and the detour costs
    # more than all the rest.
    is_plain = f"strlen({cell}) = length({cell}) AND {cell} > '!' AND right({cell}, 1) > ' '"
    slow = f"nullif(trim(nfc_normalize({cell}), {BLANKS}), '')"
    return f"CASE WHEN {is_plain} THEN {cell} WHEN {cell} <> '' THEN {slow} END"


_MEMORY = "1200MB"
"""What DuckDB may hold; beyond it, it spills into scratch. With the rest of the process it stays under 2 GiB."""


@contextmanager
def workshop(folder: Path) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """Give a folder for scratch inside a folder and a connection that spills into it; both are gone afterwards.

    Raises
    ------
    EnvironmentFault
        The disk is full, the memory is not enough, or a file may not be read or written.
    KeyboardInterrupt
        Ctrl-C while a query ran, which DuckDB reports as an error of its own.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".scratch-", dir=folder) as name, duckdb.connect() as connection:
            spill = literal(Path(name) / "spill")
            connection.execute(f"SET memory_limit = '{_MEMORY}'; SET temp_directory = {spill}")
            connection.execute("SET enable_progress_bar = false")
            yield Path(name), connection
    except duckdb.OutOfMemoryException as error:
        raise EnvironmentFault(f"{folder}: not enough memory or disk ({str(error).splitlines()[0]})") from error
    except duckdb.IOException as error:
        raise EnvironmentFault(f"{folder}: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise EnvironmentFault(f"{error.filename or folder}: {error.strerror or error}") from error
    except (duckdb.InterruptException, RuntimeError) as error:
        if str(error) != "Query interrupted" and not isinstance(error, duckdb.InterruptException):
            raise
        raise KeyboardInterrupt from error

"""DuckDB for received files: a connection with a scratch folder, and text, paths and cells written as SQL."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analysis.faults import EnvironmentFault

_MEMORY_LIMIT = "1200MB"
"""Memory that DuckDB may use before it spills to disk; with the rest of the process this stays under 2 GiB."""


@contextmanager
def scratch_connection(folder: Path) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """Yield a scratch folder and a DuckDB connection that spills into it; both are removed at the end.

    Parameters
    ----------
    folder : Path
        Folder in which the scratch folder is made; made if it is not there.

    Raises
    ------
    EnvironmentFault
        The disk is full, memory does not suffice, or a file may not be read or written.
    KeyboardInterrupt
        Ctrl-C was pressed while a query ran, which DuckDB reports as an error of its own.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".scratch-", dir=folder) as name, duckdb.connect() as connection:
            spill = literal(Path(name) / "spill")
            connection.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'; SET temp_directory = {spill}")
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


BLANKS = "' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8239) || chr(65279)"
"""SQL of the white space found around cells, with no-break spaces and a stray byte order mark; without this list SQL's
trim removes plain blanks only."""


def literal(text: object) -> str:
    """Return text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return the name of a table or column, quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def file_literal(path: Path | str) -> str:
    """Return a path as an SQL literal that matches this one file, even when its name holds wildcards."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def parquet(path: Path | str) -> str:
    """Return the SQL relation (what follows FROM) that reads a Parquet file."""
    return f"read_parquet({file_literal(path)})"


def trimmed(cell: str) -> str:
    """Return SQL of a cell without the white space around it; NULL when nothing is left."""
    return f"nullif(trim({cell}, {BLANKS}), '')"


def nfc_text(cell: str) -> str:
    """Return SQL of a cell's trimmed text in composed letters (Unicode NFC); NULL when it is blank."""
    # ASCII text without blanks at its ends needs no work. Most cells are such, and normalising them as well would cost
    # more than everything else.
    is_plain = f"strlen({cell}) = length({cell}) AND {cell} > '!' AND right({cell}, 1) > ' '"
    normalised = f"nullif(trim(nfc_normalize({cell}), {BLANKS}), '')"
    return f"CASE WHEN {is_plain} THEN {cell} WHEN {cell} <> '' THEN {normalised} END"

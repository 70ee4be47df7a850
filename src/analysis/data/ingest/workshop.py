"""Where a file is worked on: a folder for scratch and a DuckDB connection that spills into it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analysis.data.sources.sql import literal
from analysis.faults import EnvironmentFault

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

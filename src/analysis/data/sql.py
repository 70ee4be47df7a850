"""DuckDB, opened closed: connections that reach the files they are given, and text, paths and cells written as SQL."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from analysis.faults import EnvironmentFault

_MEMORY_LIMIT = "1200MB"
"""Memory that DuckDB may use before it spills to disk; with the rest of the process this stays under 2 GiB."""


_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
    "memory_limit": _MEMORY_LIMIT,
}
"""No extension is fetched or loaded, no stored password is read, and no variable of this process is a table."""


def closed_connection(
    *, reads: Iterable[Path | str] = (), folder: Path | None = None, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection that reads and writes nothing but what is given here, whatever its queries say.

    Its settings can no longer be changed, except for the time zone. Frames and batches are registered as usual.

    Parameters
    ----------
    reads : iterable of Path or str
        Files that it may read.
    folder : Path or None
        Folder in which it may read and write, with all that stands below it.
    spill : Path or None
        Folder for what does not fit in memory; by default DuckDB's own below the working folder.
    """
    # A path is looked up as it stands in a query: through links, and with its wildcards made plain.
    paths = [name for path in reads for name in (str(path), str(Path(path).resolve()), _without_wildcards(path))]
    folders = [] if folder is None else [f"{folder}/", f"{_without_wildcards(folder)}/"]
    connection = duckdb.connect(config=_CLOSED)
    if spill is not None:
        connection.execute(f"SET temp_directory = {literal(spill)}")
    # The lists come first: they cannot be changed once access is off.
    connection.execute(f"SET allowed_paths = {_listed(paths)}")
    connection.execute(f"SET allowed_directories = {_listed(folders)}")
    connection.execute("SET enable_external_access = false; SET enable_progress_bar = false")
    connection.execute("SET allowed_configs = ['TimeZone']; SET lock_configuration = true")
    return connection


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(literal, texts))}]"


@contextmanager
def scratch_connection(
    folder: Path, *, reads: Iterable[Path | str] = ()
) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """Yield a scratch folder and a closed DuckDB connection that spills into it; both are removed at the end.

    Parameters
    ----------
    folder : Path
        Folder in which the scratch folder is made, and in which the connection may write; made if it is not there.
    reads : iterable of Path or str
        Files elsewhere that the connection may read.

    Raises
    ------
    EnvironmentFault
        The disk is full, memory does not suffice, or a file may not be read or written.
    KeyboardInterrupt
        Ctrl-C was pressed while a query ran, which DuckDB reports as an error of its own.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".scratch-", dir=folder) as name,
            closed_connection(reads=reads, folder=folder, spill=Path(name) / "spill") as connection,
        ):
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
    return literal(_without_wildcards(path))


def _without_wildcards(path: Path | str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", str(path))


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

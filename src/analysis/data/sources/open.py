"""The door: one received file or relation → rows of text, whatever it is written in."""

from __future__ import annotations

from pathlib import Path

import duckdb

from analysis.data.sources.database import read_database
from analysis.data.sources.delimited import read_delimited
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import Asked, Rows
from analysis.data.sources.workbook import read_workbook
from analysis.faults import BadData


def open_rows(
    source: str, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, asked: Asked
) -> Rows:
    """Return the rows of a source as the mapping says it is written.

    Parameters
    ----------
    source : str
        Path of a file, or the address of a PostgreSQL database.
    mapping : Mapping
        How it is written.
    connection : duckdb.DuckDBPyConnection
        What scans the rows.
    scratch : Path
        Folder for what must be brought into reach first; the caller removes it.
    asked : Asked
        What is wanted of the cells of all rows.

    Raises
    ------
    BadData
        The source is not there or not what the mapping says.
    """
    if mapping.format == "postgresql":
        return read_database(source, mapping, connection, scratch, asked=asked)
    path = Path(source)
    if not path.is_file():
        raise BadData(f"{source}: there is no such file")
    if mapping.format == "csv":
        return read_delimited(path, mapping, connection, scratch, asked=asked)
    if mapping.format == "workbook":
        return read_workbook(path, mapping, connection, scratch, asked=asked)
    return read_database(source, mapping, connection, scratch, asked=asked)

"""Open a received file or database relation, in whatever format, as rows of text."""

from __future__ import annotations

from pathlib import Path

import duckdb

from analysis.data.sources.database import read_database
from analysis.data.sources.delimited import read_delimited
from analysis.data.sources.mapping import Mapping
from analysis.data.sources.rows import Rows, ScanRequest
from analysis.data.sources.workbook import read_workbook
from analysis.database_address import is_like_address, refuse_password
from analysis.faults import BadParameters


def open_rows(
    source: str, mapping: Mapping, connection: duckdb.DuckDBPyConnection, scratch: Path, *, scan_request: ScanRequest
) -> Rows:
    """Return the rows of a file or database relation, read in the format its mapping names.

    Parameters
    ----------
    source : str
        Path of a file, or address of a PostgreSQL database.
    mapping : Mapping
        How the source is written.
    connection : duckdb.DuckDBPyConnection
        Connection that scans the rows.
    scratch : Path
        Folder for what must be converted or copied before it can be scanned; the caller removes it.
    scan_request : ScanRequest
        What the scan of all cells is to return.

    Raises
    ------
    BadData
        The source is not what the mapping says.
    BadParameters
        There is no such file, the address of a database holds a password, or the mapping names no relation.
    EnvironmentFault
        The database does not answer, or the disk is full.
    """
    refuse_other_kind(source, mapping)
    if mapping.format == "postgresql":
        return read_database(source, mapping, connection, scratch, scan_request=scan_request)
    path = Path(source)
    if not path.is_file():
        raise BadParameters(f"{source}: there is no such file")
    if mapping.format == "csv":
        return read_delimited(path, mapping, connection, scratch, scan_request=scan_request)
    if mapping.format == "workbook":
        return read_workbook(path, mapping, connection, scratch, scan_request=scan_request)
    return read_database(source, mapping, connection, scratch, scan_request=scan_request)


def refuse_other_kind(source: str, mapping: Mapping) -> None:
    """Refuse an address where the mapping reads a file, and one that may hold a password; neither is repeated.

    Parameters
    ----------
    source : str
        Path of a file, or address of a PostgreSQL database.
    mapping : Mapping
        How the source is written.

    Raises
    ------
    BadParameters
        The source is refused.
    """
    if mapping.format == "postgresql":
        refuse_password(source)
    elif is_like_address(source):
        raise BadParameters(
            f"an address was given, and the mapping reads a file (format: {mapping.format}); the path of a file was "
            "expected"
        )

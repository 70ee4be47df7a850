"""The mapping file: how the headers, codes, dates and numbers of one system become one of our tables."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

import pandera.pandas as pa
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from analysis import strict_yaml
from analysis.data.contracts import RatingCounts
from analysis.data.declared import (
    MAPPED,
    ExtraKind,
    TableDeclaration,
    columns_of_table,
    extra_column,
    fault_in_extra,
    fault_in_tables,
)
from analysis.data.margins import Part, fault_in_parts, part_column
from analysis.data.sources.column_source import (
    ExtraSource,
    Header,
    PartSource,
    Source,
    SourceOrHeader,
    fault_in_format,
    fault_in_source,
    kind_of,
)
from analysis.data.sources.missing import ANSWERS
from analysis.data.sources.persons import is_personal

Dimension = Literal["agency", "district", "field", "procedure"]
Format = Literal["csv", "workbook", "parquet", "duckdb", "sqlite", "postgresql"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class About(_Strict):
    """Where the data comes from, as the pages show it.

    Attributes
    ----------
    title : str
        Name of the data set.
    source : str
        Publisher and licence, or who operates the system.
    simulated : bool
        Whether the data is simulated; every page then says so.
    """

    title: str
    source: str
    simulated: bool = False


class WideShare(_Strict):
    """A wide table of one share: one row per procedure, and per period one column of the whole and one of the part.

    Attributes
    ----------
    whole, part : str
        Regular expressions that match the whole header of such a column, white space folded to single blanks, with
        the groups ``period`` (looked up in `periods`) and ``year``.
    periods : dict
        Text of the ``period`` group → quarter or month: ``{"Jan - Mar": "Q1", ...}``.
    part_channel : str
        Channel of the cases that the part counts.
    rest_channel : str
        Channel of the others, the whole less the part.
    """

    whole: str
    part: str
    periods: dict[str, Annotated[str, Field(pattern=r"^(Q[1-4]|0[1-9]|1[0-2])$")]]
    part_channel: Literal["online"] = "online"
    rest_channel: Literal["counter", "post", "other"] = "other"

    @field_validator("whole", "part")
    @classmethod
    def _names_its_period(cls, value: str) -> str:
        groups = re.compile(value).groupindex
        if not {"period", "year"} <= set(groups):
            raise ValueError("a header pattern has the groups (?P<period>...) and (?P<year>...)")
        return value


class AlsoTable(_Strict):
    """A further table of the same file, by what is other than in the mapping it stands in.

    Attributes
    ----------
    sheet, relation, header_row, header_rows, dates, totals, missing, zeros
        As in `Mapping`; as there, where not given.
    tables, columns, extra, margins, other_id, ignored, personal
        As in `Mapping`; its own. A column that one table lists as personal is personal to all.
    """

    sheet: str | None = None
    relation: str | None = None
    header_row: int | None = None
    header_rows: int | None = None
    dates: tuple[str, ...] | None = None
    totals: tuple[Header, ...] | None = None
    missing: tuple[Header, ...] | None = None
    zeros: tuple[Header, ...] | None = None
    tables: dict[str, TableDeclaration] = {}
    columns: dict[str, SourceOrHeader]
    extra: dict[str, ExtraSource] = {}
    margins: dict[str, PartSource] = {}
    other_id: Header | None = None
    ignored: tuple[Header, ...] = ()
    personal: tuple[Header, ...] = ()


class Mapping(_Strict):
    """How a file becomes one of our tables, or several.

    Attributes
    ----------
    about : About
        Where the data comes from, as the pages show it.
    format : str
        ``csv`` (any delimiter; gzip when the name ends with ``.gz``), ``workbook`` (XLSX, XLS or ODS, by its content),
        ``parquet``, ``duckdb``, ``sqlite`` or ``postgresql``.
    encoding, delimiter : str
        How a csv file is written; the encoding is any that Python knows.
    header_row : int
        csv: 1-based line of the header; the lines above it are titles.
    header_rows : int
        workbook: number of rows over which the header is merged. Its place is found by its names.
    totals : tuple of str
        Phrases that are the whole of a cell in a total row, beside ``Tổng``, ``Tổng số``, ``Tổng cộng`` and ``Cộng``;
        such rows are rejected, because adding them up would count everything twice.
    missing : tuple of str
        What cells say that hold nothing, beside ``NULL``, ``(null)``, ``N/A`` and dashes, in times and numbers
        ``NA``, ``none`` and ``nil``, and but in numbers ``NaN``; in any case. A value that a column's codes name
        is what they say.
    zeros : tuple of str
        What cells of numbers say that mean none, such as ``-`` where nothing was late; elsewhere they hold nothing.
    sheet, relation : str or None
        Sheet of a workbook (the first table that is not hidden by default); table or view of a database.
    thousands, decimal : str
        Marks in numbers; with dots for thousands, the decimal mark is a comma unless given.
    dates : tuple of str
        Date formats, most common first: ``dd/mm/yyyy HH:MM:SS``, or with ``%`` in strptime's notation.
    extracted_on : date or None
        Day the file was taken from its system; None when that is the run's `as_of`. A run for an earlier day
        reconstructs what was known then, and says so.
    due_precision : {"day", "instant"}
        Whether a case is late from the day after its due date, or from the moment after its due time.
    case_id_form : {"any", "national"}
        ``national``: identifiers have one of the two forms of the national portal; others are flagged.
    ends_with_newline : bool
        Whether a complete file ends with a line break; a file cut off inside its last field is then detected.
    time_zone : str
        Zone to which times with a zone are converted before the zone is dropped.
    tables : dict
        The declaration of the table that the file becomes, by its name, where that is none of the contracts'.
    table : str
        Which of our tables the file becomes, or the declared one.
    columns : dict
        Our column → where its values come from; plain text is the header of a column.
    extra : dict
        Column of a name of one's own, beyond the table's contract → its kind and where its values come from.
    margins : dict
        Name of one's own → a column that counts a part of the cases; for the table of ``margins``.
    other_id : str or None
        Header of the column with the case's identifier in another system; a case that stands in both systems is then
        recognised as one.
    ignored : tuple of str
        Headers of columns that are known and not used.
    personal : tuple of str
        Headers of columns about persons. They are dropped when the file is read, as is every column whose header names
        something about a person, listed or not. None of them can be copied into a table.
    also : dict
        Further table of ours that the file becomes → what is other for it. A column of one of the tables is known to
        the others.
    dimensions : dict
        Wide counts: dimension → header of its column; values become lower-case codes.
    counts : WideShare or None
        Wide counts: the columns of counts, instead of `columns`.
    """

    about: About
    format: Format
    encoding: str = "utf-8-sig"
    delimiter: Annotated[str, Field(pattern=r"^[^\"\r\n]$")] = ","
    header_row: Annotated[int, Field(ge=1)] = 1
    header_rows: Annotated[int, Field(ge=1, le=5)] = 1
    totals: tuple[Header, ...] = ()
    missing: tuple[Header, ...] = ()
    zeros: tuple[Header, ...] = ()
    sheet: str | None = None
    relation: str | None = None
    thousands: Literal[",", ".", " ", ""] = ""
    decimal: Literal[",", "."] = "."
    dates: tuple[str, ...] = ("yyyy-mm-dd HH:MM:SS", "yyyy-mm-dd")
    extracted_on: date | None = None
    due_precision: Literal["day", "instant"] = "day"
    case_id_form: Literal["any", "national"] = "any"
    ends_with_newline: bool = False
    time_zone: str = "Asia/Ho_Chi_Minh"
    tables: dict[str, TableDeclaration] = {}
    table: Annotated[str, Field(examples=list(MAPPED))] = "counts"
    columns: dict[str, SourceOrHeader] = {}
    extra: dict[str, ExtraSource] = {}
    margins: dict[str, PartSource] = {}
    other_id: Header | None = None
    ignored: tuple[Header, ...] = ()
    personal: tuple[Header, ...] = ()
    also: dict[str, AlsoTable] = {}
    dimensions: dict[Dimension, Header] = {}
    counts: WideShare | None = None

    @model_validator(mode="before")
    @classmethod
    def _decimal_is_the_other_mark(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("thousands") == "." and "decimal" not in value:
            return {**value, "decimal": ","}
        return value

    @field_validator("tables")
    @classmethod
    def _tables_have_names(cls, value: dict[str, TableDeclaration]) -> dict[str, TableDeclaration]:
        found = fault_in_tables(value)
        if found:
            raise ValueError(f"{found[0]}: {found[1]}")
        return value

    @field_validator("table")
    @classmethod
    def _table_is_known(cls, value: str, info: ValidationInfo) -> str:
        declared = info.data.get("tables", {})
        if value not in (*MAPPED, *declared):
            raise ValueError(
                f"{value!r} is none of {', '.join((*MAPPED, *declared))}; "
                "a table of another name is declared under tables"
            )
        if set(declared) - {value}:
            raise ValueError(f"{value!r} is not the table declared under tables, {', '.join(declared)}")
        return value

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError as error:
            raise ValueError(f"no encoding is called {value!r}") from error
        # A byte order mark is never part of the first header.
        return "utf-8-sig" if codecs.lookup(value).name == "utf-8" else value

    @field_validator("missing")
    @classmethod
    def _is_no_answer(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        answers = [word for word in value if word.lower() in ANSWERS]
        if answers:
            raise ValueError(f"{answers[0]!r} is an answer; what it means in a column its codes say")
        return value

    @field_validator("dates")
    @classmethod
    def _dates_can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        faults = [fault for fault in map(fault_in_format, value) if fault]
        if faults or not value:
            raise ValueError(faults[0] if faults else "at least one format was expected")
        return value

    @model_validator(mode="after")
    def _numbers_can_be_read(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError(f"thousands and decimal are both {self.decimal!r}; two marks were expected")
        return self

    @model_validator(mode="after")
    def _is_wide_or_has_columns(self) -> Self:
        if self.counts is not None:
            if self.columns or self.table != "counts":
                raise ValueError("counts describes a wide table of counts: table and columns do not go with it")
            if self.extra or self.tables or self.margins or self.also:
                raise ValueError(
                    "counts describes a wide table of counts: extra, tables, margins and also do not go with it"
                )
            if "procedure" not in self.dimensions:
                raise ValueError("dimensions names the column of the procedure: it is the unit that reports")
            if self.format != "csv":
                raise ValueError("counts describes a wide table in a csv file; save the sheet or relation as one")
            return self
        if self.dimensions:
            raise ValueError("dimensions goes with counts, the wide table; here columns names them")
        if "table" not in self.model_fields_set or not self.columns:
            raise ValueError("table and columns are missing: which table of ours, and where its columns come from")
        return self

    @model_validator(mode="after")
    def _columns_are_the_tables(self) -> Self:
        if self.counts is not None:
            return self
        known = self._own_contract
        unknown = [name for name in self.columns if name not in known]
        if unknown:
            raise ValueError(f"columns.{unknown[0]}: {self.table} has the columns {', '.join(known)}")
        required = required_columns(self.table, self.tables)
        if self.counts_each_rating:
            required = [name for name, column in known.items() if not column.nullable]
        lacking = [name for name in required if name not in self.columns]
        if lacking:
            raise ValueError(f"columns.{lacking[0]} is missing: a table of {self.table} cannot do without it")
        for name, source in self.columns.items():
            fault = fault_in_source(name, source, known[name])
            if fault:
                raise ValueError(f"columns.{name}: {fault}")
        if self.table in self.tables and self.columns[self.tables[self.table].id].column is None:
            raise ValueError(f"columns.{self.tables[self.table].id}: an identifier is read from a column of the file")
        if self.table in self.tables and self.other_id:
            raise ValueError("other_id: only a case has an identifier in another system")
        return self

    @model_validator(mode="after")
    def _extra_is_beyond_the_contract(self) -> Self:
        found = fault_in_extra(self.table, self.extra_kinds, self.tables)
        if found:
            raise ValueError(f"extra.{found[0]}: {found[1]}")
        for name, source in self.extra.items():
            fault = fault_in_source(name, source, extra_column(source.kind))
            if fault:
                raise ValueError(f"extra.{name}: {fault}")
        return self

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        found = fault_in_parts(self.table, self.margins, self.columns)
        if found:
            raise ValueError(f"margins.{found[0]}: {found[1]}")
        return self

    @model_validator(mode="after")
    def _takes_no_person(self) -> Self:
        twice = sorted(self.used_headers() & set(self.personal))
        if twice:
            raise ValueError(f"the column {twice[0]!r} is listed as personal, and taken")
        copied = {f"columns.{name}": source.column for name, source in self.columns.items() if self._copies(name)}
        # A telephone number would be a number: a column that may mean anything takes nothing about persons unchanged.
        copied |= {f"extra.{name}": source.column for name, source in self.extra.items() if source.codes is None}
        copied |= {f"margins.{name}": source.column for name, source in self.margins.items()}
        copied |= {f"dimensions.{name}": header for name, header in self.dimensions.items()}
        copied |= {"other_id": self.other_id}
        for key, header in copied.items():
            if header is not None and is_personal(header):
                raise ValueError(
                    f"{key}: a column called {header!r} is about persons, whose names and addresses never enter; "
                    "only with codes, which say what each of its values becomes, can it be taken"
                )
        return self

    @model_validator(mode="after")
    def _others_are_mappings(self) -> Self:
        together = {self.table, *self.also}
        if self.table in self.also:
            raise ValueError(f"also.{self.table}: the table of this name stands above; what two hold would count twice")
        if "cases" in together and together & {"counts", "margins"}:
            raise ValueError("also: cases, or counts and margins: the same things would be counted twice")
        taken = sorted(self.used_headers() & set(self._personal_to_all)) if self.also else []
        if taken:
            raise ValueError(f"also: the column {taken[0]!r} is listed as personal, and {self.table} takes it")
        for name in self.also:
            try:
                self._other(name)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(step) for step in first["loc"])
                why = first["msg"].removeprefix("Value error, ")
                raise ValueError(": ".join(filter(None, (f"also.{name}", where, why)))) from error
        return self

    def of_each_table(self) -> tuple[Mapping, ...]:
        """Return a mapping per table that the file becomes, in their order."""
        own = self.model_copy(
            update={
                "also": {},
                "ignored": self._known_to(self.table, self.ignored, self.used_headers()),
                "personal": self._personal_to_all,
            }
        )
        return (own, *map(self._other, self.also))

    def _other(self, table: str) -> Mapping:
        """Return the mapping of a further table."""
        given = {name: getattr(self.also[table], name) for name in self.also[table].model_fields_set}
        above = {name: getattr(self, name) for name in type(self).model_fields if name not in _OF_ONE_TABLE}
        found = Mapping(**{**above, **given, "table": table, "personal": self._personal_to_all})
        return found.model_copy(update={"ignored": self._known_to(table, found.ignored, found.used_headers())})

    def _known_to(self, table: str, ignored: Iterable[str], used: Collection[str]) -> tuple[str, ...]:
        """Return the headers that a table ignores: its own, and all that another table names and it does not use."""
        known, every = list(ignored), cast("dict[str, Mapping | AlsoTable]", {self.table: self, **self.also})
        for name, one in every.items():
            if name != table:
                known += [source.column for source in (*one.columns.values(), *one.extra.values()) if source.column]
                known += [source.column for source in one.margins.values()]
                known += [one.other_id] if one.other_id else []
                known += one.ignored
        return tuple(dict.fromkeys(name for name in known if name not in used))

    @property
    def _personal_to_all(self) -> tuple[str, ...]:
        """The headers that any of the tables lists as personal: what one drops no other may show."""
        several = cast("tuple[Mapping | AlsoTable, ...]", (self, *self.also.values()))
        return tuple(dict.fromkeys(name for one in several for name in one.personal))

    def _copies(self, name: str) -> bool:
        """Return whether the file's own text gets into the table; a translated code, a time or a number is no copy."""
        return self.columns[name].codes is None and kind_of(self.contract[name]) in ("text", "code", "period")

    @property
    def extra_kinds(self) -> dict[str, ExtraKind]:
        """Column beyond the contract → kind."""
        return {name: source.kind for name, source in self.extra.items()}

    @property
    def parts(self) -> dict[str, Part]:
        """Column of counts → what it is a part of."""
        return {name: source.part for name, source in self.margins.items()}

    @property
    def contract(self) -> dict[str, pa.Column]:
        """All columns that rows are read into and their contracts, in the order in which they are stored."""
        extra = {name: extra_column(kind) for name, kind in self.extra_kinds.items()}
        return self._own_contract | extra | {name: part_column() for name in self.margins}

    @property
    def _own_contract(self) -> dict[str, pa.Column]:
        if self.counts_each_rating:
            return dict(RatingCounts.to_schema().columns)
        return columns_of_table(self.table, {}, self.tables)

    @property
    def counts_each_rating(self) -> bool:
        """Whether rows of ratings count one answer each, and are stored as satisfied of all respondents."""
        return self.table == "ratings" and not {"rating", "n"}.isdisjoint(self.columns)

    @property
    def id_column(self) -> str | None:
        """The column whose values are unique; None in a table whose rows have no identifier."""
        return self.tables[self.table].id if self.table in self.tables else _IDENTIFIERS.get(self.table)

    @property
    def sources(self) -> dict[str, Source]:
        """Column of the table → where its values come from, for the columns that the mapping gives."""
        return self.columns | self.extra | {name: one.source for name, one in self.margins.items()}

    def used_headers(self) -> set[str]:
        """Return the headers of the columns whose values get into the table, or identify the case in another system."""
        headers = {source.column for source in self.sources.values() if source.column is not None}
        return headers | ({self.other_id} if self.other_id else set())


_OF_ONE_TABLE = ("tables", "table", "columns", "extra", "margins", "other_id", "ignored", "personal", "also")
"""Keys of a mapping that a further table of the file does not share."""


def read_mapping(path: Path) -> Mapping:
    """Return the mapping in a file.

    Raises
    ------
    BadParameters
        The file is missing, has an unknown key or a wrong value.
    """
    return strict_yaml.validate(strict_yaml.read(path, what="mapping"), Mapping, what="mapping")


def mapping_schema() -> str:
    """Return the JSON schema of a mapping, as text that ends with a line break."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Mapping.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


_REQUIRED = {"cases": ["case_id", "accepted_at", "finished_at"]}
"""Table → columns a mapping must give, where these are not the contract's required ones. A case without outcome is
resolved when it has a finish and open otherwise; its other columns may be lacking."""


def required_columns(table: str, declared: dict[str, TableDeclaration]) -> list[str]:
    """Return the columns that a mapping to a table must give.

    Parameters
    ----------
    table : str
        Name of the table.
    declared : dict
        The declared tables, of which all columns must be given.
    """
    if table in declared:
        return [declared[table].id, *declared[table].times, *declared[table].dimensions]
    required = [name for name, column in columns_of_table(table, {}, {}).items() if not column.nullable]
    return _REQUIRED.get(table, required)


_IDENTIFIERS = {"cases": "case_id"}

"""The tables of the suite: every column with its type, unit and meaning, from which the checks are generated.

Small tables are validated by pandera. Tables of cases may be larger than memory: `analysis.data.ingest.column_sql`
writes their checks as SQL from the same models.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any, TypeVar

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from pandera.typing.pandas import Series

from analysis.data import codes
from analysis.faults import BadData


def _nullable(**checks: Any) -> Any:
    """Return a column whose values may be missing; all of them are when the source does not have the column."""
    return pa.Field(nullable=True, **checks)


def _leave_out_frames_of_dask() -> None:
    """Have pandera do without Dask's frames, where Dask is installed: importing them takes as long as pandas itself."""
    modules: dict[str, Any] = sys.modules
    if "dask.dataframe" in modules:
        return
    modules["dask.dataframe"] = None
    try:
        importlib.import_module("pandera.typing.dask")
    finally:
        del modules["dask.dataframe"]


_leave_out_frames_of_dask()  # before the first model, which is when pandera looks for them


class _Table(pa.DataFrameModel):
    """Base of all tables: a column that is not in the contract is refused, values are cast to the contract's types."""

    class Config:
        """Settings of pandera."""

        strict = True
        coerce = True


class Cases(_Table):
    """One case (application file) per row, from its filing to the day its result was handed over.

    Times are local, without a time zone. A case counts as received in the period of `accepted_at` and as resolved in
    the period of `finished_at`.

    Attributes
    ----------
    case_id : str
        Identifier in the source system; unique.
    procedure_code : str or missing
        National code of the procedure, as recorded.
    field, agency : str or missing
        Lower-case codes of the procedure's field, and of the competent body.
    received_at_agency : str or missing
        Lower-case code of the body that received the case, where the source tells the two apart.
    district : str or missing
        Lower-case code of the competent body's district.
    level : {"1", "2", "3", "4", "full", "partial", "information"} or missing
        Level of online service as recorded on the case: 1–4 until August 2022, the others since then. The two scales
        are not legally equivalent, so neither is ever translated into the other.
    channel : {"online", "counter", "post", "other"} or missing
        How the case was filed.
    submitted_at : time or missing
        When it was filed.
    accepted_at : time or missing
        When an official accepted it. A case that was not accepted does not count as received.
    first_due_at, due_at : time or missing
        The first due date, and the one in force now: a new appointment replaces the second, never the first. Both are
        missing where the procedure has no term.
    finished_at : time or missing
        When processing ended, which decides timeliness.
    returned_at : time or missing
        When the result was handed over.
    outcome : {"resolved", "refused", "withdrawn", "open"}
        State of the case at the extraction.
    """

    case_id: Series[str] = pa.Field(unique=True)
    procedure_code: Series[str] = _nullable()
    field: Series[str] = _nullable(str_matches=codes.CODE)
    agency: Series[str] = _nullable(str_matches=codes.CODE)
    received_at_agency: Series[str] = _nullable(str_matches=codes.CODE)
    district: Series[str] = _nullable(str_matches=codes.CODE)
    level: Series[str] = _nullable(isin=codes.LEVELS)
    channel: Series[str] = _nullable(isin=codes.CHANNELS)
    submitted_at: Series[pa.DateTime] = _nullable()
    accepted_at: Series[pa.DateTime] = _nullable()
    first_due_at: Series[pa.DateTime] = _nullable()
    due_at: Series[pa.DateTime] = _nullable()
    finished_at: Series[pa.DateTime] = _nullable()
    returned_at: Series[pa.DateTime] = _nullable()
    outcome: Series[str] = pa.Field(isin=codes.OUTCOMES)


class CaseRatings(_Table):
    """One rating of one case per row; applicants choose whether to give one.

    Attributes
    ----------
    case_id : str
        The rated case, as in `Cases`.
    rating : {"dissatisfied", "satisfied", "very_satisfied"}
        The three possible answers.
    rated_at : time
        When the rating was given.
    """

    case_id: Series[str]
    rating: Series[str] = pa.Field(isin=codes.CASE_RATINGS)
    rated_at: Series[pa.DateTime]


class Counts(_Table):
    """Cases counted by period. Any rows may be summed; a dimension that the source does not have is missing.

    Attributes
    ----------
    period : str
        Reporting month ``2021-09`` or quarter ``2021Q3`` in which the cases are counted.
    agency, district, field : str or missing
        Lower-case codes of the body, of the district and of the procedure's field.
    procedure : str or missing
        Lower-case code of the procedure (service): the unit that starts or stops reporting.
    channel : {"online", "counter", "post", "other"} or missing
        How the cases were filed; missing when the source does not split its counts by channel.
    published_online : bool or missing
        Whether the procedure was published online when the cases were received: at a level of
        `codes.PUBLISHED_LEVELS`.
    timeliness : {"early", "on_time", "late", "no_due_date"} or missing
        Finish compared with the due date, for resolved cases.
    received, resolved : cases
        Whole numbers, 0 or more; missing when the source does not report them.
    """

    period: Series[str] = pa.Field(str_matches=codes.PERIOD)
    agency: Series[str] = _nullable(str_matches=codes.CODE)
    district: Series[str] = _nullable(str_matches=codes.CODE)
    field: Series[str] = _nullable(str_matches=codes.CODE)
    procedure: Series[str] = _nullable(str_matches=codes.CODE)
    channel: Series[str] = _nullable(isin=codes.CHANNELS)
    published_online: Series[pd.BooleanDtype] = _nullable()
    timeliness: Series[str] = _nullable(isin=codes.TIMELINESS)
    received: Series[pd.Int64Dtype] = _nullable(ge=0)
    resolved: Series[pd.Int64Dtype] = _nullable(ge=0)


class Margins(_Table):
    """Cases counted by period and body, as sheets kept by hand have them: whole counts, and parts of them beside.

    Each part, such as the resolved cases that were filed online, is a column that the mapping names under ``margins``
    and says what it is a part of. Parts are given apart from one another, so nothing is known of two together. They are
    never added to `Counts`.

    Attributes
    ----------
    period, agency, district, field, procedure
        As in `Counts`.
    received, resolved : cases
        Whole numbers, 0 or more; missing when the sheet does not have them.
    """

    period: Series[str] = pa.Field(str_matches=codes.PERIOD)
    agency: Series[str] = _nullable(str_matches=codes.CODE)
    district: Series[str] = _nullable(str_matches=codes.CODE)
    field: Series[str] = _nullable(str_matches=codes.CODE)
    procedure: Series[str] = _nullable(str_matches=codes.CODE)
    received: Series[pd.Int64Dtype] = _nullable(ge=0)
    resolved: Series[pd.Int64Dtype] = _nullable(ge=0)


class Workload(_Table):
    """The cases on a body's desk by period: carried over, received, resolved, late, and falling due.

    Whole cases, 0 or more. A case without a due date is never late and never due. A case closed without any date is
    in none of the columns, because it is not known how long it was on the desk.

    Attributes
    ----------
    period, agency, district, field, channel
        As in `Counts`.
    carried_in : cases
        Accepted before the period and still open at its start.
    received, resolved : cases
        As in `Counts`, except that cases closed without any date are left out.
    resolved_late : cases
        Of the resolved cases, those finished after their due date.
    overdue_at_end : cases
        Accepted, still open at the end of the period, and past their due date.
    due : cases
        Accepted, with a due date in the period, finished or not.
    due_late : cases
        Of the cases due, those not finished by their due date.
    """

    period: Series[str] = pa.Field(str_matches=codes.PERIOD)
    agency: Series[str] = _nullable(str_matches=codes.CODE)
    district: Series[str] = _nullable(str_matches=codes.CODE)
    field: Series[str] = _nullable(str_matches=codes.CODE)
    channel: Series[str] = _nullable(isin=codes.CHANNELS)
    carried_in: Series[pd.Int64Dtype] = pa.Field(ge=0)
    received: Series[pd.Int64Dtype] = pa.Field(ge=0)
    resolved: Series[pd.Int64Dtype] = pa.Field(ge=0)
    resolved_late: Series[pd.Int64Dtype] = pa.Field(ge=0)
    overdue_at_end: Series[pd.Int64Dtype] = pa.Field(ge=0)
    due: Series[pd.Int64Dtype] = pa.Field(ge=0)
    due_late: Series[pd.Int64Dtype] = pa.Field(ge=0)


class Ratings(_Table):
    """Ratings of cases counted by period. Applicants choose whether to rate, so this is never a survey.

    Any rows may be summed. A source that counts each answer on a row of its own has the form `RatingCounts`.

    Attributes
    ----------
    period, agency, district, field, channel
        As in `Counts`.
    satisfied : ratings
        Ratings "satisfied" or "very satisfied", of the three possible answers.
    respondents : ratings
        All ratings given; at least `satisfied`.
    """

    period: Series[str] = pa.Field(str_matches=codes.PERIOD)
    agency: Series[str] = _nullable(str_matches=codes.CODE)
    district: Series[str] = _nullable(str_matches=codes.CODE)
    field: Series[str] = _nullable(str_matches=codes.CODE)
    channel: Series[str] = _nullable(isin=codes.CHANNELS)
    satisfied: Series[pd.Int64Dtype] = pa.Field(ge=0)
    respondents: Series[pd.Int64Dtype] = pa.Field(ge=0)

    @pa.dataframe_check
    @classmethod
    def satisfied_within_respondents(cls, frame: pd.DataFrame) -> pd.Series:
        """Return whether each row has at most as many satisfied ratings as ratings."""
        return frame["satisfied"] <= frame["respondents"]


class RatingCounts(_Table):
    """The other form in which counts of ratings arrive: one row per answer. It is stored as `Ratings`.

    Attributes
    ----------
    period, agency, district, field, channel
        As in `Counts`.
    rating : {"dissatisfied", "satisfied", "very_satisfied"}
        The answer.
    n : ratings
        How many gave it.
    """

    period: Series[str] = pa.Field(str_matches=codes.PERIOD)
    agency: Series[str] = _nullable(str_matches=codes.CODE)
    district: Series[str] = _nullable(str_matches=codes.CODE)
    field: Series[str] = _nullable(str_matches=codes.CODE)
    channel: Series[str] = _nullable(isin=codes.CHANNELS)
    rating: Series[str] = pa.Field(isin=codes.CASE_RATINGS)
    n: Series[pd.Int64Dtype] = pa.Field(ge=0)


class Survey(_Table):
    """One answer per row of a survey of organisations and people, with nothing that identifies a person.

    Attributes
    ----------
    instrument : str
        Which survey, such as ``provincial`` or ``sipas``; a series never mixes two instruments.
    round : str
        The survey round, usually its year.
    stratum, cluster : str
        The respondent's stratum and, within it, the primary sampling unit.
    agency, field : str or missing
        The body and the field the answer is about.
    weight : respondents represented
        Sampling weight, above 0.
    rating : 1 to 5
        From very dissatisfied (1) to very satisfied (5); 4 and 5 are satisfied.
    """

    instrument: Series[str] = pa.Field(str_matches=codes.CODE)
    round: Series[str] = pa.Field(str_length={"min_value": 1})
    stratum: Series[str] = pa.Field(str_matches=codes.CODE)
    cluster: Series[str] = pa.Field(str_matches=codes.CODE)
    agency: Series[str] = _nullable(str_matches=codes.CODE)
    field: Series[str] = _nullable(str_matches=codes.CODE)
    weight: Series[float] = pa.Field(gt=0)
    rating: Series[pd.Int64Dtype] = pa.Field(ge=1, le=5)


class Catalogue(_Table):
    """One state of one procedure per row, with its first and last day: what was published online when.

    Attributes
    ----------
    procedure_code : str
        National code of the procedure.
    field : str or missing
        Lower-case code of its field.
    level : {"1", "2", "3", "4", "full", "partial", "information"}
        Level of online service in this state.
    eligible : bool
        Whether the procedure can be offered at level 3 or 4 at all.
    mobile : bool or missing
        Whether it can be used on several means, mobile included.
    integrated : bool or missing
        Whether it is integrated with the National Public Service Portal.
    roadmap_on : day or missing
        Day by which the registered roadmap promises the integration; missing when it is not on the roadmap.
    valid_from : day
        First day of this state.
    valid_to : day or missing
        Its last day; missing for the state still in force.
    """

    procedure_code: Series[str] = pa.Field(str_length={"min_value": 1})
    field: Series[str] = _nullable(str_matches=codes.CODE)
    level: Series[str] = pa.Field(isin=codes.LEVELS)
    eligible: Series[pd.BooleanDtype]
    mobile: Series[pd.BooleanDtype] = _nullable()
    integrated: Series[pd.BooleanDtype] = _nullable()
    roadmap_on: Series[pa.DateTime] = _nullable()
    valid_from: Series[pa.DateTime]
    valid_to: Series[pa.DateTime] = _nullable()


class Progress(_Table):
    """One dated item per row: an entry of an inventory, a milestone, or a point of a headcount path.

    Attributes
    ----------
    target : str
        Target of the plan that the item belongs to.
    item : str
        Lower-case code of the item.
    kind : {"inventory", "milestone", "headcount"}
        Kind of item.
    planned_on : day
        Day by which the roadmap wants it done.
    done_on : day or missing
        Day it was done; missing until then.
    planned, actual : persons or missing
        Headcount allowed and reached on `planned_on`; only for headcount.
    """

    target: Series[str] = pa.Field(str_matches=codes.CODE)
    item: Series[str] = pa.Field(str_matches=codes.CODE)
    kind: Series[str] = pa.Field(isin=codes.PROGRESS_KINDS)
    planned_on: Series[pa.DateTime]
    done_on: Series[pa.DateTime] = _nullable()
    planned: Series[pd.Int64Dtype] = _nullable(ge=0)
    actual: Series[pd.Int64Dtype] = _nullable(ge=0)


TABLES: dict[str, type[_Table]] = {
    "cases": Cases,
    "case_ratings": CaseRatings,
    "counts": Counts,
    "margins": Margins,
    "workload": Workload,
    "ratings": Ratings,
    "survey": Survey,
    "catalogue": Catalogue,
    "progress": Progress,
}
"""Every table that a source can supply, by the name of its file."""

Table = TypeVar("Table", bound=pa.DataFrameModel)


def columns_of(contract: type[pa.DataFrameModel]) -> list[str]:
    """Return the names of a contract's columns, in the contract's order."""
    return list(contract.to_schema().columns)


def empty(contract: type[Table]) -> pd.DataFrame:
    """Return a table of the contract that has no rows."""
    return check(pd.DataFrame(columns=columns_of(contract)), contract, where=contract.__name__)


def with_missing_columns(frame: pd.DataFrame, contract: type[pa.DataFrameModel]) -> pd.DataFrame:
    """Return a table with the contract's nullable columns that it does not have, all of their values missing.

    Tables are kept for years, and a contract may gain columns: a table of before is one whose source lacks them.

    Parameters
    ----------
    frame : pd.DataFrame
        The table.
    contract : type
        A pandera model, such as one of `TABLES`.
    """
    columns = contract.to_schema().columns
    return frame.assign(**{name: pd.NA for name, rule in columns.items() if rule.nullable and name not in frame})


def check(
    frame: pd.DataFrame, contract: type[Table], *, where: str, extra: Mapping[str, pa.Column] | None = None
) -> pd.DataFrame:
    """Validate a frame against a contract and return it with the contract's types and column order.

    Parameters
    ----------
    frame : pd.DataFrame
        The table to validate.
    contract : type
        A pandera model, such as one of `TABLES`.
    where : str
        File or table to name in the message.
    extra : mapping of str to Column, optional
        Columns beyond the contract, which follow its own.

    Raises
    ------
    BadData
        The frame breaks the contract. The message names the first breach: table, column, row, value and the rule.
    """
    schema = contract.to_schema().add_columns(dict(extra or {}))
    columns = list(schema.columns)
    unknown, absent = sorted(set(frame) - set(columns)), [name for name in columns if name not in frame]
    if unknown or absent:
        raise BadData(f"{where}: columns {', '.join(columns)} were expected; unknown {unknown}, missing {absent}")
    try:
        return schema.validate(frame, lazy=True)[columns].reset_index(drop=True)
    except SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        row = "" if pd.isna(first["index"]) else f" row {int(first['index']) + 1}"
        raise BadData(
            f"{where}{row}: column {first['column']}: {first['failure_case']!r} breaks the rule {first['check']}"
            f" ({len(error.failure_cases)} such in all)"
        ) from error

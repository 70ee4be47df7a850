"""The tables of the suite: every column with its unit and meaning, checked once at the door.

Small frames are validated by pandera; the rules over cases, which may be larger than memory, are SQL that
`analysis.data.ingest.column_sql` writes from the same models.
"""

from __future__ import annotations

from typing import Any, TypeVar

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from pandera.typing.pandas import Series

from analysis.data import codes
from analysis.faults import BadData


def _dimension(**checks: Any) -> Any:
    """Return a column a source may lack: then every value of it is missing."""
    return pa.Field(nullable=True, **checks)


class _Table(pa.DataFrameModel):
    """What all tables share: columns of another name are refused, and types are made the contract's."""

    class Config:
        """A table either is the contract's or it is not."""

        strict = True
        coerce = True


class Cases(_Table):
    """One application file a row: a case, from its filing to the day its result was handed over.

    Times are local, without a zone. A case counts as received in the period of `accepted_at` and as resolved in the
    period of `finished_at`.

    Attributes
    ----------
    case_id : str
        Identifier in the system it comes from; unique.
    procedure_code : str or missing
        National code of the procedure, as recorded.
    field, agency, district : str or missing
        Lower-case codes of the procedure's field, of the receiving body and of its district.
    level : {"1", "2", "3", "4", "full", "partial", "information"} or missing
        Level of online service as recorded on the case: 1–4 until August 2022, the others since. The two are no
        legal equivalents and are never translated into each other.
    channel : {"online", "counter", "post", "other"} or missing
        How the case was filed.
    submitted_at, accepted_at : time or missing
        When it was filed, and when an official accepted it; a case not accepted has been received by nobody.
    first_due_at, due_at : time or missing
        The first date promised and the one that holds now: a new appointment replaces the second, never the first.
        Both are missing where the procedure has no term.
    finished_at, returned_at : time or missing
        When processing ended, on which timeliness is judged, and when the result was handed over.
    outcome : {"resolved", "refused", "withdrawn", "open"}
        How the case stood at the extraction.
    """

    case_id: Series[str] = pa.Field(unique=True)
    procedure_code: Series[str] = _dimension()
    field: Series[str] = _dimension(str_matches=codes.CODE)
    agency: Series[str] = _dimension(str_matches=codes.CODE)
    district: Series[str] = _dimension(str_matches=codes.CODE)
    level: Series[str] = _dimension(isin=codes.LEVELS)
    channel: Series[str] = _dimension(isin=codes.CHANNELS)
    submitted_at: Series[pa.DateTime] = _dimension()
    accepted_at: Series[pa.DateTime] = _dimension()
    first_due_at: Series[pa.DateTime] = _dimension()
    due_at: Series[pa.DateTime] = _dimension()
    finished_at: Series[pa.DateTime] = _dimension()
    returned_at: Series[pa.DateTime] = _dimension()
    outcome: Series[str] = pa.Field(isin=codes.OUTCOMES)


class CaseRatings(_Table):
    """One rating of one case a row: given by those who chose to.

    Attributes
    ----------
    case_id : str
        The case rated, as in `Cases`.
    rating : {"dissatisfied", "satisfied", "very_satisfied"}
        The three levels asked.
    rated_at : time
        When it was given.
    """

    case_id: Series[str]
    rating: Series[str] = pa.Field(isin=codes.CASE_RATINGS)
    rated_at: Series[pa.DateTime]


class Counts(_Table):
    """Cases counted by period; dimensions a source lacks are missing, and rows may be added up freely.

    Attributes
    ----------
    period : str
        Reporting month ``2021-09`` or quarter ``2021Q3`` the cases are counted in.
    agency, district, field : str or missing
        Lower-case codes of the body, the district and the field of the procedure.
    procedure : str or missing
        Lower-case code of the procedure (service): the unit that starts or stops reporting.
    channel : {"online", "counter", "post", "other"} or missing
        How the case was filed; missing when the source gives the whole without its split by channel.
    published_online : bool or missing
        Whether the procedure was published online when the case was received (see `codes.PUBLISHED_LEVELS`).
    timeliness : {"early", "on_time", "late", "no_due_date"} or missing
        Finish against the due date, for resolved cases.
    received, resolved : cases
        Whole numbers, 0 or more; missing when the source does not count them.
    """

    period: Series[str] = pa.Field(str_matches=codes.PERIOD)
    agency: Series[str] = _dimension(str_matches=codes.CODE)
    district: Series[str] = _dimension(str_matches=codes.CODE)
    field: Series[str] = _dimension(str_matches=codes.CODE)
    procedure: Series[str] = _dimension(str_matches=codes.CODE)
    channel: Series[str] = _dimension(isin=codes.CHANNELS)
    published_online: Series[pd.BooleanDtype] = _dimension()
    timeliness: Series[str] = _dimension(isin=codes.TIMELINESS)
    received: Series[pd.Int64Dtype] = _dimension(ge=0)
    resolved: Series[pd.Int64Dtype] = _dimension(ge=0)


class Workload(_Table):
    """What a body had on its desk by period: carried over, come in, done late, left late.

    Whole cases, 0 or more. A case without a due date is never late and never due; one closed without any date is in
    none of the columns, since nobody knows how long it lay there.

    Attributes
    ----------
    period, agency, district, field, channel
        As in `Counts`.
    carried_in : cases
        Accepted before the period and still open at its start.
    received, resolved : cases
        As in `Counts`, but for cases closed without any date.
    resolved_late : cases
        Of those resolved, after their due date.
    overdue_at_end : cases
        Accepted, still open at the end of the period, and past their due date.
    due : cases
        Accepted, and falling due in the period, whether done or not.
    due_late : cases
        Of those, not done by their due date.
    """

    period: Series[str] = pa.Field(str_matches=codes.PERIOD)
    agency: Series[str] = _dimension(str_matches=codes.CODE)
    district: Series[str] = _dimension(str_matches=codes.CODE)
    field: Series[str] = _dimension(str_matches=codes.CODE)
    channel: Series[str] = _dimension(isin=codes.CHANNELS)
    carried_in: Series[pd.Int64Dtype] = pa.Field(ge=0)
    received: Series[pd.Int64Dtype] = pa.Field(ge=0)
    resolved: Series[pd.Int64Dtype] = pa.Field(ge=0)
    resolved_late: Series[pd.Int64Dtype] = pa.Field(ge=0)
    overdue_at_end: Series[pd.Int64Dtype] = pa.Field(ge=0)
    due: Series[pd.Int64Dtype] = pa.Field(ge=0)
    due_late: Series[pd.Int64Dtype] = pa.Field(ge=0)


class Ratings(_Table):
    """Per-case ratings counted by period: given by those who chose to, so never a survey.

    Attributes
    ----------
    period, agency, district, field, channel
        As in `Counts`.
    satisfied : ratings
        "Satisfied" or "very satisfied" of the three levels asked.
    respondents : ratings
        All ratings given; at least `satisfied`.
    """

    period: Series[str] = pa.Field(str_matches=codes.PERIOD)
    agency: Series[str] = _dimension(str_matches=codes.CODE)
    district: Series[str] = _dimension(str_matches=codes.CODE)
    field: Series[str] = _dimension(str_matches=codes.CODE)
    channel: Series[str] = _dimension(isin=codes.CHANNELS)
    satisfied: Series[pd.Int64Dtype] = pa.Field(ge=0)
    respondents: Series[pd.Int64Dtype] = pa.Field(ge=0)

    @pa.dataframe_check
    @classmethod
    def satisfied_within_respondents(cls, frame: pd.DataFrame) -> pd.Series:
        """No more ratings are satisfied than were given."""
        return frame["satisfied"] <= frame["respondents"]


class Survey(_Table):
    """One answer a row of a survey of organisations and people: no name, no address, nothing to find a person by.

    Attributes
    ----------
    instrument : str
        Which survey, such as ``provincial`` or ``sipas``: two instruments never make one series.
    round : str
        The round, usually its year.
    stratum, cluster : str
        The stratum and, within it, the primary sampling unit of the respondent.
    agency : str or missing
        The body asked about.
    weight : respondents represented
        Sampling weight, above 0.
    rating : 1 to 5
        From very dissatisfied (1) to very satisfied (5); 4 and 5 are satisfied.
    """

    instrument: Series[str] = pa.Field(str_matches=codes.CODE)
    round: Series[str] = pa.Field(str_length={"min_value": 1})
    stratum: Series[str] = pa.Field(str_matches=codes.CODE)
    cluster: Series[str] = pa.Field(str_matches=codes.CODE)
    agency: Series[str] = _dimension(str_matches=codes.CODE)
    weight: Series[float] = pa.Field(gt=0)
    rating: Series[pd.Int64Dtype] = pa.Field(ge=1, le=5)


class Catalogue(_Table):
    """One state of one procedure a row, from a day on: what was published online when.

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
        Usable on several means, mobile included.
    integrated : bool or missing
        Integrated with the National Public Service Portal.
    roadmap_on : day or missing
        Day by which the registered roadmap promises the integration; missing when it is not on the roadmap.
    valid_from, valid_to : day, day or missing
        First and last day of this state; missing `valid_to` means today's.
    """

    procedure_code: Series[str] = pa.Field(str_length={"min_value": 1})
    field: Series[str] = _dimension(str_matches=codes.CODE)
    level: Series[str] = pa.Field(isin=codes.LEVELS)
    eligible: Series[pd.BooleanDtype]
    mobile: Series[pd.BooleanDtype] = _dimension()
    integrated: Series[pd.BooleanDtype] = _dimension()
    roadmap_on: Series[pa.DateTime] = _dimension()
    valid_from: Series[pa.DateTime]
    valid_to: Series[pa.DateTime] = _dimension()


class Progress(_Table):
    """One dated item a row: a body in an inventory, a milestone, or a point of a headcount path.

    Attributes
    ----------
    target : str
        The plan's target the item belongs to.
    item : str
        Lower-case code of the item.
    kind : {"inventory", "milestone", "headcount"}
        What it is.
    planned_on : day
        Day it is due by the roadmap.
    done_on : day or missing
        Day it was done; missing while it is not.
    planned, actual : persons or missing
        Headcount allowed and reached on that day; only for headcount.
    """

    target: Series[str] = pa.Field(str_matches=codes.CODE)
    item: Series[str] = pa.Field(str_matches=codes.CODE)
    kind: Series[str] = pa.Field(isin=codes.PROGRESS_KINDS)
    planned_on: Series[pa.DateTime]
    done_on: Series[pa.DateTime] = _dimension()
    planned: Series[pd.Int64Dtype] = _dimension(ge=0)
    actual: Series[pd.Int64Dtype] = _dimension(ge=0)


TABLES: dict[str, type[_Table]] = {
    "cases": Cases,
    "case_ratings": CaseRatings,
    "counts": Counts,
    "workload": Workload,
    "ratings": Ratings,
    "survey": Survey,
    "catalogue": Catalogue,
    "progress": Progress,
}
"""Every table a source can give, by the name of its file."""

Table = TypeVar("Table", bound=pa.DataFrameModel)


def columns_of(contract: type[pa.DataFrameModel]) -> list[str]:
    """Return the names of a contract's columns, in its order."""
    return list(contract.to_schema().columns)


def empty(contract: type[Table]) -> pd.DataFrame:
    """Return a table of the contract without rows."""
    return check(pd.DataFrame(columns=columns_of(contract)), contract, where=contract.__name__)


def check(frame: pd.DataFrame, contract: type[Table], *, where: str) -> pd.DataFrame:
    """Return the frame in the contract's types and column order.

    Parameters
    ----------
    frame : pd.DataFrame
        A candidate table.
    contract : type
        One of `TABLES`.
    where : str
        File or table, for the message.

    Raises
    ------
    BadData
        The first breach: table, column, row, value and what was expected.
    """
    columns = columns_of(contract)
    unknown, absent = sorted(set(frame) - set(columns)), [name for name in columns if name not in frame]
    if unknown or absent:
        raise BadData(f"{where}: columns {', '.join(columns)} were expected; unknown {unknown}, missing {absent}")
    try:
        return contract.validate(frame, lazy=True)[columns].reset_index(drop=True)
    except SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        row = "" if pd.isna(first["index"]) else f" row {int(first['index']) + 1}"
        raise BadData(
            f"{where}{row}: column {first['column']}: {first['failure_case']!r} breaks the rule {first['check']}"
            f" ({len(error.failure_cases)} such in all)"
        ) from error

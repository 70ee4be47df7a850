"""The tables of the suite: every column with its unit and meaning, checked once at the door."""

from __future__ import annotations

from typing import Any, TypeVar

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from pandera.typing.pandas import Series

from analysis.faults import BadData

CHANNELS = ("online", "counter", "post", "other")
TIMELINESS = ("early", "on_time", "late", "no_due_date")

_CODE = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
_PERIOD = r"^\d{4}(-(0[1-9]|1[0-2])|Q[1-4])$"


def _dimension(**checks: Any) -> Any:
    """Return a column a source may lack: then every value of it is missing."""
    return pa.Field(nullable=True, **checks)


class Counts(pa.DataFrameModel):
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
        Whether the procedure was published online (level 3 or 4) when the case was received.
    timeliness : {"early", "on_time", "late", "no_due_date"} or missing
        Finish against the due date, for resolved cases.
    received, resolved : cases
        Whole numbers, 0 or more; missing when the source does not count them.
    """

    period: Series[str] = pa.Field(str_matches=_PERIOD)
    agency: Series[str] = _dimension(str_matches=_CODE)
    district: Series[str] = _dimension(str_matches=_CODE)
    field: Series[str] = _dimension(str_matches=_CODE)
    procedure: Series[str] = _dimension(str_matches=_CODE)
    channel: Series[str] = _dimension(isin=CHANNELS)
    published_online: Series[pd.BooleanDtype] = _dimension()
    timeliness: Series[str] = _dimension(isin=TIMELINESS)
    received: Series[pd.Int64Dtype] = _dimension(ge=0)
    resolved: Series[pd.Int64Dtype] = _dimension(ge=0)

    class Config:
        """Columns of another name are refused: a table either is the contract's or it is not."""

        strict = True
        coerce = True


class Ratings(pa.DataFrameModel):
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

    period: Series[str] = pa.Field(str_matches=_PERIOD)
    agency: Series[str] = _dimension(str_matches=_CODE)
    district: Series[str] = _dimension(str_matches=_CODE)
    field: Series[str] = _dimension(str_matches=_CODE)
    channel: Series[str] = _dimension(isin=CHANNELS)
    satisfied: Series[pd.Int64Dtype] = pa.Field(ge=0)
    respondents: Series[pd.Int64Dtype] = pa.Field(ge=0)

    class Config:
        """As in `Counts`."""

        strict = True
        coerce = True

    @pa.dataframe_check
    @classmethod
    def satisfied_within_respondents(cls, frame: pd.DataFrame) -> pd.Series:
        """No more ratings are satisfied than were given."""
        return frame["satisfied"] <= frame["respondents"]


Table = TypeVar("Table", bound=pa.DataFrameModel)


def check(frame: pd.DataFrame, contract: type[Table], *, where: str) -> pd.DataFrame:
    """Return the frame in the contract's types and column order.

    Parameters
    ----------
    frame : pd.DataFrame
        A candidate table.
    contract : type
        `Counts` or `Ratings`.
    where : str
        File or table, for the message.

    Raises
    ------
    BadData
        The first breach: table, column, row, value and what was expected.
    """
    columns = list(contract.to_schema().columns)
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

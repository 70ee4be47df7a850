"""Published figures, typed in by hand: indices, surveys and counts that others have printed, each with its source.

They are read from a folder with ``figures.csv`` and ``breaks.csv``, and checked hard, because a typing error would
otherwise be quoted as a fact. `docs/published-figures.md` says what is in them and what must not be made of it.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pandera.pandas as pa
from pandera.typing.pandas import Series

from analysis.data.codes import CODE
from analysis.data.contracts import Table, check, columns_of
from analysis.faults import BadData

UNITS = ("share", "score", "count", "rank_only")
CONFIDENCES = ("H", "M", "L")
"""From most to least certain: read in the source; derived, or from a weak source; not settled by its source."""

SIPAS_UNTIL_2021, SIPAS_SINCE_2022 = "sipas-2017", "sipas-2022"
"""Until 2021 those who had just received a result were asked; since 2022 residents drawn at random, other questions."""

_YEAR_MONTH_OR_QUARTER = r"^\d{4}(-(0[1-9]|1[0-2])|Q[1-4])?$"
_DAY_AS_FAR_AS_KNOWN = r"^\d{4}(-\d{2}(-\d{2})?)?$"
_CODE_PATTERN = r"^[a-z0-9*][a-z0-9*_-]*$"
_ADDRESS = r"^https?://[^\s/]+\.\S+$"


def _on_the_calendar(days: pd.Series) -> pd.Series:
    return pd.to_datetime(days, format="ISO8601", errors="coerce").notna()


class Published(pa.DataFrameModel):
    """One published figure a row.

    Attributes
    ----------
    area : str
        Lower-case code of the territory *and the scope* the figure is of: ``khanh-hoa`` is the province until 30 June
        2025, ``khanh-hoa-merged`` the one since, ``khanh-hoa-centre`` its one counter hall.
    indicator : str
        Lower-case code of the quantity.
    period : str or missing
        Year ``2021``, month ``2020-09`` or quarter ``2025Q3`` the figure is for; missing when its source does not say.
    value : as `unit` says, or missing
        Missing only where just the rank is known.
    unit : {"share", "score", "count", "rank_only"}
        A part of a whole from 0 to 1; points from 0 to 100 as printed, also of an index "in percent" whose formula is
        not public; a whole number of things; no value.
    rank, rank_of : places or missing
        Place among areas, 1 the best, and how many were ranked.
    method : str or missing
        What must be equal for two figures to be comparable: for ``sipas`` the survey's method, for timeliness the
        cases it is counted over (``resolved`` or ``due``).
    published_on : day, month or year, or missing
        When it was released; where that is not known, the date of the source.
    source : str
        Address it was read at.
    confidence : {"H", "M", "L"}
        See `CONFIDENCES`.
    note : str or missing
        What a reader must know; begins with ``derived:`` where we did arithmetic.
    """

    area: Series[str] = pa.Field(str_matches=CODE)
    indicator: Series[str] = pa.Field(str_matches=CODE)
    period: Series[str] = pa.Field(nullable=True, str_matches=_YEAR_MONTH_OR_QUARTER)
    value: Series[float] = pa.Field(nullable=True)
    unit: Series[str] = pa.Field(isin=UNITS)
    rank: Series[pd.Int64Dtype] = pa.Field(nullable=True, ge=1)
    rank_of: Series[pd.Int64Dtype] = pa.Field(nullable=True, ge=1)
    method: Series[str] = pa.Field(nullable=True, str_matches=CODE)
    published_on: Series[str] = pa.Field(nullable=True, str_matches=_DAY_AS_FAR_AS_KNOWN)
    source: Series[str] = pa.Field(str_matches=_ADDRESS)
    confidence: Series[str] = pa.Field(isin=CONFIDENCES)
    note: Series[str] = pa.Field(nullable=True)

    class Config:
        """As in `contracts`: a table either is the contract's or it is not."""

        strict = True
        coerce = True

    @pa.check("published_on")
    @classmethod
    def on_the_calendar(cls, days: pd.Series) -> pd.Series:
        """Every date exists."""
        return _on_the_calendar(days)


class Break(pa.DataFrameModel):
    """One day a row from which figures no longer compare with earlier ones.

    Attributes
    ----------
    date : day, month or year
        First day of the new state; a month or year stands for its first day.
    area, indicator : str
        Codes it concerns; ``*`` stands for any letters, so ``*`` alone for all and ``cases_*`` for all case counts.
        Besides the indicators of `Published` these may be the suite's own, such as ``online_of_published``.
    event, event_vi : str
        What changed, in English and in Vietnamese.
    source : str
        Address it was read at.
    confidence : {"H", "M", "L"}
        Of the event and its date, see `CONFIDENCES`; which figures it concerns is our reading.
    """

    date: Series[str] = pa.Field(str_matches=_DAY_AS_FAR_AS_KNOWN)
    area: Series[str] = pa.Field(str_matches=_CODE_PATTERN)
    indicator: Series[str] = pa.Field(str_matches=_CODE_PATTERN)
    event: Series[str] = pa.Field(str_length={"min_value": 1})
    event_vi: Series[str] = pa.Field(str_length={"min_value": 1})
    source: Series[str] = pa.Field(str_matches=_ADDRESS)
    confidence: Series[str] = pa.Field(isin=CONFIDENCES)

    class Config:
        """As in `contracts`: a table either is the contract's or it is not."""

        strict = True
        coerce = True

    @pa.check("date")
    @classmethod
    def on_the_calendar(cls, days: pd.Series) -> pd.Series:
        """Every date exists."""
        return _on_the_calendar(days)


class _Rule(NamedTuple):
    """What must hold between columns: the one to blame, what was expected of it, and where it holds."""

    column: str
    expected: str
    holds: Callable[[pd.DataFrame], pd.Series]


def _is_valued(frame: pd.DataFrame) -> pd.Series:
    return frame["value"].notna() == frame["unit"].ne("rank_only")


def _fits(unit: str, highest: float, *, whole: bool = False) -> Callable[[pd.DataFrame], pd.Series]:
    """Return the rule that values of the unit lie from 0 to `highest` and, if asked, are whole."""

    def holds(frame: pd.DataFrame) -> pd.Series:
        fits = frame["value"].between(0, highest) & (frame["value"].mod(1).eq(0) | (not whole))
        return frame["unit"].ne(unit) | fits

    return holds


def _is_ranked(frame: pd.DataFrame) -> pd.Series:
    return frame["rank"].notna() | frame["unit"].ne("rank_only")


def _is_rank_within(frame: pd.DataFrame) -> pd.Series:
    return frame["rank_of"].isna() | (frame["rank"] <= frame["rank_of"]).fillna(False)


def _is_sipas_method(frame: pd.DataFrame) -> pd.Series:
    # Without a period, or before the first survey of 2017, there is no method that would be right.
    year = pd.to_numeric(frame["period"].str[:4])
    of_year = pd.Series(SIPAS_SINCE_2022, frame.index).where(year >= 2022, SIPAS_UNTIL_2021).where(year >= 2017)
    is_sipas = frame["indicator"].str.match(r"sipas(_|$)")
    named_sipas = frame["method"].isin([SIPAS_UNTIL_2021, SIPAS_SINCE_2022])
    return frame["method"].eq(of_year).where(is_sipas, ~named_sipas)


def _is_first(frame: pd.DataFrame) -> pd.Series:
    return ~frame.duplicated(["area", "indicator", "period", "method", "source"])


# Kept out of the models: pandera runs a rule over several columns even where one of them could not be read, and
# reports it under the first column of the table.
_FIGURE_RULES = (
    _Rule("value", "a number, and nothing where the unit is rank_only,", _is_valued),
    _Rule("value", "a share from 0 to 1", _fits("share", 1)),
    _Rule("value", "a score from 0 to 100", _fits("score", 100)),
    _Rule("value", "a whole number from 0", _fits("count", float("inf"), whole=True)),
    _Rule("rank", "a rank, where the unit is rank_only,", _is_ranked),
    _Rule("rank_of", "at least the rank", _is_rank_within),
    _Rule("method", f"{SIPAS_UNTIL_2021} for 2017–2021 and {SIPAS_SINCE_2022} since, of sipas only,", _is_sipas_method),
    _Rule("source", "one row for an area, indicator, period, method and source", _is_first),
)


def read_published(folder: Path) -> pd.DataFrame:
    """Return the published figures of a folder, in the file's order.

    Parameters
    ----------
    folder : Path
        Where ``figures.csv`` is.

    Returns
    -------
    pd.DataFrame
        See `Published`.

    Raises
    ------
    BadData
        The first breach: file, row, column, value and what was expected. Rows are counted from 1, below the header.
    """
    path = folder / "figures.csv"
    figures = _read(path, Published)
    for rule in _FIGURE_RULES:
        holds = rule.holds(figures)
        if not holds.all():
            row = int((~holds).idxmax())
            cell = figures.loc[row, rule.column]
            found = "nothing" if pd.isna(cell) else cell
            raise BadData(f"{path} row {row + 1}: column {rule.column}: {rule.expected} was expected, not {found}")
    return figures


def read_breaks(folder: Path) -> pd.DataFrame:
    """Return the dated breaks of a folder, in the file's order.

    Parameters
    ----------
    folder : Path
        Where ``breaks.csv`` is.

    Returns
    -------
    pd.DataFrame
        See `Break`.

    Raises
    ------
    BadData
        As in `read_published`.
    """
    return _read(folder / "breaks.csv", Break)


def runs(published: pd.DataFrame, indicator: str, area: str, breaks: pd.DataFrame | None = None) -> list[pd.DataFrame]:
    """Return the stretches of a series through which a line may be drawn.

    The figures of a stretch have one unit, one method and one length of period, and follow each other without a gap
    and without a break between them. Where several sources give one figure, the most certain counts, then the first.
    Figures without a period are in no stretch.

    Parameters
    ----------
    published : pd.DataFrame
        See `Published`.
    indicator, area : str
        The series.
    breaks : pd.DataFrame, optional
        See `Break`; without it only units, methods and gaps divide.

    Returns
    -------
    list of pd.DataFrame
        See `Published`; in order of their first period, none when nothing is known.
    """
    series = published["indicator"].eq(indicator) & published["area"].eq(area) & published["period"].notna()
    figures = published[series].sort_values(
        "confidence", key=lambda column: column.map(CONFIDENCES.index), kind="stable"
    )
    figures = figures.drop_duplicates(["unit", "method", "period"])
    # Only order and neighbourhood matter here, so the calendar's periods will do whatever day a publisher closes on.
    moments = figures["period"].map(pd.Period).astype(object)
    lengths = moments.map(lambda moment: moment.freqstr)
    days = [] if breaks is None else _break_days(breaks, indicator, area)
    stretches: list[list[int]] = []
    for _, alike in moments.groupby([figures["unit"], figures["method"], lengths], dropna=False):
        in_order = alike.sort_values()
        stretches.append([in_order.index[0]])
        for (_, before), (row, after) in pairwise(in_order.items()):
            if after.ordinal == before.ordinal + 1 and not _is_broken(before, after, days):
                stretches[-1].append(row)
            else:
                stretches.append([row])
    stretches.sort(key=lambda rows: moments[rows[0]].start_time)
    return [published.loc[rows].reset_index(drop=True) for rows in stretches]


def _break_days(breaks: pd.DataFrame, indicator: str, area: str) -> list[pd.Timestamp]:
    """Return the first day of each new state that concerns a series."""
    return [
        pd.Timestamp(row.date)
        for row in breaks.itertuples()
        if fnmatchcase(indicator, row.indicator) and fnmatchcase(area, row.area)
    ]


def _is_broken(before: pd.Period, after: pd.Period, days: list[pd.Timestamp]) -> bool:
    """Return whether two periods are not wholly on the same side of every break.

    A period with a break inside is of neither state, so it joins neither neighbour.
    """
    return any(before.start_time < day <= after.end_time for day in days)


def _read(path: Path, contract: type[Table]) -> pd.DataFrame:
    """Return a typed-in table, every cell of it accounted for."""
    columns = columns_of(contract)
    try:
        # Excel writes a byte-order mark, and a Mac types letters apart from their marks.
        text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
        header, *rows = csv.reader(io.StringIO(text), strict=True)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise BadData(f"{path}: a comma-separated UTF-8 file with a header was expected ({error})") from error
    if header != columns:
        raise BadData(f"{path}: the header {','.join(columns)} was expected, not {','.join(header)}")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise BadData(f"{path} row {number}: {len(columns)} fields were expected, not {len(row)}")
    cells = [[cell or None for cell in row] for row in rows]
    return check(pd.DataFrame(cells, columns=columns, dtype="str"), contract, where=str(path))

"""Published figures, typed in by hand: indices, surveys and counts that others have published, each with its source.

They are read from a folder with ``figures.csv`` and ``breaks.csv``. The checks are strict, because a typing error would
otherwise be quoted as a fact. `docs/published-figures.md` lists the figures and the uses they do not allow.
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
from analysis.periods import parse_week

UNITS = ("share", "score", "count", "rank_only")
CONFIDENCES = ("H", "M", "L")
"""From most to least certain: read in the source; derived, or from a weak source; not settled by its source."""

SIPAS_UNTIL_2021, SIPAS_SINCE_2022 = "sipas-2017", "sipas-2022"
"""Until 2021 the SIPAS survey asked people who had just received a result; since 2022 it asks residents drawn at
random, and other questions."""

_YEAR_OR_PART_OF_IT = r"^\d{4}(-(0[1-9]|1[0-2])|Q[1-4]|W\d{2})?$"
_DAY_AS_FAR_AS_KNOWN = r"^\d{4}(-\d{2}(-\d{2})?)?$"
_CODE_PATTERN = r"^[a-z0-9*][a-z0-9*_-]*$"
_ADDRESS = r"^https?://[^\s/]+\.\S+$"


def _on_the_calendar(days: pd.Series) -> pd.Series:
    """Return which of the days exist."""
    return pd.to_datetime(days, format="ISO8601", errors="coerce").notna()


def _is_a_week(label: str) -> bool:
    """Return whether a label names a week that exists: some years have 53, most have 52."""
    try:
        parse_week(label)
    except ValueError:
        return False
    return True


class PublishedFigures(pa.DataFrameModel):
    """One published figure per row.

    Attributes
    ----------
    area : str
        Lower-case code of the figure's territory *and scope*: ``khanh-hoa`` is the province until 30 June 2025,
        ``khanh-hoa-merged`` the merged province since then, ``khanh-hoa-centre`` its one provincial counter hall.
    indicator : str
        Lower-case code of the quantity.
    period : str or missing
        Year ``2021``, quarter ``2025Q3``, month ``2020-09`` or week ``2025W30`` the figure is for, weeks numbered as in
        ISO 8601 (Monday to Sunday); missing when its source does not say.
    value : in the unit of `unit`, or missing
        Missing only where nothing but the rank is known.
    unit : {"share", "score", "count", "rank_only"}
        ``share``: a part of a whole, 0 to 1. ``score``: points from 0 to 100 as published, also of an index "in
        percent" whose formula is not public. ``count``: a whole number. ``rank_only``: there is no value.
    rank, rank_of : places or missing
        Place among areas (1 is the best), and the number of areas ranked.
    method : str or missing
        What two figures must share to be comparable: for ``sipas`` the survey's method, for timeliness the cases in
        the denominator (``resolved`` or ``due``).
    published_on : day, month or year, or missing
        When the figure was published; where that is not known, the date of the source.
    source : str
        Address at which it was read.
    confidence : {"H", "M", "L"}
        See `CONFIDENCES`.
    note : str or missing
        What a reader must know; begins with ``derived:`` where we computed the figure.
    """

    area: Series[str] = pa.Field(str_matches=CODE)
    indicator: Series[str] = pa.Field(str_matches=CODE)
    period: Series[str] = pa.Field(nullable=True, str_matches=_YEAR_OR_PART_OF_IT)
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
        """Settings of pandera, as in `contracts`."""

        strict = True
        coerce = True

    @pa.check("period")
    @classmethod
    def weeks_exist(cls, periods: pd.Series) -> pd.Series:
        """Return which periods are no weeks, or weeks that exist."""
        return periods.map(lambda label: "W" not in label or _is_a_week(label)).astype(bool)

    @pa.check("published_on")
    @classmethod
    def on_the_calendar(cls, days: pd.Series) -> pd.Series:
        """Return which dates exist."""
        return _on_the_calendar(days)


class Break(pa.DataFrameModel):
    """One break per row: a day from which figures are no longer comparable with earlier ones.

    Attributes
    ----------
    date : day, month or year
        First day of the new state; a month or year stands for its first day.
    area, indicator : str
        Codes the break concerns. ``*`` stands for any characters: ``*`` alone means all, ``cases_*`` all case counts.
        The indicators may be those of `PublishedFigures` or those of a plan.
    event, event_vi : str
        What changed, in English and in Vietnamese.
    source : str
        Address at which it was read.
    confidence : {"H", "M", "L"}
        Confidence in the event and its date, see `CONFIDENCES`; which figures it concerns is our own judgement.
    """

    date: Series[str] = pa.Field(str_matches=_DAY_AS_FAR_AS_KNOWN)
    area: Series[str] = pa.Field(str_matches=_CODE_PATTERN)
    indicator: Series[str] = pa.Field(str_matches=_CODE_PATTERN)
    event: Series[str] = pa.Field(str_length={"min_value": 1})
    event_vi: Series[str] = pa.Field(str_length={"min_value": 1})
    source: Series[str] = pa.Field(str_matches=_ADDRESS)
    confidence: Series[str] = pa.Field(isin=CONFIDENCES)

    class Config:
        """Settings of pandera, as in `contracts`."""

        strict = True
        coerce = True

    @pa.check("date")
    @classmethod
    def on_the_calendar(cls, days: pd.Series) -> pd.Series:
        """Return which dates exist."""
        return _on_the_calendar(days)


class _Rule(NamedTuple):
    """A rule between columns: the column to name in the message, what was expected of it, and the check by row."""

    column: str
    expected: str
    holds: Callable[[pd.DataFrame], pd.Series]


def _is_valued(frame: pd.DataFrame) -> pd.Series:
    return frame["value"].notna() == frame["unit"].ne("rank_only")


def _is_in_range(unit: str, highest: float, *, whole: bool = False) -> Callable[[pd.DataFrame], pd.Series]:
    """Return the check that values of a unit lie between 0 and `highest` and, with `whole`, are whole numbers."""

    def holds(frame: pd.DataFrame) -> pd.Series:
        is_in_range = frame["value"].between(0, highest) & (frame["value"].mod(1).eq(0) | (not whole))
        return frame["unit"].ne(unit) | is_in_range

    return holds


def _is_ranked(frame: pd.DataFrame) -> pd.Series:
    return frame["rank"].notna() | frame["unit"].ne("rank_only")


def _is_rank_within(frame: pd.DataFrame) -> pd.Series:
    return frame["rank_of"].isna() | (frame["rank"] <= frame["rank_of"]).fillna(False)


def _is_sipas_method(frame: pd.DataFrame) -> pd.Series:
    # Without a period, or before the first survey in 2017, no method is right.
    year = pd.to_numeric(frame["period"].str[:4])
    method_of_year = pd.Series(SIPAS_SINCE_2022, frame.index).where(year >= 2022, SIPAS_UNTIL_2021).where(year >= 2017)
    is_sipas = frame["indicator"].str.match(r"sipas(_|$)")
    has_sipas_method = frame["method"].isin([SIPAS_UNTIL_2021, SIPAS_SINCE_2022])
    return frame["method"].eq(method_of_year).where(is_sipas, ~has_sipas_method)


def _is_first(frame: pd.DataFrame) -> pd.Series:
    return ~frame.duplicated(["area", "indicator", "period", "method", "source", "published_on"])


# These rules are not in the pandera models: pandera runs a rule over several columns even where one of them could not
# be read, and reports it under the first column of the table.
_FIGURE_RULES = (
    _Rule("value", "a number, and nothing where the unit is rank_only,", _is_valued),
    _Rule("value", "a share from 0 to 1", _is_in_range("share", 1)),
    _Rule("value", "a score from 0 to 100", _is_in_range("score", 100)),
    _Rule("value", "a whole number from 0", _is_in_range("count", float("inf"), whole=True)),
    _Rule("rank", "a rank, where the unit is rank_only,", _is_ranked),
    _Rule("rank_of", "at least the rank", _is_rank_within),
    _Rule("method", f"{SIPAS_UNTIL_2021} for 2017–2021 and {SIPAS_SINCE_2022} since, of sipas only,", _is_sipas_method),
    _Rule("source", "one row for an area, indicator, period, method, source and day of publication", _is_first),
)


def read_published(folder: Path) -> pd.DataFrame:
    """Return the published figures of a folder, in the order of the file.

    Parameters
    ----------
    folder : Path
        Folder that holds ``figures.csv``.

    Returns
    -------
    pd.DataFrame
        See `PublishedFigures`.

    Raises
    ------
    BadData
        The file breaks a rule. The message names the first breach: file, row (from 1, below the header), column, value
        and what was expected.
    """
    path = folder / "figures.csv"
    figures = _read(path, PublishedFigures)
    for rule in _FIGURE_RULES:
        holds = rule.holds(figures)
        if not holds.all():
            row = int((~holds).idxmax())
            cell = figures.loc[row, rule.column]
            found = "nothing" if pd.isna(cell) else cell
            raise BadData(f"{path} row {row + 1}: column {rule.column}: {rule.expected} was expected, not {found}")
    return figures


def read_breaks(folder: Path) -> pd.DataFrame:
    """Return the dated breaks of a folder, in the order of the file.

    Parameters
    ----------
    folder : Path
        Folder that holds ``breaks.csv``.

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


def period_of(label: str) -> pd.Period:
    """Return the calendar period of a published figure.

    Parameters
    ----------
    label : str
        Year ``2021``, quarter ``2025Q3``, month ``2020-09`` or week ``2025W30``.
    """
    return parse_week(label) if "W" in label else pd.Period(label)


def last_possible_day(text: object) -> pd.Timestamp | None:
    """Return the last day that a date as far as known can mean, such as 31 May for ``2020-05``; None where missing."""
    return None if pd.isna(text) else pd.Period(str(text)).end_time.normalize()


def comparable_stretches(
    published: pd.DataFrame,
    indicator: str,
    area: str,
    breaks: pd.DataFrame | None = None,
    *,
    over_gaps: bool = False,
) -> list[pd.DataFrame]:
    """Return the stretches of comparable figures of a series: those that a chart may join by a line.

    The figures of a stretch have the same unit, method and length of period, and follow each other without a gap and
    without a break between them. Where several sources give the same figure, the most certain counts, then the first.
    Figures without a period are in no stretch.

    Parameters
    ----------
    published : pd.DataFrame
        See `PublishedFigures`.
    indicator, area : str
        Codes of the series.
    breaks : pd.DataFrame, optional
        See `Break`; without it, only units, methods, lengths of period and gaps end a stretch.
    over_gaps : bool
        Whether a stretch goes on behind periods without a figure: comparable, yet no line to draw.

    Returns
    -------
    list of pd.DataFrame
        See `PublishedFigures`; ordered by first period, empty when the series has no figures.
    """
    series = published["indicator"].eq(indicator) & published["area"].eq(area) & published["period"].notna()
    figures = published[series].sort_values(
        "confidence", key=lambda column: column.map(CONFIDENCES.index), kind="stable"
    )
    figures = figures.drop_duplicates(["unit", "method", "period"])
    # Only the order of periods matters here, so calendar periods serve whatever day a publisher closes its periods on.
    periods = figures["period"].map(period_of).astype(object)
    lengths = periods.map(lambda period: period.freqstr)
    days_of_breaks = [] if breaks is None else break_days(breaks, indicator, area)
    stretches: list[list[int]] = []
    for _, comparable in periods.groupby([figures["unit"], figures["method"], lengths], dropna=False):
        in_order = comparable.sort_values()
        stretches.append([in_order.index[0]])
        for (_, before), (row, after) in pairwise(in_order.items()):
            is_next = over_gaps or after.ordinal == before.ordinal + 1
            if is_next and not _is_broken(before, after, days_of_breaks):
                stretches[-1].append(row)
            else:
                stretches.append([row])
    stretches.sort(key=lambda rows: periods[rows[0]].start_time)
    return [published.loc[rows].reset_index(drop=True) for rows in stretches]


def break_days(breaks: pd.DataFrame, indicator: str, area: str) -> list[pd.Timestamp]:
    """Return the days of the breaks that concern a series.

    Parameters
    ----------
    breaks : pd.DataFrame
        See `Break`.
    indicator, area : str
        Codes of the series.
    """
    return [
        pd.Timestamp(row.date)
        for row in breaks.itertuples()
        if fnmatchcase(indicator, row.indicator) and fnmatchcase(area, row.area)
    ]


def _is_broken(before: pd.Period, after: pd.Period, days: list[pd.Timestamp]) -> bool:
    """Return whether a break falls within two periods or between them.

    A period with a break inside belongs to neither state, so it is joined to neither neighbour.
    """
    return any(before.start_time < day <= after.end_time for day in days)


def _read(path: Path, contract: type[Table]) -> pd.DataFrame:
    """Return a table typed in as CSV; a row with too many or too few cells is refused."""
    columns = columns_of(contract)
    try:
        # Excel writes a byte-order mark, and macOS may write letters and their diacritics as separate characters.
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

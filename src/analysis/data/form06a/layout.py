"""The thirteen columns of form II.06a/VPCP/KSTT and what must add up: the one definition reading and writing share.

The annex of TT 01/2020/TT-VPCP was not readable; the layout is that of two front-ends of one system, see
``docs/methods/form-06a.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

FORM_NUMBER = "Biểu số II.06a/VPCP/KSTT"
TITLE = "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT TTHC TẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT TTHC"
UNIT = "Số hồ sơ TTHC"
TOTAL = "Tổng số"
UNKNOWN_NAME = "Không xác định"
"""Stands for the agency or field of cases that record none: they are counted, never dropped."""

AGENCY_SHEET, FIELD_SHEET = "Đơn vị", "Lĩnh vực"

RECEIVED = "Số hồ sơ nhận giải quyết"
RESOLVED = "Số hồ sơ đã giải quyết"
PENDING = "Số hồ sơ đang giải quyết"


@dataclass(frozen=True)
class Column:
    """One column of the form.

    Attributes
    ----------
    number : int
        Its number in the form, 1–13.
    key : str
        Its name in our tables.
    header : tuple of str
        Its three header rows, top to bottom; an empty row belongs to the cell above it.
    """

    number: int
    key: str
    header: tuple[str, str, str]


COLUMNS = (
    Column(1, "line", ("TT", "", "")),
    Column(2, "name", ("Lĩnh vực, công việc giải quyết theo cấp", "", "")),
    Column(3, "received_total", (RECEIVED, "Tổng số", "")),
    Column(4, "received_online", (RECEIVED, "Trong kỳ", "Trực tuyến")),
    Column(5, "received_counter_post", (RECEIVED, "Trong kỳ", "Trực tiếp, dịch vụ bưu chính")),
    Column(6, "carried_over", (RECEIVED, "Từ kỳ trước", "")),
    Column(7, "resolved_total", (RESOLVED, "Tổng số", "")),
    Column(8, "resolved_early", (RESOLVED, "Trước hạn", "")),
    Column(9, "resolved_on_time", (RESOLVED, "Đúng hạn", "")),
    Column(10, "resolved_late", (RESOLVED, "Quá hạn", "")),
    Column(11, "pending_total", (PENDING, "Tổng số", "")),
    Column(12, "pending_in_time", (PENDING, "Trong hạn", "")),
    Column(13, "pending_late", (PENDING, "Quá hạn", "")),
)
COUNTS = tuple(column.key for column in COLUMNS[2:])
"""Keys of the columns that count cases, 3–13."""

NUMBER = {column.key: column.number for column in COLUMNS}


@dataclass(frozen=True)
class Identity:
    """Two sums of columns of one row that are the same cases counted twice.

    Attributes
    ----------
    left : str
        Key of the column that stands alone.
    right : tuple of str
        Keys of the columns it is the sum of.
    """

    left: str
    right: tuple[str, ...]

    def __str__(self) -> str:
        return f"({NUMBER[self.left]})=" + "+".join(f"({NUMBER[key]})" for key in self.right)


IDENTITIES = (
    Identity("received_total", ("received_online", "received_counter_post", "carried_over")),
    Identity("resolved_total", ("resolved_early", "resolved_on_time", "resolved_late")),
    Identity("pending_total", ("pending_in_time", "pending_late")),
    Identity("received_total", ("resolved_total", "pending_total")),
)


def formula(column: Column) -> str:
    """Return what the row under the header says of a column: its number, and for a sum which others it adds up."""
    sums = [str(identity) for identity in IDENTITIES[:3] if identity.left == column.key]
    return sums[0] if sums else f"({column.number})"

"""Columns about persons: told by their headers, and dropped at the door."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Sequence

HIDDEN = "…"
"""Stands in raw text for what was dropped at the door."""

_WORDS = re.compile(
    r"\b("
    # Vietnamese: the person, the holder, the official
    r"ho( va)? ten|ho dem|ten (nguoi|chu|cong dan|ca nhan|to chuc|khach hang|dai dien)|ca nhan|cong dan|khach hang"
    r"|nguoi (nop|nhan|gui|yeu cau|lien he|dai dien|duoc|uy quyen|thu|xu ly|tiep|tao|ky|dang|su dung|khai|mua|ban|lap)"
    r"|chu (ho|dau tu|so huu|su dung|the|don)|can bo|chuyen vien|nhan vien"
    # where and how to find them
    r"|dia chi|noi o|cho o|noi cu tru|thuong tru|tam tru|ho khau|que quan|dien thoai|di dong|so dt|sdt|dtdd|zalo"
    r"|email|e mail|thu dien tu"
    # numbers and facts of a person
    r"|cmnd|cmtnd|cmt|cccd|can cuoc|ho chieu|so dinh danh|ngay sinh|nam sinh|gioi tinh|ma so thue|mst|so tai khoan"
    # English
    r"|(first|last|full|middle|given|family|person|customer|client|citizen|user|staff|officer)s? name"
    r"|surname|username|applicants?|owners?|licensees?|permittees?|complainants?|request[eo]rs?|petitioners?|contractor"
    r"|contact|residents?|tenants?|submitter|inspector|(created|submitted|reported|filed|signed|assigned|received) by"
    r"|address(es)?|street|house (no|number)|phones?|telephone|mobile|fax"
    r"|passport|date of birth|birth ?(date|day|year)|dob|ssn|social security|national id|id card|gender|sex"
    r")\b"
    r"|^nguoi\b|^(ten|name)$"
)
"""Of a header in lower-case words without diacritics."""

_STEMS = re.compile(
    r"hoten|hovaten|tennguoi|tenchu|tencanhan|tencongdan|nguoinop|nguoinhan|nguoilienhe|nguoidaidien|nguoiyeucau"
    r"|nguoiduoc|uyquyen|chuhoso|chuhs|chusohuu|diachi(?!nh)|thuongtru|tamtru|hokhau|dienthoai|didong|thudientu"
    r"|cmnd|cmtnd|cccd|cancuoc|hochieu|sodinhdanh|ngaysinh|namsinh|gioitinh|masothue"
    r"|applicant|fullname|firstname|lastname|surname|phonenumber|telephone|mobilenumber|emailaddr|passport|dateofbirth"
)
"""Of a header written in one word, ``SODIENTHOAI``; only what is long enough to stand in no other word."""


def is_personal(header: str) -> bool:
    """Return whether a header names something about a person, however it is written: ``NguoiNop``, ``NGƯỜI NỘP``."""
    text = unicodedata.normalize("NFD", header.replace("Đ", "D").replace("đ", "d"))
    plain = "".join(letter for letter in text if not unicodedata.combining(letter))
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain).lower()
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"['’]s\b", "", apart)).strip()
    return bool(_WORDS.search(words) or _STEMS.search(words.replace(" ", "")))


def personal_columns(header: Sequence[str], listed: Collection[str]) -> frozenset[int]:
    """Return which columns of a header are about persons.

    A column without a name belongs to the one before it: that is how a header merged over several columns arrives.

    Parameters
    ----------
    header : sequence of str
        Folded headers.
    listed : collection of str
        Those the mapping says are about persons.
    """
    found: set[int] = set()
    for at, name in enumerate(header):
        if is_personal(name) or name in listed or (not name and at - 1 in found):
            found.add(at)
    return frozenset(found)


def hide_in_row(raw: str, delimiter: str, columns: Collection[int]) -> str:
    """Return the text of a row with the cells of some of its columns hidden."""
    if not columns:
        return raw
    cells = next(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter), [])
    out = io.StringIO()
    hidden = [HIDDEN if at in columns else cell for at, cell in enumerate(cells)]
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(hidden)
    return out.getvalue().removesuffix("\n")

"""Recognise the columns of a received file that are about persons, by their headers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from analysis.data.sources.rows import name_by_place


def personal_columns(header: Sequence[str], listed: Collection[str]) -> frozenset[int]:
    """Return which columns of a header are about persons.

    A column without a name belongs to the one before it: that is how a header merged over several columns arrives.

    Parameters
    ----------
    header : sequence of str
        Folded headers, with names by place where there are none.
    listed : collection of str
        Those the mapping lists as personal.
    """
    found: set[int] = set()
    for at, name in enumerate(header):
        if is_personal(name) or name in listed or (name == name_by_place(at) and at - 1 in found):
            found.add(at)
    return frozenset(found)


def is_personal(header: str) -> bool:
    """Return whether a header names something about a person, however it is written: ``NguoiNop``, ``NGƯỜI NỘP``."""
    text = unicodedata.normalize("NFD", header.replace("Đ", "D").replace("đ", "d"))
    plain = "".join(letter for letter in text if not unicodedata.combining(letter))
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain).lower()
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"['’]s\b", "", apart)).strip()
    return bool(_WORDS.search(words) or _STEMS.search(words.replace(" ", "")))


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
"""Matches personal headers written as lower-case words without diacritics."""

_STEMS = re.compile(
    r"hoten|hovaten|tennguoi|tenchu|tencanhan|tencongdan|nguoinop|nguoinhan|nguoilienhe|nguoidaidien|nguoiyeucau"
    r"|nguoiduoc|uyquyen|chuhoso|chuhs|chusohuu|diachi(?!nh)|thuongtru|tamtru|hokhau|dienthoai|didong|thudientu"
    r"|cmnd|cmtnd|cccd|cancuoc|hochieu|sodinhdanh|ngaysinh|namsinh|gioitinh|masothue"
    r"|applicant|fullname|firstname|lastname|surname|phonenumber|telephone|mobilenumber|emailaddr|passport|dateofbirth"
)
"""Matches personal headers written as one word (``SODIENTHOAI``); only stems too long to occur in another word."""

"""Vietnamese of before Unicode is named and refused, and no other language is taken for it."""

from __future__ import annotations

import pytest

from analysis.data.sources.legacy_vietnamese import legacy_encoding
from analysis.faults import BadData

TCVN3 = ["Së Y tÕ", "§Êt ®ai", "Hé tÞch", "X©y dùng"]
"""Sở Y tế, Đất đai, Hộ tịch, Xây dựng in the letters of the .VnTime fonts."""

VNI = ["Sôû Y teá", "Ñaát ñai", "Hoä tòch", "Xaây döïng", "UBND XAÕ VAÏN NINH"]

OTHERS = {
    "Vietnamese": ["Sở Y tế", "Đất đai", "Hộ tịch"],
    "Vietnamese of few letters": ["Hà Nam", "Phú Hòa", "xã Bà Nà"],
    "Dutch": ["Coördinatie", "België", "één", "vóór", "reünie"],
    "French": ["année", "dépôt", "né", "thé", "forêt", "à côté"],
    "German": ["für", "Köln", "Straße", "Büro"],
    "Spanish": ["año", "niño", "España", "sí", "más"],
    "Portuguese": ["não", "ação", "pão", "mãe"],
    "Danish": ["Ærø", "på", "Øst"],
    "Swedish": ["På", "Så"],
    "English": ["café", "Electrical"],
    "quoted French": ["« Habitat »", "« Santé »"],
    "signs": ["£ 100", "½", "¾", "§ 5", "© 2021", "« x »"],
}


@pytest.mark.parametrize(("texts", "name"), [(TCVN3, "TCVN3 (ABC)"), (VNI, "VNI")])
def test_it_is_named(texts, name):
    assert legacy_encoding(texts) == name
    assert legacy_encoding(texts[:2]) == name


@pytest.mark.parametrize("texts", OTHERS.values(), ids=OTHERS)
def test_other_texts_are_not(texts):
    assert legacy_encoding(texts) is None


HEADER = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\n"


def _rows(fields):
    return "".join(f"H{at},{field},1,01/09/2021,,\n" for at, field in enumerate(fields))


@pytest.mark.parametrize("fields", [TCVN3, VNI], ids=["TCVN3", "VNI"])
def test_a_column_written_in_it_refuses_the_file(bring_in, fields):
    with pytest.raises(BadData, match=r"'LinhVuc' is written for (TCVN3 \(ABC\)|VNI) fonts, not in Unicode; convert"):
        bring_in(HEADER + _rows(fields))


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-8"])
def test_its_bytes_are_named_whatever_encoding_was_declared(bring_in, encoding):
    with pytest.raises(BadData, match=r"written for TCVN3 \(ABC\) fonts"):
        bring_in((HEADER + _rows(TCVN3)).encode("latin-1"), encoding=encoding)


def test_a_header_written_in_it_refuses_the_file(bring_in):
    header = "M· hå s¬,LÜnh vùc,Kªnh,Ngµy nhËn,H¹n,Xong\n"
    for text in (header, header.encode("latin-1")):
        with pytest.raises(BadData, match=r"the header is written for TCVN3 \(ABC\) fonts"):
            bring_in(text if isinstance(text, bytes) else text + _rows(["x"]))

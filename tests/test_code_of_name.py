"""Names and their codes: one code for one name, the same in a plan as at the door."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.code_of_name import CODE, code_of_name, write_code
from analysis.data.ingest.received import Calendar, receive

NAMES = {
    "UBND xã Phước Hậu": "ubnd-xa-phuoc-hau",
    "Sở Tài nguyên và Môi trường": "so-tai-nguyen-va-moi-truong",
    "Đất đai": "dat-dai",
    "ĐẤT ĐAI – đô thị": "dat-dai-do-thi",
    "UBND  P.\u00a0Vĩnh Hải (cũ)": "ubnd-p-vinh-hai-cu",
    "Nguyễn": "nguyen",
    unicodedata.normalize("NFD", "Nguyễn Đình"): "nguyen-dinh",
    "Ng\u00aduy\u200bễn": "nguyen",
    "Quận 1, số 2/3": "quan-1-so-2-3",
    "Kon Tum - Gia Lai": "kon-tum-gia-lai",
    "I. Thuế": "i-thue",
    "đ_Đ": "d-d",
    "ubnd-nt": "ubnd-nt",
}


@pytest.mark.parametrize(("name", "code"), NAMES.items(), ids=NAMES.values())
def test_a_name_has_the_code_written_here(name: str, code: str) -> None:
    assert code_of_name(name) == code


def test_the_door_reads_each_name_as_the_same_code(tmp_path: Path) -> None:
    mapping = {"about": {"title": "t", "source": "s"}, "format": "csv", "extracted_on": "2021-09-20"}
    mapping |= {"table": "counts", "columns": {"period": "Ky", "agency": "DonVi", "received": "N"}}
    (tmp_path / "mapping.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
    rows = [f'2021-09,"{name}",{at}' for at, name in enumerate(NAMES)]
    (tmp_path / "counts.csv").write_text("\n".join(["Ky,DonVi,N", *rows, ""]), encoding="utf-8")
    found = receive(
        tmp_path / "counts.csv",
        tmp_path / "mapping.yml",
        as_of=pd.Timestamp("2021-09-20").date(),
        calendar=Calendar("M", None),
        reject_limit=0.0,
        tables_folder=tmp_path,
    )
    assert found.counts.sort_values("received")["agency"].tolist() == list(NAMES.values())


@settings(max_examples=50)
@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_code_is_a_code_and_its_own_however_the_name_is_composed(name: str) -> None:
    code = code_of_name(name)
    assert not code or re.fullmatch(CODE, code)
    assert code_of_name(code) == code
    assert {code_of_name(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")} == {code}


def test_what_leaves_no_code_is_answered_with_what_a_code_is() -> None:
    assert write_code("***") == (
        "a code was expected, found '***'; a code has letters a to z and digits, hyphens between them"
    )
    assert write_code("Thuế") == "a code was expected, found 'Thuế'; write 'thue'"

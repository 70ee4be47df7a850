"""How a source spells its codes: kept of accepted rows only, beside the table that they came with."""

from __future__ import annotations

import json
from datetime import date

import pytest

from analysis.data.ingest.archive import archive
from analysis.data.ingest.names import Spelling, chosen, merged_names
from analysis.data.ingest.received import Calendar, receive
from analysis.data.ingest.table import ingest
from analysis.data.ingest.wide import ingest_wide
from analysis.data.sources.mapping import Mapping

DAY = date(2021, 9, 30)
CASES = {
    "about": {"title": "Hồ sơ", "source": "s"},
    "format": "csv",
    "table": "cases",
    "columns": {"case_id": "id", "accepted_at": "accepted", "finished_at": "finished", "agency": "body"},
}


def _mapping(**changes):
    columns = CASES["columns"] | changes.pop("columns", {})
    return Mapping.model_validate(CASES | changes | {"columns": columns})


def _names(folder, rows, mapping, header="id,accepted,finished,body"):
    path = folder / "cases.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return ingest(str(path), mapping, folder / "cases.parquet", extracted_on=DAY, reject_limit=1.0).names


def _case(at, body, accepted="2021-09-01"):
    return f"H{at},{accepted},,{body}"


def test_a_code_keeps_the_spelling_of_its_source(tmp_path):
    rows = [_case(1, "UBND xã  Phước Hậu "), _case(2, "sxd"), _case(3, "12"), _case(4, "")]
    assert _names(tmp_path, rows, _mapping()) == {"agency": {"ubnd-xa-phuoc-hau": "UBND xã Phước Hậu"}}


def test_what_stands_in_rejected_rows_only_is_not_kept(tmp_path):
    # Of the two rows of H3 the finished one is kept; that of 31 September is rejected.
    rows = [
        _case(1, "Sở Tài chính"),
        _case(2, "Lê Văn Mẫu", accepted="2021-09-31"),
        _case(3, "Lê Thị Mẫu"),
        "H3,2021-09-01,2021-09-02,Sở Xây dựng",
        _case(4, "Sở tài Chính", accepted="2021-09-31"),
    ]
    assert _names(tmp_path, rows, _mapping()) == {
        "agency": {"so-tai-chinh": "Sở Tài chính", "so-xay-dung": "Sở Xây dựng"}
    }


@pytest.mark.parametrize(
    ("spellings", "name"),
    [
        (["SỞ TÀI CHÍNH", "Sở Tài chính", "sở tài chính"], "Sở Tài chính"),
        (["Sở Tài chính", "Sở Tài Chính"], "Sở Tài Chính"),
        (["SỞ TÀI CHÍNH", "SO TAI CHINH"], "SO TAI CHINH"),
    ],
)
def test_of_several_spellings_one_in_both_cases_is_taken_then_the_first(spellings, name):
    for order in (spellings, spellings[::-1]):
        assert chosen(Spelling("so-tai-chinh", text) for text in order) == {"so-tai-chinh": name}
        assert merged_names([{"agency": {"so-tai-chinh": text}} for text in order]) == {
            "agency": {"so-tai-chinh": name}
        }


def test_the_mapping_s_codes_keep_what_they_translate_and_the_rest_names_nothing(tmp_path):
    rows = [_case(1, "Sở TNMT"), _case(2, "SỞ TNMT"), _case(3, "Sở Y tế"), _case(4, "07")]
    codes = {"Sở TNMT": "stnmt", "07": "snv"}
    for rest, expected in (({"*": "khac"}, {}), ({"*": "keep"}, {"so-y-te": "Sở Y tế"})):
        mapping = _mapping(columns={"agency": {"column": "body", "codes": codes | rest}})
        assert _names(tmp_path, rows, mapping) == {"agency": {"stnmt": "Sở TNMT"} | expected}


def test_nothing_is_kept_of_a_column_about_persons_nor_of_closed_lists(tmp_path):
    mapping = _mapping(
        columns={
            "agency": {"column": "Họ tên", "codes": {"Lê Văn Mẫu": "nhom-a"}},
            "channel": {"column": "Kênh", "codes": {"Trực tuyến": "online"}},
        },
        extra={"result_form": {"kind": "code", "column": "Kết quả"}},
    )
    header = "id,accepted,finished,Họ tên,Kênh,Kết quả"
    rows = ["H1,2021-09-01,,Lê Văn Mẫu,Trực tuyến,Bản giấy"]
    assert _names(tmp_path, rows, mapping, header) == {"result_form": {"ban-giay": "Bản giấy"}}


def test_a_wide_table_keeps_them_of_the_rows_that_it_counts(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(
        "Service,Body,Total Q1 2021,Digital Q1 2021\nRod licence,Sở Thủy sản,10,4\nLê Văn Mẫu,Lạ,3,5\nÍt,Trống,,\n",
        encoding="utf-8",
    )
    mapping = Mapping.model_validate(
        {
            "about": CASES["about"],
            "format": "csv",
            "dimensions": {"procedure": "Service", "agency": "Body"},
            "counts": {
                "whole": r"Total (?P<period>Q\d) (?P<year>\d{4})",
                "part": r"Digital (?P<period>Q\d) (?P<year>\d{4})",
                "periods": {"Q1": "Q1"},
            },
        }
    )
    names = ingest_wide(path, mapping, reject_limit=0.5).names
    assert names == {"procedure": {"rod-licence": "Rod licence"}, "agency": {"so-thuy-san": "Sở Thủy sản"}}


def test_a_folder_has_the_names_of_all_its_files_and_a_file_brought_in_again_replaces_its_own(tmp_path):
    out = tmp_path / "out"

    def bring(name, *bodies):
        path = tmp_path / f"{name}.csv"
        rows = [f"{name}{at},2021-09-01,,{body}" for at, body in enumerate(bodies)]
        path.write_text("\n".join(["id,accepted,finished,body", *rows]) + "\n", encoding="utf-8")
        archive(str(path), _mapping(), out, extracted_on=DAY, reject_limit=0, name=name)

    def received():
        kept = tmp_path / "kept"
        return receive(out, None, as_of=DAY, calendar=Calendar("M", 14), reject_limit=0, tables_folder=kept).names

    bring("province", "SỞ Y TẾ", "Sở Nội vụ")
    bring("ministry", "Sở Y tế", "Cục Thuế")
    assert received() == {"agency": {"cuc-thue": "Cục Thuế", "so-noi-vu": "Sở Nội vụ", "so-y-te": "Sở Y tế"}}
    bring("ministry", "cuc-thue")
    assert received() == {"agency": {"so-noi-vu": "Sở Nội vụ", "so-y-te": "SỞ Y TẾ"}}
    # A folder made before this was kept says nothing of it.
    reports = json.loads((out / "intake.json").read_text(encoding="utf-8"))
    assert [list(report.pop("names", [])) for report in reports] == [[], ["agency"]]
    (out / "intake.json").write_text(json.dumps(reports), encoding="utf-8")
    assert received() == {}

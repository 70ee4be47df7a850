"""A mapping describes one system's export, without code; one that cannot be meant is refused with its line."""

from __future__ import annotations

import unicodedata

import pytest

from analysis.data.sources.mapping import Mapping, read_mapping
from analysis.faults import BadParameters
from analysis.parameters import ROOT

# A made-up export of another system: semicolons, dots for thousands, Vietnamese headers, by month.
WIDE = """
about: {title: t, source: s}
format: csv
delimiter: ";"
thousands: "."
dimensions: {procedure: Mã thủ tục, field: Lĩnh vực}
counts:
  whole: 'Tổng số tháng (?P<period>\\d+)/(?P<year>\\d{4})'
  part: 'Trực tuyến tháng (?P<period>\\d+)/(?P<year>\\d{4})'
  periods: {"9": "09"}
  rest_channel: counter
"""
LONG = """
about: {title: t, source: s}
format: csv
table: cases
dates: [dd/mm/yyyy]
columns:
  case_id: Mã hồ sơ
  channel: {column: Kênh, codes: {"1": counter, "*": other}}
  field: Lĩnh vực
  accepted_at: Ngày nhận
  finished_at: Ngày xong
personal: [Người nộp]
ignored: [Ghi chú]
"""


def _read(tmp_path, text, old="", new=""):
    assert old in text
    path = tmp_path / "mapping.yml"
    path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    return read_mapping(path)


@pytest.mark.parametrize(
    ("text", "old", "new", "sentence"),
    [
        (WIDE, "(?P<year>", "(", "line 8: counts.whole: a header pattern has the groups"),
        (WIDE, "procedure: Mã thủ tục, ", "", "dimensions names the column of the procedure"),
        (WIDE, "field: L", "feild: L", "line 6: dimensions.feild"),
        (WIDE, '"09"', '"13"', "line 10: counts.periods.9"),
        (WIDE, "rest_channel: counter", "rest_channel: online", "line 11: counts.rest_channel"),
        (WIDE, "delimiter", "delimeter", "line 4: unknown key 'delimeter'; did you mean 'delimiter'?"),
        (WIDE, '"."', '"\'"', "line 5: thousands"),
        (WIDE, "format: csv", "format: workbook", "counts describes a wide table in a csv file"),
        (WIDE, "format: csv", "format: csv\ntable: cases", "table and columns do not go with it"),
        (WIDE, "field: Lĩnh vực", "agency: Người nộp", "dimensions.agency: a column called 'Người nộp' is"),
        (LONG, "format: csv", "format: xml", "line 3: format"),
        (LONG, "format: csv", "format: csv\nencoding: utf-99", "line 4: encoding: no encoding is called 'utf-99'"),
        (LONG, "format: csv", "format: csv\nencoding: base64", "line 4: encoding: no encoding is called 'base64'"),
        (LONG, "format: csv", "format: csv\ndelimiter: ''", "line 4: delimiter"),
        (LONG, "format: csv", "format: csv\ndelimiter: '\"'", "line 4: delimiter"),
        (LONG, "format: csv", 'format: csv\ndelimiter: "\\n"', "line 4: delimiter"),
        (LONG, "format: csv", "format: csv\nheader_row: 0", "line 4: header_row"),
        (LONG, "format: csv", "format: csv\ntotals: ['']", "totals"),
        (LONG, "format: csv", 'format: csv\nthousands: ","\ndecimal: ","', "thousands and decimal are both ','"),
        (LONG, "table: cases\n", "", "table and columns are missing"),
        (LONG, "table: cases", "table: case", "line 4: table"),
        (LONG, "dd/mm/yyyy", "mm/yyyy", "line 5: dates: 'mm/yyyy' names no day, month or year"),
        (LONG, "dd/mm/yyyy", "'%d/%m/%Q'", "there is no directive %Q"),
        (LONG, "dd/mm/yyyy", "'%d/%m/%Y %'", "there is no directive %"),
        (LONG, "[dd/mm/yyyy]", "[]", "line 5: dates: at least one format was expected"),
        (LONG, "  case_id: Mã hồ sơ\n", "", "columns.case_id is missing: a table of cases cannot do without it"),
        (LONG, "  field", "  feild", "yml line 9: columns.feild: cases has the columns case_id,"),
        (LONG, "counter,", "desk,", "columns.channel: 'desk' is not one of online, counter, post, other"),
        (LONG, "field: Lĩnh vực", "field: {column: L, codes: {a: Đất đai}}", "columns.field: 'Đất đai' breaks"),
        (LONG, "field: Lĩnh vực", 'field: {column: L, codes: {a: ""}}', "columns.field: '' is no value"),
        (LONG, "field: Lĩnh vực", "field: {constant: Đất đai}", "columns.field: 'Đất đai' breaks the rule"),
        (LONG, "field: Lĩnh vực", "field: {constant: dat-dai, column: L}", "is read from a column of the file, or"),
        (LONG, "field: Lĩnh vực", "field: {}", "is read from a column of the file, or is one constant"),
        (LONG, "field: Lĩnh vực", "field: {constant: a, codes: {a: b}}", "a constant needs no codes"),
        (LONG, "field: Lĩnh vực", "field: '  '", "columns.field"),
        (LONG, "field: Lĩnh vực", "due_at: {constant: hôm nay}", "columns.due_at: 'hôm nay' is no time"),
        (LONG, "field: Lĩnh vực", "level: {constant: '5'}", "yml line 9: columns.level: '5' is not one of 1, 2, 3, 4, full"),
        (LONG, "case_id: Mã hồ sơ", "case_id: {column: C, codes: {a: b}}", "columns.case_id: codes go with a column"),
        (LONG, "accepted_at: Ngày nhận", "accepted_at: {column: N, codes: {}}", "this one holds a time"),
        (LONG, "[Người nộp]", "[Mã hồ sơ]", "the column 'Mã hồ sơ' is listed as personal, and taken"),
        (LONG, "case_id: Mã hồ sơ", "case_id: Người nộp", "is listed as personal, and taken"),
        (LONG, "case_id: Mã hồ sơ", "case_id: CCCD", "columns.case_id: a column called 'CCCD' is about persons"),
        (LONG, "field: Lĩnh vực", "district: Địa chỉ", "columns.district: a column called 'Địa chỉ' is about persons"),
        (LONG, "format: csv", "format: csv\nother_id: Số điện thoại", "other_id: a column called 'Số điện thoại'"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_meant_is_refused_with_its_line(tmp_path, text, old, new, sentence):
    with pytest.raises(BadParameters, match=r"mapping\.yml") as refused:
        _read(tmp_path, text, old, new)
    assert sentence in str(refused.value)


def test_a_column_about_persons_may_be_translated_but_not_copied(tmp_path):
    """ "Applicant type" can say how a case was filed, and a time with "applicant" in its header is a time."""
    text = LONG.replace("Kênh", "Applicant Type").replace("Ngày nhận", "Received from applicant")
    mapping = _read(tmp_path, text)
    assert {"Applicant Type", "Received from applicant"} <= mapping.used_headers()
    codes = "district: {column: Địa chỉ, codes: {Nha Trang: nt, '*': other}}"
    assert "Địa chỉ" in _read(tmp_path, LONG, "field: Lĩnh vực", codes).used_headers()


def test_headers_are_compared_in_composed_letters_and_single_blanks(tmp_path):
    text = unicodedata.normalize("NFD", LONG).replace("Ghi", " Ghi ")
    text = text.replace(unicodedata.normalize("NFD", "Lĩnh vực"), unicodedata.normalize("NFD", '"Lĩnh  vực "'))
    mapping = _read(tmp_path, text)
    assert mapping.used_headers() == {"Mã hồ sơ", "Kênh", "Lĩnh vực", "Ngày nhận", "Ngày xong"}
    assert (mapping.personal, mapping.ignored) == (("Người nộp",), ("Ghi chú",))


def test_dots_for_thousands_mean_commas_for_decimals_unless_the_mapping_says_otherwise(tmp_path):
    assert _read(tmp_path, WIDE).decimal == ","
    assert _read(tmp_path, WIDE, '"."', '","').decimal == "."
    with pytest.raises(BadParameters, match="thousands and decimal are both"):
        _read(tmp_path, WIDE, 'thousands: "."', 'thousands: "."\ndecimal: "."')


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf_8", "utf-8-sig"])
def test_a_byte_order_mark_is_never_data(tmp_path, name):
    assert _read(tmp_path, LONG, "format: csv", f"format: csv\nencoding: {name}").encoding == "utf-8-sig"


@pytest.mark.parametrize("path", sorted((ROOT / "parameters" / "sources").glob("*.yml")), ids=lambda path: path.stem)
def test_every_mapping_of_the_project_can_be_meant(path):
    mapping = read_mapping(path)
    assert mapping.about.title
    assert not mapping.about.simulated


def test_the_mapping_of_the_project_reads_the_official_headers():
    mapping = read_mapping(ROOT / "parameters" / "sources" / "govuk.yml")
    assert (mapping.thousands, mapping.ends_with_newline, mapping.about.simulated) == (",", True, False)
    assert mapping.counts.periods == {"Jan - Mar": "Q1", "Apr - Jun": "Q2", "Jul - Sep": "Q3", "Oct - Dec": "Q4"}


def test_constants_are_values_of_their_column():
    columns = {"instrument": {"constant": "provincial"}, "round": {"constant": "2021"}, "weight": {"constant": "1.5"},
               "stratum": "s", "cluster": "c", "rating": "r"}  # fmt: skip
    about = {"title": "t", "source": "s"}
    assert Mapping(about=about, format="csv", table="survey", columns=columns).columns["weight"].constant == "1.5"
    for wrong, sentence in (("0", "breaks the rule"), ("many", "is no number"), ("-1", "breaks the rule")):
        with pytest.raises(ValueError, match=f"columns.weight: .*{sentence}"):
            Mapping(about=about, format="csv", table="survey", columns=columns | {"weight": {"constant": wrong}})

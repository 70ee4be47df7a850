"""A mapping describes one system's export, without code; one that cannot be meant is refused with its line."""

from __future__ import annotations

import json
import unicodedata

import pytest
from click.testing import CliRunner
from jsonschema import ValidationError as SchemaError
from jsonschema import validate

from analysis import strict_yaml
from analysis.cli import main
from analysis.data.sources.mapping import Mapping, mapping_schema, read_mapping
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
EXTRA = (
    LONG
    + """
extra:
  paid: {kind: flag, column: Thanh toán, codes: {"Có": "true", "Không": "false"}}
  fee: {kind: number, column: Phí}
"""
)
COUNTS = """about: {title: t, source: s}
format: csv
table: counts
columns: {period: kỳ, received: nhận}
extra:
  paid: {kind: flag, column: trả}
"""
RATINGS = """about: {title: t, source: s}
format: csv
table: ratings
columns: {period: a, satisfied: b, rating: c}
"""
FEEDBACK = """
about: {title: t, source: s}
format: csv
tables:
  feedback: {id: feedback_id, known_from: received_at, times: [received_at, due_at], dimensions: [agency]}
table: feedback
columns:
  feedback_id: Mã
  received_at: Nhận
  due_at: Hạn
  agency: Đơn vị
extra:
  useful: {kind: flag, column: Có ích}
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
        (LONG, "  field", "  feild", "line 9: columns.feild: cases has the columns case_id,"),
        (LONG, "counter,", "desk,", "columns.channel: 'desk' is not one of online, counter, post, other"),
        (LONG, "field: Lĩnh vực", "field: {column: L, codes: {a: Đất đai}}", "columns.field: 'Đất đai' breaks"),
        (LONG, "field: Lĩnh vực", 'field: {column: L, codes: {a: ""}}', "columns.field: '' is no value"),
        (LONG, "field: Lĩnh vực", "field: {constant: Đất đai}", "columns.field: 'Đất đai' breaks the rule"),
        (LONG, "field: Lĩnh vực", "field: {constant: dat-dai, column: L}", "is read from a column of the file, or"),
        (LONG, "field: Lĩnh vực", "field: {}", "is read from a column of the file, or is one constant"),
        (LONG, "field: Lĩnh vực", "field: {constant: a, codes: {a: b}}", "a constant needs no codes"),
        (LONG, "field: Lĩnh vực", "field: '  '", "columns.field"),
        (LONG, "field: Lĩnh vực", "due_at: {constant: hôm nay}", "columns.due_at: 'hôm nay' is no time"),
        (LONG, "field: Lĩnh vực", "level: {constant: '5'}", "line 9: columns.level: '5' is not one of 1, 2, 3, 4"),
        (LONG, "case_id: Mã hồ sơ", "case_id: {column: C, codes: {a: b}}", "columns.case_id: codes go with a column"),
        (LONG, "accepted_at: Ngày nhận", "accepted_at: {column: N, codes: {}}", "this one holds a time"),
        (EXTRA, "fee:", "Fee:", "line 17: extra.Fee: 'Fee' is no name; lower-case letters, digits and _ were expected"),
        (EXTRA, "fee:", "agency:", "line 17: extra.agency: cases has this column without extra"),
        (EXTRA, "fee:", "late:", "line 17: extra.late: 'late' is a column that conditions derive (timeliness, late,"),
        (EXTRA, "fee:", "any_of:", "line 17: extra.any_of: 'any_of' is a word of conditions (known, missing,"),
        (EXTRA, "fee:", "phone:", "line 17: extra.phone: 'phone' names something about a person"),
        (EXTRA, "fee:", "filename:", "line 17: extra.filename: 'filename' is what the database calls"),
        (EXTRA, "kind: number", "kind: money", "line 17: extra.fee.kind"),
        (EXTRA, "kind: number, ", "", "line 17: the key 'extra.fee.kind' is missing"),
        (EXTRA, '"true"', '"yes"', "line 16: extra.paid: 'yes' is not one of true, false"),
        (EXTRA, "Phí}", "Phí, codes: {a: '1'}}", "line 17: extra.fee: codes go with a column of codes; this one holds"),
        (EXTRA, "column: Phí", "constant: nhiều", "line 17: extra.fee: 'nhiều' is no number"),
        (EXTRA, "column: Phí", "column: Số điện thoại", "line 17: extra.fee: a column called 'Số điện thoại' is about"),
        (EXTRA, "kind: number, column: Phí", "kind: flag, column: CCCD", "extra.fee: a column called 'CCCD' is about"),
        (EXTRA, "[Người nộp]", "[Phí]", "the column 'Phí' is listed as personal, and taken"),
        (COUNTS, "kind: flag", "kind: number", "line 6: extra.paid: counts are added up by their columns: a code or"),
        (COUNTS, "paid", "published_online", "line 6: extra.published_online: counts has this column without extra"),
        (COUNTS, "table: counts", "table: progress", "columns.period: progress has the columns"),
        (WIDE, "format: csv", "format: csv\nextra: {a: {kind: flag, column: b}}", "tables, margins and also do not go"),
        (RATINGS, "format: csv", "format: csv", "line 4: columns.satisfied: ratings has the columns period, agency,"),
        (RATINGS, "satisfied: b, ", "", "columns.n is missing: a table of ratings cannot do without it"),
        (FEEDBACK, "table: feedback", "table: feedbak", "line 6: table: 'feedbak' is none of cases, case_ratings,"),
        (FEEDBACK, "table: feedback", "table: cases", "'cases' is not the table declared under tables, feedback"),
        (FEEDBACK, "  feedback:", "  ratings:", "line 5: tables.ratings: ratings is a table of the contracts"),
        (FEEDBACK, "  feedback:", "  Phản ánh:", "line 5: tables.Phản ánh: 'Phản ánh' is no name"),
        (FEEDBACK, "  feedback:", "  rejected:", "line 5: tables.rejected: 'rejected' has another meaning already"),
        (FEEDBACK, "known_from: received_at, ", "", "line 5: the key 'tables.feedback.known_from' is missing"),
        (FEEDBACK, "known_from: received_at", "known_from: x", "line 5: tables.feedback.known_from: 'x' is none of"),
        (FEEDBACK, "  due_at: Hạn\n", "", "columns.due_at is missing: a table of feedback cannot do without it"),
        (FEEDBACK, "  due_at: Hạn", "  done_at: Hạn", "line 10: columns.done_at: feedback has the columns"),
        (FEEDBACK, "feedback_id: Mã", "feedback_id: {constant: a}", "columns.feedback_id: an identifier is read from"),
        (FEEDBACK, "feedback_id: Mã", "feedback_id: Số CCCD", "feedback_id: a column called 'Số CCCD' is about"),
        (FEEDBACK, "useful:", "due_at:", "line 13: extra.due_at: feedback has this column without extra"),
        (FEEDBACK, "format: csv", "format: csv\nother_id: Mã khác", "line 4: other_id: only a case has an"),
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


def test_the_schema_for_editors_is_that_of_the_mapping_and_every_mapping_keeps_it(tmp_path):
    committed = (ROOT / "parameters" / "schemas" / "mapping.schema.json").read_text(encoding="utf-8")
    assert committed == mapping_schema() == CliRunner().invoke(main, ["schema", "mapping"]).output
    schema = json.loads(committed)
    for path in sorted((ROOT / "parameters" / "sources").glob("*.yml")):
        first, _ = path.read_text(encoding="utf-8").split("\n", 1)
        assert first == "# yaml-language-server: $schema=../schemas/mapping.schema.json"
        validate(strict_yaml.read(path, what="mapping").content, schema)
    for text in (WIDE, LONG, EXTRA, FEEDBACK):
        (tmp_path / "m.yml").write_text(text, encoding="utf-8")
        content = strict_yaml.read(tmp_path / "m.yml", what="mapping").content
        validate(content, schema)
        with pytest.raises(SchemaError, match="unknown"):
            validate(content | {"unknown": 1}, schema)
    with pytest.raises(SchemaError, match="money"):
        validate(content | {"extra": {"fee": {"kind": "money", "column": "Phí"}}}, schema)


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


def test_an_extra_column_about_persons_may_come_in_by_codes(tmp_path):
    mapping = _read(tmp_path, EXTRA, "Thanh toán", "Số điện thoại")
    assert "Số điện thoại" in mapping.used_headers()
    assert mapping.extra_kinds == {"paid": "flag", "fee": "number"}


def test_a_declared_table_has_an_identifier_times_and_dimensions_in_this_order(tmp_path):
    mapping = _read(tmp_path, FEEDBACK)
    assert list(mapping.contract) == ["feedback_id", "case_id", "received_at", "due_at", "agency", "useful"]
    assert [name for name, rule in mapping.contract.items() if not rule.nullable] == ["feedback_id", "received_at"]
    assert mapping.id_column == "feedback_id"

"""A mapping describes one system's export, without code."""

from __future__ import annotations

import pytest

from analysis.data.ingest import receive
from analysis.data.sources import read_mapping
from analysis.faults import BadData, BadParameters
from analysis.parameters import ROOT

# A made-up export of another system: semicolons, dots for thousands, Vietnamese headers, by month.
MAPPING = """
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
EXPORT = "Mã thủ tục;Lĩnh vực;Tổng số tháng 9/2021;Trực tuyến tháng 9/2021\n1.001;Đất đai;1.234;1.000"


def _write(tmp_path, old="", new=""):
    assert old in MAPPING
    path = tmp_path / "mapping.yml"
    path.write_text(MAPPING.replace(old, new) if old else MAPPING, encoding="utf-8")
    return path


def _export(tmp_path, text=EXPORT):
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_another_system_needs_another_mapping_and_no_code(tmp_path):
    counts = receive(_export(tmp_path), _write(tmp_path)).counts
    assert counts[["period", "field", "procedure", "channel", "resolved"]].to_numpy().tolist() == [
        ["2021-09", "dat-dai", "1-001", "online", 1000],
        ["2021-09", "dat-dai", "1-001", "counter", 234],
    ]
    assert counts[["agency", "district", "timeliness", "received"]].isna().all(axis=None)


def test_only_a_mapping_that_promises_a_last_line_break_finds_a_cut_last_field(tmp_path):
    cut = _export(tmp_path, EXPORT.replace("1.000", "100"))
    assert receive(cut, _write(tmp_path)).counts["resolved"].tolist() == [100, 1134]
    with pytest.raises(BadData, match="line 2: the file ends inside a row"):
        receive(cut, _write(tmp_path, "format: csv", "format: csv\nends_with_newline: true"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("(?P<year>", "(", "line 8: counts.whole: a header pattern has the groups"),
        ("procedure: Mã thủ tục, ", "", "dimensions names the column of the procedure"),
        ("field: L", "feild: L", "line 6: dimensions.feild"),
        ('"09"', '"13"', "line 10: counts.periods.9"),
        ("rest_channel: counter", "rest_channel: online", "line 11: counts.rest_channel"),
        ("delimiter", "delimeter", "line 4: unknown key 'delimeter'; did you mean 'delimiter'?"),
        ('"."', '"\'"', "line 5: thousands"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_with_its_line(tmp_path, old, new, sentence):
    with pytest.raises(BadParameters, match=r"mapping\.yml") as refused:
        read_mapping(_write(tmp_path, old, new))
    assert sentence in str(refused.value)


def test_the_mapping_of_the_project_reads_the_official_headers():
    mapping = read_mapping(ROOT / "parameters" / "sources" / "govuk.yml")
    assert (mapping.thousands, mapping.ends_with_newline, mapping.about.simulated) == (",", True, False)
    assert mapping.counts.periods == {"Jan - Mar": "Q1", "Apr - Jun": "Q2", "Jul - Sep": "Q3", "Oct - Dec": "Q4"}

"""A wide export becomes counts: what is taken, what is rejected, and what stops everything."""

from __future__ import annotations

import csv
import gzip
import io
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.ingest.table import TooManyRejects
from analysis.data.ingest.wide import ingest_wide
from analysis.data.sources.mapping import Mapping, read_mapping
from analysis.faults import BadData
from analysis.parameters import ROOT

GOVUK = read_mapping(ROOT / "parameters" / "sources" / "govuk.yml")
HEADER = (
    'Abbr,Slug,Notes,"Total transactions\nJan - Mar 2016","Total transactions\nApr - Jun 2016",'
    '"Digital transactions\nJan - Mar 2016","Digital transactions\nApr - Jun 2016"\n'
)
# The header takes five physical lines, so the first row stands on line 6.
ROWS = (
    'DfT,dft-permit,plain,"1,000",200,400,\nDefra,defra-fish,"two\nlines",50,60,50,70\nHome Office,home-visa,,,10,5,0\n'
)


def _ingest(tmp_path, text, encoding="utf-8", reject_limit=1.0, mapping=GOVUK):
    path = tmp_path / "services.csv"
    path.write_bytes(text.encode(encoding))
    return ingest_wide(path, mapping, reject_limit=reject_limit)


def test_counts_are_split_by_channel_and_the_rest_is_told(tmp_path):
    counts = _ingest(tmp_path, HEADER + ROWS).counts[["period", "agency", "procedure", "channel", "resolved"]]
    taken = {tuple("" if pd.isna(cell) else cell for cell in row) for row in counts.itertuples(index=False)}
    assert taken == {
        ("2016Q1", "dft", "dft-permit", "online", 400),
        ("2016Q1", "dft", "dft-permit", "other", 600),
        ("2016Q2", "dft", "dft-permit", "", 200),
        ("2016Q1", "defra", "defra-fish", "online", 50),
        ("2016Q1", "defra", "defra-fish", "other", 0),
        ("2016Q2", "home-office", "home-visa", "online", 0),
        ("2016Q2", "home-office", "home-visa", "other", 10),
    }


def test_what_is_rejected_keeps_line_code_and_raw(tmp_path):
    rejected = _ingest(tmp_path, HEADER + ROWS).rejected
    assert rejected[["file", "line", "code", "raw"]].to_numpy().tolist() == [
        ["services.csv", 7, "part_exceeds_whole", "period=2016Q2; whole=60; part=70"],
        ["services.csv", 9, "part_without_whole", "period=2016Q1; whole=; part=5"],
    ]


def test_a_telephone_number_among_the_counts_is_not_quoted(tmp_path):
    row = "Defra,defra-hunt,plain,5,,0987654321,0987654321\nTổng,tổng,plain,0987654321,5,0987654321,5\n"
    rejected = _ingest(tmp_path, HEADER + ROWS + row).rejected
    assert "987654321" not in rejected.to_csv()
    assert (rejected["raw"] == "period=2016Q1; whole=9 digits; part=9 digits").sum() == 1


def test_a_total_row_is_no_procedure(tmp_path):
    # It may stand above the procedure whose code it repeats, or have none.
    total = "Tổng số,dft-permit,,1050,260,450,50\n,Tổng cộng,,1050,260,450,50\nCộng,,,1050,260,450,50\n"
    wide = _ingest(tmp_path, HEADER + total + ROWS)
    assert wide.counts.equals(_ingest(tmp_path, HEADER + ROWS).counts)
    assert (wide.rejected["code"] == "total_row").sum() == 6


def test_nothing_is_lost(tmp_path):
    # Q1: dft-permit and defra-fish; Q2: dft-permit, a total alone, and home-visa.
    assert _ingest(tmp_path, HEADER + ROWS).tally.to_numpy().tolist() == [
        ["2016Q1", "accepted", 2],
        ["2016Q1", "part_without_whole", 1],
        ["2016Q2", "accepted", 2],
        ["2016Q2", "part_exceeds_whole", 1],
    ]


CELL = st.none() | st.integers(0, 3)


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=6))
def test_every_count_is_accepted_or_rejected(tmp_path_factory, rows):
    rows = [(1, 1, 1, 1), *rows]  # one good row, because a file without any good count is refused
    pairs = [pair for row in rows for pair in ((row[0], row[2]), (row[1], row[3])) if pair != (None, None)]
    bad = [pair for pair in pairs if pair[0] is None or (pair[1] is not None and pair[1] > pair[0])]
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(
        ["DfT", f"p{at}", "two\nlines", *row] for at, row in enumerate(rows)
    )
    taken = _ingest(tmp_path_factory.mktemp("in"), HEADER + file.getvalue())
    by_code = taken.tally.groupby("code")["rows"].sum().to_dict()
    assert sum(by_code.values()) == len(pairs)
    assert by_code["accepted"] == len(pairs) - len(bad)
    assert taken.rejected["raw"].str.replace(r"^.*(?=whole=)", "", regex=True).tolist() == [
        f"whole={'' if w is None else w}; part={p}" for w, p in bad
    ]
    assert taken.counts["resolved"].sum() == sum(w for w, p in pairs if (w, p) not in bad)
    # A row takes two lines, after the five of the header.
    numbers = [at for at, row in enumerate(rows) for pair in ((row[0], row[2]), (row[1], row[3])) if pair in bad]
    assert taken.rejected["line"].tolist() == [6 + 2 * number for number in numbers]


def test_windows_line_breaks_change_neither_counts_nor_lines(tmp_path):
    unix, windows = (_ingest(tmp_path, (HEADER + ROWS).replace("\n", end)) for end in ("\n", "\r\n"))
    pd.testing.assert_frame_equal(windows.counts, unix.counts)
    pd.testing.assert_frame_equal(windows.rejected, unix.rejected)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    taken = _ingest(tmp_path, "\ufeff" + HEADER + "DfT,dft-permit,a,1,1,1,1\n")
    assert taken.counts["resolved"].tolist() == [1, 0, 1, 0]


def test_a_compressed_file_is_read_as_if_it_were_not(tmp_path):
    path = tmp_path / "services.csv.gz"
    path.write_bytes(gzip.compress((HEADER + ROWS).encode()))
    plain = _ingest(tmp_path, HEADER + ROWS)
    pd.testing.assert_frame_equal(ingest_wide(path, GOVUK, reject_limit=1).counts, plain.counts)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadData, match="damaged or cut off"):
        ingest_wide(path, GOVUK, reject_limit=1)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_a_line_separator_inside_a_field_ends_no_row(tmp_path, separator):
    text = HEADER + f"DfT,dft-permit,a{separator}b,1,1,1,1\nDfT,dft-bus,b,,1,1,1\n"
    taken = _ingest(tmp_path, text)
    assert taken.counts["resolved"].tolist() == [1, 0, 1, 0, 1, 0]
    assert taken.rejected["line"].tolist() == [7]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEADER + "DfT,a,x,1,1,1", "line 6: 6 columns, 7 were expected"),
        (HEADER + 'DfT,a,"x,1,1', "line 6: the row does not end properly"),
        (HEADER + "DfT,a,x,1,1,1,1", "ends inside a row"),
        (HEADER + "DfT,a,x,1,1,1,1\nDfT,a,x,1,1,1,1\n", "line 7: its procedure stands on line 6 too"),
        (HEADER + "DfT,a,x,1,1,1,-1\n", "line 6, column 'Digital transactions Apr - Jun 2016': '-1' is negative"),
        (HEADER + 'DfT,a,x,"-5,000",1,1,1\n', "'-5,000' is negative"),
        (HEADER + "DfT,a,x,1.5,1,1,1\n", "'1.5' is not a whole number"),
        (HEADER + 'DfT,a,x,"12,34",1,1,1\n', "'12,34' is not a whole number"),
        (HEADER + "DfT,a,x,some,1,1,1\n", "4 letters is not a whole number"),
        (HEADER + 'DfT,a,"x\ny",1,1,1,1\nDfT,b,x,1,1,1,?\n', "line 8, column"),
        (HEADER + "DfT,,x,1,1,1,1\n", "column 'Slug' is empty"),
        (HEADER.replace("Slug", "Name"), "one column 'Slug' (procedure) was expected, found 0"),
        (HEADER.replace("Digital transactions\nApr", "Digital counts\nApr"), "2016Q2 has only one of them"),
        (HEADER.replace("Apr - Jun 2016", "May - Jul 2016"), "the mapping has no period 'May - Jul'"),
        (HEADER, "no count in any of its 0 rows"),
        ("", "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_right_stops_everything(tmp_path, text, sentence):
    with pytest.raises(BadData, match=r"services\.csv") as refused:
        _ingest(tmp_path, text)
    assert sentence in str(refused.value)


def test_another_encoding_is_told_by_its_first_byte(tmp_path):
    with pytest.raises(BadData, match="byte 4 is not utf-8-sig"):
        _ingest(tmp_path, "Abc,é\n", encoding="latin-1")


def test_too_many_rejected_counts_refuse_the_file(tmp_path):
    # Two of six counts are rejected.
    assert len(_ingest(tmp_path, HEADER + ROWS, reject_limit=0.34).rejected) == 2
    with pytest.raises(TooManyRejects, match=r"2 of 6 rows rejected \(33.3%\).*the first on line 7") as refused:
        _ingest(tmp_path, HEADER + ROWS, reject_limit=0.33)
    assert len(refused.value.rejected) == 2


# A made-up export of another system: semicolons, dots for thousands, Vietnamese headers, by month.
MONTHLY = Mapping.model_validate(
    {
        "about": {"title": "t", "source": "s"},
        "format": "csv",
        "delimiter": ";",
        "thousands": ".",
        "dimensions": {"procedure": "Mã thủ tục", "field": "Lĩnh vực"},
        "counts": {
            "whole": r"Tổng số tháng (?P<period>\d+)/(?P<year>\d{4})",
            "part": r"Trực tuyến tháng (?P<period>\d+)/(?P<year>\d{4})",
            "periods": {"9": "09"},
            "rest_channel": "counter",
        },
    }
)
EXPORT = "Mã thủ tục;Lĩnh vực;Tổng số tháng 9/2021;Trực tuyến tháng 9/2021\n1.001;Đất đai;1.234;1.000"


def test_another_system_needs_another_mapping_and_no_code(tmp_path):
    counts = _ingest(tmp_path, EXPORT, mapping=MONTHLY).counts
    assert counts[["period", "field", "procedure", "channel", "resolved"]].to_numpy().tolist() == [
        ["2021-09", "dat-dai", "1-001", "online", 1000],
        ["2021-09", "dat-dai", "1-001", "counter", 234],
    ]
    assert counts[["agency", "district", "timeliness", "received"]].isna().all(axis=None)


def test_only_a_mapping_that_promises_a_last_line_break_finds_a_cut_last_field(tmp_path):
    cut = EXPORT.replace("1.000", "100")
    assert _ingest(tmp_path, cut, mapping=MONTHLY).counts["resolved"].tolist() == [100, 1134]
    with pytest.raises(BadData, match="line 2: the file ends inside a row"):
        _ingest(tmp_path, cut, mapping=MONTHLY.model_copy(update={"ends_with_newline": True}))


@pytest.mark.parametrize(("abbreviation", "numerator", "denominator"),
                         [(None, 306_218_438, 388_428_088), ("DfT", 156_181_315, 164_395_703)])  # fmt: skip
def test_the_real_file_adds_up_as_plain_loops_add_it_up(govuk_export, abbreviation, numerator, denominator):
    with govuk_export.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    whole_at, part_at = (header.index(f"{kind} transactions\nJul - Sep 2016") for kind in ("Total", "Digital"))
    K = N = 0
    for row in rows:
        whole, part = (row[at].replace(",", "") for at in (whole_at, part_at))
        if whole and part and int(part) <= int(whole) and abbreviation in (None, row[0]):
            K, N = K + int(part), N + int(whole)
    assert (numerator, denominator) == (K, N)

    counts = ingest_wide(govuk_export, GOVUK, reject_limit=0.05).counts
    quarter = counts[(counts["period"] == "2016Q3") & counts["channel"].notna()]
    if abbreviation:
        quarter = quarter[quarter["agency"] == abbreviation.lower()]
    assert quarter.loc[quarter["channel"] == "online", "resolved"].sum() == numerator
    assert quarter["resolved"].sum() == denominator


def test_of_the_real_file_no_count_is_lost(govuk_export):
    with govuk_export.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    columns = {" ".join(name.split()): at for at, name in enumerate(header)}
    wholes = [name for name in columns if re.fullmatch(r"Total transactions \w{3} - \w{3} \d{4}", name)]
    pairs = [(columns[name], columns[name.replace("Total", "Digital")]) for name in wholes]
    assert len(pairs) > 8
    taken = ingest_wide(govuk_export, GOVUK, reject_limit=0.05)
    counted = sum(bool(row[whole].strip() or row[part].strip()) for row in rows for whole, part in pairs)
    assert taken.tally["rows"].sum() == counted
    rejected = taken.tally[taken.tally["code"] != "accepted"]
    assert rejected["rows"].sum() == len(taken.rejected) > 0

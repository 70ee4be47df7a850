"""A wide export becomes counts: what is taken, what is rejected, and what stops everything."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.ingest import receive
from analysis.faults import BadData
from analysis.parameters import ROOT

GOVUK = ROOT / "parameters" / "sources" / "govuk.yml"
HEADER = (
    'Abbr,Slug,Notes,"Total transactions\nJan - Mar 2016","Total transactions\nApr - Jun 2016",'
    '"Digital transactions\nJan - Mar 2016","Digital transactions\nApr - Jun 2016"\n'
)
# The header takes five physical lines, so the first row stands on line 6.
ROWS = (
    'DfT,dft-permit,plain,"1,000",200,400,\nDefra,defra-fish,"two\nlines",50,60,50,70\nHome Office,home-visa,,,10,5,0\n'
)


def _receive(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "services.csv"
    path.write_bytes(text.encode(encoding))
    return receive(path, GOVUK)


def test_counts_are_split_by_channel_and_the_rest_is_told(tmp_path):
    received = _receive(tmp_path, HEADER + ROWS)
    counts = received.counts[["period", "agency", "procedure", "channel", "resolved"]]
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
    rejected = _receive(tmp_path, HEADER + ROWS).rejected
    assert rejected[["line", "procedure", "period", "code", "raw"]].to_numpy().tolist() == [
        [7, "defra-fish", "2016Q2", "part_exceeds_whole", "whole=60; part=70"],
        [9, "home-visa", "2016Q1", "part_without_whole", "whole=; part=5"],
    ]


def test_nothing_is_lost(tmp_path):
    received = _receive(tmp_path, HEADER + ROWS)
    assert received.counts_in == 6 == received.accepted.sum() + len(received.rejected)


def test_a_byte_order_mark_and_a_line_separator_inside_a_field_are_no_fault(tmp_path):
    text = "\ufeff" + HEADER + "DfT,dft-permit,a\u2028b,1,1,1,1\n"
    assert _receive(tmp_path, text).counts["resolved"].tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEADER + "DfT,a,x,1,1,1", "line 6: 6 columns, 7 were expected"),
        (HEADER + 'DfT,a,"x,1,1', "line 6: the row does not end properly"),
        (HEADER + "DfT,a,x,1,1,1,1", "ends inside a row"),
        (HEADER + "DfT,a,x,1,1,1,1\nDfT,a,x,1,1,1,1\n", "line 7: the procedure 'a' stands on line 6 too"),
        (HEADER + "DfT,a,x,1,1,1,-1\n", "line 6, column 'Digital transactions Apr - Jun 2016': '-1' is negative"),
        (HEADER + 'DfT,a,x,"-5,000",1,1,1\n', "'-5,000' is negative"),
        (HEADER + "DfT,a,x,1.5,1,1,1\n", "'1.5' is not a whole number"),
        (HEADER + 'DfT,a,x,"12,34",1,1,1\n', "'12,34' is not a whole number"),
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
        _receive(tmp_path, text)
    assert sentence in str(refused.value)


def test_another_encoding_is_told_by_its_first_byte(tmp_path):
    with pytest.raises(BadData, match="byte 4 is not utf-8-sig"):
        _receive(tmp_path, "Abc,é\n", encoding="latin-1")


def test_a_folder_of_our_own_tables_needs_its_parts(tmp_path):
    with pytest.raises(BadData, match=r"counts\.parquet: there is no such table"):
        receive(tmp_path, None)
    (tmp_path / "counts.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(BadData, match="not a readable Parquet file"):
        receive(tmp_path, None)


@pytest.fixture(scope="module")
def govuk():
    if "DUNGHEN_REAL_DATA" not in os.environ:
        pytest.skip("DUNGHEN_REAL_DATA is not set: it names the folder of the real data")
    return Path(os.environ["DUNGHEN_REAL_DATA"]) / "govuk" / "services.csv"


@pytest.mark.parametrize(("abbreviation", "numerator", "denominator"),
                         [(None, 306_218_438, 388_428_088), ("DfT", 156_181_315, 164_395_703)])  # fmt: skip
def test_the_real_file_adds_up_as_plain_loops_add_it_up(govuk, abbreviation, numerator, denominator):
    with govuk.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    whole_at, part_at = (header.index(f"{kind} transactions\nJul - Sep 2016") for kind in ("Total", "Digital"))
    K = N = 0
    for row in rows:
        whole, part = (row[at].replace(",", "") for at in (whole_at, part_at))
        if whole and part and int(part) <= int(whole) and abbreviation in (None, row[0]):
            K, N = K + int(part), N + int(whole)
    assert (numerator, denominator) == (K, N)

    counts = receive(govuk, GOVUK).counts
    quarter = counts[(counts["period"] == "2016Q3") & counts["channel"].notna()]
    if abbreviation:
        quarter = quarter[quarter["agency"] == abbreviation.lower()]
    assert quarter.loc[quarter["channel"] == "online", "resolved"].sum() == numerator
    assert quarter["resolved"].sum() == denominator

"""A wide export becomes counts: what is taken, what is rejected, and what stops everything."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shutil

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.ingest import content_hash, receive
from analysis.faults import BadData, BadParameters
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
    # Q1: dft-permit and defra-fish; Q2: dft-permit, a total alone, and home-visa.
    assert received.accepted.to_dict() == {"2016Q1": 2, "2016Q2": 2}
    assert received.counts_in == 6 == received.accepted.sum() + len(received.rejected)


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
    received = _receive(tmp_path_factory.mktemp("in"), HEADER + file.getvalue())
    assert received.counts_in == len(pairs)
    assert received.accepted.sum() == len(pairs) - len(bad)
    assert received.rejected["raw"].tolist() == [f"whole={'' if w is None else w}; part={p}" for w, p in bad]
    assert received.counts["resolved"].sum() == sum(w for w, p in pairs if (w, p) not in bad)
    # A row takes two lines, after the five of the header.
    assert all(line == 6 + 2 * int(name[1:]) for line, name in received.rejected[["line", "procedure"]].to_numpy())


def test_windows_line_breaks_change_neither_counts_nor_lines(tmp_path):
    unix, windows = (_receive(tmp_path, (HEADER + ROWS).replace("\n", end)) for end in ("\n", "\r\n"))
    pd.testing.assert_frame_equal(windows.counts, unix.counts)
    pd.testing.assert_frame_equal(windows.rejected, unix.rejected)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    assert _receive(tmp_path, "\ufeff" + HEADER + "DfT,dft-permit,a,1,1,1,1\n").counts["resolved"].tolist() == [
        1,
        0,
        1,
        0,
    ]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_a_line_separator_inside_a_field_ends_no_row(tmp_path, separator):
    text = HEADER + f"DfT,dft-permit,a{separator}b,1,1,1,1\nDfT,dft-bus,b,,1,1,1\n"
    received = _receive(tmp_path, text)
    assert received.counts["resolved"].tolist() == [1, 0, 1, 0, 1, 0]
    assert received.rejected["line"].tolist() == [7]


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
        (HEADER + "DfT,a,x,some,1,1,1\n", "'some' is not a whole number"),
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


def test_a_misspelt_description_of_the_data_is_refused(tmp_path):
    shutil.copy(ROOT / "data" / "demo" / "counts.parquet", tmp_path)
    (tmp_path / "about.yml").write_text("title: t\nsource: s\nsimulatd: true\n", encoding="utf-8")
    with pytest.raises(BadParameters, match=r"about\.yml line 3: unknown key 'simulatd'; did you mean 'simulated'"):
        receive(tmp_path, None)


def test_tables_without_ratings_have_no_ratings(tmp_path):
    for name in ("counts.parquet", "about.yml"):
        shutil.copy(ROOT / "data" / "demo" / name, tmp_path)
    received = receive(tmp_path, None)
    assert received.ratings.empty
    assert received.counts_in == len(received.counts) == received.accepted.sum()


def test_the_hash_of_a_folder_is_that_of_its_files_and_their_names(tmp_path):
    hashes = []
    for name, content in [("a", "1"), ("a", "2"), ("b", "2")]:
        folder = tmp_path / f"{name}{content}"
        folder.mkdir()
        (folder / name).write_text(content, encoding="utf-8")
        hashes.append(content_hash(folder))
    assert len(set(hashes)) == 3
    assert content_hash(tmp_path / "a1" / "a") == hashes[0] == hashlib.sha256(b"a1").hexdigest()


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

    counts = receive(govuk_export, GOVUK).counts
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
    received = receive(govuk_export, GOVUK)
    assert received.counts_in == sum(
        bool(row[whole].strip() or row[part].strip()) for row in rows for whole, part in pairs
    )
    assert received.counts_in == received.accepted.sum() + len(received.rejected)

"""Text files as offices send them: encodings, delimiters, titles, compression, and every way to be cut off."""

from __future__ import annotations

import gzip

import pytest

from analysis.faults import BadData, BadParameters

HEADER = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong"
GOOD = "H1,Đất đai,2,01/09/2021,10/09/2021,08/09/2021 16:30:00"
OPEN = "H2,Hộ tịch,1,02/09/2021,,"


def _file(*lines, line_break="\n", last_break=True):
    return line_break.join([HEADER, *lines]) + (line_break if last_break else "")


def _cases(brought):
    return brought.table[["case_id", "field", "channel"]].to_numpy().tolist()


BOTH = [["H1", "dat-dai", "online"], ["H2", "ho-tich", "counter"]]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-8", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_an_encoding_is_declared_and_a_byte_order_mark_is_no_letter(bring_in, encoding, declared):
    brought = bring_in(_file(GOOD, OPEN).encode(encoding), encoding=declared)
    assert _cases(brought) == BOTH
    assert brought.flagged == []


def test_windows_1258_keeps_its_letters_and_is_no_fault_of_the_data(bring_in, tmp_path):
    # Its tones are letters of their own: "ấ" is "â" and an acute accent.
    as_written = _file(GOOD, OPEN).translate({ord("ấ"): "a\u0302\u0301", ord("ộ"): "ô\u0323", ord("ị"): "i\u0323"})
    as_written = as_written.replace("a\u0302\u0301", "â\u0301")
    path = tmp_path / "x.csv"
    path.write_bytes(as_written.encode("cp1258"))
    brought = bring_in(path, encoding="windows-1258")
    assert _cases(brought) == BOTH
    assert brought.flagged == []


@pytest.mark.parametrize("delimiter", ["\t", ";", "|", "¦"])
def test_any_sign_may_part_the_columns(bring_in, delimiter):
    assert _cases(bring_in(_file(GOOD, OPEN).replace(",", delimiter), delimiter=delimiter)) == BOTH


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_break_ends_a_line(bring_in, line_break):
    brought = bring_in(_file(GOOD, "short", OPEN, line_break=line_break))
    assert _cases(brought) == BOTH
    assert brought.rejected == [(3, "column_count")]


@pytest.mark.parametrize("name", ["cases.csv.gz", "cases.csv.GZ"])
def test_a_compressed_file_is_read_as_if_it_were_not(bring_in, name):
    brought = bring_in(gzip.compress(_file(GOOD, "short", OPEN).encode()), name=name)
    assert _cases(brought) == BOTH
    assert brought.intake.rejected[["file", "line"]].to_numpy().tolist() == [[name, 3]]


def test_a_header_below_titles_is_where_the_mapping_says(bring_in):
    titles = 'BÁO CÁO "quý" III\n\nĐơn vị: Sở,"\n'
    brought = bring_in(titles + _file(GOOD, "short", OPEN), header_row=4)
    assert _cases(brought) == BOTH
    assert brought.rejected == [(6, "column_count")]


def test_a_header_with_line_breaks_in_it_takes_as_many_lines(bring_in):
    text = HEADER.replace("LinhVuc", '"Lĩnh\nvực"') + f"\n{GOOD}\nshort\n{OPEN}\n"
    brought = bring_in(text, columns={"field": "Lĩnh vực"})
    assert _cases(brought) == BOTH
    assert brought.rejected == [(4, "column_count")]


@pytest.mark.parametrize("name", ["cases[1].csv", "what?.csv", "all*.csv", "it's; DROP TABLE x.csv", "Hồ sơ (2).csv"])
def test_a_file_is_itself_whatever_its_name(bring_in, name):
    for text in (_file(GOOD, OPEN), _file(GOOD, OPEN, line_break="\r")):
        assert _cases(bring_in(text, name=name)) == BOTH


def test_a_row_takes_all_the_lines_its_quotes_span(bring_in):
    long = GOOD.replace("Đất đai", '"Đất\nđai"').replace("01/09/2021", "1/9/21x")
    brought = bring_in(_file(long, "short", OPEN))
    assert brought.rejected == [(2, "date_unreadable"), (4, "column_count")]
    assert brought.table["case_id"].tolist() == ["H2"]


def test_a_stray_quote_costs_its_own_row_and_none_after_it(bring_in):
    stray = GOOD.replace("Đất đai", '"Đất đai')
    brought = bring_in(_file(GOOD, stray, OPEN, OPEN.replace("H2", '"H3"'), stray.replace("H1", "H4"), OPEN))
    assert brought.rejected == [(3, "column_count"), (6, "column_count"), (7, "duplicate_case_id")]
    assert brought.intake.rejected["raw"][0] == "…"
    assert brought.table["case_id"].tolist() == ["H1", "H3", "H2"]  # H2 stands twice


def test_a_stray_quote_is_a_fault_of_its_row_even_if_no_other_quote_follows(bring_in):
    brought = bring_in(_file('H0,"Đất đai,2,01/09/2021,,', GOOD, OPEN))
    assert _cases(brought) == BOTH
    assert brought.rejected == [(2, "column_count")]


def test_blanks_around_a_quote_are_not_guessed_about(bring_in):
    # One program takes ` "Hộ tịch"` for the words, another for the words with their quotes.
    brought = bring_in(_file(GOOD.replace("Đất đai", ' "Đất đai"'), OPEN.replace("Hộ tịch", '"Hộ tịch" ')))
    assert _cases(brought) == BOTH[:1]
    assert brought.rejected == [(3, "column_count")]


def test_empty_lines_are_no_rows(bring_in):
    brought = bring_in(_file("", GOOD, "", "", "short", OPEN, "", ""))
    assert (brought.intake.rows, brought.rejected) == (3, [(6, "column_count")])
    assert _cases(brought) == BOTH


def test_empty_cells_too_many_are_columns_too_many(bring_in):
    # "H3,Đất, nước" without quotes would otherwise move every cell by one and lose the last.
    brought = bring_in(_file(GOOD, OPEN + ",", GOOD + ",,"))
    assert brought.rejected == [(3, "column_count"), (4, "column_count")]
    assert brought.intake.rejected["reason"][0] == "7 columns, 6 were expected as in the header"


def test_bytes_that_are_no_letters_cost_their_row(bring_in):
    lines = [GOOD.encode(), "H3,Đất".encode() + b"\xff,1,,,", OPEN.encode(), b"H4,\xc3,1,,"]
    brought = bring_in(b"\n".join([HEADER.encode(), *lines, b""]))
    # The last has a column too few as well, which stands first in the table of faults.
    assert brought.rejected == [(3, "undecodable"), (5, "column_count")]
    assert brought.intake.rejected["raw"].tolist() == ["…", "…"]
    assert _cases(brought) == BOTH


def test_half_a_letter_of_utf_16_costs_its_row(bring_in):
    lone = GOOD.encode("utf-16-le").replace("Đ".encode("utf-16-le"), b"\x41\xd8")
    text = "\n".encode("utf-16-le").join([HEADER.encode("utf-16-le"), lone, OPEN.encode("utf-16-le"), b""])
    brought = bring_in(text, encoding="utf-16-le")
    assert brought.rejected == [(2, "undecodable")]
    assert _cases(brought) == BOTH[1:]


def test_other_bytes_than_declared_are_told_by_the_header(bring_in):
    with pytest.raises(BadData, match="line 1: the header is not utf-8-sig text"):
        bring_in("MaHoSo,Lĩnh vực\n1,2\n".encode("utf-16"))


LAST = "H9,Hộ tịch,1,02/09/2021,10/09/2021,09/09/2021"


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("kept", [1, 3, 20, 34])
def test_a_file_cut_inside_a_row_is_refused_with_its_line(bring_in, kept, quoted):
    last = '"' + LAST.replace(",", '","') + '"' if quoted else LAST
    for first in (GOOD, GOOD.replace("Đất đai", '"Đất\nđai"')):
        with pytest.raises(BadData, match=f"line {3 + first.count(chr(10))}: .*ends inside a row; is it cut off"):
            bring_in(_file(first, last[:kept], last_break=False))


def test_a_file_cut_inside_a_cell_of_several_lines_is_refused_with_the_line_it_opens_on(bring_in):
    with pytest.raises(BadData, match="line 3: a quote opened here is never closed"):
        bring_in(_file(GOOD, 'H9,"Hộ tịch\ncó yếu tố\nnước ngo', last_break=False))


def test_a_cut_compressed_file_is_refused(bring_in):
    packed = gzip.compress(_file(*[GOOD.replace("H1", f"H{at}") for at in range(2000)]).encode())
    for kept in (len(packed) // 2, len(packed) - 4, 12):
        with pytest.raises(BadData, match="the compressed file is damaged or cut off"):
            bring_in(packed[:kept], name="cases.csv.gz")
    with pytest.raises(BadData, match="the compressed file is damaged or cut off"):
        bring_in(packed[:200] + b"\x00" * 50 + packed[250:], name="cases.csv.gz")
    with pytest.raises(BadData, match="the compressed file is damaged or cut off"):
        bring_in(_file(GOOD), name="cases.csv.gz")


def test_a_file_cut_exactly_where_a_row_ends_cannot_be_told_from_a_whole_one(bring_in):
    whole, cut = bring_in(_file(GOOD, OPEN, LAST)), bring_in(_file(GOOD, OPEN))
    assert (whole.intake.rows, cut.intake.rows) == (3, 2)
    assert cut.rejected == cut.flagged == []


@pytest.mark.parametrize("line_break", ["\n", "\r"])
def test_a_last_row_without_a_line_break_is_flagged_or_refused_as_the_mapping_says(bring_in, line_break):
    text = _file(GOOD, LAST, last_break=False, line_break=line_break)
    brought = bring_in(text)
    assert brought.flagged == [(3, "last_line_unfinished")]
    assert brought.intake.flagged["case_id"].tolist() == ["H9"]
    with pytest.raises(BadData, match="line 3: the file ends without the line break the mapping promises"):
        bring_in(text, ends_with_newline=True)
    assert bring_in(_file(GOOD, LAST, line_break=line_break), ends_with_newline=True).intake.accepted == 2


def test_only_the_last_row_is_flagged_as_unfinished_and_only_if_it_is_taken(bring_in):
    assert bring_in(_file(GOOD, LAST.replace("Hộ tịch,1", "Hộ tịch,7"), last_break=False)).flagged == []
    assert bring_in(_file(LAST.replace("Hộ tịch,1", "Hộ tịch,7"), last_break=False)).flagged == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty"),
        ("\ufeff", "the file is empty"),
        ("\n" + GOOD + "\n", "line 1: a header was expected"),
        (HEADER + "\n", "no row below the header"),
        (HEADER, "no row below the header"),
        (HEADER + "\n\n\n", "no row below the header"),
        ('MaHoSo,"Linh\nVuc,Kenh\n', "line 1: the header does not end properly"),
        ('MaHoSo,"Linh"x,Kenh\n', "line 1: the header does not end properly"),
    ],
)
def test_a_file_without_rows_or_header_is_refused(bring_in, text, sentence):
    with pytest.raises(BadData, match=r"cases\.csv") as refused:
        bring_in(text)
    assert sentence in str(refused.value)


def test_a_file_that_is_not_there_is_refused(bring_in, tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(BadParameters, match="there is no such file"):
            bring_in(path)


def test_a_cell_longer_than_any_is_a_fault_of_its_row(bring_in):
    brought = bring_in(_file(GOOD.replace("Đất đai", "x" * 131_073), OPEN))
    assert brought.rejected == [(2, "column_count")]
    assert _cases(brought) == BOTH[1:]

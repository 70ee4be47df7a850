import pandas as pd
import pytest

from analysis.data.panel_file import COLUMNS, MEAN_COLUMNS, read_panel_file
from analysis.faults import BadData

HEADER = "series,period,numerator,denominator\n"


def written(tmp_path, text):
    path = tmp_path / "panel.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_other_columns_are_ignored_and_an_empty_pair_is_a_gap(tmp_path):
    text = "period,extra,series,denominator,numerator\n2021-01,x,a,10,3\n2021-02,y,a,,\n2021-03,z,a,12.0,4\n"
    frame = read_panel_file(written(tmp_path, text))
    assert list(frame.columns) == COLUMNS
    assert frame["numerator"].tolist()[::2] == [3, 4]
    assert frame.loc[1, ["numerator", "denominator"]].isna().all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,2021-01,3,10\na,2021-02,12,10\n", "line 3: a numerator above its denominator.*numerator 12"),
        ("a,2021-01,-3,10\n", "line 2: not a whole number of cases.*'-3'"),
        ("a,2021-01,3,10\na,2021-02,3.5,10\n", "line 3: not a whole number"),
        ("a,2021-01,3,ten\n", "line 2: not a whole number of cases.*denominator 'ten'"),
        ("a,2021-01,3,10\na,2021-01,3,10\n", "line 3: the same series and period twice"),
        ("a,2021-01,3,10\na,2021Q2,3,10\n", "line 3: months and quarters are mixed"),
        ("a,2021-13,3,10\n", "line 2: a period is written"),
        ("a,2021-01,3,\n", "line 2: one count without the other"),
        (",2021-01,3,10\n", "line 2: a series has no name"),
        ("", "has no rows"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path, rows, said):
    with pytest.raises(BadData, match=said):
        read_panel_file(written(tmp_path, HEADER + rows))


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(BadData, match="column 'denominator' is missing"):
        read_panel_file(written(tmp_path, "series,period,numerator\na,2021-01,3\n"))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01\x80", HEADER.encode() + b"a,2021-01,3,10,9,9\n"])
def test_what_is_no_such_file_is_refused(tmp_path, content):
    with pytest.raises(BadData, match=r"panel\.csv"):
        read_panel_file(written(tmp_path, content))


def test_names_that_look_like_missing_values_stay_names(tmp_path):
    frame = read_panel_file(written(tmp_path, HEADER + "NA,2021-01,3,10\nnull,2021-01,3,10\n"))
    assert frame["series"].tolist() == ["NA", "null"]
    assert isinstance(frame, pd.DataFrame)


def test_a_file_with_totals_is_one_of_means(tmp_path):
    text = "series,period,total,total_squares,cases\na,2021-01,10.5,60,2\na,2021-02,,,\n"
    frame = read_panel_file(written(tmp_path, text))
    assert list(frame.columns) == MEAN_COLUMNS
    assert frame.loc[0, "total"] == 10.5
    assert frame.loc[1, MEAN_COLUMNS[2:]].isna().all()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("-1,1,1", "line 2: not a number of zero or more.*total '-1'"),
        ("1,inf,1", "not a number of zero or more.*total_squares 'inf'"),
        ("1,1,1.5", "not a whole number of cases"),
        ("1,,1", "some of the three numbers"),
        ("1,1,0", "a total without a case"),
        ("10,49,2", "squares too small"),
    ],
)
def test_what_is_no_total_is_refused_with_its_line(tmp_path, row, said):
    with pytest.raises(BadData, match=said):
        read_panel_file(written(tmp_path, f"series,period,total,total_squares,cases\na,2021-01,{row}\n"))

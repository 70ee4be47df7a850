import io

import pandas as pd
import pytest

from analysis.report.html_table import csv_text


@pytest.mark.parametrize("hostile", ["=cmd()", "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_no_cell_or_header_runs_in_a_spreadsheet(hostile: str) -> None:
    frame = pd.DataFrame({hostile: [1.5], "name": [hostile]})
    read = pd.read_csv(io.StringIO(csv_text(frame)), dtype=str)
    inert = f"'{hostile}".replace("\r", " ")
    assert list(read.columns) == [inert, "name"]
    assert read["name"][0] == inert


def test_figures_and_plain_words_stay_as_they_are() -> None:
    frame = pd.DataFrame({"name": ["Đất đai", None], "value": [-0.25, None], "n": pd.array([3, None], dtype="Int64")})
    assert csv_text(frame) == "name,value,n\nĐất đai,-0.25,3\n,,\n"

import io

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.report.html_table import csv_text, great_table, plain_table, with_cards


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


CARDS = pd.DataFrame({"Promise": ["1. Fees & fines", "– by post"], "Verdict": ["<b>Met</b>", ""], "A week": ["–", "3"]})


@pytest.mark.parametrize(
    "table",
    [plain_table(CARDS, caption="All"), great_table(CARDS, "Promise", id="promises", caption="All")],
    ids=["plain", "great"],
)
def test_each_value_of_a_card_has_the_name_of_its_column_and_each_element_its_role(table: str) -> None:
    cards = BeautifulSoup(with_cards(table), "html.parser").table
    first, part = cards.tbody("tr")
    # What has no value has no name, and so no line of its own.
    assert [cell.get("data-label") for cell in first("td")] == ["Verdict", None]
    assert [cell.get("data-label") for cell in part("td")] == [None, "A week"]
    assert "part" not in first.get("class", [])
    assert "part" in part["class"]
    assert "cards" in cards["class"]
    roles = {
        "table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell",
    }  # fmt: skip
    for element in [cards, *cards.find_all(["thead", "tbody", "tr", "th", "td"])]:
        headers = {"col": "columnheader", "row": "rowheader"}
        assert element["role"] == (headers[element["scope"]] if element.name == "th" else roles[element.name])


def test_the_name_of_a_column_cannot_end_its_attribute() -> None:
    hostile = pd.DataFrame({"Name": ["a"], '"><script>x': ["b"]})
    cell = BeautifulSoup(with_cards(plain_table(hostile, caption="All")), "html.parser").td
    assert cell["data-label"] == '"><script>x'
    assert cell.get_text() == "b"

"""A cell that says nothing but "total" makes its row one; a name that begins with the word does not."""

from __future__ import annotations

import unicodedata

import duckdb
import pytest

from analysis.data.sources.total_rows import TotalPhrases

TOTALS = [
    "Tổng", "TỔNG SỐ", "tổng cộng", "Cộng", "I. Tổng số", "II Tổng cộng:", "1) Cộng", "(3) Tổng", "I.Tổng",
    "A - Tổng số", "- Tổng số", "+ Cộng", "1.1. Tổng số", "1.2 Tổng", "Tổng số (1)", "TỔNG CỘNG (A+B)",
    "Tổng số (1 + 2 + 3)", "  tổng   số ", "\u00a0Tổng ", unicodedata.normalize("NFD", "Tổng cộng"),
]  # fmt: skip
NAMES = [
    "Tổng hợp", "Tổng cục Thuế", "Văn phòng tổng hợp", "Cộng đồng", "Tong", "Tông", "ctổng", "Tổng 5", "Tổng (mới)",
    "Tổng số hồ sơ", "", "x",
]  # fmt: skip


@pytest.mark.parametrize(("cells", "are_totals"), [(TOTALS, True), (NAMES, False)], ids=["totals", "names"])
@pytest.mark.parametrize("further", [(), ("Total", "Toàn  tỉnh")], ids=["ours", "with more"])
def test_a_phrase_is_the_whole_of_a_cell(cells, are_totals, further):
    phrases = TotalPhrases(further)
    with duckdb.connect() as connection:
        query = f"SELECT {phrases.sql('cell')} FROM (SELECT unnest(?) AS cell)"
        found = [row[0] for row in connection.execute(query, [cells]).fetchall()]
    assert [phrases.match(cell) for cell in cells] == found == [are_totals] * len(cells)


def test_a_mapping_adds_phrases_as_they_are_written():
    phrases = TotalPhrases(["Toàn tỉnh", "Sum (all)"])
    assert all(map(phrases.match, ["TOÀN TỈNH", "III. toàn tỉnh", "sum (ALL)", "Tổng"]))
    assert not any(map(phrases.match, ["Toàn tỉnh A", "sum all", None]))


COLUMNS = {"period": "Ky", "agency": "DonVi", "field": "LinhVuc", "received": "Nhan"}
HEADER = "STT,Ky,DonVi,LinhVuc,Nhan\n"
ROWS = "1,2021-09,Sở A,Đất đai,600\n2,2021-09,Tổng cục B,Tổng hợp,400\n"


@pytest.mark.parametrize(
    "total",
    ["3,2021-09,Tổng,,1000", "3,2021-09,Sở A,I. TỔNG SỐ,600", ",Cộng:,,,1000", "Tổng cộng (1+2),2021-09,,,1000"],
)
def test_a_total_is_known_in_any_column_that_names_something(bring_in, total):
    text = f"{HEADER}{ROWS}{total}\n"
    brought = bring_in(text, table="counts", columns=COLUMNS, ignored=["STT"], reject_limit=0)
    assert brought.rejected == [(4, "total_row")]
    assert brought.table[["agency", "field", "received"]].to_numpy().tolist() == [
        ["so-a", "dat-dai", 600],
        ["tong-cuc-b", "tong-hop", 400],
    ]


def test_a_value_the_mapping_names_is_no_total(bring_in):
    columns = COLUMNS | {"channel": {"column": "STT", "codes": {"Tổng": "other", "*": "online"}}}
    brought = bring_in(
        f"{HEADER}Tổng,2021-09,Sở A,Đất đai,600\nCộng,2021-09,Sở A,Đất đai,1\n", table="counts", columns=columns
    )
    assert brought.table["channel"].tolist() == ["other"]
    assert brought.rejected == [(3, "total_row")]


def test_a_file_of_totals_only_has_no_row(bring_in):
    from analysis.faults import BadData

    with pytest.raises(BadData, match="no row below the header but totals or empty ones"):
        bring_in(f"{HEADER}1,2021-09,Tổng,,5\n", table="counts", columns=COLUMNS, ignored=["STT"])


def test_totals_do_not_count_towards_the_limit_and_other_rejects_do(bring_in):
    from analysis.data.ingest.table import TooManyRejects

    totals = "9,2021-09,Tổng,,1\n" * 30
    good = "1,2021-09,Sở A,Đất đai,600\n" * 19
    text = HEADER + totals + good + "1,2021-09,Sở A,Đất đai,x\n"
    mapping = {"table": "counts", "columns": COLUMNS, "ignored": ["STT"]}
    assert bring_in(text, reject_limit=0.05, **mapping).intake.accepted == 19
    # 1 of 20 rows that are no totals is 5 %; the first reason named is not a total's.
    told = r"1 of 20 rows rejected \(5.0%\), 4.0% at most .*; the worst: number_unreadable 1; the first on line 51"
    with pytest.raises(TooManyRejects, match=told):
        bring_in(text, reject_limit=0.04, **mapping)

"""A cell that says NULL, N/A or a dash holds nothing, in every kind of column; an answer never does."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from pydantic import ValidationError

from analysis.data.sources.mapping import Mapping

HEADER = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong,Phi\n"
EXTRA = {"fee": {"kind": "number", "column": "Phi"}}


@pytest.mark.parametrize("word", ["NULL", "null", "(null)", "N/A", "n/a", "-", "–", " NULL ", "--"])
def test_a_word_for_nothing_is_nothing_in_every_kind_of_column(bring_in, word):
    brought = bring_in(f"{HEADER}H1,{word},{word},01/09/2021,{word},{word},{word}\n", extra=EXTRA)
    assert brought.rejected == []
    (case,) = brought.table.to_dict("records")
    assert case["outcome"] == "open"
    assert pd.isna([case[name] for name in ("field", "channel", "due_at", "finished_at", "fee")]).all()
    assert brought.intake.notes == {}


def test_an_identifier_that_says_nothing_is_missing(bring_in):
    brought = bring_in(f"{HEADER}NULL,x,1,01/09/2021,,,\n - ,x,1,01/09/2021,,,\n", extra=EXTRA)
    assert brought.rejected == [(2, "case_id_missing"), (3, "case_id_missing")]


def test_words_that_may_be_names_are_nothing_in_times_and_numbers_only(bring_in):
    brought = bring_in(f"{HEADER}H1,NA,1,01/09/2021,NaT,none,NA\n", extra=EXTRA)
    assert brought.rejected == []
    assert brought.table["field"].tolist() == ["na"]
    assert brought.table[["due_at", "finished_at", "fee"]].isna().all(axis=None)


def test_an_empty_code_stored_as_a_floating_point_number_is_nothing(bring_in, tmp_path):
    frame = pd.DataFrame({"MaHoSo": ["H1", "H2"], "LinhVuc": [7.0, None], "Kenh": [1.0, None]})
    frame = frame.assign(NgayNhan="01/09/2021", NgayHen=None, NgayXong=None).astype({"LinhVuc": "float64"})
    path = tmp_path / "cases.db"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE t AS SELECT * REPLACE (coalesce(LinhVuc, 'nan') AS LinhVuc) FROM frame")
    brought = bring_in(path, format="duckdb", relation="t")
    assert brought.rejected == []
    assert brought.table["field"].fillna("nothing").tolist() == ["7", "nothing"]


def test_what_a_columns_codes_name_is_what_they_say(bring_in):
    channel = {"column": "Kenh", "codes": {"-": "counter", "1": "online"}}
    rest = {"column": "LinhVuc", "codes": {"x": "x", "*": "other"}}
    brought = bring_in(f"{HEADER}H1,NULL,-,01/09/2021,,,\n", columns={"channel": channel, "field": rest}, extra=EXTRA)
    assert brought.table[["field", "channel"]].to_numpy().tolist() == [["other", "counter"]]


def test_a_mapping_adds_words(bring_in):
    text = f"{HEADER}H1,Chưa có,1,01/09/2021,chưa có,,CHƯA CÓ\n"
    assert bring_in(text, extra=EXTRA).rejected == [(2, "date_unreadable")]
    brought = bring_in(text, extra=EXTRA, missing=["chưa có"])
    assert brought.rejected == []
    assert brought.table[["field", "due_at", "fee"]].isna().all(axis=None)


@pytest.mark.parametrize("word", ["không", "No", "false", "0"])
def test_an_answer_cannot_mean_nothing(word):
    mapping = {"about": {"title": "t", "source": "s"}, "format": "csv", "table": "counts"}
    columns = {"period": "Ky", "received": "Nhan"}
    with pytest.raises(ValidationError, match="is an answer; what it means in a column its codes say"):
        Mapping.model_validate(mapping | {"columns": columns, "missing": [word]})


def test_a_flag_that_says_no_is_one(bring_in):
    codes = {"có": "true", "không": "false"}
    extra = {"paid": {"kind": "flag", "column": "Phi", "codes": codes}}
    brought = bring_in(f"{HEADER}H1,x,1,01/09/2021,,,không\nH2,x,1,01/09/2021,,,-\n", extra=extra)
    assert brought.table["paid"].fillna("nothing").tolist() == [False, "nothing"]

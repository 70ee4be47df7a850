"""A month of a body beside the quarter that contains it is refused wherever a table of counts comes in."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.data.contracts import TABLES, columns_of
from analysis.data.ingest.folder_contents import SMALL_TABLES, read_table
from analysis.data.ingest.period_overlap import refuse_overlapping_periods
from analysis.data.ingest.received import Calendar, receive
from analysis.data.ingest.wide import ingest_wide
from analysis.data.sources.mapping import read_mapping
from analysis.faults import BadData
from analysis.parameters import ROOT

WITH_PERIODS = [name for name in (*SMALL_TABLES, "counts") if "period" in columns_of(TABLES[name])]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("stp", "2021-01"), ("stp", "2021-02"), ("stp", "2021Q1")],
            "counts.csv: the body 'stp' has 2021-01, and 2021Q1, which contains it: what happened in the month would "
            "count twice; months or quarters were expected, not both",
        ),
        ([(None, "2021-03"), (pd.NA, "2021Q1")], "rows without a body have 2021-03, and 2021Q1,"),
        ([("stp", "2021-03"), (None, "2021Q1")], "the body 'stp' has 2021-03, rows without a body have 2021Q1,"),
        ([(None, "2021-03"), ("stp", "2021Q1")], "rows without a body have 2021-03, the body 'stp' has 2021Q1,"),
        ([("stc", "2021-03"), ("stp", "2021-12"), ("stp", "2021Q4")], "the body 'stp' has 2021-12, and 2021Q4,"),
    ],
)
def test_a_month_beside_its_quarter_is_refused_with_whose_they_are(rows, said):
    with pytest.raises(BadData) as refused:
        refuse_overlapping_periods(rows, where="counts.csv")
    assert str(refused.value).startswith(said if "counts.csv" in said else f"counts.csv: {said}")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("stp", "2021-01"), ("stp", "2021-01"), ("stp", "2021-02"), (None, "2021-01")],
        [("stp", "2021Q1"), (None, "2021Q1")],
        [("stp", "2021-01"), ("stp", "2021-02"), ("stp", "2021-03"), ("stp", "2021Q2"), ("stp", "2020Q1")],
        [("stp", "2021-01"), ("stc", "2021Q1")],
    ],
)
def test_periods_apart_and_bodies_of_another_rhythm_are_taken(rows):
    refuse_overlapping_periods(rows, where="counts.csv")


MAPPING = """
about: {title: t, source: s}
format: csv
table: TABLE
columns: {period: ky, agency: co_quan, VALUES}
"""


RATED = "rating: {column: a, codes: {ok: satisfied}}, n: b"


@pytest.mark.parametrize(
    ("table", "values", "cells"), [("counts", "received: a, resolved: b", "5,4"), ("ratings", RATED, "ok,4")]
)
def test_dunghen_ingest_ends_with_3_and_one_sentence(tmp_path, table, values, cells):
    source, file, out = tmp_path / "mapping.yml", tmp_path / "so-lieu.csv", tmp_path / "out"
    source.write_text(MAPPING.replace("TABLE", table).replace("VALUES", values), encoding="utf-8")

    def ingest(*written: str):
        file.write_text("\n".join(["ky,co_quan,a,b", *(f"{one},{cells}" for one in written), ""]), encoding="utf-8")
        return CliRunner().invoke(main, ["ingest", str(file), "--source", str(source), "--out", str(out)])

    assert ingest("01/2021,stp", "quý II/2021,stp", "quý I/2021,stc").exit_code == 0
    before = (out / f"{table}.parquet").read_bytes()
    refused = ingest("01/2021,stp", "02/2021,stp", "quý I/2021,stp")
    assert refused.exit_code == 3
    assert "so-lieu.csv: the body 'stp' has 2021-01, and 2021Q1, which contains it" in refused.output
    assert "Traceback" not in refused.output
    assert (out / f"{table}.parquet").read_bytes() == before


@pytest.mark.parametrize("table", WITH_PERIODS)
def test_a_table_that_somebody_put_into_a_folder(tmp_path, table):
    rules = TABLES[table].to_schema().columns
    numbers = [name for name, rule in rules.items() if rule.dtype.type == pd.Int64Dtype()]
    assert numbers
    rows = pd.DataFrame(
        {"period": ["2021-02", "2021Q1"], "agency": ["stp", "stp"]} | {name: [1, 1] for name in numbers}
    )
    rows.assign(agency=["stp", "stc"]).to_parquet(tmp_path / f"{table}.parquet")
    assert len(read_table(tmp_path, table)) == 2
    rows.to_parquet(tmp_path / f"{table}.parquet")
    with pytest.raises(BadData, match=rf"{table}\.parquet: the body 'stp' has 2021-02, and 2021Q1, which contains it"):
        read_table(tmp_path, table)


def test_a_run_does_not_add_up_a_folder_of_months_and_quarters(tmp_path):
    assert WITH_PERIODS == ["workload", "ratings", "counts"]
    folder = tmp_path / "received"
    folder.mkdir()
    (folder / "about.yml").write_text("title: t\nsource: s\n", encoding="utf-8")
    pd.DataFrame({"period": ["2021-01", "2021Q1"], "resolved": [10, 30]}).to_parquet(folder / "counts.parquet")
    with pytest.raises(BadData, match=r"counts\.parquet: rows without a body have 2021-01, and 2021Q1"):
        receive(
            folder,
            None,
            as_of=date(2021, 9, 20),
            calendar=Calendar("M", 14),
            reject_limit=0.05,
            tables_folder=tmp_path / "kept",
        )


def test_a_wide_file_with_columns_of_both(tmp_path):
    govuk = read_mapping(ROOT / "parameters" / "sources" / "govuk.yml")
    assert govuk.counts is not None
    both = govuk.counts.model_copy(update={"periods": govuk.counts.periods | {"Feb - Feb": "02"}})
    path = tmp_path / "services.csv"
    heads = [
        f"{kind} transactions {period} 2016" for kind in ("Total", "Digital") for period in ("Feb - Feb", "Jan - Mar")
    ]
    path.write_text(f"Abbr,Slug,{','.join(heads)}\nDfT,dft-permit,100,300,40,120\n", encoding="utf-8")
    with pytest.raises(BadData, match=r"services\.csv: the body 'dft' has 2016-02, and 2016Q1, which contains it"):
        ingest_wide(path, govuk.model_copy(update={"counts": both}), reject_limit=0.0)

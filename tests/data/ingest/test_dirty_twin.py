"""The dirty twin of the province through the door: the mappings of the project find every fault at its known count."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.data.ingest.table import TooManyRejects, ingest
from analysis.data.sources.mapping import read_mapping
from analysis.parameters import ROOT

SOURCES = ROOT / "parameters" / "sources"
EXTRACTED_ON = date(2021, 12, 20)


@pytest.fixture(scope="module")
def dirty(dirty_province):
    return dirty_province


@pytest.fixture(scope="module")
def truth(dirty):
    return json.loads((dirty / "truth.json").read_text(encoding="utf-8"))


def _bring(path, mapping, into, *, reject_limit=0.5):
    return ingest(
        str(path), read_mapping(SOURCES / mapping), into, extracted_on=EXTRACTED_ON, reject_limit=reject_limit
    )


def test_every_fault_of_the_counts_is_found_as_often_as_it_is_there(dirty, truth, tmp_path):
    intake = _bring(dirty / "counts-dirty.csv", "one-stop-counts.yml", tmp_path / "counts.parquet")
    assert Counter(intake.rejected["code"]) == truth["counts_faults"]
    assert intake.flagged.empty
    assert intake.rows == truth["counts_rows"] == intake.accepted + len(intake.rejected)


def test_the_counts_taken_are_those_of_the_rows_without_a_fault(dirty, tmp_path):
    intake = _bring(dirty / "counts-dirty.csv", "one-stop-counts.yml", tmp_path / "counts.parquet")
    counts = pd.read_parquet(tmp_path / "counts.parquet")
    rejected = set(intake.rejected["line"])
    rows = csv.DictReader((dirty / "counts-dirty.csv").read_text(encoding="utf-8-sig").splitlines())
    expected = [
        (
            row["Ky"], row["DonVi"].lower(), row["LinhVuc"].lower(),
            {"1": "counter", "2": "online", "3": "post"}[row["Kenh"]],
            int(row["TiepNhan"].replace(".", "")), int(row["GiaiQuyet"].replace(".", "")),
        )
        for line, row in enumerate(rows, start=2)
        if line not in rejected
    ]  # fmt: skip
    taken = counts[["period", "agency", "field", "channel", "received", "resolved"]]
    assert list(taken.itertuples(index=False, name=None)) == expected


def test_the_counts_are_refused_below_their_share_of_faults(dirty, tmp_path):
    # 28 of 1,198 rows: 2.3 %.
    with pytest.raises(TooManyRejects, match="28 of 1,198 rows rejected"):
        _bring(dirty / "counts-dirty.csv", "one-stop-counts.yml", tmp_path / "counts.parquet", reject_limit=0.02)


def test_the_command_line_brings_the_counts_in(dirty, truth, tmp_path):
    source, out = SOURCES / "one-stop-counts.yml", tmp_path / "out"
    arguments = ["ingest", str(dirty / "counts-dirty.csv"), "--source", str(source), "--out", str(out)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    for code, rows in truth["counts_faults"].items():
        assert f"{rows} {code}: " in result.stdout
    assert len(pd.read_parquet(out / "counts.parquet")) == truth["counts_rows"] - sum(truth["counts_faults"].values())


@pytest.mark.slow
def test_every_fault_of_the_cases_is_found_as_often_as_it_is_there(dirty, truth, tmp_path):
    intake = _bring(dirty / "cases.csv", "one-stop-cases.yml", tmp_path / "cases.parquet")
    assert Counter(intake.rejected["code"]) + Counter(intake.flagged["code"]) == truth["faults"]
    assert intake.rows == truth["rows"] == intake.accepted + len(intake.rejected)

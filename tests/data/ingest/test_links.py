"""Links in a folder of received files: one that leads out of it brings nothing in, nor lets anything out."""

from __future__ import annotations

import shutil
from datetime import date

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.data.ingest.archive import archive
from analysis.data.ingest.received import Calendar, content_hash, receive
from analysis.data.sources.mapping import Mapping
from analysis.faults import BadData

MAPPING = {
    "about": {"title": "t", "source": "s"},
    "format": "csv",
    "table": "cases",
    "columns": {"case_id": "a", "accepted_at": "b", "finished_at": "c"},
}
TEXT = "a,b,c\n{},2021-09-01,\n"
DAY = date(2021, 9, 30)


def _bring_in(folder, name, *, out=None):
    (folder / name).write_text(TEXT.format(f"H-{name}"), encoding="utf-8")
    mapping = Mapping.model_validate(MAPPING)
    archive(str(folder / name), mapping, out or folder / "out", extracted_on=DAY, reject_limit=0)
    return out or folder / "out"


def _receive(folder, tables):
    calendar = Calendar("M", 14)
    return receive(folder, None, as_of=DAY, calendar=calendar, reject_limit=0, tables_folder=tables)


@pytest.fixture
def places(tmp_path):
    """A folder of tables, and another that nobody sent."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mine").mkdir()
    return _bring_in(tmp_path / "mine", "mine.csv"), _bring_in(tmp_path / "elsewhere", "canary.csv")


@pytest.mark.parametrize("name", ["cases.parquet", "about.yml", "intake.json", "rejected.parquet", "notes.txt"])
def test_a_folder_with_a_link_out_of_it_is_refused(places, tmp_path, name):
    mine, elsewhere = places
    (elsewhere / "notes.txt").touch()
    (mine / name).unlink(missing_ok=True)
    (mine / name).symlink_to(elsewhere / name)
    sentence = f"{mine / name}: a link that leads out of its folder; put the file itself there"
    for read in (content_hash, lambda folder: _receive(folder, tmp_path / "tables")):
        with pytest.raises(BadData) as refused:
            read(mine)
        assert (str(refused.value), refused.value.exit_code) == (sentence, 3)
    assert not (tmp_path / "tables").exists()


@pytest.mark.parametrize("target", ["../../elsewhere/out/cases.parquet", "here/cases.parquet", "nowhere.parquet"])
def test_a_link_is_judged_by_where_it_ends(places, tmp_path, target):
    mine, elsewhere = places
    (mine / "here").symlink_to(elsewhere)
    (mine / "cases.parquet").rename(mine / "kept.parquet")
    (mine / "cases.parquet").symlink_to(target)
    if target == "nowhere.parquet":
        (mine / "here").unlink()
        with pytest.raises(BadData, match="neither is there"):
            _receive(mine, tmp_path / "tables")
    else:
        with pytest.raises(BadData, match="a link that leads out of its folder"):
            _receive(mine, tmp_path / "tables")


def test_a_link_that_stays_in_the_folder_is_read_and_so_is_a_folder_that_is_a_link(places, tmp_path):
    mine, _ = places
    (mine / "2021-09.parquet").write_bytes((mine / "cases.parquet").read_bytes())
    (mine / "cases.parquet").unlink()
    (mine / "cases.parquet").symlink_to("2021-09.parquet")
    (tmp_path / "newest").symlink_to(mine)
    assert content_hash(tmp_path / "newest") == content_hash(mine)
    for folder in (mine, tmp_path / "newest"):
        assert _receive(folder, tmp_path / "tables").counts["received"].sum() == 1


def test_a_received_file_may_be_a_link_but_its_description_may_not(tmp_path):
    """Who names a file has chosen it; what stands beside it nobody named."""
    inbox, elsewhere = tmp_path / "inbox", tmp_path / "elsewhere"
    for folder in (inbox, elsewhere):
        folder.mkdir()
    (elsewhere / "cases.csv").write_text(TEXT.format("H1"), encoding="utf-8")
    (elsewhere / "about.yml").write_text("{title: canary-5417, source: s}", encoding="utf-8")
    (inbox / "cases.csv").symlink_to(elsewhere / "cases.csv")
    (tmp_path / "mapping.yml").write_text(Mapping.model_validate(MAPPING).model_dump_json(exclude_unset=True))

    def ingest():
        arguments = [inbox / "cases.csv", "--source", tmp_path / "mapping.yml", "--out", tmp_path / "out"]
        return CliRunner().invoke(main, ["ingest", *map(str, arguments)])

    assert ingest().exit_code == 0
    assert pd.read_parquet(tmp_path / "out" / "cases.parquet")["case_id"].tolist() == ["H1"]
    assert content_hash(inbox / "cases.csv")
    shutil.rmtree(tmp_path / "out")
    (inbox / "about.yml").symlink_to(elsewhere / "about.yml")
    result = ingest()
    assert (result.exit_code, "about.yml: a link that leads out of its folder" in result.stderr) == (3, True)
    assert "canary-5417" not in result.output
    assert not list(tmp_path.glob("out/*"))
    with pytest.raises(BadData, match="a link that leads out"):
        content_hash(inbox / "cases.csv")


@pytest.mark.parametrize("name", [".lock", "refused", "rejected.parquet"])
def test_nothing_is_written_through_a_link(places, tmp_path, name):
    mine, _ = places
    outside = tmp_path / "outside"
    outside.write_text("as it was")
    (mine / name).unlink(missing_ok=True)
    (mine / name).symlink_to(outside)
    with pytest.raises(BadData, match="a link that leads out of its folder"):
        _bring_in(tmp_path / "mine", "more.csv", out=mine)
    assert outside.read_text() == "as it was"

"""An office's own folder: laid out whole or not at all; upgraded without touching what the office wrote."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis import office_folder
from analysis.durable import rewrite
from analysis.faults import BadParameters
from analysis.office_folder import NEWER, PROVINCES, Change, Mark, lay_out, other_version, upgrade
from analysis.parameters import ROOT
from analysis.plan.plan import read_plan
from analysis.project import MARK

TARGETS = "notebooks/report/06_targets.ipynb"
SUMMARY = "notebooks/report/00_summary.ipynb"
SURVEYS = "notebooks/report/04_satisfaction.ipynb"
OVERDUE = "parameters/indicators/overdue.yml"


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _lay_out(folder: Path) -> str:
    return lay_out(folder, PROVINCES["2021"], lambda part: None)


def _edit(notebook: Path, edit: Callable[[dict], None]) -> None:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    edit(content)
    notebook.write_text(json.dumps(content), encoding="utf-8")


def _add_a_line(content: dict) -> None:
    content["cells"][0]["source"] += ["\n", "and more"]


def _run_all(content: dict) -> None:
    """Do what JupyterLab does to a notebook that is run and saved."""
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cell["execution_count"] = 1
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
            cell["metadata"]["execution"] = {"iopub.status.idle": "now"}
    content["metadata"]["language_info"] = {"name": "python", "version": "3.12.1"}


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a maker of suites: what ships with this one, under a version, to be changed at will."""

    def make(version: str) -> Path:
        folder = tmp_path / f"suite-{version}"
        for part in ("notebooks", "parameters", "data/published", "data/track_record", "data/demo"):
            shutil.copytree(ROOT / part, folder / part)
        (folder / "data" / "raw").mkdir()
        monkeypatch.setattr(office_folder, "shipped", lambda: folder)
        monkeypatch.setattr(office_folder, "version", lambda _: version)
        return folder

    return make


@pytest.fixture
def office(tmp_path: Path, suite: Callable[[str], Path]) -> Path:
    """A folder laid out by version 0.2.0."""
    suite("0.2.0")
    _lay_out(tmp_path / "office")
    return tmp_path / "office"


@pytest.fixture
def newer(office: Path, suite: Callable[[str], Path]) -> Path:
    """A suite of version 0.3.0: three files changed, one new, one gone; the office has changed one of the three."""
    _edit(office / TARGETS, lambda content: content["cells"][1]["source"].insert(0, "# ours\n"))
    folder = suite("0.3.0")
    for notebook in (TARGETS, SUMMARY):
        _edit(folder / notebook, _add_a_line)
    with (folder / OVERDUE).open("a", encoding="utf-8") as file:
        file.write("# mended\n")
    (folder / SURVEYS).rename(folder / "notebooks" / "report" / "04_surveys.ipynb")
    return folder


def test_a_folder_is_laid_out_with_the_offices_own_plan_beside_the_demo(office: Path) -> None:
    found = _contents(office)
    # The suite's own files are there byte for byte.
    for path in (TARGETS, OVERDUE, "data/demo/counts.parquet", "parameters/khanh-hoa-2021/2021-Q3.yml"):
        assert found[path] == (ROOT / path).read_bytes()
    assert not any("govuk-2016" in path or "khanh-hoa-2026/" in path for path in found)
    own = office / "parameters" / "plans" / "office-2021.yml"
    assert read_plan(own) == read_plan(ROOT / "parameters" / "plans" / "khanh-hoa-2021.yml")
    assert own.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../schemas/plan.schema.json\n")
    run_file = (office / "parameters" / "office-2021" / "2021-Q3.yml").read_text(encoding="utf-8")
    assert "plan_file: parameters/plans/office-2021.yml" in run_file
    assert "dunghen run parameters/office-2021/2021-Q3.yml" in found["README.md"].decode()
    laid_out = Mark.read(office).laid_out
    assert TARGETS in laid_out
    assert not any(path.startswith(("parameters/plans", "data/demo")) for path in laid_out)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("so-noi-vu", "so-noi-vu-2021"),
        ("Sở Nội vụ", "Sở-Nội-vụ-2021"),
        ("kế hoạch 2021", "kế-hoạch-2021"),
        ("khanh-hoa", "own-khanh-hoa-2021"),
        ("---", "office-2021"),
    ],
)
def test_the_own_plan_is_named_as_the_folder(folder: str, name: str, tmp_path: Path) -> None:
    assert office_folder.own_plan_name(tmp_path / folder, PROVINCES["2021"]) == name


def test_a_folder_that_is_there_and_empty_is_filled_and_stays_the_same_one(tmp_path: Path) -> None:
    before = tmp_path.stat().st_ino
    _lay_out(tmp_path)
    assert tmp_path.stat().st_ino == before
    assert (tmp_path / MARK).is_file()
    assert not list(tmp_path.glob(".*.part"))


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(BadParameters, match="is not empty; nothing was written"):
        _lay_out(tmp_path)
    with pytest.raises(BadParameters, match="is a file; nothing was written"):
        _lay_out(tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("is_there", [False, True])
def test_what_breaks_off_leaves_nothing(is_there: bool, tmp_path: Path) -> None:
    folder = tmp_path / "office"
    if is_there:
        folder.mkdir()

    def interrupt(part: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lay_out(folder, PROVINCES["2021"], interrupt)
    assert list(tmp_path.rglob("*")) == ([folder] if is_there else [])


def test_nothing_is_newer_right_after(office: Path) -> None:
    before = _contents(office)
    assert upgrade(office) == []
    assert _contents(office) == before


def test_an_upgrade_brings_what_is_newer_and_leaves_what_the_office_wrote(office: Path, newer: Path) -> None:
    before = _contents(office)
    assert other_version(office) == "0.2.0"
    assert upgrade(office) == [
        Change(SUMMARY, "replaced"),
        Change(SURVEYS, "withdrawn"),
        Change("notebooks/report/04_surveys.ipynb", "added"),
        Change(TARGETS, "beside"),
        Change(OVERDUE, "replaced"),
    ]
    after = _contents(office)
    assert after[TARGETS] == before[TARGETS]
    assert after[f"{NEWER}/0.3.0/{TARGETS}"] == (newer / TARGETS).read_bytes()
    for path in (SUMMARY, OVERDUE, "notebooks/report/04_surveys.ipynb"):
        assert after[path] == (newer / path).read_bytes()
    assert SURVEYS not in after
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert len(changed) == 6  # five files of the suite and the mark
    assert other_version(office) is None
    # Said once, done once.
    assert upgrade(office) == []


def test_a_dry_run_says_the_same_and_does_nothing(office: Path, newer: Path) -> None:
    before = _contents(office)
    would = upgrade(office, dry_run=True)
    assert _contents(office) == before
    assert upgrade(office) == would


def test_a_notebook_that_was_only_run_and_saved_is_nobodys_work(office: Path, newer: Path) -> None:
    _edit(office / SUMMARY, _run_all)
    assert Change(SUMMARY, "replaced") in upgrade(office)
    assert (office / SUMMARY).read_bytes() == (newer / SUMMARY).read_bytes()


@pytest.mark.parametrize(
    "edit",
    [
        _add_a_line,
        lambda content: content["cells"].pop(),
        lambda content: content["cells"][0]["metadata"].update(tags=["note", "ours"]),
        lambda content: content.pop("cells"),
    ],
    ids=["a line", "a cell less", "a tag", "no notebook"],
)
def test_a_notebook_somebody_has_changed_stays(edit: Callable[[dict], None], office: Path, newer: Path) -> None:
    _edit(office / SUMMARY, edit)
    _edit(office / SUMMARY, lambda content: content["metadata"].update(ours=True))
    before = (office / SUMMARY).read_bytes()
    changes = upgrade(office)
    # What is the suite's own next text is no longer the office's.
    assert (Change(SUMMARY, "beside") in changes) == (edit is not _add_a_line)
    assert (office / SUMMARY).read_bytes() == before


def test_what_the_office_removed_is_not_brought_back(office: Path, newer: Path) -> None:
    (office / SUMMARY).unlink()
    (office / SURVEYS).unlink()
    changes = upgrade(office)
    assert Change(SUMMARY, "left out") in changes
    assert SURVEYS not in [change.path for change in changes]
    assert not (office / SUMMARY).exists()


def test_what_the_office_changed_stays_when_the_suite_has_it_no_more(office: Path, newer: Path) -> None:
    _edit(office / SURVEYS, _add_a_line)
    assert Change(SURVEYS, "orphaned") in upgrade(office)
    assert (office / SURVEYS).is_file()


def test_what_lies_among_the_newer_ones_is_not_written_over(office: Path, newer: Path) -> None:
    merged = office / NEWER / "0.3.0" / TARGETS
    merged.parent.mkdir(parents=True)
    merged.write_text("being merged", encoding="utf-8")
    upgrade(office)
    assert merged.read_text(encoding="utf-8") == "being merged"


@pytest.mark.parametrize("step", range(5))
def test_an_upgrade_that_was_broken_off_is_completed_by_the_next(
    step: int, office: Path, newer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(office, tmp_path / "other")
    upgrade(tmp_path / "other")
    left = iter(range(step))

    def broken_off(file: Path, content: str) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        rewrite(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(office_folder, "rewrite", broken_off)
        with pytest.raises(KeyboardInterrupt):
            upgrade(office)
    assert b"# ours" in (office / TARGETS).read_bytes()
    upgrade(office)
    assert _contents(office) == _contents(tmp_path / "other")


def test_an_older_suite_does_not_take_a_folder_back(office: Path, suite: Callable[[str], Path]) -> None:
    suite("0.1.9")
    with pytest.raises(BadParameters, match=r"version 0\.2\.0, which is later than this dunghen, 0\.1\.9"):
        upgrade(office)


def test_a_checkout_is_not_upgraded(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match="git brings newer notebooks"):
        upgrade(ROOT)
    shutil.copy(ROOT / MARK, tmp_path / MARK)
    with pytest.raises(BadParameters, match="git brings newer notebooks"):
        upgrade(tmp_path)
    assert other_version(tmp_path) is None


@pytest.mark.parametrize("text", ["x", "laid_out = 3", '[laid_out]\n"a" = "'])
def test_a_mark_nobody_can_read_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / MARK).write_text(text, encoding="utf-8")
    with pytest.raises(BadParameters, match="not as dunghen writes it"):
        upgrade(tmp_path)
    with pytest.raises(BadParameters, match="not as dunghen writes it"):
        other_version(tmp_path)


def test_a_mark_made_by_hand_protects_everything(office: Path, newer: Path) -> None:
    (office / MARK).write_text("", encoding="utf-8")
    before = _contents(office)
    assert Change(SUMMARY, "beside") in upgrade(office)
    after = _contents(office)
    assert {path: after[path] for path in before if path != MARK} == {
        path: content for path, content in before.items() if path != MARK
    }

"""What the numbers depend on: whatever changes a number changes the name of the results, and nothing else does."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.parameters import RunParameters
from analysis.plan import library as library_module
from analysis.quarter.fingerprint import Fingerprint, code_hash, fingerprint


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    for name in (
        "forecast/fit.py",
        "report/pages/page.py",
        "explore/what_if.py",
        "publish/run.py",
        "commands/intake.py",
        "cli.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n", encoding="utf-8")
    return folder


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder with a plan, a mapping, published figures and an input of each kind."""
    folder = tmp_path / "office"
    words = json.dumps({"vi": "a", "en": "a"})
    answers = json.dumps({one: {"reading": {"vi": "a", "en": "a"}} for one in ("ours", "other")})
    plan = f"""title: {words}
year: 2021
calendar: {{frequency: M}}
source: s
scope: {words}
unit: {words}
indicators: {{overdue: {{}}}}
questions: {{reading: {{asks: {words}, default: ours, answers: {answers}}}}}
targets: {{centre: {{kind: milestones, title: {words}, reported: r}}}}
"""
    (folder / "published").mkdir(parents=True)
    (folder / "raw" / "2021-09-20").mkdir(parents=True)
    for file in ("plan.yml", "mapping.yml", "published/sipas.csv", "cases.csv", "raw/2021-09-20/counts.csv"):
        (folder / file).write_text(plan if file == "plan.yml" else f"{file}\n", encoding="utf-8")
    return folder


def _of(office: Path, package: Path, **changes: Any) -> Fingerprint:
    told = {"plan_file": str(office / "plan.yml"), "quarter": "2021-Q3", "as_of": "2021-09-20"}
    told |= {"input_path": str(office / "raw" / "2021-09-20")} | changes
    run = RunParameters.model_validate(told)
    return fingerprint(run, published=office / "published", code=code_hash(package))


def _of_file(office: Path, package: Path) -> Fingerprint:
    return _of(office, package, input_path=str(office / "cases.csv"), source_file=str(office / "mapping.yml"))


@pytest.mark.parametrize(
    "changes",
    [{"language": "en"}, {"status": "final", "signed_by": "Sở Nội vụ"}, {"signed_by": "Sở Nội vụ"}, {"exercise": True}],
)
def test_the_page_changes_no_number(package: Path, office: Path, changes: dict[str, Any]) -> None:
    assert _of(office, package, **changes).key == _of(office, package).key


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"draw_count": 300}, {"quarter": "2021-Q2"}, {"answers": {"reading": "other"}}],
)
def test_what_reaches_the_numbers_changes_the_key(package: Path, office: Path, changes: dict[str, Any]) -> None:
    assert _of(office, package, **changes).key != _of(office, package).key


@pytest.mark.parametrize("file", ["plan.yml", "mapping.yml", "published/sipas.csv", "cases.csv"])
def test_every_paper_and_the_file_change_the_key(package: Path, office: Path, file: str) -> None:
    before = _of_file(office, package).key
    with (office / file).open("a", encoding="utf-8") as paper:
        paper.write("# another\n")
    assert _of_file(office, package).key != before


def test_the_plans_own_answer_given_again_changes_no_number(package: Path, office: Path) -> None:
    keys = {
        _of(office, package, answers=answers).key for answers in ({}, "", {"reading": "ours"}, '{"reading": "ours"}')
    }
    assert len(keys) == 1


def test_an_indicator_taken_from_the_library_changes_the_key(
    package: Path, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _of(office, package).key
    library = tmp_path / "library"
    shutil.copytree(library_module.LIBRARY, library)
    monkeypatch.setattr(library_module, "LIBRARY", library)
    for name, changes in (("paid_online", False), ("overdue", True)):
        with (library / f"{name}.yml").open("a", encoding="utf-8") as file:
            file.write("# another sentence\n")
        assert (_of(office, package).key != before) is changes


def test_what_its_folder_says_of_a_file_changes_the_key(package: Path, office: Path) -> None:
    keys = [_of_file(office, package).key]
    for simulated in ("false", "true"):
        (office / "about.yml").write_text(f"simulated: {simulated}\n", encoding="utf-8")
        keys.append(_of_file(office, package).key)
    assert len(set(keys)) == 3
    (office / "letter.docx").touch()  # nothing reads it
    assert _of_file(office, package).key == keys[-1]


def _earlier(office: Path, day: str, content: str = "counts\n") -> None:
    (office / "raw" / day).mkdir()
    (office / "raw" / day / "counts.csv").write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda office: (office / "raw/2021-09-20/counts.csv").write_text("another\n", encoding="utf-8"),
        lambda office: (office / "raw/2021-06-20/counts.csv").write_text("another\n", encoding="utf-8"),
        # the page says what it is compared with
        lambda office: (office / "raw/2021-06-20").rename(office / "raw/2021-06-19"),
        lambda office: shutil.rmtree(office / "raw/2021-06-20"),
    ],
    ids=["its own", "the one before", "the day of the one before", "none before"],
)
def test_an_archive_and_the_one_before_change_the_key(
    package: Path, office: Path, change: Callable[[Path], object]
) -> None:
    _earlier(office, "2021-06-20")
    before = _of(office, package).key
    change(office)
    assert _of(office, package).key != before


def test_archives_that_are_not_read_do_not_change_the_key(package: Path, office: Path) -> None:
    _earlier(office, "2021-06-20")
    before = _of(office, package).key
    _earlier(office, "2021-03-20")
    _earlier(office, "2021-12-20")
    assert _of(office, package).key == before


@pytest.mark.parametrize(
    ("file", "matters"),
    [
        ("forecast/fit.py", True),
        ("report/pages/page.py", False),
        ("commands/intake.py", False),
        ("explore/what_if.py", False),
        ("publish/run.py", False),
        ("cli.py", False),
    ],
)
def test_only_code_that_computes_changes_the_key(package: Path, office: Path, file: str, matters: bool) -> None:
    before = _of(office, package).key
    (package / file).write_text("x = 2\n", encoding="utf-8")
    assert (_of(office, package).key != before) is matters

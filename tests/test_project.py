"""Where the project's folder is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import project
from analysis.faults import BadParameters
from analysis.parameters import ROOT
from analysis.project import find_project


@pytest.fixture
def office(tmp_path: Path) -> Path:
    folder = (tmp_path / "office").resolve()
    (folder / "notebooks" / "report").mkdir(parents=True)
    (folder / "dunghen.toml").touch()
    return folder


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """This code is in no checkout, as after the installation of a wheel."""
    monkeypatch.setattr(project, "_PACKAGE", tmp_path / "site-packages" / "analysis")


def test_the_nearest_folder_with_the_mark_is_the_project(office: Path) -> None:
    assert find_project(office, {}) == office
    assert find_project(office / "notebooks" / "report", {}) == office
    inner = office / "notebooks"
    (inner / "dunghen.toml").touch()
    assert find_project(office / "notebooks" / "report", {}) == inner


def test_a_folder_that_is_named_wins(office: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "dunghen.toml").touch()
    assert find_project(other, {"DUNGHEN_HOME": str(office)}) == office
    assert find_project(other, {"DUNGHEN_HOME": ""}) == other


@pytest.mark.parametrize("home", ["/nowhere", ".", "~"])
def test_a_folder_that_is_named_must_be_a_project_and_absolute(home: str) -> None:
    with pytest.raises(BadParameters, match=f"DUNGHEN_HOME is {home}; the absolute path of a folder"):
        find_project(ROOT, {"DUNGHEN_HOME": home})


def test_a_checkout_is_found_from_anywhere(tmp_path: Path) -> None:
    assert project.checkout() == ROOT
    assert find_project(tmp_path, {"PWD": str(tmp_path)}) == ROOT
    # An office's folder inside a checkout, or beside it, is still the office's.
    assert (ROOT / "dunghen.toml").is_file()


@pytest.mark.usefixtures("installed")
def test_without_a_checkout_the_sentence_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match=r"no project folder: neither .* nor a folder above it") as refused:
        find_project(tmp_path, {})
    assert str(tmp_path) in str(refused.value)
    assert "dunghen init FOLDER" in str(refused.value)


@pytest.mark.usefixtures("installed")
def test_a_job_in_a_folder_of_its_own_finds_where_its_server_was_started(office: Path, tmp_path: Path) -> None:
    assert find_project(tmp_path, {"PWD": str(office / "notebooks")}) == office


def test_what_ships_is_in_the_checkout_or_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.shipped() == ROOT
    package = tmp_path / "site-packages" / "analysis"
    (package / "_project").mkdir(parents=True)
    monkeypatch.setattr(project, "_PACKAGE", package)
    assert project.shipped() == package / "_project"

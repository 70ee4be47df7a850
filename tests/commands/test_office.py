"""``dunghen init`` and ``dunghen upgrade-notebooks``: what they print and how they end."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analysis import office_folder, project
from analysis.cli import main
from analysis.commands import office
from analysis.project import HOME


def dunghen(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_the_version_is_said() -> None:
    assert dunghen("--version").output.endswith(f"version {metadata.version('dung-hen')}\n")


def test_a_folder_is_laid_out_once(tmp_path: Path) -> None:
    folder = tmp_path / "so noi vu"
    ended = dunghen("init", folder)
    assert ended.exit_code == 0, ended.output
    assert ended.output.splitlines() == [
        f"laid out: {folder}",
        f"next: cd '{folder}' && dunghen run parameters/so-noi-vu-2021/2021-Q3.yml",
    ]
    again = dunghen("init", folder)
    assert (again.exit_code, again.stderr) == (2, f"{folder}: is not empty; nothing was written\n")


@pytest.mark.slow
def test_the_province_of_2026_comes_with_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "_DEMO_SCALE", 0.001)
    ended = dunghen("init", tmp_path / "new", "--province", "2026")
    assert ended.exit_code == 0, ended.output
    for path in ("parameters/new-2026/2026-Q3.yml", "parameters/khanh-hoa-2026/2026-Q1.yml", "data/demo/about.yml"):
        assert (tmp_path / "new" / path).is_file()
    about = (tmp_path / "new" / "data" / "demo-2026" / "about.yml").read_text(encoding="utf-8")
    assert "--until 2026-10-05" in about


def test_an_upgrade_says_a_line_for_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dunghen("init", tmp_path / "office")
    monkeypatch.setenv(HOME, str(tmp_path / "office"))
    ended = dunghen("upgrade-notebooks")
    assert (ended.exit_code, ended.output) == (0, f"nothing is newer: {tmp_path / 'office'}\n")
    monkeypatch.setattr(office_folder, "version", lambda _: "9.1.0")
    monkeypatch.setattr(office, "version", lambda _: "9.1.0")
    mark = tmp_path / "office" / "dunghen.toml"
    lines = mark.read_text(encoding="utf-8").splitlines()
    mark.write_text("\n".join(line for line in lines if "06_targets" not in line), encoding="utf-8")
    with (tmp_path / "office" / "notebooks" / "report" / "06_targets.ipynb").open("a") as file:
        file.write("x")
    ended = dunghen("upgrade-notebooks", "--dry-run")
    assert ended.exit_code == 0
    assert ended.output.splitlines() == [
        "notebooks/report/06_targets.ipynb: changed by the office and left as it is; "
        "that of 9.1.0: newer/9.1.0/notebooks/report/06_targets.ipynb",
        "nothing was done (--dry-run)",
    ]


def test_a_checkout_is_gits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HOME, raising=False)
    ended = dunghen("upgrade-notebooks")
    assert ended.exit_code == 2
    assert "git brings newer notebooks" in ended.stderr


def test_outside_any_project_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "_PACKAGE", tmp_path / "site-packages" / "analysis")
    monkeypatch.delenv(HOME, raising=False)
    monkeypatch.delenv("PWD", raising=False)
    monkeypatch.chdir(tmp_path)
    ended = dunghen("upgrade-notebooks")
    assert ended.exit_code == 2
    assert ended.stderr.startswith("no project folder: ")
    assert len(ended.stderr.splitlines()) == 1

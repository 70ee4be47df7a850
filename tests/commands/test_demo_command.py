"""``dunghen demo``: which province it writes, and which options it refuses together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analysis.cli import main


def demo(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["demo", *map(str, arguments)])


@pytest.mark.slow
def test_the_province_of_2026_is_written_with_its_cases(tmp_path: Path) -> None:
    ended = demo("--province", "2026", "--scale", "0.001", "--until", "2026-10-05", "--into", tmp_path / "new")
    assert ended.exit_code == 0, ended.output
    assert ended.output == f"simulated province, seed 2026: {tmp_path / 'new'}\n"
    truth = json.loads((tmp_path / "new" / "truth.json").read_text(encoding="utf-8"))
    assert (truth["seed"], truth["scale"], truth["until"]) == (2026, 0.001, "2026-10-05")
    about = (tmp_path / "new" / "about.yml").read_text(encoding="utf-8")
    assert "dunghen demo --province 2026 --scale 0.001 --seed 2026 --until 2026-10-05" in about


def test_the_province_of_2021_stays_the_default(tmp_path: Path) -> None:
    ended = demo("--cases", "1000", "--out", tmp_path)
    assert ended.exit_code == 0, ended.output
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["seed"] == 2021


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--province", "2026"], "--out is missing"),
        (["--province", "2026", "--dirty", "--into", "x"], "--dirty: not for the province of 2026"),
        (["--scale", "0.1", "--into", "x"], "--scale: not for the province of 2021"),
        (["--province", "2026", "--scale", "0", "--into", "x"], "--scale"),
        (["--province", "2026", "--until", "2027-01-01", "--into", "x"], "from 2024-01-01 to 2026-12-31"),
        (["--province", "2027"], "2027"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], said: str) -> None:
    ended = demo(*arguments)
    assert ended.exit_code == 2
    assert said in ended.stderr

"""What the numbers depend on, and results that are there whole or not at all."""

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.data.sources.mapping import About
from analysis.parameters import ROOT, RunParameters
from analysis.plan import read_plan
from analysis.results import Fingerprint, Results, code_hash, fingerprint

FRAMES = [field.name for field in fields(Results) if field.type == "pd.DataFrame"]


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
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yml"
    path.write_text("year: 2021\n", encoding="utf-8")
    return path


def _run(**changes: Any) -> RunParameters:
    told = {"plan_file": "p.yml", "quarter": "2021-Q3", "as_of": "2021-09-20", "input_path": "data"}
    return RunParameters.model_validate(told | changes)


def _made_of(package: Path, plan: Path, run: RunParameters | None = None, *, data: str = "d") -> Fingerprint:
    return fingerprint(run or _run(), plan=plan, source=None, published=plan.parent, data=data, code=code_hash(package))


@pytest.mark.parametrize(
    "changes",
    [{"language": "en"}, {"status": "final", "signed_by": "Sở Nội vụ"}, {"signed_by": "Sở Nội vụ"}],
)
def test_the_page_changes_no_number(package: Path, plan: Path, changes: dict[str, Any]) -> None:
    assert _made_of(package, plan, _run(**changes)).key == _made_of(package, plan).key


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"draw_count": 300}, {"quarter": "2021-Q2"}, {"overdue_interpretation": "early_literal"}],
)
def test_what_reaches_the_numbers_changes_the_key(package: Path, plan: Path, changes: dict[str, Any]) -> None:
    assert _made_of(package, plan, _run(**changes)).key != _made_of(package, plan).key


def test_the_data_the_plan_and_the_mapping_change_the_key(package: Path, plan: Path) -> None:
    before = _made_of(package, plan)
    assert _made_of(package, plan, data="other").key != before.key
    mapped = fingerprint(_run(), plan=plan, source=plan, published=plan.parent, data="d", code=code_hash(package))
    assert mapped.key != before.key
    (plan.parent / "figures.csv").write_text("area,indicator\n", encoding="utf-8")
    assert _made_of(package, plan).key != before.key
    plan.write_text("year: 2022\n", encoding="utf-8")
    assert _made_of(package, plan).key != before.key


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
def test_only_code_that_computes_changes_the_key(package: Path, plan: Path, file: str, matters: bool) -> None:
    before = _made_of(package, plan).key
    (package / file).write_text("x = 2\n", encoding="utf-8")
    assert (_made_of(package, plan).key != before) is matters


def _small() -> Results:
    frames = {name: pd.DataFrame({"name": [name], "n": [1]}) for name in FRAMES}
    frames["promises"] = pd.DataFrame({"target": ["t"], "numerator": pd.array([pd.NA], dtype="Int64")})
    return Results(
        plan=read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml"),
        fingerprint=Fingerprint("a", "b", "c", "d"),
        about=About(title="Số liệu", source="s", simulated=True),
        basis="reconstructed",
        compared_with=date(2021, 6, 20),
        form_filed=True,
        **frames,
    )


def test_results_come_back_as_they_were_kept(tmp_path: Path) -> None:
    before = _small()
    before.keep(tmp_path / "key")
    after = Results.kept_in(tmp_path / "key")
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(after, name), getattr(before, name))
    assert (after.plan, after.about, after.basis) == (before.plan, before.about, before.basis)
    assert (after.compared_with, after.form_filed) == (before.compared_with, before.form_filed)
    assert vars(after.fingerprint) == vars(before.fingerprint)
    assert after.simulated
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_results_that_cannot_be_written_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = pd.DataFrame.to_parquet
    written: list[Path] = []

    def full_disk(frame: pd.DataFrame, path: Path, **options: Any) -> None:
        if len(written) == 3:
            raise OSError(28, "no space left on device")
        written.append(path)
        write(frame, path, **options)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full_disk)
    with pytest.raises(OSError, match=r"no space left on device: .*/key'$"):
        _small().keep(tmp_path / "key")
    assert len(written) == 3
    assert list(tmp_path.iterdir()) == []

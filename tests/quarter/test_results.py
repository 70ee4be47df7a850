"""Results that are there whole or not at all."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.data.sources.mapping import About
from analysis.parameters import ROOT
from analysis.plan.plan import read_plan
from analysis.quarter.fingerprint import Fingerprint
from analysis.quarter.readings import DrawSettings
from analysis.quarter.results import STAGES, Results
from changed_results import made_results

FRAMES = [(stage, name) for stage, kind in STAGES.items() for name in kind.frames()]


def _small() -> Results:
    return made_results(
        read_plan(ROOT / "parameters/plans/khanh-hoa-2021.yml"),
        Fingerprint("a", "b", "c", "d"),
        of_data={
            "about": About(title="Số liệu", source="s", simulated=True),
            "basis": "reconstructed",
            "compared_with": date(2021, 6, 20),
            "form_filed": True,
        },
        default=lambda name: pd.DataFrame({"name": [name], "n": [1]}),
        promises=pd.DataFrame({"target": ["t"], "numerator": pd.array([pd.NA], dtype="Int64")}),
    )


def test_results_come_back_as_they_were_kept(tmp_path: Path) -> None:
    before = _small()
    before.store(tmp_path / "key")
    after = Results.load(tmp_path / "key")
    for stage, name in FRAMES:
        pd.testing.assert_frame_equal(getattr(getattr(after, stage), name), getattr(getattr(before, stage), name))
    assert (after.plan, after.version) == (before.plan, before.version)
    for name in ("about", "basis", "compared_with", "form_filed"):
        assert getattr(after.data, name) == getattr(before.data, name)
    assert vars(after.fingerprint) == vars(before.fingerprint)
    assert after.simulated
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_how_they_were_drawn_comes_back_and_is_not_known_of_what_an_older_version_kept(tmp_path: Path) -> None:
    replace(_small(), drawn=DrawSettings(300, 7)).store(tmp_path / "key")
    assert Results.load(tmp_path / "key").drawn == DrawSettings(300, 7)
    file = tmp_path / "key" / "results.json"
    kept = json.loads(file.read_text(encoding="utf-8"))
    del kept["drawn"]
    file.write_text(json.dumps(kept), encoding="utf-8")
    assert Results.load(tmp_path / "key").drawn is None


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
        _small().store(tmp_path / "key")
    assert len(written) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_read_when_it_is_first_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _small().store(tmp_path / "key")
    read: list[str] = []
    whole = pd.read_parquet

    def noted(path: Path) -> pd.DataFrame:
        read.append(path.stem)
        return whole(path)

    monkeypatch.setattr(pd, "read_parquet", noted)
    results = Results.load(tmp_path / "key")
    assert (read, results.simulated) == ([], True)
    assert results.forecast.draws is results.forecast.draws
    assert read == ["draws"]
    with pytest.raises(AttributeError, match="ForecastTables has no 'drawn'"):
        _ = results.forecast.drawn
    assert repr(results.forecast) == "ForecastTables(draws, components, diagnostics, weights, breaks, received_late)"

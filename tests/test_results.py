"""Results that are there whole or not at all."""

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.data.sources.mapping import About
from analysis.fingerprint import Fingerprint
from analysis.parameters import ROOT
from analysis.plan.plan import read_plan
from analysis.results import Results

FRAMES = [field.name for field in fields(Results) if field.type == "pd.DataFrame"]


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
    before.store(tmp_path / "key")
    after = Results.load(tmp_path / "key")
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
        _small().store(tmp_path / "key")
    assert len(written) == 3
    assert list(tmp_path.iterdir()) == []

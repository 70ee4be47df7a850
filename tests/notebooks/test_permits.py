"""A plan without a promise on online filing, on counts of a few quarters: all pages are made, and say what it lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import permits

pytestmark = pytest.mark.slow


def test_the_pages_of_a_small_register_say_which_cases_nobody_judges(tmp_path: Path) -> None:
    run = permits.register(tmp_path).model_dump(mode="json", exclude_none=True)
    (tmp_path / "2021-Q3.yml").write_text(yaml.safe_dump(run), encoding="utf-8")
    command = [sys.executable, "-m", "analysis.cli", "run", "2021-Q3.yml", "--reports", "reports"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = tmp_path / "reports" / "permits" / "2021-Q3"
    assert "37,5% (15/40 hồ sơ)" in (made / "01_data_quality.html").read_text(encoding="utf-8")
    assert "15 trong 40 hồ sơ được tính không có lĩnh vực" in (made / "06_targets.html").read_text(encoding="utf-8")
    assert (made / "in_no_member.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "each_field,on_time,field,40,15,15",
        "group,on_time,field,40,23,15",
    ]

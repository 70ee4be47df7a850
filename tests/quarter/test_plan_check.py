"""What ``dunghen plan check`` says of periods that bodies, or all of the data, lack."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import small_quarter
from analysis.cli import main


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return small_quarter.small_inputs(tmp_path_factory.mktemp("small"))


def _check(small: dict[str, str], without: pd.Series, as_of: str = "2021-06-20") -> Result:
    file = Path(small["input_path"]) / "counts.parquet"
    whole = file.read_bytes()
    try:
        counts = pd.read_parquet(file)
        counts[~counts.eval(without)].to_parquet(file, index=False)
        asked = ["plan", "check", small["plan_file"], "--input", small["input_path"], "--as-of", as_of]
        return CliRunner().invoke(main, asked)
    finally:
        file.write_bytes(whole)


def test_a_period_that_one_body_lacks_is_said_of_that_body(small: dict[str, str]) -> None:
    ended = _check(small, 'agency == "stp" and period in ("2021-03", "2021-04")')
    assert ended.exit_code == 0, ended.output
    assert ended.output.splitlines()[1:] == [
        "tried at the end of 2021-Q2:",
        "  stp has no row accepted for 2021-03 to 2021-04; other bodies have some",
        "  yes  online_uptake (share)",
    ]


@pytest.mark.parametrize(
    ("without", "as_of", "told"),
    [
        (
            'period == "2021-02"',
            "2021-06-20",
            "rows for 2021-01 and 2021-03 but none, of any body, for 2021-02 between",
        ),
        ('period >= "2021"', "2021-06-20", "it ends with 2020-12, and 2021-03 was expected"),
        ('period == "2021-01"', "2021-01-20", "no quarter of 2021 is over on 2021-01-20"),
    ],
)
def test_a_period_that_all_lack_is_said_of_the_data(small: dict[str, str], without: str, as_of: str, told: str) -> None:
    ended = _check(small, without, as_of)
    assert ended.exit_code == 3
    assert told in ended.stderr

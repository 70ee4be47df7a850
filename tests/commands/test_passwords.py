"""A password in an address reaches nothing that a command prints, writes or hands on."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analysis.cli import main
from analysis.faults import BadParameters
from analysis.parameters import run_parameters

ADDRESSES = [
    "postgresql://u:canary@ca/nary:w/rd?x@host/db",
    "postgresql://u:canary@127.0.0.1:1/db",
    "postgresql://u:12/canary@host/db",
    "postgresql://host/db?p%61ssword=canary",
    "postgresql://host/db?passfile=canary",
    "postgresql://u:canary" + "y" * 300 + "@host/db",
    "host=127.0.0.1 password=canary",
    "u:canary@host/db",
]
"""Of the first, "ca" and "nary" are too short to be looked for."""

MAPPING = """\
about: {{title: t, source: s}}
format: {format}
table: counts
{rest}
"""
KINDS = {
    "postgresql": "relation: ho_so\ncolumns: {period: a, received: b}",
    "csv": "columns: {period: a, received: b}",
    "workbook": "columns: {period: a, received: b}",
    "sqlite": "columns: {period: a, received: b}",
}
RUN = """\
plan_file: parameters/plans/khanh-hoa-2021.yml
quarter: "2021-Q3"
as_of: "2021-09-20"
input_path: {input}
"""


def _refuse_canary(ended: Result, folder: Path) -> None:
    """Fail if a command did not end with 2 and a sentence, or if the password is in what it left behind."""
    assert ended.exit_code == 2
    assert ended.stderr
    said, error = [ended.stdout, ended.stderr], ended.exception
    while error is not None:
        said.append(repr(error))
        error = error.__cause__ or error.__context__
    for path in folder.rglob("*"):
        said += [str(path), "" if path.is_dir() else path.read_bytes().decode("utf-8", "replace")]
    assert [one for one in said if "canary" in one] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_file_that_is_an_address(tmp_path: Path, address: str, kind: str) -> None:
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING.format(format=kind, rest=KINDS[kind]), encoding="utf-8")
    out = tmp_path / "out"
    _refuse_canary(CliRunner().invoke(main, ["ingest", address, "--source", str(mapping), "--out", str(out)]), tmp_path)
    assert not out.exists()


@pytest.mark.parametrize("command", ["run", "indicators"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_input_that_is_an_address(tmp_path: Path, address: str, command: str) -> None:
    run_file = tmp_path / "2021-Q3.yml"
    run_file.write_text(RUN.format(input="data/demo"), encoding="utf-8")
    where = "--reports" if command == "run" else "--out"
    options = ["--input", address, where, str(tmp_path / "made")]
    _refuse_canary(CliRunner().invoke(main, [command, str(run_file), *options]), tmp_path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("key", ["input_path", "source_file", "plan_file"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_run_file_that_holds_an_address(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, address: str, key: str
) -> None:
    others = [line for line in RUN.format(input="data/demo").splitlines() if not line.startswith(key)]
    run_file = tmp_path_factory.mktemp("run") / "2021-Q3.yml"
    run_file.write_text("\n".join([f'{key}: "{address}"', *others]), encoding="utf-8")
    options = ["--reports", str(tmp_path / "made"), "--on-failure", f"dd of={tmp_path}/hook status=none"]
    ended = CliRunner().invoke(main, ["due", str(run_file), "--today", "2022-01-01", *options])
    _refuse_canary(ended, tmp_path)
    assert (tmp_path / "hook").read_text(encoding="utf-8").startswith(f"{run_file} line 1: {key}: a path was expected")
    assert not (tmp_path / "made").exists()


def test_a_notebook_s_parameter_that_is_an_address() -> None:
    """What Jupyter shows of an error is its whole chain."""
    for address in ADDRESSES:
        names = {"plan_file": "p.yml", "quarter": "2021-Q3", "as_of": "2021-09-20", "input_path": address}
        with pytest.raises(BadParameters) as refused:
            run_parameters(names)
        assert "canary" not in "".join(traceback.format_exception(refused.value))

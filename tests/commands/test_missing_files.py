"""What is not there, and a folder in place of a file or the reverse: the exit code and one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.parameters import ROOT

PLAN = "parameters/plans/khanh-hoa-2021.yml"
MAPPING = "parameters/sources/one-stop-cases.yml"
RUN = {"plan_file": PLAN, "quarter": '"2021-Q3"', "as_of": '"2021-09-20"', "input_path": "data/demo"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file received, a folder, and run files that each name one thing wrongly."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.csv").write_text("a,b\n")
    runs = {
        "good": {},
        "no-plan": {"plan_file": "none.yml"},
        "no-input": {"input_path": "none"},
        "no-mapping": {"source_file": "none.yml"},
        "plan-is-folder": {"plan_file": "parameters"},
        "mapping-is-folder": {"source_file": "parameters"},
        "input-is-folder": {"source_file": MAPPING},
        "input-is-file": {"input_path": "pyproject.toml"},
    }
    for name, changes in runs.items():
        text = "".join(f"{key}: {value}\n" for key, value in (RUN | changes).items())
        (tmp_path / f"{name}.yml").write_text(text)
    return tmp_path


CASES = [
    ("ingest none.csv --source {MAPPING} --out out", 2, "none.csv: there is no such file"),
    ("ingest folder --source {MAPPING} --out out", 3, "folder is a folder; one file received was expected"),
    ("ingest file.csv --source none.yml --out out", 2, "none.yml: no such mapping"),
    ("ingest file.csv --source folder --out out", 2, "folder is a folder; a mapping was expected"),
    ("ingest file.csv --source {MAPPING} --out file.csv", 2, "Directory 'file.csv' is a file"),
    ("plan check none.yml", 2, "none.yml: no such plan"),
    ("plan check folder", 2, "folder is a folder; a plan was expected"),
    ("plan check {PLAN} --input file.csv", 3, "file.csv: without a source_file the input is a folder"),
    ("plan check {PLAN} --input none", 2, "input_path: there is no "),
    ("plan check {PLAN} --input none.csv --source {MAPPING}", 2, "input_path: there is no "),
    ("plan check {PLAN} --input file.csv --source none.yml", 2, "source_file: there is no "),
    ("plan check {PLAN} --input file.csv --source folder", 2, "folder is a folder; a file was expected"),
    ("plan check {PLAN} --input folder --source {MAPPING}", 3, "folder is a folder; with a source_file, one file "),
    ("run none.yml", 2, "none.yml: no such run file"),
    ("run folder", 2, "folder is a folder; a run file was expected"),
    ("run no-plan.yml", 2, "no-plan.yml: plan_file: there is no none.yml"),
    ("run no-mapping.yml", 2, "no-mapping.yml: source_file: there is no none.yml"),
    ("run plan-is-folder.yml", 2, "plan_file: parameters is a folder; a file was expected"),
    ("run no-input.yml", 2, "no-input.yml: input_path: there is no none"),
    ("indicators no-input.yml --out out", 2, "no-input.yml: input_path: there is no none"),
    ("run mapping-is-folder.yml", 2, "source_file: parameters is a folder; a file was expected"),
    ("run input-is-folder.yml", 3, "input_path: data/demo is a folder; with a source_file, one file "),
    ("run good.yml no-plan.yml input-is-folder.yml", 3, "no-plan.yml: plan_file: there is no none.yml"),
    ("indicators input-is-file.yml --out out", 3, "pyproject.toml: without a source_file the input is a folder"),
    ("new-quarter none.yml", 2, "none.yml: no such run file"),
    ("new-quarter folder", 2, "folder is a folder; a run file was expected"),
    ("history --reports none", 2, "Directory 'none' does not exist"),
    ("history --reports file.csv", 2, "Directory 'file.csv' is a file"),
    ("compare none folder", 2, "Directory 'none' does not exist"),
    ("compare file.csv folder", 2, "Directory 'file.csv' is a file"),
    ("compare folder folder", 2, "folder: no publication"),
]


@pytest.mark.parametrize(("line", "code", "told"), CASES, ids=[line for line, _, _ in CASES])
def test_what_is_not_there_ends_with_its_exit_code_and_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, line: str, code: int, told: str
) -> None:
    monkeypatch.chdir(folder)
    before = sorted(path.name for path in folder.iterdir())
    ended = CliRunner().invoke(main, line.format(MAPPING=ROOT / MAPPING, PLAN=ROOT / PLAN).split())
    assert ended.exit_code == code
    assert told in ended.stderr
    assert "Traceback" not in ended.output
    assert [path for path in folder.iterdir() if path.name not in before and path.name != "out"] == []

"""The wheel alone, in an empty folder: an office's first quarter."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from analysis.office_folder import EXAMPLES, OF_THE_SUITE, PROVINCES, _shipped_files
from analysis.parameters import ROOT

pytestmark = pytest.mark.slow
PLAN = "office-2021"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without reaching for an index."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("dung_hen-*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of whoever has installed it: our code comes from the wheel, the libraries are those here."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    ours = {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": ""}
    return {name: value for name, value in os.environ.items() if name not in ("PWD", "DUNGHEN_HOME")} | ours


@pytest.fixture(scope="module")
def office(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out in an empty one, its plan without the open questions that take most of the computation."""
    empty = tmp_path_factory.mktemp("empty")
    where = subprocess.run(
        [sys.executable, "-P", "-c", "import analysis.project as p; print(p.__file__, p.checkout())"],
        cwd=empty, env=environment, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    assert where == f"{environment['PYTHONPATH']}/analysis/project.py None"
    code, _, err = _dunghen(empty, environment, "run", "x.yml")
    assert code == 2
    assert err.startswith(f"no project folder: neither {empty} nor a folder above it has a dunghen.toml")
    assert len(err.splitlines()) == 1
    code, out, err = _dunghen(empty, environment, "init", "office")
    assert (code, err) == (0, "")
    assert f"dunghen run parameters/{PLAN}/2021-Q3.yml" in out
    plan = empty / "office" / "parameters" / "plans" / f"{PLAN}.yml"
    text, taken = re.subn(r"^questions:.*\n(?:[ #].*\n|\n)+", "", plan.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert taken == 1
    plan.write_text(text, encoding="utf-8")
    return empty / "office"


def _dunghen(folder: Path, environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-P", "-m", "analysis.cli", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def _shown(notebook: Path) -> list[str]:
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]


def test_the_wheel_has_what_a_folder_is_laid_out_from_and_the_lock(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    found = {name.removeprefix("analysis/_project/") for name in names if name.startswith("analysis/_project/")}
    examples = [pattern for province in PROVINCES.values() for pattern in province.examples]
    assert found == {*_shipped_files((*OF_THE_SUITE, *EXAMPLES, *examples)), "requirements.lock"}
    assert "analysis/report/locale/vi/LC_MESSAGES/report.po" in names


def test_an_office_publishes_its_first_quarter_from_the_wheel_alone(
    office: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    due = (f"parameters/{PLAN}", "--today", "2021-09-21")
    assert _dunghen(office, environment, "due", *due, "--list")[1].startswith(f"due: {PLAN} 2021-Q3")
    code, out, err = _dunghen(office, environment, "run", f"parameters/{PLAN}/2021-Q3.yml")
    assert code == 0, err
    released = office / "reports" / PLAN / "2021-Q3"
    assert out.splitlines()[-1] == f"{PLAN} 2021-Q3: published: {released}/index.html"
    manifest = json.loads((released / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["lock_sha256"]
    assert manifest["parameters"]["input_path"] == "data/demo"
    # From any folder in the office's, and then there is nothing to do.
    assert _dunghen(office / "notebooks", environment, "due", f"../{due[0]}", *due[1:])[1] == "nothing is due\n"
    assert (office / "data" / "ledger" / f"{PLAN}.csv").is_file()

    command = ["papermill", "notebooks/report/06_targets.ipynb", str(tmp_path / "out.ipynb")]
    command = [sys.executable, "-P", "-m", *command, "-f", f"parameters/{PLAN}/2021-Q3.yml"]
    done = subprocess.run(command, cwd=office, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert _shown(tmp_path / "out.ipynb") == _shown(released / "06_targets.ipynb")


def test_a_notebook_of_the_office_finds_the_folder_wherever_jupyter_was_started(
    office: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    code = "import analysis.parameters as p; print(p.ROOT, p.__file__)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(notebook, office / "notebooks" / "explore" / "ours.ipynb")
    # `jupyter execute` starts the kernel where the notebook is, as JupyterLab does.
    execute = [sys.executable, "-P", "-c", "from nbclient.cli import main; main()", "--inplace"]
    subprocess.run(
        [*execute, str(office / "notebooks" / "explore" / "ours.ipynb")],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
    )
    (cell,) = nbformat.read(office / "notebooks" / "explore" / "ours.ipynb", as_version=4).cells
    assert cell.outputs[0].text == f"{office} {environment['PYTHONPATH']}/analysis/parameters.py\n"
    code, out, _ = _dunghen(office, environment, "upgrade-notebooks")
    assert (code, out) == (0, f"nothing is newer: {office}\n")

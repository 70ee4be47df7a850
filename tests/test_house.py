"""The rules of the house: data flows one way, and each library has its room."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "analysis"
LEAVES = {
    "durable",
    "faults",
    "strict_yaml",
    "parameters",
    "periods",
    "interpretation",
    "promises",
    "plan",
    "rules",
    "schema",
}
ORDER = [
    "data",
    "indicators",
    "forecast",
    "attainment",
    "readings",
    "fingerprint",
    "results",
    "quarter",
    "report",
    "explore",
    "publish",
    "commands",
    "cli",
]
ROOMS_OF = {
    "statsmodels": {"forecast", "indicators/trend.py"},
    "matplotlib": {"report", "explore"},
    "seaborn": {"report"},
    "great_tables": {"report"},
    "papermill": {"publish"},
    "nbconvert": {"publish"},
    "dask": {"publish"},
    "distributed": {"publish"},
    "duckdb": {"data", "indicators"},
    "sqlite3": {"data", "indicators"},
    "adbc_driver_postgresql": {"data", "indicators"},
    "python_calamine": {"data"},
    "xlsxwriter": {"data"},
    "IPython": {"report", "explore", "publish"},
    "ipywidgets": {"explore"},
}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def _imports(module: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"{module}: import from analysis by name, not relatively")
        elif isinstance(node, ast.ImportFrom) and node.module == "analysis":
            names += [f"analysis.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return names


def _room(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_room_uses_only_rooms_to_its_left_and_leaves(module):
    here = _room(module.as_posix())
    for name in _imports(module):
        if not name.startswith("analysis."):
            continue
        there = name.split(".")[1]
        if there in LEAVES:
            continue
        assert here not in LEAVES, f"the leaf {module} imports {name}"
        assert here == there or ORDER.index(there) < ORDER.index(here), f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_each_library_stays_in_its_room(module):
    here = {_room(module.as_posix()), module.as_posix()}
    for name in _imports(module):
        rooms = ROOMS_OF.get(name.split(".")[0])
        assert rooms is None or rooms & here, f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_nothing_read_from_disk_can_run(module):
    """A pickle runs what it says when it is read; text, Parquet and HTML that nobody executes do not."""
    assert not {"pickle", "shelve", "marshal", "dill", "cloudpickle", "joblib"} & set(_imports(module))
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not {"read_pickle", "to_pickle", "load_pickle"} & called
    assert not any(isinstance(node, ast.keyword) and node.arg == "allow_pickle" for node in ast.walk(tree))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_nothing_left_of_report_prints(module):
    if _room(module.as_posix()) in {"report", "publish", "cli"}:
        return
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    assert not any(isinstance(node, ast.Name) and node.id == "print" for node in ast.walk(tree))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_is_named_by_what_it_does_and_stays_small(module):
    assert not {"utils", "util", "helpers", "helper", "common", "core", "misc"} & set(module.with_suffix("").parts)
    assert len((PACKAGE / module).read_text(encoding="utf-8").splitlines()) <= 350


def test_package_inits_hold_one_docstring_and_no_code():
    for init in PACKAGE.rglob("__init__.py"):
        body = ast.parse(init.read_text(encoding="utf-8")).body
        assert len(body) == 1
        assert isinstance(body[0], ast.Expr)


PAPERS = [ROOT / "README.md", ROOT / "README.vi.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_a_paper_links_to_exists(paper):
    linked = [path for path in re.findall(r"\]\(([^)#]+)\)", paper.read_text(encoding="utf-8")) if "://" not in path]
    assert [path for path in linked if not (paper.parent / path).exists()] == []


def test_papers_link():
    assert len(re.findall(r"\]\(", (ROOT / "README.md").read_text(encoding="utf-8"))) > 8


def test_every_make_target_of_the_papers_exists():
    text = "".join(paper.read_text(encoding="utf-8") for paper in PAPERS)
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert named - targets == set()

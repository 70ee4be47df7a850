"""The rules of the house: data flows one way, and each library has its room."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "analysis"
LEAVES = {
    "code_of_name",
    "database_address",
    "visible_text",
    "durable",
    "faults",
    "lunar_year",
    "memory",
    "strict_yaml",
    "parameters",
    "project",
    "periods",
    "rules",
    "temporary",
}
ORDER = [
    "plan",
    "data",
    "indicators",
    "forecast",
    "attainment",
    "quarter",
    "report",
    "explore",
    "publish",
    "office_folder",
    "commands",
    "cli",
]
ROOMS_OF = {
    "ephem": {"lunar_year"},
    "statsmodels": {"forecast", "indicators/trend.py"},
    "statsforecast": {"forecast"},
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
INTERFACE = Path("__init__.py")
"""The package itself names the public interface, and imports it when it is asked for."""

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
"""Each rule below looks at all of them and names every offender in one message."""


@cache
def _lines(module: Path) -> list[str]:
    return (PACKAGE / module).read_text(encoding="utf-8").splitlines()


@cache
def _nodes(module: Path) -> list[ast.AST]:
    """Return what a module is made of, the module itself first: parsed once for all rules."""
    return list(ast.walk(ast.parse("\n".join(_lines(module)))))


def _imports(module: Path) -> list[str]:
    names = []
    for node in _nodes(module):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module == "analysis":
            names += [f"analysis.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.append(node.module)
    return names


def _room(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def _assert_none(offenders: list[str]) -> None:
    assert not offenders, "\n".join(["", *offenders])


def test_there_are_modules_and_papers():
    # A rule that looks at nothing holds.
    assert len(MODULES) > 100
    assert len(PAPERS) > 10


def test_analysis_is_imported_by_name_and_not_relatively():
    _assert_none(
        [
            f"{module}: import from analysis by name, not relatively"
            for module in MODULES
            if any(isinstance(node, ast.ImportFrom) and node.level for node in _nodes(module))
        ]
    )


def test_a_room_uses_only_rooms_to_its_left_and_leaves():
    offenders = []
    for module in MODULES:
        here = _room(module.as_posix())
        for name in _imports(module) if module != INTERFACE else ():
            if not name.startswith("analysis."):
                continue
            there = name.split(".")[1]
            if there in LEAVES:
                continue
            if here in LEAVES:
                offenders.append(f"the leaf {module} imports {name}")
            elif not {here, there} <= set(ORDER):
                offenders.append(f"{module} imports {name}: a room that has no place in the order")
            elif here != there and ORDER.index(there) >= ORDER.index(here):
                offenders.append(f"{module} imports {name}")
    _assert_none(offenders)


def test_each_library_stays_in_its_room():
    offenders = []
    for module in MODULES:
        here = {_room(module.as_posix()), module.as_posix()}
        for name in _imports(module):
            rooms = ROOMS_OF.get(name.split(".")[0])
            if rooms is not None and not rooms & here:
                offenders.append(f"{module} imports {name}")
    _assert_none(offenders)


def test_nothing_read_from_disk_can_run():
    """A pickle runs what it says when it is read; text, Parquet and HTML that nobody executes do not."""
    offenders = []
    for module in MODULES:
        nodes = _nodes(module)
        found = {"pickle", "shelve", "marshal", "dill", "cloudpickle", "joblib"} & set(_imports(module))
        called = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        found |= {"read_pickle", "to_pickle", "load_pickle"} & called
        found |= {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg == "allow_pickle"}
        offenders += [f"{module}: {name}" for name in sorted(found)]
    _assert_none(offenders)


def test_nothing_left_of_report_prints():
    _assert_none(
        [
            f"{module} line {node.lineno}"
            for module in MODULES
            if _room(module.as_posix()) not in {"report", "publish", "cli"}
            for node in _nodes(module)
            if isinstance(node, ast.Name) and node.id == "print"
        ]
    )


LONGEST = 600
"""Lines. A module is as long as its one idea; one that is longer than this has most likely two."""


def test_a_module_is_named_by_what_it_does_and_has_one_idea():
    offenders = []
    for module in MODULES:
        named = {"utils", "util", "helpers", "helper", "common", "core", "misc"} & set(module.with_suffix("").parts)
        offenders += [f"{module}: {name}" for name in sorted(named)]
        if (lines := len(_lines(module))) > LONGEST:
            offenders.append(f"{module}: {lines} lines")
    _assert_none(offenders)


def test_package_inits_hold_one_docstring_and_no_code():
    offenders = []
    for module in MODULES:
        if module.name == "__init__.py" and module != INTERFACE:
            body = _nodes(module)[0].body
            if len(body) != 1 or not isinstance(body[0], ast.Expr):
                offenders.append(str(module))
    _assert_none(offenders)


PAPERS = [ROOT / "README.md", ROOT / "README.vi.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_path_a_paper_links_to_exists():
    offenders = []
    for paper in PAPERS:
        linked = re.findall(r"\]\(([^)#]+)\)", paper.read_text(encoding="utf-8"))
        offenders += [
            f"{paper.relative_to(ROOT)}: {path}"
            for path in linked
            if "://" not in path and not (paper.parent / path).exists()
        ]
    _assert_none(offenders)


def test_papers_link():
    assert len(re.findall(r"\]\(", (ROOT / "README.md").read_text(encoding="utf-8"))) > 8


def test_every_make_target_of_the_papers_exists():
    text = "".join(paper.read_text(encoding="utf-8") for paper in PAPERS)
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert named - targets == set()


def test_the_glossary_maps_to_names_that_exist():
    """Each module, type and function of its tables is where it says; parameters are named without a module."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([a-z][\w.]+)` \|", text, re.MULTILINE)
    offenders = []
    for path in named:
        place, _, name = path.rpartition(".")
        module = PACKAGE.joinpath(*place.split(".")).with_suffix(".py")
        if PACKAGE.joinpath(*path.split(".")).with_suffix(".py").exists():
            continue
        if not module.exists() or not re.search(rf"^(?:class |def )?{name}\b", module.read_text("utf-8"), re.MULTILINE):
            offenders.append(path)
    assert len(named) > 150
    _assert_none(offenders)


def test_no_indicator_and_no_question_is_named_in_code():
    """Plans declare them; only what makes up a province knows those of its own."""
    named = re.compile(r"online_of_|overdue_denominator|uptake_base|published_level")
    _assert_none(
        [
            f"{module} line {number}"
            for module in MODULES
            if "simulate" not in module.parts
            for number, line in enumerate(_lines(module), start=1)
            if named.search(line)
        ]
    )

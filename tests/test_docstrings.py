"""Public docstrings, held to what numpydoc's own linter says of their parameters."""

from __future__ import annotations

import ast
from pathlib import Path

from numpydoc.validate import validate

PACKAGE = Path(__file__).parents[1] / "src" / "analysis"

CHECKS = {"PR01", "PR02", "PR03"}
"""A parameter that is not documented, one that is documented and not there, and a wrong order."""


def _public_functions(module: Path) -> list[str]:
    """Return the public functions and methods of a module that take two arguments or more, by their full names."""
    name = ".".join(("analysis", *module.relative_to(PACKAGE).with_suffix("").parts))
    found = []
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.append((name, node))
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += [(f"{name}.{node.name}", method) for method in node.body if isinstance(method, ast.FunctionDef)]
    return [f"{owner}.{one.name}" for owner, one in found if not one.name.startswith("_") and _takes_several(one)]


def _takes_several(function: ast.FunctionDef) -> bool:
    # a command of click is a function whose docstring is its help text
    if any("command" in ast.dump(decorator) for decorator in function.decorator_list):
        return False
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return len([one for one in named if one.arg not in ("self", "cls")]) >= 2


def test_public_functions_of_two_arguments_document_them():
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]
    functions = [name for module in modules for name in _public_functions(module)]
    assert len(functions) > 200
    faults = [
        f"{name}: {code} {message}"
        for name in functions
        for code, message in validate(name)["errors"]
        if code in CHECKS
    ]
    assert not faults, "\n".join(faults)

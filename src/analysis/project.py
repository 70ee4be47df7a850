"""The project's folder, which holds notebooks, parameters and data: where it is, and what ships for a new one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from analysis.faults import BadParameters

MARK = "dunghen.toml"
"""The file that makes a folder a project: `dunghen init` writes it, and a checkout carries it."""

HOME = "DUNGHEN_HOME"
"""Environment variable that names the project's folder where it is not found from the working directory."""

_PACKAGE = Path(__file__).resolve().parent


def find_project(start: Path, environment: Mapping[str, str]) -> Path:
    """Return the project's folder as a process finds it.

    It is what DUNGHEN_HOME names; else the nearest folder with the mark, at or above the working directory; else the
    checkout this code is in; else the nearest one at or above the folder the shell was in: a job of jupyter-scheduler
    may work in a folder of its own, and PWD is then where the server was started.

    Parameters
    ----------
    start : Path
        The working directory.
    environment : mapping
        The environment variables.

    Raises
    ------
    BadParameters
        There is none; the sentence names where it was looked for.
    """
    if home := environment.get(HOME):
        # A kernel stands elsewhere than whoever started it, and would take a relative path for another folder.
        if not Path(home).is_absolute() or not _has_mark(Path(home)):
            raise BadParameters(f"{HOME} is {home}; the absolute path of a folder with a {MARK} was expected")
        return Path(home).resolve()
    found = _marked(start) or checkout() or _marked(Path(environment.get("PWD") or start))
    if found is None:
        raise BadParameters(
            f"no project folder: neither {start} nor a folder above it has a {MARK}, and {HOME} is not set; "
            "go into an office's folder, or make one with dunghen init FOLDER"
        )
    return found


def _marked(start: Path) -> Path | None:
    start = start.resolve()
    return next(filter(_has_mark, (start, *start.parents)), None)


def _has_mark(folder: Path) -> bool:
    try:
        return (folder / MARK).is_file()
    except OSError:
        # A folder above that we may not look into is no project of ours.
        return False


def checkout() -> Path | None:
    """Return the checkout this code is in; None where it was installed from a wheel."""
    root = _PACKAGE.parents[1]
    return root if _PACKAGE.parent.name == "src" and (root / "parameters").is_dir() else None


def project_folder() -> Path:
    """Return the project's folder as this process finds it.

    Raises
    ------
    BadParameters
        There is none.
    """
    return find_project(Path.cwd(), os.environ)


def shipped() -> Path:
    """Return the folder of what ships beside the code: in a wheel a part of the package, else the checkout."""
    in_wheel = _PACKAGE / "_project"
    return in_wheel if in_wheel.is_dir() else _PACKAGE.parents[1]

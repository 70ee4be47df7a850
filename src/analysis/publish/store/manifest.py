"""The manifest: what a published quarter was made from, with what, and what became of each notebook."""

from __future__ import annotations

import hashlib
import platform
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from analysis.parameters import ROOT
from analysis.promises import Text
from analysis.publish.notebook_outcome import Executed, Status

NAME = "manifest.json"
_LIBRARIES = (
    *("papermill", "nbconvert", "pandas", "statsmodels", "numpy", "scipy", "duckdb"),
    *("matplotlib", "seaborn", "great-tables", "jinja2", "nh3", "babel"),
)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recipe(_Frozen):
    """Everything that decides what the pages say: equal recipes make equal reports.

    Attributes
    ----------
    results_key : str
        Content hash of parameters, plan, data and code.
    language, status, signed_by, as_of : str
        What the pages say besides the results.
    notebooks : dict
        sha256 of each notebook by stem.
    pages : str
        sha256 of the code and templates that turn results into pages.
    besides : str
        sha256 of what pages read besides the results: what was published before, and how the method does elsewhere.
    made_with : str
        sha256 of the versions of Python and of the libraries. Publications that are older than these two fields are
        still read, and equal to nothing new.
    """

    results_key: str
    language: str
    status: str
    signed_by: str | None
    as_of: str
    notebooks: dict[str, str]
    pages: str
    besides: str = ""
    made_with: str = ""


class NotebookRecord(_Frozen):
    """What became of one notebook."""

    status: Status
    seconds: float
    peak_memory_mb: float | None
    failed_cell: int | None = None
    reason: str | None = None


class Manifest(_Frozen):
    """What is written to ``manifest.json`` in each run folder.

    Attributes
    ----------
    run_id : str
        Name of the run and of its folder.
    made_at : datetime
        UTC.
    parameters : dict
        The run's parameters as the notebooks got them, but for the folders of what lies outside the project.
    plan_sha256, data_sha256, code_sha256, lock_sha256 : str or None
        What went in.
    versions : dict
        Version of Python and of the libraries that shape results and pages.
    title : Text
        Title of the plan.
    targets : dict
        Title of each target by id, in the plan's order.
    files : dict
        sha256 of each file of the run folder by name.
    """

    schema_version: Literal[1] = 1
    run_id: str
    made_at: datetime
    parameters: dict[str, Any]
    recipe: Recipe
    plan_sha256: str
    data_sha256: str
    code_sha256: str
    lock_sha256: str | None
    versions: dict[str, str]
    title: Text
    targets: dict[str, Text]
    notebooks: dict[str, NotebookRecord]
    files: dict[str, str]


def write(manifest: Manifest, folder: Path) -> None:
    """Write a run folder's manifest; the one before stays as it was until the new one is whole."""
    fresh = folder / f".{NAME}.new"
    try:
        fresh.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        fresh.replace(folder / NAME)
    except BaseException:
        # a later manifest would name it among the files of the run
        fresh.unlink(missing_ok=True)
        raise


def read(folder: Path) -> Manifest | None:
    """Return a folder's manifest; None when there is none or it is not one of ours, which is to say unpublished."""
    try:
        return Manifest.model_validate_json((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def records(executed: Iterable[Executed]) -> dict[str, NotebookRecord]:
    """Return what became of the notebooks, by stem in reading order."""
    return {
        one.stem: NotebookRecord(
            status=one.status,
            seconds=round(one.seconds, 2),
            peak_memory_mb=one.peak_memory_mb,
            failed_cell=one.failed_cell,
            reason=one.reason,
        )
        for one in sorted(executed, key=lambda one: one.stem)
    }


def versions() -> dict[str, str]:
    """Return the version of Python and of each library that shapes results and pages."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in _LIBRARIES}}


def lock_sha256() -> str | None:
    """Return the sha256 of the lock of dependencies; None outside a checkout."""
    lock = ROOT / "requirements.lock"
    return sha256(lock) if lock.is_file() else None


def sha256(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_files(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file of a run folder but its manifest, by name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def is_complete(folder: Path, files: Mapping[str, str]) -> bool:
    """Return whether every file a manifest names is there and unchanged."""
    return all((folder / name).is_file() and sha256(folder / name) == digest for name, digest in files.items())


def sha256_of_code(*folders: Path) -> str:
    """Return one sha256 over the Python, templates, styles and catalogues in some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".j2", ".css", ".json", ".po"}:
                digest.update(f"{path.relative_to(folder).as_posix()}\0{sha256(path)}\n".encode())
    return digest.hexdigest()


def reuse(recipe: Recipe, folder: Path, into: Path) -> list[Executed]:
    """Return the notebooks of an earlier run that a new run would execute to the same end, copied into its folder.

    That is so when everything that decides what the pages say is the same, the notebook itself is, it ended well, and
    its file is the one that the run's manifest names.

    Parameters
    ----------
    recipe : Recipe
        Of the new run.
    folder : Path
        Of the earlier run: published, failed, or left behind half-made. Without a manifest nothing is taken from it.
    into : Path
        Folder of the new run.
    """
    made = read(folder)
    if made is None or made.recipe.model_copy(update={"notebooks": {}}) != recipe.model_copy(update={"notebooks": {}}):
        return []
    taken = []
    for stem, digest in recipe.notebooks.items():
        record, name = made.notebooks.get(stem), f"{stem}.ipynb"
        if record is None or record.status not in ("ok", "gate-refused") or made.recipe.notebooks.get(stem) != digest:
            continue
        if not is_complete(folder, {name: made.files.get(name, "")}):
            continue
        shutil.copyfile(folder / name, into / name)
        taken.append(Executed(stem, into / name, "ok", record.seconds, record.peak_memory_mb))
    return taken

"""The manifest: what a release was made from, with what, and the outcome of each notebook."""

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

from analysis.plan.record import Text
from analysis.project import shipped
from analysis.publish.notebook_outcome import NotebookOutcome, Status

NAME = "manifest.json"
_LIBRARIES = (
    *("papermill", "nbconvert", "pandas", "statsmodels", "numpy", "scipy", "duckdb"),
    *("matplotlib", "seaborn", "great-tables", "jinja2", "nh3", "babel"),
)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recipe(_Frozen):
    """Everything that decides what the pages say; equal recipes make equal reports.

    Attributes
    ----------
    results_key : str
        Content hash of parameters, plan, data and code.
    language, status, signed_by, as_of : str
        Run parameters that the pages show besides the results; `signed_by` may be None.
    notebooks : dict
        sha256 of each notebook by stem.
    pages : str
        sha256 of the code and templates that turn results into pages.
    besides : str
        sha256 of what the pages read besides the results: the probabilities released before, and the track record.
    made_with : str
        sha256 of the versions of Python and of the libraries. Manifests older than `besides` and `made_with` can
        still be read, and equal no new recipe.
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
    """Outcome of one notebook, as the manifest holds it; see `analysis.publish.notebook_outcome`."""

    status: Status
    seconds: float
    peak_memory_mb: float | None
    failed_cell: int | None = None
    reason: str | None = None


class Manifest(_Frozen):
    """The contents of ``manifest.json`` in a run folder.

    Attributes
    ----------
    run_id : str
        Name of the run and of its folder.
    made_at : datetime
        UTC.
    parameters : dict
        The run's parameters as the notebooks got them; of paths outside the project, only the name.
    recipe : Recipe
        Everything that decides what the pages say.
    plan_sha256, data_sha256, code_sha256, lock_sha256 : str or None
        Hashes of the inputs; without a lock file the last is None.
    versions : dict
        Version of Python and of the libraries that shape results and pages.
    title : Text
        Title of the plan.
    targets : dict
        Title of each target by id, in the plan's order.
    notebooks : dict
        Outcome of each notebook by stem.
    files : dict
        sha256 of each file of the run folder by name.
    ledger : tuple
        The lines of the ledger that the release makes; see `publish.store.ledger`. Older manifests have none.
    simulated : bool
        Whether its data is simulated. Older manifests do not say so.
    notice : Text or None
        What the plan says first on every page, such as that it is an exercise.
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
    ledger: tuple[tuple[str, ...], ...] = ()
    simulated: bool = False
    notice: Text | None = None


def write(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of a run folder; an earlier one stays as it was until the new one is complete.

    Parameters
    ----------
    manifest : Manifest
        The manifest.
    folder : Path
        The run folder.
    """
    fresh = folder / f".{NAME}.new"
    try:
        fresh.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        fresh.replace(folder / NAME)
    except BaseException:
        # Left behind, it would be listed in a later manifest among the files of the run.
        fresh.unlink(missing_ok=True)
        raise


def read(folder: Path) -> Manifest | None:
    """Return a folder's manifest; None when there is none or it is not one of ours: the folder is then no release."""
    try:
        return Manifest.model_validate_json((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return None


def records(outcomes: Iterable[NotebookOutcome]) -> dict[str, NotebookRecord]:
    """Return a record of each notebook's outcome, by stem in reading order."""
    return {
        outcome.stem: NotebookRecord(
            status=outcome.status,
            seconds=round(outcome.seconds, 2),
            peak_memory_mb=outcome.peak_memory_mb,
            failed_cell=outcome.failed_cell,
            reason=outcome.reason,
        )
        for outcome in sorted(outcomes, key=lambda outcome: outcome.stem)
    }


def versions() -> dict[str, str]:
    """Return the version of Python and of each library that shapes results and pages."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in _LIBRARIES}}


def lock_sha256() -> str | None:
    """Return the sha256 of the lock of dependencies that ships with the code; None where there is none."""
    lock = shipped() / "requirements.lock"
    return sha256(lock) if lock.is_file() else None


def sha256(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_files(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file of a run folder except its manifest, by name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def is_complete(folder: Path, files: Mapping[str, str]) -> bool:
    """Return whether every file a manifest lists exists and is unchanged.

    Parameters
    ----------
    folder : Path
        The run folder.
    files : mapping
        sha256 of each file by name.
    """
    return all((folder / name).is_file() and sha256(folder / name) == digest for name, digest in files.items())


def sha256_of_code(*folders: Path) -> str:
    """Return one sha256 over the Python files, templates, styles and catalogues in some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".j2", ".css", ".json", ".po"}:
                digest.update(f"{path.relative_to(folder).as_posix()}\0{sha256(path)}\n".encode())
    return digest.hexdigest()


def reuse_notebooks(recipe: Recipe, folder: Path, into: Path) -> list[NotebookOutcome]:
    """Copy the notebooks of an earlier run that need not be executed again into a new run's folder; return them.

    A notebook is reused when everything that decides what the pages say is the same, the notebook itself is the same,
    it succeeded, and its file is the one that the earlier run's manifest lists.

    Parameters
    ----------
    recipe : Recipe
        Recipe of the new run.
    folder : Path
        Folder of the earlier run: released, failed, or left behind unfinished. Without a manifest nothing is reused.
    into : Path
        Folder of the new run.

    Returns
    -------
    list of NotebookOutcome
        Outcomes of the notebooks copied.
    """
    earlier = read(folder)
    no_notebooks: dict[str, Any] = {"notebooks": {}}
    if earlier is None or earlier.recipe.model_copy(update=no_notebooks) != recipe.model_copy(update=no_notebooks):
        return []
    reused = []
    for stem, digest in recipe.notebooks.items():
        record, name = earlier.notebooks.get(stem), f"{stem}.ipynb"
        if record is None or record.status not in ("ok", "gate-refused"):
            continue
        if earlier.recipe.notebooks.get(stem) != digest:
            continue
        if not is_complete(folder, {name: earlier.files.get(name, "")}):
            continue
        shutil.copyfile(folder / name, into / name)
        reused.append(NotebookOutcome(stem, into / name, "ok", record.seconds, record.peak_memory_mb))
    return reused

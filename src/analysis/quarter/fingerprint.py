"""What the numbers of a run depend on, in hashes: the name its results are kept under."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from analysis import strict_yaml
from analysis.data.ingest.received import content_hash
from analysis.data.revisions import earlier_archive
from analysis.parameters import RunParameters, resolve
from analysis.plan.library import library_files
from analysis.plan.plan import read_plan


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Hashes of everything the numbers depend on: same fingerprint, same numbers.

    Attributes
    ----------
    parameters, plan, data, code : str
        SHA-256 of the run's parameters that reach the numbers, of the plan, mapping and published figures, of the
        input, and of the source with the versions of the libraries it calls.
    """

    parameters: str
    plan: str
    data: str
    code: str

    @property
    def key(self) -> str:
        """Name of the folder the results are kept in."""
        return hashlib.sha256("".join((self.parameters, self.plan, self.data, self.code)).encode()).hexdigest()[:20]


def fingerprint(run: RunParameters, *, published: Path, code: str) -> Fingerprint:
    """Return the fingerprint of a run; what changes no number, such as the page's language, is left out.

    Parameters
    ----------
    run : RunParameters
        The run; its plan, mapping and input are read.
    published : Path
        Folder of the published figures that promises are judged by.
    code : str
        Hash of the source as `code_hash` has it.
    """
    of_pages = {"language", "status", "signed_by", "exercise", "body", "each"}
    numbers = run.model_dump(mode="json", exclude={*of_pages, "plan_file", "input_path", "source_file"})
    plan_file = resolve(run.plan_file)
    # An answer that is the plan's own changes nothing.
    own = read_plan(plan_file).defaults
    numbers["answers"] = {code: answer for code, answer in run.answers.items() if own.get(code) != answer}
    papers = [plan_file, *library_files(strict_yaml.read(plan_file, what="plan"))]
    papers += [resolve(run.source_file)] if run.source_file else []
    read = b"".join(paper.read_bytes() for paper in (*papers, *sorted(published.glob("*.csv"))))
    return Fingerprint(
        parameters=hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest(),
        plan=hashlib.sha256(read).hexdigest(),
        data=_data_hash(resolve(run.input_path), run.as_of),
        code=code,
    )


def _data_hash(input_path: Path, as_of: date) -> str:
    own, before = content_hash(input_path), earlier_archive(input_path, before=as_of)
    if before is None:
        return own
    folder, day = before
    return hashlib.sha256(f"{own}{content_hash(folder)}{day.isoformat()}".encode()).hexdigest()


def code_hash(package: Path) -> str:
    """Return the SHA-256 of the source that makes numbers, and of the versions of the libraries it calls.

    Parameters
    ----------
    package : Path
        Folder of the source; what only shows numbers (`report`, `explore`, `publish`, the command line) is left
        out.
    """
    shown = {"report", "explore", "publish", "commands", "cli.py", "office_folder.py"}
    code = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        if file.relative_to(package).parts[0] not in shown:
            code.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    libraries = ("duckdb", "numpy", "pandas", "scipy", "statsmodels")
    code.update(",".join(f"{name}={version(name)}" for name in libraries).encode())
    return code.hexdigest()

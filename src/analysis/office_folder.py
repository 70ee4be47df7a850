"""An office's own folder: lay it out from what the suite ships, and later bring what is newer, losing nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Self

from analysis.durable import flush, rewrite
from analysis.faults import BadParameters
from analysis.project import MARK, checkout, shipped

DISTRIBUTION = "dung-hen"

OF_THE_SUITE = (
    "notebooks/report/*.ipynb",
    "notebooks/explore/*.ipynb",
    "parameters/indicators/*.yml",
    "parameters/schemas/*.json",
    "data/published/*",
    "data/track_record/**/*",
)
"""What stays the suite's: an upgrade brings what is newer of it."""

EXAMPLES = (
    "parameters/sources/*.yml",
    "parameters/plans/khanh-hoa-20*.yml",
    "parameters/khanh-hoa-2021/*.yml",
    "data/demo/**/*",
    "data/raw/README.md",
)
"""What an office starts from and makes its own: laid out once."""

NEWER = "newer"
"""Folder that gets what is newer of a file the office has changed; no command looks into it."""

_FIRST_LINES = """\
# The mark of this office's folder, and what the suite has laid out in it: `dunghen upgrade-notebooks` replaces only
# files that are still as listed here. Written by dunghen; leave it as it is.
"""


@dataclass(frozen=True)
class Province:
    """A simulated province with its example plan, from which an office's own plan is copied.

    Attributes
    ----------
    plan : str
        Stem of the example plan.
    quarter : str
        The quarter of the office's first run file.
    examples : tuple of str
        Patterns of the examples to lay out besides `EXAMPLES`.
    """

    plan: str
    quarter: str
    examples: tuple[str, ...] = ()


PROVINCES = {
    "2021": Province("khanh-hoa-2021", "2021-Q3"),
    "2026": Province("khanh-hoa-2026", "2026-Q3", ("parameters/khanh-hoa-2026/*.yml",)),
}


@dataclass(frozen=True)
class Mark:
    """The contents of ``dunghen.toml`` in an office's folder.

    Attributes
    ----------
    version : str
        Version of the suite that laid the folder out, or upgraded it last.
    laid_out : dict of str to str
        By path, the `content_sha256` of the suite's own file that the office got last.
    """

    version: str
    laid_out: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the mark of a folder.

        Raises
        ------
        BadParameters
            The file is not what dunghen writes.
        """
        content = _read_mark(folder)
        laid_out = content.get("laid_out", {})
        if not isinstance(laid_out, dict):
            raise BadParameters(f"{folder / MARK}: not as dunghen writes it: laid_out is no table")
        return cls(str(content.get("version", "")), {path: str(digest) for path, digest in laid_out.items()})

    def write(self, folder: Path) -> None:
        """Write the mark into a folder; an earlier one stays as it was until the new one is complete."""
        lines = [f'version = "{self.version}"', "", "[laid_out]"]
        # A string of JSON is one of TOML, too.
        lines += [f"{json.dumps(path)} = {json.dumps(digest)}" for path, digest in sorted(self.laid_out.items())]
        rewrite(folder / MARK, _FIRST_LINES + "\n".join(lines) + "\n")


def content_sha256(file: Path) -> str:
    """Return the SHA-256 of what somebody wrote into a file; of a notebook, that is its cells without their outputs.

    JupyterLab saves outputs, counts of executions and versions into every notebook it has run; nobody wrote those.
    """
    content = file.read_bytes()
    if file.suffix == ".ipynb":
        try:
            cells = json.loads(content)["cells"]
            written = [
                (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags"), cell.get("attachments"))
                for cell in cells
            ]
            content = json.dumps(written, sort_keys=True).encode()
        except (ValueError, KeyError, TypeError, AttributeError):
            # No notebook any more: whatever it is, it is not ours.
            pass
    return hashlib.sha256(content).hexdigest()


def own_plan_name(folder: Path, province: Province) -> str:
    """Return the stem of an office's own plan: the name of its folder, with the plan's year.

    Parameters
    ----------
    folder : Path
        The office's folder.
    province : Province
        The province whose plan it is copied from.
    """
    year = province.quarter[:4]
    name = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", folder.name)).strip("-.") or "office"
    name = name if name.endswith(year) else f"{name}-{year}"
    return f"own-{name}" if name in {one.plan for one in PROVINCES.values()} else name


def lay_out(folder: Path, province: Province, write_province: Callable[[Path], None]) -> str:
    """Lay out an office's folder, whole or not at all, and return the stem of its own plan.

    Parameters
    ----------
    folder : Path
        The folder: absolute; new or empty.
    province : Province
        The province to start from.
    write_province : callable
        Called with the folder being laid out, to write simulated data that does not ship.

    Raises
    ------
    BadParameters
        There is something in the folder, or it is no folder.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise BadParameters(f"{folder}: is not empty; nothing was written")
    if folder.exists() and not folder.is_dir():
        raise BadParameters(f"{folder}: is a file; nothing was written")
    name = own_plan_name(folder, province)
    with _all_or_nothing(folder) as part:
        laid_out = {}
        for path in _shipped_files((*OF_THE_SUITE, *EXAMPLES, *province.examples)):
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(shipped() / path, part / path)
        for path in _shipped_files(OF_THE_SUITE):
            laid_out[path] = content_sha256(part / path)
        _write_own_plan(part, name, province)
        write_province(part)
        (part / "README.md").write_text(_README.format(plan=name, quarter=province.quarter), encoding="utf-8")
        (part / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
        Mark(version(DISTRIBUTION), laid_out).write(part)
    return name


def _shipped_files(patterns: Sequence[str]) -> list[str]:
    """Return what ships under some patterns: paths relative to the project."""
    files = {path for pattern in patterns for path in shipped().glob(pattern) if path.is_file()}
    return sorted(path.relative_to(shipped()).as_posix() for path in files if not path.name.startswith("."))


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill; at the end its contents are in `folder`, and after an error nothing is."""
    is_new = not folder.exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A folder that is there may be where the caller stands, and must stay the same one: it is filled, the mark last.
    part = (folder.parent if is_new else folder) / f".{folder.name}-{os.getpid()}.part"
    moved: list[Path] = []
    try:
        part.mkdir()
        yield part
        if is_new:
            part.rename(folder)
            flush(folder.parent)
        else:
            for entry in sorted(part.iterdir(), key=lambda entry: entry.name == MARK):
                moved.append(folder / entry.name)
                entry.rename(folder / entry.name)
            part.rmdir()
    except BaseException:
        for entry in moved:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink(missing_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        raise


def _write_own_plan(part: Path, name: str, province: Province) -> None:
    """Write the plan an office starts from, a copy of the example, and a run file for it."""
    plans, folder = part / "parameters" / "plans", part / "parameters" / name
    schema, _, rest = (plans / f"{province.plan}.yml").read_text(encoding="utf-8").partition("\n")
    (plans / f"{name}.yml").write_text(f"{schema}\n{_OWN_PLAN.format(example=province.plan)}{rest}", encoding="utf-8")
    example = shipped() / "parameters" / province.plan / f"{province.quarter}.yml"
    folder.mkdir()
    run = example.read_text(encoding="utf-8").replace(f"/{province.plan}.yml", f"/{name}.yml")
    (folder / example.name).write_text(run, encoding="utf-8")


@dataclass(frozen=True)
class Change:
    """What an upgrade does about one file.

    Attributes
    ----------
    path : str
        The file, relative to the office's folder.
    kind : {"replaced", "added", "beside", "left out", "withdrawn", "orphaned"}
        Replaced, because nobody had changed it; added; put into `NEWER`, because the office's own stays; not brought
        back, because the office removed it; removed, because the suite has it no more; or stays without the suite's,
        because the office changed it.
    """

    path: str
    kind: Literal["replaced", "added", "beside", "left out", "withdrawn", "orphaned"]


def upgrade(folder: Path, *, dry_run: bool = False) -> list[Change]:
    """Bring what is newer of the suite into an office's folder, and return what was done about which file.

    Whatever the office wrote stays as it is. Each file is replaced as a whole and the mark is written last, so that an
    upgrade that was killed is completed by the next.

    Parameters
    ----------
    folder : Path
        The office's folder.
    dry_run : bool
        Whether to do nothing and only return what would be done.

    Raises
    ------
    BadParameters
        The folder is a checkout, or was laid out by a later version.
    """
    if _is_a_checkout(folder):
        raise BadParameters(f"{folder} is a checkout of the suite: git brings newer notebooks")
    mark, ours = Mark.read(folder), version(DISTRIBUTION)
    if _order(mark.version) > _order(ours):
        raise BadParameters(f"{folder}: is of version {mark.version}, which is later than this dunghen, {ours}")
    newer = {path: content_sha256(shipped() / path) for path in _shipped_files(OF_THE_SUITE)}
    changes = [_change(folder, path, newer.get(path), mark) for path in sorted({*newer, *mark.laid_out})]
    needed = [change for change in changes if change is not None]
    if not dry_run:
        for change in needed:
            _carry_out(change, folder, ours)
        Mark(ours, newer).write(folder)
    return needed


def other_version(folder: Path) -> str | None:
    """Return the version of the suite that an office's notebooks are of, if it is not this one."""
    if _is_a_checkout(folder):
        return None
    theirs = Mark.read(folder).version
    return theirs if theirs and theirs != version(DISTRIBUTION) else None


def _is_a_checkout(folder: Path) -> bool:
    # A checkout that has lost its mark is known by this code being in it.
    return folder == checkout() or "checkout" in _read_mark(folder)


def _read_mark(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / MARK).read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadParameters(f"{folder / MARK}: not as dunghen writes it: {error}") from error


def _order(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _change(folder: Path, path: str, newer: str | None, mark: Mark) -> Change | None:
    """Return what an upgrade has to do about a file; None for nothing."""
    file, laid_out = folder / path, mark.laid_out.get(path)
    now = content_sha256(file) if file.is_file() else None
    if newer is None:
        if now is None:
            return None
        return Change(path, "withdrawn" if now == laid_out else "orphaned")
    if newer in (now, laid_out):
        # It is there, or the office has had it and has made its own of it since.
        return None
    if now is None:
        return Change(path, "added" if laid_out is None and not file.exists() else "left out")
    return Change(path, "replaced" if now == laid_out and not file.is_symlink() else "beside")


def newer_path(path: str, release: str) -> str:
    """Return where an upgrade puts what is newer of a file that the office has changed.

    Parameters
    ----------
    path : str
        The file, relative to the office's folder.
    release : str
        The version it is of.
    """
    return f"{NEWER}/{release}/{path}"


def _carry_out(change: Change, folder: Path, release: str) -> None:
    file = folder / change.path
    if change.kind == "withdrawn":
        file.unlink()
    elif change.kind in ("replaced", "added", "beside"):
        target = folder / newer_path(change.path, release) if change.kind == "beside" else file
        # What lies there already may have been worked on.
        if change.kind != "beside" or not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            rewrite(target, (shipped() / change.path).read_bytes().decode("utf-8"))


_OWN_PLAN = """\
# Kế hoạch của cơ quan, chép từ {example} để sửa thành của mình.
# The office's own plan, copied from {example}: edit it into yours. `dunghen plan check` says what your data can judge.
"""

_README = """\
# Thư mục của cơ quan · An office's own folder

| thư mục | folder |
|---|---|
| `parameters/plans/{plan}.yml` | kế hoạch của cơ quan, để sửa · the office's own plan, to edit |
| `parameters/{plan}/` | tệp tham số, mỗi quý một tệp · its run files, one per quarter |
| `notebooks/report/` | các sổ lập báo cáo · the notebooks of the report |
| `notebooks/explore/` | các sổ để khám phá · notebooks to explore with |
| `data/raw/<ngày>/` | số liệu nhận được; sao lưu · data received; back it up |
| `data/demo*/` | số liệu mô phỏng · simulated data |
| `data/ledger/` | các xác suất đã công bố; sao lưu · probabilities released; back it up |

Chạy trong thư mục này · from within this folder:

```
dunghen run parameters/{plan}/{quarter}.yml
jupyter lab notebooks/report/06_targets.ipynb
papermill notebooks/report/06_targets.ipynb out.ipynb -f parameters/{plan}/{quarter}.yml
dunghen plan check parameters/plans/{plan}.yml --input FOLDER
dunghen due parameters/{plan} --schedule systemd
```

Chạy từ nơi khác thì đặt biến `DUNGHEN_HOME` là thư mục này · From elsewhere, set `DUNGHEN_HOME` to this folder.

Khi có bản mới · When there is a newer version:

```
pip install dung_hen-….whl
dunghen upgrade-notebooks --dry-run
dunghen upgrade-notebooks
```

Tệp cơ quan đã sửa được giữ nguyên; bản mới của tệp đó nằm trong `newer/`. · A file the office has changed stays as it
is; what is newer of it is put into `newer/`.
"""

_GITIGNORE = """\
.ipynb_checkpoints/
/reports/
/data/raw/*
!/data/raw/README.md
/data/processed/
/data/demo-2026/
"""

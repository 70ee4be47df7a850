"""What several tests need."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings

from analysis.publish.kernels.lean import leave_out_address_parsers

if TYPE_CHECKING:
    import pandas as pd

    from analysis.data.ingest.table import Intake
    from analysis.parameters import RunParameters
    from analysis.quarter.results import Results

leave_out_address_parsers()  # which the reading of notebooks would build in every worker, in seconds

settings.register_profile("no-deadline", deadline=None)  # how long an example takes is the machine's matter
settings.load_profile("no-deadline")

# What takes longest, the longest first.
LONGEST = (
    *("publish/cluster/test_client.py", "faults/test_killed_ingest.py", "browser/test_pages.py", "test_wheel.py"),
    *("browser/", "publish/", "notebooks/", "quarter/test_stages.py", "explore/", "data/ingest/test_large_files.py"),
    *("attainment/test_items_calibration.py", "attainment/test_survey_bridge_calibration.py"),
    *("attainment/test_index_score.py", "attainment/test_index_rank.py", "indicators/test_satisfaction.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, so that of the workers of pytest-xdist none is left with one at the end."""

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((number for number, name in enumerate(LONGEST) if path.startswith(name)), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def govuk_export():
    """The official export; DUNGHEN_REAL_DATA is the file, or a folder with govuk/services.csv in it."""
    if not os.environ.get("DUNGHEN_REAL_DATA"):
        pytest.skip("DUNGHEN_REAL_DATA does not say where the GOV.UK export is")
    path = Path(os.environ["DUNGHEN_REAL_DATA"])
    return path if path.is_file() else path / "govuk" / "services.csv"


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return a maker of folders that the workers of pytest-xdist share: whoever comes first fills it, under a lock."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        folder = shared / name
        with FileLock(shared / f"{name}.lock"):
            if not folder.is_dir():
                half = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=shared))
                fill(half)
                half.rename(folder)  # what a maker that failed left behind is nobody's
        return folder

    return made


@pytest.fixture(scope="session")
def demo_run() -> RunParameters:
    """The demo's third quarter as it is published: fewer draws would take as long, and no other run has made them."""
    from analysis.parameters import ROOT, read_run_file

    return read_run_file(ROOT / "parameters/khanh-hoa-2021/2021-Q3.yml")


@pytest.fixture(scope="session")
def demo_processed(made_once, demo_run) -> Path:
    """A folder with a copy of the results of that quarter, which `make report` has computed, or whoever came first."""
    from analysis.quarter import stages

    def copy(folder: Path) -> None:
        key = stages.results(demo_run).fingerprint.key
        shutil.copytree(stages.PROCESSED / key, folder / key)

    return made_once("demo-quarter", copy)


@pytest.fixture(scope="session")
def demo_quarter(demo_processed) -> Results:
    """Its results."""
    from analysis.quarter.results import Results

    (kept,) = [folder for folder in demo_processed.iterdir() if Results.are_complete_in(folder)]
    return Results.load(kept)


@pytest.fixture(scope="session")
def dirty_province(made_once) -> Path:
    """An export of 20,000 simulated cases with every kind of fault; to be read only."""
    from analysis.data.simulate.simulation import write_cases

    return made_once("dirty-province", lambda folder: write_cases(folder, 2021, 20_000, dirty=True))


# An export of cases as small as one can be: what tests of the door vary.
CASES_HEADER = "MaHoSo,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong"
CASES_MAPPING = {
    "about": {"title": "t", "source": "s"},
    "format": "csv",
    "table": "cases",
    "dates": ["dd/mm/yyyy HH:MM:SS", "dd/mm/yyyy"],
    "columns": {
        "case_id": "MaHoSo",
        "field": "LinhVuc",
        "channel": {"column": "Kenh", "codes": {"1": "counter", "2": "online", "3": "post"}},
        "accepted_at": "NgayNhan",
        "due_at": "NgayHen",
        "finished_at": "NgayXong",
    },
}


@dataclass(frozen=True)
class Brought:
    """What became of a file brought in by a test."""

    intake: Intake
    table: pd.DataFrame

    @property
    def rejected(self) -> list[tuple[int, str]]:
        """Line and code of every reject."""
        return [(int(line), code) for line, code in self.intake.rejected[["line", "code"]].to_numpy()]

    @property
    def flagged(self) -> list[tuple[int, str]]:
        """Line and code of every flag."""
        return [(int(line), code) for line, code in self.intake.flagged[["line", "code"]].to_numpy()]


@pytest.fixture(autouse=True)
def readers_stay_here(request, monkeypatch):
    """Read received files in this process in the fast tests: a fork of all that is imported costs more than they do.

    Tests of the child itself ask for `readers_fork`; the slow tests, and all that start a command, read as commands do.
    """
    if not request.node.get_closest_marker("slow") and "readers_fork" not in request.fixturenames:
        monkeypatch.setattr("analysis.data.child_process.FORKS", False)


@pytest.fixture
def readers_fork():
    """Read received files in a child process, as commands do."""


@pytest.fixture(scope="session")
def bring_in(tmp_path_factory) -> Callable[..., Brought]:
    """Bring text (as UTF-8), bytes, what stands under a path or at an address in; the rest goes into the mapping."""
    import pandas as pd

    from analysis.data.ingest.table import ingest
    from analysis.data.sources.mapping import Mapping

    def bring(
        received, *, name="cases.csv", extracted_on=date(2021, 12, 31), reject_limit=1.0, columns=None, **mapping
    ):
        if mapping.get("table", "cases") == "cases":
            columns = {k: v for k, v in (CASES_MAPPING["columns"] | (columns or {})).items() if v is not None}
        folder = tmp_path_factory.mktemp("door")
        source = received
        if not isinstance(received, Path) and not str(received).startswith("postgresql:"):
            source = folder / name
            source.write_bytes(received if isinstance(received, bytes) else received.encode())
        into = folder / "out" / "table.parquet"
        intake = ingest(
            str(source),
            Mapping.model_validate(CASES_MAPPING | mapping | {"columns": columns}),
            into,
            extracted_on=extracted_on,
            reject_limit=reject_limit,
        )
        assert [path.name for path in into.parent.iterdir()] == ["table.parquet"]
        table = pd.read_parquet(into)
        assert intake.rows == len(table) + len(intake.rejected)
        return Brought(intake, table)

    return bring

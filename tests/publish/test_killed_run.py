"""A run killed at any moment leaves the last good report as it was, and the next one finishes with what there is."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from analysis.parameters import RunParameters
from analysis.publish.kept import manifest
from analysis.publish.kept.history import history
from analysis.publish.run import publish
from analysis.report.wording import Wording
from analysis.results import Results

pytestmark = pytest.mark.slow
SHOW = "from IPython.display import HTML, display; display(HTML('<h2>{}</h2><p>quý ' + quarter + '</p>'))"
MOMENTS = 8


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return tmp_path / "reports"


@pytest.fixture
def edit(tmp_path: Path, write_notebook: Callable[..., Path]) -> Callable[[str], None]:
    """Return an editor of both notebooks, so that a new run has something to do."""

    def edit(said: str) -> None:
        for stem in ("00_summary", "02_online_uptake"):
            write_notebook(tmp_path / "notebooks" / f"{stem}.ipynb", SHOW.format(said), "import time; time.sleep(0.3)")

    return edit


WORK = """
import sys
from pathlib import Path
from analysis.parameters import RunParameters
from analysis.publish.run import publish
from analysis.report.wording import Wording
from analysis.results import Results
if __name__ == "__main__":
    run, folder = RunParameters.model_validate_json(sys.argv[1]), Path(sys.argv[2])
    publish(run, prepare=lambda _: Results.kept_in(folder / "results"), words=Wording("vi"),
            notebooks=folder / "notebooks", reports=folder / "reports", resume=True)
"""


@pytest.fixture
def start(tmp_path: Path, run: RunParameters, results: Results) -> Callable[[], subprocess.Popen[bytes]]:
    """Return a starter of the publication in a process of its own."""
    results.keep(tmp_path / "results")
    (tmp_path / "work.py").write_text(WORK, encoding="utf-8")

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, tmp_path / "work.py", run.model_dump_json(), tmp_path]
        # What runs in the background of a shell without job control is deaf to Ctrl-C.
        hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=hears)

    return start


def _is_whole(link: Path, said: set[str]) -> bool:
    made = manifest.read(link)
    page = (link / "index.html").read_text(encoding="utf-8")
    return made is not None and manifest.is_complete(link, made.files) and any(one in page for one in said)


def test_killed_at_any_moment(edit, start, reports: Path) -> None:
    link = reports / "khanh-hoa-2021" / "2021-Q3"
    edit("trước")
    began = time.monotonic()
    assert start().wait() == 0
    whole = time.monotonic() - began
    edit("sau")
    for moment in range(1, MOMENTS + 1):
        killed = start()
        time.sleep(whole * moment / (MOMENTS + 1))
        killed.kill()
        killed.wait()
        assert _is_whole(link, {">trước<", ">sau<"})
    assert start().wait() == 0
    assert _is_whole(link, {">sau<"})
    assert [folder.name for folder in (reports / ".runs").iterdir() if folder.name.endswith((".part", ".failed"))] == []
    assert history(reports)["ended"].iloc[0] == "published"
    assert history(reports)["ended"].iloc[-1] in {"published", "nothing to do"}


def test_a_failed_run_is_resumed_with_what_had_ended_well(
    edit, tmp_path: Path, reports: Path, run: RunParameters, results: Results, write_notebook: Callable[..., Path]
) -> None:
    def go(**changed: object) -> list[str]:
        told: list[str] = []
        try:
            publish(run, prepare=lambda _: results, words=Wording("vi"), notebooks=tmp_path / "notebooks",
                    reports=reports, tell=told.append, **changed)  # fmt: skip
        except Exception as error:
            told.append(type(error).__name__)
        return told

    edit("một")
    broken = tmp_path / "notebooks" / "02_online_uptake.ipynb"
    write_notebook(broken, "1 / 0")
    assert go()[-1] == "NotebookFailed"
    assert history(reports)["code"].tolist() == [4]
    write_notebook(broken, SHOW.format("một"))
    told = go(resume=True)
    assert told[1] == "00_summary: taken over, nothing has changed"
    assert told[2].startswith("02_online_uptake: ok in ")
    # without being asked, only what is published is taken over
    write_notebook(broken, SHOW.format("hai"))
    told = go()
    assert told[1] == "00_summary: taken over, nothing has changed"
    assert not any("taken over" in line for line in go(force=True))


def test_an_interrupted_run_says_which_notebooks_were(edit, start, reports: Path) -> None:
    edit("một")
    process = start()
    while not list(reports.glob(".runs/*.part")):
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    process.wait()
    (failed,) = reports.glob(".runs/*.failed")
    made = manifest.read(failed)
    assert made is not None
    assert "interrupted" in {record.status for record in made.notebooks.values()}
    assert history(reports)[["ended", "code"]].to_numpy().tolist() == [["interrupted", 130]]

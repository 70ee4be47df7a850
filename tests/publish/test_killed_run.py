"""A run killed at any moment leaves the last good report as it was, and the next one finishes with what there is."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from project import SHOW, STEMS, Project

from analysis.parameters import RunParameters
from analysis.publish.run import publish
from analysis.publish.store import manifest
from analysis.publish.store.history import history
from analysis.quarter.results import Results
from analysis.report.wording import Wording

pytestmark = pytest.mark.slow
MOMENTS = 3


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


def test_killed_at_any_moment(project: Project) -> None:
    project.edit("sau", "import time; time.sleep(0.3)")
    for moment in range(1, MOMENTS + 1):
        killed = project.start("--resume")
        assert killed.stdout is not None
        # until then it only imports, which takes as long as all that follows and leaves nothing
        assert any("computing the results" in line for line in killed.stdout)
        time.sleep((project.seconds[1] + 0.3) * moment / (MOMENTS + 1))
        killed.kill()
        killed.communicate()
        assert project.says("trước", "sau")
    assert project.run("--resume")[0] == 0
    assert project.says("sau")
    assert project.half_made() == []
    ended = history(project.reports)["ended"]
    assert ended.iloc[0] == "published"
    assert ended.iloc[-1] in {"published", "nothing to do"}


def test_a_failed_run_is_resumed_with_what_had_ended_well(
    edit, tmp_path: Path, reports: Path, run: RunParameters, results: Results, write_notebook: Callable[..., Path]
) -> None:
    def go(**changed: object) -> list[str]:
        told: list[str] = []
        try:
            publish(run, compute_results=lambda _: results, words=Wording("vi"), notebooks=tmp_path / "notebooks",
                    reports=reports, report_progress=told.append, **changed)  # fmt: skip
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


def test_an_interrupted_run_says_which_notebooks_were(project: Project) -> None:
    project.edit("sau", "open('at_work', 'w').close(); import time; time.sleep(60)")
    process = project.start()
    while not (project.root / "notebooks" / "report" / "at_work").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    (failed,) = project.reports.glob(".runs/*.failed")
    made = manifest.read(failed)
    assert made is not None
    assert {stem: record.status for stem, record in made.notebooks.items()} == dict.fromkeys(STEMS, "interrupted")
    assert history(project.reports)[["ended", "code"]].iloc[-1].tolist() == ["interrupted", 130]

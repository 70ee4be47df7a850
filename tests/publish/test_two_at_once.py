"""Two runs started at once: of one quarter one does the work, of two quarters each does its own."""

from __future__ import annotations

import pytest
from project import PLAN, Project

from analysis.publish.store.history import history

pytestmark = pytest.mark.slow


def test_of_one_quarter_one_run_publishes_and_the_other_says_so(project: Project) -> None:
    project.edit("một", "import time; time.sleep(2)")
    both = [project.start(), project.start()]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [complaint for _, complaint in said] == ["", ""]
    last = sorted(told.splitlines()[-1].split(": ")[1] for told, _ in said)
    # one that starts only when the other has ended finds nothing to do
    assert last[0] in {"another run holds this quarter; nothing was done", "nothing to do, already published"}
    assert last[1] == "published"
    assert project.says("một")
    assert history(project.reports)["ended"].tolist().count("published") == 1 + 1


def test_of_two_quarters_both_are_published_and_the_page_over_all_has_both(project: Project) -> None:
    quarters = ["2021-Q2", "2021-Q3"]
    project.edit("hai")
    both = [project.start(quarter=quarter) for quarter in quarters]
    assert [process.communicate()[1] for process in both] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    page = (project.reports / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{PLAN}/{quarter}/index.html"' in page for quarter in quarters)
    assert history(project.reports)["ended"].tolist()[-2:] == ["published", "published"]

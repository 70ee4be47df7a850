"""Editions: a page per body, from the run's one computation, in its folder and swapped with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.faults import BadParameters, EnvironmentFault, NotebookFailed
from analysis.parameters import RunParameters
from analysis.publish.run import RunOutcome, publish
from analysis.publish.store import manifest
from analysis.quarter.results import Results
from analysis.report.editions import edition_stem
from analysis.report.published_probabilities import read_ledger
from analysis.report.wording import Wording
from changed_results import changed

SHOW = "from IPython.display import HTML, display; display(HTML(f'<h2>x</h2><p>cơ quan {body}</p>'))"


@pytest.fixture(scope="module")
def of_bodies(results: Results) -> Results:
    """Results in which the body `stp`, the police (`CA`) and, in another year only, `stc` have cases."""
    cells = [("stp", "2021-08"), ("CA", "2021-09"), ("stc", "2020-09")]
    series = pd.DataFrame(cells, columns=["series", "period"]).assign(
        indicator="online_of_all", dimension="agency", numerator=3, denominator=10, value=0.3
    )
    return changed(results, series=pd.concat([results.indicators.series, series], ignore_index=True))


@pytest.fixture
def go(
    tmp_path: Path, of_bodies: Results, words: Wording, write_notebook: Callable[..., Path], run: RunParameters
) -> Callable[..., RunOutcome]:
    """Return `publish` for a summary and the notebook of bodies, with what the run says otherwise."""
    computed: list[RunParameters] = []

    def compute(one: RunParameters) -> Results:
        computed.append(one)
        return of_bodies

    for stem in ("00_summary", "08_body"):
        write_notebook(tmp_path / "notebooks" / f"{stem}.ipynb", SHOW)

    def go(ledger: Path | None = None, **said: str | None) -> RunOutcome:
        return publish(
            run.model_copy(update=said),
            compute_results=compute,
            words=words,
            notebooks=tmp_path / "notebooks",
            reports=tmp_path / "reports",
            ledger=ledger,
        )

    return go


def test_a_file_is_named_by_the_code_where_any_disk_can() -> None:
    assert edition_stem("ubnd-nha-trang") == "08_body-ubnd-nha-trang"
    # Codes that differ in capitals, marks or signs alone have names of their own.
    names = {edition_stem(code) for code in ("CA", "ca", "c/a", "c_a", "../ca", "đất", "dat")}
    assert len(names) == 7
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-") for name in names)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [({"body": "st"}, "body: nothing is counted of 'st'"), ({"each": "agencies"}, "each: no dimension or group")],
)
def test_who_is_not_there_is_said_before_a_kernel_starts(
    go: Callable[..., RunOutcome], tmp_path: Path, said: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BadParameters, match=sentence):
        go(**said)
    assert not (tmp_path / "reports" / "khanh-hoa-2021").exists()


def test_a_folder_of_older_notebooks_says_what_brings_the_newer(go: Callable[..., RunOutcome], tmp_path: Path) -> None:
    (tmp_path / "notebooks" / "08_body.ipynb").unlink()
    with pytest.raises(EnvironmentFault, match=r"08_body\.ipynb; `dunghen upgrade-notebooks` brings it"):
        go(each="agency")


@pytest.mark.slow
def test_editions_are_published_with_the_report_and_a_failed_one_leaves_all_as_it_was(
    go: Callable[..., RunOutcome], tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    link, ledger = tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3", tmp_path / "ledger"
    assert go(ledger=ledger).state == "published"
    assert [page.name for page in sorted(link.glob("*.html"))] == ["index.html"]
    lines = len(read_ledger(ledger / "khanh-hoa-2021.csv"))

    assert go(ledger=ledger, each="agency").state == "published"
    police = edition_stem("CA")
    pages = {page.name: page.read_text(encoding="utf-8") for page in link.glob("*.html")}
    assert set(pages) == {"index.html", "08_body.html", f"{police}.html", "08_body-stp.html"}
    assert "<p>cơ quan stp</p>" in pages["08_body-stp.html"]
    assert "<p>cơ quan CA</p>" in pages[f"{police}.html"]
    assert "<p>cơ quan None</p>" in pages["08_body.html"]
    # The way leads over the index of editions; no page lists eighty others.
    assert 'href="08_body.html"' in pages["index.html"]
    assert "08_body-stp" not in pages["index.html"]
    made = manifest.read(link)
    assert made is not None
    assert set(made.notebooks) == {"00_summary", "08_body", police, "08_body-stp"}
    assert len(read_ledger(ledger / "khanh-hoa-2021.csv")) == lines
    assert go(ledger=ledger, each="agency").state == "nothing to do"

    before = link.readlink()
    write_notebook(tmp_path / "notebooks" / "08_body.ipynb", SHOW, "assert body != 'stp'")
    with pytest.raises(NotebookFailed, match=r"08_body-stp cell \[4\]"):
        go(ledger=ledger, each="agency")
    assert link.readlink() == before

    # Of a single body there is no index, and the way to it is on every page.
    assert go(body="CA").state == "published"
    assert {page.name for page in link.glob("*.html")} == {"index.html", f"{police}.html"}
    assert f'href="{police}.html"' in (link / "index.html").read_text(encoding="utf-8")

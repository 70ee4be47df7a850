"""The index is derived from what is published, whatever ran last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from analysis.parameters import RunParameters
from analysis.plan.record import Text
from analysis.publish.pages import index
from analysis.publish.pages.gates import check_page
from analysis.publish.report_build import ReportBuild
from analysis.publish.store import manifest
from analysis.publish.store.releases import ReleaseStore
from analysis.quarter.results import Results
from analysis.report.wording import Wording
from changed_results import changed


def put(reports: Path, run: RunParameters, results: Results, words: Wording) -> None:
    store = ReleaseStore(reports, run.plan_name, run.quarter)
    build = ReportBuild(run, results, [], words, datetime(2021, 10, 1, tzinfo=UTC))
    draft = store.create_run_folder(build.moment)
    build.write_tables(draft)
    manifest.write(build.manifest([], draft), draft)
    store.release(draft)


def test_every_published_quarter_stands_beside_the_others(
    tmp_path: Path, run: RunParameters, results: Results, words: Wording
) -> None:
    put(tmp_path, run, results, words)
    second = run.model_copy(update={"quarter": "2021-Q2", "status": "final", "signed_by": "X"})
    uptake = results.attainment.promises["target"] == "online_uptake"
    said = results.attainment.promises.assign(probability=results.attainment.promises["probability"].mask(uptake, 0.60))
    put(tmp_path, second, changed(results, promises=said), words)
    page = index.rebuild(tmp_path, words)
    html = page.read_text(encoding="utf-8")
    check_page(html, name="index.html")
    soup = BeautifulSoup(html, "html.parser")
    assert soup.html["lang"] == "vi"
    links = [(link["href"], link.text) for link in soup.table.find_all("a")]
    assert links == [
        ("khanh-hoa-2021/2021-Q2/index.html", "quý II/2021"),
        ("khanh-hoa-2021/2021-Q3/index.html", "quý III/2021"),
    ]
    assert [small.text for small in soup.find_all("small")] == ["Chính thức", "Dự thảo"]
    cells = {row.th.text: [cell.text for cell in row.find_all("td")] for row in soup.tbody.find_all("tr")}
    assert len(cells) == len(results.plan.targets)
    titles = {target.id: target.name.vi for target in results.plan.promises}
    # The target's own row, not its part's; a verdict without a probability shows none; a missing target a dash.
    assert cells[titles["online_uptake"]] == ["◆ Chưa chắc chắn 60%", "◆ Chưa chắc chắn 68% (+8)"]
    assert cells[titles["satisfaction"]] == ["○ Chưa ước lượng được"] * 2
    assert cells[titles["pci_group"]] == ["–", "–"]


def test_exercises_stand_last_and_what_is_simulated_says_so(
    tmp_path: Path, run: RunParameters, results: Results, words: Wording
) -> None:
    notice = Text(vi="Bài tập.", en="An exercise.")
    exercise = run.model_copy(update={"plan_file": run.plan_file.replace("khanh-hoa-2021", "a-before-k")})
    put(tmp_path, exercise, changed(results, plan=results.plan.model_copy(update={"notice": notice})), words)
    put(tmp_path, run, results, words)
    about = results.data.about.model_copy(update={"simulated": False})
    real = changed(results, data=replace(results.data, about=about))
    put(tmp_path, run.model_copy(update={"quarter": "2021-Q2"}), real, words)
    soup = BeautifulSoup(index.rebuild(tmp_path, words).read_text(encoding="utf-8"), "html.parser")
    first, second = soup.main.find_all("section")
    assert [one.text for one in first.select(".notice, .simulated")] == [
        "SỐ LIỆU MÔ PHỎNG, không phải số liệu thật: quý III/2021."
    ]
    assert [one.text for one in second.select(".notice, .simulated")] == [
        "Bài tập.",
        "SỐ LIỆU MÔ PHỎNG, không phải số liệu thật.",
    ]
    assert second.a["href"] == "a-before-k/2021-Q3/index.html"


def test_what_is_not_published_is_not_listed(
    tmp_path: Path, run: RunParameters, results: Results, words: Wording
) -> None:
    put(tmp_path, run, results, words)
    (tmp_path / "khanh-hoa-2021" / "2021-Q4").symlink_to("../.runs/gone")
    (tmp_path / "khanh-hoa-2021" / "latest").symlink_to("2021-Q3")
    (tmp_path / "notes").mkdir()
    before = index.rebuild(tmp_path, words).read_bytes()
    assert index.rebuild(tmp_path, words).read_bytes() == before
    assert b"2021-Q4" not in before


def test_a_quarter_whose_table_is_gone_takes_nothing_from_the_others(
    tmp_path: Path, run: RunParameters, results: Results, words: Wording
) -> None:
    put(tmp_path, run, results, words)
    put(tmp_path, run.model_copy(update={"quarter": "2021-Q2"}), results, words)
    (tmp_path / "khanh-hoa-2021" / "2021-Q2" / "attainment.csv").unlink()
    soup = BeautifulSoup(index.rebuild(tmp_path, words).read_text(encoding="utf-8"), "html.parser")
    assert [link.text for link in soup.table.find_all("a")] == ["quý II/2021", "quý III/2021"]
    cells = [[cell.text for cell in row.find_all("td")] for row in soup.tbody.find_all("tr")]
    assert {first for first, _ in cells} == {"–"}
    assert {second for _, second in cells} > {"◆ Chưa chắc chắn 68%"}


def test_a_folder_nobody_may_look_into_is_no_plan(
    tmp_path: Path, run: RunParameters, results: Results, words: Wording, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, run, results, words)
    (tmp_path / "lost+found").mkdir()
    look = Path.iterdir

    def refused(folder: Path) -> Iterator[Path]:
        # as root, whom no rights keep out, may run the tests
        if folder.name == "lost+found":
            raise PermissionError(13, "Permission denied", str(folder))
        return look(folder)

    monkeypatch.setattr(Path, "iterdir", refused)
    assert "quý III/2021" in index.rebuild(tmp_path, words).read_text(encoding="utf-8")


def test_an_empty_shelf_says_so(tmp_path: Path, words: Wording) -> None:
    html = index.rebuild(tmp_path, words).read_text(encoding="utf-8")
    check_page(html, name="index.html")
    assert words.text("No report has been published yet.") in html

"""A page shows what notebooks showed, and nothing that runs, loads or restyles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_output

from analysis.parameters import RunParameters
from analysis.publish.pages.export import ExportedPage, export_page, sanitise
from analysis.publish.pages.gates import check_page
from analysis.publish.pages.shell import TEMPLATE, Imprint, Page
from analysis.quarter import stages
from analysis.quarter.results import Results
from analysis.report.pages.page import Page as Shown
from analysis.report.wording import Wording

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
PAGES = [Page("00_summary", "Tóm tắt"), Page("02_online_uptake", "Nộp hồ sơ <trực tuyến>")]
IMPRINT = Imprint("Kế hoạch 2021", "quý III/2021", "đến 20/09/2021", "lập 08:00", "final", "Chính thức", "Sở Nội vụ")


def html(text: str) -> NotebookNode:
    return new_output("display_data", {"text/html": text, "text/plain": "<IPython.core.display.HTML object>"})


@pytest.fixture
def exported(executed: Callable[..., Path], words: Wording) -> Callable[..., ExportedPage]:
    def exported(*outputs: NotebookNode) -> ExportedPage:
        return export_page(
            executed(*outputs), page=PAGES[1], pages=PAGES, files=["manifest.json"], imprint=IMPRINT, words=words
        )

    return exported


@pytest.fixture
def export(exported: Callable[..., ExportedPage]) -> Callable[..., str]:
    def export(*outputs: NotebookNode) -> str:
        return exported(*outputs).html

    return export


def test_what_is_for_the_analyst_is_on_no_page(executed: Callable[..., Path], words: Wording) -> None:
    path = executed(html("<h2>Bảng</h2>"), html("<p>của người phân tích</p>"))
    notebook = nbformat.read(path, as_version=4)
    *_, cell = (one for one in notebook.cells if one.cell_type == "code" and one.outputs)
    other = nbformat.from_dict({**cell, "metadata": {"tags": ["analyst"]}, "id": "analyst"})
    cell.outputs, other.outputs = cell.outputs[:1], cell.outputs[1:]
    notebook.cells.append(other)
    nbformat.write(notebook, path)
    page = export_page(path, page=PAGES[1], pages=PAGES, files=[], imprint=IMPRINT, words=words).html
    assert ">Bảng</h2>" in page
    assert "của người phân tích" not in page


def test_only_html_markdown_and_pictures_of_code_cells_are_shown(export: Callable[..., str]) -> None:
    page = export(
        html("<h2>Bảng</h2>"),
        new_output("display_data", {"text/markdown": "Một câu **đậm**."}),
        new_output("execute_result", {"text/html": "<p>kết quả</p>"}, execution_count=1),
        new_output("execute_result", {"text/plain": "plain_repr"}, execution_count=1),
        new_output("display_data", {"application/javascript": "alert(1)"}),
        new_output("display_data", {"image/svg+xml": "<svg></svg>"}),
        new_output("stream", name="stdout", text="printed"),
        new_output("stream", name="stderr", text="UserWarning"),
        new_output("error", ename="ValueError", evalue="evil", traceback=["Traceback (most recent call last)"]),
    )
    for shown in (">Bảng</h2>", "<strong>đậm</strong>", "<p>kết quả</p>"):
        assert shown in page
    for hidden in ("secret_source", "note for the analyst", "plain_repr", "alert", "svg", "printed", "Warning", "evil"):
        assert hidden not in page
    check_page(page, name="page")


def test_a_page_has_its_language_one_heading_navigation_and_imprint(export: Callable[..., str]) -> None:
    soup = BeautifulSoup(export(html("<h2>Một</h2>")), "html.parser")
    assert soup.html["lang"] == "vi"
    assert [h1.text for h1 in soup.find_all("h1")] == ["Nộp hồ sơ <trực tuyến>"]
    assert soup.title.text == "Nộp hồ sơ <trực tuyến> · Kế hoạch 2021 · quý III/2021"
    links = soup.nav.find_all("a")
    assert [link["href"] for link in links] == ["index.html", "02_online_uptake.html"]
    assert [link.get("aria-current") for link in links] == [None, "page"]
    assert soup.find("a", class_="skip")["href"] == f"#{soup.main['id']}"
    assert "default-src 'none'" in soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert "Chính thức · Sở Nội vụ · lập 08:00" in soup.footer.text
    assert not soup.find_all("script")


def test_alternative_text_survives_escaped(export: Callable[..., str]) -> None:
    alt = 'Tăng từ "18%" lên 27,4% & <hơn>'
    picture = new_output("display_data", {"image/png": PIXEL + "\n"}, metadata={"image/png": {"alt": alt}})
    image = BeautifulSoup(export(picture), "html.parser").figure.img
    assert image["alt"] == alt
    assert image["src"] == f"data:image/png;base64,{PIXEL}"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<ScRiPt src='https://bad.example/x.js'></sCrIpT>",
        "<p onclick='alert(1)'>x</p>",
        "<p title='<table onmouseover=alert(1)>'>x</p>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<style>@import 'https://bad.example/x.css'; h1 { display: none }</style>",
        "<p style='background: url(https://bad.example/x.png)'>x</p>",
        "<iframe src='https://bad.example'></iframe>",
        "<form action='https://bad.example'><input name='x'></form>",
        "<svg><a xlink:href='https://bad.example'><animate onbegin='alert(1)'/></a></svg>",
        "<meta http-equiv='refresh' content='0; url=https://bad.example'>",
        "<base href='https://bad.example/'>",
        "</main></body><h1>taken over</h1>",
    ],
)
def test_hostile_html_is_harmless(export: Callable[..., str], hostile: str) -> None:
    page = export(html(f"<h2>Trước</h2>{hostile}<p>Sau</p>"))
    check_page(page, name="page")
    assert "bad.example" not in page
    soup = BeautifulSoup(page, "html.parser")
    assert [h2.text for h2 in soup.main.find_all("h2")] == ["Trước"]
    assert soup.main.find_all("p")[-1].text == "Sau"


@pytest.mark.parametrize("image", ["<img src=x onerror=alert(1)>", "<img src='http://bad.example/x.png' alt='Ảnh'>"])
def test_a_foreign_image_loses_its_source(image: str) -> None:
    clean = sanitise(image, table_label="Bảng")
    assert "src" not in clean
    assert "onerror" not in clean


def test_tables_keep_their_headers_and_scroll_in_their_own_box() -> None:
    table = (
        '<style>.x{}</style><details class="data"><summary>Số liệu</summary><TABLE id="t" class="gt_table">'
        '<caption>C</caption><tr><th scope="col" id="a" colspan="2">Kỳ</th></tr>'
        '<tr><th scope="row">9</th><td headers="a" class="gt_right" style="color:red">1</td></tr></TABLE></details>'
    )
    soup = BeautifulSoup(sanitise(table, table_label='Bảng "rộng"'), "html.parser")
    box = soup.details.div
    assert (box["class"], box["aria-label"], box["tabindex"]) == (["scroll"], 'Bảng "rộng"', "0")
    assert box.table["class"] == ["gt_table"]
    assert [th.get("scope") for th in soup.find_all("th")] == ["col", "row"]
    assert soup.td.attrs == {"headers": ["a"], "class": ["gt_right"]}
    assert not soup.style


def test_a_cell_keeps_the_name_of_its_column_and_no_other_data() -> None:
    cell = '<table><tr><td data-label="Verdict" data-src="x" onclick="x">met</td></tr></table>'
    assert BeautifulSoup(sanitise(cell, table_label="Bảng"), "html.parser").td.attrs == {"data-label": "Verdict"}


def test_what_styles_the_notices_in_jupyterlab_is_on_no_page(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Shown(run, replace(results, fingerprint=replace(results.fingerprint, code=stages.CODE)))
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    page.notices()
    assert shown[0].startswith('<div class="notices"><p class="simulated" style="')
    assert sanitise(shown[0], table_label="Bảng") == (
        '<div class="notices"><p class="simulated">SỐ LIỆU MÔ PHỎNG, không phải số liệu thật.</p>'
        '<p class="note">Kỳ báo cáo: quý III/2021, chốt ngày 14/09/2021; số liệu tính đến ngày 20/09/2021. '
        "Số liệu: Toy, mô phỏng. Dự thảo, chưa có người ký."
        "</p></div>"
    )


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Numbers computed by version 0.0.9, code 01234567; open with fresh=True to compute anew."),
        ("vi", "Số liệu do phiên bản 0.0.9, mã 01234567 tính; mở với fresh=True để tính lại."),
    ],
)
def test_numbers_of_another_version_say_so(
    run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch, language: str, sentence: str
) -> None:
    other = replace(results, version="0.0.9", fingerprint=replace(results.fingerprint, code="0123456789abcdef"))
    page = Shown(run.model_copy(update={"language": language}), other)
    shown: list[str] = []
    monkeypatch.setattr(page, "_html", shown.append)
    page.notices()
    notices = [notice.text for notice in BeautifulSoup(shown[0], "html.parser").find_all(class_="notice")]
    assert notices == [sentence]


def test_the_style_sheet_is_small_and_loads_nothing(export: Callable[..., str]) -> None:
    assert (TEMPLATE / "page.css").stat().st_size < 20 * 1024
    check_page(export(), name="page")

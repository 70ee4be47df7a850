"""Each gate refuses a page made to offend it, in one sentence, and lets a good page pass."""

from __future__ import annotations

import json

import pytest

from analysis.faults import GateRefused
from analysis.publish.pages.gates import NOTEBOOK_LIMIT, PAGE_LIMIT, check_notebook, check_page

GOOD = """<!DOCTYPE html><html lang="vi"><head><title>T</title><style>p { color: red }</style></head><body>
<h1>Một</h1><h2>Hai</h2><h3>Ba</h3><h2>Hai nữa</h2>
<p>Xem <a href="https://example.org/home/office">nguồn</a>, <a href="#x">dưới</a>, <a href="02.html">trang</a>.</p>
<img src="data:image/png;base64,AAAA/root/AAAA" alt="Tăng từ 18% lên 27%.">
<svg class="drawing" viewBox="0 0 9 9" role="img" aria-label="Tăng lên 27%."><path class="f-blue" d="M0 0Z"/>
<text class="f-ink bold" x="1" y="-2.5" font-size="9" text-anchor="end">27%</text></svg><!-- BODY -->
</body></html>"""


def page(body: str) -> str:
    return GOOD.replace("<!-- BODY -->", body)


def test_a_good_page_passes() -> None:
    check_page(GOOD, name="page")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<script>1</script>", "<script>"),
        ("<script src='x.js'></script>", "<script>"),
        ("<p onclick='1'>x</p>", "onclick"),
        ("<a href='javascript:x()'>x</a>", "would run a script"),
        ("<link href='https://example.org/x.css'>", "<link>"),
        ("<iframe></iframe>", "<iframe>"),
        ("<img src='https://example.org/x.png' alt='Một hình có chữ'>", "loads"),
        ("<img src='x.png' alt='Một hình có chữ'>", "loads"),
        ("<video poster='//example.org/x'></video>", "loads"),
        ("<img src='data:image/png;base64,AA'>", "alt=''"),
        ("<img src='data:image/png;base64,AA' alt='  '>", "says nothing"),
        ("<img src='data:image/png;base64,AA' alt='Figure.'>", "says nothing"),
        ("<img src='data:image/png;base64,AA' alt='No description has been provided for this image'>", "says nothing"),
        ("<svg viewBox='0 0 9 9'></svg>", "alt=''"),
        ("<svg aria-label='Hình 27%'><a href='x'>1</a></svg>", "a drawing has no <a>"),
        ("<svg aria-label='Hình 27%'><p>1</p></svg>", "a drawing has no <p>"),
        ("<svg aria-label='Hình 27%' style='x'></svg>", "no attribute style"),
        ("<svg aria-label='Hình 27%'><path fill='url(#x)'></svg>", "no attribute fill"),
        ("<svg aria-label='Hình 27%'><path class='f-x;' d='M0 0'></svg>", "cannot be"),
        ("<path d='M0 0'>", "no place outside"),
        ("<style>p { background: url(https://example.org/x.png) }</style>", "style sheet loads"),
        ("<style>@import 'x.css';</style>", "style sheet loads"),
        ("<p style='background: url(x.png)'>x</p>", "style of <p> loads"),
        ("<meta http-equiv='refresh' content='0'>", "refresh"),
        ("<h1>Hai</h1>", "2 first-level headings"),
        ("<h4>Bốn</h4>", "h4 follows h2"),
        ("<pre>Traceback (most recent call last):</pre>", "text of an error"),
        ("<p>đọc /home/an/data.csv</p>", "home folder"),
        ("<p>đọc C:\\Users\\an</p>", "home folder"),
        ("<p title='/root/x'>x</p>", "home folder"),
    ],
)
def test_an_offending_page_is_refused_in_one_sentence(body: str, why: str) -> None:
    with pytest.raises(GateRefused) as refused:
        check_page(page(body), name="02.html")
    assert str(refused.value).startswith("02.html")
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("html", "why"),
    [
        (GOOD.replace(' lang="vi"', ""), "lang"),
        (GOOD.replace("<h1>Một</h1>", ""), "h2 follows nothing"),
        (GOOD.replace("<h1>Một</h1><h2>Hai</h2><h3>Ba</h3><h2>Hai nữa</h2>", ""), "0 first-level headings"),
        (page("x" * PAGE_LIMIT), "1.5 MB"),
    ],
)
def test_an_offending_whole_is_refused(html: str, why: str) -> None:
    with pytest.raises(GateRefused, match=why):
        check_page(html, name="page")


@pytest.mark.parametrize(
    ("text", "why"), [('{"x": NaN}', "NaN"), ('{"x": -Infinity}', "-Infinity"), ('{"x"', "not valid JSON at line 1")]
)
def test_a_notebook_that_could_not_be_opened_is_refused(text: str, why: str) -> None:
    with pytest.raises(GateRefused, match=why):
        check_notebook(text, name="02.ipynb")


def test_a_notebook_that_nobody_could_send_is_refused() -> None:
    with pytest.raises(GateRefused, match=r"^02\.ipynb: 20\.0 MB, where an executed notebook may have 20\.0 MB$"):
        check_notebook(json.dumps("x" * NOTEBOOK_LIMIT), name="02.ipynb")


def test_a_strict_notebook_passes() -> None:
    check_notebook('{"cells": [], "value": null}', name="02.ipynb")

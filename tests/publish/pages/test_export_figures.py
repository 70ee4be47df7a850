"""A picture, its caption and its values become one figure."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from analysis.faults import GateRefused
from analysis.publish.pages.export import extract_figures
from analysis.report.figures.on_page import FIGURE
from analysis.report.wording import Wording

WORDS = Wording("en")


def picture(*, csv="a,b\n1,2\n", alt="Share: 27%"):
    data = {"image/png": "aGk=\n", **({"text/csv": csv} if csv else {})}
    return new_output("display_data", data, metadata={"image/png": {"alt": alt}})


DRAWING = '<svg class="drawing" viewBox="0 0 9 9" role="img" aria-label="27%"><path class="s-blue" d="M0 0L9 9"/></svg>'


def ours(*, width="third", title="Up to 27%", drawings=(DRAWING,)):
    made = {"title": title, "statistic": "Share online", "alt": "27%", "width": width, "drawings": list(drawings)}
    return new_output("display_data", {FIGURE: made, "image/png": "aGk=\n", "text/csv": "a,b\n1,2\n"})


def html(text):
    return new_output("display_data", {"text/html": text})


def gathered(*outputs):
    notebook = new_notebook(cells=[new_markdown_cell("# note"), new_code_cell("show()", outputs=list(outputs))])
    figures = extract_figures(notebook, stem="02_x", words=WORDS)
    return figures, [output["data"]["text/html"] for output in notebook.cells[1].outputs]


def test_message_drawing_caption_and_link_to_the_values_are_inside_the_figure() -> None:
    caption = "<figcaption>Grey: each month.<details><summary>Numbers</summary></details></figcaption>"
    figures, (figure, after) = gathered(ours(), html(caption), html("<p>after</p>"))
    assert figures.values == {"figures/02_x-1.csv": "a,b\n1,2\n"}
    soup = BeautifulSoup(figures.drawn(figure), "html.parser").figure
    assert soup["class"] == ["third"]
    assert [one.text for one in soup.find_all("p")] == ["Up to 27%", "Share online"]
    assert (soup.svg["aria-label"], soup.svg.path["d"]) == ("27%", "M0 0L9 9")
    assert soup.figcaption.details
    assert soup.figcaption.find_all("a")[-1]["href"] == "figures/02_x-1.csv"
    assert soup.img is None
    assert after == "<p>after</p>"


def test_a_picture_that_is_none_of_ours_is_shown_as_its_png() -> None:
    figures, (figure,) = gathered(picture())
    soup = BeautifulSoup(figures.drawn(figure), "html.parser").figure
    assert soup["class"] == ["wide"]
    assert (soup.img["alt"], soup.img["src"]) == ("Share: 27%", "data:image/png;base64,aGk=")


def test_pictures_are_counted_over_the_notebook_and_html_of_others_is_left_alone() -> None:
    figures, shown = gathered(picture(csv=None), html("<h2>x</h2>"), picture(csv="c\n"))
    assert list(figures.values) == ["figures/02_x-2.csv"]
    assert "figcaption" not in shown[0]
    assert shown[1] == "<h2>x</h2>"


def test_hostile_words_of_a_figure_stay_text() -> None:
    figures, shown = gathered(picture(alt='"><script>', csv=None), ours(width='x" onload="y', title="<script>"))
    first, second = (BeautifulSoup(figures.drawn(one), "html.parser") for one in shown)
    assert first.img["alt"] == '"><script>'
    assert second.figure.attrs == {"class": ["wide"]}
    assert second.p.text == "<script>"
    assert not first.find("script")
    assert not second.find("script")


def test_a_drawing_that_is_no_drawing_refuses_the_page() -> None:
    with pytest.raises(GateRefused, match="02_x, figure 1: a drawing has no <script>"):
        gathered(ours(drawings=["<svg><script>1</script></svg>"]))


def test_nobody_can_write_the_word_that_stands_for_a_drawing() -> None:
    figures, shown = gathered(ours(), html("<p>drawing-" + "0" * 32 + "</p>"))
    assert "<svg" in figures.drawn(shown[0])
    assert figures.drawn(shown[1]) == "<p></p>"

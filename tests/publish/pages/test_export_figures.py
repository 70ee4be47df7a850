"""A picture, its caption and its values become one figure."""

from __future__ import annotations

from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from analysis.publish.pages.export import extract_figures
from analysis.report.wording import Wording

WORDS = Wording("en")


def picture(*, width="wide", csv="a,b\n1,2\n", alt="Share: 27%"):
    data = {"image/png": "aGk=\n", **({"text/csv": csv} if csv else {})}
    return new_output("display_data", data, metadata={"image/png": {"alt": alt, "class": width}})


def html(text):
    return new_output("display_data", {"text/html": text})


def gathered(*outputs):
    notebook = new_notebook(cells=[new_markdown_cell("# note"), new_code_cell("show()", outputs=list(outputs))])
    values = extract_figures(notebook, stem="02_x", words=WORDS)
    return values, [output["data"]["text/html"] for output in notebook.cells[1].outputs]


def test_caption_and_link_to_the_values_are_inside_the_figure() -> None:
    caption = "<figcaption>Grey: each month.<details><summary>Numbers</summary></details></figcaption>"
    values, (figure, after) = gathered(picture(width="third"), html(caption), html("<p>after</p>"))
    assert values == {"figures/02_x-1.csv": "a,b\n1,2\n"}
    soup = BeautifulSoup(figure, "html.parser").figure
    assert soup["class"] == ["third"]
    assert (soup.img["alt"], soup.img["src"]) == ("Share: 27%", "data:image/png;base64,aGk=")
    assert soup.figcaption.details
    assert soup.figcaption.find_all("a")[-1]["href"] == "figures/02_x-1.csv"
    assert after == "<p>after</p>"


def test_pictures_are_counted_over_the_notebook_and_html_of_others_is_left_alone() -> None:
    values, shown = gathered(picture(csv=None), html("<h2>x</h2>"), picture(csv="c\n"))
    assert list(values) == ["figures/02_x-2.csv"]
    assert "figcaption" not in shown[0]
    assert shown[1] == "<h2>x</h2>"


def test_hostile_metadata_stays_text() -> None:
    _, (figure,) = gathered(picture(width='x" onload="y', alt='"><script>', csv=None))
    soup = BeautifulSoup(figure, "html.parser")
    assert soup.figure.attrs == {"class": ["wide"]}
    assert soup.img["alt"] == '"><script>'
    assert not soup.find("script")

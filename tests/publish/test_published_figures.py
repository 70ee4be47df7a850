"""The figures of a published quarter: each says its message in few words, and no text of it lies over another."""

from __future__ import annotations

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from analysis.report.figures.on_page import FIGURE
from shared_results import published
from svg_texts import collisions

pytestmark = pytest.mark.slow
MOST_WORDS = {"en": 15, "vi": 25}


@pytest.fixture(scope="module", params=["vi", "en"])
def figures(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[tuple[str, dict]]]:
    """The language, and every figure of the demo's quarter with the notebook it stands in."""
    folder = published(request.param, tmp_path_factory) / "khanh-hoa-2021" / "2021-Q3"
    found = []
    for path in sorted(folder.rglob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if FIGURE in output.get("data", {}):
                    found.append((path.stem, output["data"][FIGURE]))
    assert len(found) > 20
    return request.param, found


def test_each_title_is_a_message_in_few_words(figures: tuple[str, list[tuple[str, dict]]]) -> None:
    language, shown = figures
    for stem, figure in shown:
        assert 3 <= len(figure["title"].split()) <= MOST_WORDS[language], (stem, figure["title"])
        assert any(sign.isdigit() for sign in figure["title"]), (stem, figure["title"])
        assert figure["statistic"].strip(), (stem, figure["title"])
        assert figure["title"] != figure["statistic"]


def test_no_text_of_a_drawing_lies_over_another(figures: tuple[str, list[tuple[str, dict]]]) -> None:
    for stem, figure in figures[1]:
        for drawing in figure["drawings"]:
            assert collisions(drawing) == [], (stem, figure["title"], drawing[:60])


def test_stock_nbconvert_shows_the_png_of_each_figure(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = published("en", tmp_path_factory) / "khanh-hoa-2021" / "2021-Q3"
    notebook = nbformat.read(folder / "00_summary.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if FIGURE in output.get("data", {})]
    html, _ = HTMLExporter().from_notebook_node(notebook)
    soup = BeautifulSoup(html, "html.parser")
    shown = [image for image in soup.find_all("img") if str(image["src"]).startswith("data:image/png")]
    assert len(shown) == len(pictures) > 3
    assert not soup.select("svg.drawing")

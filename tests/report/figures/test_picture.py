"""A picture is one drawing at two widths, under one message."""

from __future__ import annotations

import struct
from xml.etree import ElementTree

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from analysis.report.figures import theme
from analysis.report.figures.on_page import figure_html
from analysis.report.figures.picture import Picture


def _picture(width: str = "wide", title: str = "34.2% in 09/2021") -> Picture:
    def draw(figure: Figure) -> None:
        figure.set_figheight(theme.height(figure))
        figure.subplots().plot([0, 1], [0, 1], color=theme.BLUE)

    return Picture(draw, title, "Share online", "Rises to 34.2%.", "Dots.", pd.DataFrame(), pd.DataFrame(), width)


@pytest.mark.parametrize(("width", "inches"), [("wide", theme.WIDE), ("third", theme.NARROW)])
def test_a_png_has_the_message_above_it_and_its_width(width: str, inches: float) -> None:
    picture = _picture(width)
    png = picture.png()
    wide, high = struct.unpack(">II", png[16:24])
    figure, head = picture.laid_out(inches)
    body = theme.height(figure)
    assert wide == round(inches * theme.DPI[inches])
    assert high / theme.DPI[inches] == pytest.approx(body + head, abs=0.01)
    told = [text.get_text() for text in figure.texts]
    assert told == ["34.2% in 09/2021", "Share online"]


def test_a_long_message_is_wrapped_and_takes_its_room_from_nothing() -> None:
    _, short = _picture().laid_out(theme.NARROW)
    figure, head = _picture(title="Thirty-four per cent of cases were filed online in September").laid_out(theme.NARROW)
    assert head > short + 0.1
    assert figure.get_figheight() == pytest.approx(theme.height(figure) + head)
    axes = figure.axes[0].get_window_extent().y1 / figure.dpi
    assert axes < figure.get_figheight() - head
    right = max(text.get_window_extent().x1 for text in figure.texts)
    assert right <= figure.bbox.width


def test_a_wide_picture_has_a_drawing_for_each_screen_and_a_third_has_one() -> None:
    both = [ElementTree.fromstring(one) for one in _picture().drawings()]
    assert [one.attrib["class"] for one in both] == ["drawing on-wide", "drawing on-narrow"]
    assert [float(one.attrib["viewBox"].split()[2]) for one in both] == [
        72 * theme.WIDE,
        pytest.approx(72 * theme.NARROW),
    ]
    (third,) = _picture("third").drawings()
    assert ElementTree.fromstring(third).attrib["class"] == "drawing"


def test_no_text_is_smaller_than_twelve_pixels_on_a_telephone() -> None:
    # A page of 360 pixels has 328 between its margins.
    drawing = ElementTree.fromstring(_picture().drawings()[1])
    scale = 328 / float(drawing.attrib["viewBox"].split()[2])
    assert min(float(text.attrib["font-size"]) * scale for text in drawing.findall("text")) >= 12


def test_words_of_a_figure_are_escaped() -> None:
    bundle = {"title": "<b>", "statistic": "a & b", "width": 'x"'}
    soup = BeautifulSoup(figure_html(bundle, "", "<figcaption>c</figcaption>"), "html.parser").figure
    assert soup["class"] == ["wide"]
    assert [one.text for one in soup.find_all("p")] == ["<b>", "a & b"]

"""A drawing as SVG: what is drawn stands where it was drawn, in paths and text alone."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from analysis.publish.pages.drawings import rebuild
from analysis.report.figures import theme
from analysis.report.figures.on_page import FONT
from analysis.report.figures.svg import TITLE, svg


def _drawn(figure: Figure, *, skip: float = 0.0) -> ElementTree.Element:
    written = svg(figure, skip=skip, alt="What <it> shows: 27%", name="drawing")
    assert rebuild(written, name="figure") == written  # nothing that a page would refuse
    return ElementTree.fromstring(written)


def _figure(**axes_limits: tuple[float, float]) -> Figure:
    """Return an empty figure of two by one inches, 144 by 72 points, whose axes are all of it."""
    theme.apply()
    figure = Figure(figsize=(2, 1), facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1), **axes_limits)
    axes.set_axis_off()
    return figure


def test_a_line_stands_where_it_was_drawn_with_its_colour_as_a_name() -> None:
    figure = _figure(xlim=(0, 144), ylim=(0, 72))
    figure.axes[0].plot([10, 20.5, 134], [12, 62, 12], color=theme.BLUE, linewidth=2, linestyle=(0, (3, 1)))
    (path,) = _drawn(figure).findall("path")
    assert path.attrib == {
        "class": "s-blue", "d": "M10 60L20.5 10L134 60", "stroke-width": "2", "stroke-dasharray": "6 2",
    }  # fmt: skip


def test_an_area_is_cut_off_at_the_axes_and_a_line_outside_is_left_out() -> None:
    figure = _figure(xlim=(0, 144), ylim=(0, 72))
    figure.axes[0].fill_between([0, 144], [36, 36], [500, 500], color=theme.GREEN, alpha=0.25, linewidth=0)
    figure.axes[0].plot([0, 144], [900, 900], color=theme.VERMILION)
    (path,) = _drawn(figure).findall("path")
    assert (path.attrib["class"], path.attrib["fill-opacity"]) == ("f-green", "0.25")
    heights = [float(pair.split()[1]) for pair in re.findall(r"[ML](-?[\d.]+ -?[\d.]+)", path.attrib["d"])]
    assert (min(heights), max(heights)) == (0, 36)


def test_text_keeps_its_anchor_size_weight_and_signs() -> None:
    figure = _figure(xlim=(0, 144), ylim=(0, 72))
    figure.axes[0].text(140, 36, "Đất đai < 2 %", ha="right", va="baseline", fontsize=9, fontweight="bold")
    figure.axes[0].text(10, 36, "đứng", ha="left", va="bottom", rotation=90, color=theme.SOFT)
    lying, upright = _drawn(figure).findall("text")
    assert lying.text == "Đất đai < 2 %"
    assert lying.attrib == {"class": "f-ink bold", "x": "140", "y": "36", "font-size": "9", "text-anchor": "end"}
    assert upright.attrib["class"] == "f-soft"
    assert upright.attrib["transform"].startswith("rotate(-90 ")


def test_the_title_is_left_to_the_page() -> None:
    figure = _figure()
    figure.text(0.1, 0.9, "Its message", gid=TITLE)
    figure.text(0.1, 0.1, "Simulated")
    drawn = _drawn(figure, skip=0.25)
    assert (drawn.attrib["viewBox"], drawn.attrib["aria-label"]) == ("0 18 144 54", "What <it> shows: 27%")
    assert [text.text for text in drawn.findall("text")] == ["Simulated"]
    assert all(text.get_visible() for text in figure.texts)  # for the PNG


def test_what_dark_mode_could_not_restyle_is_refused() -> None:
    figure = _figure(xlim=(0, 1), ylim=(0, 1))
    figure.axes[0].plot([0, 1], [0, 1], color="#123456")
    with pytest.raises(ValueError, match="#123456, which the theme does not name"):
        _drawn(figure)
    pixels = _figure(xlim=(0, 1), ylim=(0, 1))
    pixels.axes[0].imshow([[0, 1]])
    with pytest.raises(ValueError, match="not as an image"):
        _drawn(pixels)


def test_the_style_sheet_of_a_page_has_every_colour_in_both_schemes() -> None:
    css = (FONT.parents[1] / "publish/pages/template/page.css").read_text(encoding="utf-8")
    for colour, name in theme.NAMES.items():
        (filled,) = re.findall(rf"\.f-{name} {{ fill: var\((--[a-z-]+)\); }}", css)
        (stroked,) = re.findall(rf"\.s-{name} {{ stroke: var\((--[a-z-]+)\); }}", css)
        light, dark = re.findall(rf"{filled}: (#[0-9a-f]+);", css)
        assert stroked == filled
        assert (light if len(light) == 7 else f"#{light[1:] * 2}") == colour
        assert dark != light

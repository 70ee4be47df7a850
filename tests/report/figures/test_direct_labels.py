"""Labels stand beside what they name and lie over nothing."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from analysis.report.figures import theme
from analysis.report.figures.direct_labels import box_of, keep_apart, label, overlap, shown_texts


def _figure() -> Figure:
    theme.apply()
    figure = Figure(figsize=(4, 3), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.subplots().set(xlim=(0, 10), ylim=(0, 10))
    return figure


def _boxes(figure: Figure) -> dict[str, tuple[float, float, float, float]]:
    return {text.get_text(): box_of(text, figure.canvas.get_renderer()).extents for text in shown_texts(figure)}


def _none_overlaps(figure: Figure) -> bool:
    boxes = [box_of(text, figure.canvas.get_renderer()) for text in shown_texts(figure)]
    return not any(overlap(one, other) for at, one in enumerate(boxes) for other in boxes[:at])


def test_labels_of_one_place_are_moved_apart_and_the_bold_one_stays() -> None:
    figure = _figure()
    made = [label(figure.axes[0], name, (8, 5), bold=name == "value") for name in ("one", "value", "another", "last")]
    keep_apart(figure)
    assert _none_overlaps(figure)
    assert made[1].xyann == (6, 0)
    assert {one.xyann[0] for one in made} == {6}
    assert max(abs(one.xyann[1]) for one in made) < 40  # beside their place: three lines of text away at most
    assert all(one.get_visible() for one in made)


def test_one_is_moved_off_a_line_that_it_would_cover() -> None:
    figure = _figure()
    figure.axes[0].plot([0, 10], [5, 5], color=theme.BLUE)
    made = label(figure.axes[0], "each period", (5, 5), side="right")
    keep_apart(figure)
    line = figure.axes[0].transData.transform((5, 5))[1]
    _, low, _, high = _boxes(figure)["each period"]
    assert not low < line < high
    assert made.get_visible()


def test_none_leaves_the_figure_or_enters_the_title() -> None:
    figure = _figure()
    made = label(figure.axes[0], "at the top", (5, 10), side="above")
    keep_apart(figure, head=0.5)
    assert _boxes(figure)["at the top"][3] <= 3 * 100 - 0.5 * 100 + 1
    assert made.get_visible()


def test_one_without_any_place_is_not_shown() -> None:
    figure = Figure(figsize=(0.6, 0.3), dpi=100)
    FigureCanvasAgg(figure)
    figure.add_axes((0, 0, 1, 1)).set_axis_off()
    made = [label(figure.axes[0], "wide label", (0.1, 0.5)) for _ in range(2)]
    assert all(isinstance(one, Annotation) for one in made)
    keep_apart(figure)
    assert [one.get_visible() for one in made] == [False, False]


def test_texts_that_are_not_drawn_are_not_counted() -> None:
    figure = _figure()
    axes = figure.axes[0]
    axes.set_xticks([0, 5, 10, 15], ["a", "b", "c", "beyond"])
    axes.set_xlim(0, 10)
    axes.text(1, 1, " ")
    axes.text(1, 2, "hidden", visible=False)
    figure.draw_without_rendering()
    told = {text.get_text() for text in shown_texts(figure)}
    assert {"a", "b", "c"} < told
    assert not {"beyond", "hidden", " "} & told

"""What the texts of a picture are held to, at each width that it is drawn at."""

from __future__ import annotations

from itertools import combinations

from analysis.report.figures import theme
from analysis.report.figures.direct_labels import box_of, overlap, shown_texts
from analysis.report.figures.picture import Picture

MOST_WORDS = {"en": 15, "vi": 25}
"""Words of English, or syllables of Vietnamese, that a message may have."""


def drawn(picture: Picture, width: float = theme.WIDE) -> list[str]:
    """Return every text that is shown in a picture drawn at a width."""
    return [text.get_text() for text in shown_texts(picture.laid_out(width)[0])]


def assert_no_overlap(picture: Picture, widths: tuple[float, ...] = (theme.WIDE, theme.NARROW)) -> None:
    """Fail where two texts of a picture lie over each other, or one leaves the figure, or is too small to be read."""
    for width in (theme.NARROW,) if picture.width == "third" else widths:
        figure, _ = picture.laid_out(width)
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        boxes = [(text.get_text(), box_of(text, renderer)) for text in shown_texts(figure)]
        over = [(one, other) for (one, a), (other, b) in combinations(boxes, 2) if overlap(a, b)]
        assert over == [], f"at {width} inches"
        frame = figure.bbox.padded(1)
        outside = [
            text
            for text, box in boxes
            if box.x0 < frame.x0 or box.y0 < frame.y0 or box.x1 > frame.x1 or box.y1 > frame.y1
        ]
        assert outside == [], f"at {width} inches"
        assert all(text.get_fontsize() >= theme.SMALL_TEXT for text in shown_texts(figure))


def assert_short(picture: Picture, language: str) -> None:
    """Fail where the message of a picture is longer than one reads at a glance."""
    assert len(picture.title.split()) <= MOST_WORDS[language], picture.title

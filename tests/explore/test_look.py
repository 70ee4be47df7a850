"""Labels and figures carry their own colours: a notebook has no style sheet of ours, and its theme may be dark."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from analysis import Quarter
from analysis.explore.drill_down import DrillDown
from analysis.explore.look import STYLES, label


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("kind", STYLES)
def test_a_label_is_legible_on_any_theme(kind: str) -> None:
    style = STYLES[kind]
    ground, ink = (re.search(rf"(?:^|;){name}:(#[0-9a-f]{{6}})", style)[1] for name in ("background", "color"))
    assert (_luminance(ground) + 0.05) / (_luminance(ink) + 0.05) >= 7


def test_a_label_escapes_and_is_nothing_without_a_sentence() -> None:
    assert "&lt;b&gt;" in label("<b>")
    assert label("") == ""


@pytest.mark.slow
def test_a_figure_has_a_ground_of_its_own_and_a_width(q: Quarter) -> None:
    image = BeautifulSoup(DrillDown(q).picture.value, "html.parser").img
    assert image["style"] == "width:720px;max-width:100%;background:#fff"
    assert image["alt"]

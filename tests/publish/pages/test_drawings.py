"""A drawing is built anew from what a drawing may have; anything else refuses the page."""

from __future__ import annotations

import pytest

from analysis.faults import GateRefused
from analysis.publish.pages.drawings import rebuild

GOOD = (
    '<svg class="drawing on-wide" viewBox="0 14.5 576 240" role="img" aria-label="A &amp; &lt;B&gt;: 27%">'
    '<path class="f-blue s-paper" d="M0 1.5L-2 3C1 2 3 4 5 6Q1 2 3 4Z" fill-opacity="0.2" stroke-width="1.5" '
    'stroke-dasharray="5 2"/>'
    '<text class="f-ink bold" x="3" y="4.5" font-size="9" text-anchor="middle" transform="rotate(-90 3 4.5)">'
    "Đất đai &lt;b&gt; &amp; c</text></svg>"
)


def test_a_drawing_of_ours_comes_back_as_it_is() -> None:
    assert rebuild(GOOD, name="x") == GOOD


@pytest.mark.parametrize(
    ("drawing", "why"),
    [
        ("<svg><path onclick='x()' d='M0 0'/></svg>", "no attribute onclick"),
        ("<svg><path style='fill: red' d='M0 0'/></svg>", "no attribute style"),
        ("<svg><path id='a' d='M0 0'/></svg>", "no attribute id"),
        ("<svg><path d='M0 0 url(x)'/></svg>", "cannot be"),
        ("<svg><path class='a\"b' d='M0 0'/></svg>", "cannot be"),
        ("<svg class='skip'/>", "cannot be"),
        ("<svg><text class='simulated notice'>real</text></svg>", "cannot be"),
        ("<svg><text x='\u0661' y='1'>a</text></svg>", "cannot be"),
        ("<svg><path d='M0 0'>alert</path></svg>", "nothing inside but text"),
        ("<svg><text x='1' y='1'>a<tspan>b</tspan></text></svg>", "nothing inside but text"),
        ("<svg><text x='1' y='1' transform='matrix(1 0 0 1 0 0)'>a</text></svg>", "cannot be"),
        ("<svg><use href='#a'/></svg>", "no <use>"),
        ("<svg><image href='http://bad.example'/></svg>", "no <image>"),
        ("<svg><svg/></svg>", "no <svg>"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "an <svg>, not a"),
        ("<svg xmlns:xlink='http://www.w3.org/1999/xlink'><path xlink:href='x'/></svg>", "no attribute"),
        ("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "declares something"),
        ("<svg><![CDATA[<script>]]></svg>", "declares something"),
        ("<svg><path></svg>", "not well-formed"),
        ("<p>text</p>", "an <svg>, not a <p>"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(drawing: str, why: str) -> None:
    with pytest.raises(GateRefused) as refused:
        rebuild(drawing, name="02_x, figure 1")
    assert str(refused.value).startswith("02_x, figure 1: ")
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)

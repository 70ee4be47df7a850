from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.report.figures.axes import hidden_cells_sentence, write_shares
from analysis.report.wording import Wording


def test_the_page_says_that_cells_are_hidden_only_where_one_is() -> None:
    shown = pd.DataFrame({"hidden": [True, False]})
    said = "Hidden: cells of 1 to 4 cases, and those that would give them away."
    assert hidden_cells_sentence(shown, Wording("en"), "cases") == said
    assert hidden_cells_sentence(shown.tail(1), Wording("en"), "cases") == ""


@pytest.mark.parametrize(
    ("limits", "language", "said"),
    [
        ((0.0, 1.0), "en", ["0%", "20%", "40%", "60%", "80%", "100%"]),
        ((0.25, 0.27), "vi", ["25,0%", "25,5%", "26,0%", "26,5%", "27,0%"]),
        ((0.0, 0.0012), "en", ["0.00%", "0.02%", "0.04%", "0.06%", "0.08%", "0.10%", "0.12%"]),
    ],
)
def test_ticks_have_the_decimals_their_step_needs(limits: tuple[float, float], language: str, said: list[str]) -> None:
    axes = Figure().subplots()
    axes.set_ylim(*limits)
    write_shares(axes.yaxis, language)
    assert [text.get_text() for text in axes.get_yticklabels()] == said

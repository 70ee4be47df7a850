"""Any share by body, field, district or channel, month by month: choose, and see the picture and its counts."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display

from analysis.explore.cuts import Cuts, together, within
from analysis.parameters import RunParameters
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture, mark_simulated, period_axis, set_title, write_shares
from analysis.report.small_cells import LEAST, is_small
from analysis.report.tables.plain import plain
from analysis.report.wording import INDICATORS, Wording
from analysis.results import Results

_ = str

DIMENSION_WORDS = {
    "total": _("The whole"),
    "agency": _("Bodies"),
    "field": _("Fields"),
    "district": _("Districts"),
    "channel": _("Channels"),
}
CHANNEL_WORDS = {
    "online": _("online"),
    "counter": _("at the counter"),
    "post": _("by post"),
    "other": _("other ways"),
}

LINES = ((theme.BLUE, "o"), (theme.VERMILION, "s"), (theme.GREEN, "^"), (theme.GREY, "D"), (theme.PINK, "v"))
"""How the lines of a picture look: as many as the theme has colours, and never told apart by colour alone."""

PERIODS = 12
"""Periods shown at first."""

WIDE = {"style": {"description_width": "160px"}, "layout": {"width": "640px"}}


class DrillDown:
    """The controls of ``drill_down`` and what they show.

    Parameters
    ----------
    run : RunParameters
        The run; its language is that of the labels.
    results : Results
        Its results.

    Attributes
    ----------
    shown : pd.DataFrame
        Columns `cuts.COLUMNS`: the cells behind picture and table, small ones included.
    """

    def __init__(self, run: RunParameters, results: Results) -> None:
        self._results, self._words = results, Wording(run.language)
        self._cuts = Cuts(results, results.plan.interpretation(run.answers))
        words = self._words
        offered = [(self._indicator(code), code) for code in self._cuts.indicators]
        self.indicator = widgets.Dropdown(options=offered, description=words.text("Indicator"), **WIDE)
        self.dimension = widgets.Dropdown(description=words.text("Cut by"), **WIDE)
        self.members = widgets.SelectMultiple(rows=8, description=words.text("Shown"), **WIDE)
        self.periods = widgets.SelectionRangeSlider(
            options=[("", "")], description=words.text("From – to"), continuous_update=False, **WIDE
        )
        self.picture, self.table = widgets.HTML(), widgets.HTML()
        self.table.add_class("jp-RenderedHTMLCommon")  # JupyterLab's own look of tables, as outputs have it
        self.box = widgets.VBox([self.indicator, self.dimension, self.members, self.periods, self.picture, self.table])
        self.indicator.observe(self._offer_dimensions, "value")
        self.dimension.observe(self._offer_members, "value")
        for control in (self.members, self.periods):
            control.observe(self._draw, "value")
        self._offer_dimensions()

    def show(self) -> None:
        """Display the controls."""
        display(self.box)

    def _offer_dimensions(self, _: Any = None) -> None:
        # Taking one choice up changes what the next offers: it is not told of each step of that.
        self.dimension.unobserve(self._offer_members, "value")
        before = self.dimension.value
        offered = self._cuts.dimensions(self.indicator.value)
        self.dimension.options = [(self._words.text(DIMENSION_WORDS[one]), one) for one in offered]
        self.dimension.value = before if before in offered else offered[0]
        self.dimension.observe(self._offer_members, "value")
        self._offer_members()

    def _offer_members(self, _: Any = None) -> None:
        self._shares = self._cuts.shares(self.indicator.value, self.dimension.value)
        largest = together(self._shares).sort_values("denominator", ascending=False, kind="stable")
        codes, labels = list(largest["series"]), sorted(self._shares["period"].unique())
        for control in (self.members, self.periods):
            control.unobserve(self._draw, "value")
        before = [code for code in self.members.value if code in codes]
        self.members.options = [(self._name(code), code) for code in codes]
        self.members.value = before or codes[: len(LINES)]
        asked = self.periods.value
        self.periods.options = [(numbers.period(label, self._words.language), label) for label in labels]
        is_kept = asked and set(asked) <= set(labels)
        self.periods.value = asked if is_kept else (labels[-PERIODS:][0], labels[-1])
        for control in (self.members, self.periods):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        self.shown = within(self._shares, self.members.value, *self.periods.value)
        if self.shown.empty:
            self.picture.value = self.table.value = ""
            return
        self.picture.value = _html(self._lines())
        pieces = [(self.shown, self._words.text("Period by period"))]
        if not self._cuts.is_stock(self.indicator.value):
            pieces.insert(0, (together(self.shown), self._words.text("The periods chosen, together")))
        self.table.value = "".join(plain(self._written(one), caption=said) for one, said in pieces)

    def _hidden(self, shares: pd.DataFrame) -> pd.Series:
        return is_small(shares) & (not self._cuts.is_stock(self.indicator.value))

    def _lines(self) -> Picture:
        words, language, labels = self._words, self._words.language, sorted(self.shown["period"].unique())
        drawn = [code for code in self.members.value if code in set(self.shown["series"])][: len(LINES)]
        clear = self.shown[self.shown["series"].isin(drawn) & ~self._hidden(self.shown)]
        theme.apply()
        figure, axes = plt.subplots(figsize=(theme.WIDTH, theme.HEIGHT), layout="constrained")
        for code, (colour, marker) in zip(drawn, LINES, strict=False):
            values = clear[clear["series"] == code].set_index("period")["value"].reindex(labels)
            axes.plot(range(len(labels)), values, color=colour, marker=marker, label=self._name(code))
        if len(drawn) > 1:
            figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8.5)
        period_axis(axes, labels, language)
        title = self._indicator(self.indicator.value)
        write_shares(axes.yaxis, language)
        set_title(figure, title)
        mark_simulated(figure, self._results, words)
        plt.close(figure)
        last = clear.groupby("series").last().sort_values("value")
        alt = title
        if len(last):
            alt = words.text(
                "{what}, {first} to {last}, {lines} lines; at their ends highest {high} ({high_share}), lowest {low} "
                "({low_share}).",
                what=title,
                first=numbers.period(labels[0], language),
                last=numbers.period(labels[-1], language),
                lines=numbers.count(len(last), language),
                high=self._name(str(last.index[-1])),
                high_share=numbers.percent(last["value"].iloc[-1], language),
                low=self._name(str(last.index[0])),
                low_share=numbers.percent(last["value"].iloc[0], language),
            )
        caption = words.text(
            "A dot per period; those with a denominator below {least} are left out. The first {most} chosen are drawn, "
            "all of them stand in the table.",
            least=numbers.count(LEAST, language),
            most=numbers.count(len(LINES), language),
        )
        return Picture(figure, alt, caption, self.shown, self.shown)

    def _written(self, shares: pd.DataFrame) -> pd.DataFrame:
        """Return shares with their counts as a reader sees them, nothing of the small ones."""
        words, language, small = self._words, self._words.language, self._hidden(shares).to_numpy()
        written = {words.text(DIMENSION_WORDS[self.dimension.value]): [self._name(code) for code in shares["series"]]}
        if "period" in shares:
            written[words.text("Period")] = [numbers.period(label, language) for label in shares["period"]]
        for head, column, say in (
            (words.text("Numerator"), "numerator", numbers.count),
            (words.text("Denominator"), "denominator", numbers.count),
            (words.text("Share"), "value", numbers.percent),
        ):
            written[head] = [say(value, language) for value in shares[column]]
            hidden = words.text("small cells hidden") if column == "value" else numbers.MISSING
            written[head] = [hidden if one else said for one, said in zip(small, written[head], strict=True)]
        return pd.DataFrame(written)

    def _indicator(self, code: str) -> str:
        if code in INDICATORS:
            return self._words.indicator(self._results.plan, code)
        return self._words.of(next(one.title for one in self._results.plan.targets if one.id == code))

    def _name(self, code: str) -> str:
        if self.dimension.value == "channel":
            return self._words.text(CHANNEL_WORDS[code])
        return self._words.name(self._results.plan, code)


def _html(picture: Picture) -> str:
    data = base64.b64encode(picture.png()).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(picture.alt)}">'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )

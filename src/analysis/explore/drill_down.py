"""The controls of notebook drill_down: any share with its counts, split by body, field, district or channel."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display

from analysis.parameters import RunParameters
from analysis.plan.promises import ItemsPromise
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report import numbers, theme
from analysis.report.figure import MIN_CASES, Picture, is_small, mark_simulated, period_axis, set_title, write_shares
from analysis.report.html_table import plain_table
from analysis.report.wording import Wording

COLUMNS = ["series", "period", "numerator", "denominator", "value"]
"""Columns of the cells shown: counts as the indicator counts them, `value` their share (0–1)."""

LINE_STYLES = ((theme.BLUE, "o"), (theme.VERMILION, "s"), (theme.GREEN, "^"), (theme.GREY, "D"), (theme.PINK, "v"))
"""Colour and marker of each line of the figure: as many as the theme has colours, no two alike without colour."""

FIRST_PERIODS = 12
"""Periods that are shown when the controls are opened, the last ones."""

CONTROL_STYLE: dict[str, Any] = {"style": {"description_width": "160px"}, "layout": {"width": "640px"}}


class DrillDown:
    """The controls of ``drill_down``, and the figure and table that they show.

    Parameters
    ----------
    run : RunParameters
        The run; its language is that of the labels.
    results : Results
        Its results.

    Attributes
    ----------
    shown : pd.DataFrame
        Columns `COLUMNS`: the cells behind figure and table, small ones included.
    """

    def __init__(self, run: RunParameters, results: Results) -> None:
        self._results, self._words = results, Wording(run.language)
        self._cuts = SharesByDimension(results)
        words = self._words
        indicators = [(self._indicator_name(code), code) for code in self._cuts.indicators]
        self.indicator = widgets.Dropdown(options=indicators, description=words.text("Indicator"), **CONTROL_STYLE)
        self.dimension = widgets.Dropdown(description=words.text("Cut by"), **CONTROL_STYLE)
        self.members = widgets.SelectMultiple(rows=8, description=words.text("Shown"), **CONTROL_STYLE)
        self.periods = widgets.SelectionRangeSlider(
            options=[("", "")], description=words.text("From – to"), continuous_update=False, **CONTROL_STYLE
        )
        self.picture, self.table = widgets.HTML(), widgets.HTML()
        self.table.add_class("jp-RenderedHTMLCommon")  # tables look as in the outputs of JupyterLab
        self.box = widgets.VBox([self.indicator, self.dimension, self.members, self.periods, self.picture, self.table])
        self.indicator.observe(self._list_dimensions, "value")
        self.dimension.observe(self._list_members, "value")
        for control in (self.members, self.periods):
            control.observe(self._draw, "value")
        self._list_dimensions()

    def show(self) -> None:
        """Display the controls."""
        display(self.box)

    def _list_dimensions(self, _: Any = None) -> None:
        # New options change the choice of the next control several times: it is drawn once, at the end.
        self.dimension.unobserve(self._list_members, "value")
        before = self.dimension.value
        dimensions = self._cuts.dimensions(self.indicator.value)
        self.dimension.options = [(self._dimension_name(one), one) for one in dimensions]
        self.dimension.value = before if before in dimensions else dimensions[0]
        self.dimension.observe(self._list_members, "value")
        self._list_members()

    def _list_members(self, _: Any = None) -> None:
        self._shares = self._cuts.shares(self.indicator.value, self.dimension.value)
        largest = together(self._shares).sort_values("denominator", ascending=False, kind="stable")
        codes, labels = list(largest["series"]), sorted(self._shares["period"].unique())
        for control in (self.members, self.periods):
            control.unobserve(self._draw, "value")
        before = [code for code in self.members.value if code in codes]
        self.members.options = [(self._name(code), code) for code in codes]
        self.members.value = before or codes[: len(LINE_STYLES)]
        chosen = self.periods.value
        self.periods.options = [(numbers.period(label, self._words.language), label) for label in labels]
        is_still_there = chosen and set(chosen) <= set(labels)
        self.periods.value = chosen if is_still_there else (labels[-FIRST_PERIODS:][0], labels[-1])
        for control in (self.members, self.periods):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        self.shown = within(self._shares, self.members.value, *self.periods.value)
        if self.shown.empty:
            self.picture.value = self.table.value = ""
            return
        self.picture.value = self._figure().html()
        tables = [(self.shown, self._words.text("Period by period"))]
        if not self._cuts.is_stock(self.indicator.value):
            tables.insert(0, (together(self.shown), self._words.text("The periods chosen, together")))
        self.table.value = "".join(plain_table(self._written(shares), caption=caption) for shares, caption in tables)

    def _hidden(self, shares: pd.DataFrame) -> pd.Series:
        return is_small(shares) & (not self._cuts.is_stock(self.indicator.value))

    def _figure(self) -> Picture:
        words, language, labels = self._words, self._words.language, sorted(self.shown["period"].unique())
        drawn = [code for code in self.members.value if code in set(self.shown["series"])][: len(LINE_STYLES)]
        clear = self.shown[self.shown["series"].isin(drawn) & ~self._hidden(self.shown)]
        theme.apply()
        figure, axes = plt.subplots(figsize=(theme.WIDTH, theme.HEIGHT), layout="constrained")
        for code, (colour, marker) in zip(drawn, LINE_STYLES, strict=False):
            values = clear[clear["series"] == code].set_index("period")["value"].reindex(labels)
            axes.plot(range(len(labels)), values, color=colour, marker=marker, label=self._name(code))
        if len(drawn) > 1:
            figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8.5)
        period_axis(axes, labels, language)
        title = self._indicator_name(self.indicator.value)
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
            least=numbers.count(MIN_CASES, language),
            most=numbers.count(len(LINE_STYLES), language),
        )
        return Picture(figure, alt, caption, self.shown, self.shown)

    def _written(self, shares: pd.DataFrame) -> pd.DataFrame:
        """Return shares with their counts as a table for the reader, small cells hidden."""
        words, language, small = self._words, self._words.language, self._hidden(shares).to_numpy()
        written = {self._dimension_name(self.dimension.value): [self._name(code) for code in shares["series"]]}
        if "period" in shares:
            written[words.text("Period")] = [numbers.period(label, language) for label in shares["period"]]
        for head, column, write in (
            (words.text("Numerator"), "numerator", numbers.count),
            (words.text("Denominator"), "denominator", numbers.count),
            (words.text("Share"), "value", numbers.percent),
        ):
            cells = [write(value, language) for value in shares[column]]
            hidden = words.text("small cells hidden") if column == "value" else numbers.MISSING
            written[head] = [hidden if is_hidden else cell for is_hidden, cell in zip(small, cells, strict=True)]
        return pd.DataFrame(written)

    def _indicator_name(self, code: str) -> str:
        return self._words.indicator(self._results.plan, code)

    def _dimension_name(self, dimension: str) -> str:
        return self._words.text("The whole") if dimension == TOTAL else self._words.dimension(dimension)

    def _name(self, code: str) -> str:
        return self._words.name(self._results.plan, self.dimension.value, code)


class SharesByDimension:
    """The shares of a run, of the whole and split by each dimension.

    Parameters
    ----------
    results : Results
        Results of the run.
    """

    def __init__(self, results: Results) -> None:
        self._results = results
        known = results.indicators.series.dropna(subset=["numerator", "denominator"])
        self._shares = known[~known["indicator"].str.endswith(("_due", "_headcount"))]

    @property
    def indicators(self) -> list[str]:
        """Every indicator that is a share of things counted, in the order of the results."""
        return list(self._shares["indicator"].unique())

    def is_stock(self, indicator: str) -> bool:
        """Return whether an indicator counts the items of a list, in each period all of them again.

        Such counts do not add up over periods, and say nothing about persons.
        """
        return isinstance(self._results.plan.targets.get(indicator), ItemsPromise)

    def dimensions(self, indicator: str) -> list[str]:
        """Return the dimensions that an indicator is split by, the whole first."""
        mine = self._shares.loc[self._shares["indicator"] == indicator, "dimension"].unique()
        return sorted(mine, key=lambda dimension: dimension != TOTAL)

    def shares(self, indicator: str, dimension: str) -> pd.DataFrame:
        """Return an indicator split by a dimension.

        Parameters
        ----------
        indicator, dimension : str
            One of `indicators`, and one of its `dimensions`.

        Returns
        -------
        pd.DataFrame
            Columns `COLUMNS`, a row per code and period in the order of time; counts in cases, ratings or items.
        """
        mine = self._shares[(self._shares["indicator"] == indicator) & (self._shares["dimension"] == dimension)]
        mine = mine[~mine["series"].isin(self._results.plan.groups.get(dimension, {}))]
        return mine.sort_values(["series", "period"], ignore_index=True)[COLUMNS]


def within(shares: pd.DataFrame, members: tuple[str, ...], first: str, last: str) -> pd.DataFrame:
    """Return the shares of some members from one period to another, the members in the order asked for.

    Parameters
    ----------
    shares : pd.DataFrame
        Columns `COLUMNS`.
    members : tuple of str
        Codes of the members.
    first, last : str
        The periods, both included.
    """
    mine = shares[shares["series"].isin(members) & shares["period"].between(first, last)]
    order = mine["series"].map({code: at for at, code in enumerate(members)})
    return mine.assign(order=order).sort_values(["order", "period"], ignore_index=True).drop(columns="order")


def together(shares: pd.DataFrame) -> pd.DataFrame:
    """Return `series, numerator, denominator, value` of each series over all its periods: the ratio of the sums."""
    sums = shares.groupby("series", sort=False, as_index=False)[["numerator", "denominator"]].sum()
    return sums.assign(value=sums["numerator"] / sums["denominator"].where(sums["denominator"] > 0))

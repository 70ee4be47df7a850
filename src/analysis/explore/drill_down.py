"""The controls of notebook drill_down: any share with its counts, split by one or two dimensions, and its export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Self

import ipywidgets as widgets
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from analysis import periods
from analysis.explore import look
from analysis.explore.look import figure_html
from analysis.faults import BadParameters
from analysis.indicators.disclosure import SHOWN_FROM, hidden_where_crossed, is_small
from analysis.indicators.measured import cut
from analysis.indicators.trend import share_interval
from analysis.plan.promises import ItemsPromise
from analysis.plan.record import TOTAL
from analysis.quarter import stages
from analysis.quarter.quarter import Quarter
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import draw_promise, mark_simulated, period_axis, short_name
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.html_table import csv_text, plain_table
from analysis.report.quantities import shares
from analysis.report.wording import Wording

KEYS = ["series", "second"]
"""Codes of a cell: by the first dimension and by the second, which is empty where there is none."""

COLUMNS = [*KEYS, "period", "numerator", "denominator", "value"]
"""Columns of cells: counts as the indicator counts them, `value` their share (0–1)."""

LINE_STYLES = (
    (theme.BLUE, "o"), (theme.VERMILION, "s"), (theme.GREEN, "^"), (theme.PINK, "v"), (theme.INK, "D"),
    (theme.GREY, "P"), (theme.BLUE, "X"), (theme.GREEN, "*"),
)  # fmt: skip
"""Colour and marker of each line of the figure: no two alike without colour."""

FIRST_LINES = 5
"""Members that are shown when the controls are opened, the largest."""

FIRST_PERIODS = 12
"""Periods that are shown when the controls are opened, the last ones."""

CONTROL_STYLE: dict[str, Any] = {"style": {"description_width": "220px"}, "layout": {"width": "700px"}}


@dataclass(frozen=True, eq=False)
class _Line:
    """One line of the figure: `values` has `value, lower, upper` by period, missing where hidden."""

    name: str
    values: pd.DataFrame
    color: str
    marker: str

    @property
    def is_known(self) -> bool:
        return bool(self.values["value"].notna().any())

    @property
    def last(self) -> float:
        return float(self.values["value"].dropna().iloc[-1])


class DrillDown:
    """The controls of ``drill_down``, and the figure and tables that they show.

    Parameters
    ----------
    q : Quarter
        The quarter; the language of its run is that of the labels.
    """

    def __init__(self, q: Quarter) -> None:
        self._q, self._words, self._silent = q, Wording(q.run.language), 0
        self._cuts = SharesByDimension(q.results)
        self._drawn: Picture | None = None
        words = self._words
        indicators = [(self._indicator_name(code), code) for code in self._cuts.indicators]
        self.indicator = widgets.Dropdown(options=indicators, description=words.text("Indicator"), **CONTROL_STYLE)
        self.dimension = widgets.Dropdown(description=words.text("Cut by"), **CONTROL_STYLE)
        self.members = widgets.SelectMultiple(rows=8, description=words.text("Shown"), **CONTROL_STYLE)
        self.second = widgets.Dropdown(description=words.text("and by"), **CONTROL_STYLE)
        self.second_members = widgets.SelectMultiple(rows=6, description=words.text("Shown"), **CONTROL_STYLE)
        self.periods = widgets.SelectionRangeSlider(
            options=[("", "")], description=words.text("From – to"), continuous_update=False, **CONTROL_STYLE
        )
        self.save = widgets.Button(description=words.text("Save table and picture"), layout={"width": "240px"})
        self.picture, self.table, self.saved = (widgets.HTML() for _control in range(3))
        self.table.add_class("jp-RenderedHTMLCommon")  # tables look as in the outputs of JupyterLab
        self.box = widgets.VBox(
            [
                self.indicator, self.dimension, self.members, self.second, self.second_members, self.periods,
                self.picture, widgets.HBox([self.save]), self.saved, self.table,
            ]
        )  # fmt: skip
        self.indicator.observe(self._list_dimensions, "value")
        self.dimension.observe(self._list_members, "value")
        self.second.observe(self._list_second, "value")
        for control in (self.members, self.second_members, self.periods):
            control.observe(self._draw, "value")
        self.save.on_click(lambda _button: self.export())
        self._list_dimensions()

    def show(self) -> Self:
        """Display the controls and return them: `shown` is what they are set to."""
        display(self.box)
        return self

    def __repr__(self) -> str:
        by = ", ".join(self._dimensions) or TOTAL
        return f"DrillDown({self.indicator.value} by {by}, {len(self._cells)} cells)"

    @property
    def shown(self) -> pd.DataFrame:
        """The cells behind figure and table, small ones included.

        Columns: the dimensions it is cut by, `period` (pandas periods), `numerator, denominator, value` and
        `lower, upper`, the 80 % interval of a share given its count; missing where every item of a list is counted.
        """
        return self._named(self._cells.drop(columns="hidden"))

    def export(self, folder: str | Path | None = None) -> list[Path]:
        """Write the cells shown as CSV and the figure as PNG and SVG, small cells hidden, and return where.

        Parameters
        ----------
        folder : str or Path, optional
            Where to; ``reports/explore/<plan>/<quarter>`` of the project by default.

        Raises
        ------
        BadParameters
            Nothing is shown.
        """
        if self._drawn is None:
            raise BadParameters("nothing is shown that could be saved")
        run = self._q.run
        into = stages.REPORTS / "explore" / run.plan_name / run.quarter if folder is None else Path(folder)
        into.mkdir(parents=True, exist_ok=True)
        first, last = self.periods.value
        stem = "-".join([self.indicator.value, *self._dimensions, first, last])
        files = [into / f"{stem}.{kind}" for kind in ("csv", "png", "svg")]
        table = self._named(self._without_small(self._cells)).astype({"period": str})
        files[0].write_text(csv_text(table), encoding="utf-8")
        files[1].write_bytes(self._drawn.png())
        figure, _ = self._drawn.laid_out(theme.WIDE)
        figure.savefig(files[2], metadata={"Date": None}, facecolor=theme.PAPER)
        said = self._words.text("Saved, small cells hidden: {files}", files=", ".join(map(str, files)))
        self.saved.value = look.label(said)
        return files

    @property
    def _dimensions(self) -> list[str]:
        return [one for one in (self.dimension.value, self.second.value) if one and one != TOTAL]

    def _named(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return cells with a column per dimension, under its name, and periods as periods."""
        dimensions = {key: one for key, one in zip(KEYS, (self.dimension.value, self.second.value), strict=True)
                      if one and one != TOTAL}  # fmt: skip
        framed = cells.drop(columns=[key for key in KEYS if key not in dimensions]).rename(columns=dimensions)
        return framed.assign(period=pd.PeriodIndex([periods.parse(one) for one in framed["period"]]))

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """While it lasts, controls change without anything being drawn in between."""
        self._silent += 1
        try:
            yield
        finally:
            self._silent -= 1

    def _list_dimensions(self, _: Any = None) -> None:
        with self._quiet():
            before = self.dimension.value
            dimensions = self._cuts.dimensions(self.indicator.value)
            self.dimension.options = [(self._dimension_name(one), one) for one in dimensions]
            self.dimension.value = before if before in dimensions else dimensions[0]
        self._list_members()

    def _list_members(self, _: Any = None) -> None:
        if self._silent:
            return
        with self._quiet():
            whole = self._cuts.cells(self.indicator.value, self.dimension.value)
            self._offer(self.members, whole, "series", self.dimension.value)
            labels = sorted(whole["period"].unique())
            chosen = self.periods.value
            self.periods.options = [(numbers.period(one, self._words.language), one) for one in labels]
            is_still_there = chosen and set(chosen) <= set(labels)
            self.periods.value = chosen if is_still_there else (labels[-FIRST_PERIODS:][0], labels[-1])
            before, offered = self.second.value, self._cuts.second(self.indicator.value, self.dimension.value)
            none = (self._words.text("nothing else"), "")
            self.second.options = [none, *[(self._dimension_name(one), one) for one in offered]]
            self.second.value = before if before in offered else ""
            self.second.layout.display = "" if offered else "none"
        self._list_second()

    def _list_second(self, _: Any = None) -> None:
        if self._silent:
            return
        with self._quiet():
            chosen = (self.indicator.value, self.dimension.value, self.second.value)
            self._all = self._cuts.cells(*chosen).assign(hidden=self._cuts.hidden(*chosen))
            if self.second.value:
                self._offer(self.second_members, self._all, "second", self.second.value)
            self.second_members.layout.display = "" if self.second.value else "none"
        self._draw()

    def _offer(self, control: widgets.SelectMultiple, cells: pd.DataFrame, key: str, dimension: str) -> None:
        """Offer the members of a dimension, those with most cases first, and choose as before or the largest."""
        sums = cells.groupby(key)["denominator"].sum().sort_values(ascending=False, kind="stable")
        before = [code for code in control.value if code in sums.index]
        control.options = [(self._name(dimension, str(code)), code) for code in sums.index]
        most = FIRST_LINES if key == "series" else 2
        control.value = before or list(sums.index[:most])

    def _draw(self, _: Any = None) -> None:
        if self._silent:
            return
        second = self.second_members.value if self.second.value else ("",)
        cells = within(self._all, self.members.value, second, *self.periods.value)
        self._cells = self._with_interval(cells)
        self.saved.value = ""
        if cells.empty:
            self._drawn, self.picture.value, self.table.value = None, "", ""
            return
        self._drawn = self._figure()
        self.picture.value = figure_html(self._drawn)
        tables = [(self._cells, self._words.text("Period by period"))]
        if not self._is_stock:
            whole = self._with_interval(together(cells))
            tables.insert(0, (whole, self._words.text("The periods chosen, together")))
        self.table.value = "".join(plain_table(self._written(shares), caption=caption) for shares, caption in tables)

    @property
    def _is_stock(self) -> bool:
        return self._cuts.is_stock(self.indicator.value)

    def _with_interval(self, cells: pd.DataFrame) -> pd.DataFrame:
        # All items of a list are counted: there is nothing that a sample could be wrong about.
        return cells.assign(lower=np.nan, upper=np.nan) if self._is_stock else share_interval(cells)

    def _without_small(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return cells with what could say something of single persons missing, the interval included."""
        counts = ["numerator", "denominator"]
        shown = cells.astype(dict.fromkeys(counts, "Int64"))
        shown.loc[cells["hidden"], [*counts, "value", "lower", "upper"]] = pd.NA
        return shown

    def _lines(self) -> list[tuple[str, str]]:
        """Return the codes of the lines drawn: the first chosen ones, in order."""
        there = set(zip(self._cells["series"], self._cells["second"], strict=True))
        second = self.second_members.value if self.second.value else ("",)
        return [pair for pair in product(self.members.value, second) if pair in there][: len(LINE_STYLES)]

    def _line_name(self, pair: tuple[str, str]) -> str:
        codes = zip((self.dimension.value, self.second.value), pair, strict=True)
        return " · ".join(self._name(dimension, code) for dimension, code in codes if code)

    def _figure(self) -> Picture:
        words, language, labels = self._words, self._words.language, sorted(self._cells["period"].unique())
        clear, lines = self._without_small(self._cells), []
        for pair, (color, marker) in zip(self._lines(), LINE_STYLES, strict=False):
            mine = clear[(clear["series"] == pair[0]) & (clear["second"] == pair[1])].set_index("period")
            values = mine[["value", "lower", "upper"]].astype(float).reindex(labels)
            lines.append(_Line(self._line_name(pair), values, color, marker))
        chosen = [first for first, _second in self._lines()]
        promised = promised_lines(self._q, self.indicator.value, self.dimension.value, chosen)
        quantity = shares(language)

        def draw(figure: Figure) -> None:
            figure.set_figheight(theme.height(figure, 3.8))
            axes = figure.subplots()
            for at, line in enumerate(lines):
                # Side by side, so that the intervals of two lines do not hide each other.
                places = np.arange(len(labels)) + (at - (len(lines) - 1) / 2) * 0.08
                axes.vlines(
                    places, line.values["lower"], line.values["upper"], color=line.color, linewidth=1.5, alpha=0.55
                )
                axes.plot(places, line.values["value"], color=line.color, marker=line.marker, markersize=6)
            for rule, threshold in promised:
                draw_promise(axes, words, rule, threshold, quantity)
            # From the top down, so that labels that are moved apart keep the order of their lines.
            for line in sorted((one for one in lines if one.is_known), key=lambda one: -one.last):
                name = f"{short_name(line.name, 28)} " if len(lines) > 1 else ""
                label(axes, name + quantity.write(line.last), (len(labels) - 1 + 0.2, line.last), color=line.color)
            period_axis(axes, labels, language, quantity=quantity)
            mark_simulated(figure, self._q.results, words)

        alt = self._indicator_name(self.indicator.value)
        statistic = f"{alt}: {lines[0].name}" if len(lines) == 1 else alt
        title = words.text("Too few cases to show a share")
        known = sorted((one for one in lines if one.is_known), key=lambda one: one.last)
        if known:
            highest, lowest = known[-1], known[0]
            said = {"high_share": quantity.write(highest.last), "low_share": quantity.write(lowest.last)}
            alt = words.text(
                "{what}, {first} to {last}, {lines} lines; at their ends highest {high} ({high_share}), lowest {low} "
                "({low_share}).",
                what=alt,
                first=numbers.period(labels[0], language),
                last=numbers.period(labels[-1], language),
                lines=numbers.count(len(known), language),
                high=highest.name,
                low=lowest.name,
                **said,
            )
            title = words.text("Highest at the end: {name}, {value}", name=highest.name, value=said["high_share"])
            if len(known) == 1:
                period = numbers.period(str(highest.values["value"].last_valid_index()), language)
                title = words.text("{value} in {period}", value=said["high_share"], period=period)
        caption = words.text(
            "A dot per period with its 80% sampling interval; those with a denominator below {least}, and those that "
            "would give these away, are left out. The first {most} chosen are drawn, all of them stand in the table.",
            least=numbers.count(SHOWN_FROM, language),
            most=numbers.count(len(LINE_STYLES), language),
        )
        if promised:
            caption = f"{caption} {words.text('Dashed: what is promised for the year.')}"
        return Picture(
            draw, title=title, statistic=statistic, alt=alt, caption=caption, table=self._cells, values=self._cells
        )

    def _written(self, shares: pd.DataFrame) -> pd.DataFrame:
        """Return shares with their counts as a table for the reader, small cells hidden."""
        words, language = self._words, self._words.language
        small = (shares["hidden"] if "hidden" in shares else is_small(shares["denominator"])).to_numpy()
        written: dict[str, list[str]] = {}
        for key, dimension in zip(KEYS, (self.dimension.value, self.second.value), strict=True):
            if dimension:
                written[self._dimension_name(dimension)] = [self._name(dimension, code) for code in shares[key]]
        if "period" in shares:
            written[words.text("Period")] = [numbers.period(one, language) for one in shares["period"]]
        for head, column, write in (
            (words.text("Numerator"), "numerator", numbers.count),
            (words.text("Denominator"), "denominator", numbers.count),
            (words.text("Share"), "value", numbers.percent),
        ):
            cells = [write(value, language) for value in shares[column]]
            hidden = words.text("small cells hidden") if column == "value" else numbers.MISSING
            written[head] = [hidden if is_hidden else cell for is_hidden, cell in zip(small, cells, strict=True)]
        if not self._is_stock:
            between = zip(shares["lower"], shares["upper"], small, strict=True)
            written[words.text("80% sampling interval")] = [
                numbers.MISSING if is_hidden else numbers.percent_range(lower, upper, language)
                for lower, upper, is_hidden in between
            ]
        return pd.DataFrame(written)

    def _indicator_name(self, code: str) -> str:
        return self._words.indicator(self._q.plan, code)

    def _dimension_name(self, dimension: str) -> str:
        return self._words.text("The whole") if dimension == TOTAL else self._words.dimension(dimension)

    def _name(self, dimension: str, code: str) -> str:
        return self._words.name(self._q.plan, dimension, code)


class SharesByDimension:
    """The shares of a run, of the whole and split by one or two dimensions.

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

    def second(self, indicator: str, dimension: str) -> list[str]:
        """Return the dimensions that an indicator can be split by beside another; none beside the whole.

        Parameters
        ----------
        indicator, dimension : str
            One of `indicators`, and one of its `dimensions`.
        """
        cells = self._results.indicators.cells
        mine = cells[cells["indicator"] == indicator]
        together = [one for one in self.dimensions(indicator) if one in mine and mine[one].notna().any()]
        return [one for one in together if one != dimension] if dimension in together else []

    def cells(self, indicator: str, dimension: str, second: str = "") -> pd.DataFrame:
        """Return an indicator split by a dimension, or by two.

        Parameters
        ----------
        indicator, dimension, second : str
            One of `indicators`, one of its `dimensions`, and one that can stand beside it or the empty string.

        Returns
        -------
        pd.DataFrame
            Columns `COLUMNS`, a row per code or pair of codes and period in the order of time; counts in cases, ratings
            or items.
        """
        if second:
            counted = self._results.indicators.cells
            found = cut(counted[counted["indicator"] == indicator], [dimension, second, "period"])
            mine = found.rename(columns={dimension: "series", second: "second"}).dropna(subset=KEYS)
            for name, column in ((dimension, "series"), (second, "second")):
                mine = mine[~mine[column].isin(self._results.plan.abolished(name))]
            mine = mine[mine["denominator"] > 0]
        else:
            rows = self._shares[(self._shares["indicator"] == indicator) & (self._shares["dimension"] == dimension)]
            mine = rows[~rows["series"].isin(self._results.plan.groups.get(dimension, {}))].assign(second="")
        return mine.sort_values([*KEYS, "period"], ignore_index=True)[COLUMNS]

    def hidden(self, indicator: str, dimension: str, second: str = "") -> np.ndarray:
        """Return which rows of `cells` must not be passed on.

        Parameters
        ----------
        indicator, dimension, second : str
            See `cells`.
        """
        cells = self.cells(indicator, dimension, second)
        if self.is_stock(indicator):
            return np.zeros(len(cells), dtype=bool)
        if not second:
            rows = cells.assign(indicator=indicator, dimension=dimension)
            return self._results.published(rows)["hidden"].to_numpy()
        own = self._shares[self._shares["indicator"] == indicator]
        sides = own.assign(side=own["dimension"].map({dimension: "series", second: "second"})).dropna(subset="side")
        return hidden_where_crossed(cells, sides, self._results.indicators.hidden)


def promised_lines(q: Quarter, indicator: str, dimension: str, members: list[str]) -> list[tuple[str, float]]:
    """Return rule and threshold of what is promised of an indicator as a whole, or of one of some members.

    Parameters
    ----------
    q : Quarter
        The quarter.
    indicator, dimension : str
        The indicator, and what it is cut by.
    members : list of str
        Codes of the members drawn.
    """
    target = q.plan.targets.get(indicator)
    if isinstance(target, ItemsPromise):
        return [(target.rule, target.threshold)]
    found: dict[tuple[str, float], None] = {}
    rows = q.promised
    for row in rows[(rows["indicator"] == indicator) & rows["threshold"].notna()].itertuples():
        inside = {code for on, one in row.member.items() if on == dimension for code in q.plan.members(on, one)}
        if not row.member or inside & set(members):
            found[str(row.rule), float(row.threshold)] = None
    return list(found)


def within(
    cells: pd.DataFrame, members: tuple[str, ...], second: tuple[str, ...], first: str, last: str
) -> pd.DataFrame:
    """Return the cells of some members from one period to another, the members in the order asked for.

    Parameters
    ----------
    cells : pd.DataFrame
        Columns `COLUMNS`.
    members, second : tuple of str
        Codes of the first and of the second dimension.
    first, last : str
        The periods, both included.
    """
    mine = cells[cells["series"].isin(members) & cells["second"].isin(second) & cells["period"].between(first, last)]
    order = {pair: at for at, pair in enumerate(product(members, second))}
    place = [order[pair] for pair in zip(mine["series"], mine["second"], strict=True)]
    return mine.assign(order=place).sort_values(["order", "period"], ignore_index=True).drop(columns="order")


def together(cells: pd.DataFrame) -> pd.DataFrame:
    """Return `series, second, numerator, denominator, value` over all periods: the ratio of the sums."""
    sums = cells.groupby(KEYS, sort=False, as_index=False)[["numerator", "denominator"]].sum()
    return sums.assign(value=sums["numerator"] / sums["denominator"].where(sums["denominator"] > 0))

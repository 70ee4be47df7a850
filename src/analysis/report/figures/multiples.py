"""The figure of the members of a dimension side by side: a panel for each with its share by quarter."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.core.groupby import DataFrameGroupBy

from analysis import periods
from analysis.indicators.disclosure import QUARTERS_SHOWN
from analysis.plan.record import TOTAL
from analysis.quarter.bodies import promised_of
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import few_words, hidden_cells_sentence, mark_simulated, name_within, short_name
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.quantities import Quantity
from analysis.report.wording import Wording
from analysis.rules import Rule, meets

PANELS_IN_A_ROW, PANELS_IN_A_NARROW_ROW = 4, 2
MEMBERS_DRAWN, MEMBERS_DRAWN_NARROW = 16, 12
"""The largest members are drawn, all of them are in the table."""


def multiples(
    results: Results,
    words: Wording,
    indicator: str,
    dimension: str,
    series: list[str],
    origin: pd.Period,
    *,
    members: str,
) -> Picture | None:
    """Return a panel per member with its share by quarter, the largest member first, the whole in grey behind each.

    None where no share may be shown: too few cases, or no whole quarter yet.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    indicator, dimension : str
        The share, and the dimension of its members.
    series : list of str
        Codes of the members.
    origin : pd.Period
        The last period known; quarters not whole by then are left out.
    members : str
        What the reader calls the members: fields, districts.
    """
    plan, language = results.plan, words.language
    shares = _by_quarter(results, indicator, dimension, series, origin)
    sums = shares.groupby("series")["denominator"].sum()
    order = [str(code) for code in sums.sort_values(ascending=False, kind="stable").index if code != "total"]
    if shares.loc[shares["series"].isin(order), "value"].isna().all():
        return None
    quarters = sorted(shares["quarter"].unique())
    names = {code: words.name(plan, dimension, code) for code in order}
    promised = {code: promised_of(results, indicator, dimension, code) for code in order}
    how, what = words.quantity(plan, indicator), words.indicator(plan, indicator)

    def write(code: str, value: float) -> str:
        return how.beside(value, promised[code][1])

    def draw(figure: Figure) -> None:
        narrow = theme.is_narrow(figure)
        drawn = order[: MEMBERS_DRAWN_NARROW if narrow else MEMBERS_DRAWN]
        columns = min(PANELS_IN_A_NARROW_ROW if narrow else PANELS_IN_A_ROW, max(len(drawn), 2))
        rows = -(-len(drawn) // columns)
        figure.set_figheight(0.5 + (1.15 if narrow else 1.35) * rows)
        # Axes are not shared, which is slow: each axis would ask all others for its limits and ticks.
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(drawn) :]:
            axes.set_visible(False)
        lines = [promised[code][1] for code in drawn]
        _scale_alike(grid, shares[shares["series"].isin(["total", *drawn])], lines, quarters, how)
        room = 72 * figure.get_figwidth() / columns - (30 if narrow else 24)
        for code, axes in zip(drawn, grid.flat, strict=False):
            # Given its height, matplotlib does not search for what the title must stay clear of.
            name = name_within(figure, names[code], room, size=theme.size_of(figure))
            axes.set_title(name, y=1, fontweight="normal")
            _draw_member(axes, shares, code, quarters, promised[code][1], write(code, _last(shares, code, quarters)))
        _tell_promises(dict(zip(drawn, grid.flat, strict=False)), shares, promised, words, how)
        mark_simulated(figure, results, words)

    shown = shares[shares["series"].isin(order) & shares["value"].notna()].set_index("series")
    last = shown.loc[shown["quarter"] == quarters[-1], "value"]
    first = shown.loc[shown["quarter"] == quarters[0], "value"]
    change = (last - first).dropna().abs()
    most = str(change.idxmax()) if len(change) else ""
    alt = words.text(
        "{what}, {members}, {quarter}: from {low} ({low_name}) to {high} ({high_name}); moved most since {since}: "
        "{most} ({change} {unit}).",
        what=what,
        members=members,
        quarter=_quarter_label(quarters[-1], language),
        low=write(str(last.idxmin()), last.min()) if len(last) else numbers.MISSING,
        low_name=names[str(last.idxmin())] if len(last) else numbers.MISSING,
        high=write(str(last.idxmax()), last.max()) if len(last) else numbers.MISSING,
        high_name=names[str(last.idxmax())] if len(last) else numbers.MISSING,
        since=_quarter_label(quarters[0], language),
        most=names.get(most, numbers.MISSING),
        change=how.moved(last[most], first[most]) if most else numbers.MISSING,
        unit=how.change_unit,
    )
    caption = words.text("Each member by quarter, all on one scale; dotted grey: the whole.")
    if any(rule for rule, _ in promised.values()):
        caption += " " + words.text("Dashed: what is promised of the year.")
    if len(order) > MEMBERS_DRAWN_NARROW:
        caption += " " + words.text("The largest are drawn, all are in the table.")
    caption = f"{caption} {hidden_cells_sentence(shares, words, words.unit(plan, indicator))}".strip()
    recent = shares[shares["quarter"].isin(quarters[-4:])]
    wide = recent.pivot_table(index="series", columns="quarter", values="value", dropna=False)
    table = pd.DataFrame({words.text("Body or field"): list(names.values())})
    for quarter in quarters[-4:]:
        table[_quarter_label(quarter, language)] = [write(code, wide[quarter].get(code, np.nan)) for code in order]
    return Picture(
        draw,
        title=_message(last, promised, names, words, how, numbers.quarter(quarters[-1], language)),
        statistic=words.text("{what}, by quarter ({members})", what=what, members=members),
        alt=alt,
        caption=caption,
        table=table,
        values=shares.drop(columns=["indicator", "dimension", "period"]),
    )


def _message(
    last: pd.Series,
    promised: dict[str, tuple[str, float]],
    names: dict[str, str],
    words: Wording,
    how: Quantity,
    quarter: str,
) -> str:
    """Return how many were worse than promised in the last quarter, and the worst; without a promise the two ends."""
    if last.empty:
        return words.text("Too few cases to show any value of {quarter}", quarter=quarter)

    def told(code: str, most: int) -> str:
        name = few_words(short_name(names[code], most), 3 if words.language == "en" else 6)
        return f"{name} {how.beside(last[code], promised[code][1])}"

    if len(last) == 1:
        return words.text("{member} in {quarter}", member=told(str(last.index[0]), 38), quarter=quarter)
    asked = [code for code in map(str, last.index) if pd.notna(promised[code][1])]
    if not asked:
        return words.text("Highest: {high}; lowest: {low}", high=told(str(last.idxmax()), 22),
                          low=told(str(last.idxmin()), 22))  # fmt: skip
    beyond, worse = {}, 0
    for code in asked:
        rule, line = promised[code]
        beyond[code] = (last[code] - line) * (1 if rule == "at_most" else -1)
        worse += not meets(last[code], cast(Rule, rule), line)
    lines = {promised[code] for code in asked}
    values = {
        "n": numbers.count(worse, words.language),
        "all": numbers.count(len(asked), words.language),
        "line": how.promised(promised[asked[0]][1])
        if len(lines) == 1 and len(asked) == len(last)
        else words.text("promised"),
        "quarter": quarter,
        "worst": told(max(beyond, key=lambda code: beyond[code]), 24),
    }
    if worse == 0:
        return words.text("None of {all} is worse than {line} in {quarter}; closest: {worst}", **values)
    if worse == 1:
        return words.text("1 of {all} is worse than {line} in {quarter}: {worst}", **values)
    return words.text("{n} of {all} are worse than {line} in {quarter}; worst: {worst}", **values)


def _scale_alike(
    grid: np.ndarray, shares: pd.DataFrame, lines: list[float], quarters: list[pd.Period], how: Quantity
) -> None:
    """Give all panels of a grid the same axis of values and of quarters, labelled at the edges of the grid."""
    ends_of = pd.concat([shares["value"].astype(float), pd.Series(lines, dtype=float)])
    last, lowest, highest = len(quarters) - 1, ends_of.min(), ends_of.max()
    margin, room = 0.08 * max(last, 1), 0.25 * (highest - lowest) or 0.05
    ends = [_quarter_label(quarters[end], how.language) for end in (0, -1)]
    axis = grid[0, 0].yaxis
    axis.set_view_interval(lowest - room, highest + room, ignore=True)
    how.write_axis(axis, most=3)
    ticks = axis.get_majorticklocs()
    tick_labels = axis.get_major_formatter().format_ticks(ticks)
    for (row, column), axes in np.ndenumerate(grid):
        axes.set_xticks([0, last], ends)
        # Each stands within its panel, where that of the next does not reach.
        for text, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
            text.set_horizontalalignment(side)
        axes.set_yticks(ticks, tick_labels)
        axes.set(xlim=(-margin, last + margin), ylim=(lowest - room, highest + room))
        axes.tick_params(labelbottom=row == len(grid) - 1, labelleft=column == 0)
        axes.grid(axis="x", visible=False)


def _draw_member(
    axes: Axes, shares: pd.DataFrame, code: str, quarters: list[pd.Period], line: float, written: str
) -> None:
    """Draw the whole, what is promised, a member before them, and its value of the last quarter, if it has one."""
    at = {quarter: position for position, quarter in enumerate(quarters)}
    whole = shares[shares["series"] == "total"]
    # With its gaps: no line is drawn through what is hidden, and a quarter between two gaps has a dot.
    mine = shares[shares["series"] == code].set_index("quarter").reindex(quarters).reset_index()
    known = mine["value"].notna()
    alone = mine[known & ~known.shift(1, fill_value=False) & ~known.shift(-1, fill_value=False)]
    axes.plot(whole["quarter"].map(at), whole["value"], color=theme.GREY, linewidth=1.2, linestyle=":")
    if pd.notna(line):
        axes.axhline(line, color=theme.VERMILION, linewidth=1.3, linestyle=(0, (5, 3)))
    axes.plot(mine["quarter"].map(at), mine["value"], color=theme.BLUE, linewidth=2)
    axes.plot(alone["quarter"].map(at), alone["value"], color=theme.BLUE, linestyle="none", marker="o", markersize=2)
    if known.iloc[-1]:
        end = float(mine["value"].iloc[-1])
        axes.plot(at[quarters[-1]], end, marker="o", markersize=4.5, color=theme.BLUE)
        beside = [*mine["value"].iloc[-5:-1], *whole["value"].tail(4), line]
        _crossed, side = _freer_side(axes, end, beside)
        label(axes, written, (at[quarters[-1]], end), side=side, align="right", color=theme.BLUE, bold=True)


def _tell_promises(
    panels: dict[str, Axes],
    shares: pd.DataFrame,
    promised: dict[str, tuple[str, float]],
    words: Wording,
    how: Quantity,
) -> None:
    """Write each promise beside its line, once: in the panel where it lies over least."""
    for rule, line in dict.fromkeys(promised[code] for code in panels if promised[code][0]):
        if pd.isna(line):
            continue
        places = []
        for code, axes in panels.items():
            if promised[code] == (rule, line):
                early = shares[shares["series"].isin([code, "total"])].groupby("series")["value"].head(6)
                places.append((*_freer_side(axes, line, [*early.dropna()]), axes))
        _crossed, side, axes = min(places, key=lambda one: one[0])
        label(axes, words.rule(rule, line, how), (0, line), side=side, align="left", color=theme.VERMILION,
              xycoords=("axes fraction", "data"))  # fmt: skip


def _freer_side(axes: Axes, value: float, beside: list[float]) -> tuple[int, Literal["above", "below"]]:
    """Return on which side of a value a label lies over fewer of the values drawn there, and over how many."""
    low, high = axes.get_ylim()
    room = 0.26 * (high - low)
    above = sum(value < one <= value + room for one in beside)
    below = sum(value - room <= one < value for one in beside) if value - room > low else len(beside) + 1
    return (below, "below") if below < above else (above, "above")


def _last(shares: pd.DataFrame, code: str, quarters: list[pd.Period]) -> float:
    """Return the value of a member in the last quarter, missing where it has none."""
    mine = shares.loc[(shares["series"] == code) & (shares["quarter"] == quarters[-1]), "value"]
    return float(mine.iloc[0]) if mine.notna().any() else float("nan")


def _by_quarter(results: Results, indicator: str, dimension: str, series: list[str], origin: pd.Period) -> pd.DataFrame:
    """Return `series, quarter, numerator, denominator, value, hidden` of the last whole quarters."""
    rows = results.indicators.series
    within = (rows["dimension"] == dimension) & rows["series"].isin(series)
    rows = rows[(rows["indicator"] == indicator) & (within | (rows["dimension"] == TOTAL))]
    rows = rows[rows["period"] <= periods.write(origin)]
    rows = rows.assign(quarter=periods.quarters_of(rows["period"]))
    length = 3 if origin.freqstr.startswith("M") else 1
    whole = rows[rows["series"] == "total"].groupby("quarter")["period"].nunique()
    shown = whole[whole == length].index[-QUARTERS_SHOWN:]
    sums = _ratios(rows[rows["quarter"].isin(shown)].groupby(["indicator", "dimension", "series", "quarter"]))
    sums = sums.reset_index()
    return results.published(sums.assign(period=sums["quarter"].map(periods.write)))


def _ratios(grouped: DataFrameGroupBy) -> pd.DataFrame:
    """Return the counts of each group added up, and the ratio of the sums, where there are any cases."""
    sums = grouped[["numerator", "denominator", "total"]].sum(min_count=1).astype("Float64")
    sums = sums[(sums["denominator"] > 0).fillna(False)]
    value = (sums["total"].fillna(sums["numerator"]) / sums["denominator"]).astype(float)
    counts = {"numerator": "Int64", "denominator": "int64"}
    return sums.drop(columns="total").astype(counts).assign(value=value)


def _quarter_label(quarter: pd.Period, language: str) -> str:
    return numbers.period(periods.write(quarter), language)

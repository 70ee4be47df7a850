"""Figures of one share: by period with its trend, by quarter for each member, and a ranking of the year so far."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from pandas.core.groupby import DataFrameGroupBy

from analysis import periods
from analysis.indicators.disclosure import QUARTERS_SHOWN
from analysis.indicators.trend import with_trend
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report import numbers, theme
from analysis.report.figure import (
    PERIODS_SHOWN,
    Picture,
    counts_and_values,
    draw_shares,
    hidden_cells_sentence,
    mark_breaks,
    mark_simulated,
    period_axis,
    promised_line,
    series_title,
    set_title,
    share_table,
    short_name,
)
from analysis.report.quantities import Quantity
from analysis.report.wording import Wording


def trend(results: Results, words: Wording, indicator: str, dimension: str = TOTAL, series: str = TOTAL) -> Picture:
    """Return one share by period with its trend and the 80 % sampling interval of each period.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    indicator, dimension, series : str
        The share; without a series, of the whole.
    """
    plan, language = results.plan, words.language
    length = {"M": 12, "Q": 4}[plan.calendar.frequency]
    shares = _trend_since_break(results, indicator, dimension, series, season_length=length).tail(
        PERIODS_SHOWN[plan.calendar.frequency]
    )
    position = np.arange(len(shares))
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, theme.HEIGHT), layout="constrained")
    axes.vlines(position, shares["lower"], shares["upper"], color=theme.GREY, linewidth=2.5, alpha=0.7)
    draw_shares(axes, position, shares["value"], color=theme.BLUE, size=6, width=1)
    if shares["trend"].notna().any():
        axes.plot(position, shares["trend"], color=theme.VERMILION, linewidth=2.4, linestyle=(0, (5, 2)))
        axes.annotate(
            words.text("trend"),
            (position[-1], shares["trend"].iloc[-1]),
            xytext=(6, -10),
            textcoords="offset points",
            color=theme.VERMILION,
            fontsize=9.5,
            annotation_clip=False,
        )
    mark_breaks(axes, results, words, indicator, {label: at for at, label in enumerate(shares["period"])})
    how = words.quantity(plan, indicator)
    period_axis(axes, list(shares["period"]), language, quantity=how)
    title = series_title(words, plan, indicator, dimension, series)
    set_title(figure, title)
    mark_simulated(figure, results, words)
    plt.close(figure)
    last, year_ago = shares.iloc[-1], shares[shares["period"] == _year_before(shares["period"].iloc[-1])]
    before = year_ago["value"].iloc[0] if len(year_ago) else float("nan")
    line = promised_line(results, indicator, dimension, series)
    standing = pd.concat([last.rename({"value": "observed_to_date"}), pd.Series({"threshold": line})])
    alt = words.text(
        "{what}, {period}: {standing}; {change} {unit} on the year before.",
        what=title,
        period=numbers.period(last["period"], language),
        standing=words.share_so_far(standing, words.unit(plan, indicator), how),
        change=how.moved(last["value"], before),
        unit=how.change_unit,
    )
    caption = words.text("Dots: each period's value; grey bars: its 80% sampling interval. Dashed: the trend (STL).")
    return Picture(figure, alt, caption, share_table(shares, words, how, line=line), shares)


def _trend_since_break(
    results: Results, indicator: str, dimension: str, series: str, *, season_length: int
) -> pd.DataFrame:
    """Return a series with its trend, computed apart before and after the last change in how it is counted."""
    shares = results.published(results.series(indicator, dimension, series))
    since = max((known.period for known in results.plan.breaks_of(indicator)), default="")
    before, after = shares[shares["period"] < since], shares[shares["period"] >= since]
    pieces = [with_trend(piece, season_length=season_length) for piece in (before, after) if len(piece)]
    return pd.concat(pieces, ignore_index=True)


def _year_before(label: str) -> str:
    return periods.write(periods.parse(label) - (4 if "Q" in label else 12))


PANELS_IN_A_ROW = 4
MEMBERS_DRAWN = 16
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
    order = [code for code in sums.sort_values(ascending=False, kind="stable").index if code != "total"]
    if shares.loc[shares["series"].isin(order), "value"].isna().all():
        return None
    whole, drawn = shares[shares["series"] == "total"], order[:MEMBERS_DRAWN]
    quarters = sorted(shares["quarter"].unique())
    at = {quarter: position for position, quarter in enumerate(quarters)}
    rows = -(-len(drawn) // PANELS_IN_A_ROW)

    theme.apply()
    # Axes are not shared, which is slow: each axis would ask all others for its limits and ticks.
    figure, grid = plt.subplots(
        rows, PANELS_IN_A_ROW, figsize=(theme.WIDTH, 0.7 + 1.35 * rows), layout="constrained", squeeze=False
    )
    for axes in grid.flat[len(drawn) :]:
        axes.set_visible(False)
    how = words.quantity(plan, indicator)
    _scale_alike(grid, shares[shares["series"].isin(["total", *drawn])], quarters, how)
    write = {code: partial(how.beside, threshold=promised_line(results, indicator, dimension, code)) for code in order}
    for code, axes in zip(drawn, grid.flat, strict=False):
        mine = shares[(shares["series"] == code) & shares["value"].notna()]
        axes.plot([at[q] for q in whole["quarter"]], whole["value"], color=theme.GREY, linewidth=1.1, linestyle=":")
        axes.plot([at[q] for q in mine["quarter"]], mine["value"], color=theme.BLUE, linewidth=2)
        # Given its height, matplotlib does not search for what the title must stay clear of.
        axes.set_title(short_name(words.name(plan, dimension, code), 26), y=1, fontsize=8.5, fontweight="normal")
        if len(mine):
            _mark_last(axes, at[mine["quarter"].iloc[-1]], mine["value"].iloc[-1], write[code])
    what = words.indicator(plan, indicator)
    set_title(figure, words.text("{what}, by quarter ({members})", what=what, members=members))
    mark_simulated(figure, results, words)
    plt.close(figure)

    shown = shares[shares["series"].isin(order) & shares["value"].notna()].set_index("series")
    last = shown.loc[shown["quarter"] == quarters[-1], "value"]
    first = shown.loc[shown["quarter"] == quarters[0], "value"]
    change = (last - first).dropna().abs()
    most = str(change.idxmax()) if len(change) else ""
    names = {code: words.name(plan, dimension, code) for code in order}
    alt = words.text(
        "{what}, {members}, {quarter}: from {low} ({low_name}) to {high} ({high_name}); moved most since {since}: "
        "{most} ({change} {unit}).",
        what=what,
        members=members,
        quarter=_quarter_label(quarters[-1], language),
        low=write[str(last.idxmin())](last.min()) if len(last) else numbers.MISSING,
        low_name=names[str(last.idxmin())] if len(last) else numbers.MISSING,
        high=write[str(last.idxmax())](last.max()) if len(last) else numbers.MISSING,
        high_name=names[str(last.idxmax())] if len(last) else numbers.MISSING,
        since=_quarter_label(quarters[0], language),
        most=names.get(most, numbers.MISSING),
        change=how.moved(last[most], first[most]) if most else numbers.MISSING,
        unit=how.change_unit,
    )
    caption = words.text(
        "Each member by quarter, all on one scale; dotted grey: the whole. The {most} largest are drawn.",
        most=numbers.count(len(drawn), language),
    )
    caption = f"{caption} {hidden_cells_sentence(shares, words, words.unit(plan, indicator))}".strip()
    recent = shares[shares["quarter"].isin(quarters[-4:])]
    wide = recent.pivot_table(index="series", columns="quarter", values="value", dropna=False)
    table = pd.DataFrame({words.text("Body or field"): list(names.values())})
    for quarter in quarters[-4:]:
        table[_quarter_label(quarter, language)] = [write[code](wide[quarter].get(code, np.nan)) for code in order]
    return Picture(figure, alt, caption, table, shares.drop(columns=["indicator", "dimension", "period"]))


def _scale_alike(grid: np.ndarray, shares: pd.DataFrame, quarters: list[pd.Period], how: Quantity) -> None:
    """Give all panels of a grid the same axis of values and of quarters, labelled at the edges of the grid."""
    last, lowest, highest = len(quarters) - 1, shares["value"].min(), shares["value"].max()
    margin, room = 0.08 * max(last, 1), 0.25 * (highest - lowest) or 0.05
    ends = [_quarter_label(quarters[end], how.language) for end in (0, -1)]
    axis = grid[0, 0].yaxis
    axis.set_view_interval(lowest - room, highest + room, ignore=True)
    how.write_axis(axis, most=3)
    ticks = axis.get_majorticklocs()
    tick_labels = axis.get_major_formatter().format_ticks(ticks)
    for (row, column), axes in np.ndenumerate(grid):
        axes.set_xticks([0, last], ends)
        axes.set_yticks(ticks, tick_labels)
        axes.set(xlim=(-margin, last + margin), ylim=(lowest - room, highest + room))
        axes.tick_params(labelsize=7.5, labelbottom=row == len(grid) - 1, labelleft=column == 0)
        axes.grid(axis="x", visible=False)


def _mark_last(axes: Axes, position: int, share: float, write: Callable[[float], str]) -> None:
    axes.plot(position, share, marker="o", markersize=4, color=theme.BLUE)
    axes.annotate(
        write(share),
        (position, share),
        xytext=(-3, 5),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=theme.BLUE,
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.75},
    )


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


RANKED_DRAWN = 40
"""Members of a ranking that are drawn: of more, the first and the last ones."""


def _ends(count: int) -> list[int]:
    """Return the places of a ranking that are drawn."""
    if count <= RANKED_DRAWN:
        return list(range(count))
    return [*range(RANKED_DRAWN // 2), *range(count - RANKED_DRAWN // 2, count)]


def _ratios(grouped: DataFrameGroupBy) -> pd.DataFrame:
    """Return the counts of each group added up, and the ratio of the sums, where there are any cases."""
    sums = grouped[["numerator", "denominator", "total"]].sum(min_count=1).astype("Float64")
    sums = sums[(sums["denominator"] > 0).fillna(False)]
    value = (sums["total"].fillna(sums["numerator"]) / sums["denominator"]).astype(float)
    counts = {"numerator": "Int64", "denominator": "int64"}
    return sums.drop(columns="total").astype(counts).assign(value=value)


def _quarter_label(quarter: pd.Period, language: str) -> str:
    return numbers.period(periods.write(quarter), language)


def ranking(
    results: Results,
    words: Wording,
    indicator: str,
    dimension: str,
    series: list[str],
    origin: pd.Period,
    *,
    members: str,
) -> Picture:
    """Return the share of each member in the year so far, the largest share first.

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
        The last period known.
    members : str
        What the reader calls the members: fields, bodies.
    """
    plan = results.plan
    year = periods.labels_of_year(origin)
    rows_of_year = results.indicators.series[
        (results.indicators.series["indicator"] == indicator)
        & (results.indicators.series["dimension"] == dimension)
        & results.indicators.series["series"].isin(series)
        & results.indicators.series["period"].isin(year)
    ]
    sums, how = _ratios(rows_of_year.groupby(["indicator", "dimension", "series"])), words.quantity(plan, indicator)
    sums = results.published(sums.reset_index().assign(period=str(origin.year)))
    hidden = hidden_cells_sentence(sums, words, words.unit(plan, indicator))
    sums = sums.drop(columns=["indicator", "dimension", "period"]).sort_values(
        "value", ascending=plan.indicators[indicator].better == "lower" and how.unit != "%", na_position="last"
    )
    names = [words.name(plan, dimension, code) for code in sums["series"]]
    lines = [promised_line(results, indicator, dimension, str(code)) for code in sums["series"]]
    written = [how.beside(value, line) for value, line in zip(sums["value"], lines, strict=True)]
    shown = sums["value"].dropna()
    drawn = _ends(len(shown))
    middle_left_out = len(drawn) < len(shown)
    ends = [int(at) for at in (shown.argmax(), shown.argmin())] if len(shown) else []
    (highest, high_share), (lowest, low_share) = [(names[at], written[at]) for at in ends] or [
        (numbers.MISSING,) * 2
    ] * 2
    drawn_names = [names[at] for at in drawn]
    shown = shown.iloc[drawn]
    positions = list(range(len(shown)))
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 0.9 + 0.3 * len(shown)), layout="constrained")
    if positions:
        sns.barplot(x=shown.to_numpy(), y=positions, orient="h", ax=axes, color=theme.BLUE, width=0.62, errorbar=None)
    axes.set_yticks(positions, [short_name(name) for name in drawn_names])
    for position, (value, at) in enumerate(zip(shown, drawn, strict=True)):
        axes.annotate(
            written[at],
            (value, position),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    how.write_axis(axes.xaxis)
    axes.set(xlabel="", ylabel="")
    title = words.text("{what}: year to date ({members})", what=words.indicator(plan, indicator), members=members)
    set_title(figure, title)
    axes.grid(axis="y", visible=False)
    mark_simulated(figure, results, words)
    plt.close(figure)
    alt = words.text(
        "{what}, year to date: highest {high} ({high_share}), lowest {low} ({low_share}).",
        what=words.indicator(plan, indicator),
        high=highest,
        high_share=high_share,
        low=lowest,
        low_share=low_share,
    )
    table = pd.DataFrame({words.text("Body or field"): names} | counts_and_values(sums, words, how, lines=lines))
    caption = f"{words.text('Ratio of the sums of the year so far; counts in the table.')} {hidden}".strip()
    if middle_left_out:
        both = numbers.count(len(shown) // 2, words.language)
        caption = f"{caption} {words.text('The first {n} and the last {n} are drawn, all are in the table.', n=both)}"
    return Picture(figure, alt, caption, table, sums.assign(name=names))

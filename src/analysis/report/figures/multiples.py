"""One share over time, a small picture for each of several members, all on one scale."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis import periods
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture, mark_simulated, set_title, short_name, write_shares
from analysis.report.small_cells import hide_small, said_of_hidden
from analysis.report.wording import Wording
from analysis.results import Results

COLUMNS, MOST = 4, 16
"""Pictures in a row; members drawn, the largest ones. All are in the table."""
QUARTERS = 12
"""Three years of quarters: a month of a small field says little."""


def multiples(
    results: Results, words: Wording, indicator: str, series: list[str], origin: pd.Period, *, members: str
) -> Picture | None:
    """Return the share of each member by quarter, largest member first, the whole in grey behind each.

    None where there is no share that may be shown: too few cases, or no whole quarter yet.

    Parameters
    ----------
    results, words
        What there is to show, in which language.
    indicator : str
        The share.
    series : list of str
        Codes of the members.
    origin : pd.Period
        The last period known; quarters not whole by then are left out.
    members : str
        What the reader calls them: fields.
    """
    plan, language = results.plan, words.language
    shares = _by_quarter(results, indicator, [*series, "total"], origin)
    sums = shares.groupby("series")["denominator"].sum()
    order = [code for code in sums.sort_values(ascending=False, kind="stable").index if code != "total"]
    if shares.loc[shares["series"].isin(order), "value"].isna().all():
        return None
    whole, drawn = shares[shares["series"] == "total"], order[:MOST]
    quarters = sorted(shares["quarter"].unique())
    at = {quarter: position for position, quarter in enumerate(quarters)}
    rows = -(-len(drawn) // COLUMNS)

    theme.apply()
    # Not shared: an axis asks all that share with it for each of its limits and ticks.
    figure, grid = plt.subplots(
        rows, COLUMNS, figsize=(theme.WIDTH, 0.7 + 1.35 * rows), layout="constrained", squeeze=False
    )
    for axes in grid.flat[len(drawn) :]:
        axes.set_visible(False)
    _scale_alike(grid, shares[shares["series"].isin(["total", *drawn])], quarters, language)
    for code, axes in zip(drawn, grid.flat, strict=False):
        mine = shares[(shares["series"] == code) & shares["value"].notna()]
        axes.plot([at[q] for q in whole["quarter"]], whole["value"], color=theme.GREY, linewidth=1.1, linestyle=":")
        axes.plot([at[q] for q in mine["quarter"]], mine["value"], color=theme.BLUE, linewidth=2)
        # With its height given, nothing is looked for above which it would have to stand.
        axes.set_title(short_name(words.name(plan, code), 26), y=1, fontsize=8.5, fontweight="normal")
        if len(mine):
            _mark_last(axes, at[mine["quarter"].iloc[-1]], mine["value"].iloc[-1], language)
    what = words.indicator(plan, indicator)
    set_title(figure, words.text("{what}, by quarter ({members})", what=what, members=members))
    mark_simulated(figure, results, words)
    plt.close(figure)

    shown = shares[shares["series"].isin(order) & shares["value"].notna()].set_index("series")
    last = shown.loc[shown["quarter"] == quarters[-1], "value"]
    change = (last - shown.loc[shown["quarter"] == quarters[0], "value"]).dropna()
    names = {code: words.name(plan, code) for code in order}
    alt = words.text(
        "{what}, {members}, {quarter}: from {low} ({low_name}) to {high} ({high_name}); moved most since {since}: "
        "{most} ({change} percentage points).",
        what=what,
        members=members,
        quarter=_written(quarters[-1], language),
        low=numbers.percent(last.min(), language),
        low_name=names[str(last.idxmin())] if len(last) else numbers.MISSING,
        high=numbers.percent(last.max(), language),
        high_name=names[str(last.idxmax())] if len(last) else numbers.MISSING,
        since=_written(quarters[0], language),
        most=names[str(change.abs().idxmax())] if len(change) else numbers.MISSING,
        change=numbers.points(float(change[change.abs().idxmax()]) if len(change) else np.nan, language),
    )
    caption = words.text(
        "Each member by quarter, all on one scale; dotted grey: the whole. The {most} largest are drawn.",
        most=numbers.count(len(drawn), language),
    )
    caption = f"{caption} {said_of_hidden(shares, words, words.of(plan.unit))}".strip()
    recent = shares[shares["quarter"].isin(quarters[-4:])]
    wide = recent.pivot_table(index="series", columns="quarter", values="value", dropna=False)
    table = pd.DataFrame({words.text("Body or field"): list(names.values())})
    for quarter in quarters[-4:]:
        table[_written(quarter, language)] = [
            numbers.percent(wide[quarter].get(code, np.nan), language) for code in order
        ]
    return Picture(figure, alt, caption, table, shares)


def _scale_alike(grid: np.ndarray, shares: pd.DataFrame, quarters: list[pd.Period], language: str) -> None:
    """Give all pictures of a grid one scale of shares and one of quarters, written at its edges."""
    last, lowest, highest = len(quarters) - 1, shares["value"].min(), shares["value"].max()
    aside, room = 0.08 * max(last, 1), 0.25 * (highest - lowest) or 0.05
    ends = [_written(quarters[end], language) for end in (0, -1)]
    first = grid[0, 0].yaxis
    first.set_view_interval(lowest - room, highest + room, ignore=True)
    write_shares(first, language, most=3)
    ticks = first.get_majorticklocs()
    said = first.get_major_formatter().format_ticks(ticks)
    for (row, column), axes in np.ndenumerate(grid):
        axes.set_xticks([0, last], ends)
        axes.set_yticks(ticks, said)
        axes.set(xlim=(-aside, last + aside), ylim=(lowest - room, highest + room))
        axes.tick_params(labelsize=7.5, labelbottom=row == len(grid) - 1, labelleft=column == 0)
        axes.grid(axis="x", visible=False)


def _mark_last(axes: Axes, position: int, share: float, language: str) -> None:
    axes.plot(position, share, marker="o", markersize=4, color=theme.BLUE)
    axes.annotate(
        numbers.percent(share, language),
        (position, share),
        xytext=(-3, 5),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=theme.BLUE,
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.75},
    )


def _by_quarter(results: Results, indicator: str, series: list[str], origin: pd.Period) -> pd.DataFrame:
    """Return `series, quarter, numerator, denominator, value` of the last whole quarters."""
    rows = results.indicators
    rows = rows[(rows["indicator"] == indicator) & rows["series"].isin(series)]
    rows = rows[rows["period"] <= periods.write(origin)]
    rows = rows.assign(quarter=periods.quarters_of(rows["period"]))
    length = 3 if origin.freqstr.startswith("M") else 1
    whole = rows[rows["series"] == "total"].groupby("quarter")["period"].nunique()
    kept = whole[whole == length].index[-QUARTERS:]
    sums = rows[rows["quarter"].isin(kept)].groupby(["series", "quarter"], as_index=False)[
        ["numerator", "denominator"]
    ].sum()  # fmt: skip
    sums = sums[sums["denominator"] > 0]
    return hide_small(sums.assign(value=sums["numerator"] / sums["denominator"])).reset_index(drop=True)


def _written(quarter: pd.Period, language: str) -> str:
    return numbers.period(f"{quarter.year}Q{quarter.quarter}", language)

"""Figures of one share: by period with its trend, by quarter for each member, and a ranking of the year so far."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from analysis import periods
from analysis.indicators.trend import with_trend
from analysis.report import numbers, theme
from analysis.report.figure import (
    PERIODS_SHOWN,
    Picture,
    draw_shares,
    hide_small,
    mark_breaks,
    mark_simulated,
    period_axis,
    series_title,
    set_title,
    share_table,
    short_name,
    small_cells_sentence,
    write_shares,
)
from analysis.report.wording import Wording
from analysis.results import Results


def trend(results: Results, words: Wording, indicator: str, series: str) -> Picture:
    """Return one share by period with its trend and the 80 % sampling interval of each period.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    indicator, series : str
        The share.
    """
    plan, language = results.plan, words.language
    length = {"M": 12, "Q": 4}[plan.calendar.frequency]
    shares = _trend_since_break(results, indicator, series, season_length=length).tail(
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
    period_axis(axes, list(shares["period"]), language)
    title = series_title(words, plan, indicator, series)
    set_title(figure, title)
    mark_simulated(figure, results, words)
    plt.close(figure)
    last, year_ago = shares.iloc[-1], shares[shares["period"] == _year_before(shares["period"].iloc[-1])]
    change = last["value"] - year_ago["value"].iloc[0] if len(year_ago) else float("nan")
    alt = words.text(
        "{what}, {period}: {share} ({numerator} of {denominator}); {change} percentage points on the year before.",
        what=title,
        period=numbers.period(last["period"], language),
        share=numbers.percent(last["value"], language),
        numerator=numbers.count(last["numerator"], language),
        denominator=numbers.count(last["denominator"], language),
        change=numbers.points(change, language),
    )
    caption = words.text("Dots: each period's share; grey bars: its 80% sampling interval. Dashed: the trend (STL).")
    return Picture(figure, alt, caption, share_table(shares, words), shares)


def _trend_since_break(results: Results, indicator: str, series: str, *, season_length: int) -> pd.DataFrame:
    """Return a series with its trend, computed apart before and after the last change in how it is counted."""
    shares = results.series(indicator, series)
    since = max((known.period for known in results.plan.breaks_of(indicator)), default="")
    before, after = shares[shares["period"] < since], shares[shares["period"] >= since]
    pieces = [with_trend(piece, season_length=season_length) for piece in (before, after) if len(piece)]
    return pd.concat(pieces, ignore_index=True)


def _year_before(label: str) -> str:
    return periods.write(periods.parse(label) - (4 if "Q" in label else 12))


PANELS_IN_A_ROW = 4
MEMBERS_DRAWN = 16
"""The largest members are drawn, all of them are in the table."""
QUARTERS = 12
"""Three years, by quarter: a single month of a small field says little."""


def multiples(
    results: Results, words: Wording, indicator: str, series: list[str], origin: pd.Period, *, members: str
) -> Picture | None:
    """Return a panel per member with its share by quarter, the largest member first, the whole in grey behind each.

    None where no share may be shown: too few cases, or no whole quarter yet.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    indicator : str
        The share.
    series : list of str
        Codes of the members.
    origin : pd.Period
        The last period known; quarters not whole by then are left out.
    members : str
        What the reader calls the members: fields, districts.
    """
    plan, language = results.plan, words.language
    shares = _by_quarter(results, indicator, [*series, "total"], origin)
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
    _scale_alike(grid, shares[shares["series"].isin(["total", *drawn])], quarters, language)
    for code, axes in zip(drawn, grid.flat, strict=False):
        mine = shares[(shares["series"] == code) & shares["value"].notna()]
        axes.plot([at[q] for q in whole["quarter"]], whole["value"], color=theme.GREY, linewidth=1.1, linestyle=":")
        axes.plot([at[q] for q in mine["quarter"]], mine["value"], color=theme.BLUE, linewidth=2)
        # Given its height, matplotlib does not search for what the title must stay clear of.
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
        quarter=_quarter_label(quarters[-1], language),
        low=numbers.percent(last.min(), language),
        low_name=names[str(last.idxmin())] if len(last) else numbers.MISSING,
        high=numbers.percent(last.max(), language),
        high_name=names[str(last.idxmax())] if len(last) else numbers.MISSING,
        since=_quarter_label(quarters[0], language),
        most=names[str(change.abs().idxmax())] if len(change) else numbers.MISSING,
        change=numbers.points(float(change[change.abs().idxmax()]) if len(change) else np.nan, language),
    )
    caption = words.text(
        "Each member by quarter, all on one scale; dotted grey: the whole. The {most} largest are drawn.",
        most=numbers.count(len(drawn), language),
    )
    caption = f"{caption} {small_cells_sentence(shares, words, words.of(plan.unit))}".strip()
    recent = shares[shares["quarter"].isin(quarters[-4:])]
    wide = recent.pivot_table(index="series", columns="quarter", values="value", dropna=False)
    table = pd.DataFrame({words.text("Body or field"): list(names.values())})
    for quarter in quarters[-4:]:
        table[_quarter_label(quarter, language)] = [
            numbers.percent(wide[quarter].get(code, np.nan), language) for code in order
        ]
    return Picture(figure, alt, caption, table, shares)


def _scale_alike(grid: np.ndarray, shares: pd.DataFrame, quarters: list[pd.Period], language: str) -> None:
    """Give all panels of a grid the same axis of shares and of quarters, labelled at the edges of the grid."""
    last, lowest, highest = len(quarters) - 1, shares["value"].min(), shares["value"].max()
    margin, room = 0.08 * max(last, 1), 0.25 * (highest - lowest) or 0.05
    ends = [_quarter_label(quarters[end], language) for end in (0, -1)]
    axis = grid[0, 0].yaxis
    axis.set_view_interval(lowest - room, highest + room, ignore=True)
    write_shares(axis, language, most=3)
    ticks = axis.get_majorticklocs()
    tick_labels = axis.get_major_formatter().format_ticks(ticks)
    for (row, column), axes in np.ndenumerate(grid):
        axes.set_xticks([0, last], ends)
        axes.set_yticks(ticks, tick_labels)
        axes.set(xlim=(-margin, last + margin), ylim=(lowest - room, highest + room))
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
    """Return `series, quarter, numerator, denominator, value` of the last whole quarters, small cells hidden."""
    rows = results.indicators
    rows = rows[(rows["indicator"] == indicator) & rows["series"].isin(series)]
    rows = rows[rows["period"] <= periods.write(origin)]
    rows = rows.assign(quarter=periods.quarters_of(rows["period"]))
    length = 3 if origin.freqstr.startswith("M") else 1
    whole = rows[rows["series"] == "total"].groupby("quarter")["period"].nunique()
    shown = whole[whole == length].index[-QUARTERS:]
    sums = rows[rows["quarter"].isin(shown)].groupby(["series", "quarter"], as_index=False)[
        ["numerator", "denominator"]
    ].sum()  # fmt: skip
    sums = sums[sums["denominator"] > 0]
    return hide_small(sums.assign(value=sums["numerator"] / sums["denominator"])).reset_index(drop=True)


def _quarter_label(quarter: pd.Period, language: str) -> str:
    return numbers.period(periods.write(quarter), language)


def ranking(
    results: Results, words: Wording, indicator: str, series: list[str], origin: pd.Period, *, members: str
) -> Picture:
    """Return the share of each member in the year so far, the largest share first.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    indicator : str
        The share.
    series : list of str
        Codes of the members.
    origin : pd.Period
        The last period known.
    members : str
        What the reader calls the members: fields, bodies.
    """
    plan, language = results.plan, words.language
    year = periods.labels_of_year(origin)
    rows_of_year = results.indicators[
        (results.indicators["indicator"] == indicator)
        & results.indicators["series"].isin(series)
        & results.indicators["period"].isin(year)
    ]
    sums = rows_of_year.groupby("series")[["numerator", "denominator"]].sum()
    sums = sums[sums["denominator"] > 0].assign(value=lambda f: f["numerator"] / f["denominator"])
    hidden = small_cells_sentence(sums, words, words.of(plan.unit))
    sums = hide_small(sums).sort_values("value", ascending=False, na_position="last")
    names = [words.name(plan, code) for code in sums.index]
    shown = sums["value"].dropna()
    positions = list(range(len(shown)))
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 0.9 + 0.3 * len(shown)), layout="constrained")
    if positions:
        sns.barplot(x=shown.to_numpy(), y=positions, orient="h", ax=axes, color=theme.BLUE, width=0.62, errorbar=None)
    axes.set_yticks(positions, [short_name(name) for name in names[: len(shown)]])
    for position, value in enumerate(shown):
        axes.annotate(
            numbers.percent(value, language),
            (value, position),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    write_shares(axes.xaxis, language)
    axes.set(xlabel="", ylabel="")
    title = words.text("{what}: year to date ({members})", what=words.indicator(plan, indicator), members=members)
    set_title(figure, title)
    axes.grid(axis="y", visible=False)
    mark_simulated(figure, results, words)
    plt.close(figure)
    alt = words.text(
        "{what}, year to date: highest {high} ({high_share}), lowest {low} ({low_share}).",
        what=words.indicator(plan, indicator),
        high=names[0] if len(shown) else numbers.MISSING,
        high_share=numbers.percent(shown.max(), language),
        low=names[len(shown) - 1] if len(shown) else numbers.MISSING,
        low_share=numbers.percent(shown.min(), language),
    )
    table = pd.DataFrame(
        {
            words.text("Body or field"): names,
            words.text("Numerator"): [numbers.count(n, language) for n in sums["numerator"]],
            words.text("Denominator"): [numbers.count(n, language) for n in sums["denominator"]],
            words.text("Share"): [numbers.percent(v, language) for v in sums["value"]],
        }
    )
    caption = f"{words.text('Ratio of the sums of the year so far; counts in the table.')} {hidden}".strip()
    return Picture(figure, alt, caption, table, sums.reset_index().assign(name=names))

"""The pictures: each comes with the sentence that replaces it and the table it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis import periods
from analysis.indicators.trend import with_trend
from analysis.report import numbers, theme
from analysis.report.wording import Wording
from analysis.results import Results

PERIODS_SHOWN = {"M": 33, "Q": 16}


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure and what stands for it where it cannot be seen.

    Attributes
    ----------
    figure : Figure
        The drawing.
    alt : str
        The finding in one sentence, with its number.
    caption : str
        What is drawn and how to read it.
    table : pd.DataFrame
        The values behind it, written for the reader.
    """

    figure: Figure
    alt: str
    caption: str
    table: pd.DataFrame


def outlook(results: Results, words: Wording, target: str, part: str, origin: pd.Period) -> Picture:
    """Return one promised share: periods so far, the year so far, its fan to the year's end, and the target line."""
    plan, language = results.plan, words.language
    row = results.promise(target, part)
    promised = next(one for one in plan.share_targets if one.id == target)
    judged = next(one for one in promised.parts if part in ("", one.id))
    shares = results.series(judged.indicator, judged.series)
    shown = shares.tail(PERIODS_SHOWN[plan.calendar.frequency])
    fan = _year_to_date_fan(results, judged.indicator, judged.series, origin)
    labels = [*shown["period"], *[label for label in fan["period"] if label > periods.write(origin)]]
    at = {label: position for position, label in enumerate(labels)}

    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, theme.HEIGHT), layout="constrained")
    sns.lineplot(
        x=[at[label] for label in shown["period"]],
        y=shown["value"].to_numpy(),
        ax=axes,
        color=theme.GREY,
        marker="o",
        markersize=4,
        linewidth=1.2,
    )
    known = fan[fan["period"] <= periods.write(origin)]
    future = fan[fan["period"] >= periods.write(origin)]
    axes.plot([at[p] for p in known["period"]], known["middle"], color=theme.BLUE, linewidth=2.8)
    positions = [at[p] for p in future["period"]]
    if len(positions) > 1:
        axes.fill_between(positions, future["lower"], future["upper"], color=theme.BLUE, alpha=0.22, linewidth=0)
        axes.plot(positions, future["middle"], color=theme.BLUE, linewidth=2, linestyle=(0, (4, 2)))
    axes.axhline(judged.threshold, color=theme.VERMILION, linewidth=1.8, linestyle=(0, (6, 3)))
    _direct_labels(axes, words, judged.rule, judged.threshold, len(labels), fan, shown)
    _mark_breaks(axes, results, words, judged.indicator, at)
    period_axis(axes, labels, language)
    title = words.indicator(plan, judged.indicator)
    if judged.series != "total":
        title = f"{words.name(plan, judged.series)}: {title[0].lower()}{title[1:]}"
    axes.set_title(title, wrap=True)
    mark_simulated(figure, results, words)
    plt.close(figure)

    alt = words.text(
        "{what}: {standing} so far this year; year-end {outlook}; promised: {rule}; probability {chance}.",
        what=title,
        standing=words.standing(row, words.of(plan.unit)),
        outlook=words.outlook(row),
        rule=words.rule(judged.rule, judged.threshold),
        chance=words.chance(row["probability"]),
    )
    caption = words.text(
        "Grey: the share in each period. Blue: the year so far; the band is its 80% prediction interval to the end of "
        "the year. Dashed red: the promise."
    )
    return Picture(figure, alt, caption, _share_table(shown, words))


def trend(results: Results, words: Wording, indicator: str, series: str) -> Picture:
    """Return one share by period with its trend and the 80 % sampling interval of each period."""
    plan, language = results.plan, words.language
    length = {"M": 12, "Q": 4}[plan.calendar.frequency]
    shares = _trend_since_break(results, indicator, series, season_length=length).tail(
        PERIODS_SHOWN[plan.calendar.frequency]
    )
    position = np.arange(len(shares))
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, theme.HEIGHT), layout="constrained")
    axes.vlines(position, shares["lower"], shares["upper"], color=theme.GREY, linewidth=2.5, alpha=0.7)
    sns.lineplot(x=position, y=shares["value"].to_numpy(), ax=axes, color=theme.BLUE, marker="o", linewidth=1)
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
    _mark_breaks(axes, results, words, indicator, {label: at for at, label in enumerate(shares["period"])})
    period_axis(axes, list(shares["period"]), language)
    title = words.indicator(plan, indicator)
    axes.set_title(title, wrap=True)
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
    return Picture(figure, alt, caption, _share_table(shares, words))


def ranking(
    results: Results, words: Wording, indicator: str, series: list[str], origin: pd.Period, *, members: str
) -> Picture:
    """Return the year so far of one share, largest first, of members that the reader calls by one word: fields."""
    plan, language = results.plan, words.language
    year = periods.labels_of_year(origin)
    rows = results.indicators[
        (results.indicators["indicator"] == indicator)
        & results.indicators["series"].isin(series)
        & results.indicators["period"].isin(year)
    ]
    sums = rows.groupby("series")[["numerator", "denominator"]].sum()
    sums = sums[sums["denominator"] > 0].assign(value=lambda f: f["numerator"] / f["denominator"])
    sums = sums.sort_values("value", ascending=False)
    names = [words.name(plan, code) for code in sums.index]
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 0.9 + 0.3 * len(sums)), layout="constrained")
    sns.barplot(x=sums["value"].to_numpy(), y=names, ax=axes, color=theme.BLUE, width=0.62)
    for position, value in enumerate(sums["value"]):
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
    axes.set_title(title, wrap=True)
    axes.grid(axis="y", visible=False)
    mark_simulated(figure, results, words)
    plt.close(figure)
    alt = words.text(
        "{what}, year to date: highest {high} ({high_share}), lowest {low} ({low_share}).",
        what=words.indicator(plan, indicator),
        high=names[0],
        high_share=numbers.percent(sums["value"].iloc[0], language),
        low=names[-1],
        low_share=numbers.percent(sums["value"].iloc[-1], language),
    )
    table = pd.DataFrame(
        {
            words.text("Body or field"): names,
            words.text("Numerator"): [numbers.count(n, language) for n in sums["numerator"]],
            words.text("Denominator"): [numbers.count(n, language) for n in sums["denominator"]],
            words.text("Share"): [numbers.percent(v, language) for v in sums["value"]],
        }
    )
    return Picture(figure, alt, words.text("Ratio of the sums of the year so far; counts in the table."), table)


def _year_to_date_fan(results: Results, indicator: str, series: str, origin: pd.Period) -> pd.DataFrame:
    """Return the cumulated share of the plan's year: observed up to the origin, then its 80 % interval over draws."""
    shares = results.series(indicator, series)
    year = shares[shares["period"].isin(periods.labels_of_year(origin))]
    K, N = year["numerator"].cumsum(), year["denominator"].cumsum()
    seen = pd.DataFrame({"period": year["period"], "middle": K / N})
    seen = seen.assign(lower=seen["middle"], upper=seen["middle"])
    draws = results.draws[(results.draws["indicator"] == indicator) & (results.draws["series"] == series)]
    if not len(draws):
        return seen.reset_index(drop=True)
    paths = draws.pivot_table(index="draw", columns="period", values=["numerator", "denominator"], aggfunc="sum")
    cumulated = (paths["numerator"].cumsum(axis=1) + K.iloc[-1]) / (paths["denominator"].cumsum(axis=1) + N.iloc[-1])
    quantiles = cumulated.quantile([0.1, 0.9])
    ahead = pd.DataFrame(
        {
            "period": quantiles.columns,
            "middle": cumulated.median().to_numpy(),  # as the sentence beside it says
            "lower": quantiles.loc[0.1].to_numpy(),
            "upper": quantiles.loc[0.9].to_numpy(),
        }
    )
    return pd.concat([seen, ahead], ignore_index=True)


def _direct_labels(
    axes: Axes, words: Wording, rule: str, threshold: float, width: int, fan: pd.DataFrame, shown: pd.DataFrame
) -> None:
    top = max(threshold, fan["upper"].max(), shown["value"].max())
    bottom = min(threshold, fan["lower"].min(), shown["value"].min())
    room = max(top - bottom, 0.01)
    axes.set_ylim(max(bottom - 0.12 * room, 0), min(top + 0.15 * room, 1.02))
    axes.annotate(
        words.text("promise: {rule}", rule=words.rule(rule, threshold)),
        (0, threshold),
        xytext=(2, 5),
        textcoords="offset points",
        color=theme.VERMILION,
        fontsize=9.5,
    )
    end = numbers.percent(fan["middle"].iloc[-1], words.language)
    axes.annotate(
        end,
        (width - 1, fan["middle"].iloc[-1]),
        xytext=(6, 6),
        textcoords="offset points",
        color=theme.BLUE,
        fontweight="bold",
        annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )


def period_axis(axes: Axes, labels: list[str], language: str) -> None:
    """Write periods under a time axis, the last one always."""
    step = max(1, round(len(labels) / 8))
    ticks = list(range(len(labels) - 1, -1, -step))[::-1]
    axes.set_xticks(ticks, [numbers.period(labels[tick], language) for tick in ticks])
    axes.set_xlim(-0.6, len(labels) + 0.9)
    write_shares(axes.yaxis, language)
    axes.set(xlabel="", ylabel="")
    axes.grid(axis="x", visible=False)


def write_shares(axis: Axis, language: str) -> None:
    """Write an axis of shares at round steps, with the decimals they need: no tick stands beside its value."""
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))

    def written(value: float, _: int) -> str:
        step = np.diff(axis.get_majorticklocs()).min(initial=1.0)
        return numbers.percent(value, language, digits=max(0, -int(np.floor(np.log10(100 * step) + 1e-9))))

    axis.set_major_formatter(FuncFormatter(written))


def _trend_since_break(results: Results, indicator: str, series: str, *, season_length: int) -> pd.DataFrame:
    """Return a series with its trend drawn through what is counted the same way as today, never across a break."""
    shares = results.series(indicator, series)
    since = max((known.period for known in results.plan.breaks_of(indicator)), default="")
    before, after = shares[shares["period"] < since], shares[shares["period"] >= since]
    pieces = [with_trend(piece, season_length=season_length) for piece in (before, after) if len(piece)]
    return pd.concat(pieces, ignore_index=True)


def _mark_breaks(axes: Axes, results: Results, words: Wording, indicator: str, at: dict[str, int]) -> None:
    for known in results.plan.breaks_of(indicator):
        if known.period in at:
            axes.axvline(at[known.period] - 0.5, color=theme.INK, linewidth=1, linestyle=":")
            axes.annotate(
                words.text("counted differently from here"),
                (at[known.period] - 0.4, 0.02),
                xycoords=("data", "axes fraction"),
                fontsize=8.5,
                color=theme.INK,
            )


def mark_simulated(figure: Figure, results: Results, words: Wording) -> None:
    """Write on a picture of made-up data that it is."""
    if results.simulated:
        figure.supxlabel(words.text("SIMULATED DATA"), x=0.99, ha="right", fontsize=9, color="#5b6570", weight="bold")


def _share_table(shares: pd.DataFrame, words: Wording) -> pd.DataFrame:
    language = words.language
    return pd.DataFrame(
        {
            words.text("Period"): [numbers.period(p, language) for p in shares["period"]],
            words.text("Numerator"): [numbers.count(n, language) for n in shares["numerator"]],
            words.text("Denominator"): [numbers.count(n, language) for n in shares["denominator"]],
            words.text("Share"): [numbers.percent(v, language) for v in shares["value"]],
        }
    )


def _year_before(label: str) -> str:
    return periods.write(periods.parse(label) - (4 if "Q" in label else 12))

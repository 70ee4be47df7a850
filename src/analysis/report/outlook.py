"""A promised share: so far, its fan to the end of the year, the promise, and what was said a quarter ago."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from analysis import periods
from analysis.promises import Part, ShareTarget
from analysis.report import numbers, theme
from analysis.report.figure import (
    PERIODS_SHOWN,
    Picture,
    dots,
    mark_breaks,
    mark_simulated,
    of_series,
    period_axis,
    set_title,
    share_table,
    write_shares,
)
from analysis.report.wording import Wording
from analysis.results import Results

PERIODS_IN_A_THIRD = {"M": 21, "Q": 8}


def outlook(
    results: Results, words: Wording, target: str, part: str, origin: pd.Period, *, small: bool = False
) -> Picture:
    """Return one promised share: periods so far, the year so far, its fan to the year's end, and the target line.

    Parameters
    ----------
    results, words
        What there is to show, in which language.
    target, part : str
        The promise; its part, or the empty string.
    origin : pd.Period
        The last period known.
    small : bool
        A third of the page's width, as the summary has it.
    """
    plan, language = results.plan, words.language
    row = results.promise(target, part)
    promised = next(one for one in plan.share_targets if one.id == target)
    judged = next(one for one in promised.parts if part in ("", one.id))
    frequency = plan.calendar.frequency
    shares = results.series(judged.indicator, judged.series)
    shown = shares.tail((PERIODS_IN_A_THIRD if small else PERIODS_SHOWN)[frequency])
    fan = _year_to_date_fan(results, judged.indicator, judged.series, origin)
    labels = [*shown["period"], *[label for label in fan["period"] if label > periods.write(origin)]]
    at = {label: position for position, label in enumerate(labels)}
    before = _said_before(results, target, part)

    theme.apply(small=small)
    figure, axes = plt.subplots(figsize=theme.SMALL if small else (theme.WIDTH, theme.HEIGHT), layout="constrained")
    dots(axes, [at[label] for label in shown["period"]], shown["value"], color=theme.GREY, size=4, width=1.2)
    known = fan[fan["period"] <= periods.write(origin)]
    future = fan[fan["period"] >= periods.write(origin)]
    axes.plot([at[p] for p in known["period"]], known["middle"], color=theme.BLUE, linewidth=2.8)
    positions = [at[p] for p in future["period"]]
    if len(positions) > 1:
        axes.fill_between(positions, future["lower"], future["upper"], color=theme.BLUE, alpha=0.22, linewidth=0)
        axes.plot(positions, future["middle"], color=theme.BLUE, linewidth=2, linestyle=(0, (4, 2)))
    axes.axhline(judged.threshold, color=theme.VERMILION, linewidth=1.8, linestyle=(0, (6, 3)))
    _set_limits(axes, judged, fan, shown, before)
    period_axis(axes, labels, language, most=4 if small else 8)
    write_shares(axes.yaxis, language, most=4 if small else 6)
    if before is not None:
        _mark_before(axes, before, len(labels))
    _direct_labels(axes, words, judged, len(labels), fan)
    mark_breaks(axes, results, words, judged.indicator, at)
    title = of_series(words, plan, judged.indicator, judged.series)
    set_title(figure, _short_title(words, promised, words.part(plan, judged)) if small else title)
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
    if before is not None:
        alt = f"{alt} {_sentence_before(before, words)}"
    values = shown[["period", "numerator", "denominator", "value"]].merge(
        fan.rename(columns={name: f"year_to_date_{name}" for name in ("middle", "lower", "upper")}),
        on="period",
        how="outer",
    )
    # Three pictures side by side are explained once, below them.
    caption = "" if small else how_to_read(words)
    return Picture(figure, alt, caption, share_table(shown, words), values, width="third" if small else "wide")


def how_to_read(words: Wording) -> str:
    """Return what the lines of these pictures are."""
    return words.text(
        "Grey: the share in each period. Blue: the year so far; the band is its 80% prediction interval to the end of "
        "the year. Dashed red: the promise. Diamond: what the forecast of a quarter ago says, computed again from what "
        "was known then, with its interval."
    )


def _short_title(words: Wording, promised: ShareTarget, part: str) -> str:
    name = words.of(promised.name)
    return name if len(promised.parts) == 1 else f"{name}\n{part}"


def _said_before(results: Results, target: str, part: str) -> pd.Series | None:
    """Return the row of the forecast a quarter ago, or None where there was none within the same year."""
    mine = results.previous[(results.previous["target"] == target) & (results.previous["part"] == part)]
    if mine.empty or mine.iloc[0]["note"] or pd.isna(mine.iloc[0]["expected"]):
        return None
    return mine.iloc[0]


def _sentence_before(before: pd.Series, words: Wording) -> str:
    return words.text("A quarter ago: {outlook}.", outlook=words.outlook(before))


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


def _set_limits(axes: Axes, judged: Part, fan: pd.DataFrame, shown: pd.DataFrame, before: pd.Series | None) -> None:
    high = [judged.threshold, fan["upper"].max(), shown["value"].max()]
    low = [judged.threshold, fan["lower"].min(), shown["value"].min()]
    if before is not None:
        high.append(before["upper"])
        low.append(before["lower"])
    room = max(max(high) - min(low), 0.01)
    axes.set_ylim(max(min(low) - 0.12 * room, 0), min(max(high) + 0.15 * room, 1.02))


def _mark_before(axes: Axes, before: pd.Series, width: int) -> None:
    """Draw the year-end forecast of a quarter ago beside the end of today's fan."""
    place = width - 0.35
    axes.plot([place, place], [before["lower"], before["upper"]], color=theme.PINK, linewidth=2)
    axes.plot(place, before["expected"], marker="D", markersize=6, markerfacecolor="white", color=theme.PINK,
              markeredgewidth=1.6)  # fmt: skip


def _direct_labels(axes: Axes, words: Wording, judged: Part, width: int, fan: pd.DataFrame) -> None:
    axes.annotate(
        words.text("promise: {rule}", rule=words.rule(judged.rule, judged.threshold)),
        (0, judged.threshold),
        xytext=(2, 5),
        textcoords="offset points",
        color=theme.VERMILION,
        fontsize=9.5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
    )
    axes.annotate(
        numbers.percent(fan["middle"].iloc[-1], words.language),
        (width - 1, fan["middle"].iloc[-1]),
        xytext=(12, 0),
        textcoords="offset points",
        va="center",
        color=theme.BLUE,
        fontweight="bold",
        annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )

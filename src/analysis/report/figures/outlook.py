"""A promised share: so far, its fan to the end of the year, and the promise."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from analysis import periods
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import (
    PERIODS_SHOWN,
    Picture,
    mark_breaks,
    mark_simulated,
    period_axis,
    share_table,
)
from analysis.report.wording import Wording
from analysis.results import Results


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
    mark_breaks(axes, results, words, judged.indicator, at)
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
    return Picture(figure, alt, caption, share_table(shown, words))


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

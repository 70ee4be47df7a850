"""The figure of a promised share: so far, its fan to the year's end, the promise, the forecast of a quarter ago."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from analysis import periods
from analysis.attainment.year_end import series_of
from analysis.plan.promises import Measured, Part
from analysis.quarter.results import Results
from analysis.report import theme
from analysis.report.figure import (
    PERIODS_SHOWN,
    Picture,
    draw_shares,
    mark_breaks,
    mark_simulated,
    period_axis,
    series_title,
    set_title,
    share_table,
)
from analysis.report.quantities import Quantity
from analysis.report.wording import Wording

PERIODS_IN_A_THIRD = {"M": 21, "Q": 8}
"""Periods that a figure of a third of the width shows, by the frequency of the data."""


def outlook(
    results: Results, words: Wording, target: str, part: str, origin: pd.Period, *, small: bool = False
) -> Picture:
    """Return one promised share: by period, the year so far, its fan to the year's end, and the line of the promise.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target, part : str
        The promise, and its part or the empty string.
    origin : pd.Period
        The last period known.
    small : bool
        Whether it has a third of the width of the page, as in the summary.
    """
    plan, language = results.plan, words.language
    row = results.promise(target, part)
    promise = next(one for one in plan.measured if one.id == target)
    share = next(one for one in promise.parts.values() if part in ("", one.id))
    frequency = plan.calendar.frequency
    shares = results.series(share.indicator, share.dimension, share.series)
    shown = shares.tail((PERIODS_IN_A_THIRD if small else PERIODS_SHOWN)[frequency])
    fan = _year_to_date_fan(results, share, origin)
    labels = [*shown["period"], *[label for label in fan["period"] if label > periods.write(origin)]]
    at = {label: position for position, label in enumerate(labels)}
    earlier = _forecast_a_quarter_ago(results, target, part)

    theme.apply(small=small)
    figure, axes = plt.subplots(figsize=theme.SMALL if small else (theme.WIDTH, theme.HEIGHT), layout="constrained")
    draw_shares(axes, [at[label] for label in shown["period"]], shown["value"], color=theme.GREY, size=4, width=1.2)
    known = fan[fan["period"] <= periods.write(origin)]
    future = fan[fan["period"] >= periods.write(origin)]
    axes.plot([at[p] for p in known["period"]], known["middle"], color=theme.BLUE, linewidth=2.8)
    positions = [at[p] for p in future["period"]]
    if len(positions) > 1:
        axes.fill_between(positions, future["lower"], future["upper"], color=theme.BLUE, alpha=0.22, linewidth=0)
        axes.plot(positions, future["middle"], color=theme.BLUE, linewidth=2, linestyle=(0, (4, 2)))
    threshold, how = float(row["threshold"]), words.quantity(plan, share.indicator)
    axes.axhline(threshold, color=theme.VERMILION, linewidth=1.8, linestyle=(0, (6, 3)))
    _set_limits(axes, threshold, fan, shown, earlier, how)
    period_axis(axes, labels, language, most=4 if small else 8)
    how.write_axis(axes.yaxis, most=4 if small else 6)
    if earlier is not None:
        _mark_earlier(axes, earlier, len(labels))
    _label_lines(axes, words, share, threshold, len(labels), fan, how)
    mark_breaks(axes, results, words, share.indicator, at)
    title = series_title(words, plan, share.indicator, share.dimension, share.series)
    set_title(figure, _short_title(words, promise, words.part(plan, share)) if small else title)
    mark_simulated(figure, results, words)
    plt.close(figure)

    alt = words.text(
        "{what}: {standing} so far this year; year-end {outlook}; promised: {rule}; probability {chance}.",
        what=title,
        standing=words.share_so_far(row, words.unit(plan, share.indicator), how),
        outlook=words.outlook(row, how),
        rule=words.rule(share.rule, threshold, how),
        chance=words.chance(row["probability"]),
    )
    if earlier is not None:
        alt = f"{alt} {_earlier_sentence(earlier, words, how)}"
    values = shown[["period", "numerator", "denominator", "value"]].merge(
        fan.rename(columns={name: f"year_to_date_{name}" for name in ("middle", "lower", "upper")}),
        on="period",
        how="outer",
    )
    # Three figures side by side are explained once, below them.
    caption = "" if small else outlook_caption(words)
    return Picture(
        figure, alt, caption, share_table(shown, words, how, line=threshold), values, width="third" if small else "wide"
    )


def outlook_caption(words: Wording) -> str:
    """Return the caption of these figures: what their lines mean."""
    return words.text(
        "Grey: each period. Blue: the year so far and its 80% prediction interval. Dashed red: the promise. Diamond: a "
        "quarter ago, computed again."
    )


def _short_title(words: Wording, promise: Measured, part: str) -> str:
    name = words.of(promise.name)
    return name if len(promise.parts) == 1 else f"{name}\n{part}"


def _forecast_a_quarter_ago(results: Results, target: str, part: str) -> pd.Series | None:
    """Return the row of the promise a quarter ago, or None where there was no forecast in the same year."""
    mine = results.attainment.of("previous", target, part)
    if mine.empty or mine.iloc[0]["note"] or pd.isna(mine.iloc[0]["expected"]):
        return None
    return mine.iloc[0]


def _earlier_sentence(earlier: pd.Series, words: Wording, how: Quantity) -> str:
    return words.text("A quarter ago: {outlook}.", outlook=words.outlook(earlier, how))


def _year_to_date_fan(results: Results, part: Part, origin: pd.Period) -> pd.DataFrame:
    """Return the share cumulated over the plan's year: `period, middle, lower, upper`, each 0–1.

    Up to the origin all three are the share observed; after it, the median and the 80 % interval over the draws.
    """
    shares = results.series(part.indicator, part.dimension, part.series)
    year = shares[shares["period"].isin(periods.labels_of_year(origin))]
    above = year["total"] if year["total"].notna().any() else year["numerator"]
    K, N = above.cumsum(), year["denominator"].cumsum()
    observed = pd.DataFrame({"period": year["period"], "middle": K / N})
    observed = observed.assign(lower=observed["middle"], upper=observed["middle"])
    draws = series_of(results.forecast.draws, part)
    if not len(draws):
        return observed.reset_index(drop=True)
    paths = draws.pivot_table(index="draw", columns="period", values=["numerator", "denominator"], aggfunc="sum")
    cumulated = (paths["numerator"].cumsum(axis=1) + K.iloc[-1]) / (paths["denominator"].cumsum(axis=1) + N.iloc[-1])
    quantiles = cumulated.quantile([0.1, 0.9])
    ahead = pd.DataFrame(
        {
            "period": quantiles.columns,
            "middle": cumulated.median().to_numpy(),  # as in the sentence beside it
            "lower": quantiles.loc[0.1].to_numpy(),
            "upper": quantiles.loc[0.9].to_numpy(),
        }
    )
    return pd.concat([observed, ahead], ignore_index=True)


def _set_limits(
    axes: Axes,
    threshold: float,
    fan: pd.DataFrame,
    shown: pd.DataFrame,
    earlier: pd.Series | None,
    how: Quantity,
) -> None:
    high = [threshold, fan["upper"].max(), shown["value"].max()]
    low = [threshold, fan["lower"].min(), shown["value"].min()]
    if earlier is not None:
        high.append(earlier["upper"])
        low.append(earlier["lower"])
    height = max(max(high) - min(low), 0.01)
    axes.set_ylim(max(min(low) - 0.12 * height, 0), min(max(high) + 0.15 * height, how.highest))


def _mark_earlier(axes: Axes, earlier: pd.Series, width: int) -> None:
    """Draw the year-end forecast of a quarter ago beside the end of the fan."""
    position = width - 0.35
    axes.plot([position, position], [earlier["lower"], earlier["upper"]], color=theme.PINK, linewidth=2)
    axes.plot(position, earlier["expected"], marker="D", markersize=6, markerfacecolor="white", color=theme.PINK,
              markeredgewidth=1.6)  # fmt: skip


def _label_lines(
    axes: Axes, words: Wording, share: Part, threshold: float, width: int, fan: pd.DataFrame, how: Quantity
) -> None:
    axes.annotate(
        words.text("promise: {rule}", rule=words.rule(share.rule, threshold, how)),
        (0, threshold),
        xytext=(2, 5),
        textcoords="offset points",
        color=theme.VERMILION,
        fontsize=9.5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
    )
    axes.annotate(
        how.beside(fan["middle"].iloc[-1], threshold),
        (width - 1, fan["middle"].iloc[-1]),
        xytext=(12, 0),
        textcoords="offset points",
        va="center",
        color=theme.BLUE,
        fontweight="bold",
        annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )

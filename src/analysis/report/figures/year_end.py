"""The figure of a promised share: so far, its fan to the year's end, the promise, the forecast of a quarter ago."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import periods
from analysis.attainment.year_end import series_of
from analysis.plan.plan import Plan
from analysis.plan.promises import Measured, Part
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report.figures import theme
from analysis.report.figures.axes import (
    PERIODS_SHOWN,
    draw_promise,
    draw_shares,
    mark_breaks,
    mark_simulated,
    name_in_title,
    period_axis,
    series_title,
    share_table,
)
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
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
    promise, share = promise_and_part(plan, target, part)
    frequency = plan.calendar.frequency
    shares = results.series(share.indicator, share.dimension, share.series)
    shown = shares.tail((PERIODS_IN_A_THIRD if small else PERIODS_SHOWN)[frequency])
    fan = _year_to_date_fan(results, share, origin)
    labels = [*shown["period"], *[label for label in fan["period"] if label > periods.write(origin)]]
    at = {label: position for position, label in enumerate(labels)}
    earlier = _forecast_a_quarter_ago(results, target, part)

    threshold, how = float(row["threshold"]), words.quantity(plan, share.indicator)
    known = fan[fan["period"] <= periods.write(origin)]
    future = fan[fan["period"] >= periods.write(origin)]

    def draw(figure: Figure) -> None:
        figure.set_figheight(theme.height(figure, 3.4))
        axes = figure.subplots()
        draw_shares(axes, [at[label] for label in shown["period"]], shown["value"], color=theme.GREY, size=4, width=1.2)
        axes.plot([at[p] for p in known["period"]], known["middle"], color=theme.BLUE, linewidth=2.8)
        positions = [at[p] for p in future["period"]]
        if len(positions) > 1:
            axes.fill_between(positions, future["lower"], future["upper"], color=theme.BLUE, alpha=0.22, linewidth=0)
            axes.plot(positions, future["middle"], color=theme.BLUE, linewidth=2, linestyle=(0, (4, 2)))
        _set_limits(axes, threshold, fan, shown, earlier, how)
        period_axis(axes, labels, language, quantity=how)
        if pd.notna(threshold):
            draw_promise(axes, words, share.rule, threshold, how)
        if len(fan):
            end = (at[fan["period"].iloc[-1]], fan["middle"].iloc[-1])
            gap = 6.0 if earlier is None else 20.0
            label(axes, how.beside(end[1], threshold), end, gap=gap, color=theme.BLUE, bold=True)
            middle = known.iloc[len(known) // 2]
            label(axes, words.text("year so far"), (at[middle["period"]], middle["middle"]), side="below",
                  color=theme.BLUE)  # fmt: skip
        if len(shown) > 3:
            each = shown.iloc[len(shown) // 3]
            label(axes, words.text("each period"), (at[each["period"]], each["value"]), side="above", color=theme.SOFT)
        if earlier is not None:
            _mark_earlier(axes, earlier, len(labels), words)
        mark_breaks(axes, results, words, share.indicator, at)
        mark_simulated(figure, results, words)

    statistic = series_title(words, plan, share.indicator, share.dimension, share.series)
    alt = standing_and_outlook(statistic, row, share, plan, words)
    if earlier is not None:
        alt = f"{alt} {_earlier_sentence(earlier, words, how)}"
    values = shown[["period", "numerator", "denominator", "value"]].merge(
        fan.rename(columns={name: f"year_to_date_{name}" for name in ("middle", "lower", "upper")}),
        on="period",
        how="outer",
    )
    # Figures side by side are explained once, below them.
    caption = "" if small else " ".join(_explained(words, is_open=len(future) > 1, has_earlier=earlier is not None))
    return Picture(
        draw, title=_message(called(promise, share, words, plan), row, share, words, how),
        statistic=_statistic(promise, statistic, words),
        alt=alt, caption=caption, table=share_table(shown, words, how, line=threshold), values=values,
        width="third" if small else "wide",
    )  # fmt: skip


def outlook_sentences(results: Results, words: Wording, target: str, part: str, origin: pd.Period) -> list[str]:
    """Return what the lines of such a figure mean, a sentence for each that is drawn.

    Parameters
    ----------
    results, words, target, part, origin
        See `outlook`.
    """
    _promise, share = promise_and_part(results.plan, target, part)
    fan = _year_to_date_fan(results, share, origin)
    is_open = bool((fan["period"] > periods.write(origin)).any())
    return _explained(words, is_open=is_open, has_earlier=_forecast_a_quarter_ago(results, target, part) is not None)


def _explained(words: Wording, *, is_open: bool, has_earlier: bool) -> list[str]:
    return [
        words.text("Grey: each period."),
        words.text("Blue: the year so far and its 80% prediction interval.") if is_open
        else words.text("Blue: the year so far."),
        words.text("Dashed red: the promise."),
        *([words.text("Diamond: a quarter ago, computed again.")] if has_earlier else []),
    ]  # fmt: skip


def _message(what: str, row: pd.Series, part: Part, words: Wording, how: Quantity) -> str:
    """Return the year's end beside the promise: how likely it is kept, or that it is or is not."""
    threshold = float(row["threshold"])
    value, rule = how.beside(row["expected"], threshold), words.rule(part.rule, threshold, how)
    if row["verdict"] == "met":
        return words.text("{what}: {value}, kept ({rule})", what=what, value=value, rule=rule)
    if row["verdict"] == "missed":
        return words.text("{what}: {value}, missed ({rule})", what=what, value=value, rule=rule)
    if pd.isna(row["probability"]) or pd.isna(row["expected"]):
        so_far = how.beside(row["observed_to_date"], threshold)
        return words.text("{what}: {value} so far; the year's end is not estimated", what=what, value=so_far)
    return words.text(
        "{what}: year-end near {value}, probability {chance}",
        what=what, value=value, chance=words.chance(row["probability"]),
    )  # fmt: skip


def promise_and_part(plan: Plan, target: str, part: str) -> tuple[Measured, Part]:
    """Return a promise on shares with one of its parts.

    Parameters
    ----------
    plan : Plan
        The plan.
    target, part : str
        The promise, and its part; where that is empty, the first.
    """
    promise = next(one for one in plan.measured if one.id == target)
    return promise, next(one for one in promise.parts.values() if part in ("", one.id))


def standing_and_outlook(what: str, row: pd.Series, part: Part, plan: Plan, words: Wording) -> str:
    """Return in a sentence where a promised share stands and where it may end.

    Parameters
    ----------
    what : str
        What the share is called.
    row : pd.Series
        The row of its promise; see `Results.promise`.
    part : Part
        The part of the promise.
    plan : Plan
        The plan.
    words : Wording
        The reader's language.
    """
    how = words.quantity(plan, part.indicator)
    return words.text(
        "{what}: {standing} so far this year; year-end {outlook}; promised: {rule}; probability {chance}.",
        what=what,
        standing=words.share_so_far(row, words.unit(plan, part.indicator), how),
        outlook=words.outlook(row, how),
        rule=words.rule(part.rule, float(row["threshold"]), how),
        chance=words.chance(row["probability"]),
    )


def called(promise: Measured, part: Part, words: Wording, plan: Plan) -> str:
    """Return what a title calls one part of a promise: the promise, or the member that one of its parts is about.

    Parameters
    ----------
    promise : Measured
        The promise.
    part : Part
        The part.
    words : Wording
        The reader's language.
    plan : Plan
        The plan, which names its series.
    """
    is_member = len(promise.parts) > 1 and part.dimension != TOTAL
    name = words.name(plan, part.dimension, part.series) if is_member else words.of(promise.name)
    return name_in_title(name, words)


def _statistic(promise: Measured, statistic: str, words: Wording) -> str:
    """Return what is drawn, with the promise it belongs to."""
    return statistic if words.of(promise.name) in statistic else f"{words.of(promise.name)}: {statistic}"


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
    # Any of them may be missing: `max` of a list would be whatever stands first.
    lowest, highest = float(np.nanmin(np.array(low, dtype=float))), float(np.nanmax(np.array(high, dtype=float)))
    height = max(highest - lowest, 0.01)
    axes.set_ylim(max(lowest - 0.12 * height, 0), min(highest + 0.15 * height, how.highest))


def _mark_earlier(axes: Axes, earlier: pd.Series, width: int, words: Wording) -> None:
    """Draw the year-end forecast of a quarter ago beside the end of the fan."""
    position = width - 0.3
    axes.plot([position, position], [earlier["lower"], earlier["upper"]], color=theme.PINK, linewidth=2)
    axes.plot(position, earlier["expected"], marker="D", markersize=5, markerfacecolor=theme.PAPER, color=theme.PINK,
              markeredgewidth=1.6)  # fmt: skip
    label(
        axes, words.text("a quarter ago"), (position, earlier["upper"]), side="above", align="right", color=theme.SOFT
    )

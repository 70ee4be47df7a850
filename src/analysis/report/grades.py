"""Tables and figures of how right past forecasts were, for the page of the track record and that of a backtest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.attainment.items import BASELINES as ITEM_BASELINES
from analysis.attainment.items_backtest import PUBLISHED
from analysis.forecast.backtest.grading import BINS, PIT_BINS
from analysis.forecast.backtest.rolling import ENSEMBLE, SUMMED
from analysis.forecast.origin_state import MODEL_OF_RECORD
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.public_grades import PUBLIC_GRADES
from analysis.report.wording import Wording, _

MODELS = {
    ENSEMBLE: _("What is published (pool)"),
    MODEL_OF_RECORD: _("State-space model alone"),
    "raw_ytd": _("Raw: the year so far carries on"),
    "raw_last_quarter": _("Raw: the last quarter carries on"),
    "raw_same_growth": _("Raw: same growth as last year"),
    "raw_straight_line": _("Raw: straight line"),
    "raw_seasonal_naive": _("Raw: last year's remaining periods again"),
    "dressed_ytd": _("With its past errors: the year so far carries on"),
    "dressed_last_quarter": _("With its past errors: the last quarter carries on"),
    "dressed_same_growth": _("With its past errors: same growth as last year"),
    "dressed_straight_line": _("With its past errors: straight line"),
    "dressed_seasonal_naive": _("With its past errors: last year's remaining periods again"),
    "dressed_chosen": _("With its past errors: the simple forecast that erred least before"),
    "statsmodels_ets": _("Exponential smoothing (ETS)"),
    "statsmodels_arima": _("ARIMA"),
    "statsmodels_uc": _("Local level (unobserved components)"),
    "statsmodels_theta": _("Theta"),
    "statsforecast_ets_native": _("AutoETS with its own intervals"),
    "statsforecast_theta_native": _("AutoTheta with its own intervals"),
    "statsforecast_ets_conformal": _("With its past errors: AutoETS"),
    "statsforecast_theta_conformal": _("With its past errors: AutoTheta"),
}
"""What a reader calls a model."""


def public(name: str) -> pd.DataFrame:
    """Return one kind of grade of every public panel, by the name of its file: years, item_scores …"""
    return pd.concat([pd.read_csv(file) for file in sorted(PUBLIC_GRADES.glob(f"*/{name}.csv"))], ignore_index=True)


def after_a_break() -> tuple[int, int]:
    """Return the forecasts of the first year after simulated jumps that were found, and how many intervals held."""
    rows = pd.read_csv(PUBLIC_GRADES / "after-a-break" / "after_a_break.csv")
    first = rows[(rows["way"] == "as published") & rows["found"] & (rows["quarters_after"] < 4)]
    return int(first["n"].sum()), int(first["inside_80"].sum())


LIST_PANELS = {
    "simulated": _("Simulated lists"),
    "boston-cases": _("Real cases (Boston 2015), with the days they were due"),
    "boston-cases-one-day": _("The same cases, as if all were due on the last day"),
}
"""What a reader calls a panel of lists of dated items."""
SIMULATED_LISTS = "simulated"


def of_ensemble(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose `model` is the ensemble, the forecast that reports give."""
    return rows[rows["model"] == ENSEMBLE]


def coverage(scored: pd.DataFrame, words: Wording, *, named: str, names: dict[str, str] | None = None) -> pd.DataFrame:
    """Return how often outcomes fell into the intervals of the ensemble, by panel, as a table for the reader.

    Parameters
    ----------
    scored : pd.DataFrame
        Sums over `n` series of each row; see `forecast.backtest.grading.Grades`.
    words : Wording
        The reader's language.
    named : str
        Header of the column of panels.
    names : dict of str to str, optional
        What a reader calls each panel; a panel without a name stands for itself.
    """
    columns = ["coverage_50", "coverage_80", "coverage_95", "mae_pp"]
    sums = of_ensemble(scored).groupby("panel", sort=False)[["n", *columns]].sum()
    means = sums[columns].div(sums["n"], axis=0)
    language = words.language
    return pd.DataFrame(
        {
            named: [(names or {}).get(panel, panel) for panel in means.index],
            words.text("Forecasts"): [numbers.count(n, language) for n in sums["n"]],
            **{
                words.text("In the {nominal} interval", nominal=numbers.percent(level / 100, language, digits=0)): [
                    numbers.percent(value, language) for value in means[f"coverage_{level}"]
                ]
                for level in (50, 80, 95)
            },
            words.text("Off by, on average (percentage points)"): [
                numbers.decimal(value, language) for value in means["mae_pp"]
            ],
        }
    )


def totals(
    rows: pd.DataFrame, words: Wording, *, named: str = "", names: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return how often intervals of a total held and how wide they were, by model and way of forecasting it.

    Parameters
    ----------
    rows : pd.DataFrame
        The table ``totals``; see `forecast.backtest.grading.Grades`.
    words : Wording
        The reader's language.
    named : str
        Heading of the column of panels; without one, panels are taken together.
    names : mapping of str to str, optional
        What a reader calls a panel, its own name by default.
    """
    language = words.language
    wanted = {name: place for place, name in enumerate(one + end for one in MODELS for end in ("", SUMMED))}
    keys = ["panel", "model"] if named else ["model"]
    by = rows[rows["model"].isin(wanted)].groupby(keys, sort=False)
    found = by.agg(
        held=("inside_80", "sum"), n=("inside_80", "size"), width=("width_80", "mean"), wis=("wis", "mean")
    ).reset_index()
    found["place"] = found["model"].map(wanted)
    found["first"] = found.groupby("panel", sort=False).ngroup() if named else 0
    found = found.sort_values(["first", "place"])
    eighty = numbers.percent(0.8, language, digits=0)
    own, summed = words.text("a series of its own"), words.text("sum of the series")
    first = {named: [(names or {}).get(panel, panel) for panel in found["panel"]]} if named else {}
    return pd.DataFrame(
        {
            **first,
            words.text("Model"): [model_name(name.removesuffix(SUMMED), words) for name in found["model"]],
            words.text("Total as"): [summed if name.endswith(SUMMED) else own for name in found["model"]],
            words.text("In the {nominal} interval", nominal=eighty): [
                f"{numbers.percent(held / n, language, digits=0)} ({held}/{n})"
                for held, n in zip(found["held"], found["n"], strict=True)
            ],
            words.text("Mean width of the {nominal} interval", nominal=eighty): [
                numbers.decimal(width, language) for width in found["width"]
            ],
            "WIS": [numbers.decimal(wis, language) for wis in found["wis"]],
        }
    )


WORST = -1.0
"""Skill at which the ensemble's errors are twice another model's."""


def skill(rows: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return by how much the ensemble was better than each other model, as a table for the reader.

    A skill is a mean of ratios, a ratio per panel and year, because the errors of different panels are on different
    scales: of sums the panel of the largest shares would decide alone. Where another model erred next to nothing in one
    year, such a ratio has no bound. Below `WORST` its size says nothing, and only that it is below is written.

    Parameters
    ----------
    rows : pd.DataFrame
        Rows of one panel, or those of all panels together; see `forecast.backtest.scores.skill_table`.
    words : Wording
        The reader's language.
    """
    wide = rows[rows["model"] != ENSEMBLE].set_index(["model", "score"])
    models = [model for model in MODELS if model in wide.index.get_level_values("model")]
    return pd.DataFrame(
        {
            words.text("Compared with"): [model_name(model, words) for model in models],
            words.text("Better by, whole distribution (CRPS)"): [
                _skill_cell(wide, model, "crps", words) for model in models
            ],
            words.text("Better by, probabilities (Brier)"): [
                _skill_cell(wide, model, "brier", words) for model in models
            ],
            words.text("Panel-years won (CRPS)"): [
                f"{wide.loc[(model, 'crps'), 'better']:.0f}/{wide.loc[(model, 'crps'), 'panel_years']:.0f}"
                for model in models
            ],
        }
    )


def _skill_cell(wide: pd.DataFrame, model: str, score: str, words: Wording) -> str:
    row = wide.loc[(model, score)]
    if np.isnan(row["skill"]):
        return numbers.MISSING
    if row["skill"] < WORST:
        return f"<\u00a0{numbers.percent(WORST, words.language, digits=0)}"
    if np.isnan(row["lower"]):
        return numbers.percent(row["skill"], words.language)
    if row["lower"] >= WORST:
        return numbers.percent_with_range(row["skill"], row["lower"], row["upper"], words.language)
    lower = f"<\u00a0{numbers.percent(WORST, words.language, digits=0).rstrip('%')}"
    ends = numbers.joined(lower, numbers.percent(row["upper"], words.language), words.language)
    return f"{numbers.percent(row['skill'], words.language)} ({ends})"


def list_coverage(scored: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return how often the number done of a list fell into its intervals, by panel, as a table for the reader.

    Parameters
    ----------
    scored : pd.DataFrame
        See `attainment.items_backtest.scored`.
    words : Wording
        The reader's language.
    """
    mine = scored[scored["model"] == PUBLISHED]
    sums = mine.groupby("panel", sort=False).sum(numeric_only=True).reindex(list(LIST_PANELS))
    language = words.language
    return pd.DataFrame(
        {
            words.text("Lists"): [words.text(LIST_PANELS[panel]) for panel in sums.index],
            words.text("Forecasts"): [numbers.count(n, language) for n in sums["n"]],
            **{
                words.text("In the {nominal} interval", nominal=numbers.percent(level / 100, language, digits=0)): [
                    numbers.percent(value, language) for value in sums[f"coverage_{level}"] / sums["n"]
                ]
                for level in (50, 80, 95)
            },
        }
    )


def list_skill(rows: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return by how much forecasts of lists were better than each baseline, by panel, as a table for the reader.

    Parameters
    ----------
    rows : pd.DataFrame
        See `attainment.items_backtest.skill`; those of all quarters are taken.
    words : Wording
        The reader's language.
    """
    wide = rows[rows["quarters"] == 0].set_index(["panel", "model", "score"])
    named = [(panel, model) for panel in LIST_PANELS for model in ITEM_BASELINES]

    def cells(score: str) -> list[str]:
        rows = [wide.loc[(*one, score)] for one in named]
        return [numbers.percent_with_range(row["skill"], row["lower"], row["upper"], words.language) for row in rows]

    return pd.DataFrame(
        {
            words.text("Lists"): [words.text(LIST_PANELS[panel]) for panel, _ in named],
            words.text("Compared with"): [words.baseline(model) for _, model in named],
            words.text("Better by, whole distribution (CRPS)"): cells("crps"),
            words.text("Better by, probabilities (Brier)"): cells("brier"),
            words.text("Better by, probabilities (log score)"): cells("log_score"),
        }
    )


def model_name(model: str, words: Wording) -> str:
    """Return what a reader calls a model.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    words : Wording
        The reader's language.
    """
    return words.text(MODELS[model])


WELL_CALIBRATED = 0.05
"""How far what happened may be from what was said, in any range of probabilities, that it be called what was said."""


def reliability(rows: pd.DataFrame, words: Wording, *, statistic: str) -> Picture:
    """Return a reliability diagram: how often it happened against the probability given, a dot per bin.

    Parameters
    ----------
    rows : pd.DataFrame
        `bin, n, said, happened` of one model, which are added up; see `forecast.backtest.grading.Grades`.
    words : Wording
        The reader's language.
    statistic : str
        What is drawn: whose forecasts they are.
    """
    language = words.language
    sums = rows.groupby("bin")[["n", "said", "happened"]].sum()
    sums["mean"], sums["share"] = sums["said"] / sums["n"], sums["happened"] / sums["n"]
    off = (sums["share"] - sums["mean"]).abs()
    worst = sums.loc[off.idxmax()]
    furthest = {
        "n": numbers.count(worst["n"], language),
        "said": numbers.percent(worst["mean"], language),
        "happened": numbers.percent(worst["share"], language),
    }

    def draw(figure: Figure) -> None:
        narrow = theme.is_narrow(figure)
        figure.set_figheight(3.1 if narrow else 4.2)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=theme.GREY, linewidth=1.4, linestyle=(0, (5, 3)))
        axes.plot(sums["mean"], sums["share"], color=theme.BLUE, linewidth=1.2)
        sizes = (0.5 if narrow else 1) * (20 + 180 * np.sqrt(sums["n"] / sums["n"].max()))
        axes.scatter(sums["mean"], sums["share"], s=sizes, color=theme.BLUE, edgecolors=theme.PAPER, linewidths=1)
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=words.text("Probability said"))
        axes.set_ylabel(words.text("Share that happened"))
        _write_percent(axes.xaxis, language, most=5)
        _write_percent(axes.yaxis, language, most=5)
        # Dots above the line leave room to their upper left, those below it to their lower right.
        is_above = worst["share"] >= worst["mean"]
        told = [words.text("said {said}", **furthest), words.text("happened {happened}", **furthest)]
        has_room = (worst["mean"] if is_above else 1 - worst["mean"]) > (0.35 if narrow else 0.25)
        label(axes, ("\n" if narrow else ", ").join(told), (worst["mean"], worst["share"]),
              side="above" if is_above else "below", align="right" if is_above == has_room else "left",
              color=theme.BLUE, bold=True)  # fmt: skip
        label(axes, words.text("as said"), (0.66, 0.66), side="below" if is_above else "above",
              align="left" if is_above else "right", color=theme.SOFT)  # fmt: skip

    table = pd.DataFrame(
        {
            words.text("Probability said"): [
                numbers.percent_range(BINS[at], BINS[at + 1], language) for at in sums.index
            ],
            words.text("Forecasts"): [numbers.count(n, language) for n in sums["n"]],
            words.text("Said on average"): [numbers.percent(value, language) for value in sums["mean"]],
            words.text("Happened"): [
                f"{numbers.percent(share, language)} ({numbers.count(n, language)})"
                for share, n in zip(sums["share"], sums["happened"], strict=True)
            ],
        }
    )
    alt = words.text(
        "{title}: of {n} probabilities, the furthest off said {said} on average and {happened} happened.",
        title=statistic,
        **furthest | {"n": numbers.count(sums["n"].sum(), language)},
    )
    caption = words.text(
        "A dot for each range of probabilities, larger where there are more. On the dashed line what was said is what "
        "happened; forecasts of one year share its luck, so dots may stray together."
    )
    title = words.text("Furthest off: {said} was said on average, {n} times; {happened} happened", **furthest)
    if off.max() <= WELL_CALIBRATED:
        points = numbers.decimal(off.max() * 100, language, digits=1)
        title = words.text("What was said happened: the furthest range is {points} points off", points=points)
    return Picture(
        draw, title=title, statistic=statistic, alt=alt, caption=caption, table=table, values=sums.reset_index()
    )


ABOUT_RIGHT, SLIGHTLY = 0.02, 0.05
"""Shares of the outcomes by which intervals may be off and are called right, and slightly too wide or too narrow."""

PLACED = {
    ("right", ""): _("Intervals about right: {inside} fell into the middle 80%"),
    ("slightly", "wide"): _("Intervals slightly too wide: {inside} fell into the middle 80%"),
    ("slightly", "narrow"): _("Intervals slightly too narrow: {inside} fell into the middle 80%"),
    ("much", "wide"): _("Intervals too wide: {inside} fell into the middle 80%"),
    ("much", "narrow"): _("Intervals too narrow: {inside} fell into the middle 80%"),
}
"""What is said of intervals by how far, and to which side, they are off."""


def places(rows: pd.DataFrame, words: Wording, *, statistic: str) -> Picture:
    """Return a histogram of where outcomes fell in their forecast distributions (PIT): even if intervals are right.

    Parameters
    ----------
    rows : pd.DataFrame
        `tenth, n` of one model, which are added up.
    words : Wording
        The reader's language.
    statistic : str
        What is drawn: whose forecasts they are.
    """
    language = words.language
    counts = rows.groupby("tenth")["n"].sum().reindex(range(PIT_BINS), fill_value=0)
    shares = counts / counts.sum()

    def draw(figure: Figure) -> None:
        figure.set_figheight(theme.height(figure, 3.0))
        axes = figure.subplots()
        axes.bar(counts.index + 1, shares, width=0.8, color=theme.BLUE, linewidth=0)
        axes.axhline(1 / PIT_BINS, color=theme.VERMILION, linewidth=1.6, linestyle=(0, (6, 3)))
        told = [int(shares.argmax())] if theme.is_narrow(figure) else range(PIT_BINS)
        for at in told:
            written = numbers.percent(shares.iloc[at], language, digits=0)
            label(axes, written, (at + 1, shares.iloc[at]), side="above", color=theme.BLUE)
        axes.set_ylim(0, 1.25 * max(shares.max(), 1 / PIT_BINS))
        axes.set_xlim(0.4, PIT_BINS + (2.6 if theme.is_narrow(figure) else 1.6))
        label(axes, words.text("if right: {share}", share=numbers.percent(1 / PIT_BINS, language, digits=0)),
              (PIT_BINS + 0.5, 1 / PIT_BINS), side="above", align="left", color=theme.VERMILION)  # fmt: skip
        axes.set_xticks(range(1, PIT_BINS + 1))
        _write_percent(axes.yaxis, language, most=4)
        axes.set(xlabel=words.text("Tenth of what was said in which the outcome fell"), ylabel="")
        axes.grid(axis="x", visible=False)

    table = pd.DataFrame(
        {
            words.text("Tenth"): [numbers.count(tenth + 1, language) for tenth in counts.index],
            words.text("Outcomes"): [numbers.count(n, language) for n in counts],
            words.text("Share of all"): [numbers.percent(share, language) for share in shares],
        }
    )
    alt = words.text(
        "{title}: of {n} outcomes the lowest tenth held {low}, the highest {high}; 10% each if all were right.",
        title=statistic,
        low=numbers.percent(shares.iloc[0], language),
        high=numbers.percent(shares.iloc[-1], language),
        n=numbers.count(counts.sum(), language),
    )
    caption = words.text(
        "Bars of one height: intervals as wide as they should be; a hump: too wide; a bowl: too narrow. Series that "
        "sit at none or all fall into the middle."
    )
    return Picture(
        draw, title=_placed(shares, words), statistic=statistic, alt=alt, caption=caption, table=table,
        values=counts.reset_index(),
    )  # fmt: skip


def _placed(shares: pd.Series, words: Wording) -> str:
    """Return what the places of outcomes say of the intervals, or of forecasts that are off to one side."""
    low, high = float(shares.iloc[0]), float(shares.iloc[-1])
    inside = 1 - low - high
    off = round(inside - (1 - 2 / PIT_BINS), 9)
    if abs(high - low) > max(SLIGHTLY, abs(off)):
        said = _("Forecasts too low: {share} of outcomes fell into the highest tenth")
        if low > high:
            said = _("Forecasts too high: {share} of outcomes fell into the lowest tenth")
        return words.text(said, share=numbers.percent(max(low, high), words.language))
    by = "right" if abs(off) <= ABOUT_RIGHT else "slightly" if abs(off) <= SLIGHTLY else "much"
    side = "" if by == "right" else "wide" if off > 0 else "narrow"
    return words.text(PLACED[by, side], inside=numbers.percent(inside, words.language))


def _write_percent(axis: Axis, language: str, *, most: int) -> None:
    axis.set_major_locator(MaxNLocator(nbins=most, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _place: numbers.percent(value, language, digits=0)))

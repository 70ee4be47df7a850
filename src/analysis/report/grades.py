"""Tables and figures of how right past forecasts were, for the page of the track record and that of a backtest."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import FuncFormatter

from analysis.attainment.items import BASELINES as ITEM_BASELINES
from analysis.attainment.items_backtest import PUBLISHED
from analysis.forecast.backtest.grading import BINS, PIT_BINS
from analysis.forecast.backtest.rolling import ENSEMBLE, SUMMED
from analysis.forecast.origin_state import MODEL_OF_RECORD
from analysis.report import numbers, theme
from analysis.report.figure import Picture, set_title
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


def reliability(rows: pd.DataFrame, words: Wording, *, title: str) -> Picture:
    """Return a reliability diagram: how often it happened against the probability given, a dot per bin.

    Parameters
    ----------
    rows : pd.DataFrame
        `bin, n, said, happened` of one model, which are added up; see `forecast.backtest.grading.Grades`.
    words : Wording
        The reader's language.
    title : str
        Title of the figure: whose forecasts they are.
    """
    language = words.language
    sums = rows.groupby("bin")[["n", "said", "happened"]].sum()
    sums["mean"], sums["share"] = sums["said"] / sums["n"], sums["happened"] / sums["n"]
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH * 0.72, theme.WIDTH * 0.6), layout="constrained")
    axes.plot([0, 1], [0, 1], color=theme.GREY, linewidth=1.4, linestyle=(0, (5, 3)))
    sns.scatterplot(
        x=sums["mean"], y=sums["share"], ax=axes, color=theme.BLUE, s=20 + 180 * np.sqrt(sums["n"] / sums["n"].max())
    )
    axes.plot(sums["mean"], sums["share"], color=theme.BLUE, linewidth=1.2)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=words.text("Probability said"))
    axes.set_ylabel(words.text("Share that happened"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: numbers.percent(value, language, digits=0)))
    set_title(figure, title)
    plt.close(figure)
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
    worst = (sums["share"] - sums["mean"]).abs().idxmax()
    alt = words.text(
        "{title}: of {n} probabilities, the furthest off said {said} on average and {happened} happened.",
        title=title,
        n=numbers.count(sums["n"].sum(), language),
        said=numbers.percent(sums.loc[worst, "mean"], language),
        happened=numbers.percent(sums.loc[worst, "share"], language),
    )
    caption = words.text(
        "A dot for each range of probabilities, larger where there are more. On the dashed line what was said is what "
        "happened; forecasts of one year share its luck, so dots may stray together."
    )
    return Picture(figure, alt, caption, table, sums.reset_index())


def places(rows: pd.DataFrame, words: Wording, *, title: str) -> Picture:
    """Return a histogram of where outcomes fell in their forecast distributions (PIT): even if intervals are right.

    Parameters
    ----------
    rows : pd.DataFrame
        `tenth, n` of one model, which are added up.
    words : Wording
        The reader's language.
    title : str
        Title of the figure: whose forecasts they are.
    """
    language = words.language
    counts = rows.groupby("tenth")["n"].sum().reindex(range(PIT_BINS), fill_value=0)
    shares = counts / counts.sum()
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH * 0.72, theme.HEIGHT * 0.85), layout="constrained")
    sns.barplot(x=counts.index + 1, y=shares.to_numpy(), ax=axes, color=theme.BLUE, errorbar=None)
    axes.axhline(1 / PIT_BINS, color=theme.VERMILION, linewidth=1.6, linestyle=(0, (6, 3)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.percent(value, language, digits=0)))
    axes.set(xlabel=words.text("Tenth of what was said in which the outcome fell"), ylabel="")
    set_title(figure, title)
    plt.close(figure)
    table = pd.DataFrame(
        {
            words.text("Tenth"): [numbers.count(tenth + 1, language) for tenth in counts.index],
            words.text("Outcomes"): [numbers.count(n, language) for n in counts],
            words.text("Share of all"): [numbers.percent(share, language) for share in shares],
        }
    )
    alt = words.text(
        "{title}: of {n} outcomes the lowest tenth held {low}, the highest {high}; 10% each if all were right.",
        title=title,
        low=numbers.percent(shares.iloc[0], language),
        high=numbers.percent(shares.iloc[-1], language),
        n=numbers.count(counts.sum(), language),
    )
    caption = words.text(
        "Bars of one height: intervals as wide as they should be; a hump: too wide; a bowl: too narrow. Series that "
        "sit at none or all fall into the middle."
    )
    return Picture(figure, alt, caption, table, counts.reset_index())

"""Tables of how right past forecasts were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.parameters import ROOT
from analysis.report import numbers
from analysis.report.wording import Wording, _

PUBLIC = ROOT / "data" / "track_record"
"""Grades on public panels; `README.md` there has the command that made them."""

MODELS = {
    "hub": _("What is published (pool)"),
    "npeb": _("State-space model alone"),
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
}
"""What a reader calls a model."""


def public(name: str) -> pd.DataFrame:
    """Return a small table of every public panel."""
    return pd.concat([pd.read_csv(file) for file in sorted(PUBLIC.glob(f"*/{name}.csv"))], ignore_index=True)


def model_name(model: str, words: Wording) -> str:
    """Return what a reader calls a model."""
    return words.text(MODELS[model])


def skill(rows: pd.DataFrame, words: Wording) -> pd.DataFrame:
    """Return by how much what is published was better than each other model.

    Parameters
    ----------
    rows : pd.DataFrame
        Of one panel, or of all; see `forecast.backtest.skill.skill_table`.
    words : Wording
        Of the page.
    """
    wide = rows[rows["model"] != "hub"].set_index(["model", "score"])
    models = [model for model in MODELS if model in wide.index.get_level_values("model")]
    return pd.DataFrame(
        {
            words.text("Compared with"): [model_name(model, words) for model in models],
            words.text("Better by, whole distribution (CRPS)"): [
                _skill(wide, model, "crps", words) for model in models
            ],
            words.text("Better by, probabilities (Brier)"): [_skill(wide, model, "brier", words) for model in models],
            words.text("Panel-years won"): [
                f"{wide.loc[(model, 'crps'), 'better']:.0f}/{wide.loc[(model, 'crps'), 'panel_years']:.0f}"
                for model in models
            ],
        }
    )


def coverage(scored: pd.DataFrame, words: Wording, *, named: str, names: dict[str, str] | None = None) -> pd.DataFrame:
    """Return how often outcomes fell into the intervals of what is published, by panel.

    Parameters
    ----------
    scored : pd.DataFrame
        Sums over `n` series of each row; see `forecast.backtest.grading.Grades`.
    words : Wording
        Of the page.
    named : str
        What a panel is called.
    names : dict of str to str, optional
        What a reader calls each.
    """
    columns = ["coverage_50", "coverage_80", "coverage_95", "mae_pp"]
    sums = scored[scored["model"] == "hub"].groupby("panel", sort=False)[["n", *columns]].sum()
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


def _skill(wide: pd.DataFrame, model: str, score: str, words: Wording) -> str:
    row = wide.loc[(model, score)]
    if np.isnan(row["skill"]):
        return numbers.MISSING
    told = numbers.percent(row["skill"], words.language)
    if np.isnan(row["lower"]):
        return told
    return f"{told} ({numbers.percent_range(row['lower'], row['upper'], words.language)})"

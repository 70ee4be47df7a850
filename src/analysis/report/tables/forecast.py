"""Tables of how a forecast was made."""

from __future__ import annotations

import pandas as pd

from analysis.forecast.standing import MODEL
from analysis.report import numbers
from analysis.report.wording import Wording
from analysis.results import Results


def diagnostics(results: Results, words: Wording) -> pd.DataFrame:
    """Return how the one-step errors of each fitted series look."""
    language, frame = words.language, results.diagnostics
    return pd.DataFrame(
        {
            words.text("Series"): _named(results, words, frame),
            words.text("One-step errors"): [numbers.count(n, language) for n in frame["n"]],
            words.text("Mean size (0.80 if the model is right)"): [
                numbers.decimal(v, language) for v in frame["mean_abs_standardised_error"]
            ],
            words.text("Ljung–Box p-value"): [numbers.decimal(v, language) for v in frame["ljung_box_p"]],
        }
    )


def audit(results: Results, words: Wording) -> pd.DataFrame:
    """Return the share of the year's last period as statsmodels simulates it and as the paths draw it."""
    frame = results.diagnostics
    return pd.DataFrame(
        {
            words.text("Series"): _named(results, words, frame),
            words.text("statsmodels: middle (80% interval)"): _intervals(frame, "simulated", words),
            words.text("Paths: middle (80% interval)"): _intervals(frame, "drawn", words),
        }
    )


def weights(results: Results, words: Wording) -> pd.DataFrame:
    """Return the weight of each source of points in the pool, a row per series."""
    frame = results.weights.assign(source=results.weights["member"].str.removeprefix("dressed_"))
    frame["source"] = frame["source"].str.removeprefix("scaled_")
    wide = frame.pivot_table(
        index=["indicator", "series"], columns="source", values="weight", aggfunc="sum", sort=False
    ).reset_index()
    columns = {words.text("Series"): _named(results, words, wide)}
    for source in frame["source"].unique():
        name = words.text("Model") if source == MODEL else words.baseline(source)
        columns[name] = [numbers.percent(value, words.language, digits=0) for value in wide[source]]
    return pd.DataFrame(columns)


def short_series(results: Results, words: Wording) -> list[str]:
    """Return the names of forecast series with less than two years of history."""
    short = results.weights[results.weights["short"].astype(bool)].drop_duplicates(["indicator", "series"])
    return _named(results, words, short)


def _named(results: Results, words: Wording, frame: pd.DataFrame) -> list[str]:
    return [
        f"{words.indicator(results.plan, indicator)}: {words.name(results.plan, series)}"
        for indicator, series in zip(frame["indicator"], frame["series"], strict=True)
    ]


def _intervals(frame: pd.DataFrame, kind: str, words: Wording) -> list[str]:
    language = words.language
    columns = [frame[f"{kind}_{end}"] for end in ("median", "lower", "upper")]
    return [
        f"{numbers.percent(middle, language)} ({numbers.percent_range(lower, upper, language)})"
        for middle, lower, upper in zip(*columns, strict=True)
    ]

"""A share of the year so far, member by member."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from analysis import periods
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import (
    Picture,
    mark_simulated,
    set_title,
    short_name,
    write_shares,
)
from analysis.report.small_cells import hide_small, said_of_hidden
from analysis.report.wording import Wording
from analysis.results import Results


def ranking(
    results: Results, words: Wording, indicator: str, series: list[str], origin: pd.Period, *, members: str
) -> Picture:
    """Return the year so far of one share, largest first, of members that the reader calls by one word: fields."""
    plan, language = results.plan, words.language
    year = periods.labels_of_year(origin)
    periods_of_year = results.indicators[
        (results.indicators["indicator"] == indicator)
        & results.indicators["series"].isin(series)
        & results.indicators["period"].isin(year)
    ]
    sums = periods_of_year.groupby("series")[["numerator", "denominator"]].sum()
    sums = sums[sums["denominator"] > 0].assign(value=lambda f: f["numerator"] / f["denominator"])
    hidden = said_of_hidden(sums, words, words.of(plan.unit))
    sums = hide_small(sums).sort_values("value", ascending=False, na_position="last")
    names = [words.name(plan, code) for code in sums.index]
    shown = sums["value"].dropna()
    rows = list(range(len(shown)))
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 0.9 + 0.3 * len(shown)), layout="constrained")
    if rows:
        sns.barplot(x=shown.to_numpy(), y=rows, orient="h", ax=axes, color=theme.BLUE, width=0.62, errorbar=None)
    axes.set_yticks(rows, [short_name(name) for name in names[: len(shown)]])
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

"""Who holds most of what a promise lacks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture, mark_simulated, set_title, short_name
from analysis.report.wording import Wording
from analysis.results import Results

MOST = 10


def gap(results: Results, words: Wording, members: pd.DataFrame, *, title: str, table: pd.DataFrame) -> Picture:
    """Return what each member is short of a promise, most first, with the chance if it alone kept the promise.

    Parameters
    ----------
    results, words
        What there is to show, in which language.
    members : pd.DataFrame
        Rows of one part and dimension of `attainment.gap`, those that are short, most first.
    title : str
        Which promise, and by what.
    table : pd.DataFrame
        The same for the reader.
    """
    plan, language = results.plan, words.language
    shown = members.head(MOST)
    unit, names = words.of(plan.unit), [words.name(plan, code) for code in shown["series"]]
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 1.1 + 0.32 * len(shown)), layout="constrained")
    rows = list(range(len(shown)))
    sns.barplot(x=shown["short"].to_numpy(), y=rows, orient="h", ax=axes, color=theme.BLUE, width=0.62, errorbar=None)
    for position, row in enumerate(shown.itertuples()):
        now, then = words.chance(row.probability), words.chance(row.probability_if)
        told = f"{numbers.count(row.short, language)}   {now} → {then}"
        axes.annotate(told, (row.short, position), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(rows, [short_name(name) for name in names])
    axes.set_xlim(0, float(shown["short"].max()) * 1.3)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.count(value, language)))
    axes.set(ylabel="", xlabel=words.text("Short of the promise by ({unit})", unit=unit))
    axes.grid(axis="y", visible=False)
    set_title(figure, title)
    mark_simulated(figure, results, words)
    plt.close(figure)

    total, first = members["short"].sum(), shown.iloc[0]
    alt = words.text(
        "{title}: {name} holds most, {short} of {all} {unit}; if it alone kept the promise the probability would be "
        "{then} instead of {now}.",
        title=title,
        name=names[0],
        short=numbers.count(first["short"], language),
        all=numbers.count(total, language),
        unit=unit,
        then=words.chance(first["probability_if"]),
        now=words.chance(first["probability"]),
    )
    caption = words.text(
        "Bars: what each is short of the promise so far. Beside them the probability now, and if it alone kept the "
        "promise from now on."
    )
    return Picture(figure, alt, caption, table, members)

"""The picture of who delivered what when: bodies down, months across, holes marked."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture, set_title, short_name
from analysis.report.wording import Wording
from analysis.results import Results

PERIODS = 12
"""A year of months: enough to see who stopped, few enough to read."""
BODIES = 40
"""The largest bodies; the rest is in the table."""


def agency_months(results: Results, words: Wording) -> Picture:
    """Return cases resolved by body and period, the last year of them; a body without any is marked."""
    plan, language = results.plan, words.language
    labels = sorted(results.agency_months["period"].unique())[-PERIODS:]
    recent = results.agency_months[results.agency_months["period"].isin(labels)].dropna(subset="agency")
    table = recent.pivot_table(index="agency", columns="period", values="resolved", aggfunc="sum")
    table = table.reindex(columns=labels).astype("float64")
    table = table.where(table > 0)
    table = table.loc[table.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    names = [words.name(plan, code) for code in table.index]
    heads = [numbers.period(label, language) for label in labels]
    holes = int(table.isna().sum().sum())

    shown = table.head(BODIES)
    theme.apply()
    figure, axes = plt.subplots(
        figsize=(theme.WIDTH, 1.4 + 0.27 * max(len(shown), 4)), layout="constrained"
    )  # a line of text per body
    shades = LinearSegmentedColormap.from_list("shades", ["#dbe9f4", theme.BLUE])
    top = float(shown.max().max()) if shown.notna().any(axis=None) else 1.0
    sns.heatmap(
        shown, ax=axes, cmap=shades, norm=LogNorm(1, max(top, 2)), cbar=False, linewidths=0.8, linecolor="white",
        annot=shown.map(lambda cases: numbers.count(cases, language) if pd.notna(cases) else ""), fmt="",
        annot_kws={"fontsize": 6.5, "in_layout": False}, xticklabels=False, yticklabels=False,
    )  # fmt: skip
    for row, column in zip(*shown.isna().to_numpy().nonzero(), strict=True):
        axes.annotate("×", (column + 0.5, row + 0.5), color=theme.VERMILION, ha="center", va="center", fontsize=9)
    axes.set_yticks(
        [at + 0.5 for at in range(len(shown))],
        [short_name(name) for name in names[: len(shown)]],
        va="center",
        fontsize=8,
    )
    axes.set_xticks([at + 0.5 for at in range(len(heads))], heads, fontsize=7.5)
    axes.set(xlabel="", ylabel="")
    set_title(figure, words.text("Cases resolved, by body and period"))
    plt.close(figure)

    alt = words.text(
        "{bodies} bodies over {periods} periods: {holes} of {cells} have no resolved cases.",
        bodies=numbers.count(len(table), language),
        periods=numbers.count(len(labels), language),
        holes=numbers.count(holes, language),
        cells=numbers.count(table.size, language),
    )
    caption = words.text("Darker: more cases. ×: none in that period. The {most} largest bodies are drawn.",
                         most=numbers.count(BODIES, language))  # fmt: skip
    behind = pd.DataFrame({words.text("Body"): names})
    for head, label in zip(heads, labels, strict=True):
        behind[head] = [numbers.count(cases, language) for cases in table[label]]
    return Picture(figure, alt, caption, behind, table.reset_index())

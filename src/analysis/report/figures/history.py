"""How the probability of each promise moved over the quarters."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import FuncFormatter

from analysis import periods
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.picture import Picture, mark_simulated, set_title, short_name
from analysis.report.wording import Wording
from analysis.results import Results


def history(results: Results, words: Wording, said: pd.DataFrame) -> Picture | None:
    """Return each promise's probability quarter by quarter, or None where none was ever estimated.

    Parameters
    ----------
    results, words
        What there is to show, in which language.
    said : pd.DataFrame
        `target, quarter, probability`, in the order of the quarters; see `tables.ledger.said_over_the_year`.
    """
    language = words.language
    quarters = sorted(said["quarter"].unique())
    said = said.dropna(subset="probability")
    targets = [target for target in results.plan.targets if target.id in set(said["target"])]
    if not targets:
        return None
    labels = [numbers.quarter(periods.parse_quarter(quarter), language) for quarter in quarters]
    names = [words.of(target.name) for target in targets]

    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 1.2 + 0.42 * len(targets)), layout="constrained")
    for row, target in enumerate(targets):
        mine = said[said["target"] == target.id]
        axes.plot(mine["probability"], [row] * len(mine), color=theme.GREY, linewidth=1.4)
        older = mine[mine["quarter"] != quarters[-1]]
        axes.plot(older["probability"], [row] * len(older), marker="o", linestyle="", markersize=6,
                  markerfacecolor="white", color=theme.GREY, markeredgewidth=1.5)  # fmt: skip
        now = mine[mine["quarter"] == quarters[-1]]
        axes.plot(now["probability"], [row] * len(now), marker="D", markersize=8, linestyle="", color=theme.BLUE)
        path = " → ".join(words.chance(value) for value in [*older["probability"], *now["probability"]])
        path = path if len(now) else f"{path} → {numbers.MISSING}"
        axes.annotate(path, (1.04, row), va="center", fontsize=9, annotation_clip=False)
    axes.set_yticks(range(len(targets)), [short_name(name) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(-0.03, 1.02)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.percent(value, language, digits=0)))
    axes.set(xlabel=words.text("Probability of meeting the target"), ylabel="")
    set_title(figure, words.text("How each probability moved: {first} to {last}", first=labels[0], last=labels[-1]))
    mark_simulated(figure, results, words)
    plt.close(figure)

    table = pd.DataFrame({words.text("Promise"): names})
    for quarter, label in zip(quarters, labels, strict=True):
        mine = said[said["quarter"] == quarter].set_index("target")["probability"]
        table[label] = [words.chance(mine.get(target.id, float("nan"))) for target in targets]
    moves = said.groupby("target")["probability"].agg(lambda values: values.iloc[-1] - values.iloc[0])
    most = str(moves.abs().idxmax())
    ends = said[said["target"] == most]["probability"]
    alt = words.text(
        "How each probability moved; the most: {name}, from {first} to {last}.",
        name=names[[target.id for target in targets].index(most)],
        first=words.chance(ends.iloc[0]),
        last=words.chance(ends.iloc[-1]),
    )
    caption = words.text(
        "Diamond: now. Rings: what was published for earlier quarters or, where nothing was, what the same method says "
        "from what was known then."
    )
    return Picture(figure, alt, caption, table, said)

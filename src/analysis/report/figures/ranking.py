"""The figure of bodies in their order: each with its limits and number of cases, beside what is promised of them."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.quarter.bodies import are_beyond
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import (
    counts_and_values,
    draw_promise,
    hidden_cells_sentence,
    mark_simulated,
    name_within,
    short_name,
)
from analysis.report.figures.picture import Picture
from analysis.report.quantities import Quantity
from analysis.report.wording import Wording

ROWS_DRAWN, ROWS_DRAWN_NARROW = 30, 16
"""Bodies that are drawn: the clearly worst ones, and the one that the page is for."""

_KEPT = ["series", "numerator", "denominator", "value", "hidden", "lower", "upper", "line", "best_rank", "worst_rank"]


def ranking(
    results: Results,
    words: Wording,
    indicator: str,
    dimension: str,
    rows: pd.DataFrame,
    *,
    body: str | None = None,
) -> Picture | None:
    """Return the year so far of bodies with 95 % limits and numbers of cases, the clearly worst first.

    None where nothing may be shown of any of them.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    indicator, dimension : str
        The share or mean, and the dimension of the bodies.
    rows : pd.DataFrame
        A row per body, in the order drawn; see `quarter.bodies.year_of_bodies`. Hidden ones stand in the table only.
    body : str, optional
        Code of the body that the page is for.
    """
    plan, how = results.plan, words.quantity(results.plan, indicator)
    rows = rows.reset_index(drop=True)
    names = [words.name(plan, dimension, str(code)) for code in rows["series"]]
    rows = rows.assign(name=names)
    shown = rows[rows["denominator"].notna()]
    if shown.empty:
        return None
    promised = sorted(set(shown.loc[shown["line"].notna(), ["rule", "line"]].itertuples(index=False, name=None)))

    def draw(figure: Figure) -> None:
        narrow = theme.is_narrow(figure)
        most = ROWS_DRAWN_NARROW if narrow else ROWS_DRAWN
        drawn = shown.head(most)
        if body in set(shown["series"].iloc[most:]):
            drawn = pd.concat([drawn.iloc[:-1], shown[shown["series"] == body]])
        figure.set_figheight((0.37 if narrow else 0.27) * len(drawn) + 0.75)
        axes = figure.subplots()
        _set_axes(axes, drawn, how, most_ticks=4 if narrow else 6)
        # On a telephone the name stands above its row, which has the whole width.
        at = np.arange(len(drawn)) + (0.24 if narrow else 0.0)
        _draw_bodies(axes, at, drawn, body)
        (_write_above if narrow else _write_beside)(axes, drawn, words, how, body)
        if len(promised) == 1:
            rule, line = promised[0]
            draw_promise(axes, words, rule, line, how, across=False)
        elif promised:
            axes.vlines(drawn["line"], at - 0.24, at + 0.24, color=theme.VERMILION, linewidth=1.8)
        mark_simulated(figure, results, words)

    what, members = words.indicator(plan, indicator), words.dimension(dimension)
    worst = shown.iloc[0]
    alt = words.text(
        "{what}, year to date: at the worse end {body}, {value} ({interval}).",
        what=what,
        body=worst["name"],
        value=how.beside(worst["value"], worst["line"]),
        interval=how.between(worst["lower"], worst["upper"]),
    )
    written = counts_and_values(rows, words, how, lines=list(rows["line"]))
    limits = [how.between(low, high) for low, high in zip(rows["lower"], rows["upper"], strict=True)]
    return Picture(
        draw,
        title=_message(shown, words, how, members, body),
        statistic=words.text("{what}: year to date ({members})", what=what, members=_small(members)),
        alt=alt,
        caption=_caption(rows, len(shown), words, words.unit(plan, indicator)),
        table=pd.DataFrame({words.text("Body or field"): names} | written | {words.text("95% limits"): limits}),
        values=rows.reindex(columns=["name", *_KEPT]),
    )


def _message(shown: pd.DataFrame, words: Wording, how: Quantity, members: str, body: str | None) -> str:
    """Return the rank of the body, else how many are clearly worse than promised; without a promise the two ends.

    The body named is the first of the order, which need not have the worst value: few cases may have that.
    """

    def told(row: pd.Series, most: int) -> str:
        return f"{short_name(row['name'], most)} {how.beside(row['value'], row['line'])}"

    if len(shown) == 1:
        return told(shown.iloc[0], 38)
    mine = shown[shown["series"] == body]
    if len(mine):
        row = mine.iloc[0]
        places = {name: numbers.count(row[f"{name}_rank"], words.language) for name in ("best", "worst")}
        return words.text("{body}: rank {best} to {worst} of {all}", body=told(row, 38), **places,
                          all=numbers.count(len(shown), words.language))  # fmt: skip
    asked = shown[shown["line"].notna()]
    if asked.empty:
        ends = [told(shown.loc[shown["value"].astype(float).idxmax()], 22),
                told(shown.loc[shown["value"].astype(float).idxmin()], 22)]  # fmt: skip
        return words.text("Highest: {high}; lowest: {low}", high=ends[0], low=ends[1])
    lines = set(asked["line"])
    beyond = int(are_beyond(asked).sum())
    values = {
        "n": numbers.count(beyond, words.language),
        "all": numbers.count(len(asked), words.language),
        "members": _small(members),
        "line": how.promised(lines.pop()) if len(lines) == 1 else words.text("promised"),
        "first": told(asked.iloc[0], 24),
    }
    if beyond == 0:
        return words.text("None of {all} {members} is clearly worse than {line}; nearest: {first}", **values)
    if beyond == 1:
        return words.text("1 of {all} {members} is clearly worse than {line}: {first}", **values)
    return words.text("{n} of {all} {members} are clearly worse than {line}; first: {first}", **values)


def _small(name: str) -> str:
    """Return a name with a small first letter, as within a sentence."""
    return f"{name[0].lower()}{name[1:]}"


def _caption(rows: pd.DataFrame, shown: int, words: Wording, unit: str) -> str:
    said = [
        words.text(
            "Dots: the year so far; lines: 95% limits; beside the name the number of {unit}. The clearly worst come "
            "first: few {unit} leave much open.",
            unit=unit,
        )
    ]
    if rows["line"].notna().any():
        said.append(words.text("Clearly worse: beyond the promise with both limits."))
    if shown > ROWS_DRAWN_NARROW:
        said.append(words.text("The first are drawn, all are in the table."))
    hidden = hidden_cells_sentence(rows, words, unit)
    return " ".join([*said, *([hidden] if hidden else [])])


def _set_axes(axes: Axes, drawn: pd.DataFrame, how: Quantity, *, most_ticks: int) -> None:
    ends = drawn[["lower", "upper", "value", "line"]].astype(float)
    low, high = float(ends.min(axis=None)), float(ends.max(axis=None))
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.01
    axes.set_xlim(max(low - margin, how.lowest - margin / 3), min(high + margin, how.highest))
    axes.set_ylim(len(drawn) - 0.4, -0.6)
    how.write_axis(axes.xaxis, most=most_ticks)
    axes.grid(axis="y", visible=False)


def _draw_bodies(axes: Axes, at: np.ndarray, drawn: pd.DataFrame, body: str | None) -> None:
    mine = (drawn["series"] == body).to_numpy()
    for which, color, marker, size, width in (
        (~mine, theme.BLUE, "o", 5, 2), (mine, theme.INK, "D", 7, 3),
    ):  # fmt: skip
        axes.hlines(at[which], drawn["lower"][which], drawn["upper"][which], colors=color, linewidth=width, alpha=0.55)
        axes.plot(drawn["value"][which], at[which], marker, color=color, markersize=size, markeredgewidth=0)


def _write_beside(axes: Axes, drawn: pd.DataFrame, words: Wording, how: Quantity, body: str | None) -> None:
    """Write name and number of cases before each row, and its value behind."""
    axes.set_yticks(range(len(drawn)), _names(axes, drawn, words, body, room=195))
    for row, (name, one) in enumerate(zip(axes.get_yticklabels(), drawn.itertuples(), strict=True)):
        name.set(color=theme.INK, fontweight="bold" if one.series == body else "normal")
        _write(axes, how.beside(one.value, one.line), (1, row), (4, 0), is_bold=_is_bold(row, one.series, body))


def _write_above(axes: Axes, drawn: pd.DataFrame, words: Wording, how: Quantity, body: str | None) -> None:
    """Write name, number of cases and value above each row."""
    axes.set_yticks([])
    names = _names(axes, drawn, words, body, room=185)
    for row, (name, one) in enumerate(zip(names, drawn.itertuples(), strict=True)):
        _write(axes, name, (0, row - 0.2), (0, 0), is_bold=one.series == body)
        is_bold = _is_bold(row, one.series, body)
        _write(axes, how.beside(one.value, one.line), (1, row - 0.2), (0, 0), align="right", is_bold=is_bold)


def _names(axes: Axes, drawn: pd.DataFrame, words: Wording, body: str | None, *, room: float) -> list[str]:
    """Return name and number of cases of each row, in so many points."""
    figure = cast(Figure, axes.figure)
    return [
        name_within(
            figure,
            str(one.name),
            room,
            size=_size(axes),
            bold=one.series == body,
            behind=f" · {numbers.count(one.denominator, words.language)}",
        )
        for one in drawn.itertuples()
    ]


def _size(axes: Axes) -> float:
    return max(theme.size_of(axes.figure) - 1, theme.SMALL_TEXT)


def _is_bold(row: int, code: str, body: str | None) -> bool:
    """Return whether a value is the one that the message is about."""
    return code == body if body is not None else row == 0


def _write(
    axes: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], *, is_bold: bool, align: str = "left"
) -> None:
    """Write a text at a place across the axes and a row, on paper that keeps lines off it."""
    axes.annotate(
        text, at, xycoords=("axes fraction", "data"), xytext=offset, textcoords="offset points", ha=align, va="center",
        fontsize=_size(axes), fontweight="bold" if is_bold else "normal",
        bbox={"facecolor": theme.PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
    )  # fmt: skip

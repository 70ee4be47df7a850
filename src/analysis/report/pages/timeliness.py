"""The page of notebook 03_timeliness: how cases were resolved by quarter, and how many received now will be late."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from analysis import periods
from analysis.indicators.disclosure import hidden_parts
from analysis.quarter.results import Results
from analysis.report import numbers, theme
from analysis.report.figure import Picture, mark_simulated, set_title
from analysis.report.html_table import plain_table
from analysis.report.labels import TIMELINESS
from analysis.report.pages.page import Page
from analysis.report.wording import Wording


class TimelinessPage(Page):
    """What notebook ``03_timeliness`` shows; see `Page`."""

    def classes(self) -> None:
        """Show how cases were resolved, quarter by quarter, with those without a due date as a class of their own."""
        picture = timeliness(self.results, self.words)
        if picture:
            self._picture(picture)

    def received(self) -> None:
        """Show how many of the cases received this quarter are late already, and how many are expected to be."""
        found, words = self.results.forecast.received_late, self.words
        if found.empty:
            return
        self._heading(words.text("Of the cases received this quarter, how many will be late?"))
        total = found.drop(columns="series").sum().to_frame().T.assign(series="total")
        shown = found.astype(dict.fromkeys(found.columns.drop("series"), "Float64"))
        # Of the fields with few cases only the names are shown.
        shown.loc[hidden_parts(found["cases"]), found.columns.drop("series")] = pd.NA
        rows = pd.concat([total, shown.sort_values("cases", ascending=False)], ignore_index=True)
        rows = rows.astype(dict.fromkeys(found.columns.drop("series"), float))
        language = self.run.language
        share = rows["late_mean"] / rows["cases"]
        spread = numbers.HALF_80 * np.sqrt(rows["late_variance"]) / rows["cases"]
        lower = np.maximum(share - spread, rows["late_known"] / rows["cases"])
        upper = np.minimum(share + spread, (rows["late_known"] + rows["undecided"]) / rows["cases"])
        whole = rows.iloc[0]
        self._note(
            words.text(
                "Of {cases} cases with a due date {late} are late already; some {expected} are expected to be late in "
                "the end ({lower}–{upper}).",
                cases=numbers.count(whole["cases"], language),
                late=numbers.count(whole["late_known"], language),
                expected=numbers.count(round(whole["late_mean"]), language),
                lower=numbers.count(round(lower.iloc[0] * whole["cases"]), language),
                upper=numbers.count(round(upper.iloc[0] * whole["cases"]), language),
            )
        )
        self._note(
            words.text(
                "A case still open may yet be late: counting closed cases only shows too few. Open cases are taken to "
                "be late as often as earlier ones of their procedure that were open as long; 80% interval in brackets."
            )
        )
        frame = pd.DataFrame(
            {
                words.dimension("field"): [words.name(self.results.plan, "field", series) for series in rows["series"]],
                words.text("Received, with a due date"): [numbers.count(n, language) for n in rows["cases"]],
                words.text("Late already"): [numbers.count(n, language) for n in rows["late_known"]],
                words.text("Open, not due yet"): [numbers.count(n, language) for n in rows["undecided"]],
                words.text("Late in the end"): [
                    numbers.percent_with_range(middle, low, high, language)
                    for middle, low, high in zip(share, lower, upper, strict=True)
                ],
            }
        )
        self._html(plain_table(frame, caption=words.text("Cases received this quarter")))


QUARTERS = 8
"""Quarters drawn, the last ones."""

LOOKS = {
    "early": (theme.GREEN, ""),
    "on_time": (theme.BLUE, ""),
    "late": (theme.VERMILION, "///"),
    "no_due_date": (theme.GREY, "..."),
    "unclassed": ("white", "xxx"),
}
"""Colour and hatching of each class: they differ on a grey print, too."""

LABELLED_FROM = 0.035
"""Share of a bar, 0–1, from which a piece has its figure written into it."""


def timeliness(results: Results, words: Wording) -> Picture | None:
    """Return the classes of the cases resolved in each of the last quarters, or None where none are classed.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    """
    language = words.language
    counts = _by_quarter(results)
    if counts.empty or set(counts.columns) <= {"unclassed"}:
        return None
    counts = counts.reindex(columns=[code for code in LOOKS if code in counts.columns])
    shares = counts.div(counts.sum(axis=1), axis=0)
    names = {code: words.text(TIMELINESS[code]) for code in shares.columns}
    labels = [numbers.period(periods.write(quarter), language) for quarter in shares.index]

    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 1.5 + 0.36 * len(shares)), layout="constrained")
    left = pd.Series(0.0, index=shares.index)
    for code in shares.columns:
        colour, hatch = LOOKS[code]
        axes.barh(
            labels, shares[code], left=left, color=colour, hatch=hatch, edgecolor="white", linewidth=0.8, height=0.72,
            label=names[code],
        )  # fmt: skip
        for row, (start, share) in enumerate(zip(left, shares[code], strict=True)):
            if share >= LABELLED_FROM:
                axes.annotate(
                    numbers.percent(share, language, digits=0 if share >= 0.1 else 1),
                    (start + share / 2, row),
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color=theme.INK,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
                )
        left = left + shares[code]
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.02), ncols=len(names), frameon=False, fontsize=9)
    title = words.text("How cases were resolved, by quarter")
    set_title(figure, title)
    mark_simulated(figure, results, words)
    plt.close(figure)

    last = counts.iloc[-1]
    shares_of_last = ", ".join(
        f"{names[code][0].lower()}{names[code][1:]} {numbers.percent(last[code] / last.sum(), language)}"
        for code in counts.columns
    )
    alt = words.text("{title}; {quarter}: {told}.", title=title, quarter=labels[-1], told=shares_of_last)
    caption = words.text("Each bar is all cases resolved in a quarter; cases without a due date are apart.")
    table = pd.DataFrame({words.text("Quarter"): labels})
    for code in counts.columns:
        table[names[code]] = [
            f"{numbers.count(n, language)} ({numbers.percent(share, language)})"
            for n, share in zip(counts[code], shares[code], strict=True)
        ]
    return Picture(figure, alt, caption, table, counts.reset_index())


def _by_quarter(results: Results) -> pd.DataFrame:
    """Return cases resolved: a row per whole quarter, a column per class."""
    rows = results.indicators.timeliness.fillna({"timeliness": "unclassed"})
    if rows.empty:
        return pd.DataFrame()
    rows = rows.assign(quarter=periods.quarters_of(rows["period"]))
    periods_of = rows.groupby("quarter")["period"].nunique()
    whole = periods_of[periods_of == periods_of.max()].index[-QUARTERS:]
    rows = rows[rows["quarter"].isin(whole)]
    return rows.pivot_table(index="quarter", columns="timeliness", values="resolved", aggfunc="sum", fill_value=0)

"""The page of notebook 03_timeliness: how cases were resolved by quarter, and how many received now will be late."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis import periods
from analysis.indicators.disclosure import hidden_parts
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import mark_simulated
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.html_table import plain_table
from analysis.report.labels import TIMELINESS
from analysis.report.pages.page import Page
from analysis.report.quantities import shares as shares_written
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


QUARTERS, QUARTERS_NARROW = 8, 5
"""Quarters drawn, the last ones; the table has as many as the wide drawing."""

LOOKS = {
    "early": (theme.BLUE, 0.22),
    "on_time": (theme.BLUE, 0.55),
    "late": (theme.VERMILION, 1.0),
    "no_due_date": (theme.GREY, 0.5),
    "unclassed": (theme.GREY, 0.2),
}
"""Colour and alpha of each class: neighbours differ in lightness, on a grey print and on a dark screen, too."""


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

    def draw(figure: Figure) -> None:
        narrow = theme.is_narrow(figure)
        figure.set_figheight(theme.height(figure, 3.2))
        axes, drawn = figure.subplots(), shares.tail(QUARTERS_NARROW if narrow else QUARTERS)
        at, below = np.arange(len(drawn)), np.zeros(len(drawn))
        # What is late hangs from the top, where the eye compares it.
        for code in sorted(drawn.columns, key=lambda one: one == "late"):
            colour, alpha = LOOKS[code]
            axes.bar(at, drawn[code], bottom=below, color=colour, alpha=alpha, width=0.86, linewidth=0)
            if drawn[code].iloc[-1] > 0:
                middle = below[-1] + drawn[code].iloc[-1] / 2
                share = numbers.percent(drawn[code].iloc[-1], language)
                label(axes, f"{names[code]} {share}", (at[-1] + 0.43, middle), bold=code == "late",
                      color=theme.VERMILION if code == "late" else theme.INK)  # fmt: skip
            below = below + drawn[code].to_numpy()
            axes.hlines(below, at - 0.43, at + 0.43, color=theme.PAPER, linewidth=1.2)
        if "late" in drawn:
            for position, late in enumerate(drawn["late"]):
                axes.annotate(
                    numbers.percent(late, language), (position, 1), xytext=(0, 3), textcoords="offset points",
                    ha="center", va="bottom", color=theme.VERMILION, fontsize=theme.SMALL_TEXT,
                    fontweight="bold" if position == at[-1] else "normal",
                )  # fmt: skip
        step = 2 if narrow else 1
        axes.set_xticks(at[::-step], labels[-1 : -len(drawn) - 1 : -step])
        axes.set(ylim=(0, 1), yticks=[], xlim=(-0.5, len(drawn) - 0.5))
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
        mark_simulated(figure, results, words)

    last = counts.iloc[-1]
    shares_of_last = ", ".join(
        f"{names[code][0].lower()}{names[code][1:]} {numbers.percent(last[code] / last.sum(), language)}"
        for code in counts.columns
    )
    statistic = words.text("How cases were resolved, by quarter")
    alt = words.text("{title}; {quarter}: {told}.", title=statistic, quarter=labels[-1], told=shares_of_last)
    caption = words.text(
        "Each bar is all cases resolved in a quarter; above it: overdue. Cases without a due date are apart."
    )
    table = pd.DataFrame({words.text("Quarter"): labels})
    for code in counts.columns:
        table[names[code]] = [
            f"{numbers.count(n, language)} ({numbers.percent(share, language)})"
            for n, share in zip(counts[code], shares[code], strict=True)
        ]
    return Picture(
        draw, title=_message(counts, words, words.of(results.plan.unit)), statistic=statistic, alt=alt, caption=caption,
        table=table, values=counts.reset_index(),
    )  # fmt: skip


def _message(counts: pd.DataFrame, words: Wording, unit: str) -> str:
    """Return what part of the last quarter's cases was late, and how it moved within a year."""
    language, how = words.language, shares_written(words.language)
    quarter = counts.index[-1]
    said = numbers.quarter(quarter, language)
    dated = counts.reindex(columns=["early", "on_time", "late"], fill_value=0)
    if not dated.loc[quarter].sum():
        return words.text("No due date is known of the {unit} resolved in {quarter}", unit=unit, quarter=said)
    late = dated["late"] / counts.sum(axis=1)
    change = how.moved(late[quarter], late.get(quarter - 4, np.nan) if dated.sum(axis=1).get(quarter - 4) else np.nan)
    values = {"share": numbers.percent(late[quarter], language), "unit": unit, "quarter": said}
    if change == numbers.MISSING:
        return words.text("{share} of {unit} resolved late in {quarter}", **values)
    return words.text(
        "{share} of {unit} resolved late in {quarter}, {change} percentage points on the year before",
        change=change, **values,
    )  # fmt: skip


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

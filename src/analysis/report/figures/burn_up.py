"""The picture of a promise on dated items: done so far, due by the roadmap, needed, and where the year may end.

Items are not cases: every count is shown, however small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis import periods
from analysis.attainment.dated import HEADCOUNT
from analysis.attainment.items import enough_items
from analysis.indicators.other_indicators import year_of
from analysis.plan.promises import ItemsPromise
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import draw_promise, mark_simulated, name_in_title
from analysis.report.figures.direct_labels import label
from analysis.report.figures.picture import Picture
from analysis.report.promise_tables import item_unit
from analysis.report.quantities import Quantity
from analysis.report.wording import VERDICTS, Wording, _


@dataclass(frozen=True)
class _Sentences:
    """What is written of a list, or of a headcount; `decided` also where it is not estimated."""

    open: str
    decided: str
    statistic: str
    now: str
    planned: str
    planned_head: str
    done_head: str


ITEMS = _Sentences(
    open=_("{done} of {promised} done, {needed} needed by {day}; probability {chance}"),
    decided=_("{done} of {promised} done, {needed} needed by {day}: {verdict}"),
    statistic=_("{promise}: {unit} done and planned, by day"),
    now=_("{done} of {promised} done"),
    planned=_("{planned} planned by now"),
    planned_head=_("Planned by then"),
    done_head=_("Done"),
)
PERSONS = _Sentences(
    open=_("{done} persons counted, {planned} allowed then, {needed} on {day}; probability {chance}"),
    decided=_("{done} persons counted, {needed} allowed on {day}: {verdict}"),
    statistic=_("{promise}: persons counted and allowed, by day"),
    now=_("{done} counted"),
    planned=_("{planned} allowed then"),
    planned_head=_("Persons allowed"),
    done_head=_("Persons counted"),
)


@dataclass(frozen=True, eq=False)
class _Year:
    """What is drawn: counts, items or persons, and days.

    `curve` has `day, planned, done`; `now` is its last row with a count; `promised` are all items of the list, and
    `needed` those that keep the promise, or the persons allowed at the year's end; `outcome` is the median and the
    80 % interval of the year's end, none once it is decided and where it is not estimated.
    """

    start: date
    quarter_ends: list[date]
    curve: pd.DataFrame
    now: pd.Series
    promised: int
    needed: int
    outcome: tuple[float, float, float] | None
    is_path: bool

    @property
    def has_roadmap(self) -> bool:
        """Whether the plan names days within the year, and not its end alone."""
        return self.is_path or bool((self.curve["planned"].iloc[:-1] > 0).any())

    def at(self, days: Sequence[date] | pd.Series) -> list[int]:
        """Return where days stand on the axis: at how many the year has had."""
        return [(pd.Timestamp(day) - pd.Timestamp(self.start)).days for day in days]


def burn_ups(results: Results, words: Wording, target: ItemsPromise) -> list[Picture]:
    """Return the pictures of a promise on items: of its list, and of its headcount where it has a path.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : ItemsPromise
        The promise.
    """
    parts = ("items", HEADCOUNT) if target.headcount else ("",)
    return [picture for part in parts if (picture := burn_up(results, words, target, part))]


def burn_up(
    results: Results, words: Wording, target: ItemsPromise, part: str = "", *, small: bool = False
) -> Picture | None:
    """Return what is done and planned by each day of the year, the number needed, and where the year may end.

    Of a headcount: the persons counted, beside the path of those allowed. None where nothing is on the list, and where
    nobody was counted yet.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : ItemsPromise
        The promise.
    part : str
        Its part, ``items`` or ``headcount``; empty where it has none.
    small : bool
        Whether it has a third of the width of the page, as in the summary.
    """
    row = results.promise(target.id, part)
    year = _year(results, row, results.attainment.of("items_curve", target.id, part if part == HEADCOUNT else ""))
    if year is None:
        return None
    said, language = PERSONS if year.is_path else ITEMS, words.language
    counts = {
        "promise": words.of(target.name),
        "unit": item_unit(target, words),
        "done": numbers.count(year.now["done"], language),
        "planned": numbers.count(year.now["planned"], language),
        "promised": numbers.count(year.promised, language),
        "needed": numbers.count(year.needed, language)
        if year.is_path or year.needed < year.promised
        else words.text("all"),
        "day": numbers.day(year.quarter_ends[-1], language),
        "chance": words.chance(row["probability"]),
        "verdict": words.text(VERDICTS[row["verdict"]][1]).lower(),
    }

    def draw(figure: Figure) -> None:
        figure.set_figheight(theme.height(figure))
        axes = figure.subplots()
        _draw_curves(axes, year)
        draw_promise(axes, words, row["rule"], year.needed, Quantity(language, 1.0, "", 0))
        _draw_outcome(axes, year, language)
        told = [words.text(said.now, **counts), words.text(said.planned, **counts)]
        _label_now(axes, year, *told)
        _write_axes(axes, year, language)
        mark_simulated(figure, results, words)

    is_open = row["verdict"] not in ("met", "missed", "not_estimated")
    title = words.text(said.open if is_open else said.decided, **counts)
    # Among figures of other promises the message begins with the name of its own.
    short = _short_title(counts, is_open=is_open, words=words) if small else title
    alt = f"{counts['promise']}: {title}."
    if year.outcome is not None:
        expected, lower, upper = (numbers.count(number, language) for number in year.outcome)
        end = words.text("Year-end forecast: {n}, 80% prediction interval {between}.", n=expected,
                         between=_between(lower, upper, language))  # fmt: skip
        alt = f"{alt} {end}"
    # Three figures side by side are explained once, below them.
    return Picture(
        draw, title=short, statistic=words.text(said.statistic, **counts), alt=alt,
        caption="" if small else " ".join(_explained(year, words)), table=_table(year, said, words),
        values=_values(year), width="third" if small else "wide",
    )  # fmt: skip


def _short_title(counts: dict[str, str], *, is_open: bool, words: Wording) -> str:
    counts = counts | {"promise": name_in_title(counts["promise"], words)}
    if is_open:
        return words.text("{promise}: {done} of {promised} done, probability {chance}", **counts)
    return words.text("{promise}: {done} of {promised} done, {verdict}", **counts)


def burn_up_sentences(results: Results, words: Wording, target: ItemsPromise, part: str = "") -> list[str]:
    """Return what the lines of such a picture mean, a sentence for each that is drawn.

    Parameters
    ----------
    results, words, target, part
        See `burn_up`.
    """
    row = results.promise(target.id, part)
    year = _year(results, row, results.attainment.of("items_curve", target.id, part if part == HEADCOUNT else ""))
    return [] if year is None else _explained(year, words)


def _explained(year: _Year, words: Wording) -> list[str]:
    said = [words.text("Blue: so far.")]
    if year.has_roadmap:
        said.append(words.text("Dashed grey: the plan day by day."))
    said.append(words.text("Dashed red: the promise."))
    if year.outcome is not None:
        said.append(words.text("At the right: the year's end, median and 80% prediction interval."))
    return said


def _year(results: Results, row: pd.Series, curve: pd.DataFrame) -> _Year | None:
    """Return what is drawn of a promise or of its part; None where nothing is known of it."""
    curve = curve.astype({"planned": float, "done": float}).reset_index(drop=True)
    known = curve.dropna(subset="done")
    if known.empty or pd.isna(row["denominator"]):
        return None
    is_path = row["indicator"] == HEADCOUNT
    promised, cutoff = int(row["denominator"]), results.plan.calendar.cutoff_day
    expected, lower, upper = (
        float(row[name]) * (1 if is_path else promised) for name in ("expected", "lower", "upper")
    )
    is_open = row["verdict"] not in ("met", "missed") and pd.notna(expected)
    return _Year(
        start=year_of(results.plan)[0],
        quarter_ends=[
            periods.last_day(pd.Period(year=results.plan.year, quarter=one, freq="Q"), cutoff) for one in (1, 2, 3, 4)
        ],
        curve=curve,
        now=known.iloc[-1],
        promised=promised,
        needed=promised if is_path else enough_items(promised, row["rule"], row["threshold"]),
        outcome=(expected, lower, upper) if is_open else None,
        is_path=is_path,
    )


def _draw_curves(axes: Axes, year: _Year) -> None:
    # A list grows item by item; between two points of a path nothing is known.
    style = "default" if year.is_path else "steps-post"
    if year.has_roadmap:
        axes.plot(year.at(year.curve["day"]), year.curve["planned"], color=theme.GREY, linewidth=2, drawstyle=style,
                  linestyle=(0, (3, 2)))  # fmt: skip
    known = year.curve.dropna(subset="done")
    axes.plot(year.at(known["day"]), known["done"], color=theme.BLUE, linewidth=2.8, drawstyle=style)
    axes.plot(year.at(known["day"])[-1], known["done"].iloc[-1], color=theme.BLUE, marker="o", markersize=6)


def _draw_outcome(axes: Axes, year: _Year, language: str) -> None:
    if year.outcome is None:
        return
    expected, lower, upper = year.outcome
    now, end = year.at([year.now["day"], year.quarter_ends[-1]])
    axes.plot([now, end], [year.now["done"], expected], color=theme.BLUE, linewidth=1.4, linestyle=(0, (1, 2)))
    axes.plot([end, end], [lower, upper], color=theme.BLUE, linewidth=6, alpha=0.4, solid_capstyle="butt")
    axes.plot(end, expected, color=theme.BLUE, marker="o", markersize=6, markerfacecolor=theme.PAPER, markeredgewidth=2)
    ends = _between(numbers.count(lower, language), numbers.count(upper, language), language)
    label(axes, f"80%: {ends}", (end, expected), color=theme.BLUE)


def _label_now(axes: Axes, year: _Year, done: str, planned: str) -> None:
    """Label both curves where they stand now: the upper one to its upper left, the lower one to its lower right.

    There rising curves leave room; of falling ones, as of a headcount, and early in the year it is to the right.
    """
    at, end = year.at([year.now["day"], year.quarter_ends[-1]])
    has_room = not year.is_path and at > end / 2
    is_ahead = year.has_roadmap and year.now["done"] >= year.now["planned"]
    told = [(done, year.now["done"], is_ahead, theme.BLUE)]
    if year.has_roadmap:
        told.append((planned, year.now["planned"], not is_ahead, theme.SOFT))
    for text, height, is_upper, color in told:
        label(axes, text, (at, height), side="above" if is_upper else "below",
              align="right" if is_upper and has_room else "left", color=color, bold=text == done)  # fmt: skip


def _write_axes(axes: Axes, year: _Year, language: str) -> None:
    is_narrow = theme.is_narrow(axes.figure)
    days = [year.start, *(year.quarter_ends[1::2] if is_narrow else year.quarter_ends)]
    axes.set_xticks(year.at(days), [numbers.day_of_year(day, language) for day in days])
    last = year.at(days)[-1]
    axes.set_xlim(-0.01 * last, 1.02 * last)
    if not year.is_path:
        # Of a long list of which few are needed, those few would lie on the axis.
        ends = [year.needed, *(year.outcome or ()), *year.curve[["planned", "done"]].max()]
        axes.set_ylim(0, 1.15 * np.nanmax(ends))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4 if is_narrow else 6, integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.count(value, language)))
    axes.grid(axis="x", visible=False)


def _table(year: _Year, said: _Sentences, words: Wording) -> pd.DataFrame:
    """Return both curves at the end of each quarter and now, and what is expected of the year's end."""
    language = words.language
    days = sorted({*(pd.Timestamp(day) for day in year.quarter_ends), year.now["day"]})
    so_far = [year.curve[year.curve["day"] <= day] for day in days]
    outcome = [numbers.MISSING] * len(days)
    if year.outcome is not None:
        expected, lower, upper = (numbers.count(number, language) for number in year.outcome)
        outcome[-1] = f"{expected} ({_between(lower, upper, language)})"
    known = [rows["done"].dropna() if day <= year.now["day"] else [] for day, rows in zip(days, so_far, strict=True)]
    return pd.DataFrame(
        {
            words.text("Day"): [numbers.day(day.date(), language) for day in days],
            words.text(said.planned_head): [_last(rows["planned"], language) for rows in so_far],
            words.text(said.done_head): [_last(done, language) for done in known],
            words.text("Year-end forecast (80% prediction interval)"): outcome,
        }
    )


def _values(year: _Year) -> pd.DataFrame:
    """Return both curves by day, and on the last day of the year the median and the interval of its end."""
    names = ["expected", "lower", "upper"]
    values = year.curve[["day", "planned", "done"]].assign(needed=year.needed, **dict.fromkeys(names, float("nan")))
    if year.outcome is not None:
        values.loc[values.index[-1], names] = year.outcome
    return values


def _last(counts: Sequence[float] | pd.Series, language: str) -> str:
    return numbers.count(list(counts)[-1], language) if len(counts) else numbers.MISSING


def _between(lower: str, upper: str, language: str) -> str:
    return lower if lower == upper else numbers.joined(lower, upper, language)

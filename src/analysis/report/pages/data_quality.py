"""The page of notebook 01_data_quality: what came in, what was rejected and why, and who delivered when."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from analysis import periods
from analysis.data.ingest.fault_codes import CLASSES, NOTES
from analysis.data.ingest.intake_report import ACCEPTED, ACCEPTED_CODES, NOT_YET_KNOWN
from analysis.indicators import reporting
from analysis.indicators.bodies_of_today import recoded
from analysis.indicators.disclosure import RESOLVED, are_hidden, is_small
from analysis.quarter.results import Results
from analysis.quarter.stages import FORM
from analysis.report import labels, numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import mark_simulated, name_within
from analysis.report.figures.picture import Picture
from analysis.report.html_table import plain_table
from analysis.report.pages.page import Page
from analysis.report.wording import Wording

ROWS_SHOWN = 30
"""Rows of a list that the page shows; all of them are in the files beside it."""


class DataPage(Page):
    """What notebook ``01_data_quality`` shows; see `Page`."""

    def intake(self) -> None:
        """Show what came in, file by file: every row is accepted, filed later or rejected."""
        words, language = self.words, self.run.language
        self._heading(words.text("What came in"))
        rows = []
        for (file, table), group in self.results.data.intake.groupby(["file", "table"], sort=True):
            by_code = group.set_index("code")["rows"]
            rejected = by_code.drop(list(ACCEPTED_CODES), errors="ignore")
            rows.append(
                {
                    words.text("File"): file,
                    words.text("Table"): words.text(labels.TABLES[table]) if table in labels.TABLES else table,
                    words.text("Rows in"): numbers.count(by_code.sum(), language),
                    words.text("Accepted"): numbers.count(by_code.get(ACCEPTED, 0), language),
                    words.text("Filed later"): numbers.count(by_code.get(NOT_YET_KNOWN, 0), language),
                    words.text("Rejected"): numbers.count(rejected.sum(), language),
                    words.text("Rejected, share"): numbers.percent(rejected.sum() / max(by_code.sum(), 1), language),
                }
            )
        caption = words.text("Rows in = accepted + filed later + rejected, for every file")
        self._html(plain_table(pd.DataFrame(rows), caption=caption))
        if {"cases", "counts"} <= set(self.results.data.intake["table"]):
            self._note(
                words.text("The cases are the same ones that the counts add up: both agree, and each is counted once.")
            )
        self._note(self._basis())
        notes = {fault.code for fault in NOTES}
        told = [
            f"{words.text(labels.FAULTS[code])}: {numbers.count(number, language)}"
            for code, number in self.results.data.flagged[["code", "rows"]].itertuples(index=False)
            if code in notes
        ]
        if told:
            self._note(words.text("About the files received: {notes}.", notes="; ".join(told)))

    def refused(self) -> None:
        """Show why rows were rejected, with an example of each reason."""
        words, language = self.words, self.run.language
        self._heading(words.text("What was rejected, and why"))
        rejected = self.results.data.intake[~self.results.data.intake["code"].isin(list(ACCEPTED_CODES))]
        if rejected.empty:
            self._note(words.text("No row was rejected."))
            return
        sums = rejected.groupby("code")["rows"].sum().sort_values(ascending=False, kind="stable")
        first = self.results.data.rejected.drop_duplicates("code").set_index("code")
        frame = pd.DataFrame(
            {
                words.text("Reason"): [words.text(labels.FAULTS[code]) for code in sums.index],
                words.text("Rows"): [numbers.count(rows, language) for rows in sums],
                words.text("First seen"): [self._place(first, code) for code in sums.index],
                words.text("Code"): sums.index,
            }
        )
        self._html(
            plain_table(frame, caption=words.text("Rows rejected by reason; of several faults the first counts"))
        )

    def flagged(self) -> None:
        """Show the cases that were accepted and are worth a look, and those that are counted apart."""
        words, language = self.words, self.run.language
        flagged = self.results.data.flagged
        flagged = flagged[~flagged["code"].isin([fault.code for fault in NOTES])]
        if flagged.empty:
            return
        self._heading(words.text("Taken, and worth a look"))
        classes = {fault.code for fault in CLASSES}
        frame = pd.DataFrame(
            {
                words.text("What"): [words.text(labels.FAULTS[code]) for code in flagged["code"]],
                words.text("Cases"): [numbers.count(rows, language) for rows in flagged["rows"]],
                words.text("Kind"): [
                    words.text("counted apart") if code in classes else words.text("to be checked")
                    for code in flagged["code"]
                ],
            }
        )
        self._html(
            plain_table(frame, caption=words.text("Cases by what is notable about them; one case may stand twice"))
        )

    def coverage(self) -> None:
        """Show which body delivered cases in which month."""
        if self.results.indicators.agency_months["agency"].notna().any():
            self._heading(self.words.text("Who delivered, month by month"))
            self._picture(_agency_months(self.results, self.words))
            self._unreported()
        self._merged()
        self._without_cases()

    def _merged(self) -> None:
        """Show which bodies merged or were abolished, as the plan says; nothing where it says of none."""
        words, language, plan, counts = self.words, self.run.language, self.results.plan, self.results.data.counts
        rows = []
        for dimension, mergers in plan.crosswalk.items():
            known = set(counts[dimension].dropna().unique()) if dimension in counts else None
            bodies = plan.bodies(dimension)
            for one in mergers:
                before, today = words.name(plan, dimension, one.old), bodies[one.old]
                if known is not None and one.old not in known:
                    before = f"{before} ({words.text('no case received')})"
                now = words.name(plan, dimension, today) if today else words.text("abolished")
                rows.append((before, numbers.day(one.since, language), now))
        if rows:
            self._heading(words.text("Bodies that merged or were abolished"))
            caption = words.text("The cases of every period are added up over the bodies of today: {count} changes",
                                 count=numbers.count(len(rows), language))  # fmt: skip
            heads = [words.text("Body until then"), words.text("Since"), words.text("Body today")]
            self._html(plain_table(pd.DataFrame(rows, columns=heads).head(ROWS_SHOWN), caption=caption))

    def _without_cases(self) -> None:
        """Say which members of the plan's lists have no case in the year: no promise on each of them judges these."""
        words, plan = self.words, self.results.plan
        counts = recoded(self.results.data.counts, plan)
        cases = counts[["received", "resolved"]].fillna(0).sum(axis="columns")
        year = counts[counts["period"].isin(periods.labels_of_year(plan.last_period)) & (cases > 0)]
        for dimension, groups in plan.groups.items():
            living = set(year[dimension].dropna()) if dimension in year else set()
            for name, group in groups.items():
                lacking = [code for code in group.members if code not in living | plan.abolished(dimension)]
                if living and lacking:
                    sentence = words.text(
                        "{group}: no case this year of {members}; a promise on each of them does not judge these.",
                        group=words.name(plan, dimension, name),
                        members=", ".join(words.name(plan, dimension, code) for code in lacking),
                    )
                    self._note(sentence)

    def _unreported(self) -> None:
        """Show which bodies have no row for a period; of cases, a body without any in a month has merely none."""
        words, language = self.words, self.run.language
        if self.results.data.counted_from_cases:
            return
        lacking = reporting.unreported(self.results.indicators.agency_months).groupby("agency")["period"].agg(list)
        if lacking.empty:
            return
        shown = lacking.head(ROWS_SHOWN)
        frame = pd.DataFrame(
            {
                words.text("Body"): [words.name(self.results.plan, "agency", code) for code in shown.index],
                words.text("No row accepted for"): [
                    ", ".join(
                        "–".join(numbers.period(label, language) for label in dict.fromkeys((run[0], run[-1])))
                        for run in periods.runs(labels)
                    )
                    for labels in shown
                ],
            }
        )
        caption = words.text(
            "Bodies without an accepted row for a period for which other bodies have one: {count}",
            count=numbers.count(len(lacking), language),
        )
        self._html(plain_table(frame, caption=caption))

    def without_value(self) -> None:
        """Show how many cases of the year so far have no value of what promises ask for; nothing where all have one."""
        words, plan, found = self.words, self.results.plan, self.results.indicators
        labels = periods.labels_of_year(self.origin)
        # The round of the plan's year has no day of its own: looked back at, it may not have been held yet.
        surveys = found.surveys if self.results.data.basis == "exact" else found.surveys.iloc[:0]
        lacking = reporting.without_value(plan, found.cells, surveys, labels)
        lacking = lacking[lacking["without_value"] > 0]
        if lacking.empty:
            return
        self._heading(words.text("What cases lack"))
        shares = [
            pd.Series(
                {
                    "numerator": row.without_value,
                    "denominator": row.denominator,
                    "observed_to_date": row.without_value / row.denominator,
                }
            )
            for row in lacking.itertuples()
        ]
        frame = pd.DataFrame(
            {
                words.text("Missing"): [words.dimension(one) for one in lacking["dimension"]],
                words.text("Indicator"): [words.indicator(plan, one) for one in lacking["indicator"]],
                words.text("Without it, the year so far"): [
                    words.share_so_far(share, words.unit(plan, one))
                    for share, one in zip(shares, lacking["indicator"], strict=True)
                ],
            }
        )
        caption = words.text("Counted for the whole, and judged by no promise on each member; the year so far")
        self._html(plain_table(frame, caption=caption))

    def reconciliation(self) -> None:
        """Show where the official form that was filed differs from our own counts."""
        words, language = self.words, self.run.language
        self._heading(words.text("Against form II.06a/VPCP/KSTT"))
        if self.results.data.form_by_agency.empty:
            self._note(
                words.text(
                    "No cases of this quarter were received, so we have no totals of our own to hold against the form."
                )
            )
            return
        if not self.results.data.form_filed:
            self._note(
                words.text(
                    "No form filed for this quarter stands beside the data; ours is kept by the office as {path}, and "
                    "not published. It crosses the channel only with cases received, so the promise on online filing "
                    "cannot be read from it.",
                    path=f"data/processed/{self.results.fingerprint.key}/{FORM}",
                )
            )
            return
        self._differences()
        faults = _without_small(self.results.data.form_faults, ["left", "right"], ["difference"])
        if len(faults):
            frame = pd.DataFrame(
                {
                    words.text("Row"): faults["name"],
                    words.text("Rule"): faults["rule"],
                    words.text("Left side"): [numbers.count(n, language) for n in faults["left"]],
                    words.text("Right side"): [numbers.count(n, language) for n in faults["right"]],
                }
            )
            self._html(plain_table(frame, caption=words.text("Where the form contradicts itself or the one before it")))

    def revisions(self) -> None:
        """Show which counts of past periods differ from those of the extract before this one."""
        words, language = self.words, self.run.language
        self._heading(words.text("What changed since the extract before"))
        changed = self.results.data.revisions
        if self.results.data.compared_with is None:
            self._note(words.text("No earlier extract is archived beside this one, so nothing can be compared."))
            return
        before = numbers.day(self.results.data.compared_with, language)
        if changed.empty:
            self._note(words.text("Nothing: the periods both know are the same as on {day}.", day=before))
            return
        shown = changed.head(ROWS_SHOWN)
        frame = pd.DataFrame(
            {
                words.text("Period"): [numbers.period(label, language) for label in shown["period"]],
                words.text("Count"): [words.text(labels.COUNTS[one]) for one in shown["count"]],
                words.text("On {day}", day=before): [numbers.count(n, language) for n in shown["before"]],
                words.text("Now"): [numbers.count(n, language) for n in shown["now"]],
                words.text("Difference"): [numbers.signed(n, language) for n in shown["difference"]],
            }
        )
        self._html(plain_table(frame, caption=words.text("Counts of past periods that were revised")))

    def _basis(self) -> str:
        if self.results.data.basis == "exact":
            return self.words.text("The data is what was known on {day}.", day=self._as_of())
        if not self.results.data.counted_from_cases:
            return self.words.text(
                "Reconstructed: the data was taken later than {day}. Counts that came added up are used up to this "
                "quarter as they stood later; what was corrected in between cannot be told.",
                day=self._as_of(),
            )
        return self.words.text(
            "Reconstructed: the data was taken later than {day}, and what was known then is rebuilt from its dates. "
            "Due dates, levels and outcomes that were changed since show their later state.",
            day=self._as_of(),
        )

    def _as_of(self) -> str:
        return numbers.day(self.run.as_of, self.run.language)

    def _place(self, first: pd.DataFrame, code: str) -> str:
        if code not in first.index:
            return numbers.MISSING
        row = first.loc[code]
        line = numbers.count(row["line"], self.run.language)
        return self.words.text("{file}, line {line}", file=row["file"], line=line)

    def _differences(self) -> None:
        words, language, differences = self.words, self.run.language, self.results.data.reconciliation
        if differences.empty:
            self._note(words.text("Every count of the form filed is ours too."))
            return
        shown = _without_small(differences.head(ROWS_SHOWN), ["theirs", "ours"], ["difference"], row="name")
        frame = pd.DataFrame(
            {
                words.text("Row"): shown["name"],
                words.text("Column"): [words.text(labels.FORM_COLUMNS[key]) for key in shown["column"]],
                words.text("Filed"): [numbers.count(n, language) for n in shown["theirs"]],
                words.text("Ours"): [numbers.count(n, language) for n in shown["ours"]],
                words.text("Difference"): [numbers.signed(n, language) for n in shown["difference"]],
            }
        )
        caption = words.text(
            "{all} differences between the form filed and our counts, in {rows} rows, the largest first",
            all=numbers.count(len(differences), language),
            rows=numbers.count(differences["name"].nunique(), language),
        )
        self._html(plain_table(frame, caption=caption))


BODIES_DRAWN, BODIES_DRAWN_NARROW = 40, 16
"""The largest bodies are drawn, all of them are in the table."""

PERIODS_DRAWN_NARROW = 5
"""Periods that a narrow drawing has, the last ones."""

CHARACTERS_IN_A_CELL, CHARACTERS_IN_A_NARROW_CELL = 6, 5
"""A number that is longer stands in the table alone."""

STEPS = (0.07, 0.18, 0.3, 0.43, 0.58)
"""Alpha of a cell by its step of the logarithm from the fewest to the most cases; on the last, too, ink is legible."""


def _agency_months(results: Results, words: Wording) -> Picture:
    """Return the cases resolved by body and period, over the last year; a cell without any is marked."""
    plan, language = results.plan, words.language
    months = reporting.recent_periods(results.indicators.agency_months)
    recent = results.indicators.agency_months[results.indicators.agency_months["period"].isin(months)].dropna(
        subset="agency"
    )
    named = recent.rename(columns={"agency": "series"}).assign(indicator=RESOLVED, dimension="agency")
    recent = recent.assign(resolved=recent["resolved"].mask(are_hidden(named, results.indicators.hidden), HIDDEN))
    table = recent.pivot_table(index="agency", columns="period", values="resolved", aggfunc="sum")
    table = table.reindex(columns=months).astype("float64")
    hidden, table = table == HIDDEN, table.where(table > 0)
    order = table.sum(axis=1).sort_values(ascending=False, kind="stable").index
    table, hidden = table.loc[order], hidden.loc[order]
    names = [words.name(plan, "agency", code) for code in table.index]
    heads = [numbers.period(label, language) for label in months]
    holes = int((table.isna() & ~hidden).sum().sum())

    def draw(figure: Figure) -> None:
        narrow = theme.is_narrow(figure)
        rows, columns = (BODIES_DRAWN_NARROW, PERIODS_DRAWN_NARROW) if narrow else (BODIES_DRAWN, len(months))
        shown, is_hidden = table.iloc[:rows, -columns:], hidden.iloc[:rows, -columns:]
        figure.set_figheight((0.24 if narrow else 0.27) * len(shown) + 0.5)
        axes = figure.subplots()
        axes.set(xlim=(0, shown.shape[1]), ylim=(len(shown), 0))
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
        _draw_cells(axes, shown, is_hidden, language)
        # Every second period has its name, the last one first.
        axes.set_xticks(np.arange(shown.shape[1])[::-2] + 0.5, heads[-1 : -shown.shape[1] - 1 : -2])
        room, size = (85, theme.SMALL_TEXT) if narrow else (150, theme.TEXT - 1)
        written_names = [name_within(figure, name, room, size=size) for name in names[: len(shown)]]
        axes.set_yticks(np.arange(len(shown)) + 0.5, written_names, color=theme.INK)
        axes.tick_params(length=0)
        mark_simulated(figure, results, words)

    # What is hidden may be none as well.
    told = {"holes": numbers.count(holes, language), "cells": numbers.count((~hidden).sum(axis=None), language)}
    alt = words.text(
        "{bodies} bodies over {periods} periods: {holes} of {cells} have no resolved cases.",
        bodies=numbers.count(len(table), language),
        periods=numbers.count(len(months), language),
        **told,
    )
    if holes == 0 and hidden.any(axis=None):
        title = words.text("Cases were resolved in each of the {cells} periods of bodies shown", cells=told["cells"])
    elif holes == 0:
        title = words.text("Every body resolved cases in every period")
    elif plan.calendar.frequency == "M":
        title = words.text("{holes} of {cells} months of bodies have no case resolved", **told)
    else:
        title = words.text("{holes} of {cells} quarters of bodies have no case resolved", **told)
    caption = words.text("Stronger colour: more cases. ×: none in that period.")
    if hidden.any(axis=None):
        caption += " " + words.text("·: hidden, of 1 to 4 cases or giving such a cell away.")
    if len(table) > BODIES_DRAWN_NARROW:
        caption += " " + words.text("The largest are drawn, all are in the table.")
    written = pd.DataFrame({words.text("Body"): names})
    for head, label in zip(heads, months, strict=True):
        written[head] = [
            "·" if is_hidden else numbers.count(cases, language)
            for cases, is_hidden in zip(table[label], hidden[label], strict=True)
        ]
    # In the file a hidden cell is empty, and none is 0.
    values = table.mask(~hidden & table.isna(), 0).reset_index()
    statistic = words.text("Cases resolved, by body and period")
    return Picture(draw, title=title, statistic=statistic, alt=alt, caption=caption, table=written, values=values)


def _draw_cells(axes: Axes, shown: pd.DataFrame, hidden: pd.DataFrame, language: str) -> None:
    """Draw a rectangle for each cell with cases, stronger where there are more, its number in it; else a mark."""
    low, top = (float(end) for end in (shown.min(axis=None), shown.max(axis=None)))
    written = shown.map(lambda cases: numbers.count(cases, language))
    most = CHARACTERS_IN_A_NARROW_CELL if theme.is_narrow(axes.figure) else CHARACTERS_IN_A_CELL
    is_written = int(written.map(len).max(axis=None)) <= most
    rectangles: dict[int, list[Path]] = {}
    for (row, column), cases in np.ndenumerate(shown.to_numpy()):
        if np.isnan(cases):
            mark, colour = ("·", theme.INK) if hidden.iloc[row, column] else ("×", theme.VERMILION)
            _write_cell(axes, row, column, mark, colour)
            continue
        step = min(int(len(STEPS) * np.log(cases / low) / np.log(top / low)), len(STEPS) - 1) if top > low else 0
        left, upper, right, lower = column + 0.03, row + 0.05, column + 0.97, row + 0.95
        corners = [(left, upper), (right, upper), (right, lower), (left, lower), (left, upper)]
        rectangles.setdefault(step, []).append(Path(corners, closed=True))
        if is_written:
            _write_cell(axes, row, column, written.iloc[row, column], theme.INK)
    for step, cells in sorted(rectangles.items()):
        together = Path.make_compound_path(*cells)
        axes.add_patch(PathPatch(together, facecolor=theme.BLUE, alpha=STEPS[step], linewidth=0))


def _write_cell(axes: Axes, row: int, column: int, text: str, colour: str) -> None:
    place = (column + 0.5, row + 0.5)
    axes.text(*place, text, color=colour, ha="center", va="center", fontsize=theme.SMALL_TEXT, in_layout=False)


HIDDEN = -1
"""Stands for a hidden count while counts are laid out by body and period."""


def _without_small(rows: pd.DataFrame, counts: list[str], following: list[str], *, row: str = "") -> pd.DataFrame:
    """Return rows of the official form without counts of 1 to 4, and without what follows from them.

    Where several stand for columns of one row of the form, named in the column `row`, two counts that differ by 1 to 4
    give such a count away (all pending less those still in time): then nothing of that row is shown.
    """
    small = rows[counts].apply(is_small).any(axis=1) if len(rows) else pd.Series(dtype=bool)
    if row and len(rows):
        given_away = {name for name, mine in rows.groupby(row) if any(_is_near(mine[side]) for side in counts)}
        small |= rows[row].isin(given_away)
    shown = rows.astype(dict.fromkeys([*counts, *following], "Int64"))
    shown.loc[small[small].index, [*counts, *following]] = pd.NA
    return shown


def _is_near(counts: pd.Series) -> bool:
    """Return whether two of some counts differ by a small one."""
    return bool(is_small(counts.dropna().sort_values().diff().dropna()).any())

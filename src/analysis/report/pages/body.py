"""The page of notebook 08_body: how one body stands in each promise, or all of them where it is for none."""

from __future__ import annotations

from functools import cached_property
from html import escape

import pandas as pd

from analysis.faults import BadParameters
from analysis.indicators.disclosure import SHOWN_FROM
from analysis.parameters import RunParameters
from analysis.quarter.bodies import bodies_of, dimension_of, standing_of_bodies
from analysis.quarter.results import Results
from analysis.report import numbers
from analysis.report.editions import edition_stem
from analysis.report.figures.ranking import ranking
from analysis.report.html_table import plain_table, with_cards
from analysis.report.pages.page import Page
from analysis.rules import meets

PICTURES = 2
"""Promises whose ranking is drawn: those in which most is missing."""

NAMED = 12
"""Bodies below a line that a sentence names."""


class BodyPage(Page):
    """What notebook ``08_body`` shows; see `Page`.

    Parameters
    ----------
    run : RunParameters
        The run; its `body` is the one the page is for.
    results : Results
        The results to show.
    """

    def __init__(self, run: RunParameters, results: Results) -> None:
        super().__init__(run, results)
        self.dimension = dimension_of(results, run.body) if run.body is not None else self._dimension()

    @cached_property
    def standing(self) -> pd.DataFrame:
        """See `quarter.bodies.standing_of_bodies`: of all bodies, because a rank is one among all."""
        return standing_of_bodies(self.results, self.run, self.dimension)

    def answer(self) -> None:
        """Show who is below the line this quarter: the body in which promises, or of each promise which bodies."""
        first, *more = (escape(one) for one in self._first_sentences())
        self._html(f'<p class="answer">{first}</p>' + "".join(f"<p>{one}</p>" for one in more))
        self._note(
            self.words.text(
                "Surely: so many cases of the quarter are beyond the line that chance alone does not explain it (95% "
                "limits); of others below their line, the number of cases does not say yet."
            )
        )
        if self.run.body is not None:
            return
        below = self._of_bodies[self._of_bodies["is_beyond"]]
        self._heading(self.words.text("Surely below the line this quarter"))
        if below.empty:
            return
        self._html(self._bullets([self._below(rows) for _, rows in below.groupby(["target", "part"], sort=False)]))

    def table(self) -> None:
        """Show the body beside each promise its cases count for, or all bodies with the way to their editions."""
        if self.run.body is None:
            self._editions()
            return
        words, mine = self.words, self._mine
        self._heading(words.text("Promise by promise"))
        rows = [self._row(row) for _, row in mine.iterrows()]
        table = plain_table(pd.DataFrame(rows), caption=words.text("The year so far, and this quarter"))
        self._html(with_cards(table))
        self._note(
            words.text(
                "Ranks: 1 is the best; with the number of cases there are, the true one is between these two in 95 of "
                "100 cases. Part of the gap: of the cases that all bodies together are short of the line."
            )
        )
        if mine["hidden"].fillna(False).any() or mine["quarter_hidden"].fillna(False).any():
            self._note(
                words.text(
                    "Hidden: cells of 1 to {most} {unit}, and those that would give them away.",
                    most=str(SHOWN_FROM - 1),
                    unit=words.of(self.results.plan.unit),
                )
            )

    def pictures(self) -> None:
        """Show the ranking, with limits, of the promises in which the body, or all together, is short of most."""
        rows = self._mine if self.run.body is not None else self._of_bodies
        asked = rows[rows["line"].notna() & rows["denominator"].notna()]
        held = asked.groupby(["target", "indicator"], sort=False)["short"].sum().sort_values(ascending=False)
        for target, indicator in held[held > 0].head(PICTURES).index:
            bodies = self._of_bodies
            mine = bodies[(bodies["target"] == target) & (bodies["indicator"] == indicator)]
            picture = ranking(self.results, self.words, indicator, self.dimension, mine, body=self.run.body)
            if picture:
                self._picture(picture)

    def _dimension(self) -> str:
        groups = {code: dimension for dimension, code in self.results.plan.group_series}
        each = self.run.each or "agency"
        known = set(self.results.indicators.series["dimension"])
        if each not in known and each not in groups:
            raise BadParameters(f"each: no dimension or group {each!r}")
        return each if each in known else groups[each]

    @property
    def _of_bodies(self) -> pd.DataFrame:
        return self.standing[~self.standing["is_group"].astype(bool)]

    @property
    def _mine(self) -> pd.DataFrame:
        return self.standing[self.standing["series"] == self.run.body]

    def _name(self, code: str) -> str:
        return self.words.name(self.results.plan, self.dimension, code)

    def _promise(self, target: str, indicator: str) -> str:
        """Return what a promise is called, with its part on an indicator where it is on several."""
        words, plan = self.words, self.results.plan
        name = words.of(plan.targets[target].name)
        mine = self.standing[self.standing["target"] == target]
        if (mine["indicator"] == indicator).all():
            return name
        parts = [part for promise in plan.measured if promise.id == target for part in promise.parts.values()]
        of_it = [part for part in parts if part.indicator == indicator]
        what = words.part(plan, of_it[0]) if len(of_it) == 1 else words.indicator(plan, indicator)
        return f"{name}: {what}"

    def _first_sentences(self) -> list[str]:
        words, language = self.words, self.words.language
        if self.run.body is None:
            below = self._of_bodies.loc[self._of_bodies["is_beyond"], "series"].nunique()
            return [
                words.text(
                    "{below} of {all} bodies surely miss the line of at least one promise this quarter.",
                    below=numbers.count(below, language),
                    all=numbers.count(self._of_bodies["series"].nunique(), language),
                )
            ]
        mine, name = self._mine, self._name(str(self.run.body))
        below, counted = mine[mine["is_beyond"]], numbers.count(mine["target"].nunique(), language)
        if mine["quarter_denominator"].isna().all():
            return [words.text("{body} has too few cases this quarter to say where it stands.", body=name)]
        if below.empty:
            return [
                words.text(
                    "{body} surely misses no line this quarter; its cases count for {all} promises.",
                    body=name,
                    all=counted,
                )
            ]
        told = words.text(
            "{body} surely misses the line this quarter in {below} of the {all} promises that its cases count for.",
            body=name,
            below=numbers.count(below["target"].nunique(), language),
            all=counted,
        )
        names = dict.fromkeys(
            self._promise(*key) for key in below[["target", "indicator"]].itertuples(index=False, name=None)
        )
        return [told, words.text("It surely misses: {promises}.", promises="; ".join(names))]

    def _below(self, rows: pd.DataFrame) -> str:
        """Return the sentence on the bodies below the line of a promise."""
        words, first = self.words, rows.iloc[0]
        how = words.quantity(self.results.plan, first["indicator"])
        named = [
            f"{self._name(row.series)} ({how.beside(row.quarter_value, row.line)})"
            for row in rows.head(NAMED).itertuples()
        ]
        more = len(rows) - len(named)
        sentence = words.text(
            "{promise} ({rule}): {bodies}",
            promise=self._promise(first["target"], first["indicator"]),
            rule=words.rule(first["rule"], first["line"], how),
            bodies=", ".join(named),
        )
        left = words.text("and {n} more", n=numbers.count(more, words.language))
        return f"{sentence}{f' {left}' if more else ''}."

    def _row(self, row: pd.Series) -> dict[str, str]:
        words, language, missing = self.words, self.words.language, numbers.MISSING
        how = words.quantity(self.results.plan, row["indicator"])

        def counted(prefix: str) -> str:
            if pd.isna(row[f"{prefix}denominator"]):
                return missing
            value = how.beside(row[f"{prefix}value"], row["line"])
            if pd.isna(row[f"{prefix}numerator"]):
                return f"{value} ({numbers.count(row[f'{prefix}denominator'], language)})"
            counts = (numbers.count(row[f"{prefix}{name}"], language) for name in ("numerator", "denominator"))
            return f"{value} ({'/'.join(counts)})"

        rank = (
            words.text(
                "{best} to {worst} of {all}",
                **{
                    name: numbers.count(row[key], language)
                    for name, key in (("best", "best_rank"), ("worst", "worst_rank"), ("all", "bodies"))
                },
            )
            if pd.notna(row["best_rank"])
            else missing
        )
        return {
            words.text("Promise"): self._promise(row["target"], row["indicator"]),
            words.text("Verdict"): self._verdict(row),
            words.text("Line"): words.rule(row["rule"], row["line"], how) if pd.notna(row["line"]) else missing,
            words.text("Year so far"): counted(""),
            words.text("This quarter"): counted("quarter_"),
            words.text("Rank"): rank,
            words.text("Part of the gap"): (
                numbers.percent(row["of_gap"], language, digits=0) if pd.notna(row["of_gap"]) else missing
            ),
            words.text("A week from now on"): self._a_week(row),
        }

    def _verdict(self, row: pd.Series) -> str:
        """Return how the quarter's share stands to the line, and whether its cases are enough to be sure of it."""
        words = self.words
        if pd.isna(row["quarter_value"]) or pd.isna(row["line"]):
            return numbers.MISSING
        if row["is_beyond"]:
            return words.text("surely missed")
        if meets(row["quarter_value"], row["rule"], row["line"]):
            return words.text("kept this quarter")
        return words.text("missed, not surely")

    def _a_week(self, row: pd.Series) -> str:
        words, language = self.words, self.words.language
        if pd.isna(row["cases_per_week"]):
            return numbers.MISSING
        needed = row["cases_per_week"]
        if needed < 0:
            return words.text("used up") if row["rule"] == "at_most" else words.text("nothing more")
        wanted = _cases(needed, language)
        if row["rule"] == "at_most":
            wanted = words.text("{n} at most", n=wanted)
        if pd.isna(row["now_per_week"]):
            return wanted
        return words.text("{n} (now {now})", n=wanted, now=_cases(row["now_per_week"], language))

    def _editions(self) -> None:
        words, rows = self.words, self._of_bodies
        self._heading(words.text("Body by body"))
        below = rows.groupby("series")["is_beyond"].sum().sort_values(ascending=False, kind="stable")
        asked = rows.groupby("series")["quarter_denominator"].count()
        linked = bodies_of(self.results, self.run.each) if self.run.each else []
        missing, others, hidden = [], [], []
        for code, count in below.items():
            name = escape(self._name(str(code)))
            item = f'<a href="{edition_stem(str(code))}.html">{name}</a>' if code in linked else name
            if not asked[code]:
                hidden.append(item)
            elif not count:
                others.append(item)
            else:
                told = words.text(
                    "surely misses {below} of {all}",
                    below=numbers.count(count, words.language),
                    all=numbers.count(asked[code], words.language),
                )
                missing.append(f"{item}: {escape(told)}")
        for heading, items in (
            ("", missing),
            (words.text("Surely below no line:"), others),
            (words.text("Too few cases to show:"), hidden),
        ):
            if items:
                listed = "".join(f"<li>{item}</li>" for item in items)
                self._html(f'{f"<p>{escape(heading)}</p>" if heading else ""}<ul class="columns">{listed}</ul>')


def _cases(number: float, language: str) -> str:
    """Return cases a week; of few, with a decimal."""
    return numbers.count(number, language) if number >= 10 else numbers.decimal(number, language, digits=1)

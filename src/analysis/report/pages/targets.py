"""The page of notebook 06_targets: every promise in full, how its probability moved, and who holds the gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis import periods
from analysis.plan.promises import ItemsPromise, Measured, Promise, SurveyPromise
from analysis.quarter.results import Results
from analysis.report import labels, numbers, promise_lines, promise_tables, simple_forecasts
from analysis.report.figures import theme
from analysis.report.figures.axes import counts_and_values, mark_simulated, short_name, write_rows
from analysis.report.figures.burn_up import burn_ups
from analysis.report.figures.picture import Picture
from analysis.report.html_table import plain_table, verdict_mark, with_cards
from analysis.report.pages.page import Page
from analysis.report.pages.surveys import rounds
from analysis.report.published_probabilities import LEDGER, probabilities_by_quarter
from analysis.report.quantities import shares
from analysis.report.track_record_sentences import brief_basis
from analysis.report.wording import Wording

GAP_PICTURES = 12
"""Pictures of who holds a gap, one a promise: a page has a size it must keep to."""

GAP_TABLES = 12
"""Folded tables of who holds the other gaps, of all promises together."""

LONG = 25
"""Words of a sentence that is said of one promise only: of others that it holds for, too, the page refers to it."""


@dataclass
class _Section:
    """What stands in the section of one promise below its verdict, in the order shown.

    Attributes
    ----------
    table : str
        The parts that decide, as HTML.
    pictures : list of Picture
        Who holds the gap of a promise that is not safe; of dated items, done and needed by day.
    lines : list of str
        What it would take, and what the probability is to be compared with.
    folded : list of (str, str)
        What can be unfolded: a summary, and HTML.
    """

    table: str = ""
    pictures: list[Picture] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    folded: list[tuple[str, str]] = field(default_factory=list)


class TargetPage(Page):
    """What notebook ``06_targets`` shows; see `Page`.

    A promise has a section that fits a screen: what is promised, the verdict and the year so far in a line, the
    picture of who holds the gap, what it would take, and the few parts that decide. All else is folded.
    """

    _pictures_left, _tables_left = GAP_PICTURES, GAP_TABLES

    def contents(self) -> None:
        """Show the promises in the order of the plan, each with its verdict and the way to its section."""
        words = self.words
        items = []
        for target in self.results.plan.promises:
            row = self.results.promise(target.id)
            chance = f" {words.chance(row['probability'])}" if promise_lines.has_chance(row) else ""
            link = f'<a href="#promise-{escape(target.id)}">{escape(words.of(target.name))}</a>'
            items.append(f"<li>{link} {verdict_mark(row['verdict'], words)}{escape(chance)}</li>")
        self._html(f'<ol class="contents">{"".join(items)}</ol>')

    def targets(self) -> None:
        """Show each promise in a section: verdict, year so far, the parts that decide, what it would take, the rest."""
        told: dict[str, str] = {}
        for target in self.results.plan.promises:
            row, name = self.results.promise(target.id), self.words.of(target.name)
            if isinstance(target, Measured):
                section = self._shares(target)
            elif isinstance(target, ItemsPromise):
                section = self._items(target)
            elif isinstance(target, SurveyPromise):
                section = self._survey(target)
            else:
                section = _Section(lines=promise_lines.simple_forecast(self.results, self.words, target))
            title = self.words.of(target.title)
            promised = f"<p><strong>{escape(title)}</strong></p>" if title != name else ""
            line = promise_lines.verdict_line(self.results, self.words, target, row)
            self._html(
                f'<section class="promise" id="promise-{escape(target.id)}"><h2>{escape(name)}</h2>{promised}'
                f'<p class="standing">{line}</p>{section.table}</section>'
            )
            for picture in section.pictures:
                self._picture(picture)
            if promise_lines.has_chance(row):
                section.lines.append(" ".join(brief_basis(self.results, target, self.words)))
            left_out = self._left_out(target, told) if isinstance(target, Measured | SurveyPromise) else []
            if left_out:
                section.folded.append((self.words.text("What is left out, or has no history"), self._bullets(left_out)))
            section.folded.append(self._wording(target))
            lines = "".join(map(_paragraph, section.lines))
            self._html(f'<div class="promise-rest">{lines}{"".join(_fold(*one) for one in section.folded)}</div>')

    def history(self, ledger: Path = LEDGER) -> None:
        """Show how each probability moved over the quarters.

        Parameters
        ----------
        ledger : Path
            Folder of the ledger.
        """
        picture = history(self.results, self.words, probabilities_by_quarter(ledger, self.run, self.results))
        if picture:
            self._picture(picture)

    def readings(self) -> None:
        """Show how the plan was read where nobody has ruled."""
        words, plan = self.words, self.results.plan
        answers = plan.answers(self.run.answers)
        sentences = [words.of(one.answers[answers[code]].reading) for code, one in plan.questions.items()]
        if sentences:
            self._list(words.text("Our reading of the plan, not yet ruled on"), sentences)

    def sensitivity(self) -> None:
        """Show, for every open question, whether another answer would change a verdict."""
        words, found = self.words, self.results.attainment.sensitivity
        self._heading(words.text("Read otherwise: does the verdict change?"))
        if found.empty:
            self._note(words.text("The plan leaves no question open."))
            return
        questions = self.results.plan.questions
        titles = {target.id: words.of(target.name) for target in self.results.plan.promises}
        frame = pd.DataFrame(
            {
                words.text("Open question"): [words.of(questions[name].asks) for name in found["question"]],
                words.text("Another answer"): [
                    words.of(questions[name].answers[answer].name)
                    for name, answer in zip(found["question"], found["answer"], strict=True)
                ],
                words.text("Promise"): [titles[target] for target in found["target"]],
                words.text("Verdict"): [self._verdict_under(row) for _, row in found.iterrows()],
                words.text("Probability"): [words.chance(value) for value in found["probability"]],
                words.text("As we read it"): [
                    f"{words.verdict(row['chosen_verdict'])} {words.chance(row['chosen_probability'])}"
                    for _, row in found.iterrows()
                ],
                words.text("Changes"): [words.text("yes") if one else words.text("no") for one in found["changes"]],
            }
        )
        table = plain_table(frame, caption=words.text("One question answered otherwise at a time, on the same data"))
        self._html(with_cards(table))

    def _verdict_under(self, row: pd.Series) -> str:
        if row["note"] in labels.NOT_COMPUTABLE:
            return self.words.text(labels.NOT_COMPUTABLE[row["note"]])
        return self.words.verdict(row["verdict"])

    def _shares(self, target: Measured) -> _Section:
        results, words, plan = self.results, self.words, self.results.plan
        section, gaps = _Section(), self._gaps(target)
        now, rest = promise_tables.by_weight(results, target)
        if len(now) > 1:
            rule = promise_tables.same_rule(results, words, target)
            each = _paragraph(words.text("Each part: {rule}.", rule=rule)) if rule else ""
            table = promise_tables.parts_table(results, words, target, now, id=f"parts-{target.id}")
            section.table = f"{each}{table}"
        is_safe = results.promise(target.id)["verdict"] in promise_tables.SAFE
        if gaps and self._pictures_left and not is_safe:
            self._pictures_left -= 1
            title, members, frame, unit = gaps.pop(0)
            section.pictures = [gap(results, words, members, title=title, table=frame, unit=unit)]
        written = plan.targets[target.id]
        if isinstance(written, SurveyPromise):
            what = words.of(plan.instruments[written.instrument].title)
            section.lines.append(words.text("No survey judges it, but what is counted: {what}.", what=what))
        if len(now) == 1:
            section.lines += promise_lines.what_it_takes_alone(results, words, target)
        section.lines += promise_lines.simple_forecast(results, words, target)
        if rest:
            table = promise_tables.parts_table(results, words, target, rest, id=f"rest-{target.id}")
            count = numbers.count(len(rest), words.language)
            section.folded.append((words.text("The other {count} parts, which decide less", count=count), table))
        section.folded += self._watched(target)
        for title, _members, frame, _unit in gaps[: self._tables_left]:
            section.folded.append((title, plain_table(frame, caption=title)))
            self._tables_left -= 1
        compared = promise_tables.baselines(results, words, target)
        if len(compared):
            title = words.text("Simple forecasts to compare with")
            section.folded.append((title, plain_table(compared, caption=title)))
        return section

    def _gaps(self, target: Measured) -> list[tuple[str, pd.DataFrame, pd.DataFrame, str]]:
        """Return who holds each gap, those of the parts that decide first: title, members short, table, unit."""
        words, plan = self.words, self.results.plan
        decides = promise_tables.deciding_part(self.results, target)
        now, rest = promise_tables.by_weight(self.results, target)
        parts = sorted([*now, *rest], key=lambda one: decides is None or one[0] is not decides[0])
        found = []
        for part, name in parts:
            rows = self.results.published_gap
            rows = rows[(rows["target"] == target.id) & (rows["part"] == name)]
            for dimension, members in rows.groupby("dimension", sort=True):
                short = members[members["short"] > 0]
                if len(short):
                    unit = words.unit(plan, part.indicator)
                    what = f"{words.part(plan, part)}: {words.dimension(str(dimension))}"
                    title = words.text("Who holds most of what is missing: {what}", what=what)
                    table = self._gap_table(short, unit, self.results.promise(target.id, name)["threshold"])
                    found.append((title, short, table, unit))
        return found

    def _left_out(self, target: Measured | SurveyPromise, told: dict[str, str]) -> list[str]:
        """Return what a promise does not judge and what has no history; a long sentence of several promises once."""
        name, sentences, earlier = self.words.of(target.name), [], {}
        for one in (
            *promise_tables.not_judged(self.results, self.words, target.id),
            *promise_tables.with_no_history(self.results, self.words, target.id),
        ):
            if told.setdefault(one, name) == name or len(one.split()) < LONG:
                sentences.append(one)
            else:
                earlier[told[one]] = self.words.text("The same holds as said under: {promise}.", promise=told[one])
        return [*sentences, *earlier.values()]

    def _wording(self, target: Promise) -> tuple[str, str]:
        """Return the plan's own sentence and how it is read, to fold away."""
        words = self.words
        told = [words.text('In the plan: "{sentence}"', sentence=target.reported)]
        if target.reading:
            heading = words.text("Our reading of the plan, not yet ruled on")
            if target.ruled_by:
                heading = words.text("Reading ruled by {who}", who=target.ruled_by)
            told.append(f"{heading}: {words.of(target.reading)}")
        return words.text("The plan's own words, and how we read them"), "".join(map(_paragraph, told))

    def _gap_table(self, members: pd.DataFrame, unit: str, threshold: float) -> pd.DataFrame:
        words, language = self.words, self.run.language
        return pd.DataFrame(
            {
                words.text("Body or field"): [
                    words.name(self.results.plan, row.dimension, row.series) for row in members.itertuples()
                ],
                words.text("The year so far"): [
                    words.share_so_far(row, unit)
                    for _, row in members.rename(columns={"share": "observed_to_date"})
                    .assign(threshold=threshold)
                    .iterrows()
                ],
                words.text("Short of the promise by ({unit})", unit=unit): [
                    numbers.count(short, language) for short in members["short"]
                ],
                words.text("Probability now"): [words.chance(value) for value in members["probability"]],
                words.text("If it alone kept the promise from now on"): [
                    words.chance(value) for value in members["probability_if"]
                ],
            }
        )

    def _watched(self, target: Measured) -> list[tuple[str, str]]:
        """Return which bodies were on the wrong side of the line this quarter, or that none was, to fold away."""
        if target.watch is None:
            return []
        words, plan, language = self.words, self.results.plan, self.run.language
        watch, how = target.watch, words.quantity(plan, target.indicators[0])
        if watch.below is not None:
            heading = words.text("Below {line} this quarter", line=how.promised(watch.below))
        else:
            heading = words.text("Above {line} this quarter", line=how.promised(float(watch.above or 0)))
        found = self.results.attainment.of("watched", target.id)
        if found.empty:
            none = f"{heading}: {words.text('none')}."
            return [(none, _paragraph(none))]
        shown = self.results.published(
            found.assign(indicator=target.indicators[0], period=periods.write(self.run.quarter_period))
        )
        frame = pd.DataFrame(
            {words.dimension(watch.of): [words.name(plan, watch.of, code) for code in found["series"]]}
            | counts_and_values(shown, words, how)
        )
        heading = f"{heading}: {numbers.count(len(found), language)}"
        return [(heading, plain_table(frame, caption=heading))]

    def _items(self, target: ItemsPromise) -> _Section:
        results, words = self.results, self.words
        rows = results.attainment.of("promises", target.id)
        parts = rows[rows["part"] != ""]
        section = _Section(
            # Of a list with a headcount, that of the persons: the other stands on the summary, and both have no room.
            pictures=burn_ups(results, words, target)[-1:],
            lines=[
                *promise_tables.items_needed(results, words, target),
                *(
                    promise_tables.simple_items_forecasts(results, words, target)
                    or promise_lines.simple_forecast(results, words, target)
                ),
            ],
        )
        if len(parts):
            frame = pd.DataFrame(
                {
                    words.text("Part"): [words.text(labels.DATED_PARTS[part]) for part in parts["part"]],
                    words.text("The year so far"): [
                        promise_tables.items_so_far(target, row, words) for _, row in parts.iterrows()
                    ],
                    words.text("Verdict"): [words.verdict(code) for code in parts["verdict"]],
                    words.text("Probability"): [words.chance(value) for value in parts["probability"]],
                    words.text("Simple forecast"): [
                        simple_forecasts.cell(target, words.chance(row["baseline_probability"]), words, row["part"])
                        if pd.notna(row["baseline_probability"])
                        else numbers.MISSING
                        for _, row in parts.iterrows()
                    ],
                }
            )
            section.table = with_cards(plain_table(frame, caption=words.text("Its parts")))
        open_items = promise_tables.open_items(results, words, target)
        if len(open_items):
            title = words.text("What is not done yet, the longest overdue first")
            section.folded.append((title, plain_table(open_items, caption=title)))
        return section

    def _survey(self, target: SurveyPromise) -> _Section:
        indicator = self.results.promise(target.id)["indicator"]
        found = rounds(self.results, self.words, indicator)
        return _Section(
            table=plain_table(found, caption=self.words.indicator(self.results.plan, indicator)) if len(found) else "",
            lines=[
                *promise_lines.simple_forecast(self.results, self.words, target),
                *promise_lines.proxy(self.results, self.words, target),
            ],
        )


def _paragraph(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _fold(summary: str, html: str) -> str:
    return f'<details class="data"><summary>{escape(summary)}</summary>{html}</details>'


def history(results: Results, words: Wording, probabilities: pd.DataFrame) -> Picture | None:
    """Return the probability of each promise by quarter, or None where none was ever estimated.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    probabilities : pd.DataFrame
        `target, quarter, probability` (0–1), in the order of the quarters; see
        `published_probabilities.probabilities_by_quarter`.
    """
    language = words.language
    quarters = sorted(probabilities["quarter"].unique())
    probabilities = probabilities.dropna(subset="probability")
    targets = [target for target in results.plan.promises if target.id in set(probabilities["target"])]
    if not targets:
        return None
    heads = [numbers.quarter(periods.parse_quarter(quarter), language) for quarter in quarters]
    names = [words.of(target.name) for target in targets]
    said = [probabilities[probabilities["target"] == target.id] for target in targets]

    def draw(figure: Figure) -> None:
        narrow = theme.is_narrow(figure)
        figure.set_figheight(0.5 + (0.5 if narrow else 0.4) * len(targets))
        axes = figure.subplots()
        for row, mine in enumerate(said):
            axes.plot(mine["probability"], [row] * len(mine), color=theme.GREY, linewidth=1.4)
            older, now = mine[mine["quarter"] != quarters[-1]], mine[mine["quarter"] == quarters[-1]]
            for some, marker, color, face in (
                (older, "o", theme.GREY, theme.PAPER),
                (now, "D", theme.BLUE, theme.BLUE),
            ):
                if len(some):  # of a line without points the layout takes the corner of the figure for its place
                    axes.plot(some["probability"], [row] * len(some), linestyle="", marker=marker, markersize=7,
                              color=color, markerfacecolor=face, markeredgewidth=1.5, clip_on=False)  # fmt: skip
        write_rows(axes, names, [_moved(mine, quarters[-1], words) for mine in said])
        axes.set_xlim(-0.01, 1.01)
        shares(language).write_axis(axes.xaxis, most=4 if narrow else 6)
        mark_simulated(figure, results, words)

    table = pd.DataFrame({words.text("Promise"): names})
    for quarter, head in zip(quarters, heads, strict=True):
        mine = probabilities[probabilities["quarter"] == quarter].set_index("target")["probability"]
        table[head] = [words.chance(mine.get(target.id, float("nan"))) for target in targets]
    caption = words.text(
        "Diamond: now. Rings: what was published for earlier quarters or, where nothing was, what the same method says "
        "from what was known then."
    )
    statistic = words.text("Probability of meeting each target, {first} to {last}", first=heads[0], last=heads[-1])
    if len(heads) == 1:
        statistic = words.text("Probability of meeting each target, {quarter}", quarter=heads[0])
    title = _most_moved(names, said, quarters[-1], words)
    return Picture(
        draw, title=title, statistic=statistic, alt=f"{title}. {statistic}.", caption=caption, table=table,
        values=probabilities,
    )  # fmt: skip


def _moved(mine: pd.DataFrame, last: str, words: Wording) -> str:
    """Return how the probability of a promise moved: "70% → 59%"; with a dash where it is no longer estimated."""
    said = [words.chance(mine["probability"].iloc[at]) for at in (0, -1)]
    if mine["quarter"].iloc[-1] != last:
        return f"{said[-1]} → {numbers.MISSING}"
    return said[-1] if said[0] == said[-1] else " → ".join(said)


def _most_moved(names: list[str], said: list[pd.DataFrame], last: str, words: Wording) -> str:
    """Return the message of a history: which promise moved most, or between which ends the probabilities lie."""
    known = [(name, mine["probability"]) for name, mine in zip(names, said, strict=True)
             if mine["quarter"].iloc[-1] == last]  # fmt: skip
    if not known:
        return words.text("No probability is estimated any longer")
    name, moved = max(known, key=lambda one: abs(one[1].iloc[-1] - one[1].iloc[0]))
    first, now = (words.chance(moved.iloc[at]) for at in (0, -1))
    if first != now:
        return words.text("{name} moved most: from {first} to {last}", name=name, first=first, last=now)
    low, high = (words.chance(end([one.iloc[-1] for _, one in known])) for end in (min, max))
    if low == high:
        return words.text("Probability now: {chance}", chance=low)
    return words.text("Probabilities now: from {low} to {high}", low=low, high=high)


MEMBERS_DRAWN = 10
"""Members drawn, those that are short by most; all of them are in the table."""


def gap(
    results: Results, words: Wording, members: pd.DataFrame, *, title: str, table: pd.DataFrame, unit: str
) -> Picture:
    """Return by how much each member is short of a promise, with the probability if it alone kept the promise.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    members : pd.DataFrame
        Rows of one part and dimension of `attainment.year_end`, those that are short, most first.
    title : str
        What is drawn: which promise, by which members.
    table : pd.DataFrame
        The same as a table for the reader.
    unit : str
        What is counted.
    """
    plan, language = results.plan, words.language
    shown = members.head(MEMBERS_DRAWN)
    names = [words.name(plan, row.dimension, row.series) for row in shown.itertuples()]

    def draw(figure: Figure) -> None:
        narrow = theme.is_narrow(figure)
        figure.set_figheight(0.5 + (0.44 if narrow else 0.32) * len(shown))
        axes = figure.subplots()
        rows, height = range(len(shown)), 0.3 if narrow else 0.62
        axes.barh(rows, shown["short"], height=height, color=theme.BLUE, linewidth=0)
        chances = zip(shown["probability"].map(words.chance), shown["probability_if"].map(words.chance), strict=True)
        cases = [numbers.count(short, language) for short in shown["short"]]
        told = [f"{one} · {now} → {then}" for one, (now, then) in zip(cases, chances, strict=True)]
        write_rows(axes, names, told, list(shown["short"]))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=3 if narrow else 5, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.count(value, language)))
        mark_simulated(figure, results, words)

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
    message = _holds_most(results, names[0], members, unit, words)
    return Picture(draw, title=message, statistic=title, alt=alt, caption=caption, table=table, values=members)


def _holds_most(results: Results, name: str, members: pd.DataFrame, unit: str, words: Wording) -> str:
    """Return the message of a gap: how many of the cases missing, or too many, the first member has."""
    first = members.iloc[0]
    count = {
        "name": short_name(name),
        "short": numbers.count(first["short"], words.language),
        "all": numbers.count(members["short"].sum(), words.language),
        "unit": unit,
    }
    if count["short"] == "0":
        return words.text("Nobody is short by even one of the {unit}", unit=unit)
    if len(members) == 1:
        return words.text("Only {name} is short, by {short} {unit}", **count)
    if results.promise(first["target"], first["part"])["rule"] == "at_most":
        return words.text("{name} holds {short} of {all} {unit} too many", **count)
    return words.text("{name} holds {short} of {all} {unit} missing", **count)

"""The page of notebook 06_targets: every promise in full, how its probability moved, and who holds the gap."""

from __future__ import annotations

from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis import periods
from analysis.plan.instruments import SurveyInstrument
from analysis.plan.promises import ItemsPromise, Measured, Promise, SurveyPromise
from analysis.quarter.results import Results
from analysis.report import labels, numbers, promise_tables, simple_forecasts, theme
from analysis.report.figure import Picture, counts_and_values, mark_simulated, set_title, short_name
from analysis.report.html_table import plain_table, verdict_mark, with_cards
from analysis.report.pages.page import Page
from analysis.report.pages.surveys import rounds
from analysis.report.promise_tables import parts_of, proxy_share_so_far
from analysis.report.published_probabilities import LEDGER, probabilities_by_quarter
from analysis.report.track_record_sentences import basis_sentences
from analysis.report.wording import Wording

BASELINES_SHOWN = 3
"""Parts of a promise whose baselines are listed."""


GAP_PICTURES = 12
"""Pictures of who holds a gap: a page has a size it must keep to."""


class TargetPage(Page):
    """What notebook ``06_targets`` shows; see `Page`."""

    _pictures_left = GAP_PICTURES

    def targets(self) -> None:
        """Show each promise in full: verdict, reading, parts, the gap and who holds it, or why it is not estimated."""
        words, plan = self.words, self.results.plan
        for target in plan.promises:
            row = self.results.promise(target.id)
            self._heading(words.of(target.name))
            self._html(f"<p><strong>{escape(words.of(target.title))}</strong></p>")
            self._html(f"<p>{verdict_mark(row['verdict'], words)}. {escape(self._why(target, row))}</p>")
            if pd.notna(row["probability"]) and row["verdict"] not in ("met", "missed"):
                for sentence in basis_sentences(self.results, target, words):
                    self._note(sentence)
            self._note(words.text('In the plan: "{sentence}"', sentence=target.reported))
            if target.reading:
                heading = words.text("Our reading of the plan, not yet ruled on")
                if target.ruled_by:
                    heading = words.text("Reading ruled by {who}", who=target.ruled_by)
                self._note(f"{heading}: {words.of(target.reading)}")
            if isinstance(target, Measured):
                self._shares(target)
            elif isinstance(target, ItemsPromise):
                self._items(target)
            elif isinstance(target, SurveyPromise):
                self._survey(target)

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
        sentences += [
            f"{words.of(target.title)}: {words.of(target.reading)}" for target in plan.promises if target.reading
        ]
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
        titles = {target.id: words.of(target.title) for target in self.results.plan.promises}
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

    def _shares(self, target: Measured) -> None:
        words, plan = self.words, self.results.plan
        written = plan.targets[target.id]
        if isinstance(written, SurveyPromise):
            title = words.of(plan.instruments[written.instrument].title)
            self._note(words.text("No survey judges it, but what is counted: {what}.", what=title))
        self._html(promise_tables.parts_table(self.results, words, target))
        self._not_judged(target.id)
        for sentence in promise_tables.with_no_history(self.results, words, target.id):
            self._note(sentence)
        self._watched(target)
        for part, name in parts_of(target):
            rows = self.results.published_gap
            rows = rows[(rows["target"] == target.id) & (rows["part"] == name)]
            for dimension, members in rows.groupby("dimension", sort=True):
                short = members[members["short"] > 0]
                unit = words.unit(plan, part.indicator)
                if len(short) and self._pictures_left:
                    self._pictures_left -= 1
                    what = f"{words.part(plan, part)}: {words.dimension(str(dimension))}"
                    title = words.text("Who holds most of what is missing: {what}", what=what)
                    table = self._gap_table(short, unit, self.results.promise(target.id, name)["threshold"])
                    self._picture(gap(self.results, words, short, title=title, table=table, unit=unit))
        for part, name in parts_of(target)[:BASELINES_SHOWN]:
            if promise_tables.has_baselines(self.results, target.id, name):
                title = words.text("Simple forecasts to compare with")
                self._heading(f"{title}: {words.part(plan, part)}", level=3)
                self._html(promise_tables.baselines_table(self.results, words, target.id, name))

    def _not_judged(self, target: str) -> None:
        for sentence in promise_tables.not_judged(self.results, self.words, target):
            self._note(sentence)

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

    def _watched(self, target: Measured) -> None:
        """Show which bodies were on the wrong side of the line this quarter, or that none was."""
        if target.watch is None:
            return
        words, plan, language = self.words, self.results.plan, self.run.language
        watch, how = target.watch, words.quantity(plan, target.indicators[0])
        if watch.below is not None:
            heading = words.text("Below {line} this quarter", line=how.promised(watch.below))
        else:
            heading = words.text("Above {line} this quarter", line=how.promised(float(watch.above or 0)))
        found = self.results.attainment.of("watched", target.id)
        if found.empty:
            self._note(f"{heading}: {words.text('none')}.")
            return
        shown = self.results.published(
            found.assign(indicator=target.indicators[0], period=periods.write(self.run.quarter_period))
        )
        frame = pd.DataFrame(
            {words.dimension(watch.of): [words.name(plan, watch.of, code) for code in found["series"]]}
            | counts_and_values(shown, words, how)
        )
        self._html(plain_table(frame, caption=f"{heading}: {numbers.count(len(found), language)}"))

    def _items(self, target: ItemsPromise) -> None:
        words = self.words
        rows = self.results.attainment.of("promises", target.id)
        shown = rows[rows["part"] != ""] if (rows["part"] != "").any() else rows
        frame = pd.DataFrame(
            {
                words.text("Part"): [words.text(labels.DATED_PARTS[part or "items"]) for part in shown["part"]],
                words.text("Where we stand"): [
                    promise_tables.items_so_far(target, row, words) for _, row in shown.iterrows()
                ],
                words.text("Verdict"): [words.verdict(code) for code in shown["verdict"]],
                words.text("Probability"): [words.chance(value) for value in shown["probability"]],
                words.text("Simple forecast"): [
                    simple_forecasts.cell(target, words.chance(row["baseline_probability"]), words, row["part"])
                    if pd.notna(row["baseline_probability"])
                    else numbers.MISSING
                    for _, row in shown.iterrows()
                ],
            }
        )
        self._html(with_cards(plain_table(frame, caption=words.of(target.title))))
        for sentence in (
            *promise_tables.items_needed(self.results, words, target),
            *promise_tables.simple_items_forecasts(self.results, words, target),
        ):
            self._note(sentence)
        open_items = promise_tables.open_items(self.results, words, target)
        if len(open_items):
            self._details(words.text("What is not done yet, the longest overdue first"), open_items)

    def _survey(self, target: SurveyPromise) -> None:
        indicator = self.results.promise(target.id)["indicator"]
        found = rounds(self.results, self.words, indicator)
        if len(found):
            self._html(plain_table(found, caption=self.words.indicator(self.results.plan, indicator)))
        self._not_judged(target.id)
        self._proxy(target)

    def _why(self, target: Promise, row: pd.Series) -> str:
        if row["verdict"] == "not_estimated":
            return self.words.reason(row["note"])
        sentences = [self.words.text("Probability: {chance}.", chance=self.words.chance(row["probability"]))]
        if not pd.isna(row["baseline_probability"]):
            chance = self.words.chance(row["baseline_probability"])
            sentences.append(simple_forecasts.sentence(target, chance, self.words))
        return " ".join(sentences)

    def _proxy(self, target: SurveyPromise) -> None:
        row = proxy_share_so_far(self.results, target)
        if row is None:
            return
        self._note(
            self.words.text(
                "Proxy, not the promise itself: {what}, year to date: {standing}.",
                what=self.words.indicator(self.results.plan, str(target.proxy)),
                standing=self.words.share_so_far(row, self.words.unit(self.results.plan, str(target.proxy))),
            )
        )
        instrument = self.results.plan.instruments[target.instrument]
        cancelled = instrument.cancelled if isinstance(instrument, SurveyInstrument) else None
        if cancelled and self.results.promise(target.id)["note"] == "survey_cancelled":
            day = numbers.day(pd.Timestamp(cancelled.on).date(), self.run.language)
            reason = f"{self.words.of(cancelled.reason)} ({day})."
            self._note(reason)


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

    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 1.2 + 0.42 * len(targets)), layout="constrained")
    for row, target in enumerate(targets):
        mine = probabilities[probabilities["target"] == target.id]
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
    set_title(figure, words.text("How each probability moved: {first} to {last}", first=heads[0], last=heads[-1]))
    mark_simulated(figure, results, words)
    plt.close(figure)

    table = pd.DataFrame({words.text("Promise"): names})
    for quarter, head in zip(quarters, heads, strict=True):
        mine = probabilities[probabilities["quarter"] == quarter].set_index("target")["probability"]
        table[head] = [words.chance(mine.get(target.id, float("nan"))) for target in targets]
    moves = probabilities.groupby("target")["probability"].agg(lambda values: values.iloc[-1] - values.iloc[0])
    most = str(moves.abs().idxmax())
    ends = probabilities[probabilities["target"] == most]["probability"]
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
    return Picture(figure, alt, caption, table, probabilities)


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
        Title of the figure: which promise, by which members.
    table : pd.DataFrame
        The same as a table for the reader.
    unit : str
        What is counted.
    """
    plan, language = results.plan, words.language
    shown = members.head(MEMBERS_DRAWN)
    names = [words.name(plan, row.dimension, row.series) for row in shown.itertuples()]
    theme.apply()
    figure, axes = plt.subplots(figsize=(theme.WIDTH, 1.1 + 0.32 * len(shown)), layout="constrained")
    rows = list(range(len(shown)))
    sns.barplot(x=shown["short"].to_numpy(), y=rows, orient="h", ax=axes, color=theme.BLUE, width=0.62, errorbar=None)
    for position, row in enumerate(shown.itertuples()):
        now, then = words.chance(row.probability), words.chance(row.probability_if)
        label = f"{numbers.count(row.short, language)}   {now} → {then}"
        axes.annotate(label, (row.short, position), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
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

"""What the notebook on every promise calls: verdicts with their reasons, what is missing, and other readings."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd

from analysis.promises import ItemsTarget, ShareTarget, SurveyTarget
from analysis.report import numbers, plan_words
from analysis.report.decisive import parts_of, proxy_standing
from analysis.report.figures.gap import gap
from analysis.report.figures.history import history
from analysis.report.pages.page import Page
from analysis.report.tables import items, parts
from analysis.report.tables.ledger import LEDGER, said_over_the_year
from analysis.report.tables.plain import plain, verdict_mark
from analysis.report.tables.surveys import rounds

BASELINES_SHOWN = 3
"""Parts of a promise whose simple forecasts are listed."""


class TargetPage(Page):
    """The voice of ``06_targets``; see `Page`."""

    def targets(self) -> None:
        """Show each promise in full: verdict, reading, parts, what is missing and where, or why it is not estimated."""
        words, plan = self.words, self.results.plan
        for target in plan.targets:
            row = self.results.promise(target.id)
            self._heading(words.of(target.name))
            self._html(f"<p><strong>{escape(words.of(target.title))}</strong></p>")
            self._html(f"<p>{verdict_mark(row['verdict'], words)}. {escape(self._why(row))}</p>")
            self._note(words.text('In the plan: "{sentence}"', sentence=target.reported))
            if target.reading:
                ruled = words.text("Our reading of the plan, not yet ruled on")
                if target.ruled_by:
                    ruled = words.text("Reading ruled by {who}", who=target.ruled_by)
                self._note(f"{ruled}: {words.of(target.reading)}")
            if isinstance(target, ShareTarget):
                self._shares(target)
            elif isinstance(target, ItemsTarget):
                self._items(target)
            elif isinstance(target, SurveyTarget):
                self._survey(target)

    def history(self, ledger: Path = LEDGER) -> None:
        """Show how each probability moved over the quarters."""
        drawn = history(self.results, self.words, said_over_the_year(ledger, self.run, self.results))
        if drawn:
            self._picture(drawn)

    def readings(self) -> None:
        """Show how the plan was read where nobody has ruled."""
        words, plan = self.words, self.results.plan
        told = [words.of(setting.reading) for setting in plan.settings.values()]
        told += [f"{words.of(target.title)}: {words.of(target.reading)}" for target in plan.targets if target.reading]
        if told:
            self._list(words.text("Our reading of the plan, not yet ruled on"), told)

    def sensitivity(self) -> None:
        """Show, for every open question, whether another answer would change a verdict."""
        words, found = self.words, self.results.sensitivity
        self._heading(words.text("Read otherwise: does the verdict change?"))
        if found.empty:
            self._note(words.text("The plan leaves no question open."))
            return
        titles = {target.id: words.of(target.title) for target in self.results.plan.targets}
        frame = pd.DataFrame(
            {
                words.text("Open question"): [words.text(plan_words.SETTINGS[name]) for name in found["setting"]],
                words.text("Another answer"): [
                    words.text(plan_words.ANSWERS[name, value])
                    for name, value in zip(found["setting"], found["value"], strict=True)
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
        self._html(plain(frame, caption=words.text("One question answered otherwise at a time, on the same data")))

    def _verdict_under(self, row: pd.Series) -> str:
        if row["note"] in plan_words.NOT_COMPUTABLE:
            return self.words.text(plan_words.NOT_COMPUTABLE[row["note"]])
        return self.words.verdict(row["verdict"])

    def _shares(self, target: ShareTarget) -> None:
        words, plan = self.words, self.results.plan
        self._html(parts.parts(self.results, words, target))
        for part, name in parts_of(target):
            held = self.results.gap[(self.results.gap["target"] == target.id) & (self.results.gap["part"] == name)]
            for dimension, members in held.groupby("dimension", sort=True):
                lacking = members[members["short"] > 0]
                if len(lacking):
                    what = f"{words.part(plan, part)}: {words.text(plan_words.DIMENSIONS[str(dimension)])}"
                    title = words.text("Who holds most of what is missing: {what}", what=what)
                    self._picture(gap(self.results, words, lacking, title=title, table=self._gap(lacking)))
        for part, name in parts_of(target)[:BASELINES_SHOWN]:
            if parts.has_baselines(self.results, target.id, name):
                title = words.text("Simple forecasts to compare with")
                self._heading(f"{title}: {words.part(plan, part)}", level=3)
                self._html(parts.baselines(self.results, words, target.id, name))

    def _gap(self, members: pd.DataFrame) -> pd.DataFrame:
        words, language = self.words, self.run.language
        unit = words.of(self.results.plan.unit)
        return pd.DataFrame(
            {
                words.text("Body or field"): [words.name(self.results.plan, code) for code in members["series"]],
                words.text("The year so far"): [
                    words.standing(row.rename({"share": "observed_to_date"}), unit) for _, row in members.iterrows()
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

    def _items(self, target: ItemsTarget) -> None:
        words = self.words
        rows = self.results.promises[self.results.promises["target"] == target.id]
        shown = rows[rows["part"] != ""] if (rows["part"] != "").any() else rows
        frame = pd.DataFrame(
            {
                words.text("Part"): [words.text(plan_words.DATED_PARTS[part or "items"]) for part in shown["part"]],
                words.text("Where we stand"): [items.standing(row, words) for _, row in shown.iterrows()],
                words.text("Verdict"): [words.verdict(code) for code in shown["verdict"]],
                words.text("Probability"): [words.chance(value) for value in shown["probability"]],
                words.text("Roadmap at its word"): [words.chance(value) for value in shown["baseline_probability"]],
            }
        )
        self._html(plain(frame, caption=words.of(target.title)))
        for sentence in items.what_it_takes(self.results, words, target):
            self._note(sentence)
        missing = items.missing(self.results, words, target)
        if len(missing):
            self._details(words.text("What is not done yet, the longest overdue first"), missing)

    def _survey(self, target: SurveyTarget) -> None:
        indicator = self.results.promise(target.id)["indicator"]
        found = rounds(self.results, self.words, indicator)
        if len(found):
            self._html(plain(found, caption=self.words.indicator(self.results.plan, indicator)))
        self._proxy(target)

    def _why(self, row: pd.Series) -> str:
        if row["verdict"] == "not_estimated":
            return self.words.reason(row["note"])
        told = [self.words.text("Probability: {chance}.", chance=self.words.chance(row["probability"]))]
        if not pd.isna(row["baseline_probability"]):
            told.append(
                self.words.text("Simple forecast: {chance}.", chance=self.words.chance(row["baseline_probability"]))
            )
        return " ".join(told)

    def _proxy(self, target: SurveyTarget) -> None:
        row = proxy_standing(self.results, target)
        if row is None:
            return
        self._note(
            self.words.text(
                "Proxy, not the promise itself: {what}, year to date: {standing}.",
                what=self.words.indicator(self.results.plan, str(target.proxy)),
                standing=self.words.standing(row, self.words.text("ratings")),
            )
        )
        if target.cancelled and self.results.promise(target.id)["note"] == "survey_cancelled":
            told = f"{self.words.of(target.cancelled.reason)} ({numbers.day(target.cancelled.on, self.run.language)})."
            self._note(told)

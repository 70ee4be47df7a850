"""The page of notebook 07_track_record: grades on the plan's own past, on public panels, and of the ledger."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd

from analysis.forecast.backtest.rolling import ENSEMBLE, SUMMED
from analysis.forecast.backtest.scores import skill_table
from analysis.report import grades, numbers
from analysis.report.html_table import plain_table
from analysis.report.pages.page import Page
from analysis.report.published_probabilities import LEDGER, graded_probabilities
from analysis.report.track_record_sentences import (
    basis_sentences,
    chance_sentence,
    held_by_indicator,
    indicator_sentence,
    list_grades,
    list_sentence,
    recounted_sentence,
)
from analysis.report.track_record_verdict import verdict


class TrackPage(Page):
    """What notebook ``07_track_record`` shows; see `Page`."""

    def verdict(self) -> None:
        """Show in at most three sentences what past forecasts say of this report's probabilities."""
        told = verdict(self.results, self.words, seed=self.run.seed)
        self._html("".join(f"<p>{_with_lead(one)}</p>" for one in told))

    def own(self) -> None:
        """Show how the method would have done in earlier years of the plan's own series."""
        words, scored = self.words, self.results.record.scored
        self._heading(words.text("On this plan's own series"))
        if scored.empty:
            self._note(words.text("No earlier year can be scored yet: the data does not reach back far enough."))
            return
        names = {name: words.indicator(self.results.plan, name) for name in scored["panel"].unique()}
        self._note(
            words.text(
                "Every earlier year was forecast again from its start and from the end of each quarter, with nothing "
                "but what was known then, and graded: {years} years, {n} forecasts. So few years can monitor the "
                "method, not prove it.",
                years=numbers.count(scored["year"].nunique(), self.run.language),
                n=numbers.count(grades.of_ensemble(scored)["n"].sum(), self.run.language),
            )
        )
        held = held_by_indicator(scored)
        recounted = held_by_indicator(self.results.record.recounted)
        told = [
            f"{indicator_sentence(self.results, name, of, words)} {chance_sentence(self.results, name, words)}".strip()
            for name, of in held.items()
        ]
        told += [recounted_sentence(self.results, name, of, words) for name, of in recounted.items()]
        self._html(self._bullets(told))
        coverage = grades.coverage(scored, words, named=words.text("Indicator"), names=names)
        self._html(plain_table(coverage, caption=words.text("How often the outcome fell into the interval")))
        totals = self.results.record.totals
        totals = totals[totals["model"].isin([ENSEMBLE, ENSEMBLE + SUMMED])]
        if len(totals):
            caption = words.text("The whole: as a series of its own, as pages print it, and as the sum of the series")
            table = grades.totals(totals, words, named=words.text("Indicator"), names=names)
            self._html(plain_table(table, caption=caption))
        skill = skill_table(scored, seed=self.run.seed)
        table = grades.skill(skill[skill["panel"] == ""], words)
        self._html(plain_table(table, caption=words.text("What is published, against simple forecasts")))
        reliability = grades.of_ensemble(self.results.record.reliability)
        if len(reliability):
            statistic = words.text("What was said and what happened: this plan's series")
            self._picture(grades.reliability(reliability, words, statistic=statistic))

    def bases(self) -> None:
        """Show what the probability of each promise rests on, or that it is not estimated."""
        words = self.words
        self._heading(words.text("What each probability rests on"))
        alike: dict[str, list[str]] = {}
        for target in self.results.plan.promises:
            chance = words.chance(self.results.promise(target.id)["probability"])
            sentences = " ".join(basis_sentences(self.results, target, words))
            alike.setdefault(sentences, []).append(f"{words.of(target.name)}: {chance}")
        frame = pd.DataFrame(
            {
                words.text("Promise and its probability"): ["; ".join(names) for names in alike.values()],
                words.text("Past forecasts of the kind"): list(alike),
            }
        )
        self._html(plain_table(frame, caption=words.text("Promises, and how right past forecasts of the kind were")))

    def lists(self) -> None:
        """Show how right forecasts of lists of dated items are, on real cases and on simulated lists."""
        words = self.words
        scored, calibration, skill = (grades.public(f"item_{name}") for name in ("scores", "calibration", "skill"))
        self._heading(words.text("On lists of dated items"))
        self._note(
            words.text(
                "No dated list of a province was found, so promises on dated items are graded on cases of a city that "
                "had a due day, followed as lists, and on simulated lists. The forecast's fixed assumptions were "
                "chosen on other lists than these, after a first look at all."
            )
        )
        found = [list_grades(short, one_day) for short in (False, True) for one_day in (False, True)]
        self._html(self._bullets([list_sentence(one, words) for one in found if one]))
        self._html(
            plain_table(
                grades.list_coverage(scored, words), caption=words.text("How often the outcome fell into the interval")
            )
        )
        self._html(
            plain_table(
                grades.list_skill(skill, words),
                caption=words.text("What is published, against what an office would say"),
            )
        )
        self._note(words.text("In brackets the 95% interval from resampling kinds of cases, or simulated lists."))
        real = calibration[calibration["panel"] != grades.SIMULATED_LISTS]
        statistic = words.text("What was said and what happened: lists of real cases")
        self._picture(grades.reliability(real, words, statistic=statistic))

    def public(self) -> None:
        """Show how the method does on public panels; their grades are in `grades.PUBLIC_GRADES`."""
        words = self.words
        self._heading(words.text("On public data of other countries"))
        self._note(
            words.text(
                "Nothing of the kind is published by month in Vietnam, so the method is graded on public data of other "
                "countries: the share of digital transactions of British government services, and late attendances at "
                "English emergency departments. Both were seen while the method was made."
            )
        )
        years, calibration, places = (grades.public(name) for name in ("years", "calibration", "places"))
        coverage = grades.coverage(years, words, named=words.text("Panel"))
        self._html(plain_table(coverage, caption=words.text("How often the outcome fell into the interval")))
        skill = skill_table(years, seed=0)
        table = grades.skill(skill[skill["panel"] == ""], words)
        self._html(plain_table(table, caption=words.text("What is published, against every other forecast")))
        self._note(
            words.text(
                "In brackets the 95% interval from resampling panel-years: all series of a year share its luck, so the "
                "years count, not the series."
            )
        )
        statistic = words.text("What was said and what happened: public data")
        self._picture(grades.reliability(grades.of_ensemble(calibration), words, statistic=statistic))
        statistic = words.text("Where outcomes fell: public data")
        self._picture(grades.places(grades.of_ensemble(places), words, statistic=statistic))

    def published(self, ledger: Path = LEDGER) -> None:
        """Show each probability that earlier reports of this plan gave, and what then happened."""
        words = self.words
        self._heading(words.text("What was published, and what came of it"))
        table = graded_probabilities(ledger, self.run, self.results, words)
        if table.empty:
            self._note(words.text("Nothing has been published for this plan yet."))
            return
        self._html(plain_table(table, caption=words.text("Probabilities published for this plan")))


def _with_lead(sentence: str) -> str:
    """Return a sentence as HTML, what it says before its first colon in bold."""
    lead, colon, rest = sentence.partition(": ")
    return f"<strong>{escape(lead + colon.rstrip())}</strong> {escape(rest)}".rstrip()

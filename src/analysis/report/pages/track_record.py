"""The page of notebook 07_track_record: grades on the plan's own past, on public panels, and of the ledger."""

from __future__ import annotations

from pathlib import Path

from analysis.forecast.backtest.scores import skill_table
from analysis.report import grades, numbers
from analysis.report.html_table import plain_table
from analysis.report.pages.page import Page
from analysis.report.published_probabilities import LEDGER, graded_probabilities


class TrackPage(Page):
    """What notebook ``07_track_record`` shows; see `Page`."""

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
        coverage = grades.coverage(scored, words, named=words.text("Indicator"), names=names)
        self._html(plain_table(coverage, caption=words.text("How often the outcome fell into the interval")))
        skill = skill_table(scored, seed=self.run.seed)
        table = grades.skill(skill[skill["panel"] == ""], words)
        self._html(plain_table(table, caption=words.text("What is published, against simple forecasts")))
        reliability = grades.of_ensemble(self.results.record.reliability)
        if len(reliability):
            title = words.text("What was said and what happened: this plan's series")
            self._picture(grades.reliability(reliability, words, title=title))

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
        title = words.text("What was said and what happened: public data")
        self._picture(grades.reliability(grades.of_ensemble(calibration), words, title=title))
        title = words.text("Where outcomes fell: public data")
        self._picture(grades.places(grades.of_ensemble(places), words, title=title))

    def published(self, ledger: Path = LEDGER) -> None:
        """Show each probability that earlier reports of this plan gave, and what then happened."""
        words = self.words
        self._heading(words.text("What was published, and what came of it"))
        table = graded_probabilities(ledger, self.run, self.results, words)
        if table.empty:
            self._note(words.text("Nothing has been published for this plan yet."))
            return
        self._html(plain_table(table, caption=words.text("Probabilities published for this plan")))

"""What the notebook on the track record calls."""

from __future__ import annotations

from pathlib import Path

from analysis.forecast.backtest.scores import skill_table
from analysis.report import grades as track_figures
from analysis.report import grades as track_tables
from analysis.report import numbers
from analysis.report.html_table import plain
from analysis.report.pages.page import Page
from analysis.report.published_probabilities import LEDGER, graded


class TrackPage(Page):
    """The voice of ``07_track_record``; see `Page`."""

    def own(self) -> None:
        """Show how the method would have done on the plan's own series."""
        words, scored = self.words, self.results.track_scored
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
                n=numbers.count(scored.loc[scored["model"] == "hub", "n"].sum(), self.run.language),
            )
        )
        coverage = track_tables.coverage(scored, words, named=words.text("Indicator"), names=names)
        self._html(plain(coverage, caption=words.text("How often the outcome fell into the interval")))
        of = skill_table(scored, seed=self.run.seed)
        table = track_tables.skill(of[of["panel"] == ""], words)
        self._html(plain(table, caption=words.text("What is published, against simple forecasts")))
        published = self.results.track_reliability.query("model == 'hub'")
        if len(published):
            title = words.text("What was said and what happened: this plan's series")
            self._picture(track_figures.reliability(published, words, title=title))

    def public(self) -> None:
        """Show how the method does on public panels, as committed with the command that made it."""
        words = self.words
        self._heading(words.text("On public data of other countries"))
        self._note(
            words.text(
                "Nothing of the kind is published by month in Vietnam, so the method is graded on public data of other "
                "countries: the share of digital transactions of British government services, and late attendances at "
                "English emergency departments. Both were seen while the method was made."
            )
        )
        years, calibration, places = (track_tables.public(name) for name in ("years", "calibration", "places"))
        coverage = track_tables.coverage(years, words, named=words.text("Panel"))
        self._html(plain(coverage, caption=words.text("How often the outcome fell into the interval")))
        of = skill_table(years, seed=0)
        table = track_tables.skill(of[of["panel"] == ""], words)
        self._html(plain(table, caption=words.text("What is published, against every other forecast")))
        self._note(
            words.text(
                "In brackets the 95% interval from resampling panel-years: all series of a year share its luck, so the "
                "years count, not the series."
            )
        )
        title = words.text("What was said and what happened: public data")
        self._picture(track_figures.reliability(calibration.query("model == 'hub'"), words, title=title))
        title = words.text("Where outcomes fell: public data")
        self._picture(track_figures.places(places.query("model == 'hub'"), words, title=title))

    def published(self, ledger: Path = LEDGER) -> None:
        """Show each probability published for this plan, and what then happened."""
        words = self.words
        self._heading(words.text("What was published, and what came of it"))
        table = graded(ledger, self.run, self.results, words)
        if table.empty:
            self._note(words.text("Nothing has been published for this plan yet."))
            return
        self._html(plain(table, caption=words.text("Probabilities published for this plan")))

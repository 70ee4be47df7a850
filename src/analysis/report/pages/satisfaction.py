"""What the notebook on satisfaction calls beside ratings: the rounds of the surveys."""

from __future__ import annotations

from analysis.indicators.satisfaction import SIPAS, SURVEYED
from analysis.promises import SurveyTarget
from analysis.report.figures.surveys import survey
from analysis.report.pages.page import Page
from analysis.report.tables.plain import plain
from analysis.report.tables.surveys import rounds


class SatisfactionPage(Page):
    """The voice of ``04_satisfaction``; see `Page`."""

    def self_selected(self) -> None:
        """Show the caveat of per-case ratings."""
        self._note(
            self.words.text(
                "Ratings are given by those who choose to, after a case is closed: a sign of the mood at the counter, "
                "not an estimate of what a survey would find."
            )
        )

    def surveys(self) -> None:
        """Show every round of every survey, with its error where its design gives one."""
        words = self.words
        found = sorted(set(self.results.surveys["indicator"]) & {SIPAS, f"{SURVEYED}provincial"}, reverse=True)
        if not found:
            return
        self._heading(words.text("What surveys found"))
        for target in self.results.plan.targets:
            drawn = survey(self.results, words, target) if isinstance(target, SurveyTarget) else None
            if drawn:
                self._picture(drawn)
        for indicator in found:
            frame = rounds(self.results, words, indicator)
            self._html(plain(frame, caption=words.indicator(self.results.plan, indicator)))
        self._note(
            words.text(
                "Errors of the province's survey follow from its design (weights, strata, clusters); those of SIPAS "
                "are not published. The two ask different people: they are not compared with each other."
            )
        )

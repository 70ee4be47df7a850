"""The page of notebook 00_summary: the answer, every promise in one table, what changed, what to do, open questions."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd

from analysis.plan.promises import ItemsPromise, Measured, Promise, SurveyPromise
from analysis.quarter.results import Results
from analysis.report import answer, numbers, simple_forecasts
from analysis.report.actions import nearest_to_even, what_to_do
from analysis.report.after_a_break import shock_sentence
from analysis.report.at_a_glance import promises
from analysis.report.figures.burn_up import burn_up, burn_up_sentences
from analysis.report.figures.dots import dots_caption, year_end_dots
from analysis.report.figures.picture import Picture
from analysis.report.figures.year_end import outlook, outlook_sentences
from analysis.report.news import what_changed
from analysis.report.outcomes import outcome_notes, outcomes, said_and_came
from analysis.report.pages.page import Page
from analysis.report.pages.surveys import survey
from analysis.report.promise_tables import deciding_part
from analysis.report.published_probabilities import LEDGER, said_by_quarter
from analysis.report.since_publication import compared_with, counted_from, moves, said_before, since_publication
from analysis.report.track_record_sentences import summary_sentences
from analysis.report.wording import Wording

PICTURES = 6
"""Pictures on the page, two rows of three: with more of them a plan of many promises would take a third sheet."""


def probability_notes(results: Results, words: Wording, draw_count: int) -> list[str]:
    """Return what a probability is and what each of the simple forecasts beside it means, those shown only.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    draw_count : int
        Joint draws of the run.
    """
    told = [
        words.text(
            "Probability: the share of {draws} simulated ends of the year in which the promise is kept.",
            draws=numbers.count(draw_count, words.language),
        )
    ]
    compared = [
        target for target in results.plan.promises if pd.notna(results.promise(target.id)["baseline_probability"])
    ]
    return [*told, *simple_forecasts.notes(compared, words)]


class SummaryPage(Page):
    """What notebook ``00_summary`` shows; see `Page`."""

    def answer(self) -> None:
        """Show how many promises stand how, in a sentence and a strip of counts, and where effort changes most."""
        words, first = self.words, ""
        begin = next(iter(nearest_to_even(self.results)), None)
        if begin is not None and len(self.results.plan.promises) > 1:
            chance = words.chance(self.results.promise(begin.id)["probability"])
            first = words.text("Begin with: {promise} ({chance})", promise=words.of(begin.name), chance=chance)
        self._html(
            f'<p class="answer">{escape(answer.sentence(self.results, words))}</p>'
            f"{answer.strip(self.results, words, first)}"
        )

    def promises(self, ledger: Path = LEDGER) -> None:
        """Show the table of all promises; in the final quarter their outcomes, beside what each quarter had said.

        Parameters
        ----------
        ledger : Path
            Folder of the ledger, whose last publication of an earlier quarter probabilities are compared with.
        """
        words = self.words
        if answer.in_final_quarter(self.results):
            said = said_by_quarter(ledger, self.run, self.results)
            self._heading(words.text("The outcome of every promise"))
            self._html(outcomes(self.results, words, said))
            self._note(outcome_notes(self.results, words, said))
            return
        before = said_before(ledger, self.run, self.results)
        self._heading(words.text("The promises at a glance"))
        self._html(promises(self.results, words, before))
        notes = probability_notes(self.results, words, self.run.draw_count)
        self._note(" ".join([*notes, compared_with(before, words)]))

    def news(self, ledger: Path = LEDGER) -> None:
        """Show up to three sentences of what changed since a quarter before, and three of what to do, side by side.

        It is counted from the ledger's last publication of an earlier quarter, and a line says which that is; where
        there is none, from what the same method says of the quarter before. In the final quarter the first are of how
        often the likelier outcome came.

        Parameters
        ----------
        ledger : Path
            Folder of the ledger.
        """
        words, below = self.words, ""
        before = said_before(ledger, self.run, self.results)
        quarter = numbers.quarter(before.quarter, words.language)
        if answer.in_final_quarter(self.results):
            first = (
                words.text("What had been said for {quarter}", quarter=quarter),
                said_and_came(self.results, words, before),
            )
        else:
            since = since_publication(ledger, self.run, self.results)
            explained = moves(since, words) if since else {}
            news = what_changed(self.results, words, before, explained=explained)
            if since and any(
                move.points and move.causes in sentence for move in explained.values() for sentence in news
            ):
                below = f'<p class="note">{escape(counted_from(since, words))}</p>'
            first = words.text("What changed since {quarter}", quarter=quarter), news
        needed = words.text("What to do"), what_to_do(self.results, words)
        halves = "".join(
            f'<section class="half"><h2>{escape(heading)}</h2>{self._bullets(sentences)}{more}</section>'
            for (heading, sentences), more in ((first, below), (needed, ""))
            if sentences
        )
        self._html(f'<div class="halves">{halves}</div>')

    def pictures(self) -> None:
        """Show a figure per promise: of a share, of several parts the one that decides; of a survey; of dated items.

        The likeliest to fail come first; of more than `PICTURES` the others are named.
        """
        words, captions = self.words, dict[str, None]()
        found = [(target, self._picture_of(target, captions)) for _number, target in answer.by_risk(self.results)]
        there = [(target, picture) for target, picture in found if picture]
        for _target, picture in there[:PICTURES]:
            self._picture(picture)
        if captions:
            self._note(" ".join(captions))
        if there[PICTURES:]:
            named = "; ".join(words.of(target.name) for target, _picture in there[PICTURES:])
            told = words.text("Not drawn here, see the page of promises: {promises}.", promises=named)
            # On paper there is one row of figures: the sentence would be false there.
            self._html(f'<p class="note on-screen">{escape(told)}</p>')

    def _picture_of(self, target: Promise, captions: dict[str, None]) -> Picture | None:
        """Return the figure of a promise, or None where there is nothing to draw; note what it needs as a caption."""
        results, words = self.results, self.words
        if isinstance(target, SurveyPromise):
            return survey(results, words, target, small=True)
        if isinstance(target, ItemsPromise):
            part = "items" if target.headcount else ""
            captions.update(dict.fromkeys(burn_up_sentences(results, words, target, part)))
            return burn_up(results, words, target, part, small=True)
        decides = deciding_part(results, target) if isinstance(target, Measured) else None
        if decides is None:
            return None
        where = (target.id, str(decides[1]["part"]), self.origin)
        picture = year_end_dots(results, words, *where)
        told = [dots_caption(words)] if picture else outlook_sentences(results, words, *where)
        captions.update(dict.fromkeys(told))
        return picture or outlook(results, words, *where, small=True)

    def caution(self) -> None:
        """Show what the probabilities rest on: which are tested on what, and which are not."""
        shock = shock_sentence(self.results, self.words)
        self._note(" ".join([shock] * bool(shock) + summary_sentences(self.results, self.words)))

    def open_questions(self) -> None:
        """Show which open questions would change a verdict if answered otherwise, and how many would not."""
        words, found = self.words, self.results.attainment.sensitivity
        if found.empty:
            return
        questions = self.results.plan.questions
        changing = found[found["changes"].astype(bool)]
        sentences = []
        for target in self.results.plan.promises:
            readings = [
                words.text(
                    "{question} {answer}: {verdict} ({chance})",
                    question=words.of(questions[row["question"]].asks),
                    answer=words.of(questions[row["question"]].answers[row["answer"]].name),
                    verdict=words.verdict(row["verdict"]),
                    chance=words.chance(row["probability"]),
                )
                for _, row in changing[changing["target"] == target.id].iterrows()
            ]
            if readings:
                name = words.of(target.name)
                sentences.append(words.text("{promise} – {readings}.", promise=name, readings="; ".join(readings)))
        asked = found["question"].nunique()
        quiet = asked - changing["question"].nunique()
        summary = words.text(
            "Open questions of the plan: {asked}; that change no verdict, or cannot be computed: {quiet}.",
            asked=numbers.count(asked, words.language),
            quiet=numbers.count(quiet, words.language),
        )
        self._heading(words.text("Not yet ruled on: another answer would change the verdict"))
        self._html(f'<div class="small">{self._bullets([*sentences, summary])}</div>')

"""What the summary calls: one screen and one sheet of paper for who has two minutes."""

from __future__ import annotations

from html import escape

from analysis.promises import ShareTarget, SurveyTarget
from analysis.report import numbers, summary_sentences
from analysis.report.decisive import decisive_part
from analysis.report.figures.outlook import how_to_read, outlook
from analysis.report.figures.surveys import survey
from analysis.report.pages.page import Page
from analysis.report.plan_words import ANSWERS, SETTINGS
from analysis.report.tables.promises import promises


class SummaryPage(Page):
    """The voice of ``00_summary``; see `Page`."""

    def promises(self) -> None:
        """Show the table of all promises."""
        words = self.words
        self._heading(words.text("The promises at a glance"))
        self._html(promises(self.results, words))
        self._note(
            words.text(
                'Probability: the share of {draws} simulated ends of the year in which the promise is kept. "Simple": '
                "the same from the simplest rule that erred least in earlier years, for comparison.",
                draws=numbers.count(self.run.draw_count, self.run.language),
            )
        )

    def news(self) -> None:
        """Show three sentences of what changed since last quarter, and three of what to do, side by side."""
        words = self.words
        changed = words.text("What changed since last quarter"), summary_sentences.what_changed(self.results, words)
        needed = words.text("What to do"), summary_sentences.what_to_do(self.results, words)
        halves = "".join(
            f'<section class="half"><h2>{escape(heading)}</h2>{self._bullets(sentences)}</section>'
            for heading, sentences in (changed, needed)
            if sentences
        )
        self._html(f'<div class="halves">{halves}</div>')

    def pictures(self) -> None:
        """Show one picture per promised share: of several parts, the one that decides."""
        drawn = False
        for target in self.results.plan.targets:
            if isinstance(target, SurveyTarget):
                found = survey(self.results, self.words, target, small=True)
                if found:
                    self._picture(found)
            decides = decisive_part(self.results, target) if isinstance(target, ShareTarget) else None
            if decides:
                part, drawn = decides[1]["part"], True
                self._picture(outlook(self.results, self.words, target.id, part, self.origin, small=True))
        if drawn:
            self._note(how_to_read(self.words))

    def open_questions(self) -> None:
        """Show which questions that nobody has ruled on would change a verdict, and that the others would not."""
        words, found = self.words, self.results.sensitivity
        if found.empty:
            return
        titles = {target.id: words.of(target.name) for target in self.results.plan.targets}
        changing = found[found["changes"].astype(bool)]
        told = [
            words.text(
                "{question} {answer}: {promise}: {verdict} ({chance}).",
                question=words.text(SETTINGS[row["setting"]]),
                answer=words.text(ANSWERS[row["setting"], row["value"]]),
                promise=titles[row["target"]],
                verdict=words.verdict(row["verdict"]),
                chance=words.chance(row["probability"]),
            )
            for _, row in changing.iterrows()
        ]
        asked, quiet = found["setting"].nunique(), found["setting"].nunique() - changing["setting"].nunique()
        summed = words.text(
            "{asked} questions of the plan are open; {quiet} of them change no verdict, or cannot be computed.",
            asked=numbers.count(asked, words.language),
            quiet=numbers.count(quiet, words.language),
        )
        self._heading(words.text("Not yet ruled on: another answer would change the verdict"))
        self._html(f'<div class="small">{self._bullets([*told, summed])}</div>')

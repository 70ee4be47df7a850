"""What every report page can show: notices, an indicator, its members; each method shows one thing."""

from __future__ import annotations

from html import escape

import pandas as pd
from IPython.display import HTML, display

from analysis import periods
from analysis.parameters import RunParameters
from analysis.report import grades, numbers
from analysis.report.figure import Picture
from analysis.report.html_table import csv_text, plain_table
from analysis.report.labels import ABOUT_INDICATORS, DIMENSIONS
from analysis.report.share_figures import multiples, ranking, trend
from analysis.report.wording import Wording
from analysis.results import Results


class Page:
    """A page of the report: what a notebook calls to show something, in the language of its run.

    Parameters
    ----------
    run : RunParameters
        The run; its language is the page's.
    results : Results
        The results to show.
    """

    def __init__(self, run: RunParameters, results: Results) -> None:
        self.run, self.results, self.words = run, results, Wording(run.language)
        self.origin = results.plan.origin(run.quarter_period)

    def notices(self) -> None:
        """Show what a reader must know before any number: simulated data, an exercise, draft or final, which data."""
        words, plan, language = self.words, self.results.plan, self.run.language
        notices = []
        if self.results.simulated:
            notices.append(f'<p class="simulated">{escape(words.text("SIMULATED DATA, not real figures."))}</p>')
        if plan.notice:
            notices.append(f'<p class="notice">{escape(words.of(plan.notice))}</p>')
        if self.results.basis == "reconstructed":
            reconstructed = words.text("RECONSTRUCTED from an extract taken later than the day given here.")
            notices.append(f'<p class="notice">{escape(reconstructed)}</p>')
        closed_on = periods.last_day(self.run.quarter_period, plan.calendar.cutoff_day)
        period = words.text(
            "{plan}. Period: {quarter}, closed on {day}; data known as of {as_of}.",
            plan=words.of(plan.title),
            quarter=numbers.quarter(self.run.quarter_period, language),
            day=numbers.day(closed_on, language),
            as_of=numbers.day(self.run.as_of, language),
        )
        signed = (
            words.text("Final, signed by {who}.", who=self.run.signed_by)
            if self.run.status == "final"
            else words.text("Draft, not signed off.")
        )
        about = self.results.about
        data = words.text("Data: {title} ({source}).", title=about.title, source=about.source)
        notices.append(f'<p class="note">{escape(f"{period} {data} {signed}")}</p>')
        self._html(f'<div class="notices">{"".join(notices)}</div>')

    def indicator(self, indicator: str) -> None:
        """Show an indicator of the whole: what it is, why it matters, its caveat, its trend and how it changed."""
        shares, words = self.results.series(indicator, "total"), self.words
        if shares.empty:
            return
        self._heading(words.indicator(self.results.plan, indicator))
        what, why, caveat = (words.text(sentence) for sentence in ABOUT_INDICATORS[indicator])
        about = {words.text("What it is"): what, words.text("Why it matters"): why, words.text("Caveat"): caveat}
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(sentence)}</dd>" for name, sentence in about.items())
        self._html(f'<dl class="about">{rows}</dl>')
        self._picture(trend(self.results, words, indicator, "total"))
        change = self._change(shares)
        if change:
            self._note(change)

    def _change(self, shares: pd.DataFrame) -> str:
        """Return the sentence of the quarter's share beside those of the quarter before and of a year before."""
        frequency = self.results.plan.calendar.frequency
        now, before, year_ago = (
            _summed(shares, periods.labels_of(self.run.quarter_period - lag, frequency)) for lag in (0, 1, 4)
        )
        if pd.isna(now["observed_to_date"]):
            return ""
        language = self.run.language
        return self.words.text(
            "This quarter: {standing}; {quarter} percentage points against last quarter, {year} against the same "
            "quarter last year.",
            standing=self.words.share_so_far(now, self.words.of(self.results.plan.unit)),
            quarter=numbers.points(now["observed_to_date"] - before["observed_to_date"], language),
            year=numbers.points(now["observed_to_date"] - year_ago["observed_to_date"], language),
        )

    def by_body(self, indicator: str) -> None:
        """Show the year so far of an indicator by body, and its quarters by field and by district."""
        known, plan, words = self.results.indicators, self.results.plan, self.words
        series = known.loc[known["indicator"] == indicator, "series"].unique()
        # A group is neither a body nor a field: it would stand among the fields that it is made of.
        named = [code for code in series if code in plan.names and code not in plan.groups]
        bodies = set(self.results.agency_months["agency"].dropna())
        agencies, fields = [c for c in named if c in bodies], [c for c in named if c not in bodies]
        districts = [code for code in agencies if code in plan.districts]
        if agencies:
            name = words.text(DIMENSIONS["agencies"])
            self._picture(ranking(self.results, words, indicator, agencies, self.origin, members=name))
        for members, codes in (("fields", fields), ("districts", districts)):
            if codes:
                name = words.text(DIMENSIONS[members])
                picture = multiples(self.results, words, indicator, codes, self.origin, members=name)
                if picture:
                    self._picture(picture)
                else:
                    self._note(
                        words.text("No quarter to show ({members}): too few cases, or none is whole.", members=name)
                    )

    def caution(self) -> None:
        """Show how often intervals would have held on this plan's own series, and which page has more."""
        words, scored = self.words, self.results.track_scored
        mine = grades.of_ensemble(scored)
        if mine.empty:
            self._note(words.text("No earlier year of this plan can be scored yet; the track record shows other data."))
            return
        self._note(
            words.text(
                "Had this forecast been made in earlier years, {share} of outcomes would have fallen into its 80% "
                "intervals ({n} forecasts, {years} years). More on the page of the track record.",
                share=numbers.percent(mine["coverage_80"].sum() / mine["n"].sum(), self.run.language, digits=0),
                n=numbers.count(mine["n"].sum(), self.run.language),
                years=numbers.count(mine["year"].nunique(), self.run.language),
            )
        )

    def _picture(self, picture: Picture) -> None:
        """Show a figure, then its caption and table; its values go with it as CSV, for the file beside the page."""
        display(
            {"image/png": picture.png(), "text/csv": csv_text(picture.values)},
            metadata={"image/png": {"alt": picture.alt, "class": picture.width}},
            raw=True,
        )
        table = self._folded(self.words.text("The numbers behind this picture"), picture.table)
        self._html(f"<figcaption>{escape(picture.caption)}{table}</figcaption>")

    def _details(self, summary: str, frame: pd.DataFrame) -> None:
        self._html(self._folded(summary, frame))

    def _folded(self, summary: str, frame: pd.DataFrame) -> str:
        table = plain_table(frame, caption=summary)
        return f'<details class="data"><summary>{escape(summary)}</summary>{table}</details>'

    def _list(self, heading: str, sentences: list[str]) -> None:
        self._heading(heading)
        self._html(self._bullets(sentences))

    def _bullets(self, sentences: list[str]) -> str:
        return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in sentences) + "</ul>"

    def _heading(self, text: str, *, level: int = 2) -> None:
        self._html(f"<h{level}>{escape(text)}</h{level}>")

    def _note(self, text: str) -> None:
        self._html(f'<p class="note">{escape(text)}</p>')

    def _html(self, html: str) -> None:
        display(HTML(html))


def _summed(shares: pd.DataFrame, labels: list[str]) -> pd.Series:
    """Return the counts of some periods added up, and their share, missing unless all periods are there."""
    mine = shares[shares["period"].isin(labels)]
    row = mine[["numerator", "denominator"]].sum().astype(float)
    whole = len(mine) == len(labels) and row["denominator"] > 0
    row["observed_to_date"] = row["numerator"] / row["denominator"] if whole else float("nan")
    return row

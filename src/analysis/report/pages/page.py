"""What every report page can show: notices, an indicator, its members; each method shows one thing."""

from __future__ import annotations

from html import escape

import pandas as pd
from IPython.display import HTML, display

from analysis import periods
from analysis.parameters import RunParameters
from analysis.plan.answers_on import answers_on
from analysis.quarter import stages
from analysis.quarter.bodies import year_of_bodies
from analysis.quarter.results import Results
from analysis.report import grades, numbers
from analysis.report.figures import theme
from analysis.report.figures.axes import promised_line
from analysis.report.figures.multiples import multiples
from analysis.report.figures.on_page import FIGURE
from analysis.report.figures.picture import Picture
from analysis.report.figures.ranking import ranking
from analysis.report.figures.trend import trend
from analysis.report.html_table import csv_text, plain_table
from analysis.report.track_record_sentences import apart_sentence, held_by_indicator, indicator_sentence
from analysis.report.wording import Wording

INDICATORS_BY_BODY = 2
"""Indicators of a page that are pictured body by body, the plan's first: a page has a size it must keep to."""

PIXELS_PER_INCH = 96
"""As browsers have it."""

# For JupyterLab, which has no style sheet of ours: colours of their own on a ground of their own, the same in a light
# and in a dark theme. Pages have their style sheet, and the export leaves these out.
_SIMULATED = (
    "padding: 8px 16px; border: 3px dashed #b45309; background-color: #fff3cd; color: #4a2c00; font-weight: bold"
)
_NOTICE = "padding: 8px 16px; border: 1px solid #b45309; background-color: #fdf8ec; color: #3a2f1c"


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
        """Show what a reader must know before any number.

        Simulated data, an exercise, another version's numbers, draft or final, which data.
        """
        words, plan, language = self.words, self.results.plan, self.run.language
        boxes = []
        if self.results.simulated:
            boxes.append(("simulated", _SIMULATED, words.text("SIMULATED DATA, not real figures.")))
        if plan.notice:
            boxes.append(("notice", _NOTICE, words.of(plan.notice)))
        if self.results.data.basis == "reconstructed":
            reconstructed = words.text("RECONSTRUCTED from an extract taken later than the day given here.")
            boxes.append(("notice", _NOTICE, reconstructed))
        made_by = self.results.fingerprint.code
        if made_by != stages.CODE:
            # Never on a page: a scheduled run computes with the code it shows with.
            computed = words.text(
                "Numbers computed by version {version}, code {code}; open with fresh=True to compute anew.",
                version=self.results.version,
                code=made_by[:8],
            )
            boxes.append(("notice", _NOTICE, computed))
        notices = [f'<p class="{kind}" style="{style}">{escape(text)}</p>' for kind, style, text in boxes]
        closed_on = periods.last_day(self.run.quarter_period, plan.calendar.cutoff_day)
        period = words.text(
            "Period: {quarter}, closed on {day}; data known as of {as_of}.",
            quarter=numbers.quarter(self.run.quarter_period, language),
            day=numbers.day(closed_on, language),
            as_of=numbers.day(self.run.as_of, language),
        )
        signed = (
            words.text("Final, signed by {who}.", who=self.run.signed_by)
            if self.run.status == "final"
            else words.text("Draft, not signed off.")
        )
        about = self.results.data.about
        # What is simulated comes from a command, which says nothing to a leader; the notice above says what it is.
        data = (
            words.text("Data: {title}, simulated.", title=about.title)
            if about.simulated
            else words.text("Data: {title} ({source}).", title=about.title, source=about.source)
        )
        notices.append(f'<p class="note">{escape(f"{period} {data} {signed}")}</p>')
        self._html(f'<div class="notices">{"".join(notices)}</div>')

    def indicators(self, topic: str) -> None:
        """Show every indicator of a topic that a promise is on, or that has sentences about it, in the plan's order.

        Parameters
        ----------
        topic : {"online", "timeliness", "satisfaction"}
            The topic.
        """
        plan = self.results.plan
        promised = {name for promise in plan.promises for name in promise.indicators}
        left = INDICATORS_BY_BODY
        for code, declared in plan.indicators.items():
            if declared.topic == topic and (code in promised or declared.about):
                self.indicator(code)
                if code in promised and left:
                    self.by_body(code)
                    left -= 1

    def indicator(self, indicator: str) -> None:
        """Show an indicator of the whole: what it is, why it matters, its caveat, its trend and how it changed."""
        shares, words, plan = self.results.series(indicator), self.words, self.results.plan
        if shares.empty:
            return
        self._heading(words.indicator(plan, indicator))
        told = plan.indicators[indicator].about
        sentences = (told.what, told.why, told.caveats) if told else ()
        heads = (words.text("What it is"), words.text("Why it matters"), words.text("Caveat"))
        about = {
            head: words.filled(plan, indicator, sentence)
            for head, sentence in zip(heads, sentences, strict=False)
            if sentence
        }
        read = answers_on(plan, indicator, self.run.answers)
        if read:
            about[words.text("As this run reads it")] = " ".join(words.of(one.reading) for one in read)
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(sentence)}</dd>" for name, sentence in about.items())
        if rows:
            self._html(f'<dl class="about">{rows}</dl>')
        self._picture(trend(self.results, words, indicator))
        change = self._change(shares, indicator)
        if change:
            self._note(change)

    def _change(self, shares: pd.DataFrame, indicator: str) -> str:
        """Return the sentence of the quarter's value beside those of the quarter before and of a year before."""
        frequency = self.results.plan.calendar.frequency
        now, before, year_ago = (
            self._summed(shares, periods.labels_of(self.run.quarter_period - lag, frequency)) for lag in (0, 1, 4)
        )
        if pd.isna(now["observed_to_date"]):
            return ""
        how = self.words.quantity(self.results.plan, indicator)
        now["threshold"] = promised_line(self.results, indicator)
        return self.words.text(
            "This quarter: {standing}; {quarter} {unit} against last quarter, {year} against the same quarter last "
            "year.",
            standing=self.words.share_so_far(now, self.words.unit(self.results.plan, indicator), how),
            unit=how.change_unit,
            quarter=how.moved(now["observed_to_date"], before["observed_to_date"]),
            year=how.moved(now["observed_to_date"], year_ago["observed_to_date"]),
        )

    def _summed(self, shares: pd.DataFrame, labels: list[str]) -> pd.Series:
        """Return the counts of some periods added up, and their share, missing unless all are there and are shown."""
        mine = shares[shares["period"].isin(labels)]
        row = mine[["numerator", "denominator", "total"]].astype(float).sum()
        names = shares[["indicator", "dimension", "series"]].head(1)
        quarter = periods.write(periods.parse(labels[-1]).asfreq("Q"))
        is_hidden = self.results.published(names.assign(period=quarter))["hidden"].any()
        whole = len(mine) == len(labels) and row["denominator"] > 0 and not is_hidden
        above = row["total"] if mine["total"].notna().any() else row["numerator"]
        row["observed_to_date"] = above / row["denominator"] if whole else float("nan")
        return row

    def by_body(self, indicator: str) -> None:
        """Show the year so far of an indicator by body, and its quarters by field and by groups side by side."""
        known, plan, words = self.results.indicators.series, self.results.plan, self.words
        mine = known[known["indicator"] == indicator]
        # A group is neither a body nor a field: it would stand among the fields that it is made of.
        members = {
            dimension: [
                code
                for code in mine.loc[mine["dimension"] == dimension, "series"].unique()
                if code not in plan.groups.get(dimension, {})
            ]
            for dimension in ("agency", "field")
        }
        if members["agency"]:
            rows = year_of_bodies(self.results, self.run, indicator)
            ranked = ranking(self.results, words, indicator, "agency", rows)
            if ranked:
                self._picture(ranked)
            else:
                name = words.dimension("agency")
                self._note(words.text("No value of the year to show ({members}): too few cases.", members=name))
        beside = [("field", words.dimension("field"), members["field"])]
        for dimension, groups in plan.groups.items():
            for group in groups.values():
                if group.side_by_side:
                    there = [code for code in group.members if code in members.get(dimension, ())]
                    beside.append((dimension, words.of(group.title), there))
        for dimension, name, codes in beside:
            if codes:
                picture = multiples(self.results, words, indicator, dimension, codes, self.origin, members=name)
                if picture:
                    self._picture(picture)
                else:
                    self._note(
                        words.text("No quarter to show ({members}): too few cases, or none is whole.", members=name)
                    )

    def caution(self) -> None:
        """Show how often intervals would have held on this plan's own series, and which page has more."""
        words, scored = self.words, self.results.record.scored
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
        apart = apart_sentence(self.results, words)
        if apart:
            self._note(apart)
        for name, held in held_by_indicator(scored).items():
            if held.width in ("narrow", "wide"):
                self._note(indicator_sentence(self.results, name, held, words))

    def _picture(self, picture: Picture) -> None:
        """Show a figure, then its caption and table; its values go with it as CSV, for the file beside the page."""
        # A small one is drawn finer than its size: JupyterLab would show it as large as a wide one, by its pixels.
        inches = theme.WIDE if picture.width == "wide" else theme.NARROW
        about = {"alt": picture.alt, "width": round(inches * PIXELS_PER_INCH)}
        display(
            {"image/png": picture.png(), FIGURE: picture.bundle(), "text/csv": csv_text(picture.values)},
            metadata={"image/png": about},
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

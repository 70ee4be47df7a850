"""What a notebook calls to show something: one call, one idea, in the language of its run."""

from __future__ import annotations

import io
from html import escape

import pandas as pd
from IPython.display import HTML, Image, display

from analysis import periods
from analysis.data.ingest.books import KEPT
from analysis.parameters import RunParameters
from analysis.promises import ItemsTarget, ShareTarget
from analysis.report import data_words, numbers
from analysis.report.figures.outlook import outlook
from analysis.report.figures.picture import Picture
from analysis.report.figures.ranking import ranking
from analysis.report.figures.trend import trend
from analysis.report.indicator_words import ABOUT, TIMELINESS
from analysis.report.plan_words import ANSWERS, DIMENSIONS, SETTINGS
from analysis.report.tables import items, services
from analysis.report.tables.parts import rate_of
from analysis.report.tables.plain import plain
from analysis.report.tables.promises import previous_probability, promises
from analysis.report.wording import Wording
from analysis.results import Results


class Page:
    """A report notebook's voice.

    Parameters
    ----------
    run : RunParameters
        The run; its language is the page's.
    results : Results
        What there is to show.
    """

    def __init__(self, run: RunParameters, results: Results) -> None:
        self.run, self.results, self.words = run, results, Wording(run.language)
        self.origin = results.plan.origin(run.quarter_period)

    def notices(self) -> None:
        """Show what must be said before any number: simulated data, an exercise, draft or final, how far data goes."""
        words, plan, language = self.words, self.results.plan, self.run.language
        if self.results.simulated:
            self._html(f'<aside class="simulated">{escape(words.text("SIMULATED DATA, not real figures."))}</aside>')
        if plan.notice:
            self._html(f'<aside class="notice">{escape(words.of(plan.notice))}</aside>')
        closes = periods.last_day(self.run.quarter_period, plan.calendar.cutoff_day)
        period = words.text(
            "{plan}. Period: {quarter}, closed on {day}; data known as of {as_of}.",
            plan=words.of(plan.title),
            quarter=numbers.quarter(self.run.quarter_period, language),
            day=numbers.day(closes, language),
            as_of=numbers.day(self.run.as_of, language),
        )
        signed = (
            words.text("Final, signed by {who}.", who=self.run.signed_by)
            if self.run.status == "final"
            else words.text("Draft, not signed off.")
        )
        if self.results.basis == "reconstructed":
            later = words.text("RECONSTRUCTED from an extract taken later than the day given here.")
            self._html(f'<aside class="notice">{escape(later)}</aside>')
        about = self.results.about
        data = words.text("Data: {title} ({source}).", title=about.title, source=about.source)
        self._note(f"{period} {data} {signed}")

    def promises(self) -> None:
        """Show the table of all promises."""
        self._heading(self.words.text("The promises at a glance"))
        self._html(promises(self.results, self.words))
        self._note(
            self.words.text(
                'Probability: the share of {draws} simulated ends of the year in which the promise is kept. "Simple '
                'forecast": the same probability from the simplest rule that erred least in earlier years, for '
                "comparison; parts are taken to succeed together.",
                draws=numbers.count(self.run.draw_count, self.run.language),
            )
        )

    def what_changed(self) -> None:
        """Show, for each promise that can be estimated, how its probability moved since last quarter."""
        words, sentences = self.words, []
        for target in self.results.plan.targets:
            now = float(self.results.promise(target.id)["probability"])
            before = previous_probability(self.results, target.id)
            if pd.isna(now) or pd.isna(before):
                continue
            sentences.append(
                words.text(
                    "{promise}: {now} now, {before} a quarter ago.",
                    promise=words.of(target.title),
                    now=words.chance(now),
                    before=words.chance(before),
                )
            )
        self._list(words.text("What changed since last quarter"), sentences)

    def what_it_takes(self) -> None:
        """Show what the rest of the year must deliver for each promised share that is not yet safe."""
        words, sentences = self.words, []
        for target in self.results.plan.targets:
            if isinstance(target, ItemsTarget):
                sentences += items.what_it_takes(self.results, words, target)
            if not isinstance(target, ShareTarget):
                continue
            for part in target.parts:
                name = part.id if target.combine else ""
                rate = rate_of(self.results, target.id, name)
                if rate is None or self.results.promise(target.id, name)["verdict"] in ("very_likely", "met"):
                    continue
                what = words.part(self.results.plan, part)
                need = words.needed(rate, part.rule, words.of(self.results.plan.unit))
                sentences.append(f"{what}: {need}")
        if sentences:
            self._list(words.text("What it would take"), sentences)

    def readings(self) -> None:
        """Show how the plan was read where nobody has ruled."""
        words, plan = self.words, self.results.plan
        told = [words.of(setting.reading) for setting in plan.settings.values()]
        told += [f"{words.of(target.title)}: {words.of(target.reading)}" for target in plan.targets if target.reading]
        if told:
            self._list(words.text("Our reading of the plan, not yet ruled on"), told)

    def open_questions(self) -> None:
        """Show which questions that nobody has ruled on would change a verdict, and that the others would not."""
        words, found = self.words, self.results.sensitivity
        if found.empty:
            return
        titles = {target.id: words.of(target.title) for target in self.results.plan.targets}
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
        self._list(words.text("Not yet ruled on: another answer would change the verdict"), told)
        asked, quiet = found["setting"].nunique(), found["setting"].nunique() - changing["setting"].nunique()
        self._note(
            words.text(
                "{asked} questions of the plan are open; {quiet} of them change no verdict, or cannot be computed.",
                asked=numbers.count(asked, words.language),
                quiet=numbers.count(quiet, words.language),
            )
        )

    def rejected(self) -> None:
        """Show what came in and what was not taken."""
        language, rows = self.run.language, self.results.intake.groupby("code")["rows"].sum()
        apart = rows.drop(list(KEPT), errors="ignore")
        why = "; ".join(
            f"{self.words.text(data_words.FAULTS[code])}: {numbers.count(n, language)}" for code, n in apart.items()
        )
        self._note(
            self.words.text(
                "Rows received: {received}; accepted: {accepted}; rejected: {rejected}{why}.",
                received=numbers.count(rows.sum(), language),
                accepted=numbers.count(rows.sum() - apart.sum(), language),
                rejected=numbers.count(apart.sum(), language),
                why=f" ({why})" if why else "",
            )
        )

    def outlook_pictures(self, *, most: int = 12) -> None:
        """Show one picture per promised share: so far, the fan to the year's end, the promise."""
        for target in self.results.plan.share_targets:
            for part in target.parts[:most]:
                name = part.id if target.combine else ""
                if self.results.promise(target.id, name)["note"] == "":
                    self._picture(outlook(self.results, self.words, target.id, name, self.origin))

    def headline_pictures(self) -> None:
        """Show the picture of each promise's part in most doubt: the summary's one picture per promise."""
        for target in self.results.plan.share_targets:
            names = [part.id if target.combine else "" for part in target.parts]
            rows = [self.results.promise(target.id, name) for name in names]
            estimated = [row for row in rows if row["note"] == ""]
            if not estimated:
                continue
            # The part that decides: the likeliest when any will do, the least likely when all must hold.
            pick = max if target.combine == "any_of" else min
            row = pick(estimated, key=lambda one: (one["probability"], one["part"]))
            self._picture(outlook(self.results, self.words, target.id, row["part"], self.origin))

    def indicator(self, indicator: str) -> None:
        """Show an indicator of the whole: what it is, why it matters, what to mind, its trend and how it changed."""
        shares, words = self.results.series(indicator, "total"), self.words
        if shares.empty:
            return
        self._heading(words.indicator(self.results.plan, indicator))
        what, why, caveat = (words.text(said) for said in ABOUT[indicator])
        told = {words.text("What it is"): what, words.text("Why it matters"): why, words.text("Caveat"): caveat}
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in told.items())
        self._html(f'<dl class="about">{rows}</dl>')
        self._picture(trend(self.results, words, indicator, "total"))
        changed = self._change(shares)
        if changed:
            self._note(changed)

    def _change(self, shares: pd.DataFrame) -> str:
        """Return the quarter's share beside those of the quarter before and of a year before."""
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
            standing=self.words.standing(now, self.words.of(self.results.plan.unit)),
            quarter=numbers.points(now["observed_to_date"] - before["observed_to_date"], language),
            year=numbers.points(now["observed_to_date"] - year_ago["observed_to_date"], language),
        )

    def timeliness(self) -> None:
        """Show how the cases of the year so far were resolved, those without a due date in a row of their own."""
        words, language = self.words, self.run.language
        classed = self.results.timeliness
        year = classed[classed["period"].isin(periods.labels_of_year(self.origin))]
        sums = year.fillna({"timeliness": "unclassed"}).groupby("timeliness")["resolved"].sum()
        if sums.empty or list(sums.index) == ["unclassed"]:
            return
        frame = pd.DataFrame(
            {
                words.text("Timeliness"): [words.text(said) for said in TIMELINESS.values()],
                words.text("Resolved"): [numbers.count(sums.get(code, 0), language) for code in TIMELINESS],
                words.text("Share of all"): [
                    numbers.percent(sums.get(code, 0) / sums.sum(), language) for code in TIMELINESS
                ],
            }
        )
        self._html(plain(frame, caption=words.text("How cases were resolved, the year so far")))

    def by_body(self, indicator: str) -> None:
        """Show the year so far of an indicator, by body and by field as the data has them."""
        known = self.results.indicators
        codes = known.loc[known["indicator"] == indicator, "series"].unique()
        # A group is neither: it would stand among its own fields.
        plan = self.results.plan
        named = [code for code in codes if code in plan.names and code not in plan.groups]
        bodies = set(self.results.agency_months["agency"].dropna())
        for members, some in (
            (DIMENSIONS["agencies"], [code for code in named if code in bodies]),
            (DIMENSIONS["fields"], [code for code in named if code not in bodies]),
        ):
            if some:
                told = self.words.text(members)
                self._picture(ranking(self.results, self.words, indicator, some, self.origin, members=told))

    def reporting(self) -> None:
        """Show which services stand behind the share, and which started or stopped since the period before."""
        if self.results.coverage.empty:
            return
        words = self.words
        self._heading(words.text("Who reports"))
        latest = self.results.coverage.iloc[-1]
        self._note(
            words.text(
                "{reporting} services report both figures this period; {started} started and {stopped} stopped since "
                "the period before; {unsplit} give only their total and are in neither count.",
                **{key: numbers.count(latest[key], words.language)
                   for key in ("reporting", "started", "stopped", "unsplit")},
            )
        )  # fmt: skip
        self._html(plain(services.coverage(self.results, words), caption=words.text("Services behind the share")))
        if len(self.results.changes):
            self._details(words.text("Started or stopped, service by service"), services.changes(self.results, words))

    def caution(self) -> None:
        """Show how sure these probabilities have been on this plan's own series, and where more is told."""
        words, scored = self.words, self.results.track_scored
        mine = scored[scored["model"] == "hub"]
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

    def self_selected(self) -> None:
        """Show the caveat of per-case ratings."""
        self._note(
            self.words.text(
                "Ratings are given by those who choose to, after a case is closed: a sign of the mood at the counter, "
                "not an estimate of what a survey would find."
            )
        )

    def _picture(self, picture: Picture) -> None:
        drawn = io.BytesIO()
        picture.figure.savefig(drawn, format="png", metadata={"Software": None})
        display(
            Image(data=drawn.getvalue(), format="png", alt=picture.alt), metadata={"image/png": {"alt": picture.alt}}
        )
        self._html(f"<figcaption>{escape(picture.caption)}</figcaption>")
        self._details(self.words.text("The numbers behind this picture"), picture.table)

    def _details(self, summary: str, frame: pd.DataFrame) -> None:
        table = plain(frame, caption=summary)
        self._html(f'<details class="data"><summary>{escape(summary)}</summary>{table}</details>')

    def _list(self, heading: str, sentences: list[str]) -> None:
        self._heading(heading)
        self._html("<ul>" + "".join(f"<li>{escape(one)}</li>" for one in sentences) + "</ul>")

    def _heading(self, text: str, *, level: int = 2) -> None:
        self._html(f"<h{level}>{escape(text)}</h{level}>")

    def _note(self, text: str) -> None:
        self._html(f'<p class="note">{escape(text)}</p>')

    def _html(self, html: str) -> None:
        display(HTML(html))


def _summed(shares: pd.DataFrame, labels: list[str]) -> pd.Series:
    """Return the counts of some periods and their share, missing unless all of them are there."""
    mine = shares[shares["period"].isin(labels)]
    row = mine[["numerator", "denominator"]].sum().astype(float)
    whole = len(mine) == len(labels) and row["denominator"] > 0
    row["observed_to_date"] = row["numerator"] / row["denominator"] if whole else float("nan")
    return row

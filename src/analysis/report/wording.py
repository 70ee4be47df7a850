"""Every sentence a reader sees, built from values, in the language of the run.

English sentences are the keys of the catalogue; ``locale/vi`` has their Vietnamese. A figure and its sentence are built
from the same values, so they cannot disagree.
"""

from __future__ import annotations

import gettext
import io
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from analysis.plan import Plan
from analysis.promises import Part, Text
from analysis.report import numbers

LOCALE = Path(__file__).parent / "locale"

_ = str
"""Marks a sentence for the catalogue; `Wording.text` looks its translation up."""

PAGE_TITLES = {
    "00_summary": _("Summary: will the promises be kept?"),
    "01_data_quality": _("What the data is worth"),
    "02_online_uptake": _("Online filing"),
    "03_timeliness": _("Timeliness"),
    "04_satisfaction": _("Satisfaction"),
    "05_forecast": _("Forecast to the end of the year"),
    "06_targets": _("Every promise, with its reasons"),
    "07_track_record": _("How right forecasts have been"),
}

VERDICTS = {
    "met": ("✔", _("Met")),
    "very_likely": ("▲▲", _("Almost certain to be met")),
    "likely": ("▲", _("Likely to be met")),
    "uncertain": ("◆", _("Uncertain")),
    "unlikely": ("▼", _("Unlikely to be met")),
    "very_unlikely": ("▼▼", _("Very unlikely to be met")),
    "missed": ("✖", _("Missed")),
    "not_estimated": ("○", _("Not estimated")),
}

REASONS = {
    "survey_cancelled": _("The survey that judges it was called off; ratings given case by case are shown as a proxy."),
    "no_survey_round": _("No survey round in the data received; ratings given case by case are shown as a proxy."),
    "not_enough_rounds": _("Not enough data to estimate: fewer than three earlier rounds of the survey."),
    "no_progress_items": _("Nothing on its items in the data received."),
    "too_few_finished_items": _("Not enough data to estimate: fewer than three items finished so far."),
    "no_headcount_path": _("No headcount path in the data received."),
    "too_few_headcounts": _("Not enough data to estimate: fewer than three headcounts."),
    "headcount_not_counted": _("The headcount at the end of the year is not in the data received."),
    "no_published_index": _("No published figure of the index is known."),
    "too_few_published_years": _("Not enough data to estimate: fewer than three published years of the index."),
    "published_years_too_old": _("The last published figure of the index is too old."),
    "tier_not_stated": _("The index is published, the limits of its groups for the year were not found."),
    "not_enough_history": _("Not enough data to estimate: the series is too short."),
    "no_counts": _("No counts in the data received."),
}
"""Why a promise is not estimated, by code of the reason."""

SHORT_REASONS = {
    "survey_cancelled": _("survey called off"),
    "no_survey_round": _("no survey round received"),
    "not_enough_rounds": _("fewer than 3 earlier survey rounds"),
    "no_progress_items": _("no list of items received"),
    "too_few_finished_items": _("fewer than 3 items finished"),
    "no_headcount_path": _("no headcount path received"),
    "too_few_headcounts": _("fewer than 3 headcounts"),
    "headcount_not_counted": _("headcount at the year's end not received"),
    "no_published_index": _("no published figure known"),
    "too_few_published_years": _("fewer than 3 published years"),
    "published_years_too_old": _("last published figure too old"),
    "tier_not_stated": _("limits of the groups not found"),
    "not_enough_history": _("series too short"),
    "no_counts": _("no counts received"),
}
"""`REASONS` as short as a cell of a table needs them."""

INDICATORS = {
    "online_of_all": _("Share done online, of all {unit}"),
    "online_of_published": _("Share done online, of the {unit} of procedures published online"),
    "published_of_offline": _("Published online but not filed online, of the {unit} not filed online"),
    "overdue": _("Share overdue, of the {unit} resolved"),
    "overdue_resolved": _("Share of the late {unit} that were resolved, the others still on the desk"),
    "no_due_date": _("Share without a due date, of the {unit} resolved"),
    "surveyed_provincial": _("Share satisfied in the province's survey"),
    "sipas": _("Satisfaction index SIPAS"),
    "rated_satisfied": _("Share of ratings that are satisfied"),
}

BASELINES = {
    "year_to_date": _("The year so far carries on"),
    "last_quarter": _("The last quarter carries on"),
    "same_growth": _("Same growth as last year"),
    "straight_line": _("Straight line through recent shares"),
    "seasonal_naive": _("Last year's remaining periods again"),
}

RULES = {
    "at_least": _("at least {threshold}"),
    "more_than": _("more than {threshold}"),
    "at_most": _("{threshold} at most"),
}


class Wording:
    """The words and sentences of one language.

    Parameters
    ----------
    language : {"vi", "en"}
        The language of the page.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = _catalogue(language)

    def text(self, message: str, **values: Any) -> str:
        """Return a sentence in the reader's language, its values filled in.

        Parameters
        ----------
        message : str
            The English sentence, with the names of its values in braces.
        **values
            The values.
        """
        return self._catalogue.gettext(message).format(**values)

    def of(self, text: Text) -> str:
        """Return a text of the plan in the reader's language."""
        return text.vi if self.language == "vi" else text.en

    def page_title(self, stem: str) -> str:
        """Return the title of a report notebook's page."""
        title = PAGE_TITLES.get(stem)
        return self.text(title) if title else stem.lstrip("0123456789_").replace("_", " ").capitalize()

    def verdict(self, code: str) -> str:
        """Return a verdict as its shape and its word: the shape tells verdicts apart where colour is lost."""
        shape, word = VERDICTS[code]
        return f"{shape} {self.text(word)}"

    def reason(self, code: str) -> str:
        """Return why a promise is not estimated."""
        return self.text(REASONS[code])

    def short_reason(self, code: str) -> str:
        """Return why a promise is not estimated, for a cell of a table."""
        return self.text(SHORT_REASONS[code])

    def name(self, plan: Plan, series: str) -> str:
        """Return what a reader calls a series.

        Parameters
        ----------
        plan : Plan
            The plan, which names its series.
        series : str
            Code of the series; without a name in the plan it stands for itself.
        """
        if series == "total":
            return self.of(plan.scope)
        name = self.of(plan.names[series]) if series in plan.names else series
        return name.translate(_DIRECTION_MARKS)

    def part(self, plan: Plan, part: Part) -> str:
        """Return what a reader calls one part of a promise.

        Its own title, else the name of its series, else, for the whole, that of its indicator.

        Parameters
        ----------
        plan : Plan
            The plan.
        part : Part
            The part.
        """
        if part.title:
            return self.of(part.title)
        if part.series == "total":
            return self.indicator(plan, part.indicator)
        return self.name(plan, part.series)

    def indicator(self, plan: Plan, indicator: str) -> str:
        """Return what a reader calls an indicator.

        Parameters
        ----------
        plan : Plan
            The plan, which says what its cases are called.
        indicator : str
            Code of the indicator, one of `INDICATORS`.
        """
        return self.text(INDICATORS[indicator], unit=self.of(plan.unit))

    def baseline(self, name: str) -> str:
        """Return what a reader calls a baseline."""
        return self.text(BASELINES[name])

    def rule(self, rule: str, threshold: float) -> str:
        """Return a rule with its threshold: "at least 30%".

        Parameters
        ----------
        rule : {"at_least", "more_than", "at_most"}
            The rule.
        threshold : float
            Share 0–1.
        """
        digits = 0 if round(threshold * 1000) % 10 == 0 else 1
        return self.text(RULES[rule], threshold=numbers.percent(threshold, self.language, digits=digits))

    def share_so_far(self, row: pd.Series, unit: str) -> str:
        """Return the share of the year so far with its counts: "27.8% (47,465 of 170,921 cases)".

        Parameters
        ----------
        row : pd.Series
            `numerator, denominator, observed_to_date` (share 0–1), and `threshold` if the share has one.
        unit : str
            What the counts are called.
        """
        return self.text(
            "{share} ({numerator} of {denominator} {unit})",
            share=numbers.percent_beside(row["observed_to_date"], row.get("threshold", math.nan), self.language),
            numerator=numbers.count(row["numerator"], self.language),
            denominator=numbers.count(row["denominator"], self.language),
            unit=unit,
        )

    def share_so_far_cell(self, row: pd.Series) -> str:
        """Return the share of the year so far for a cell of a table: ``27,8% (47.465/170.921)``."""
        share = numbers.percent_beside(row["observed_to_date"], row.get("threshold", math.nan), self.language)
        counts = (numbers.count(row[name], self.language) for name in ("numerator", "denominator"))
        return f"{share} ({'/'.join(counts)})"

    def outlook(self, row: pd.Series) -> str:
        """Return the forecast of a share at the year's end with its interval, or its final value once it is decided."""
        if row["verdict"] in ("met", "missed"):
            share = numbers.percent_beside(row["expected"], row.get("threshold", math.nan), self.language)
            return self.text("{share}, final", share=share)
        return self.text(
            "{share} (80% prediction interval: {interval})",
            share=numbers.percent(row["expected"], self.language),
            interval=numbers.percent_range(row["lower"], row["upper"], self.language),
        )

    def outlook_cell(self, row: pd.Series) -> str:
        """Return the forecast for a table whose header names the interval: ``30,2% (29,6–30,9%)``."""
        if row["verdict"] in ("met", "missed"):
            return self.outlook(row)
        return numbers.percent_with_range(row["expected"], row["lower"], row["upper"], self.language)

    def chance(self, probability: float) -> str:
        """Return a probability in whole per cent, or a dash."""
        return numbers.probability(probability, self.language)

    def needed(self, rate: pd.Series, rule: str, unit: str) -> str:
        """Return the sentence of what the rest of the year must deliver for one share.

        Parameters
        ----------
        rate : pd.Series
            Row of `Results.run_rate`.
        rule : {"at_least", "more_than", "at_most"}
            The rule of the promise.
        unit : str
            What the cases are called.
        """
        values = {
            "weeks": numbers.count(rate["weeks_left"], self.language),
            "share": numbers.percent(rate["required_share"], self.language),
            "cases": numbers.count(rate["cases_per_week"], self.language),
            "current": numbers.percent(rate["current_share"], self.language),
            "unit": unit,
        }
        if rule == "at_most":
            if rate["required_share"] < 0:
                return self.text("Out of reach: the year's allowance is already used up.")
            return self.text(
                "In the {weeks} weeks left, {share} at most: {total} {unit} in all (last quarter: {current}).",
                total=numbers.count(_allowance(rate), self.language),
                **values,
            )
        if rate["required_share"] > 1:
            return self.text("Out of reach: more than everything left would be needed.")
        return self.text(
            "In the {weeks} weeks left, at least {share}, about {cases} {unit} a week (last quarter: {current}).",
            **values,
        )

    def needed_cell(self, rate: pd.Series, rule: str, unit: str) -> str:
        """Return it for a cell of a table: "36.4% of the rest, 1,659 cases a week (now 32.5%)".

        Parameters
        ----------
        rate, rule, unit
            As for `needed`.
        """
        if rate["required_share"] < 0 or rate["required_share"] > 1:
            return self.text("out of reach")
        share, now = (numbers.percent(rate[name], self.language) for name in ("required_share", "current_share"))
        if rule == "at_most":
            return self.text(
                "{share} of the rest at most, {total} {unit} (now {current})",
                share=share, total=numbers.count(_allowance(rate), self.language), unit=unit, current=now,
            )  # fmt: skip
        return self.text(
            "{share} of the rest, {cases} {unit} a week (now {current})",
            share=share, cases=numbers.count(rate["cases_per_week"], self.language), unit=unit, current=now,
        )  # fmt: skip


def _allowance(rate: pd.Series) -> int:
    """Return the cases that may still go wrong in the rest of the year, rounded down."""
    return math.floor(rate["cases_per_week"] * rate["weeks_left"] + 1e-9)


_DIRECTION_MARKS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F])
"""Characters that change the direction of writing: in a name they would also change that of the sentence around it."""


@lru_cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    source = LOCALE / language / "LC_MESSAGES" / "report.po"
    with source.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)

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

from analysis.attainment.index import RANK
from analysis.indicators.measured import STOCK
from analysis.indicators.satisfaction import SURVEYED
from analysis.plan.indicators import Mean, Score
from analysis.plan.plan import Plan
from analysis.plan.promises import Part
from analysis.plan.record import TOTAL, Text
from analysis.report import numbers
from analysis.report.quantities import Quantity, shares

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
    "08_body": _("How each body stands"),
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
    "too_few_published_figures": _(
        "Not enough data to estimate: too few weeks, months or quarters of the index are published."
    ),
    "index_changed": _("The index is no longer comparable with its last published figure."),
    "previous_year_not_comparable": _(
        "The year before cannot be compared: the index, or the number of areas ranked, has changed."
    ),
    "ranked_areas_changed": _("The published ranks are among another number of areas."),
    "field_not_published": _("Not enough data to estimate the rank: the scores of too few areas are published."),
    "tier_not_stated": _("The index is published, the limits of its groups for the year were not found."),
    "not_enough_history": _("Not enough data to estimate: the series is too short."),
    "last_period_missing": _("The last period of the series was not received."),
    "no_counts": _("No counts in the data received."),
    "counts_only": _("The data received are counts; single cases are needed for it."),
    "no_catalogue": _("The data received has no catalogue of procedures."),
    "no_workload": _("The data received does not say what was carried over or due."),
    "no_case_ratings": _("The data received has no ratings of single cases."),
    "no_column": _("The data received has no column that tells it."),
    "no_table": _("The data received has no table of it."),
    "margins_apart": _("The data received gives two parts one by one, which are needed together."),
    "margins_unclear": _("The parts in the data received leave open what the other cases are."),
    "baseline_incomplete": _("The earlier year it is compared with is not wholly known."),
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
    "too_few_published_figures": _("too few published figures"),
    "index_changed": _("index no longer comparable"),
    "previous_year_not_comparable": _("year before not comparable"),
    "ranked_areas_changed": _("ranks among other areas"),
    "field_not_published": _("other areas' scores not published"),
    "tier_not_stated": _("limits of the groups not found"),
    "not_enough_history": _("series too short"),
    "last_period_missing": _("last period not received"),
    "no_counts": _("no counts received"),
    "counts_only": _("counts received, not cases"),
    "no_catalogue": _("no catalogue received"),
    "no_workload": _("nothing received on cases carried over"),
    "no_case_ratings": _("no ratings of cases received"),
    "no_column": _("no such column received"),
    "no_table": _("no such table received"),
    "margins_apart": _("parts received one by one only"),
    "margins_unclear": _("other cases left open"),
    "baseline_incomplete": _("earlier year not wholly known"),
}
"""`REASONS` as short as a cell of a table needs them."""

EVENTS = {
    "received": _("received"),
    "resolved": _("resolved"),
    "due": _("falling due"),
    "on_desk": _("received or carried over"),
    "rated_at": _("rated"),
    "submitted_at": _("filed"),
    "accepted_at": _("received"),
    "first_due_at": _("first falling due"),
    "due_at": _("falling due"),
    "finished_at": _("finished"),
    "returned_at": _("handed over"),
}
"""What a case that is counted by an event, or by a time of the contract, is called."""

DIMENSIONS = {
    "agency": _("Bodies"),
    "field": _("Fields"),
    "district": _("Districts"),
    "channel": _("Channels"),
    "received_at_agency": _("Bodies that received"),
}
"""Ways to split an indicator, by dimension; another one is called by its code."""

LACKING = {
    "agency": _("no body"),
    "field": _("no field"),
    "district": _("no district"),
    "channel": _("no channel"),
    "received_at_agency": _("no body that received"),
}
"""What a case without a value has, by dimension."""

CHANNELS = {
    "online": _("online"),
    "counter": _("at the counter"),
    "post": _("by post"),
    "other": _("other ways"),
}
"""What a reader calls a channel."""

BASELINES = {
    "year_to_date": _("The year so far carries on"),
    "last_quarter": _("The last quarter carries on"),
    "same_growth": _("Same growth as last year"),
    "straight_line": _("Straight line through recent shares"),
    "seasonal_naive": _("Last year's remaining periods again"),
    "last_twelve_months": _("The last twelve months carry on"),
    "on_its_day": _("Every item on its day"),
    "last_six_months_pace": _("At the pace of the last six months"),
}

MEMBERS = {
    "npeb": _("Model"),
    "stacked": _("Model, moved by what earlier years teach"),
}
"""What a reader calls the members of the ensemble that hold no baseline."""

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

    def name(self, plan: Plan, dimension: str, series: str) -> str:
        """Return what a reader calls a series.

        Parameters
        ----------
        plan : Plan
            The plan, which names its series.
        dimension, series : str
            Codes of the series; without a name in the plan, or in the data, it stands for itself.
        """
        if series == TOTAL:
            return self.of(plan.scope)
        if dimension == "channel" and series in CHANNELS:
            return self.text(CHANNELS[series])
        group = plan.groups.get(dimension, {}).get(series)
        text = group.title if group else plan.names.get(dimension, {}).get(series)
        return (self.of(text) if text else series).translate(_DIRECTION_MARKS)

    def part(self, plan: Plan, part: Part) -> str:
        """Return what a reader calls one part of a promise.

        Its own title, else its step, else the name of its series, else, for the whole, that of its indicator.

        Parameters
        ----------
        plan : Plan
            The plan.
        part : Part
            The part.
        """
        if part.title:
            return self.of(part.title)
        if part.until:
            return self.text("By {day}", day=numbers.day(part.until, self.language))
        if part.series == TOTAL:
            return self.indicator(plan, part.indicator)
        return self.name(plan, part.dimension, part.series)

    def indicator(self, plan: Plan, indicator: str) -> str:
        """Return what a reader calls an indicator, a survey or an index.

        Parameters
        ----------
        plan : Plan
            The plan as it reads, which says what each is called and what is counted.
        indicator : str
            Code of the indicator.
        """
        declared = plan.indicators.get(indicator)
        if not declared and indicator.endswith(RANK):
            return self.text("Rank: {index}", index=self.indicator(plan, indicator.removesuffix(RANK)))
        if declared:
            return self.filled(plan, indicator, declared.title)
        base = indicator.removesuffix(STOCK)
        if base != indicator and base in plan.indicators:
            return self.text(
                "Share of the late {unit} that were resolved, the others still on the desk", unit=self.unit(plan, base)
            )
        for instrument in plan.instruments.values():
            if indicator in (getattr(instrument, "index", None), f"{SURVEYED}{getattr(instrument, 'instrument', '')}"):
                return self.of(instrument.title)
        return self.of(plan.targets[indicator].name) if indicator in plan.targets else indicator

    def filled(self, plan: Plan, indicator: str, text: Text) -> str:
        """Return a text of an indicator with what is counted filled in.

        Parameters
        ----------
        plan : Plan
            The plan as it reads.
        indicator : str
            The indicator, whose answer in force says by which event its cases are counted.
        text : Text
            Its title, or a sentence about it; ``{unit}`` and ``{counted}`` are filled in.
        """
        declared = plan.indicators[indicator]
        parent = getattr(declared, "nested_in", None)
        event = getattr(plan.indicators[parent] if parent else declared, "counted", "")
        named = plan.names.get("counted", {}).get(event)
        if named:
            counted = self.of(named)
        else:
            counted = self.text(EVENTS[event]) if event in EVENTS else self.text("dated in the period")
        return self.of(text).replace("{unit}", self.unit(plan, indicator)).replace("{counted}", counted)

    def dimension(self, dimension: str) -> str:
        """Return what a reader calls the members of a dimension."""
        return self.text(DIMENSIONS[dimension]) if dimension in DIMENSIONS else dimension

    def lacking(self, dimension: str) -> str:
        """Return what a case without a value of a dimension has, after "have": "no field"."""
        if dimension in LACKING:
            return self.text(LACKING[dimension])
        return self.text("no value of {dimension}", dimension=self.dimension(dimension))

    def unit(self, plan: Plan, indicator: str) -> str:
        """Return what an indicator counts: its own unit, of a survey its respondents, else the plan's.

        Parameters
        ----------
        plan : Plan
            The plan.
        indicator : str
            Code of the indicator.
        """
        if indicator.startswith(SURVEYED) and indicator not in plan.indicators:
            return self.text("respondents")
        declared = plan.indicators.get(indicator)
        return self.of(declared.unit if declared and declared.unit else plan.unit)

    def baseline(self, name: str) -> str:
        """Return what a reader calls a baseline."""
        return self.text(BASELINES[name])

    def member(self, name: str) -> str:
        """Return what a reader calls a member of the ensemble; see `forecast.ensemble.Ensemble`."""
        kind, _underscore, baseline = name.partition("_")
        if kind == "shifted":
            return self.text("Model, around this: {baseline}", baseline=self.baseline(baseline))
        return self.baseline(baseline) if baseline else self.text(MEMBERS[name])

    def quantity(self, plan: Plan, indicator: str) -> Quantity:
        """Return how the values of an indicator are written.

        Parameters
        ----------
        plan : Plan
            The plan, which declares the indicator; anything it does not declare is a share.
        indicator : str
            Code of the indicator.
        """
        declared = plan.indicators.get(indicator)
        if indicator.endswith(RANK):
            return Quantity(self.language, 1.0, "", 0, self.text("places"), 1.0, math.inf)
        if isinstance(declared, Mean):
            unit = self.of(declared.measured_in) if declared.measured_in else self.text("days")
            return Quantity(self.language, 1.0, f" {unit}", change_unit=unit, highest=math.inf)
        if isinstance(declared, Score):
            unit = self.text("points")
            low, high = declared.scale
            return Quantity(self.language, 1.0, f" {unit}", 2, unit, low, high + 0.02 * (high - low))
        return Quantity(self.language, change_unit=self.text("percentage points"))

    def rule(self, rule: str, threshold: float, quantity: Quantity | None = None) -> str:
        """Return a rule with its threshold: "at least 30%".

        Parameters
        ----------
        rule : {"at_least", "more_than", "at_most"}
            The rule.
        threshold : float
            The threshold.
        quantity : Quantity, optional
            What it is; a share by default.
        """
        if pd.isna(threshold):
            return self.text("not known")
        return self.text(RULES[rule], threshold=(quantity or shares(self.language)).promised(threshold))

    def share_so_far(self, row: pd.Series, unit: str, quantity: Quantity | None = None) -> str:
        """Return the value of the year so far with its counts: "27.8% (47,465 of 170,921 cases)".

        Parameters
        ----------
        row : pd.Series
            `numerator, denominator, observed_to_date` (share 0–1), and `threshold` if the share has one.
        unit : str
            What the counts are called.
        quantity : Quantity, optional
            What the value is; a share by default.
        """
        how = quantity or shares(self.language)
        so_far = how.beside(row["observed_to_date"], row.get("threshold", math.nan))
        if how.unit != "%":
            return self.text(
                "{value} ({denominator} {unit})",
                value=so_far,
                denominator=numbers.count(row["denominator"], self.language),
                unit=unit,
            )
        return self.text(
            "{share} ({numerator} of {denominator} {unit})",
            share=so_far,
            numerator=numbers.count(row["numerator"], self.language),
            denominator=numbers.count(row["denominator"], self.language),
            unit=unit,
        )

    def share_so_far_cell(self, row: pd.Series, quantity: Quantity | None = None) -> str:
        """Return the value of the year so far for a cell of a table: ``27,8% (47.465/170.921)``.

        Parameters
        ----------
        row : pd.Series
            As for `share_so_far`.
        quantity : Quantity, optional
            What the value is; a share by default.
        """
        how = quantity or shares(self.language)
        so_far = how.beside(row["observed_to_date"], row.get("threshold", math.nan))
        names = ("numerator", "denominator") if how.unit == "%" else ("denominator",)
        counts = (numbers.count(row[name], self.language) for name in names)
        return f"{so_far} ({'/'.join(counts)})"

    def outlook(self, row: pd.Series, quantity: Quantity | None = None) -> str:
        """Return the forecast of the year's end with its interval, or its final value once it is decided.

        Parameters
        ----------
        row : pd.Series
            `expected, lower, upper, verdict`, and `threshold` if there is one.
        quantity : Quantity, optional
            What the value is; a share by default.
        """
        how = quantity or shares(self.language)
        if row["verdict"] in ("met", "missed"):
            return self.text("{share}, final", share=how.beside(row["expected"], row.get("threshold", math.nan)))
        return self.text(
            "{share} (80% prediction interval: {interval})",
            share=how.beside(row["expected"], row.get("threshold", math.nan)),
            interval=how.between(row["lower"], row["upper"]),
        )

    def outlook_cell(self, row: pd.Series, quantity: Quantity | None = None) -> str:
        """Return the forecast for a table whose header names the interval: ``30,2% (29,6–30,9%)``.

        Parameters
        ----------
        row, quantity
            As for `outlook`.
        """
        if row["verdict"] in ("met", "missed"):
            return self.outlook(row, quantity)
        how, threshold = quantity or shares(self.language), row.get("threshold", math.nan)
        return how.with_interval(row["expected"], row["lower"], row["upper"], threshold=threshold)

    def chance(self, probability: float) -> str:
        """Return a probability in whole per cent, or a dash."""
        return numbers.probability(probability, self.language)


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

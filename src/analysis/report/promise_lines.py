"""What the page of promises says of one promise in a line: verdict and year so far, what it takes, its proxy."""

from __future__ import annotations

from html import escape

import pandas as pd

from analysis.plan.instruments import SurveyInstrument
from analysis.plan.promises import IndexPromise, ItemsPromise, Measured, Promise, SurveyPromise
from analysis.quarter.results import Results
from analysis.report import numbers, promise_tables, simple_forecasts, what_it_takes
from analysis.report.at_a_glance import parts_so_far
from analysis.report.html_table import verdict_mark
from analysis.report.wording import Wording


def has_chance(row: pd.Series) -> bool:
    """Return whether a promise or part has a probability that is not decided by what is counted.

    Parameters
    ----------
    row : pd.Series
        Its row of `Results.promises`.
    """
    return bool(pd.notna(row["probability"]) and row["verdict"] not in ("met", "missed"))


def verdict_line(results: Results, words: Wording, target: Promise, row: pd.Series) -> str:
    """Return the verdict with its probability, the year so far with counts, and the forecast, as HTML of one line.

    Of several parts the one that decides is named. Where nothing is estimated the reason stands in their place, and
    what is decided has no forecast.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : Promise
        The promise.
    row : pd.Series
        Its row of `Results.promises`.
    """
    mark = verdict_mark(row["verdict"], words)
    told = [f"{mark}, <strong>{escape(words.chance(row['probability']))}</strong>." if has_chance(row) else f"{mark}."]
    if row["verdict"] == "not_estimated":
        told.append(escape(words.reason(row["note"])))
    so_far = _so_far(results, words, target, row)
    if so_far:
        told.append(words.text("So far: {standing}.", standing=so_far))
    if has_chance(row) and pd.notna(row["expected"]) and not _is_of_parts(target):
        how = words.quantity(results.plan, row["indicator"])
        told.append(words.text("End of the year: {outlook}.", outlook=escape(words.outlook(row, how))))
    return " ".join(told)


def _is_of_parts(target: Promise) -> bool:
    return isinstance(target, Measured) and len(target.parts) > 1


def _so_far(results: Results, words: Wording, target: Promise, row: pd.Series) -> str:
    """Return how a promise stands in the year so far, as HTML; empty where that is not known."""
    if isinstance(target, Measured):
        decides = promise_tables.deciding_part(results, target)
        if _is_of_parts(target):
            return parts_so_far(results, words, target, *decides) if decides else ""
        part = next(iter(target.parts.values()))
        if pd.isna(row["denominator"]) or not row["denominator"]:
            return ""
        how = words.quantity(results.plan, part.indicator)
        standing = words.share_so_far(row, words.unit(results.plan, part.indicator), how)
        rule = words.rule(part.rule, row["threshold"], how)
        return escape(words.text("{standing}; promised: {rule}", standing=standing, rule=rule))
    if isinstance(target, ItemsPromise):
        so_far = promise_tables.items_so_far(target, row, words)
        return "" if so_far == numbers.MISSING else escape(so_far)
    if isinstance(target, IndexPromise) and pd.notna(row["observed_to_date"]):
        how = words.quantity(results.plan, row["indicator"])
        return escape(how.beside(row["observed_to_date"], row["threshold"]))
    return ""


def what_it_takes_alone(results: Results, words: Wording, target: Measured) -> list[str]:
    """Return the sentence of what the rest of the year must deliver for a promise of one part; empty once decided.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : Measured
        The promise.
    """
    part = next(iter(target.parts.values()))
    row = results.promise(target.id)
    rate = promise_tables.run_rate_of(results, target.id, row["part"])
    if rate is None or row["verdict"] in ("met", "missed"):
        return []
    return [what_it_takes.sentence(words, results.plan, part.indicator, part.rule, rate)]


def simple_forecast(results: Results, words: Wording, target: Promise) -> list[str]:
    """Return the sentence of what the simple forecast of a promise says; empty where it has none.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : Promise
        The promise.
    """
    row = results.promise(target.id)
    if row["verdict"] == "not_estimated" or pd.isna(row["baseline_probability"]):
        return []
    return [simple_forecasts.sentence(target, words.chance(row["baseline_probability"]), words)]


def proxy(results: Results, words: Wording, target: SurveyPromise) -> list[str]:
    """Return what stands in for a missing survey, and why and when that was called off; empty without a proxy.

    Parameters
    ----------
    results : Results
        The results to show.
    words : Wording
        The reader's language.
    target : SurveyPromise
        The promise.
    """
    row = promise_tables.proxy_share_so_far(results, target)
    if row is None:
        return []
    told = [
        words.text(
            "Proxy, not the promise itself: {what}, year to date: {standing}.",
            what=words.indicator(results.plan, str(target.proxy)),
            standing=words.share_so_far(row, words.unit(results.plan, str(target.proxy))),
        )
    ]
    instrument = results.plan.instruments[target.instrument]
    cancelled = instrument.cancelled if isinstance(instrument, SurveyInstrument) else None
    if cancelled and results.promise(target.id)["note"] == "survey_cancelled":
        day = numbers.day(pd.Timestamp(cancelled.on).date(), words.language)
        told.append(f"{words.of(cancelled.reason)} ({day}).")
    return told

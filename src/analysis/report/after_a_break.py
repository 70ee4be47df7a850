"""What a reader must know of a forecast that stands after a break: what moved, how long it may last, what is tested."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import periods
from analysis.forecast.origins import YEARS_AFTER_A_BREAK
from analysis.forecast.rest_of_year import bases_of
from analysis.plan.record import TOTAL
from analysis.quarter.results import Results
from analysis.report import grades, numbers
from analysis.report.wording import Wording


def break_sentences(results: Results, words: Wording) -> list[str]:
    """Return the sentences of the breaks that the forecasts of a report stand after, none without any.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    """
    told = []
    for indicator, rows in _by_indicator(results).items():
        told += [_what_moved(results, indicator, row, words) for _, row in rows.iterrows()]
        last = rows.iloc[-1]
        if last["indicator"] == indicator and pd.notna(last["stays"]):
            told.append(_how_long(last, words))
    if told:
        years = numbers.count(YEARS_AFTER_A_BREAK, words.language)
        told.append(
            words.text(
                "For {years} years after a jump the forecast takes from earlier years only the season and how much "
                "shares usually move; the rest follows from the months since and from how such jumps may go.",
                years=years,
            )
        )
        told.append(_how_tested(words))
    return told


def shock_sentence(results: Results, words: Wording) -> str:
    """Return which promised shares are forecast after a jump that the plan does not declare; empty without any.

    Parameters
    ----------
    results, words
        The results to show, and the reader's language.
    """
    found = {
        indicator: rows.loc[~rows["declared"].astype(bool), "period"].max()
        for indicator, rows in _by_indicator(results).items()
        if not rows["declared"].all()
    }
    if not found:
        return ""
    return words.text(
        "After a jump of most bodies ({which}) earlier years say little of this one: the forecast rests mostly on the "
        "months since.",
        which="; ".join(
            f"{words.indicator(results.plan, indicator)}, {numbers.period(period, words.language)}"
            for indicator, period in found.items()
        ),
    )


def _by_indicator(results: Results) -> dict[str, pd.DataFrame]:
    """Return the breaks behind each promised indicator that has any, one per period, those of its own first."""
    rows, found = results.forecast.breaks, {}
    for indicator in dict.fromkeys(part.indicator for one in results.plan.measured for part, _ in one.judged):
        bases = bases_of(indicator, results.plan.indicators)
        mine = rows[rows["indicator"].isin(bases)]
        # a break that the plan declares for a nested share alone is one of the shares it is forecast from, too
        known = [periods.parse(one.period) for one in results.plan.breaks_of(indicator)]
        near = [any(abs((periods.parse(label) - one).n) <= 1 for one in known) for label in mine["period"]]
        mine = mine.assign(declared=mine["declared"].astype(bool) | np.array(near, dtype=bool))
        if len(mine):
            own_first = mine.sort_values("indicator", key=lambda names: names != indicator, kind="stable")
            found[indicator] = own_first.drop_duplicates("period").sort_values("period", ignore_index=True)
    return found


def _what_moved(results: Results, indicator: str, row: pd.Series, words: Wording) -> str:
    """Return when most series jumped, and the share of the whole in the quarters before and after, with its counts."""
    return words.text(
        "{what}: in {period}, when the plan declares a change, most bodies and fields jumped{counts}."
        if row["declared"]
        else "{what}: in {period} most bodies and fields jumped at once, and the plan declares no change{counts}.",
        what=words.indicator(results.plan, indicator),
        period=numbers.period(row["period"], words.language),
        counts=_counts(results, indicator, row["period"], words),
    )


def _counts(results: Results, indicator: str, period: str, words: Wording) -> str:
    whole = results.series(indicator, TOTAL, TOTAL).set_index("period")
    whole["amount"] = whole["total"].fillna(whole["numerator"])
    at = periods.parse(period)
    length = 3 if at.freqstr == "M" else 1
    sides = []
    for steps in (range(-length, 0), range(length)):
        known = whole.reindex([periods.write(at + step) for step in steps]).dropna(subset="denominator")
        sums = known[["amount", "numerator", "denominator"]].sum()
        if len(known) < length or not sums["denominator"] > 0:
            return ""
        value = words.quantity(results.plan, indicator).write(sums["amount"] / sums["denominator"])
        n = numbers.count(sums["denominator"], words.language)
        if sums["numerator"] == sums["amount"]:
            n = f"{numbers.count(sums['numerator'], words.language)}/{n}"
        sides.append(f"{value} ({n})")
    return words.text(
        ", from {before} in the three months before to {after} in the three from then on",
        before=sides[0],
        after=sides[1],
    )


def _how_long(row: pd.Series, words: Wording) -> str:
    return words.text(
        "How long the last jump lasts is not known: it stays for good with a chance of {stays}, and {left} of it is "
        "expected to be left at the end of the year.",
        stays=numbers.probability(row["stays"], words.language),
        left=numbers.percent(row["left"], words.language, digits=0),
    )


def _how_tested(words: Wording) -> str:
    n, inside = grades.after_a_break()
    return words.text(
        "Such forecasts are tested on simulated jumps alone: in the first year after a jump that was found, the 80% "
        "interval held the outcome in {share} of {n} forecasts.",
        n=numbers.count(n, words.language),
        share=numbers.percent(inside / n, words.language, digits=0),
    )

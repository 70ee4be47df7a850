"""Counts and ratings are the cases added up: checked with a loop that anybody can follow."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from analysis.periods import reporting_month

CUTOFF_DAY = 14


def _code(value):
    return None if pd.isna(value) else value


def _dimensions(case):
    return case.agency, _code(case.district), case.field, case.channel


def _timeliness(case):
    if pd.isna(case.due_at):
        return "no_due_date"
    finished, due = case.finished_at.date(), case.due_at.date()
    return "early" if finished < due else "late" if finished > due else "on_time"


def _in_the_years(period):
    return "2018-01" <= period <= "2021-12"


@pytest.mark.slow
def test_counts_are_the_cases_counted_one_by_one(made):
    received, resolved = Counter(), Counter()
    for case in made.cases.itertuples():
        published = case.level in ("3", "4")
        if not pd.isna(case.accepted_at):
            period = str(reporting_month(case.accepted_at.date(), CUTOFF_DAY))
            received[period, *_dimensions(case), published, None] += 1
        if case.outcome == "resolved":
            period = str(reporting_month(case.finished_at.date(), CUTOFF_DAY))
            resolved[period, *_dimensions(case), published, _timeliness(case)] += 1
    assert any(not _in_the_years(key[0]) for key in received)
    assert all(_in_the_years(key[0]) for key in resolved)
    received = Counter({key: n for key, n in received.items() if _in_the_years(key[0])})

    counted_received, counted_resolved = Counter(), Counter()
    for row in made.counts.itertuples():
        key = (row.period, *_dimensions(row), bool(row.published_online), _code(row.timeliness))
        assert key not in counted_received
        assert pd.isna(row.procedure)
        assert (row.received > 0) != (row.resolved > 0)
        counted_received[key] = row.received
        counted_resolved[key] = row.resolved
    assert +counted_received == received
    assert +counted_resolved == resolved


def test_ratings_are_the_ratings_of_cases_counted_one_by_one(made):
    by_id = {case.case_id: case for case in made.cases.itertuples()}
    respondents, satisfied = Counter(), Counter()
    for rating in made.case_ratings.itertuples():
        key = (str(reporting_month(rating.rated_at.date(), CUTOFF_DAY)), *_dimensions(by_id[rating.case_id]))
        respondents[key] += 1
        satisfied[key] += rating.rating in ("satisfied", "very_satisfied")
    counted = {(row.period, *_dimensions(row)): (row.satisfied, row.respondents) for row in made.ratings.itertuples()}
    assert len(counted) == len(made.ratings)
    assert counted == {key: (satisfied[key], n) for key, n in respondents.items()}

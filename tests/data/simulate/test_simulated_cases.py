"""Every case of the simulated province could have happened, and there are as many as were asked for."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from analysis import periods
from analysis.data.codes import PUBLISHED_LEVELS
from analysis.data.contracts import CaseRatings, Cases, check
from analysis.data.simulate import province
from analysis.data.simulate.inventories import NO_TERM, procedures
from analysis.data.simulate.simulation import simulate

TIMES = ["submitted_at", "accepted_at", "first_due_at", "due_at", "finished_at", "returned_at"]
WORKED = ["accepted_at", "first_due_at", "due_at", "finished_at"]
# Written out from the wall calendar, not from the code: fixed holidays and the seven days of Tết.
HOLIDAYS = [date(year, *day) for year in range(2017, 2023) for day in ((1, 1), (4, 30), (5, 1), (9, 2))] + [
    first + timedelta(days=offset)
    for first in (date(2017, 1, 26), date(2018, 2, 14), date(2019, 2, 3), date(2020, 1, 23), date(2021, 2, 10))
    for offset in range(7)
]


@pytest.mark.parametrize("case_count", [1, 3, 40, 999, 20_000])
def test_there_are_exactly_as_many_cases_as_asked_for(case_count):
    assert len(simulate(7, case_count).cases) == case_count


def test_the_same_seed_makes_the_same_province_and_another_seed_another(made):
    again, other = simulate(2021, len(made.cases)), simulate(1, len(made.cases))
    for name in ("cases", "case_ratings", "counts", "ratings", "survey", "catalogue", "progress"):
        assert_frame_equal(getattr(made, name), getattr(again, name))
        assert not getattr(made, name).equals(getattr(other, name))
    assert made.truth == again.truth
    assert made.truth["monthly"] != other.truth["monthly"]


def test_cases_and_their_ratings_are_the_contracts_tables(made):
    assert_frame_equal(check(made.cases, Cases, where="cases"), made.cases, check_dtype=False)
    assert_frame_equal(check(made.case_ratings, CaseRatings, where="ratings"), made.case_ratings, check_dtype=False)
    assert made.cases[["field", "agency", "level", "channel", "procedure_code", "submitted_at"]].notna().all().all()


def test_the_days_of_a_case_follow_each_other(made):
    cases = made.cases
    for earlier, later in (
        ("submitted_at", "accepted_at"),
        ("accepted_at", "first_due_at"),
        ("first_due_at", "due_at"),
        ("accepted_at", "finished_at"),
        ("finished_at", "returned_at"),
    ):
        both = cases[[earlier, later]].dropna()
        assert len(both) > 1000
        assert (both[earlier] <= both[later]).all(), (earlier, later)
    assert cases[TIMES].drop(columns=["first_due_at", "due_at"]).max().max() < pd.Timestamp("2021-12-15")
    assert cases["submitted_at"].is_monotonic_increasing


def test_nothing_is_worked_on_or_due_on_a_day_off(made):
    for name in WORKED:
        days = made.cases[name].dropna().dt.date
        assert (pd.to_datetime(days).dt.day_of_week < 5).all(), name
        assert not set(days) & set(HOLIDAYS), name


def test_the_first_due_date_is_the_term_of_the_procedure_in_working_days(made):
    listed = procedures(2021)
    term = pd.Series(listed.term, index=listed.code)
    dated = made.cases[made.cases["first_due_at"].notna()]
    accepted, due = (dated[name].to_numpy().astype("datetime64[D]") for name in ("accepted_at", "first_due_at"))
    days = np.busday_count(accepted, due, holidays=HOLIDAYS)
    assert days.tolist() == term[dated["procedure_code"]].tolist()
    for field, terms in pd.Series(days).groupby(dated["field"].to_numpy()):
        assert set(terms) <= set(province.FIELDS[field].terms)


def test_a_procedure_has_a_term_or_none_and_its_cases_a_due_date_or_none(made):
    listed = procedures(2021)
    without = set(listed.code[listed.term == NO_TERM])
    accepted = made.cases[made.cases["accepted_at"].notna()]
    assert (accepted["procedure_code"].isin(without) == accepted["due_at"].isna()).all()
    assert (accepted["first_due_at"].isna() == accepted["due_at"].isna()).all()
    resolved = accepted[accepted["outcome"] == "resolved"]
    share, n = resolved["due_at"].isna().mean(), len(resolved)
    assert abs(share - 0.037) < 4 * np.sqrt(0.037 * 0.963 / n)


def test_each_outcome_has_the_times_it_can_have(made):
    there = made.cases[TIMES].notna().groupby(made.cases["outcome"]).mean()
    assert there.loc["resolved", ["submitted_at", "accepted_at", "finished_at"]].eq(1).all()
    assert there.loc["withdrawn", "finished_at"] == 1
    assert there.loc["withdrawn", "returned_at"] == 0
    assert there.loc["refused"].drop("submitted_at").eq(0).all()
    assert there.loc["open", ["finished_at", "returned_at"]].eq(0).all()
    assert 0.9 < there.loc["open", "accepted_at"] < 1  # some wait for their acceptance
    assert 0.9 < there.loc["resolved", "returned_at"] < 1  # some results are not collected
    shares = made.cases["outcome"].value_counts(normalize=True)
    assert shares["resolved"] > 0.95
    assert shares.drop("resolved").between(0.004, 0.02).all()


def test_the_open_cases_are_as_old_as_their_terms_and_a_few_are_late(made):
    waiting = made.cases[(made.cases["outcome"] == "open") & made.cases["due_at"].notna()]
    assert waiting["accepted_at"].min() > pd.Timestamp("2021-09-01")
    late = waiting["due_at"] < pd.Timestamp("2021-12-14")
    assert 0 < late.mean() < 0.3


def test_a_new_appointment_is_known_only_once_the_first_has_passed(made):
    replaced = made.cases[made.cases["due_at"] > made.cases["first_due_at"]]
    assert 0.002 < len(replaced) / len(made.cases) < 0.03
    done = replaced.dropna(subset=["finished_at"])
    assert (done["finished_at"].dt.date > done["first_due_at"].dt.date).all()
    still_open = replaced[replaced["outcome"] == "open"]
    assert (still_open["first_due_at"] <= pd.Timestamp("2021-12-14 23:59:59")).all()


def test_online_filings_come_at_any_hour_and_are_mostly_accepted_within_eight_working_hours(made):
    online = made.cases[(made.cases["channel"] == "online") & made.cases["accepted_at"].notna()]
    hour, weekend = online["submitted_at"].dt.hour, online["submitted_at"].dt.day_of_week >= 5
    assert set(hour) == set(range(24))
    assert weekend.mean() > 0.05
    # Filed on a working day, accepted by its end or on the next one: eight working hours at most, or nearly.
    filed, accepted = (online[name].to_numpy().astype("datetime64[D]") for name in ("submitted_at", "accepted_at"))
    assert (np.busday_count(filed, accepted, holidays=HOLIDAYS) <= 1).mean() > 0.9
    counter = made.cases[made.cases["channel"] == "counter"]
    assert (counter["accepted_at"] - counter["submitted_at"] < pd.Timedelta(minutes=40)).all()


def test_online_cases_are_of_published_procedures_and_levels_are_the_catalogues(made):
    resolved = made.cases[made.cases["outcome"] == "resolved"]
    assert resolved.loc[resolved["channel"] == "online", "level"].isin(PUBLISHED_LEVELS).all()
    states = made.catalogue.assign(valid_to=made.catalogue["valid_to"].fillna(pd.Timestamp("2100-01-01")))
    both = resolved.merge(states, on="procedure_code", suffixes=("", "_listed"), validate="m:m")
    finished = both["finished_at"].dt.normalize()
    both = both[(finished >= both["valid_from"]) & (finished <= both["valid_to"])]
    assert len(both) == len(resolved)
    assert (both["level"] == both["level_listed"]).all()
    assert (both["field"] == both["field_listed"]).all()


def test_identifiers_have_a_national_form_the_day_of_filing_and_a_running_number(made):
    parts = made.cases["case_id"].str.extract(r"^(?:000\.00\.(\d\d)\.H32|H32\.(\d\d))-(\d{6})-(\d{4,})$")
    body = parts[0].fillna(parts[1])
    assert body.notna().all()
    assert 0.1 < parts[1].notna().mean() < 0.4
    assert body.groupby(made.cases["agency"]).nunique().eq(1).all()
    assert (parts[2] == made.cases["submitted_at"].dt.strftime("%y%m%d")).all()
    number = parts[3].astype(int)
    assert (number == number.groupby([body, parts[2]]).cumcount() + 1).all()


def test_every_body_and_field_of_the_province_has_cases(made):
    assert set(made.cases["agency"]) == set(province.AGENCIES)
    assert set(made.cases["field"]) == set(province.FIELDS)
    assert set(made.cases["district"].dropna()) == set(province.DISTRICT_WEIGHTS)
    of_district = made.cases["agency"].str.startswith("ubnd-")
    assert (made.cases["district"].notna() == of_district).all()
    assert not set(province.AGENCIES) & set(province.FIELDS)  # a series is named by its code alone


def test_ratings_are_given_after_the_hand_over_by_some_of_those_served(made):
    rated = made.case_ratings.merge(made.cases, on="case_id", validate="1:1")
    assert len(rated) == len(made.case_ratings)
    assert (rated["rated_at"] > rated["returned_at"]).all()
    assert set(rated["outcome"]) == {"resolved"}
    assert set(rated["channel"]) == {"online", "counter"}
    assert 0.05 < len(rated) / len(made.cases) < 0.08
    assert periods.reporting_month(rated["rated_at"].max().date(), 14) == pd.Period("2021-12", "M")

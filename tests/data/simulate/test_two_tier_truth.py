"""The truth of the two-tier province is what its rows say: worked out by hand, and counted again case by case."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import pandas as pd
import pytest

from analysis.data.simulate.two_tier.folder import write_two_tier
from analysis.data.simulate.two_tier.truth import DEFINITIONS, answers

SCALE = 0.01
T, F = True, False


@pytest.fixture
def by_hand(tmp_path):
    """A folder of four cases, few enough to be counted at a glance."""
    columns = ["case_id", "agency", "received_at_agency", "procedure_code", "level", "channel", "outcome"]
    cases = pd.DataFrame(
        [
            ("a", "snv", "snv", "9.1", "full", "online", "resolved"),
            ("b", "xa-01", "xa-02", "9.1", "full", "counter", "resolved"),
            ("c", "xa-01", "xa-01", "9.2", "partial", "post", "resolved"),
            ("d", "xa-01", "xa-01", "9.2", None, "counter", "open"),
        ],
        columns=columns,
    ).assign(
        accepted_at=pd.to_datetime(["2026-03-14 08:00", "2026-03-15 08:00", "2026-04-01 08:00", "2026-04-02 08:00"]),
        due_at=pd.to_datetime(["2026-03-20 17:00", "2026-03-20 17:00", None, "2026-04-03 17:00"]),
        finished_at=pd.to_datetime(["2026-03-20 18:00", "2026-03-21 08:00", "2026-04-05 20:00", None]),
        fee_due=[T, T, F, T],
        paid_online=[T, F, None, F],
        digitised=[T, F, T, F],
        electronic_result=[T, T, F, None],
        data_reused=[F, F, T, F],
        apology=[None, T, None, F],
    )
    cases.to_parquet(tmp_path / "cases.parquet")
    ratings = [("a", "satisfied"), ("b", "dissatisfied"), ("c", "very_satisfied")]
    ratings = pd.DataFrame(ratings, columns=["case_id", "rating"]).assign(rated_at=pd.Timestamp("2026-04-06"))
    ratings.to_parquet(tmp_path / "case_ratings.parquet")
    state = {"procedure_code": ["9.1", "9.2", "9.2"], "level": ["full", "partial", "full"]}
    days = {"valid_from": ["2023-01-01", "2023-01-01", "2026-04-04"], "valid_to": [None, "2026-04-03", None]}
    days = {name: pd.to_datetime(values) for name, values in days.items()}
    pd.DataFrame(state | days).to_parquet(tmp_path / "catalogue.parquet")
    feedback = {"due_at": ["2026-04-02 17:00", "2026-04-03 17:00", "2026-04-30 17:00"]}
    feedback["answered_at"] = ["2026-04-02 20:00", None, None]
    feedback = pd.DataFrame({name: pd.to_datetime(values) for name, values in feedback.items()})
    feedback.assign(agency="xa-01").to_parquet(tmp_path / "feedback.parquet")
    (tmp_path / "bodies.csv").write_text("code,block\nsnv,departments\nxa-01,communes\nxa-02,communes\n")
    return tmp_path


def _found(folder, cutoff_day, scale=0.002):
    table = answers(folder, until=date(2026, 4, 10), cutoff_day=cutoff_day, scale=scale)
    keys = ["quantity", "series", "period"]
    assert not table.duplicated(keys).any()
    return {
        key: (float(numerator), int(denominator))
        for key, numerator, denominator in zip(
            table[keys].itertuples(index=False, name=None), table["numerator"], table["denominator"], strict=True
        )
    }


def test_four_cases_by_hand(by_hand):
    found = _found(by_hand, None)
    assert found["on_time", "total", "2026Q1"] == (1, 2)  # a by day, though after five; b is late; c has no due date
    assert found["on_time", "departments", "2026Q1"] == (1, 1)
    assert ("on_time", "total", "2026Q2") not in found
    assert found["not_late", "total", "2026"] == (2, 3)
    assert found["online", "total", "2026Q1"] == (1, 2)
    assert found["online_without_post", "total", "2026"] == (1, 3)
    assert found["full_process", "communes", "2026"] == (1, 3)
    assert found["online_full_process", "total", "2026"] == (1, 4)
    assert found["received_elsewhere", "communes", "2026"] == (1, 3)
    assert found["paid_online", "total", "2026"] == (1, 2)
    assert found["procedures_paid_online", "total", "2026"] == (1, 1)
    assert found["procedures_paid_online", "communes", "2026"] == (0, 1)
    assert found["digitised", "total", "2026"] == (2, 4)
    assert found["electronic_result", "total", "2026"] == (2, 3)
    assert found["data_reused", "total", "2026Q2"] == (1, 2)
    assert found["apology", "total", "2026"] == (1, 1)
    assert found["days_to_finish", "total", "2026Q2"] == (4.5, 1)
    assert found["days_to_finish_by_date", "total", "2026"] == (6 + 6 + 4, 3)
    assert found["busy_full_process", "total", "2026Q1"] == (1, 1)  # 9.1 has two cases, and two are many at this scale
    assert found["busy_full_process", "total", "2026"] == (2, 2)
    assert found["feedback_on_time", "total", "2026"] == (1, 2)  # the third is not due yet
    assert found["online_satisfied", "total", "2026"] == (1, 1)
    assert found["offline_satisfied", "communes", "2026"] == (1, 2)


def test_months_that_close_on_the_fourteenth(by_hand):
    found = _found(by_hand, 14)
    assert found["online", "total", "2026Q1"] == (1, 1)  # b came in on the first day of the second quarter
    assert found["online", "total", "2026Q2"] == (0, 3)
    assert found["not_late", "total", "2026Q2"] == (2, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("two-tier")
    write_two_tier(out, scale=SCALE)
    return out


@pytest.fixture(scope="module")
def truth(folder):
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("calendar", "period", "first", "last"),
    [
        ("month_end", "2025Q3", date(2025, 7, 1), date(2025, 9, 30)),
        ("day_14", "2026", date(2025, 12, 15), date(2026, 12, 14)),
    ],
)
def test_the_truth_is_what_a_count_case_by_case_finds(folder, truth, calendar, period, first, last):
    found = truth["calendars"][calendar][period]
    assert found["complete"]
    counted = {series: Counter() for series in ("total", "departments", "communes")}
    paid, with_fee = set(), set()
    for case in pd.read_parquet(folder / "cases.parquet").itertuples():
        both = ("total", "communes" if case.agency.startswith("xa-") else "departments")
        if not pd.isna(case.accepted_at) and first <= case.accepted_at.date() <= last:
            for series in both:
                counted[series].update(
                    received=1,
                    online=case.channel == "online",
                    full_process=case.level == "full",
                    digitised=case.digitised is True,
                    data_reused=case.data_reused is True,
                    received_elsewhere=case.agency != case.received_at_agency,
                )
        if case.outcome == "resolved" and first <= case.finished_at.date() <= last:
            has_due, late = not pd.isna(case.due_at), False
            if has_due:
                late = case.finished_at.date() > case.due_at.date()
            for series in both:
                counted[series].update(
                    resolved=1,
                    dated=has_due,
                    late=late,
                    on_time=has_due and not late,
                    fee_due=case.fee_due,
                    paid_online=case.paid_online is True,
                    electronic_result=case.electronic_result is True,
                    apology=case.apology is True,
                )
            if case.fee_due:
                with_fee.add(case.procedure_code)
                if case.paid_online:
                    paid.add(case.procedure_code)
    denominators = {
        "on_time": "dated", "online": "received", "full_process": "received", "received_elsewhere": "received",
        "digitised": "received", "data_reused": "received", "paid_online": "fee_due",
        "electronic_result": "resolved", "apology": "late",
    }  # fmt: skip
    for series, numbers in counted.items():
        for quantity, denominator in denominators.items():
            entry = found[quantity][series]
            assert (entry["numerator"], entry["denominator"]) == (numbers[quantity], numbers[denominator]), quantity
            assert entry["value"] == pytest.approx(numbers[quantity] / numbers[denominator], abs=1e-7)
    entry = found["procedures_paid_online"]["total"]
    assert (entry["numerator"], entry["denominator"]) == (len(paid), len(with_fee))


def test_every_quantity_is_there_in_each_year_and_says_what_it_is(truth):
    assert set(truth["definitions"]) == set(DEFINITIONS)
    for calendar, complete in (("month_end", {"2024", "2025"}), ("day_14", {"2025", "2026"})):
        periods = truth["calendars"][calendar]
        for year in ("2024", "2025", "2026"):
            assert set(periods[year]) == {*DEFINITIONS, "complete"}
            assert periods[year]["complete"] == (year in complete)
    assert set(truth["survey"]) == {"2022", "2023", "2024", "2025"}


def test_quarters_add_up_to_their_year(truth):
    periods = truth["calendars"]["month_end"]
    for quantity in set(DEFINITIONS) - {"busy_full_process", "procedures_paid_online"}:
        year = periods["2025"][quantity]["total"]
        quarters = [periods[f"2025Q{number}"][quantity]["total"] for number in range(1, 5)]
        for part in ("numerator", "denominator"):
            assert sum(one[part] for one in quarters) == pytest.approx(year[part], abs=1e-4), quantity


def test_the_promises_of_2026_are_worth_a_forecast(truth):
    year = truth["calendars"]["day_14"]["2026"]
    assert 0.93 < year["on_time"]["total"]["value"] < 0.97
    assert 0.92 < year["online_satisfied"]["total"]["value"] < 0.97
    days = [truth["calendars"]["month_end"][name]["days_to_finish"]["total"]["value"] for name in ("2024", "2026")]
    assert 0.4 < days[1] / days[0] < 0.75

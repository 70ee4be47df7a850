"""The two-tier province keeps the contracts, could have happened, and shows the break of July 2025."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import yaml
from pandas.testing import assert_frame_equal

from analysis.data.codes import CODE
from analysis.data.contracts import TABLES, Cases, check, columns_of
from analysis.data.simulate.two_tier import province
from analysis.data.simulate.two_tier.cases import COLUMNS, FLAGS, TIMES
from analysis.data.simulate.two_tier.folder import write_two_tier

SCALE = 0.01
MIDYEAR = date(2026, 6, 30)
TABLES_OF_DAYS = ("progress", "catalogue", "feedback")
# Written out from the wall calendar, not from the code: fixed holidays and the seven days of Tết.
HOLIDAYS = [date(year, *day) for year in range(2024, 2028) for day in ((1, 1), (4, 30), (5, 1), (9, 2))] + [
    first + timedelta(days=offset)
    for first in (date(2024, 2, 8), date(2025, 1, 27), date(2026, 2, 15))
    for offset in range(7)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("two-tier")
    write_two_tier(out, scale=SCALE)
    return out


@pytest.fixture(scope="module")
def midyear(tmp_path_factory):
    out = tmp_path_factory.mktemp("two-tier-midyear")
    write_two_tier(out, scale=SCALE, until=MIDYEAR)
    return out


@pytest.fixture(scope="module")
def cases(folder):
    return pd.read_parquet(folder / "cases.parquet")


@pytest.fixture(scope="module")
def block(cases):
    return cases["agency"].str.startswith("xa-").map({True: "communes", False: "departments"})


def test_the_folder_holds_its_tables_and_what_is_said_of_them(folder):
    tables = {"cases", "case_ratings", "catalogue", "progress", "survey", "feedback"}
    others = {"bodies.csv", "names.yml", "about.yml", "truth.json", "README.md"}
    assert {file.name for file in folder.iterdir()} == {f"{name}.parquet" for name in tables} | others
    about = yaml.safe_load((folder / "about.yml").read_text(encoding="utf-8"))
    assert (about["simulated"], about["extracted_on"]) == (True, date(2026, 12, 20))
    assert set(about["extra"]["cases"]) == {*FLAGS, "fee"}
    feedback = pd.read_parquet(folder / "feedback.parquet")
    declared = about["tables"]["feedback"]
    assert set(feedback) == {declared["id"], *declared["times"], *declared["dimensions"]}
    assert "simulated" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["cases", "case_ratings", "catalogue", "progress", "survey"])
def test_the_tables_are_the_contracts_without_what_is_beyond_them(folder, name):
    table = pd.read_parquet(folder / f"{name}.parquet")
    known = columns_of(TABLES[name])
    beyond = {"cases": {"received_at_agency", *FLAGS, "fee"}, "survey": {"field"}}.get(name, set())
    assert set(table) - set(known) <= beyond
    check(table[[column for column in table if column in known]], TABLES[name], where=name)


def test_it_is_as_large_as_its_scale(cases):
    quarter = cases["accepted_at"].dt.to_period("Q").value_counts()
    assert quarter[pd.Period("2025Q3")] == pytest.approx(191_957 * SCALE, rel=0.08)
    yearly = cases["accepted_at"].dt.year.value_counts()
    assert yearly[2024] < yearly[2025]
    assert set(cases["accepted_at"].dropna().dt.year) == {2024, 2025, 2026}


@pytest.mark.slow
def test_the_same_seed_makes_the_same_folder_and_another_seed_another(folder, cases, tmp_path):
    write_two_tier(tmp_path / "again", scale=SCALE)
    write_two_tier(tmp_path / "other", scale=SCALE, seed=1)
    for file in sorted(folder.iterdir()):
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name
        if file.suffix == ".parquet":
            assert (tmp_path / "other" / file.name).read_bytes() != file.read_bytes(), file.name


@pytest.mark.slow
def test_an_earlier_day_knows_the_same_cases_less_what_came_later(cases, midyear):
    end = pd.Timestamp("2026-06-30 23:59:59")
    earlier = pd.read_parquet(midyear / "cases.parquet")
    later = cases[cases["submitted_at"] <= end].reset_index(drop=True)
    never = ["case_id", "procedure_code", "field", "agency", "received_at_agency", "level", "channel", "submitted_at"]
    assert_frame_equal(earlier[never], later[never])
    for time in ("accepted_at", "finished_at", "returned_at"):
        assert earlier[time].equals(later[time].where(later[time] <= end)), time
    closed = earlier["outcome"] != "open"
    columns = [*TIMES[:-1], "outcome", *FLAGS, "fee"]
    assert_frame_equal(earlier.loc[closed, columns], later.loc[closed, columns])
    assert (later.loc[~closed, "finished_at"].isna() | (later.loc[~closed, "finished_at"] > end)).all()
    assert (earlier["outcome"] == "open").mean() < 0.05


def test_an_earlier_day_knows_less_of_the_other_tables(folder, midyear):
    both = {name: [pd.read_parquet(at / f"{name}.parquet") for at in (folder, midyear)] for name in TABLES_OF_DAYS}
    later, earlier = both["progress"]
    assert earlier["done_on"].equals(later["done_on"].where(later["done_on"] <= pd.Timestamp(MIDYEAR)))
    later, earlier = both["catalogue"]
    assert earlier["valid_from"].max() <= pd.Timestamp(MIDYEAR)
    assert len(earlier) == (later["valid_from"] <= pd.Timestamp(MIDYEAR)).sum()
    later, earlier = both["feedback"]
    assert earlier["feedback_id"].tolist() == later["feedback_id"].head(len(earlier)).tolist()
    assert earlier["answered_at"].max() < pd.Timestamp("2026-07-01") < later["answered_at"].max()


def test_days_follow_each_other_and_nothing_is_worked_on_on_a_day_off(cases):
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
    assert cases["submitted_at"].is_monotonic_increasing
    assert cases["case_id"].is_unique
    assert cases[["accepted_at", "finished_at", "returned_at"]].max().max() < pd.Timestamp("2026-12-21")
    for name in ("accepted_at", "first_due_at", "due_at", "finished_at"):
        days = cases[name].dropna().dt.date
        assert (pd.to_datetime(days).dt.day_of_week < 5).all(), name
        assert not set(days) & set(HOLIDAYS), name


def test_each_outcome_has_the_times_and_flags_it_can_have(cases):
    there = cases.notna().groupby(cases["outcome"]).mean()
    assert there.loc["resolved", ["accepted_at", "finished_at", "electronic_result", "digitised"]].eq(1).all()
    assert there.loc["withdrawn", ["returned_at", "electronic_result"]].eq(0).all()
    assert there.loc["refused", ["accepted_at", "due_at", "finished_at", "digitised", "paid_online"]].eq(0).all()
    assert there.loc["open", ["finished_at", "electronic_result"]].eq(0).all()
    received = cases["accepted_at"].notna()
    assert (cases["paid_online"].notna() == (received & cases["fee_due"])).all()
    assert (cases["fee"].notna() == cases["fee_due"]).all()
    ended = cases["finished_at"].fillna(pd.Timestamp("2026-12-20")).dt.normalize()
    late = ended > cases["due_at"].dt.normalize()
    assert (cases["apology"].notna() == late).all()
    # of the cases that cannot be filed online, none was
    listed = cases["level"].notna()
    assert set(cases.loc[listed & (cases["channel"] == "online"), "level"]) == {"full", "partial"}


def test_the_break_of_july_2025_is_visible(cases, block):
    before = cases["submitted_at"] < pd.Timestamp("2025-07-01")
    old, new = cases.loc[before, "case_id"], cases.loc[~before, "case_id"]
    assert old.str.fullmatch(r"000\.\d\d\.MP-\d{6}-\d{4}").all()
    assert new.str.fullmatch(r"MP\.2\.\d\d-\d{6}-\d{5}").all()
    assert 0.01 < cases.loc[before, "level"].isna().mean() < 0.06
    assert cases.loc[~before, "level"].notna().all()
    elsewhere = cases["agency"] != cases["received_at_agency"]
    assert not elsewhere[before].any()
    assert 0.06 < elsewhere[~before].mean() < 0.10

    quarter = cases["accepted_at"].dt.to_period("Q").astype(str)
    online = (cases["channel"] == "online").groupby(quarter).mean()
    assert online["2025Q3"] - online["2025Q2"] > 0.12
    assert quarter.eq("2025Q3").sum() > 1.05 * quarter.eq("2025Q2").sum()
    resolved = cases[(cases["outcome"] == "resolved") & cases["due_at"].notna()]
    on_time = resolved["finished_at"].dt.normalize() <= resolved["due_at"].dt.normalize()
    finished_in = resolved["finished_at"].dt.to_period("Q").astype(str)
    by_block = on_time.groupby([block[resolved.index], finished_in]).mean()
    assert by_block["departments", "2025Q3"] == pytest.approx(0.905, abs=0.03)
    assert by_block["communes", "2025Q3"] == pytest.approx(0.955, abs=0.02)
    in_all = on_time.groupby(finished_in).mean()
    assert in_all["2025Q3"] < in_all["2025Q2"] - 0.01
    assert in_all["2025Q3"] < in_all["2026Q4"]


def test_the_communes_are_busy_after_tet(cases, block):
    days = cases["accepted_at"].dt.normalize().dropna()
    days = days[block[days.index] == "communes"]
    per_day = days.value_counts()
    for year, first in ((2024, "2024-02-10"), (2025, "2025-01-29"), (2026, "2026-02-17")):
        tet = pd.Timestamp(first)
        surge = per_day[(per_day.index > tet + pd.Timedelta(days=8)) & (per_day.index < tet + pd.Timedelta(days=28))]
        spring = per_day[(per_day.index >= f"{year}-04-01") & (per_day.index < f"{year}-06-01")]
        assert surge.mean() > 1.1 * spring.mean()


def test_there_are_two_tiers_and_no_district(folder, cases):
    bodies = pd.read_csv(folder / "bodies.csv")
    assert bodies["block"].value_counts().to_dict() == {"communes": 65, "departments": 15}
    assert set(cases["agency"]) <= set(bodies["code"])
    assert len(set(cases["agency"])) > 75  # in a small province the smallest have no case
    assert set(cases["received_at_agency"]) <= set(bodies["code"])
    assert cases["district"].isna().all()
    assert not set(province.BODIES) & set(province.FIELDS)
    names = yaml.safe_load((folder / "names.yml").read_text(encoding="utf-8"))["names"]
    assert set(names["agency"]) == set(bodies["code"])
    assert set(names["field"]) >= set(cases["field"])


def test_no_commune_can_be_taken_for_a_real_one_and_there_is_no_person(folder, cases):
    assert all("mô phỏng" in vi and "Simulated" in en for vi, en in province.COMMUNE_NAMES.values())
    # Every column is one that is declared, and every text in it a code: there is no room for a name.
    assert tuple(cases) == COLUMNS
    assert set(COLUMNS) <= {*columns_of(Cases), "received_at_agency", *FLAGS, "fee"}
    codes = {"case_id": r"[0-9MP.]+-\d{6}-\d+", "procedure_code": r"9\.\d{6}"}
    for name in cases.select_dtypes("str"):
        values = cases[name].dropna()
        assert values.str.fullmatch(codes.get(name, CODE)).all(), name
    feedback = pd.read_parquet(folder / "feedback.parquet")
    assert feedback["feedback_id"].str.fullmatch(r"PA-\d{4}-\d{5}").all()
    assert all(re.fullmatch(CODE, code) for code in {*feedback["agency"], *feedback["field"]})


def test_the_catalogue_moves_to_full_process_in_2026(folder):
    catalogue = pd.read_parquet(folder / "catalogue.parquet")
    full = {}
    for day in ("2025-06-30", "2025-12-31", "2026-12-20"):
        on = pd.Timestamp(day)
        state = catalogue[(catalogue["valid_from"] <= on) & ~(catalogue["valid_to"] < on)]
        assert state["procedure_code"].is_unique
        full[day] = (state["level"] == "full").sum() / state["eligible"].sum()
        assert not state.loc[~state["eligible"], "level"].isin(["full", "partial"]).any()
    assert full["2025-06-30"] < full["2025-12-31"] - 0.1 < full["2026-12-20"] - 0.3 < 0.7
    now = catalogue[catalogue["valid_to"].isna()]
    assert (now["roadmap_on"].notna() == now["eligible"]).all()


def test_levels_of_cases_are_the_catalogues(folder, cases):
    states = pd.read_parquet(folder / "catalogue.parquet")
    states["valid_to"] = states["valid_to"].fillna(pd.Timestamp("2100-01-01"))
    # Cases of the counter: they come in on the working day on which they are filed.
    counter = cases[(cases["channel"] == "counter") & cases["level"].notna()]
    both = counter.merge(states, on="procedure_code", suffixes=("", "_listed"))
    filed = both["submitted_at"].dt.normalize()
    both = both[(filed >= both["valid_from"]) & (filed <= both["valid_to"])]
    assert len(both) == len(counter)
    assert (both["level"] == both["level_listed"]).all()
    assert (both["field"] == both["field_listed"]).all()


def test_online_and_counter_cases_are_rated_differently(folder, cases):
    ratings = pd.read_parquet(folder / "case_ratings.parquet")
    rated = ratings.merge(cases, on="case_id", validate="1:1")
    assert len(rated) == len(ratings) > 1000
    assert (rated["rated_at"] > rated["returned_at"]).all()
    assert set(rated["channel"]) == {"online", "counter"}
    assert set(rated["rating"]) == {"dissatisfied", "satisfied", "very_satisfied"}
    satisfied = (rated["rating"] != "dissatisfied").groupby(rated["channel"]).mean()
    assert satisfied["online"] < satisfied["counter"] - 0.01


def test_the_survey_has_the_fields_a_plan_asks_for(folder, tmp_path):
    survey = pd.read_parquet(folder / "survey.parquet")
    assert set(survey["instrument"]) == {"provincial"}
    assert sorted(set(survey["round"])) == ["2022", "2023", "2024", "2025"]
    counts = survey.groupby(["field", "round"]).size()
    assert all((counts[field] > 100).all() for field in ("datdai", "xaydung", "dautu"))
    assert survey["field"].isna().any()
    write_two_tier(tmp_path, scale=0.001, survey_2026=True)
    with_2026 = pd.read_parquet(tmp_path / "survey.parquet")
    assert_frame_equal(with_2026[with_2026["round"] != "2026"], survey)
    assert (with_2026["round"] == "2026").sum() > 2000


def test_the_dated_lists_are_those_of_three_promises(folder):
    progress = pd.read_parquet(folder / "progress.parquet")
    assert set(progress["target"]) == {"business_conditions", "independent_of_place", "tasks"}
    tasks = progress[progress["target"] == "tasks"]
    assert len(tasks) == 62
    assert set(tasks["kind"]) == {"milestone"}
    assert tasks["planned_on"].between("2026-01-01", "2026-12-31").all()
    done = progress["done_on"].notna().groupby(progress["target"]).mean()
    assert done.between(0.7, 0.99).all()


def test_feedback_is_due_ten_working_days_after_it_came(folder):
    feedback = pd.read_parquet(folder / "feedback.parquet")
    received, due = (feedback[name].to_numpy().astype("datetime64[D]") for name in ("received_at", "due_at"))
    assert set(np.busday_count(received, due, holidays=HOLIDAYS)) == {10}
    assert (feedback["answered_at"].dropna() > feedback["received_at"][feedback["answered_at"].notna()]).all()
    assert feedback["feedback_id"].is_unique

"""The committed demo is what its seed makes, and has the character its truth says."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
import yaml
from pandas.testing import assert_frame_equal

from analysis.data.form06a.read import read_form
from analysis.data.ingest.folder_contents import read_table
from analysis.data.simulate.simulation import write_demo
from analysis.parameters import ROOT

DEMO = ROOT / "data" / "demo"
EARLIER, FORM = "2021-06-20", "form-06a-2021-Q3.xlsx"
FIRST, END = pd.Timestamp("2021-06-15"), pd.Timestamp("2021-09-15")
TABLES_OF_THE_DEMO = ("counts", "workload", "ratings", "survey", "catalogue", "progress")


def _table(name):
    return read_table(DEMO, name)


@pytest.fixture(scope="module")
def counts():
    return _table("counts")


@pytest.fixture(scope="module")
def ratings():
    return _table("ratings")


@pytest.fixture(scope="module")
def truth():
    return json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_committed_demo_is_what_the_seed_makes(tmp_path):
    write_demo(tmp_path, 2021)
    for name in TABLES_OF_THE_DEMO:
        assert_frame_equal(read_table(tmp_path, name), read_table(DEMO, name))
    assert_frame_equal(pd.read_parquet(tmp_path / "cases.parquet"), pd.read_parquet(DEMO / "cases.parquet"))
    assert_frame_equal(read_table(tmp_path / EARLIER, "counts"), read_table(DEMO / EARLIER, "counts"))
    for name in ("truth.json", "about.yml", f"{EARLIER}/about.yml"):
        assert (tmp_path / name).read_text(encoding="utf-8") == (DEMO / name).read_text(encoding="utf-8")
    written, filed = (read_form(folder / FORM) for folder in (tmp_path, DEMO))
    assert_frame_equal(written.rows, filed.rows)
    assert_frame_equal(written.totals, filed.totals)
    assert _files(tmp_path) | {"README.md"} == _files(DEMO)


def _files(folder):
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_what_does_not_depend_on_the_size_is_what_the_seed_makes(made, truth):
    for name in ("survey", "catalogue", "progress"):
        assert_frame_equal(getattr(made, name), _table(name))
    assert {**made.truth, "cases": truth["cases"]} == truth


def test_the_demo_is_small():
    assert sum(file.stat().st_size for file in DEMO.rglob("*")) < 3e6


def test_the_demo_says_that_it_is_simulated_and_when_it_was_taken():
    about = yaml.safe_load((DEMO / "about.yml").read_text(encoding="utf-8"))
    assert (about["simulated"], about["extracted_on"]) == (True, date(2021, 12, 20))


@pytest.mark.parametrize(
    ("emptied", "before", "after"),
    [
        ("2018-03", "2018-01", "2018-04"),  # 9–22 February: 6 days in the reporting month of February, 8 in March's
        ("2019-02", "2019-01", "2019-03"),  # 29 January–11 February: all in February's
        ("2020-02", "2020-01", "2020-03"),  # 18–31 January: all in February's
        ("2021-02", "2021-01", "2021-04"),  # 5–18 February: 10 days in February's, 4 in March's
    ],
)
def test_tet_empties_the_month_it_falls_in_whichever_that_is(counts, emptied, before, after):
    monthly = counts.groupby("period")["resolved"].sum()
    # Half of the window takes e^(-0.55 / 2), a quarter of the cases; season and shocks give back less than that.
    assert monthly[emptied] < 0.85 * min(monthly[before], monthly[after])


def test_the_catalogue_jumps_in_september_2020(counts):
    published = counts[counts["published_online"].astype(bool)].groupby("period")["resolved"].sum()
    share = published / counts.groupby("period")["resolved"].sum()
    assert share["2020-08"] < 0.25
    assert share["2020-09"] > 0.55


def test_every_resolved_case_is_early_on_time_late_or_without_a_due_date(counts):
    resolved = counts.groupby("period")["resolved"].sum()
    by_timeliness = counts.pivot_table(index="period", columns="timeliness", values="resolved", aggfunc="sum")
    assert set(by_timeliness) == {"early", "on_time", "late", "no_due_date"}
    assert by_timeliness.sum(axis=1).tolist() == resolved.tolist()
    assert len(resolved) == 48


def test_as_much_comes_in_as_goes_out(counts):
    yearly = counts.groupby(counts["period"].str[:4])[["received", "resolved"]].sum()
    # Withdrawn cases come in and are not resolved; the stock of open ones hardly changes.
    assert (yearly["received"] / yearly["resolved"]).between(1.0, 1.03).all()


def test_the_desk_holds_the_cases_of_the_counts(counts):
    desk = _table("workload")
    both = ["received", "resolved"]
    assert_frame_equal(desk.groupby("period")[both].sum(), counts.groupby("period")[both].sum())
    late = counts[counts["timeliness"] == "late"].groupby("period")["resolved"].sum()
    assert desk.groupby("period")["resolved_late"].sum().tolist() == late.tolist()


@pytest.fixture(scope="module")
def cases():
    return pd.read_parquet(DEMO / "cases.parquet")


def _month(days):
    """Reporting month of each day: from the 15th of the month before to the 14th."""
    return (days + pd.to_timedelta((days.dt.day > 14) * 20, unit="D")).dt.strftime("%Y-%m")


def test_the_cases_of_the_quarter_add_up_to_the_counts(counts, cases):
    """Cell by cell, received and resolved; counted here anew, without the suite's own counting."""
    by = ["period", "agency", "district", "field", "channel"]
    quarter = counts[counts["period"].between("2021-07", "2021-09")]
    received = cases[cases["accepted_at"].between(FIRST, END, inclusive="left")]
    resolved = cases[(cases["outcome"] == "resolved") & cases["finished_at"].between(FIRST, END, inclusive="left")]
    for count, mine, moment in (("received", received, "accepted_at"), ("resolved", resolved, "finished_at")):
        added = mine.assign(period=_month(mine[moment])).groupby(by, dropna=False).size()
        given = quarter.groupby(by, dropna=False)[count].sum()
        assert added.to_dict() == {cell: n for cell, n in given.to_dict().items() if n}
        assert added.sum() > 60_000
    late = resolved["finished_at"].dt.normalize() > resolved["due_at"].dt.normalize()
    assert late.sum() == quarter.loc[quarter["timeliness"] == "late", "resolved"].sum()


def test_what_was_open_when_the_quarter_began_is_among_its_cases(cases):
    """The desk of June, carried into July, is all there; and no case is that was closed before."""
    desk = _table("workload")
    carried = desk.loc[desk["period"] == "2021-07", "carried_in"].sum()
    before = cases[cases["accepted_at"] < FIRST]
    assert len(before) == carried > 5_000
    assert (before["finished_at"].isna() | (before["finished_at"] >= FIRST)).all()
    assert (cases["submitted_at"] < END).all()


def test_the_earlier_extract_lacks_what_three_bodies_entered_later(counts):
    earlier = read_table(DEMO / EARLIER, "counts")
    now, then = (
        frame[frame["period"] <= "2021-06"].groupby(["period", "agency"])[["received", "resolved"]].sum()
        for frame in (counts, earlier)
    )
    lacking = (now - then).fillna(0).astype(int)
    assert set(earlier["period"]) == set(now.reset_index()["period"])
    assert (lacking >= 0).all(axis=None)
    assert set(lacking[lacking.any(axis=1)].reset_index()["agency"]) == {"ubnd-kv", "ubnd-ks", "ubnd-vn"}
    months = lacking.groupby("period")["received"].sum()
    assert months["2021-06"] > 3 * months["2021-05"] > 0
    assert months[:"2020-12"].sum() == 0


def test_the_form_filed_lacks_them_too_and_has_one_slip(cases):
    """Every other row is the count of the cases, made here anew."""
    form = read_form(DEMO / FORM)
    filed = form.rows[form.rows["section"] == form.rows["section"].iloc[0]].set_index("name")
    slip = filed.loc["Sở Công Thương"]
    assert slip["resolved_early"] - (slip["resolved_total"] - slip["resolved_on_time"] - slip["resolved_late"]) == 90
    due, finished = (cases[name].dt.normalize() for name in ("due_at", "finished_at"))
    by_end = cases["finished_at"] < END
    at_justice = cases[cases["agency"] == "stp"]
    justice = filed.loc["Sở Tư pháp"]
    accepted = at_justice["accepted_at"].notna() & (at_justice["accepted_at"] < END)
    assert justice["received_total"] == accepted.sum()
    assert justice["carried_over"] == (at_justice["accepted_at"] < FIRST).sum()
    assert (
        justice["resolved_late"]
        == ((due < finished) & by_end & (cases["agency"] == "stp") & (cases["outcome"] == "resolved")).sum()
    )
    vn = cases[(cases["agency"] == "ubnd-vn") & cases["accepted_at"].between(FIRST, END, inclusive="left")]
    lacking = len(vn) - filed.loc["UBND H. Vạn Ninh", ["received_online", "received_counter_post"]].sum()
    assert 0 < lacking < 0.05 * len(vn)


def test_the_third_quarter_of_2021_is_worth_a_forecast(counts):
    year = counts[counts["period"].between("2021-01", "2021-09")]
    online = year.loc[year["channel"] == "online", "resolved"].sum() / year["resolved"].sum()
    assert 0.27 < online < 0.285
    late = year[year["timeliness"] == "late"].groupby("field")["resolved"].sum()
    overdue = late / year.groupby("field")["resolved"].sum()
    assert overdue["datdai"] > 0.022
    named = overdue[["moitruong", "dautu", "xaydung", "nhadat", "thue", "bhxh", "ldtbxh"]]
    assert (named < 0.02).sum() >= 5


def _online(counts, ratings):
    by_channel = counts.pivot_table(index="period", columns="channel", values="resolved", aggfunc="sum")
    return by_channel["online"], by_channel.sum(axis=1)


def _late(counts, ratings):
    by_timeliness = counts.pivot_table(index="period", columns="timeliness", values="resolved", aggfunc="sum")
    return by_timeliness["late"], by_timeliness.sum(axis=1)


def _satisfied(counts, ratings):
    sums = ratings.groupby("period")[["satisfied", "respondents"]].sum()
    return sums["satisfied"], sums["respondents"]


@pytest.mark.parametrize(
    ("name", "added_up"),
    [("online_of_all", _online), ("late_of_resolved", _late), ("satisfied_of_ratings", _satisfied)],
)
def test_the_counts_scatter_around_the_truth_as_binomial_counts_do(counts, ratings, truth, name, added_up):
    months = truth["monthly"]
    K, N = (count.astype(float) for count in added_up(counts, ratings))
    true = pd.Series(months[name], index=months["period"])
    z = (K / N - true) / np.sqrt(true * (1 - true) / N)
    assert z.abs().max() < 4.5
    assert 0.3 < (z**2).mean() < 2.5

"""The catalogue moves as published facts say, and the inventories of progress are its own."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.data.codes import PUBLISHED_LEVELS

END = pd.Timestamp("2021-12-14")


def _on(catalogue, day):
    """Return the state of every procedure on a day."""
    day = pd.Timestamp(day)
    return catalogue[(catalogue["valid_from"] <= day) & ~(catalogue["valid_to"] < day)]


@pytest.mark.parametrize(
    ("day", "published", "level_4"),
    [("2018-01-01", 140, 33), ("2020-08-14", 140, 33), ("2020-08-15", 746, 391), ("2020-12-31", 746, 391)],
)
def test_the_online_catalogue_has_the_published_size(made, day, published, level_4):
    states = _on(made.catalogue, day)
    assert len(states) == 1143
    assert states["procedure_code"].is_unique
    assert states["level"].isin(PUBLISHED_LEVELS).sum() == published
    assert (states["level"] == "4").sum() == level_4


def test_states_follow_each_other_without_gap_or_overlap(made):
    for _, states in made.catalogue.groupby("procedure_code"):
        ends = states["valid_to"].tolist()
        assert pd.isna(ends[-1])
        assert [end + pd.Timedelta(days=1) for end in ends[:-1]] == states["valid_from"].tolist()[1:]
        assert states["level"].is_monotonic_increasing
        assert set(states["field"]) == {states["field"].iloc[0]}


def test_only_eligible_procedures_are_published_and_nearly_all_are_in_the_end(made):
    now = _on(made.catalogue, END)
    published = now["level"].isin(PUBLISHED_LEVELS)
    assert now.loc[published, "eligible"].all()
    eligible = now[now["eligible"].astype(bool)]
    assert 0.94 < eligible["level"].isin(PUBLISHED_LEVELS).mean() < 1
    assert len(eligible) == 790


def test_the_inventories_of_progress_are_the_catalogues(made):
    for quarter_end in ("2021-03-14", "2021-09-14", "2021-12-14"):
        states = _on(made.catalogue, quarter_end)
        items = made.progress[made.progress["done_on"] <= quarter_end]
        listed = states[states["roadmap_on"].notna()]
        assert len(listed) == (made.progress["target"] == "portal_integration").sum()
        assert listed["integrated"].sum() == (items["target"] == "portal_integration").sum()
        both = states["level"].isin(PUBLISHED_LEVELS) & states["mobile"].astype(bool)
        assert both.sum() == (items["target"] == "online_publication").sum()


def test_every_promise_that_is_no_share_has_items_and_something_left_to_do(made):
    progress = made.progress
    assert progress.groupby("target")["kind"].agg(set).to_dict() == {
        "portal_integration": {"inventory"},
        "online_publication": {"inventory"},
        "one_stop": {"inventory"},
        "online_centre": {"milestone"},
        "apparatus": {"milestone", "headcount"},
        "autonomy": {"inventory"},
    }
    assert not progress.duplicated(["target", "item"]).any()
    assert progress["done_on"].max() <= END
    known = progress["done_on"] <= "2021-09-14"
    done = known.groupby(progress["target"]).mean()
    assert done.between(0.3, 0.999).all()
    headcount = progress[progress["kind"] == "headcount"]
    assert headcount[["planned", "actual"]].notna().all().all()
    assert progress.loc[progress["kind"] != "headcount", ["planned", "actual"]].isna().all().all()

"""What is on a list of dated items, as known on a day."""

from datetime import date

import pandas as pd
import pytest

from analysis.data.contracts import Catalogue, Progress, check
from analysis.data.simulate.inventories import catalogue as simulated_catalogue
from analysis.data.simulate.inventories import procedures
from analysis.data.simulate.inventories import progress as simulated_progress
from analysis.faults import BadData, BadParameters
from analysis.indicators.dated_items import from_catalogue, from_progress, services_with_cases
from analysis.plan.inventories import Inventory
from dated_lists import YEAR_END, item, listed


def _progress(*rows):
    columns = ["target", "item", "kind", "planned_on", "done_on", "planned", "actual"]
    return check(pd.DataFrame(rows, columns=columns), Progress, where="hand-made progress")


def test_a_list_of_its_own_leaves_other_targets_and_the_headcount_out():
    progress = _progress(
        ("apparatus", "b", "milestone", "2021-06-14", "2021-06-20", None, None),
        ("apparatus", "a", "milestone", "2021-03-14", "2021-03-10", None, None),
        ("apparatus", "q1", "headcount", "2021-03-14", "2021-03-14", 100, 99),
        ("autonomy", "c", "inventory", "2021-03-14", None, None, None),
    )
    items = from_progress(progress, "apparatus", as_of=date(2021, 12, 20))
    assert items.table["item"].tolist() == ["a", "b"]
    assert items.table["done_on"].tolist() == [pd.Timestamp("2021-03-10"), pd.Timestamp("2021-06-20")]
    assert items.table["listed_on"].tolist() == [pd.Timestamp("2020-03-14"), pd.Timestamp("2020-06-14")]
    assert items.table["called_off_on"].isna().all()
    assert from_progress(progress, "one_stop", as_of=date(2021, 12, 20)).table.empty


def test_an_item_done_later_is_open():
    rows = (item("a", "2021-03-14", "2021-06-20"), item("b", "2021-03-14", "2021-06-21"))
    assert listed(*rows, as_of="2021-06-20").table["done_on"].isna().tolist() == [False, True]


def test_an_item_called_off_is_not_promised_unless_it_was_done_before():
    items = listed(
        item("done-first", "2021-03-14", "2021-03-01", called_off_on="2021-04-01"),
        item("dropped", "2021-03-14", called_off_on="2021-04-01"),
        item("dropped-later", "2021-03-14", called_off_on="2021-09-01"),
        item("next-year", "2022-03-14"),
        as_of="2021-06-20",
    )
    assert items.promised(YEAR_END)["item"].tolist() == ["done-first", "dropped-later"]
    assert items.table.set_index("item")["called_off_on"].notna().to_dict() == {
        "done-first": False, "dropped": True, "dropped-later": False, "next-year": False
    }  # fmt: skip


def test_an_item_listed_twice_is_refused():
    row = ("autonomy", "a", "inventory", "2021-03-14", None, None, None)
    with pytest.raises(BadData, match="lists 'a' twice for autonomy"):
        from_progress(_progress(row, row), "autonomy", as_of=date(2021, 12, 20))


STATE = {
    "field": "hotich", "level": "3", "eligible": True, "mobile": True, "integrated": False, "roadmap_on": None,
    "valid_from": "2020-08-15", "valid_to": None,
}  # fmt: skip
YEAR = {"year_start": date(2020, 12, 15), "year_end": date(2021, 12, 14)}
INTEGRATION = Inventory(eligible={"roadmap_on": "known"}, due="roadmap_on", done={"integrated": True})
PUBLICATION = Inventory(
    eligible={"eligible": True}, listed_from="year_start", done={"level": ["3", "4"], "mobile": True}
)
LEVEL_ONLY = PUBLICATION.model_copy(update={"done": {"level": ["3", "4"]}})


def integration(catalogue, *, as_of):
    return from_catalogue(catalogue, INTEGRATION, as_of=as_of, **YEAR)


def publication(catalogue, *, as_of, inventory=PUBLICATION):
    return from_catalogue(catalogue, inventory, as_of=as_of, **YEAR)


def _catalogue(**states):
    rows = [STATE | {"procedure_code": code} | one for code, several in states.items() for one in several]
    return check(pd.DataFrame(rows), Catalogue, where="hand-made catalogue")


def _days(items, column):
    return {
        row.item: None if pd.isna(getattr(row, column)) else getattr(row, column).date().isoformat()
        for row in items.table.itertuples()
    }


ROADMAP = _catalogue(
    done=[
        {"roadmap_on": "2021-06-14", "valid_to": "2021-05-31"},
        {"roadmap_on": "2021-06-14", "integrated": True, "valid_from": "2021-06-01"},
    ],
    lost=[
        {"roadmap_on": "2021-06-14", "integrated": True, "valid_to": "2021-04-30"},
        {"roadmap_on": "2021-06-14", "valid_from": "2021-05-01"},
    ],
    moved=[
        {"roadmap_on": "2021-06-14", "valid_to": "2021-06-30"},
        {"roadmap_on": "2022-06-14", "valid_from": "2021-07-01"},
    ],
    dropped=[{"roadmap_on": "2021-06-14", "valid_to": "2021-06-30"}, {"valid_from": "2021-07-01"}],
    abolished=[{"roadmap_on": "2021-06-14", "valid_to": "2021-06-30"}],
    never=[{}],
)


def test_the_roadmap_as_it_stood_after_a_summer():
    items = integration(ROADMAP, as_of=date(2021, 9, 20))
    assert _days(items, "done_on") == dict.fromkeys(["abolished", "dropped", "lost", "moved"]) | {"done": "2021-06-01"}
    assert _days(items, "called_off_on") == dict.fromkeys(["done", "lost", "moved"]) | {
        "abolished": "2021-07-01", "dropped": "2021-07-01"
    }  # fmt: skip
    assert _days(items, "planned_on")["moved"] == "2022-06-14"
    assert set(_days(items, "first_planned_on").values()) == {"2021-06-14"}
    assert set(_days(items, "listed_on").values()) == {"2020-08-14"}
    assert set(items.table["owner"]) == {"hotich"}


def test_states_that_begin_after_the_day_are_not_known():
    items = integration(ROADMAP, as_of=date(2021, 5, 31))
    assert _days(items, "done_on")["done"] is None
    assert set(_days(items, "called_off_on").values()) == {None}
    assert _days(items, "planned_on")["moved"] == "2021-06-14"
    assert _days(integration(ROADMAP, as_of=date(2021, 4, 30)), "done_on")["lost"] == "2020-08-15"


def test_what_was_integrated_before_it_left_the_roadmap_stays_done():
    catalogue = _catalogue(
        a=[
            {"roadmap_on": "2021-06-14", "valid_to": "2021-02-28"},
            {"roadmap_on": "2021-06-14", "integrated": True, "valid_from": "2021-03-01", "valid_to": "2021-06-30"},
            {"integrated": True, "valid_from": "2021-07-01"},
        ]
    )
    items = integration(catalogue, as_of=date(2021, 9, 20))
    assert _days(items, "done_on") == {"a": "2021-03-01"}
    assert _days(items, "called_off_on") == {"a": None}


PUBLISHED = _catalogue(
    both=[
        {"level": "2", "mobile": False, "valid_to": "2021-01-31"},
        {"level": "3", "mobile": False, "valid_from": "2021-02-01", "valid_to": "2021-03-31"},
        {"level": "4", "mobile": True, "valid_from": "2021-04-01"},
    ],
    desk_only=[{"level": "4", "mobile": False}],
    unknown=[{"level": "4", "mobile": None}],
    no_more=[{"level": "2", "valid_to": "2021-04-30"}, {"level": "2", "eligible": False, "valid_from": "2021-05-01"}],
    late=[{"eligible": False, "level": "2", "valid_to": "2021-05-31"}, {"level": "2", "valid_from": "2021-06-01"}],
    not_eligible=[{"level": "2", "eligible": False}],
)


def test_published_means_both_conditions_at_once():
    items = publication(PUBLISHED, as_of=date(2021, 9, 20))
    assert _days(items, "done_on") == dict.fromkeys(["desk_only", "late", "no_more", "unknown"]) | {
        "both": "2021-04-01"
    }
    assert _days(items, "called_off_on")["no_more"] == "2021-05-01"
    assert set(_days(items, "planned_on").values()) == {"2021-12-14"}
    assert _days(items, "listed_on") == {
        "both": "2020-12-14", "desk_only": "2020-12-14", "unknown": "2020-12-14", "no_more": "2020-12-14",
        "late": "2021-05-31",
    }  # fmt: skip


def test_each_condition_alone():
    level = publication(PUBLISHED, as_of=date(2021, 9, 20), inventory=LEVEL_ONLY)
    assert _days(level, "done_on") == {
        "both": "2021-02-01", "desk_only": "2020-08-15", "unknown": "2020-08-15", "late": None, "no_more": None
    }  # fmt: skip


def test_a_source_that_never_says_has_no_list():
    silent = PUBLISHED.assign(mobile=pd.array([pd.NA] * len(PUBLISHED), dtype="boolean"))
    assert publication(silent, as_of=date(2021, 9, 20)).table.empty
    assert len(publication(silent, as_of=date(2021, 9, 20), inventory=LEVEL_ONLY).table) == 5
    assert integration(silent.assign(integrated=silent["mobile"]), as_of=date(2021, 9, 20)).table.empty
    assert integration(silent.iloc[:0], as_of=date(2021, 9, 20)).table.empty


@pytest.mark.parametrize(
    "inventory",
    [
        Inventory(eligible={"elligible": True}, done={"integrated": True}),
        Inventory(due="planned", done={"mobile": True}),
    ],
)
def test_a_list_on_a_column_that_the_catalogue_does_not_have_is_refused(inventory):
    with pytest.raises(BadParameters, match=r"the catalogue has no column '(elligible|planned)'"):
        publication(PUBLISHED, as_of=date(2021, 9, 20), inventory=inventory)


@pytest.mark.parametrize(
    ("listed_at", "done_at", "expected"),
    [
        (1, 3, {"a": "2021-01-12", "b": None}),
        (3, 5, {"a": "2021-01-20"}),
        (1, 1000, {"a": None, "b": None}),  # not one has so many
        (1000, 1000, {}),
    ],
)
def test_services_are_listed_and_done_by_their_cases(listed_at, done_at, expected):
    inventory = Inventory(
        eligible={"cases": {"at_least": listed_at}}, listed_from="year_start", done={"cases": {"at_least": done_at}}
    )
    days = pd.DataFrame(
        [("a", "2021-01-10", 2), ("a", "2021-01-12", 1), ("a", "2021-01-20", 2), ("b", "2021-01-11", 1)],
        columns=["procedure_code", "day", "listed"],
    )
    days = days.assign(day=pd.to_datetime(days["day"]), done=days["listed"])
    catalogue = _catalogue(a=[{}], b=[{}], c=[{}])
    assert (
        _days(services_with_cases(catalogue, days, inventory, as_of=date(2021, 9, 20), **YEAR), "done_on") == expected
    )


@pytest.mark.parametrize("as_of", [date(2021, 3, 20), date(2021, 9, 20), date(2021, 12, 20)])
def test_the_simulated_catalogue_and_its_own_inventory_say_the_same(as_of):
    made = procedures(20210124)
    catalogue, progress = simulated_catalogue(made), simulated_progress(20210124, made)
    for target, items in {
        "portal_integration": integration(catalogue, as_of=as_of),
        "online_publication": publication(catalogue, as_of=as_of),
    }.items():
        own = from_progress(progress, target, as_of=as_of).table
        mine = items.table.assign(item=items.table["item"].str.lower().str.replace(".", "-"))
        columns = ["item", "planned_on", "done_on"]
        pd.testing.assert_frame_equal(
            mine[columns].sort_values("item", ignore_index=True), own[columns].sort_values("item", ignore_index=True)
        )

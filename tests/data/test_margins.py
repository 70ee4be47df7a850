"""Margins: what follows from whole counts and parts of them, by hand and against single cases, and what does not."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.data.codes import CHANNELS, TIMELINESS
from analysis.data.contracts import Counts, Margins, check, with_missing_columns
from analysis.data.margin_counts import count_margins
from analysis.data.margins import MarginTable, Part, cells_of, fault_in_parts, impossible, part_column
from analysis.data.measure import Counting, Measure
from analysis.data.measures import count_measures
from analysis.plan.conditions import tests_of as parsed
from run_inputs import run_input

HOW = Counting(date(2021, 5, 20), "M", None, None, ("agency", "field"))
ONLINE = {"online": Part(of="resolved", where={"channel": "online"})}
LATE = {"late": Part(of="resolved", where={"timeliness": "late"})}
BOTH = {"both": Part(of="resolved", where={"channel": "online", "timeliness": "late"})}


def _table(parts, **columns):
    """Return margins of one body in months from January 2021 on."""
    length = len(next(iter(columns.values())))
    frame = pd.DataFrame({"period": [f"2021-{at + 1:02d}" for at in range(length)], "agency": "x", **columns})
    extra = {name: part_column() for name in parts}
    return MarginTable(check(with_missing_columns(frame, Margins), Margins, where="test", extra=extra), parts)


def _measure(numerator, denominator, counted="resolved"):
    return Measure("cases", counted, parsed(denominator), parsed(numerator))


def _found(measure, margins):
    cells = count_margins(measure, margins, HOW)
    if isinstance(cells, str):
        return cells
    return list(zip(cells["period"], cells["numerator"], cells["denominator"], strict=True))


ONLINE_OF_ALL = _measure({"channel": "online"}, {"channel": "known"})
OVERDUE = _measure({"late": True}, {"timeliness": "known"})
ON_TIME = _measure({"timeliness": ["early", "on_time"]}, {"timeliness": ["early", "on_time", "late"]})
LATE_ONLINE = _measure({"late": True}, {"channel": "online", "timeliness": "known"})


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (ONLINE_OF_ALL, [("2021-01", 60, 120), ("2021-02", 0, 80)]),
        (OVERDUE, [("2021-01", 5, 120), ("2021-02", 2, 80)]),
        # not late may be early, on time or without a due date, which the share on time leaves out
        (ON_TIME, "margins_unclear"),
        (LATE_ONLINE, "margins_apart"),
        # at the counter or by post: nobody says which
        (_measure({"channel": "post"}, {"channel": "known"}), "margins_unclear"),
        (_measure({"channel": ["counter", "post", "other"]}, {}), [("2021-01", 60, 120), ("2021-02", 80, 80)]),
        (_measure({"published_online": True}, {}), "no_column"),
        (_measure({"channel": "online"}, {}, counted="received"), "no_column"),
        (Measure("cases", "due", (), ()), "counts_only"),
    ],
)
def test_one_part_is_had_and_two_together_are_not(measure, expected):
    assert _found(measure, _table(ONLINE | LATE, resolved=[120, 80], online=[60, 0], late=[5, 2])) == expected


def test_parts_given_together_are_had_together():
    margins = _table(ONLINE | LATE | BOTH, resolved=[120], online=[60], late=[5], both=[1])
    assert _found(LATE_ONLINE, margins) == [("2021-01", 1, 60)]
    # of the 60 not filed online 5 - 1 were late
    offline = _measure({"late": True}, {"channel": {"not": "online"}, "timeliness": "known"})
    assert _found(offline, margins) == [("2021-01", 4, 60)]
    # online, or late, or both: 60 + 5 - 1
    either = _measure({"any_of": [{"channel": "online"}, {"late": True}]}, {})
    assert _found(either, margins) == [("2021-01", 64, 120)]


def test_a_published_share_is_had_where_online_and_published_are_given_together():
    published = {
        "published": Part(of="resolved", where={"published_online": True}),
        "online_published": Part(of="resolved", where={"channel": "online", "published_online": True}),
    }
    of_published = _measure(
        {"channel": "online"},
        {
            "channel": "known",
            "any_of": [{"channel": "online"}, {"published_online": True, "channel": {"not": "online"}}],
        },
    )
    margins = _table(ONLINE | published, resolved=[100], online=[30], published=[60], online_published=[28])
    # 60 published, 28 of them online, and two online of none: 30 of 60 + 2
    assert _found(of_published, margins) == [("2021-01", 30, 62)]


def test_what_the_others_are_makes_a_share_clear():
    late = {"late": Part(of="resolved", where={"timeliness": "late"}, others=("early", "on_time"))}
    assert _found(ON_TIME, _table(late, resolved=[120], late=[5])) == [("2021-01", 115, 120)]
    # those on the day have a part of their own, so that the rest were early
    parts = late | {"on_day": Part(of="resolved", where={"timeliness": "on_time"})}
    early = _measure({"timeliness": "early"}, {"timeliness": "known"})
    assert _found(early, _table(parts, resolved=[120], late=[5], on_day=[15])) == [("2021-01", 100, 120)]


def test_a_part_of_two_values_and_nothing_left_over_are_clear():
    parts = {"in_time": Part(of="resolved", where={"timeliness": ["early", "on_time"]})} | LATE
    assert _found(ON_TIME, _table(parts, resolved=[120], in_time=[115], late=[5])) == [("2021-01", 115, 120)]
    # three cases are in neither part
    assert _found(ON_TIME, _table(parts, resolved=[123], in_time=[115], late=[5])) == [("2021-01", 115, 120)]
    early = {"on_day": Part(of="resolved", where={"timeliness": "on_time"})} | LATE
    assert _found(ON_TIME, _table(early, resolved=[120], on_day=[115], late=[5])) == [("2021-01", 115, 120)]
    assert _found(ON_TIME, _table(early, resolved=[123], on_day=[115], late=[5])) == "margins_unclear"


def test_flags_and_codes_of_ones_own_are_parts_too():
    parts = {
        "paid": Part(of="resolved", where={"paid": True}),
        "kiosk": Part(of="resolved", where={"desk": "kiosk"}),
    }
    margins = _table(parts, resolved=[50], paid=[20], kiosk=[7])
    assert _found(_measure({"paid": True}, {"paid": "known"}), margins) == [("2021-01", 20, 50)]
    assert _found(_measure({"paid": False}, {}), margins) == [("2021-01", 30, 50)]
    assert _found(_measure({"desk": "kiosk"}, {"desk": "known"}), margins) == [("2021-01", 7, 50)]
    assert _found(_measure({"desk": "hall"}, {"desk": "known"}), margins) == "margins_unclear"


def test_columns_of_ones_own_may_be_called_as_they_like():
    parts = {name: Part(of="resolved", where={name: "x"}) for name in ("row", "cell", "cases")}
    margins = _table(parts, resolved=[50], row=[20], cell=[7], cases=[3])
    assert [_found(_measure({name: "x"}, {}), margins)[0][1] for name in parts] == [20, 7, 3]


def test_the_values_of_a_part_have_no_order():
    in_time = Part(of="resolved", where={"timeliness": ["early", "on_time"]})
    online = Part(of="resolved", where={"timeliness": ["on_time", "early", "early"], "channel": "online"})
    parts = {"in_time": in_time, "both": online} | ONLINE
    assert fault_in_parts("margins", parts, ["resolved"]) is None
    measure = _measure({"timeliness": ["on_time", "early"]}, {"channel": "online"})
    assert _found(measure, _table(parts, resolved=[9], in_time=[6], both=[3], online=[4])) == [("2021-01", 3, 4)]


def test_a_row_without_a_part_is_left_out_and_a_condition_on_bodies_holds_row_by_row():
    margins = _table(ONLINE, resolved=[120, 80, 60], online=[60, None, 6])
    assert _found(ONLINE_OF_ALL, margins) == [("2021-01", 60, 120), ("2021-03", 6, 60)]
    elsewhere = _measure({"channel": "online"}, {"channel": "known", "agency": {"not": "x"}})
    assert _found(elsewhere, margins) == []


def test_every_value_in_a_part_leaves_cases_of_none():
    parts = {name: Part(of="received", where={"channel": name}) for name in CHANNELS}
    margins = _table(parts, received=[10], online=[4], counter=[3], post=[1], other=[0])
    # two cases are in no part: their channel is not known
    assert _found(_measure({"channel": "online"}, {"channel": "known"}, "received"), margins) == [("2021-01", 4, 8)]


def test_margins_stand_in_for_counts_and_are_never_added_to_them():
    margins = _table(ONLINE | LATE, resolved=[120], received=[130], online=[60], late=[5])
    whole = margins.counts()
    assert whole[["received", "resolved"]].to_numpy().tolist() == [[130, 120]]
    assert whole["channel"].isna().all()
    assert whole["timeliness"].isna().all()
    joint = pd.DataFrame(
        {"period": ["2021-01"] * 2, "agency": ["x"] * 2, "channel": ["online", "counter"], "resolved": [50, 60]}
    )
    counts = check(with_missing_columns(joint, Counts), Counts, where="counts")
    received = run_input(counts=counts, margins=margins)
    found = count_measures([ONLINE_OF_ALL, OVERDUE], received, HOW)
    # what the counts tell they tell alone, what they do not the margins tell
    assert found[ONLINE_OF_ALL][["numerator", "denominator"]].to_numpy().tolist() == [[50, 110]]
    assert found[OVERDUE][["numerator", "denominator"]].to_numpy().tolist() == [[5, 120]]


@given(
    cases=st.lists(st.tuples(st.sampled_from(CHANNELS), st.sampled_from(TIMELINESS)), min_size=1, max_size=30),
    above=st.dictionaries(
        st.sampled_from(["channel", "timeliness"]), st.sampled_from([*CHANNELS[:2], *TIMELINESS[:3]])
    ),
)
@settings(max_examples=15, deadline=None)
def test_a_full_table_of_parts_says_what_the_single_cases_say(cases, above):
    parts = {f"c_{one}": Part(of="resolved", where={"channel": one}) for one in CHANNELS[:2]}
    parts |= {f"t_{one}": Part(of="resolved", where={"timeliness": one}) for one in TIMELINESS[:3]}
    parts |= {
        f"{one}_{other}": Part(of="resolved", where={"channel": one, "timeliness": other})
        for one in CHANNELS[:2]
        for other in TIMELINESS[:3]
    }
    counted = {
        name: [sum(all(value in part.blocks[key] for key, value in _named(case).items() if key in part.blocks)
                   for case in cases)]
        for name, part in parts.items()
    }  # fmt: skip
    measure = _measure(above, {"channel": "known", "timeliness": "known"})
    expected = sum(all(_named(case)[key] == value for key, value in above.items()) for case in cases)
    assert _found(measure, _table(parts, resolved=[len(cases)], **counted)) == [("2021-01", expected, len(cases))]
    for _, terms in impossible(parts, "resolved"):
        assert sum(sign * (counted | {"resolved": [len(cases)]})[name][0] for sign, name in terms) >= 0


def _named(case):
    return dict(zip(("channel", "timeliness"), case, strict=True))


def test_cells_are_sums_of_counts():
    cells = {
        tuple(cell.values.values()): cell.terms for cell in cells_of(ONLINE | LATE | BOTH, "resolved", ("channel",))
    }
    assert cells == {
        (("online",),): ((1, "online"),),
        (("counter", "post", "other"),): ((1, "resolved"), (-1, "online")),
    }


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"again": ONLINE["online"]} | ONLINE, "again is the same part"),
        (ONLINE | {"far": Part(of="resolved", where={"channel": ["online", "post"]})}, "online is in online too"),
        ({"of_received": Part(of="received", where={"channel": "online"})}, "columns does not say where received"),
        ({"resolved": ONLINE["online"]}, "margins has the column resolved without parts"),
        ({"Trực tuyến": ONLINE["online"]}, "lower-case letters, digits and _ were expected"),
        (
            {one: Part(of="resolved", where={"paid": value}) for one, value in {"a": True, "b": "by-card"}.items()},
            "paid: codes here, and true or false in a",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused(parts, sentence):
    assert sentence in fault_in_parts("margins", parts, ["period", "resolved"])[1]
    assert fault_in_parts("counts", ONLINE, ["resolved"]) == ("online", "counts has no parts; table: margins has")


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"where": {}}, "the column and value that the part has were expected"),
        ({"where": {"channel": {"not": "online"}}}, "a part has one value of a column"),
        ({"where": {"channel": "web"}}, "'web' is none of online, counter, post, other"),
        ({"where": {"agency": "x"}}, "agency is given for the whole row"),
        ({"where": {"level": 3}}, "3 is a number; a code is written in quotes"),
        ({"where": {"timeliness": "late"}, "others": ["late"]}, "'late' is none of the other values of timeliness"),
        ({"where": {"timeliness": "late"}, "others": ["soon"]}, "'soon' is none of the other values of timeliness"),
        ({"where": {"timeliness": "late", "channel": "online"}, "others": ["early"]}, "a part of one column"),
        ({"where": {"late": True}}, "late is a value of a column: write {timeliness: late}"),
        ({"where": {'quá "hạn"': True}}, "lower-case letters, digits and _ were expected"),
        ({"where": {"ho_ten": "x"}}, "names something about a person"),
        ({"where": {"desk": "kiosk"}, "others": ["Sảnh chính"]}, "write 'sanh-chinh'"),
    ],
)
def test_a_part_says_which_cases_it_counts(part, sentence):
    with pytest.raises(ValueError, match=sentence):
        Part(of="resolved", **part)

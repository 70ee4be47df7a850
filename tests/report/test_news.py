"""What changed: at most three sentences, and every other verdict in them; of promises made by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd

from analysis.quarter.results import Results
from analysis.report.news import what_changed
from analysis.report.since_publication import Move, SaidBefore, computed_again
from analysis.report.wording import Wording

EN, VI = Wording("en"), Wording("vi")
NAN = float("nan")
Made = Callable[..., Results]

NOW = {
    "satisfaction": (NAN, "not_estimated"), "online_uptake": (0.60, "uncertain"), "overdue": (0.0, "missed"),
    "portal_integration": (0.30, "uncertain"), "online_publication": (0.041, "very_unlikely"),
    "one_stop": (0.70, "uncertain"), "online_centre": (0.17, "unlikely"), "autonomy": (1.0, "met"),
}  # fmt: skip
BEFORE = NOW | {
    "satisfaction": (0.89, "likely"), "online_uptake": (0.82, "likely"), "overdue": (0.03, "very_unlikely"),
    "portal_integration": (0.15, "unlikely"), "one_stop": (0.64, "uncertain"), "online_centre": (NAN, "not_estimated"),
    "autonomy": (NAN, "not_estimated"),
}  # fmt: skip


def test_three_sentences_name_every_promise_whose_verdict_is_another_one(made: Made) -> None:
    results = made(NOW, BEFORE)
    assert what_changed(results, EN, computed_again(results)) == [
        "Less likely: Overdue down to 2% in each field (▼▼ Very unlikely to be met 3% → ✖ Missed); Resolved online: "
        "30% (or 50%) (▲ Likely to be met 82% → ◆ Uncertain 60%).",
        "More likely: Public units made autonomous (○ Not estimated → ✔ Met); Services on the National Portal "
        "(▼ Unlikely to be met 15% → ◆ Uncertain 30%).",
        "No longer estimated: Satisfaction above 81% (▲ Likely to be met 89% → no counts received); now estimated: "
        "Infrastructure of the online centre (▼ Unlikely to be met 17%).",
    ]


def test_in_vietnamese_too(made: Made) -> None:
    only = {"one_stop": (0.30, "uncertain")}
    results = made(only, {"one_stop": (0.90, "likely")})
    assert what_changed(results, VI, computed_again(results)) == [
        "Khả năng đạt giảm: Một cửa, một cửa liên thông (▲ Nhiều khả năng đạt 90% → ◆ Chưa chắc chắn 30%)."
    ]


def test_of_many_changed_verdicts_none_is_left_out(made: Made, demo_plan) -> None:
    results = made(
        dict.fromkeys(demo_plan.targets, (0.5, "uncertain")), dict.fromkeys(demo_plan.targets, (0.9, "likely"))
    )
    (told,) = what_changed(results, EN, computed_again(results))
    assert all(EN.of(target.name) in told for target in demo_plan.promises)


def test_what_moved_and_kept_its_verdict_comes_last_the_largest_first(made: Made) -> None:
    now = {"one_stop": (0.70, "uncertain"), "autonomy": (0.04, "very_unlikely"), "overdue": (0.04, "very_unlikely")}
    before = {"one_stop": (0.66, "uncertain"), "autonomy": (0.01, "very_unlikely"), "overdue": (0.035, "very_unlikely")}
    results = made(now, before)  # half a point of overdue is no news
    assert what_changed(results, EN, computed_again(results)) == [
        "No verdict changed; moved most: One-stop mechanism everywhere (66% → 70%); Public units made autonomous "
        "(1% → 4%)."
    ]
    other = made(now | {"overdue": (0.06, "unlikely")}, before)
    assert [one.split(":")[0] for one in what_changed(other, EN, computed_again(other))] == [
        "More likely", "Same verdict, moved",
    ]  # fmt: skip


def test_a_leap_is_as_much_news_as_another_verdict(made: Made) -> None:
    results = made({"one_stop": (0.25, "uncertain")}, {"one_stop": (0.75, "uncertain")})
    assert what_changed(results, EN, computed_again(results)) == [
        "Less likely: One-stop mechanism everywhere (75% → 25%)."
    ]


def test_nothing_moved_is_said(made: Made) -> None:
    results = made(NOW, NOW)
    assert what_changed(results, EN, computed_again(results)) == ["No probability moved by a percentage point or more."]


def test_causes_are_told_of_what_was_published_and_taken_apart(made: Made) -> None:
    results = made({"one_stop": (0.30, "uncertain"), "autonomy": (0.50, "uncertain")}, {})
    said = pd.DataFrame(
        {
            "target": ["one_stop", "autonomy"],
            "part": "",
            "probability": [0.90, 0.50],
            "verdict": ["likely", "uncertain"],
        }
    ).set_index(["target", "part"])
    published = SaidBefore(pd.Period("2021Q1"), date(2021, 3, 20), said)
    explained = {"one_stop": Move(-60, "new data −61, simulated anew +1"), "autonomy": Move(0, "")}
    assert what_changed(results, EN, published, explained=explained) == [
        "Less likely: One-stop mechanism everywhere (▲ Likely to be met 90% → ◆ Uncertain 30%; new data −61, simulated "
        "anew +1)."
    ]

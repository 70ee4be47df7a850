"""The verdict of the track record is true in every state, and its numbers are those of the tables of grades."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from analysis.parameters import ROOT
from analysis.quarter.results import Results
from analysis.report.track_record_verdict import verdict
from analysis.report.wording import Wording
from changed_results import changed

TRACK_RECORD = ROOT / "data" / "track_record"
EN, VI = Wording("en"), Wording("vi")
ALL, PUBLISHED = "online_of_all", "online_of_published"
LISTED = pd.DataFrame({"target": ["one_stop"], "part": [""], "planned_on": [pd.Timestamp("2021-09-14")]})


def _scored(held: dict[str, tuple[int, int]], brier: float = 10.0, chosen: float = 10.0) -> pd.DataFrame:
    """Return grades of three years, of which the first holds all forecasts; Brier scores are the same in each."""
    rows = []
    for panel, (inside, n) in held.items():
        for year in (2018, 2019, 2020):
            counts = {"n": n, "coverage_80": inside} if year == 2018 else {"n": 0, "coverage_80": 0}
            common = {"panel": panel, "year": year, "origin": 0, "probabilities": 50, "crps": 1.0, "paired_crps": 1.0}
            rows.append({**common, **counts, "model": "hub", "brier": brier, "paired_brier": brier})
            rows.append({**common, **counts, "model": "dressed_chosen", "brier": chosen, "paired_brier": brier})
    columns = ["panel", "model", "year", "origin", "n", "probabilities", "coverage_80", "brier", "paired_brier", "crps",
               "paired_crps"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _bins(panel: str, n: int, said: float, happened: int) -> pd.DataFrame:
    """Return probabilities of a panel: some in the middle, and as many near one that do not count."""
    middle = {"panel": panel, "model": "hub", "bin": 4, "n": n, "said": said, "happened": happened}
    return pd.DataFrame([middle, {**middle, "bin": 7}])


@pytest.fixture
def told(made: Callable[..., Results]) -> Callable[..., list[str]]:
    """Return the verdict on some promises, each with its probability and code, with tables of the record as given."""

    def told(promises: dict[str, tuple[float, str]], words: Wording = EN, **tables: pd.DataFrame) -> list[str]:
        nothing = _scored({})
        record = {
            "scored": nothing, "recounted": nothing, "reliability": _bins(ALL, 0, 0.0, 0).iloc[:0],
            "totals": pd.DataFrame(columns=["panel", "model", "inside_80"]), "items_missing": LISTED,
        }  # fmt: skip
        return verdict(changed(made(promises), **{**record, **tables}), words, seed=1)

    return told


UPTAKE = {"online_uptake": (0.6, "uncertain")}


@pytest.mark.parametrize(
    ("inside", "n", "lead", "share"),
    [
        (80, 100, "The intervals can be taken at their word: the 80% interval held", "80%"),
        (57, 100, "The intervals are too narrow, outcomes fall outside more often than they say: they held", "57%"),
        (95, 100, "The intervals are wider than they need be: the 80% interval held", "95%"),
        (9, 12, "Too few past forecasts to judge the intervals: the 80% interval held", "75%"),
    ],
)
def test_the_first_sentence_says_whether_intervals_hold(
    told: Callable[..., list[str]], inside: int, n: int, lead: str, share: str
) -> None:
    first = told(UPTAKE, scored=_scored({ALL: (inside, n)}))[0]
    assert (
        first
        == f'{lead} {share} of {n} past forecasts on this plan\'s own series, for "Resolved online: 30% (or 50%)".'
    )


def test_one_indicator_that_is_off_is_named_though_all_together_are_right(told: Callable[..., list[str]]) -> None:
    first = told(UPTAKE, scored=_scored({ALL: (400, 480), PUBLISHED: (60, 100)}))[0]
    assert first.startswith("Not all intervals can be taken at their word: the 80% interval held 79% of 580 past ")
    assert first.endswith(
        'too narrow of "Share filed online, of the cases resolved under procedures published online": 60% of 100.'
    )


def test_the_whole_itself_and_what_a_change_overtook_are_told(told: Callable[..., list[str]]) -> None:
    totals = pd.DataFrame({"panel": ALL, "model": "hub", "inside_80": [True] * 10 + [False] * 11})
    scored, recounted = _scored({ALL: (80, 100)}), _scored({ALL: (27, 100)})
    first = told(UPTAKE, scored=scored, totals=totals, recounted=recounted)[0]
    assert first.startswith("Not all intervals can be taken at their word")
    assert "too narrow of the whole itself: 48% of 21, but only 27% of 100 that a declared change overtook." in first
    few = told(UPTAKE, scored=scored, totals=totals.head(19))[0]  # too few to say so
    assert "the whole itself" not in few


@pytest.mark.parametrize(
    ("n", "said", "happened", "sentence"),
    [
        (100, 48.0, 50, "Probabilities between 20% and 80% came true about as often as they said: on this plan's own "
                        "series 50% came true where 48% was said (about right)."),
        (100, 48.0, 79, "Probabilities between 20% and 80% were too low: on this plan's own series 79% came true where "
                        "48% was said (too low)."),
        (100, 60.0, 30, "Probabilities between 20% and 80% were too high: on this plan's own series 30% came true "
                        "where 60% was said (too high)."),
        (19, 9.0, 19, None),
    ],
)  # fmt: skip
def test_the_second_says_whether_probabilities_came_true(
    told: Callable[..., list[str]], n: int, said: float, happened: int, sentence: str | None
) -> None:
    found = told(UPTAKE, scored=_scored({ALL: (80, 100)}), reliability=_bins(ALL, n, said, happened))
    assert [one for one in found if "between 20%" in one] == ([sentence] if sentence else [])


@pytest.mark.parametrize(
    ("own", "chosen", "sentence"),
    [
        (5.0, 10.0, "Probabilities were better than the simple forecast printed beside them: on this plan's own series "
                    "50% better (better in 3 of 3 panel-years)."),
        (12.0, 10.0, "Probabilities were worse than the simple forecast printed beside them: on this plan's own series "
                     "20% worse (better in 0 of 3 panel-years)."),
        (10.0, 10.0, "Probabilities are not shown to be better than the simple forecast printed beside them: on this "
                     "plan's own series not shown to be better (better in 0 of 3 panel-years)."),
    ],
)  # fmt: skip
def test_the_third_says_whether_they_beat_the_simple_forecast(
    told: Callable[..., list[str]], own: float, chosen: float, sentence: str
) -> None:
    assert told(UPTAKE, scored=_scored({ALL: (80, 100)}, brier=own, chosen=chosen))[-1] == sentence


def test_it_ends_with_what_is_not_tested_yet(told: Callable[..., list[str]]) -> None:
    scored = _scored({ALL: (80, 100)}, brier=5.0)
    found = told(UPTAKE | {"satisfaction": (0.9, "likely")}, scored=scored)
    assert len(found) == 2
    assert found[-1].endswith('3 of 3 panel-years); not yet tested: "Satisfaction above 81%".')
    scored = scored[scored["model"] == "hub"]
    assert told(UPTAKE | {"satisfaction": (0.9, "likely")}, scored=scored)[-1] == (
        'Not yet tested: "Satisfaction above 81%".'
    )
    assert told({"satisfaction": (0.9, "likely")}) == [
        "Not yet tested: no past forecast of the kinds this plan needs has been graded."
    ]


def test_it_says_so_where_no_probability_is_open(told: Callable[..., list[str]]) -> None:
    nothing = ["No probability of this report is open: each promise is decided or not estimated."]
    assert told({"online_uptake": (1.0, "met"), "satisfaction": (float("nan"), "not_estimated")}) == nothing


def _public(name: str) -> pd.DataFrame:
    return pd.concat([pd.read_csv(TRACK_RECORD / panel / name) for panel in ("govuk-digital", "nhs-late")])


def test_of_public_data_every_number_is_that_of_the_tables(told: Callable[..., list[str]]) -> None:
    years, bins = _public("years.csv"), _public("calibration.csv")
    hub = years[years["model"] == "hub"]
    held, n = hub["coverage_80"].sum(), hub["n"].sum()
    middle = bins[(bins["model"] == "hub") & bins["bin"].between(2, 5)]
    said, came = middle["said"].sum() / middle["n"].sum(), middle["happened"].sum() / middle["n"].sum()
    other = years[(years["model"] == "dressed_chosen") & (years["probabilities"] > 0)]
    per_case = pd.DataFrame(
        {"own": other["paired_brier"] / other["probabilities"], "other": other["brier"] / other["probabilities"]}
    )
    ratio = per_case.groupby([other["panel"], other["year"]]).mean().pipe(lambda mean: mean["own"] / mean["other"])
    first, second, third = told(UPTAKE)
    assert f"held {held / n:.0%} of {n:,.0f} past forecasts on public data of other countries, for " in first
    assert first.startswith("The intervals can be taken at their word")  # each panel by itself, too: 90 % and 87 %
    assert f"on public data of other countries {came:.0%} came true where {said:.0%} was said (about right)." in second
    better = f"{1 - ratio.mean():.0%} better (better in {(ratio < 1).sum()} of {len(ratio)} panel-years)."
    assert third.endswith(better)
    assert third.startswith("Probabilities were better than the simple forecast")


def test_of_lists_every_number_is_that_of_the_tables(told: Callable[..., list[str]]) -> None:
    lists = {name: pd.read_csv(TRACK_RECORD / "dated-items" / f"item_{name}.csv") for name in
             ("scores", "calibration", "skill")}  # fmt: skip
    scores = lists["scores"].query("panel == 'boston-cases' and short and not one_day and model == 'published'")
    bins = lists["calibration"].query("panel == 'boston-cases' and short and not one_day and 2 <= bin <= 5")
    skill = (
        lists["skill"]
        .query("panel == 'boston-cases' and model == 'on_its_day' and score == 'brier' and quarters == 0")["skill"]
        .item()
    )
    held, n = scores["coverage_80"].sum(), scores["n"].sum()
    said, came = bins["said"].sum() / bins["n"].sum(), bins["happened"].sum() / bins["n"].sum()
    found = told({"one_stop": (0.69, "uncertain")})
    assert found[0] == (
        f"The intervals can be taken at their word: the 80% interval held {held / n:.0%} of {n:,.0f} past forecasts on "
        'lists of real cases, for "One-stop mechanism everywhere".'
    )
    assert f"on lists of real cases {came:.0%} came true where {said:.0%} was said" in found[1]
    assert found[2].endswith(f"on lists of real cases {skill:.0%} better.")


def test_what_holds_for_one_basis_only_is_said_of_it_only(told: Callable[..., list[str]]) -> None:
    promises = UPTAKE | {"one_stop": (0.69, "uncertain")}
    first, _, third = told(
        promises, scored=_scored({ALL: (57, 100)}, brier=12.0), reliability=_bins(ALL, 100, 48.0, 50)
    )
    assert first.startswith("Not all intervals can be taken at their word: the 80% interval held 57% of 100 ")
    assert third.startswith("Probabilities are better than the simple forecast printed beside them in part only: ")
    assert "on this plan's own series 20% worse" in third
    assert "; on lists of real cases 78% better" in third


def test_in_vietnamese(told: Callable[..., list[str]]) -> None:
    first = told(UPTAKE, VI, scored=_scored({ALL: (57, 100)}))[0]
    assert first == (
        "Khoảng dự báo hẹp hơn mức cần có, kết quả nằm ngoài nhiều hơn đã nêu: khoảng dự báo 80% chứa 57% kết quả "
        'của 100 dự báo trước đây trên chuỗi số liệu của chính kế hoạch, áp dụng cho "Giải quyết trực tuyến 30% '
        '(hoặc 50%)".'
    )

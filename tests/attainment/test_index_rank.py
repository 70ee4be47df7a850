"""Promises on the rank of an area in a published index."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.attainment.index_rank import _common_share, rank_year_end
from analysis.attainment.index_score import score_year_end
from analysis.attainment.index_series import PreviousYear
from index_figures import TODAY, known_of, months, weeks

YEARS = ("2022", "2023", "2024")
FIELD = ("a", "b", "c", "d", "e")


def _stands(known, threshold=3, rule="at_most", draws=4000, **more):
    asked = {"area": "a", "year": 2025, "year_end": date(2025, 12, 31), "as_of": TODAY, "seed": 2, "key": "x"} | more
    return rank_year_end(known, rule=rule, threshold=threshold, draw_count=draws, **asked)


def _ranked(*ranks, **more):
    """Return an area's ranks of the years up to 2024, without scores."""
    return known_of(a={str(2025 - len(ranks) + at): (None, rank) for at, rank in enumerate(ranks)}, **more)


def _five(apart, years=YEARS):
    """Return five areas whose scores are apart and move together by a point a year; ours is in the middle."""
    moves = {year: at for at, year in enumerate(years)}
    at = {"b": 2, "c": 1, "a": 0, "d": -1, "e": -2}
    return {area: {year: 70.0 + place * apart + move for year, move in moves.items()} for area, place in at.items()}


# Decided --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "verdict"),
    [(10, "met"), (9, "missed"), (PreviousYear(), "met"), (PreviousYear(0.5), "missed")],
)
def test_the_rank_of_the_year_itself_decides(threshold, verdict):
    known = known_of(a={"2024": (None, 12), "2025": (None, 10)}, rank_of=34)
    stands = _stands(known, threshold)
    assert (stands.kept.verdict, stands.values.tolist(), stands.last_rank) == (verdict, [10.0], 10)


def test_a_published_rank_counts_without_its_field_and_without_the_number_ranked():
    assert _stands(known_of(a={"2025": (80.0, 2)}), 2).kept.verdict == "met"


def test_where_all_five_scores_are_published_the_rank_is_counted():
    figures = {area: {"2025": score} for area, score in zip(FIELD, (80.0, 90.0, 80.0, 70.0, 85.0), strict=True)}
    # two areas are above 80; the one that has 80 too is not
    stands = _stands(known_of(**figures), field=FIELD)
    assert (stands.kept.verdict, stands.values.tolist()) == ("met", [3.0])
    assert _stands(known_of(**figures), 2, field=FIELD).kept.verdict == "missed"


def test_the_rank_of_mean_scores_is_counted_from_all_months():
    figures = {area: months(2025, [score] * 12) for area, score in zip(FIELD, (80, 90, 75, 70, 65), strict=True)}
    figures["a"] |= {"2025-12": 95.0}
    assert _stands(known_of(**figures), field=FIELD, year_value="mean").values.tolist() == [2.0]
    assert _stands(known_of(**figures), field=FIELD, year_value="last").values.tolist() == [1.0]


# Not estimated --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "threshold", "more", "note"),
    [
        (known_of(), 3, {}, "no_published_index"),
        (known_of(a={"2024": 80.0}), 3, {}, "too_few_published_years"),
        (_ranked(12, 10, rank_of=63), 3, {}, "too_few_published_years"),
        (_ranked(12, 10, 11, rank_of=63), 3, {"rank_of": 34}, "ranked_areas_changed"),
        (_ranked(12, 10, 11, rank_of=63), 3, {"year": 2028, "year_end": date(2028, 12, 31)}, "published_years_too_old"),
        (known_of(a=weeks(2025, [(80.0, 9)] * 20), rank_of=34), 3, {"year_value": "mean"}, "field_not_published"),
        (known_of(a=weeks(2025, [(80.0, 9)] * 9), rank_of=34), 3, {}, "too_few_published_figures"),
    ],
)
def test_what_is_not_enough(known, threshold, more, note):
    stands = _stands(known, threshold, **more)
    assert (stands.kept.verdict, stands.kept.note) == ("not_estimated", note)


def test_the_year_before_among_another_number_of_areas_is_not_compared():
    known = known_of(a={"2024": (None, 12)}, revisions=[("a", "2025", (None, 10), "2026-05-01")])
    known.loc[:, "rank_of"] = [63, 34]
    assert _stands(known, 10).kept.verdict == "met"
    assert _stands(known, PreviousYear()).kept.note == "previous_year_not_comparable"


# Among a field --------------------------------------------------------------------------------------------------------


def test_areas_far_apart_keep_their_places_and_areas_close_together_do_not():
    apart = _stands(known_of(**_five(8.0)), field=FIELD)
    assert np.mean(apart.values == 3) > 0.9
    close = _stands(known_of(**_five(0.5)), field=FIELD)
    assert 0.2 < np.mean(close.values == 3) < 0.5
    # the third of five equals is as likely above the middle as below
    assert close.values.mean() == pytest.approx(3.0, abs=0.15)
    assert set(np.unique(close.values)) == {1, 2, 3, 4, 5}


def test_what_moves_all_areas_changes_no_rank():
    changes = np.array([[3.0, -4.0, 5.0]] * 5)
    assert _common_share(changes) == pytest.approx(0.95)
    rng = np.random.default_rng(1)
    assert _common_share(rng.standard_normal((30, 60))) < 0.1
    both = np.sqrt(0.5) * (rng.standard_normal((30, 60)) + rng.standard_normal(60))
    assert _common_share(both) == pytest.approx(0.5, abs=0.1)
    assert _common_share(np.array([[1.0, np.nan]])) == 0.0


def test_others_that_are_published_already_are_held_fixed():
    figures = _five(1.0)
    for area in "bcde":
        figures[area]["2025"] = 50.0
    assert np.mean(_stands(known_of(**figures), field=FIELD).values == 1) > 0.9


def test_a_field_with_more_than_a_tenth_missing_is_no_field():
    # ten areas ranked, and the scores of five: ours has no rank of its own to walk with
    stands = _stands(known_of(**_five(1.0)), rank_of=10, field=[*FIELD, *"fghij"])
    assert stands.kept.note == "too_few_published_years"


def test_a_missing_tenth_is_above_as_likely_as_the_others():
    names = "abcdefghij"
    figures = {name: dict.fromkeys(YEARS, 40.0 + 5 * at) for at, name in enumerate(names[:9])}
    # ours is the last of nine, and the tenth is above in 8.5 of 9
    stands = _stands(known_of(**figures), rank_of=10, field=names)
    assert stands.values.max() == 10
    assert np.mean(stands.values) == pytest.approx(9 + 8.5 / 9, abs=0.25)


def test_score_and_rank_under_one_key_are_drawn_along_one_path():
    known = known_of(**_five(1.0))
    ranks = _stands(known, field=FIELD).values
    asked = {"area": "a", "year": 2025, "year_end": date(2025, 12, 31), "as_of": TODAY, "seed": 2, "key": "x"}
    scores = score_year_end(known, rule="at_least", threshold=70.0, draw_count=4000, **asked).values
    # most of the path is common to all five and moves no rank
    assert np.corrcoef(scores, ranks)[0, 1] < -0.1


def test_the_year_before_is_drawn_too_while_it_is_not_published():
    stands = _stands(known_of(**_five(1.0, ("2021", "2022", "2023"))), PreviousYear(), field=FIELD)
    assert len(stands.previous) == len(stands.values) == 4000
    assert np.corrcoef(stands.previous, stands.values)[0, 1] > 0.3
    # of two ranks alike the first is not larger more often than not, and often equal
    assert 0.5 < stands.kept.probability < 0.95


# The rank itself ------------------------------------------------------------------------------------------------------


def test_a_rank_without_scores_walks_from_the_last_one():
    stands = _stands(_ranked(30, 30, 30, rank_of=63), 30)
    assert np.median(stands.values) == pytest.approx(30, abs=1)
    assert stands.values.min() >= 1
    assert stands.values.max() <= 63
    assert (stands.figures, stands.last_rank, stands.last_period) == (3, 30, "2024")


def test_steps_of_all_areas_count():
    wild = {str(year): (None, rank) for year, rank in zip(range(2015, 2025), [5, 60] * 5, strict=True)}
    calm = {str(year): (None, 20) for year in range(2015, 2025)}
    spread = [
        np.std(_stands(known_of(a=dict.fromkeys(YEARS, (None, 30)), b=other, rank_of=63)).values)
        for other in (calm, wild)
    ]
    assert spread[0] < 0.5 * spread[1]


def test_ranks_among_another_number_of_areas_are_not_entered():
    known = known_of(a={str(year): (None, 30) for year in range(2019, 2025)})
    known.loc[:, "rank_of"] = [63, 63, 34, 34, 34, 34]
    stands = _stands(known)
    assert (stands.figures, stands.values.max() <= 34) == (4, True)


def test_the_baseline_carries_the_last_rank_on():
    # from 11 by +2, -1, -3 and 0: 13, 10, 8, 11
    known = _ranked(13, 15, 14, 11, 11, rank_of=63)
    for threshold, share in [(8, 0.25), (10, 0.5), (11, 0.75)]:
        assert _stands(known, threshold).baseline_probability == pytest.approx(share)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 63), min_size=3, max_size=6), st.integers(1, 63), st.integers(1, 63))
def test_a_worse_rank_allowed_never_lowers_the_probability(ranks, one, other):
    known = _ranked(*ranks, rank_of=63)
    low, high = (_stands(known, threshold, draws=200) for threshold in sorted((one, other)))
    assert low.kept.probability <= high.kept.probability


def test_the_order_of_rows_does_not_matter():
    for known in (known_of(**_five(1.0)), _ranked(12, 10, 11, rank_of=63)):
        assert (_stands(known, field=FIELD).values == _stands(known.iloc[::-1], field=FIELD).values).all()


# Calibration ----------------------------------------------------------------------------------------------------------


@pytest.mark.statistical
def test_ranks_among_a_field_are_calibrated_on_simulated_fields():
    rng = np.random.default_rng(6)
    names = [f"p{at}" for at in range(12)]
    places = []
    for count in range(150):
        common = 0.12 * rng.standard_normal(6).cumsum()
        level = rng.normal(1.2, 0.3, (12, 1)) + common + 0.08 * rng.standard_normal((12, 6)).cumsum(axis=1)
        scores = 100 / (1 + np.exp(-level - 0.03 * rng.standard_normal((12, 6))))
        figures = {
            name: dict(zip(map(str, range(2020, 2025)), own, strict=False))
            for name, own in zip(names, scores, strict=True)
        }
        stands = _stands(known_of(**figures), area="p0", field=names, draws=400, key=str(count))
        came = 1 + (scores[1:, -1] > scores[0, -1]).sum()
        below, equal = np.mean(stands.values < came), np.mean(stands.values == came)
        places.append(below + rng.random() * equal)
    inside = np.mean((np.array(places) > 0.1) & (np.array(places) < 0.9))
    # 150 intervals of 80 %: three standard errors are 9.8 points
    assert 0.70 <= inside <= 0.9

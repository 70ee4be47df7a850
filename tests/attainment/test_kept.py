"""Kept in a draw, decided, or not estimated; and several parts at once."""

import numpy as np
import pytest

from analysis.attainment.kept import Kept, all_kept, not_estimated, settled

LIKELY = Kept(np.array([True, True, True, False]), decided=False)
EVEN = Kept(np.array([True, False, True, False]), decided=False)


def test_a_share_of_draws_is_a_probability():
    assert LIKELY.probability == 0.75
    assert LIKELY.verdict == "uncertain"


def test_only_arithmetic_makes_certain():
    assert (settled(True).probability, settled(True).verdict) == (1.0, "met")
    assert (settled(False).probability, settled(False).verdict) == (0.0, "missed")
    certain = Kept(np.ones(10, dtype=bool), decided=False)
    assert (certain.probability, certain.verdict) == (0.995, "very_likely")


def test_what_is_not_estimated_has_no_probability():
    unknown = not_estimated("too_few_headcounts")
    assert np.isnan(unknown.probability)
    assert (unknown.verdict, unknown.note) == ("not_estimated", "too_few_headcounts")


def test_all_parts_in_each_draw():
    assert all_kept([LIKELY, EVEN]).met.tolist() == [True, False, True, False]
    assert all_kept([LIKELY, settled(True)]).met.tolist() == LIKELY.met.tolist()
    assert not all_kept([LIKELY, settled(True)]).decided


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([settled(True), settled(True)], "met"),
        ([settled(True), settled(False)], "missed"),
        ([LIKELY, settled(False)], "missed"),
        ([not_estimated("x"), settled(False)], "missed"),
        ([not_estimated("x"), settled(True)], "not_estimated"),
        ([LIKELY, not_estimated("x")], "not_estimated"),
    ],
)
def test_a_missed_part_decides_and_an_unknown_one_leaves_it_open(parts, verdict):
    whole = all_kept(parts)
    assert whole.verdict == verdict
    assert whole.note == ("x" if verdict == "not_estimated" else "")

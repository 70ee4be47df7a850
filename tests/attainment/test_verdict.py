"""Whether several parts keep a promise, and the word for how likely that is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.attainment.verdict import (
    VERDICTS,
    AttainmentDraws,
    all_met,
    combine,
    decided_by_arithmetic,
    not_estimated,
    probability_of,
    verdict,
)

probabilities = st.floats(0, 1)


def test_parts_are_combined_draw_by_draw() -> None:
    first, second = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert combine([first, second], "any_of").tolist() == [True, True, True, False]
    assert combine([first, second], "all_of").tolist() == [True, False, False, False]
    assert combine([first], None).tolist() == first.tolist()


@pytest.mark.parametrize(
    ("kept", "draws", "open_", "decided"),
    [(0, 1000, 0.005, 0.0), (4, 1000, 0.005, 0.004), (6, 1000, 0.006, 0.006), (500, 1000, 0.5, 0.5),
     (994, 1000, 0.994, 0.994), (996, 1000, 0.995, 0.996), (1000, 1000, 0.995, 1.0)],
)  # fmt: skip
def test_only_arithmetic_makes_a_promise_certain(kept: int, draws: int, open_: float, decided: float) -> None:
    met = np.arange(draws) < kept
    assert probability_of(met, decided=False) == pytest.approx(open_, abs=1e-12)
    assert probability_of(met, decided=True) == pytest.approx(decided, abs=1e-12)


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(0.0, "very_unlikely"), (0.05, "very_unlikely"), (np.nextafter(0.05, 1), "unlikely"), (0.20, "unlikely"),
     (np.nextafter(0.20, 1), "uncertain"), (0.5, "uncertain"), (np.nextafter(0.80, 0), "uncertain"), (0.80, "likely"),
     (np.nextafter(0.95, 0), "likely"), (0.95, "very_likely"), (1.0, "very_likely")],
)  # fmt: skip
def test_the_verdict_at_each_boundary(probability: float, expected: str) -> None:
    assert verdict(float(probability), decided=False) == expected


@given(probabilities)
def test_every_probability_has_exactly_one_verdict(p: float) -> None:
    holds = {
        "very_likely": p >= 0.95,
        "likely": 0.80 <= p < 0.95,
        "uncertain": 0.20 < p < 0.80,
        "unlikely": 0.05 < p <= 0.20,
        "very_unlikely": p <= 0.05,
    }
    assert [name for name, true in holds.items() if true] == [verdict(p, decided=False)]


@given(probabilities, probabilities)
def test_a_higher_probability_never_has_a_worse_verdict(p: float, q: float) -> None:
    low, high = sorted((p, q))
    assert VERDICTS.index(verdict(high, decided=False)) <= VERDICTS.index(verdict(low, decided=False))


def test_met_and_missed_only_when_decided() -> None:
    assert verdict(1.0, decided=True) == "met"
    assert verdict(0.0, decided=True) == "missed"


@pytest.mark.parametrize("decided", [True, False])
def test_a_missing_probability_is_not_estimated(decided: bool) -> None:
    assert verdict(float("nan"), decided=decided) == "not_estimated"


LIKELY = AttainmentDraws(np.array([True, True, True, False]), decided=False)
EVEN = AttainmentDraws(np.array([True, False, True, False]), decided=False)


def test_a_share_of_draws_is_a_probability():
    assert LIKELY.probability == 0.75
    assert LIKELY.verdict == "uncertain"


def test_only_arithmetic_makes_certain():
    assert (decided_by_arithmetic(True).probability, decided_by_arithmetic(True).verdict) == (1.0, "met")
    assert (decided_by_arithmetic(False).probability, decided_by_arithmetic(False).verdict) == (0.0, "missed")
    certain = AttainmentDraws(np.ones(10, dtype=bool), decided=False)
    assert (certain.probability, certain.verdict) == (0.995, "very_likely")


def test_what_is_not_estimated_has_no_probability():
    unknown = not_estimated("too_few_headcounts")
    assert np.isnan(unknown.probability)
    assert (unknown.verdict, unknown.note) == ("not_estimated", "too_few_headcounts")


def test_all_parts_in_each_draw():
    assert all_met([LIKELY, EVEN]).met.tolist() == [True, False, True, False]
    assert all_met([LIKELY, decided_by_arithmetic(True)]).met.tolist() == LIKELY.met.tolist()
    assert not all_met([LIKELY, decided_by_arithmetic(True)]).decided


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([decided_by_arithmetic(True), decided_by_arithmetic(True)], "met"),
        ([decided_by_arithmetic(True), decided_by_arithmetic(False)], "missed"),
        ([LIKELY, decided_by_arithmetic(False)], "missed"),
        ([not_estimated("x"), decided_by_arithmetic(False)], "missed"),
        ([not_estimated("x"), decided_by_arithmetic(True)], "not_estimated"),
        ([LIKELY, not_estimated("x")], "not_estimated"),
    ],
)
def test_a_missed_part_decides_and_an_unknown_one_leaves_it_open(parts, verdict):
    whole = all_met(parts)
    assert whole.verdict == verdict
    assert whole.note == ("x" if verdict == "not_estimated" else "")

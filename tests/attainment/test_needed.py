"""The search for the smallest step."""

import pytest

from analysis.attainment.needed import smallest_step


@pytest.mark.parametrize("first", range(8))
def test_it_is_the_first_step_that_is_enough(first: int) -> None:
    asked: list[int] = []

    def probability(step: int) -> float:
        asked.append(step)
        return 0.9 if step >= first else 0.1

    assert smallest_step(probability, most=7, wanted=0.8) == first
    assert len(asked) <= 5


def test_there_may_be_none() -> None:
    assert smallest_step(lambda step: 0.79, most=1000, wanted=0.8) is None
    assert smallest_step(lambda step: 0.1, most=0, wanted=0.8) is None

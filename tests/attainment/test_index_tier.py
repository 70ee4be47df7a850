"""Promises on the tier of a published index."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from analysis.attainment.index_tier import tier_year_end
from analysis.data.published import read_breaks, read_published
from analysis.indicators.index_tiers import STEPS, Tiers, history, steps
from analysis.parameters import ROOT

NAMES = ("very_good", "good", "fair")
NO_STEPS = pd.DataFrame(columns=STEPS)


def _known(*rows, area="x"):
    frame = pd.DataFrame(rows, columns=["year", "tier", "stated"])
    return frame.assign(area=area, run=0)


def _steps(*pairs):
    return pd.DataFrame([("y", 2019, *pair) for pair in pairs], columns=STEPS)


def _stands(known, seen=NO_STEPS, year=2021, wanted="good", area="x", names=NAMES, draws=20_000):
    return tier_year_end(
        known, seen, area=area, year=year, wanted=wanted, names=names, draw_count=draws, seed=2, key="pci"
    )


THREE_YEARS = _known((2018, "good", True), (2019, "good", True), (2020, "good", True))


def test_without_a_step_the_prior_alone():
    stands = _stands(THREE_YEARS)
    # from the middle of three: a half stays, a quarter each way
    assert stands.kept.probability == pytest.approx(0.75, abs=0.01)
    assert stands.shares["tier"].tolist() == list(NAMES)
    assert stands.shares["share"].tolist() == pytest.approx([0.25, 0.5, 0.25], abs=0.01)
    assert (stands.last_year, stands.last_tier, stands.years, stands.steps) == (2020, "good", 3, 0)


def test_steps_seen_count_beside_the_priors_two():
    stands = _stands(THREE_YEARS, _steps(("good", "good"), ("good", "fair"), ("fair", "good")))
    # prior 0.5, 1, 0.5 and seen 0, 1, 1: of 4, one and a half fall
    assert stands.kept.probability == pytest.approx(2.5 / 4, abs=0.01)


def test_two_years_ahead_is_a_chain_of_two_steps():
    stands = _stands(_known((2017, "fair", True), (2018, "fair", True), (2019, "good", True)))
    # mean of the squared matrix: first step 1/4, 1/2, 1/4; a second from each row, whose own draw repeats in "good"
    top, middle, low = 1 - (1 / 7), None, 3 / 7
    # E[p_gg (p_gg + p_gv)] of Dirichlet(.5, 1, .5): (1·2 + 1·.5) / (2·3)
    middle = (1 * 2 + 1 * 0.5) / 6
    assert stands.kept.probability == pytest.approx(0.25 * top + middle + 0.25 * low, abs=0.01)


@pytest.mark.parametrize(
    ("known", "verdict", "note"),
    [
        (_known(), "not_estimated", "no_published_index"),
        (_known((2019, "good", True), (2020, "good", True)), "not_estimated", "too_few_published_years"),
        (
            _known((2016, "good", True), (2017, "good", True), (2018, "good", True)),
            "not_estimated",
            "published_years_too_old",
        ),
        (_known((2021, "good", True)), "met", ""),
        (_known((2021, "very_good", True)), "met", ""),
        (_known((2021, "fair", True)), "missed", ""),
        (_known((2021, "fair", False)), "not_estimated", "tier_not_stated"),
        (_known((2020, None, False), (2021, None, False)), "not_estimated", "no_published_index"),
    ],
)
def test_what_decides_and_what_is_not_enough(known, verdict, note):
    stands = _stands(known)
    assert (stands.kept.verdict, stands.kept.note) == (verdict, note)
    assert stands.shares.empty


def test_a_later_year_is_not_looked_at():
    later = pd.concat([THREE_YEARS, _known((2022, "fair", True))])
    assert _stands(later).last_year == 2020


def test_the_order_of_tiers_is_the_plans():
    names = ("gold", "silver")
    known = _known((2018, "silver", True), (2019, "silver", True), (2020, "silver", True))
    assert _stands(known, wanted="gold", names=names).kept.probability == pytest.approx(1 / 3, abs=0.01)
    with pytest.raises(ValueError, match="none of gold, silver"):
        _stands(known, wanted="good", names=names)


def test_the_order_of_rows_does_not_matter():
    seen = _steps(("good", "good"), ("good", "fair"), ("fair", "good"))
    one = _stands(THREE_YEARS, seen, draws=500)
    other = _stands(THREE_YEARS.iloc[::-1], seen.iloc[::-1], draws=500)
    assert (one.kept.met == other.kept.met).all()


def _prior(at):
    near = 0.5 ** np.abs(np.arange(3) - at)
    return 2 * near / near.sum()


@pytest.mark.statistical
def test_probabilities_are_calibrated_on_chains_of_six_provinces():
    rng = np.random.default_rng(8)
    said, happened = [], []
    for number in range(400):
        matrix = np.array([rng.dirichlet(_prior(i)) for i in range(3)])
        tiers = np.empty((6, 8), dtype=int)
        tiers[:, 0] = rng.integers(0, 3, 6)
        for year in range(1, 8):
            tiers[:, year] = [rng.choice(3, p=matrix[at]) for at in tiers[:, year - 1]]
        # One frame at once: 400 times six put together took longer than what is tested.
        known = pd.DataFrame(
            [(2014 + y, NAMES[at], True, f"a{i}", i) for i, row in enumerate(tiers) for y, at in enumerate(row[:-1])],
            columns=["year", "tier", "stated", "area", "run"],
        )
        stands = tier_year_end(
            known,
            steps(known),
            area="a0",
            year=2021,
            wanted="good",
            names=NAMES,
            draw_count=500,
            seed=2,
            key=str(number),
        )
        said.append(stands.kept.probability)
        happened.append(tiers[0, -1] <= 1)
    said, happened = np.array(said), np.array(happened)
    for low, high in [(0, 0.5), (0.5, 0.8), (0.8, 1.0)]:
        mine = (said >= low) & (said < high)
        error = np.sqrt(np.mean(said[mine] * (1 - said[mine])) / mine.sum())
        assert abs(said[mine].mean() - happened[mine].mean()) < 3 * error


@pytest.mark.parametrize(
    ("as_of", "note", "years"),
    [
        (date(2021, 3, 20), "too_few_published_years", 2),
        (date(2021, 9, 20), "too_few_published_years", 2),
        (date(2021, 12, 20), "too_few_published_years", 2),
        (date(2022, 5, 31), "tier_not_stated", 3),
    ],
)
def test_the_real_pci_is_not_estimated_in_the_plans_year_and_not_decided_after_it(as_of, note, years):
    folder = ROOT / "data" / "published"
    tiers = Tiers(("very_good", "good", "fair_or_lower"), {2019: {"very_good": 5, "good": 16}})
    known = history(read_published(folder), indicator="pci", tiers=tiers, as_of=as_of, breaks=read_breaks(folder))
    stands = _stands(known, steps(known), area="khanh-hoa", names=tiers.names)
    assert (stands.kept.verdict, stands.kept.note, stands.years) == ("not_estimated", note, years)

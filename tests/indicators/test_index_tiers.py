"""What is known of a published index, on invented figures and on the real ones."""

from datetime import date

import pandas as pd
import pytest

from analysis.data.published import read_breaks, read_published
from analysis.indicators.index_tiers import HISTORY, Tiers, history, steps
from analysis.parameters import ROOT

TIERS = Tiers(("very_good", "good", "fair_or_lower"), {2019: {"very_good": 5, "good": 16}})
FOLDER = ROOT / "data" / "published"


def _published(*rows):
    columns = ["area", "period", "rank", "published_on"]
    frame = pd.DataFrame(rows, columns=columns).astype({"rank": "Int64"})
    return frame.assign(
        indicator="pci",
        value=float("nan"),
        unit="rank_only",
        rank_of=63,
        method=None,
        source="https://example.vn",
        confidence="H",
    )


def _known(published, as_of, **more):
    return history(published, indicator="pci", tiers=TIERS, as_of=as_of, **more)


@pytest.mark.parametrize(
    ("rank", "year", "tier"),
    [(5, 2019, "very_good"), (6, 2019, "good"), (16, 2019, "good"), (17, 2019, "fair_or_lower"), (16, 2022, "good")],
)
def test_tiers_of_ranks(rank, year, tier):
    assert TIERS.of_rank(rank, year) == tier


def test_limits_of_the_nearest_year_are_carried_and_of_two_the_earlier():
    tiers = Tiers(("a", "b"), {2018: {"a": 10}, 2020: {"a": 20}})
    assert [tiers.of_rank(15, year) for year in (2017, 2018, 2019, 2020, 2025)] == ["b", "b", "b", "a", "a"]
    assert Tiers(("a", "b"), {}).of_rank(1, 2020) is None


def test_a_figure_is_known_from_the_last_day_its_publication_can_mean():
    published = _published(
        ("x", "2018", 3, "2019-05-10"), ("x", "2019", 9, "2020-05"), ("x", "2020", 20, "2021"), ("x", "2021", 1, None)
    )
    assert _known(published, date(2020, 5, 30))["year"].tolist() == [2018]
    assert _known(published, date(2020, 5, 31))["year"].tolist() == [2018, 2019]
    assert _known(published, date(2099, 1, 1))["year"].tolist() == [2018, 2019, 2020]
    assert _known(published, date(2019, 5, 9)).columns.tolist() == [*HISTORY, "run"]


def test_steps_do_not_leap_over_gaps_breaks_or_areas():
    days = "2010-01-01"
    published = _published(
        ("x", "2015", 3, days), ("x", "2016", 9, days), ("x", "2018", 20, days), ("x", "2019", 20, days),
        ("y", "2017", 1, days), ("y", "2018", 2, days),
    )  # fmt: skip
    breaks = pd.DataFrame([{"date": "2018-01-01", "area": "y", "indicator": "*"}])
    found = steps(_known(published.sample(frac=1, random_state=1), date(2020, 1, 1), breaks=breaks))
    assert found.to_numpy().tolist() == [
        ["x", 2016, "very_good", "good"],
        ["x", 2019, "fair_or_lower", "fair_or_lower"],
    ]


def test_years_with_a_score_and_years_with_only_a_rank_are_one_series():
    published = _published(("x", "2018", 3, "2019-05"), ("x", "2019", 9, "2020-05"))
    published.loc[0, ["value", "unit"]] = [70.0, "score"]
    known = _known(published, date(2021, 1, 1))
    assert known["score"].tolist() == pytest.approx([70.0, float("nan")], nan_ok=True)
    assert len(steps(known)) == 1


def test_what_was_really_known_of_the_pci_in_the_plans_year():
    published, breaks = read_published(FOLDER), read_breaks(FOLDER)
    known = _known(published, date(2021, 9, 20), breaks=breaks)
    mine = known[known["area"] == "khanh-hoa"]
    assert mine[["year", "rank", "tier", "stated"]].to_numpy().tolist() == [
        [2018, 17, "fair_or_lower", False],
        [2019, 29, "fair_or_lower", True],
    ]
    # Ninh Thuận's 2020 has no day of publication, so it is not known; the year itself comes out the spring after it.
    assert known.loc[known["area"] == "ninh-thuan", "year"].tolist() == [2019]
    assert 2021 not in set(_known(published, date(2022, 4, 30))["year"])
    assert 2021 in set(_known(published, date(2022, 5, 31))["year"])

"""What is known of an index's scores and ranks on a day, on invented figures and on the real ones."""

from datetime import date

import pandas as pd
import pytest

from analysis.data.published import read_breaks, read_published
from analysis.indicators.index_scores import HISTORY, history
from analysis.parameters import ROOT

FOLDER = ROOT / "data" / "published"


def _published(*rows):
    """Return figures from rows of area, period, score, rank, day of publication and, if not certain, confidence."""
    columns = ["area", "period", "value", "rank", "published_on", "confidence"]
    frame = pd.DataFrame([(*row, "H")[:6] for row in rows], columns=columns).astype({"rank": "Int64"})
    frame["value"] = frame["value"].astype(float)
    return frame.assign(
        indicator="x",
        unit=frame["value"].isna().map({True: "rank_only", False: "score"}),
        rank_of=pd.array([63] * len(frame), dtype="Int64"),
        method=None,
        source="https://example.vn",
    )


def _known(published, as_of=date(2030, 1, 1), **more):
    return history(published, indicator="x", as_of=as_of, **more)


def test_periods_of_every_length_are_series_of_their_own():
    known = _known(
        _published(
            ("a", "2025W02", 81, 3, "2025-01-20"), ("a", "2025W01", 80, 4, "2025-01-10"),
            ("a", "2025-01", 80.5, 4, "2025-02-10"), ("a", "2025Q1", 82, 3, "2025-04-10"),
            ("a", "2024", 79, 9, "2025-02"),
        )
    )  # fmt: skip
    assert known.columns.tolist() == HISTORY
    assert known[["frequency", "period", "score"]].to_numpy().tolist() == [
        ["M", "2025-01", 80.5], ["Q", "2025Q1", 82], ["W", "2025W01", 80], ["W", "2025W02", 81], ["Y", "2024", 79]
    ]  # fmt: skip
    assert known.groupby("frequency")["stretch"].nunique().eq(1).all()
    assert known["stretch"].nunique() == 4


def test_a_revision_counts_from_its_own_day_and_a_less_certain_one_never():
    published = _published(
        ("a", "2024", 80, 9, "2025-03-01"), ("a", "2024", 81, 8, "2025-06-01"), ("a", "2024", 95, 1, "2025-09-01", "M")
    )
    for day, score in [(date(2025, 5, 31), 80), (date(2025, 6, 1), 81), (date(2025, 12, 31), 81)]:
        assert _known(published, day)["score"].tolist() == [score]
    assert _known(published, date(2025, 2, 28)).columns.tolist() == HISTORY


def test_score_and_rank_of_one_period_may_be_printed_in_two_places():
    known = _known(_published(("a", "2024", 80, None, "2025-03-01"), ("a", "2024", None, 9, "2025-04-01")))
    assert known[["score", "rank"]].to_numpy().tolist() == [[80, 9]]


def test_what_has_no_day_of_publication_or_no_period_is_not_known():
    assert _known(_published(("a", "2024", 80, 9, None), ("a", None, 81, 9, "2025-01-01"))).empty


def test_a_gap_stays_in_a_stretch_and_a_break_ends_it():
    published = _published(*[("a", str(year), 80, 9, "2025-01-01") for year in (2015, 2017, 2019, 2020, 2021)])
    breaks = pd.DataFrame({"date": ["2018", "2020-07", "2031"], "area": "*", "indicator": "x"})
    known = _known(published, breaks=breaks)
    assert known["stretch"].tolist() == [0, 0, 1, 2, 3]
    day = pd.Timestamp
    assert known["same_until"].tolist() == [day("2018-01-01")] * 2 + [day("2020-07-01")] * 2 + [pd.NaT]
    assert known["same_since"].tolist() == [pd.NaT] * 2 + [day("2018-01-01")] * 2 + [day("2020-07-01")]


def test_a_break_to_come_is_not_known():
    published = _published(("a", "2019", 80, 9, "2020-01-01"))
    breaks = pd.DataFrame({"date": ["2020-07"], "area": "*", "indicator": "x"})
    assert _known(published, date(2020, 6, 30), breaks=breaks)["same_until"].isna().all()
    assert _known(published, date(2020, 7, 1), breaks=breaks)["same_until"].notna().all()


@pytest.mark.parametrize(
    ("as_of", "years"),
    [
        (date(2022, 5, 24), ["2020"]),
        (date(2022, 5, 25), ["2020", "2021"]),
        (date(2024, 12, 31), ["2020", "2021", "2023"]),
        (date(2025, 4, 14), ["2020", "2021", "2023", "2024"]),
    ],
)
def test_what_was_really_known_of_the_reform_index(as_of, years):
    known = history(read_published(FOLDER), indicator="par_index", as_of=as_of, breaks=read_breaks(FOLDER))
    mine = known[known["area"] == "khanh-hoa"]
    assert mine["period"].tolist() == years
    assert len(set(mine["stretch"])) == 1

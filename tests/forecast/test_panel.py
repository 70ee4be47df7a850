import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.forecast.panel import Panel, panel_from_counts


def counts(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["series", "period", "numerator", "denominator"])


def test_missing_period_becomes_a_gap_and_rows_are_sorted():
    panel = panel_from_counts(counts(("b", "2021-01", 1, 2), ("a", "2021-03", 3, 4), ("b", "2021-03", 0, 0)))
    assert panel.series == ("a", "b")
    assert list(panel.periods.astype(str)) == ["2021-01", "2021-02", "2021-03"]
    np.testing.assert_array_equal(panel.numerator, [[np.nan, np.nan, 3], [1, np.nan, 0]])
    np.testing.assert_array_equal(panel.denominator, [[np.nan, np.nan, 4], [2, np.nan, 0]])
    assert panel.season_length == 12


def test_quarters_have_a_season_of_four():
    panel = panel_from_counts(counts(("a", "2020Q4", 1, 2), ("a", "2021Q2", 1, 2)))
    assert panel.season_length == 4
    assert len(panel.periods) == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "2021-01", 1, 2), ("a", "2021-01", 1, 2)], "more than once"),
        ([("a", "2021-01", 3, 2)], "above its denominator"),
        ([("a", "2021-01", -1, 2)], "below zero"),
        ([("a", "2021-01", np.nan, 2)], "both or neither"),
        ([("a", "2021-01", 1, np.inf)], "infinite"),
        ([("a", "2021-01", 1, 2), ("a", "2021Q2", 1, 2)], "not both"),
        ([("a", "2021-13", 1, 2)], "written like"),
        ([], "no counts"),
    ],
)
def test_impossible_counts_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        panel_from_counts(counts(*rows))


def test_holes_and_other_frequencies_are_refused():
    one = np.ones((1, 2))
    with pytest.raises(ValueError, match="contiguous"):
        Panel(("a",), pd.PeriodIndex(["2021-01", "2021-03"], freq="M"), one, one)
    with pytest.raises(ValueError, match="monthly or quarterly"):
        Panel(("a",), pd.period_range("2020", periods=2, freq="Y"), one, one)
    with pytest.raises(ValueError, match="sorted"):
        Panel(("b", "a"), pd.period_range("2020-01", periods=1, freq="M"), np.ones((2, 1)), np.ones((2, 1)))
    with pytest.raises(ValueError, match="shape"):
        Panel(("a",), pd.period_range("2020-01", periods=3, freq="M"), one, one)


def test_until_cuts_at_the_origin_and_refuses_one_outside():
    panel = panel_from_counts(counts(("a", "2021-01", 1, 2), ("a", "2021-04", 3, 4)))
    cut = panel.until(pd.Period("2021-02", freq="M"))
    assert str(cut.origin) == "2021-02"
    assert cut.numerator.shape == (1, 2)
    with pytest.raises(ValueError, match="outside the panel"):
        panel.until(pd.Period("2021-05", freq="M"))


def test_arrays_are_read_only():
    panel = panel_from_counts(counts(("a", "2021-01", 1, 2)))
    with pytest.raises(ValueError, match="read-only"):
        panel.numerator[0, 0] = 9


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.integers(0, 30)),
        st.tuples(st.integers(0, 50), st.integers(0, 50)),
        min_size=1,
    )
)
def test_every_count_is_found_again_and_nothing_else(cells):
    months = pd.period_range("2019-01", periods=31, freq="M")
    rows = [(name, str(months[t]), k, k + rest) for (name, t), (k, rest) in cells.items()]
    panel = panel_from_counts(counts(*rows))
    for name, label, k, n in rows:
        at = panel.row(name), panel.periods.get_loc(pd.Period(label, freq="M"))
        assert (panel.numerator[at], panel.denominator[at]) == (k, n)
    assert panel.reported.sum() == len(rows)

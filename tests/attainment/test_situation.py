"""The rows of one series among those of many."""

from __future__ import annotations

import pandas as pd

from analysis.attainment.situation import SeriesRows
from analysis.plan.promises import Part


def test_rows_of_a_series_are_its_own_in_their_order_and_none_where_it_has_none() -> None:
    frame = pd.DataFrame(
        {
            "indicator": ["late", "late", "late", "online", "late"],
            "dimension": ["agency", "field", "agency", "agency", "agency"],
            "series": ["a", "a", "b", "a", "a"],
            "numerator": [5, 4, 3, 2, 1],
        },
        index=[10, 11, 12, 13, 14],
    )
    rows = SeriesRows(frame)
    mine = rows.of(Part(indicator="late", dimension="agency", series="a", rule="at_most", threshold=0.1))
    assert mine["numerator"].to_dict() == {10: 5, 14: 1}
    none = rows.of(Part(indicator="late", dimension="agency", series="c", rule="at_most", threshold=0.1))
    assert none.empty
    assert none.columns.tolist() == frame.columns.tolist()
    assert none.dtypes.equals(frame.dtypes)

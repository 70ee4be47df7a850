"""Who reports when, counted by hand."""

from __future__ import annotations

import pandas as pd

from analysis.indicators import reporting


def _rows(**labels: list[str]) -> pd.DataFrame:
    rows = [(label, None if agency == "nobody" else agency, 3, 2) for agency, ones in labels.items() for label in ones]
    counts = pd.DataFrame(rows, columns=["period", "agency", "received", "resolved"])
    return reporting.by_agency(counts)


def test_a_body_lacks_the_periods_of_others_from_its_own_first_row_on():
    found = reporting.unreported(
        _rows(
            stnmt=["2021-01", "2021-02", "2021-04", "2021-05"],
            late=["2021-03", "2021-04", "2021-05"],
            stopped=["2021-01", "2021-02", "2021-03"],
            nobody=["2021-01", "2021-07"],
        )
    )
    # Nobody at all has a row for 2021-06; the rows of 2021-07 name no body.
    assert found.to_dict("list") == {
        "agency": ["late", "stnmt", "stnmt", "stopped", "stopped", "stopped"],
        "period": ["2021-07", "2021-03", "2021-07", "2021-04", "2021-05", "2021-07"],
    }


def test_only_the_last_twelve_periods_count_and_a_body_without_any_of_them_is_left_out():
    months = [f"{year}-{month:02d}" for year in (2020, 2021) for month in range(1, 13)]
    found = reporting.unreported(
        _rows(all=months, hole=[one for one in months if one not in ("2020-12", "2021-01")], dissolved=months[:12])
    )
    assert found.to_dict("list") == {"agency": ["hole"], "period": ["2021-01"]}


def test_a_body_that_reports_no_case_has_a_row():
    counts = pd.DataFrame(
        [("2021-01", "a", 5, 5), ("2021-02", "a", 0, 0), ("2021-02", "b", 1, 1), ("2021-03", "a", 1, None)],
        columns=["period", "agency", "received", "resolved"],
    )
    assert reporting.unreported(reporting.by_agency(counts)).to_dict("list") == {"agency": ["b"], "period": ["2021-03"]}

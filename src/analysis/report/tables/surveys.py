"""Rounds of surveys in tables: share, respondents, error, and which of them may be compared."""

from __future__ import annotations

import pandas as pd

from analysis.data.published import SIPAS_SINCE_2022, SIPAS_UNTIL_2021
from analysis.promises import TOTAL
from analysis.report import numbers
from analysis.report.wording import Wording
from analysis.results import Results

_ = str

METHODS = {
    SIPAS_UNTIL_2021: _("people who had just received a result"),
    SIPAS_SINCE_2022: _("residents drawn at random; not comparable with the years before 2022"),
}


def of_the_whole(results: Results, indicator: str) -> pd.DataFrame:
    """Return the rounds of one survey of the whole province in the order of their years, those with a share."""
    surveys = results.surveys
    mine = surveys[(surveys["indicator"] == indicator) & surveys["value"].notna()]
    return mine[mine["series"].isin([TOTAL, results.plan.area])].sort_values("period", ignore_index=True)


def rounds(results: Results, words: Wording, indicator: str) -> pd.DataFrame:
    """Return the rounds of one survey of the whole province, a row each; empty where there is none."""
    language, mine = words.language, of_the_whole(results, indicator)
    frame = pd.DataFrame(
        {
            words.text("Year"): mine["period"].astype(str),
            words.text("Share satisfied"): [numbers.percent(value, language) for value in mine["value"]],
            words.text("Respondents"): [numbers.count(n, language) for n in mine["respondents"]],
            words.text("Standard error (percentage points)"): [
                numbers.MISSING if pd.isna(error) else numbers.percent(error, language).rstrip("%")
                for error in mine["standard_error"]
            ],
        }
    )
    if "method" in mine and mine["method"].notna().any():
        frame[words.text("Who was asked")] = [
            words.text(METHODS[method]) if method in METHODS else numbers.MISSING for method in mine["method"]
        ]
    return frame

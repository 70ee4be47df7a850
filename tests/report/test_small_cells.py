import pandas as pd

from analysis.report.small_cells import hide_small, said_of_hidden
from analysis.report.wording import Wording

COUNTS = pd.DataFrame({"numerator": [1, 1, 0], "denominator": [4, 5, 900], "value": [0.25, 0.2, 0.0]})


def test_a_share_of_fewer_than_five_cases_is_hidden_and_its_denominator_stays() -> None:
    hidden = hide_small(COUNTS)
    assert hidden["value"].isna().tolist() == [True, False, False]
    assert hidden["numerator"].isna().tolist() == [True, False, False]
    assert hidden["denominator"].tolist() == [4, 5, 900]


def test_the_page_says_so_only_where_something_is_hidden() -> None:
    assert said_of_hidden(COUNTS, Wording("en"), "cases") == "Small cells hidden: fewer than 5 cases."
    assert said_of_hidden(COUNTS.tail(2), Wording("en"), "cases") == ""

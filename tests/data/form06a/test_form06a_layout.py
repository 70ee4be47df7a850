"""One definition of the thirteen columns, and what adds up in them."""

from __future__ import annotations

import pytest

from analysis.code_of_name import code_of_name
from analysis.data.codes import tidy
from analysis.data.form06a.layout import COLUMNS, COUNTS, IDENTITIES, formula


def test_the_columns_are_numbered_in_order_and_eleven_count():
    assert [column.number for column in COLUMNS] == list(range(1, 14))
    assert len(COUNTS) == 11
    assert len({column.key for column in COLUMNS}) == 13


def test_the_identities_are_the_forms():
    assert [str(identity) for identity in IDENTITIES] == [
        "(3)=(4)+(5)+(6)", "(7)=(8)+(9)+(10)", "(11)=(12)+(13)", "(3)=(7)+(11)",
    ]  # fmt: skip


def test_the_row_of_numbers_says_which_columns_are_sums():
    assert [formula(column) for column in COLUMNS] == [
        "(1)", "(2)", "(3)=(4)+(5)+(6)", "(4)", "(5)", "(6)", "(7)=(8)+(9)+(10)", "(8)", "(9)", "(10)",
        "(11)=(12)+(13)", "(12)", "(13)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tidied", "folded"),
    [
        ("  Sở\xa0Y \n tế", "Sở Y tế", "so-y-te"),
        ("So\u031b\u0309 Y te\u0302\u0301", "Sở Y tế", "so-y-te"),
        ("ĐẤT ĐAI – Môi trường", "ĐẤT ĐAI – Môi trường", "dat-dai-moi-truong"),
        ("UBND H. Diên_Khánh", "UBND H. Diên_Khánh", "ubnd-h-dien-khanh"),
    ],
)
def test_names_have_one_spelling(text, tidied, folded):
    assert (tidy(text), code_of_name(text)) == (tidied, folded)

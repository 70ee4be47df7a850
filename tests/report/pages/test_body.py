"""The edition of a body, and the index of all: what is said, and what is not shown."""

from __future__ import annotations

import re

import pytest

from analysis.parameters import RunParameters
from analysis.quarter.results import Results
from analysis.report.figures.picture import Picture
from analysis.report.pages.body import BodyPage
from drawn_texts import assert_no_overlap, drawn
from few_bodies import few_bodies


@pytest.fixture(scope="module")
def few(results: Results) -> Results:
    return few_bodies(results)


def _shown(page: BodyPage, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[Picture]]:
    """Return the text of a page, and its pictures."""
    said: list[str] = []
    pictures: list[Picture] = []
    monkeypatch.setattr(page, "_html", said.append)
    monkeypatch.setattr(page, "_picture", pictures.append)
    page.answer()
    page.table()
    page.pictures()
    return " ".join(re.sub(r"<[^a/][^>]*>|</[^a][^>]*>", " ", "".join(said)).split()), pictures


def _page(run: RunParameters, few: Results, language: str, body: str | None, each: str | None = None) -> BodyPage:
    return BodyPage(run.model_copy(update={"language": language, "body": body, "each": each}), few)


def test_an_edition_says_first_what_is_missed_and_then_each_promise(
    run: RunParameters, few: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, (picture,) = _shown(_page(run, few, "en", "ubnd-nt"), monkeypatch)
    assert said.startswith(
        "Nha Trang city surely misses the line this quarter in 1 of the 1 promises that its cases count for. "
        "It surely misses: "
    )
    # 480 of 2,000 and 240 of 1,000; second of three; 120 of the 145 cases that are missing.
    assert "surely missed at least 30% 24.0% (480/2,000) 24.0% (240/1,000) 2 to 2 of 3 83% " in said
    assert picture.title == "Nha Trang city 24.0%: rank 2 to 2 of 3"
    # Whoever may not be shown is in no picture, and without a number behind it.
    assert picture.values["series"].tolist() == ["ubnd-ks", "ubnd-nt", "stc", "ubnd-ts"]
    assert picture.values.iloc[-1][["denominator", "value", "lower", "upper", "best_rank"]].isna().all()
    assert [text for text in drawn(picture) if "Trường Sa" in text] == []
    assert_no_overlap(picture)
    assert "at the worse end" in picture.alt


def test_a_body_that_misses_nothing_for_sure_is_told_so(
    run: RunParameters, few: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = _shown(_page(run, few, "en", "stc"), monkeypatch)
    assert "surely misses no line this quarter; its cases count for 1 promises." in said
    # 800 of 2,000.
    assert "kept this quarter at least 30% 40.0% (800/2,000)" in said
    page = _page(run, few, "en", "ubnd-nt")
    page.standing = page.standing.assign(is_beyond=False)  # as if there were too few cases to be sure
    said, _ = _shown(page, monkeypatch)
    assert "missed, not surely at least 30% 24.0% (480/2,000)" in said


def test_of_a_body_of_few_cases_the_page_says_that_they_are_hidden(
    run: RunParameters, few: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, pictures = _shown(_page(run, few, "en", "ubnd-ts"), monkeypatch)
    assert said.startswith("Trường Sa island district has too few cases this quarter to say where it stands. Surely")
    assert "at least 30% – – – – –" in said
    assert "Hidden: cells of 1 to 4 cases" in said
    assert pictures == []


def test_the_index_names_who_misses_what_and_leads_to_each_edition(
    run: RunParameters, few: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = _shown(_page(run, few, "vi", None, "districts"), monkeypatch)
    assert said.startswith("Trong quý, 2 trong 4 cơ quan, đơn vị chắc chắn chưa đạt mức của ít nhất một mục tiêu.")
    assert "(từ 30% trở lên): UBND H. Khánh Sơn (13,3%), UBND TP. Nha Trang (24,0%)." in said
    assert '<a href="08_body-ubnd-ks.html">UBND H. Khánh Sơn</a>: chắc chắn chưa đạt 1 trong 1 mục tiêu' in said
    # The block of districts has editions; the finance department, which is none, has no way to one.
    assert "Chưa có mục tiêu nào chắc chắn chưa đạt: Sở Tài chính" in said
    assert said.count("<a ") == 3
    # Nothing is said of whom the quarter hides.
    assert said.partition("Quá ít hồ sơ để hiển thị: ")[2].startswith(
        '<a href="08_body-ubnd-ts.html">UBND H. Trường Sa'
    )


def test_as_opened_there_are_no_ways_to_pages_that_are_not_there(
    run: RunParameters, few: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, _ = _shown(_page(run, few, "en", None), monkeypatch)
    assert said.startswith("2 of 4 bodies surely miss the line of at least one promise this quarter.")
    assert "<a " not in said

"""The pictures of the summary: the likeliest to fail first, six at most, and the others named."""

from __future__ import annotations

import pytest

from analysis.parameters import RunParameters
from analysis.quarter.results import Results
from analysis.report import answer
from analysis.report.figures.picture import Picture
from analysis.report.pages.summary import PICTURES, SummaryPage

pytestmark = pytest.mark.slow


@pytest.fixture
def shown(
    demo_run: RunParameters, results: Results, monkeypatch: pytest.MonkeyPatch
) -> tuple[SummaryPage, list[Picture], list[str]]:
    page = SummaryPage(demo_run.model_copy(update={"language": "en"}), results)
    pictures: list[Picture] = []
    notes: list[str] = []
    monkeypatch.setattr(page, "_picture", pictures.append)
    monkeypatch.setattr(page, "_note", notes.append)
    monkeypatch.setattr(page, "_html", notes.append)
    page.pictures()
    return page, pictures, notes


def test_each_names_its_promise_or_the_member_that_decides_it_in_the_order_of_risk(
    shown: tuple[SummaryPage, list[Picture], list[str]],
) -> None:
    page, pictures, _ = shown
    assert len(pictures) == PICTURES
    assert {picture.width for picture in pictures} == {"third"}
    # Of the fields that must all keep 2 %, housing is furthest from it.
    names = ["Housing" if promise.id == "overdue" else page.words.of(promise.name)
             for _, promise in answer.by_risk(page.results)]  # fmt: skip
    told = [picture.title.split(": ")[0].rstrip("…") for picture in pictures]
    assert all(name.startswith(one) for one, name in zip(told, names, strict=False))


def test_those_not_drawn_are_named_those_of_surveys_and_lists_too(
    shown: tuple[SummaryPage, list[Picture], list[str]],
) -> None:
    page, pictures, notes = shown
    named = next(note for note in notes if "Not drawn here" in note)
    for promise in page.results.plan.promises:
        name = page.words.of(promise.name)
        is_drawn = any(picture.title.startswith(name[:12]) for picture in pictures) or promise.id == "overdue"
        # Of the index only two years are published: there is nothing to draw.
        assert (name in named) == (not is_drawn and promise.id != "pci_group")


def test_how_to_read_them_is_said_once_for_each_kind(shown: tuple[SummaryPage, list[Picture], list[str]]) -> None:
    _, pictures, notes = shown
    assert {picture.caption for picture in pictures} == {""}
    assert notes[0].count("Each dot is one of a hundred") == 1
    assert notes[0].count("Dashed red: the promise") == 1

"""The swap: one relative link, the last good run untouched until it moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import Timeout

from analysis.faults import EnvironmentFault
from analysis.publish.store.releases import Shelf, run_id

MOMENT = datetime(2021, 10, 1, 8, tzinfo=UTC)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "reports", "plan-2021", "2021-Q3")


def published(shelf: Shelf, *, after: int) -> Path:
    draft = shelf.begin(MOMENT + timedelta(hours=after))
    (draft / "index.html").write_text(f"run {after}")
    return shelf.publish(draft)


def test_the_link_is_relative_and_the_folder_bears_the_run_id(shelf: Shelf) -> None:
    draft = shelf.begin(MOMENT)
    name = run_id(draft)
    folder = shelf.publish(draft)
    assert name == "plan-2021_2021-Q3_20211001T080000000000Z"
    assert folder == shelf.runs / name
    assert shelf.link.readlink() == Path("..") / ".runs" / name
    assert shelf.published() == folder.resolve()


def test_the_run_before_is_kept_and_older_ones_are_swept(shelf: Shelf) -> None:
    published(shelf, after=0)
    shelf.give_up(shelf.begin(MOMENT + timedelta(hours=1)))
    shelf.begin(MOMENT + timedelta(hours=2))  # what a killed run leaves behind
    other = Shelf(shelf.reports, "plan-2021", "2021-Q2").begin(MOMENT)
    second, third = published(shelf, after=3), published(shelf, after=4)
    assert set(shelf.runs.iterdir()) == {second, third, other}
    assert (shelf.link / "index.html").read_text() == "run 4"


def test_a_plan_named_like_another_and_its_quarter_keeps_its_runs(tmp_path: Path) -> None:
    longer, shorter = (Shelf(tmp_path, name, "2021-Q3") for name in ("kh_2021-Q3", "kh"))
    theirs = published(longer, after=0)
    failed = longer.begin(MOMENT + timedelta(hours=1))
    longer.give_up(failed)
    published(shorter, after=2)
    shorter.give_up(shorter.begin(MOMENT + timedelta(hours=3)))
    assert (longer.link / "index.html").read_text() == "run 0"
    assert longer.published() == theirs.resolve()
    assert longer.left_over() == [failed.with_suffix(".failed")]


def test_runs_that_came_to_nothing_are_resumed_earliest_first_whatever_the_plan_is_called(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "kh.v2", "2021-Q3")
    assert shelf.left_over() == []
    failed = shelf.begin(MOMENT)
    shelf.give_up(failed)
    drafts = {hours: shelf.begin(MOMENT + timedelta(hours=hours)) for hours in (1, 2, 9, 10, 3, 4)}
    left_over = shelf.left_over()
    assert left_over == [failed.with_suffix(".failed"), *(drafts[hours] for hours in (1, 2, 3, 4, 9, 10))]
    shelf.clear_away(keep=[drafts[3]])
    assert shelf.left_over() == [failed.with_suffix(".failed"), drafts[3]]


def test_giving_up_keeps_the_last_failure_only_and_never_the_link(shelf: Shelf) -> None:
    good = published(shelf, after=0)
    shelf.give_up(shelf.begin(MOMENT + timedelta(hours=1)))
    shelf.give_up(shelf.begin(MOMENT + timedelta(hours=2)))
    assert sorted(path.name for path in shelf.runs.iterdir()) == [
        good.name,
        "plan-2021_2021-Q3_20211001T100000000000Z.failed",
    ]
    assert shelf.published() == good.resolve()


def test_a_folder_where_the_link_should_be_is_left_alone(shelf: Shelf) -> None:
    shelf.link.mkdir(parents=True)
    (shelf.link / "mine.txt").write_text("kept")
    with pytest.raises(EnvironmentFault, match="not a link of ours"):
        shelf.published()
    draft = shelf.begin(MOMENT)
    with pytest.raises(EnvironmentFault):
        shelf.publish(draft)
    assert draft.exists()
    assert (shelf.link / "mine.txt").read_text() == "kept"


def test_a_dangling_link_counts_as_unpublished_and_is_replaced(shelf: Shelf) -> None:
    shelf.link.parent.mkdir(parents=True)
    shelf.link.symlink_to("../.runs/gone")
    assert shelf.published() is None
    published(shelf, after=0)
    assert (shelf.link / "index.html").read_text() == "run 0"


def test_what_fails_after_the_swap_takes_nothing_from_readers(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    published(shelf, after=0)

    def interrupt_after_the_swap(path: Path) -> None:
        if path == shelf.link.parent:
            raise KeyboardInterrupt

    monkeypatch.setattr("analysis.publish.store.releases.flush", interrupt_after_the_swap)
    with pytest.raises(KeyboardInterrupt):
        published(shelf, after=1)
    assert (shelf.link / "index.html").read_text() == "run 1"


def test_what_fails_before_the_swap_is_no_finished_run(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    published(shelf, after=0)

    def interrupt_before_the_swap(path: Path) -> None:
        if path == shelf.runs:
            raise KeyboardInterrupt

    monkeypatch.setattr("analysis.publish.store.releases.flush", interrupt_before_the_swap)
    with pytest.raises(KeyboardInterrupt):
        published(shelf, after=1)
    assert (shelf.link / "index.html").read_text() == "run 0"
    assert sorted(path.suffix for path in shelf.runs.iterdir()) == ["", ".part"]


def test_only_one_run_holds_a_quarter(shelf: Shelf) -> None:
    with shelf.locked() as first:
        with shelf.locked() as second:
            assert (first, second) == (True, False)
        with Shelf(shelf.reports, "plan-2021", "2021-Q2").locked() as other:
            assert other
    with shelf.locked() as again:
        assert again


@pytest.mark.parametrize("moved", ["plan-2021", "."])
def test_folders_moved_to_another_disk_are_published_into(tmp_path: Path, shelf: Shelf, moved: str) -> None:
    elsewhere = tmp_path / "elsewhere" / "deeper" / "still"
    elsewhere.mkdir(parents=True)
    here = shelf.reports / moved
    here.parent.mkdir(exist_ok=True)
    here.symlink_to(elsewhere)
    published(shelf, after=0)
    second = published(shelf, after=1)
    assert shelf.published() == second.resolve()
    assert (shelf.link / "index.html").read_text() == "run 1"
    assert not shelf.link.readlink().is_absolute()


def test_what_gives_up_while_a_quarter_is_held_is_told_as_it_is(shelf: Shelf) -> None:
    with pytest.raises(Timeout), shelf.locked():
        raise Timeout("another lock")
    with shelf.locked() as ours:
        assert ours

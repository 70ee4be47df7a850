"""The swap: one relative link, the last good run untouched until it moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import Timeout

from analysis.faults import EnvironmentFault
from analysis.publish.store.releases import ReleaseStore, run_id

MOMENT = datetime(2021, 10, 1, 8, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> ReleaseStore:
    return ReleaseStore(tmp_path / "reports", "plan-2021", "2021-Q3")


def published(store: ReleaseStore, *, after: int) -> Path:
    draft = store.create_run_folder(MOMENT + timedelta(hours=after))
    (draft / "index.html").write_text(f"run {after}")
    return store.release(draft)


def test_the_link_is_relative_and_the_folder_bears_the_run_id(store: ReleaseStore) -> None:
    draft = store.create_run_folder(MOMENT)
    name = run_id(draft)
    folder = store.release(draft)
    assert name == "plan-2021_2021-Q3_20211001T080000000000Z"
    assert folder == store.runs / name
    assert store.link.readlink() == Path("..") / ".runs" / name
    assert store.released_folder() == folder.resolve()


def test_the_run_before_is_kept_and_older_ones_are_swept(store: ReleaseStore) -> None:
    published(store, after=0)
    store.mark_failed(store.create_run_folder(MOMENT + timedelta(hours=1)))
    store.create_run_folder(MOMENT + timedelta(hours=2))  # what a killed run leaves behind
    other = ReleaseStore(store.reports, "plan-2021", "2021-Q2").create_run_folder(MOMENT)
    second, third = published(store, after=3), published(store, after=4)
    assert set(store.runs.iterdir()) == {second, third, other}
    assert (store.link / "index.html").read_text() == "run 4"


def test_a_plan_named_like_another_and_its_quarter_keeps_its_runs(tmp_path: Path) -> None:
    longer, shorter = (ReleaseStore(tmp_path, name, "2021-Q3") for name in ("kh_2021-Q3", "kh"))
    theirs = published(longer, after=0)
    failed = longer.create_run_folder(MOMENT + timedelta(hours=1))
    longer.mark_failed(failed)
    published(shorter, after=2)
    shorter.mark_failed(shorter.create_run_folder(MOMENT + timedelta(hours=3)))
    assert (longer.link / "index.html").read_text() == "run 0"
    assert longer.released_folder() == theirs.resolve()
    assert longer.unreleased_folders() == [failed.with_suffix(".failed")]


def test_runs_that_came_to_nothing_are_resumed_earliest_first_whatever_the_plan_is_called(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path, "kh.v2", "2021-Q3")
    assert store.unreleased_folders() == []
    failed = store.create_run_folder(MOMENT)
    store.mark_failed(failed)
    drafts = {hours: store.create_run_folder(MOMENT + timedelta(hours=hours)) for hours in (1, 2, 9, 10, 3, 4)}
    left_over = store.unreleased_folders()
    assert left_over == [failed.with_suffix(".failed"), *(drafts[hours] for hours in (1, 2, 3, 4, 9, 10))]
    store.remove_unfinished(keep=[drafts[3]])
    assert store.unreleased_folders() == [failed.with_suffix(".failed"), drafts[3]]


def test_giving_up_keeps_the_last_failure_only_and_never_the_link(store: ReleaseStore) -> None:
    good = published(store, after=0)
    store.mark_failed(store.create_run_folder(MOMENT + timedelta(hours=1)))
    store.mark_failed(store.create_run_folder(MOMENT + timedelta(hours=2)))
    assert sorted(path.name for path in store.runs.iterdir()) == [
        good.name,
        "plan-2021_2021-Q3_20211001T100000000000Z.failed",
    ]
    assert store.released_folder() == good.resolve()


def test_a_folder_where_the_link_should_be_is_left_alone(store: ReleaseStore) -> None:
    store.link.mkdir(parents=True)
    (store.link / "mine.txt").write_text("kept")
    with pytest.raises(EnvironmentFault, match="not a link of ours"):
        store.released_folder()
    draft = store.create_run_folder(MOMENT)
    with pytest.raises(EnvironmentFault):
        store.release(draft)
    assert draft.exists()
    assert (store.link / "mine.txt").read_text() == "kept"


def test_a_dangling_link_counts_as_unpublished_and_is_replaced(store: ReleaseStore) -> None:
    store.link.parent.mkdir(parents=True)
    store.link.symlink_to("../.runs/gone")
    assert store.released_folder() is None
    published(store, after=0)
    assert (store.link / "index.html").read_text() == "run 0"


def test_what_fails_after_the_swap_takes_nothing_from_readers(
    store: ReleaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(store, after=0)

    def interrupt_after_the_swap(path: Path) -> None:
        if path == store.link.parent:
            raise KeyboardInterrupt

    monkeypatch.setattr("analysis.publish.store.releases.flush", interrupt_after_the_swap)
    with pytest.raises(KeyboardInterrupt):
        published(store, after=1)
    assert (store.link / "index.html").read_text() == "run 1"


def test_what_fails_before_the_swap_is_no_finished_run(store: ReleaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    published(store, after=0)

    def interrupt_before_the_swap(path: Path) -> None:
        if path == store.runs:
            raise KeyboardInterrupt

    monkeypatch.setattr("analysis.publish.store.releases.flush", interrupt_before_the_swap)
    with pytest.raises(KeyboardInterrupt):
        published(store, after=1)
    assert (store.link / "index.html").read_text() == "run 0"
    assert sorted(path.suffix for path in store.runs.iterdir()) == ["", ".part"]


def test_only_one_run_holds_a_quarter(store: ReleaseStore) -> None:
    with store.try_lock() as first:
        with store.try_lock() as second:
            assert (first, second) == (True, False)
        with ReleaseStore(store.reports, "plan-2021", "2021-Q2").try_lock() as other:
            assert other
    with store.try_lock() as again:
        assert again


@pytest.mark.parametrize("moved", ["plan-2021", "."])
def test_folders_moved_to_another_disk_are_published_into(tmp_path: Path, store: ReleaseStore, moved: str) -> None:
    elsewhere = tmp_path / "elsewhere" / "deeper" / "still"
    elsewhere.mkdir(parents=True)
    here = store.reports / moved
    here.parent.mkdir(exist_ok=True)
    here.symlink_to(elsewhere)
    published(store, after=0)
    second = published(store, after=1)
    assert store.released_folder() == second.resolve()
    assert (store.link / "index.html").read_text() == "run 1"
    assert not store.link.readlink().is_absolute()


def test_what_gives_up_while_a_quarter_is_held_is_told_as_it_is(store: ReleaseStore) -> None:
    with pytest.raises(Timeout), store.try_lock():
        raise Timeout("another lock")
    with store.try_lock() as ours:
        assert ours


def test_what_a_kill_leaves_of_a_run_that_is_swept_is_no_release(store: ReleaseStore, monkeypatch) -> None:
    published(store, after=0)
    second = published(store, after=1)

    def killed(folder: Path, **_: object) -> None:
        (folder / "index.html").unlink()
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", killed)
        with pytest.raises(SystemExit):
            published(store, after=2)
    assert store.releases() == [second, store.released_folder()]
    store.remove_unfinished()
    assert {*store.runs.iterdir()} == {second, store.released_folder()}

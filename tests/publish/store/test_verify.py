"""What is looked at when a reports folder is held against its publications."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from analysis.publish.store.releases import ReleaseStore
from analysis.publish.store.verify import released_quarters


def test_only_a_link_with_the_name_of_a_quarter_is_one(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path, "plan-2021", "2021-Q3")
    never_released = store.create_run_folder(datetime(2021, 10, 1, tzinfo=UTC))
    # A kill left the second one just before the swap; the third is the office's own.
    for name in ("2021-Q3", ".2021-Q3.new", "latest"):
        store.link.parent.mkdir(exist_ok=True)
        store.link.with_name(name).symlink_to(never_released)
    assert released_quarters(tmp_path) == [store]

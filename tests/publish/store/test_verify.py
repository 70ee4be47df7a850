"""What is looked at when a reports folder is held against its publications."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from analysis.publish.store.ledger import sha256_of
from analysis.publish.store.releases import ReleaseStore
from analysis.publish.store.verify import _stand, released_quarters
from analysis.report.published_probabilities import COLUMNS


def test_only_a_link_with_the_name_of_a_quarter_is_one(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path, "plan-2021", "2021-Q3")
    never_released = store.create_run_folder(datetime(2021, 10, 1, tzinfo=UTC))
    # A kill left the second one just before the swap; the third is the office's own.
    for name in ("2021-Q3", ".2021-Q3.new", "latest"):
        store.link.parent.mkdir(exist_ok=True)
        store.link.with_name(name).symlink_to(never_released)
    assert released_quarters(tmp_path) == [store]


def test_of_two_releases_within_one_second_each_has_its_lines() -> None:
    release = ["2021-09-20T08:00:00+00:00", "key", "2021-Q3", "2021-09-20", "draft"]
    first, second = (
        [[*release, target, "", "at_least", "0.3", chance, "", "likely"] for target in ("one", "two")]
        for chance in ("0.4", "0.5")
    )
    rows = pd.DataFrame([*first, *second], columns=COLUMNS)
    for lines in (first, second):
        assert _stand({"quarter": "2021-Q3", "ledger": sha256_of(lines)}, rows)
    assert not _stand({"quarter": "2021-Q3", "ledger": sha256_of([first[0], second[1]])}, rows)

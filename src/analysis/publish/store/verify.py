"""Hold what is published, the history and the ledger against what each publication wrote; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis import periods
from analysis.faults import BadData
from analysis.publish.store import history, manifest
from analysis.publish.store.ledger import is_entered, ledger_file, lines_of_release, sha256_of
from analysis.publish.store.releases import ReleaseStore
from analysis.report.published_probabilities import read_ledger


def verify(reports: Path, ledger: Path | None) -> list[str]:
    """Return a sentence for everything that is missing or is not what its publication wrote.

    Looked at are the released runs and those before them that are kept, every line of the history, and the ledger's
    lines of both. A file that was changed together with its manifest is told by the history, which holds the manifest's
    sha256; a changed line of the history by the next one, see `history.check_of`.

    Parameters
    ----------
    reports : Path
        The reports folder.
    ledger : Path or None
        Folder of the ledger; None for a trial, which is entered in none.
    """
    stores = released_quarters(reports)
    entries = [(number, entry) for number, entry in history.entries(reports) if entry]
    of_run = {entry["run_id"]: entry for _, entry in entries if entry.get("run_id")}
    found = list(_history_faults(reports))
    for store in stores:
        for folder in store.releases() or [store.link]:
            found += _release_faults(store, folder, of_run)
    return found + (list(_ledger_faults(stores, list(of_run.values()), ledger)) if ledger else [])


def released_quarters(reports: Path) -> list[ReleaseStore]:
    """Return the quarters of a reports folder that have a link to a run, in order of their names.

    Only a quarter's name makes a link one of a quarter: beside them is what a kill left before the swap, which leads to
    a run that was never released, and what an office made itself, such as "latest".
    """
    links = (path for path in sorted(reports.glob("*/*")) if path.is_symlink() and periods.is_quarter(path.name))
    return [ReleaseStore(reports, link.parent.name, link.name) for link in links]


def _history_faults(reports: Path) -> Iterator[str]:
    """Yield what is wrong with the lines of the history."""
    file, before = reports / history.HISTORY, ""
    for number, entry in history.entries(reports):
        where = f"{file} line {number}"
        if entry is None:
            yield f"{where}: cut short, or not what a run wrote"
        elif history.CHECK in entry:
            fields = {name: value for name, value in entry.items() if name != history.CHECK}
            if entry[history.CHECK] != history.check_of(fields, before):
                yield f"{where}: changed after it was written, or a line before it was taken out or put in"
            before = entry[history.CHECK]
        elif before:
            yield f"{where}: has no check, and the lines before it have one"


def _release_faults(store: ReleaseStore, folder: Path, of_run: dict[str, dict]) -> Iterator[str]:
    """Yield what is wrong with a released run."""
    made = manifest.read(folder)
    if made is None:
        yield f"{store.link}: leads to {folder.name}, whose {manifest.NAME} is missing or unreadable"
        return
    meant = (made.run_id, made.parameters.get("quarter"))
    if meant != (folder.name, store.quarter):
        yield f"{folder / manifest.NAME}: is of the run {made.run_id} of {meant[1]}"
    there = manifest.sha256_of_files(folder)
    for name, digest in made.files.items():
        if name not in there:
            yield f"{folder / name}: missing"
        elif there[name] != digest:
            yield f"{folder / name}: not what the publication wrote"
    for name in there.keys() - made.files.keys():
        yield f"{folder / name}: no file of the publication"
    entry = of_run.get(folder.name)
    if entry is None:
        # Histories before this version name no run.
        if made.ledger:
            yield f"{folder.name}: the history has no line of it"
    elif entry["manifest"] != manifest.sha256(folder / manifest.NAME):
        yield f"{folder / manifest.NAME}: not what the publication wrote"


def _ledger_faults(stores: list[ReleaseStore], entries: list[dict], ledger: Path) -> Iterator[str]:
    """Yield which lines the ledger lacks of the releases that are kept, and which are not what a release entered."""
    plans = dict.fromkeys([*(store.plan for store in stores), *(entry["plan"] for entry in entries)])
    rows: dict[str, pd.DataFrame] = {}
    for plan in plans:
        try:
            rows[plan] = read_ledger(ledger_file(ledger, plan))
        except BadData as fault:
            yield str(fault)
    told = set()
    for store in stores:
        *earlier, last = store.releases() or [store.link]
        for folder in (*earlier, last) if store.plan in rows else ():
            lines = lines_of_release(folder)
            if not is_entered(rows[store.plan], lines, counts=folder == last):
                told.add((store.plan, store.quarter))
                yield (
                    f"{ledger_file(ledger, store.plan)}: the {len(lines)} lines of {store.quarter}, published at "
                    f"{lines[0][0]}, are missing or changed"
                )
    for entry in entries:
        plan, quarter = entry["plan"], entry["quarter"]
        if entry["ledger"] and plan in rows and (plan, quarter) not in told and not _stand(entry, rows[plan]):
            yield f"{ledger_file(ledger, plan)}: the lines that {entry['run_id']} entered are missing or changed"


def _stand(entry: dict, rows: pd.DataFrame) -> bool:
    """Return whether a ledger has the lines that a release entered, as a line of the history says, unchanged."""
    mine = rows[rows["quarter"] == entry["quarter"]]
    # What a release enters has one moment, fingerprint and status; of two within a second, one comes after the other.
    release = ["published_at", "fingerprint", "as_of", "status"]
    later = mine.groupby([*release, "target", "part"]).cumcount()
    releases = mine.groupby([*(mine[column] for column in release), later], sort=False)
    return any(sha256_of(one.to_numpy().tolist()) == entry["ledger"] for _, one in releases)

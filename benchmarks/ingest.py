"""Cases in one CSV → checked, duplicates found → Parquet and monthly counts, beside DuckDB alone and beside pandas.

    python benchmarks/ingest.py [--cases 1000000 10000000] [--out benchmarks/ingest.md]

Each contestant runs in a process of its own, in turn, in one sitting; the figures are wall seconds and peak resident
memory of that process. Only the ratios mean anything on another machine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from analysis.data.counting import count_cases
from analysis.data.ingest.table import ingest
from analysis.data.simulate.simulation import write_cases
from analysis.data.sources.mapping import read_mapping
from analysis.parameters import ROOT

MAPPING = ROOT / "parameters" / "sources" / "one-stop-cases.yml"
EXTRACTED_ON = date(2021, 12, 20)
TIMES = ["NgayNopHoSo", "HanTiepNhan", "NgayTiepNhan", "NgayHenTraLanDau", "NgayHenTra", "NgayKetThucXuLy", "NgayTra"]
CODES = {"MucDo", "KenhThucHien", "TrangThaiHoSo"}


def duckdb_alone(export: Path, out: Path) -> int:
    """Return the rows DuckDB finds when it parses every column of the file with its type, and does nothing else."""
    header = export.open(encoding="utf-8-sig").readline().strip().split(",")
    types = {name: "TIMESTAMP" if name in TIMES else "INTEGER" if name in CODES else "VARCHAR" for name in header}
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    counted = ", ".join(f"count({name})" for name in header)
    # A bar that draws itself is no part of parsing.
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    return int(
        connection.execute(
            f"SELECT count(*), {counted} FROM read_csv('{export}', columns = {{{columns}}}, header = true, "
            "timestampformat = '%d/%m/%Y %H:%M:%S')"
        ).fetchall()[0][0]
    )  # fmt: skip


def ours(export: Path, out: Path) -> int:
    """Return the rows accepted by the suite: checked, without duplicates, as Parquet, counted by month."""
    taken = ingest(
        str(export), read_mapping(MAPPING), out / "cases.parquet", extracted_on=EXTRACTED_ON, reject_limit=0.05
    )
    count_cases(
        out / "cases.parquet", as_of=EXTRACTED_ON, cutoff_day=14, frequency="M", due_precision="day"
    ).to_parquet(out / "counts.parquet")
    return taken.accepted


def pandas_doing_the_same(export: Path, out: Path) -> int:
    """Return the rows accepted by the same checks written in pandas as an analyst would write them."""
    raw = pd.read_csv(export, dtype="str", encoding="utf-8-sig")
    frame = pd.DataFrame(
        {
            "case_id": raw["MaHoSo"].str.strip(),
            "procedure_code": raw["MaTTHC"].str.strip(),
            "field": raw["MaLinhVuc"].str.normalize("NFC").str.lower(),
            "agency": raw["DonViId"].str.normalize("NFC").str.lower(),
            "district": raw["MaHuyen"].str.normalize("NFC").str.lower(),
            "level": raw["MucDo"].where(raw["MucDo"].isin(["1", "2", "3", "4"])),
            "channel": raw["KenhThucHien"].map({"1": "counter", "2": "online", "3": "post"}),
            "outcome": raw["TrangThaiHoSo"].map(
                dict.fromkeys(["1", "2", "4", "5", "6", "8"], "open")
                | {"3": "refused", "7": "withdrawn", "9": "resolved", "10": "resolved"}
            ),
        }
    )
    times = {
        "submitted_at": "NgayNopHoSo", "accepted_at": "NgayTiepNhan", "first_due_at": "NgayHenTraLanDau",
        "due_at": "NgayHenTra", "finished_at": "NgayKetThucXuLy", "returned_at": "NgayTra",
    }  # fmt: skip
    bad = frame["case_id"].isna() | frame["outcome"].isna() | (frame["channel"].isna() & raw["KenhThucHien"].notna())
    for name, header in times.items():
        frame[name] = pd.to_datetime(raw[header], format="%d/%m/%Y %H:%M:%S", errors="coerce")
        bad |= frame[name].isna() & raw[header].notna()
    later = pd.Timestamp(EXTRACTED_ON) + pd.Timedelta(days=1)
    resolved = frame["outcome"] == "resolved"
    bad |= frame["accepted_at"].isna() & (resolved | frame["submitted_at"].isna())
    bad |= resolved & frame["finished_at"].isna()
    bad |= (frame["accepted_at"] >= later) | (frame["finished_at"] >= later)
    bad |= frame["finished_at"].dt.normalize() < frame["accepted_at"].dt.normalize()
    form = frame["case_id"].str.fullmatch(r"(?:000\.00\.\d{2}\.H\d{2}|H\d{2}\.\d{2})-\d{6}-\d{4,}")
    flags = pd.DataFrame(
        {
            "case_id_form_unknown": ~form.astype("boolean").fillna(False),
            "online_below_level_3": (frame["channel"] == "online") & frame["level"].isin(["1", "2"]),
            "due_date_replaced": frame["due_at"] != frame["first_due_at"],
            "due_before_accepted": frame["due_at"].dt.normalize() < frame["accepted_at"].dt.normalize(),
            "submitted_after_accepted": frame["submitted_at"].dt.normalize() > frame["accepted_at"].dt.normalize(),
            "returned_before_finished": frame["returned_at"].dt.normalize() < frame["finished_at"].dt.normalize(),
        }
    )
    first = frame["case_id"].str.startswith("000.00.", na=False)
    key = frame["case_id"].where(
        ~first,
        frame["case_id"].str.slice(10, 13) + "." + frame["case_id"].str.slice(7, 9) + frame["case_id"].str.slice(13),
    )
    good = frame[~bad].assign(key=key, closed=frame["outcome"] != "open")
    good = (
        good.sort_values(["closed", "finished_at"], ascending=False, kind="stable").drop_duplicates("key").sort_index()
    )
    kept = good.drop(columns=["key", "closed"])
    kept.to_parquet(out / "cases.parquet", compression="zstd")
    flags.loc[kept.index].sum()
    done = kept[kept["outcome"] == "resolved"]
    late = done["finished_at"].dt.normalize() > done["due_at"].dt.normalize()
    early = done["finished_at"].dt.normalize() < done["due_at"].dt.normalize()
    timeliness = np.select([done["due_at"].isna(), late, early], ["no_due_date", "late", "early"], "on_time")
    for column, cases in (("finished_at", done.assign(timeliness=timeliness)), ("accepted_at", kept)):
        month = cases[column].dt.to_period("M") + (cases[column].dt.day > 14).astype(int)
        by = [month.rename("period"), "agency", "district", "field", "channel", "level"]
        if column == "finished_at":
            by.append("timeliness")
        cases.groupby(by, dropna=False).size().reset_index(name="cases").to_parquet(out / f"{column}.parquet")
    return len(kept)


CONTESTANTS: dict[str, Callable[[Path, Path], int]] = {
    "DuckDB parses every column": duckdb_alone,
    "ours": ours,
    "pandas, the same checks": pandas_doing_the_same,
}


def measure(contestant: Callable[[Path, Path], int], export: Path, folder: Path) -> tuple[float, float, int]:
    """Return wall seconds, peak memory in MiB and the rows accepted, of one run in a process of its own."""
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(sender, contestant, export, folder))
    process.start()
    answer = receiver.recv()
    process.join()
    return answer


def _run(sender, contestant, export: Path, folder: Path) -> None:  # type: ignore[no-untyped-def]
    with tempfile.TemporaryDirectory(dir=folder) as out:
        start = time.monotonic()
        rows = contestant(export, Path(out))
        seconds = time.monotonic() - start
    # Not getrusage: what it calls the peak is handed down from the process that started this one.
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    sender.send((seconds, int(peak) / 1024, rows))


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the files go; a temporary folder by default")
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    lines = [
        "| cases | MiB | contestant | seconds, median (min–max) | × DuckDB alone | peak MiB | accepted |",
        "|---|---|---|---|---|---|---|",
    ]
    per_case: dict[int, float] = {}
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for cases in given.cases:
            out = Path(folder) / str(cases)
            write_cases(out, 2021, cases)  # clean: DuckDB alone cannot pass a broken row
            export = out / "cases.csv"
            size = export.stat().st_size / 2**20
            seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
            peak: dict[str, float] = dict.fromkeys(CONTESTANTS, 0.0)
            rows: dict[str, int] = {}
            for _ in range(given.rounds):
                for name, contestant in CONTESTANTS.items():
                    took, memory, rows[name] = measure(contestant, export, Path(folder))
                    seconds[name].append(took)
                    peak[name] = max(peak[name], memory)
            alone = seconds["DuckDB parses every column"]
            for name in CONTESTANTS:
                ratio = statistics.median(a / b for a, b in zip(seconds[name], alone, strict=True))
                lines.append(
                    f"| {cases:,} | {size:,.0f} | {name} | {statistics.median(seconds[name]):.1f} "
                    f"({min(seconds[name]):.1f}–{max(seconds[name]):.1f}) | {ratio:.2f} | {peak[name]:,.0f} | "
                    f"{rows[name]:,} |"
                )
                print(lines[-1], flush=True)
            per_case[cases] = statistics.median(seconds["ours"]) / cases
            export.unlink()
    smallest, largest = min(given.cases), max(given.cases)
    growth = per_case[largest] / per_case[smallest]
    lines.append(f"\nOurs, seconds a case at {largest:,} over those at {smallest:,}: {growth:.2f}")
    print(lines[-1])
    if given.out:
        given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Files of some size: order, lines and time hold where rows are read in parallel and in batches."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

pytestmark = pytest.mark.slow
ROWS = 300_000
COLUMNS = {"procedure_code": "TenTTHC", "field": "LinhVuc"}
HEADER = "MaHoSo,TenTTHC,LinhVuc,Kenh,NgayNhan,NgayHen,NgayXong\n"


def _rows(*, stray):
    """Return lines of text and, by line, what is wrong with those that have something wrong."""
    chance = random.Random(2021)
    lines, faults = [], {}
    for at in range(ROWS):
        name = f'"Cấp mới, loại {at % 700}"' if at % 3 else f"Đăng ký {at % 700}"
        day = f"{1 + at % 28:02d}/0{1 + at % 9}/2021"
        line = f"H{at:07d},{name},Đất đai {at % 40},{1 + at % 3},{day} 08:30:00,{day},{day}"
        fault = chance.random()
        if fault < 0.01:
            line, faults[at + 2] = line.rsplit(",", 2)[0], "column_count"
        elif fault < 0.02:
            line, faults[at + 2] = line.replace(f"{day} 08", "31/02/2021 08"), "date_unreadable"
        elif fault < 0.03 and at > 10:
            line, faults[at + 2] = f"H{at - 10:07d}" + line[8:], "duplicate"
        elif stray and fault < 0.04:
            line, faults[at + 2] = line.replace("Đất", '"Đất'), "column_count"
        lines.append(line)
    return lines, faults


@pytest.mark.parametrize("stray", [False, True], ids=["regular", "irregular"])
def test_a_large_dirty_file_comes_in_whole_in_order_and_in_time(bring_in, stray):
    lines, faults = _rows(stray=stray)
    text = HEADER + "\n".join(lines) + "\n"
    began = time.monotonic()
    brought = bring_in(text, columns=COLUMNS)
    assert time.monotonic() - began < 15
    assert brought.intake.rows == ROWS
    # Of two rows of a case one is kept, whichever of them had no other fault.
    found = {line: code for line, code in brought.rejected if code != "duplicate_case_id"}
    assert found == {line: code for line, code in faults.items() if code != "duplicate"}
    duplicates = sum(code == "duplicate_case_id" for _, code in brought.rejected)
    assert 0.9 * ROWS * 0.01 < duplicates < ROWS * 0.011
    # What a row says of its channel its raw text says; of a row that cannot be cut it says nothing.
    for line, code, raw in brought.intake.rejected[["line", "code", "raw"]].to_numpy():
        shown = f"; Kenh={lines[line - 2].rsplit(',', 3)[0][-1]}; "
        assert raw == "…" if code == "column_count" else shown in raw or code == "duplicate_case_id", (line, code, raw)
    rejected = {line for line, _ in brought.rejected}
    # In the order of the file, and after them those that stand there several times.
    readable = [line for at, line in enumerate(lines, start=2) if faults.get(at) != "column_count"]
    times = Counter(line[:8] for line in readable)
    kept = [line[:8] for at, line in enumerate(lines, start=2) if at not in rejected]
    assert brought.table["case_id"].tolist() == sorted(kept, key=lambda case_id: times[case_id] > 1)


def test_the_same_file_gives_the_same_rows_in_the_same_order(bring_in):
    lines, _ = _rows(stray=True)
    text = HEADER + "\n".join(lines) + "\n"
    first, second = (bring_in(text, columns=COLUMNS).table for _ in range(2))
    assert first.equals(second)


def test_every_row_may_be_a_duplicate_or_a_fault_without_taking_forever(bring_in):
    rows = 100_000
    same = "".join(f"H{at % 10},x,y,1,01/09/2021,,\n" for at in range(rows))
    began = time.monotonic()
    assert len(bring_in(HEADER + same, columns=COLUMNS).table) == 10
    chain = "".join(f"H{at},x,y,1,01/09/2021,,,H{at + 1}\n" for at in range(rows))
    joined = bring_in(HEADER.replace("\n", ",Khac\n") + chain, columns=COLUMNS, other_id="Khac")
    assert joined.table["case_id"].tolist() == ["H0"]
    quotes = "".join(f'H{at},"x,y,1,01/09/2021,,\n' for at in range(rows))
    assert len(bring_in(HEADER + quotes + "H,x,y,1,01/09/2021,,\n", columns=COLUMNS).intake.rejected) == rows
    assert time.monotonic() - began < 30

"""The two-tier province as an input folder: its tables, what they are, the truth about them, a page to read first."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import yaml

from analysis.data.simulate.two_tier import province
from analysis.data.simulate.two_tier.cases import CASES_SCHEMA, FLAGS, RATINGS_SCHEMA, monthly_tables
from analysis.data.simulate.two_tier.catalogue import Procedures, catalogue, procedures
from analysis.data.simulate.two_tier.other_tables import feedback, progress, survey
from analysis.data.simulate.two_tier.truth import truth

SEED = 2026
UNTIL = date(2026, 12, 20)
"""Last known day of the folder, unless another is asked for: some days after the year of reporting months closes."""

ABOUT = {
    "title": "Tỉnh mô phỏng hai cấp 2024–2026",
    "simulated": True,
    "extra": {"cases": {**dict.fromkeys(FLAGS, "flag"), "fee": "number"}},
    "tables": {
        "feedback": {
            "id": "feedback_id",
            "known_from": "received_at",
            "times": ["received_at", "due_at", "answered_at"],
            "dimensions": ["agency", "field"],
        }
    },
}


def write_two_tier(
    out: Path, *, seed: int = SEED, scale: float = 1.0, until: date = UNTIL, survey_2026: bool = False
) -> None:
    """Write the two-tier province as a folder of our own tables, its cases among them.

    Parameters
    ----------
    out : Path
        Folder, created if missing. Gets a Parquet file for each table, ``bodies.csv``, ``names.yml``, ``about.yml``,
        ``truth.json`` and ``README.md``.
    seed : int
        Seed of the province; 0 or more.
    scale : float
        Size of the province: 1 for that of the real one, some 190,000 cases a quarter. The bodies, the procedures, the
        dated lists and the survey are the same in every size.
    until : date
        Last known day, from `province.FIRST_DAY` to `province.LAST_DAY`. An earlier one gives the same province as an
        office would have known it then.
    survey_2026 : bool
        Whether the survey's round of 2026 is known.
    """
    out.mkdir(parents=True, exist_ok=True)
    desks, listed = province.desks(seed), procedures(seed)
    cases = _write_cases(out, seed, scale, until, desks, listed)
    tables = {
        "catalogue": catalogue(listed, until),
        "progress": progress(seed, listed, until),
        "survey": survey(seed, with_2026=survey_2026),
        "feedback": feedback(seed, scale, desks, until),
    }
    for name, table in tables.items():
        table.to_parquet(out / f"{name}.parquet", index=False, compression="zstd")
    _bodies().to_csv(out / "bodies.csv", index=False)
    _write_yaml(out / "names.yml", _names())
    command = f"dunghen demo --province 2026 --scale {scale:g} --seed {seed} --until {until}"
    command += " --survey-2026" if survey_2026 else ""
    found = truth(out, first=province.FIRST_DAY, until=until, scale=scale)
    facts = {"seed": seed, "scale": scale, "until": until.isoformat(), "cases": cases, **found}
    (out / "truth.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    (out / "README.md").write_text(_README.format(command=command, cases=cases, until=until), encoding="utf-8")
    # Last, because a folder without it is not taken for one of our tables.
    _write_yaml(out / "about.yml", {"title": ABOUT["title"], "source": command, **ABOUT, "extracted_on": until})


def _write_cases(out: Path, seed: int, scale: float, until: date, desks: province.Desks, listed: Procedures) -> int:
    """Write the cases and their ratings, one month in memory at a time, and return the number of cases."""
    number = 0
    with (
        pq.ParquetWriter(out / "cases.parquet", CASES_SCHEMA, compression="zstd") as cases_file,
        pq.ParquetWriter(out / "case_ratings.parquet", RATINGS_SCHEMA, compression="zstd") as ratings_file,
    ):
        months = monthly_tables(seed, scale, until, desks=desks, paths=province.paths(seed, desks), procedures=listed)
        for cases, ratings in months:
            cases_file.write_table(cases)
            ratings_file.write_table(ratings)
            number += len(cases)
    return number


def _bodies() -> pd.DataFrame:
    """Return every body with its block: `code, block, from, to`, all in today's boundaries."""
    rows = [(code, block) for block, codes in province.BLOCKS.items() for code in codes]
    frame = pd.DataFrame(rows, columns=["code", "block"])
    return frame.assign(**{"from": province.FIRST_DAY.isoformat(), "to": None})


def _names() -> dict[str, Any]:
    """Return the names of bodies and fields by dimension, as a plan writes them."""
    fields = {code: field.name for code, field in province.FIELDS.items()}
    both = {"agency": province.BODIES, "field": fields}
    return {
        "names": {
            dimension: {code: {"vi": vi, "en": en} for code, (vi, en) in known.items()}
            for dimension, known in both.items()
        }
    }


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


_README = """\
# Simulated data: a province of two tiers, 2024–2026

    {command}

A made-up province after the merger. **An exercise: every number is simulated.** Borrowed from published facts are only
the size (some 190,000 cases a quarter), the 65 communes and wards, what was reported of the third quarter of 2025
(93.3 % on time; departments 90.5 %, communes 95.5 %; 65.8 % digitised) and what changed in July 2025. The communes, the
procedures and their codes are invented; there is no person in it.

It holds the {cases:,} cases accepted or filed from 1 January 2024 to {until}, as known on that day. The same command
with an earlier `--until` gives the same cases as known earlier.

| file | what |
|---|---|
| `cases.parquet` | one row a case: the columns of the contract, the body that received it, and the columns below |
| `case_ratings.parquet` | ratings of cases: one of three answers |
| `catalogue.parquet` | procedures and, from day to day, their level, means of use, integration and day on the roadmap |
| `progress.parquet` | items of `business_conditions`, `independent_of_place` and the 62 `tasks` of the year |
| `survey.parquet` | answers to the provincial survey by round and field, with strata, clusters and weights |
| `feedback.parquet` | feedback from the public: received, due, answered |
| `bodies.csv`, `names.yml` | the block of each body; names of bodies and fields |
| `about.yml` | says that the data is simulated, and declares the further columns and the further table |
| `truth.json` | exact answers by year and quarter, counted from the rows; each with what it is |

| column of `cases` | what |
|---|---|
| `received_at_agency` | who received the case: since July 2025, for some 8 %, not the competent `agency` |
| `fee_due`, `fee` | whether the procedure has a fee, and how much in đồng (missing where there is none) |
| `paid_online` | whether the fee was paid online; missing where none is due, or the case is not accepted |
| `digitised`, `data_reused` | at receipt; missing where the case is not accepted |
| `electronic_result` | missing unless the case is resolved |
| `apology` | whether an apology letter was sent; missing unless the case is late by the last known day |

What a reader should know before comparing with a real province:

* There are no districts: cases of the time before July 2025 are given to today's communes.
* Desks are empty on 1 January 2024: cases accepted earlier are left out. So January 2024 resolves fewer, and quicker
  ones. Under a calendar that closes on the 14th, the year 2024 lacks its first 17 days.
* In July 2025 the system of record, the form of the identifiers and many levels change; online filing jumps, timeliness
  dips, and more is recorded than before. A comparison across that month crosses the break.
* Before July 2025 some cases have no level. A case's level is the one the catalogue had on the working day it came in.
* The flags have no dates. One of an open case may still change.
* Working days leave out weekends, 1 January, 30 April, 1 May, 2 September and seven days of Tết, and nothing else.
* The survey's round of 2026 is there only if asked for with `--survey-2026`.
"""

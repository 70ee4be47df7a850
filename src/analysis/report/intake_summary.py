"""What became of the rows of a file brought in, as text of one screen for the terminal."""

from __future__ import annotations

from pathlib import Path

from analysis.data.ingest.fault_codes import FAULTS
from analysis.data.ingest.intake_report import stem_of
from analysis.data.ingest.table import Intake

_MEANING = {fault.code: fault.meaning for fault in FAULTS}


def summary(intake: Intake, out: Path, name: str | None = None) -> str:
    """Return what became of a file's rows as plain text of at most a screen: counts first, then why.

    Parameters
    ----------
    intake : Intake
        The file and its rows, accepted, rejected and flagged.
    out : Path
        The folder that the table was written into.
    name : str or None
        Which of several files of the table it is.
    """
    share = len(intake.rejected) / intake.rows if intake.rows else 0.0
    lines = [
        f"{intake.file} → {out / f'{stem_of(intake.table, name)}.parquet'}",
        f"{intake.rows:>12,} rows in",
        f"{intake.accepted:>12,} accepted",
        f"{len(intake.rejected):>12,} rejected ({share:.2%})",
    ]
    rejected = intake.rejected["code"].value_counts()
    lines += _listed("Rejected, with line and raw text in rejected.parquet:", rejected.to_dict())
    for code in rejected.index[:3]:
        first = intake.rejected[intake.rejected["code"] == code].iloc[0]
        lines.append(f"    first {code}: line {first['line']}: {first['reason']}")
    lines += _listed("Taken, and worth a look (flagged.parquet):", intake.flagged["code"].value_counts().to_dict())
    lines += _listed("Taken, and counted apart:", {code: cases for code, cases in intake.classes.items() if cases})
    lines += _listed("To be known of the file:", intake.notes)
    if intake.dropped:
        lines.append(f"Dropped at the door, because they are about persons: {', '.join(intake.dropped)}")
    return "\n".join(lines)


def _listed(title: str, counts: dict[str, int]) -> list[str]:
    if not counts:
        return []
    return [title, *(f"{rows:>12,} {code}: {_MEANING[code]}" for code, rows in counts.items())]

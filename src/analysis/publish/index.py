"""The page over all published quarters, derived from what is published and nothing else."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from analysis.publish import manifest, shelf
from analysis.publish.manifest import Manifest
from analysis.publish.shell import Words, quarter_text, render, status_text

_VERDICTS = {
    "met": "Met",
    "very_likely": "Almost certain to be met",
    "likely": "Likely to be met",
    "uncertain": "Uncertain",
    "unlikely": "Unlikely to be met",
    "very_unlikely": "Very unlikely to be met",
    "missed": "Missed",
    "not_estimated": "Not estimated",
}
_DECIDED = {"met", "missed", "not_estimated"}


def rebuild(reports: Path, *, language: str, words: Words) -> Path:
    """Return ``reports/index.html``, written anew from the published quarters.

    Runs of two quarters may end at once; each reads what is published only while it alone writes, so the last one
    knows of both.

    Parameters
    ----------
    reports : Path
        The reports folder.
    language : str
        Language of the page.
    words : Words
        What the page says.
    """
    page = reports / "index.html"
    with shelf.lock(reports, "index"):
        html = render(
            "reports.html.j2",
            language=language,
            words=words,
            plans=[_plan(folders, language, words) for folders in _published(reports)],
        )
        fresh = page.with_name(".index.html.new")
        fresh.write_text(html, encoding="utf-8")
        fresh.replace(page)
    return page


def _published(reports: Path) -> list[list[tuple[Path, Manifest]]]:
    """Return per plan its published quarters with their manifests, earliest first."""
    plans = []
    for plan in sorted(path for path in reports.iterdir() if path.is_dir() and not path.name.startswith(".")):
        found = [(link, manifest.read(link)) for link in sorted(plan.iterdir()) if link.is_symlink()]
        quarters = [(link, made) for link, made in found if made is not None]
        if quarters:
            plans.append(quarters)
    return plans


def _plan(quarters: list[tuple[Path, Manifest]], language: str, words: Words) -> dict[str, Any]:
    verdicts = [_verdicts(link / "attainment.csv", words) for link, _ in quarters]
    # The latest quarter names plan and targets; one that only an earlier plan had comes after them.
    titles = {target: text[language] for _, made in reversed(quarters) for target, text in made.targets.items()}
    return {
        "title": quarters[-1][1].title[language],
        "quarters": [
            {
                "href": f"{link.parent.name}/{link.name}/index.html",
                "label": quarter_text(made.run.quarter, words),
                "status": status_text(made.parameters, words),
            }
            for link, made in quarters
        ],
        "targets": [
            {"title": title, "cells": [of_quarter.get(target) for of_quarter in verdicts]}
            for target, title in titles.items()
        ],
    }


def _verdicts(attainment: Path, words: Words) -> dict[str, dict[str, str]]:
    """Return the verdict cell of each target; a target's own row has no part, or it has only one row."""
    rows: dict[str, dict[str, str]] = {}
    with attainment.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["target"] not in rows or not row["part"]:
                rows[row["target"]] = row
    return {
        target: {
            "verdict": row["verdict"],
            "label": words.text(_VERDICTS[row["verdict"]]),
            "probability": "" if row["verdict"] in _DECIDED else _percent(row["probability"]),
        }
        for target, row in rows.items()
    }


def _percent(probability: str) -> str:
    """Return a probability in whole per cent; what draws cannot tell from certainty is not written as certain."""
    if not probability:
        return ""
    value = float(probability)
    return ">99%" if value > 0.99 else "<1%" if value < 0.01 else f"{value:.0%}"

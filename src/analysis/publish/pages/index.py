"""Write the page over all released quarters, from the releases and nothing else."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path
from typing import Any

from analysis import periods
from analysis.publish.pages.shell import render, status_text
from analysis.publish.store import manifest, releases
from analysis.publish.store.manifest import Manifest
from analysis.report import numbers
from analysis.report.wording import Wording

_DECIDED = {"met", "missed", "not_estimated"}
"""Verdicts shown without a probability."""


def rebuild(reports: Path, words: Wording) -> Path:
    """Write ``reports/index.html`` anew from the released quarters and return its path.

    Runs of two quarters may end at the same time. Each reads the releases only while it holds the lock for writing,
    so that the last one sees both.

    Parameters
    ----------
    reports : Path
        The reports folder.
    words : Wording
        The language of the page, and its phrases.
    """
    page = reports / "index.html"
    with releases.lock(reports, "index"):
        html = render("reports.html.j2", words, plans=[_plan(quarters, words) for quarters in _releases(reports)])
        new = page.with_name(".index.html.new")
        new.write_text(html, encoding="utf-8")
        new.replace(page)
    return page


def _releases(reports: Path) -> list[list[tuple[Path, Manifest]]]:
    """Return the released quarters of each plan with their manifests, earliest first, plans with a notice last."""
    plans = []
    for plan in sorted(path for path in reports.iterdir() if path.is_dir() and not path.name.startswith(".")):
        # A folder that cannot be read, such as the lost+found of a disk, holds no plan.
        with suppress(PermissionError):
            found = [(link, manifest.read(link)) for link in sorted(plan.iterdir()) if link.is_symlink()]
            # A link the office made itself, such as "latest", is no further quarter.
            quarters = [(link, made) for link, made in found if made and made.parameters.get("quarter") == link.name]
            if quarters:
                plans.append(quarters)
    # An exercise says so in its notice: what is meant comes before it.
    return sorted(plans, key=lambda quarters: quarters[-1][1].notice is not None)


def _plan(quarters: list[tuple[Path, Manifest]], words: Wording) -> dict[str, Any]:
    verdicts = [_verdicts(link / "attainment.csv", words) for link, _ in quarters]
    # The latest quarter gives the titles of plan and targets; targets that only earlier quarters had come last.
    titles = {target: words.of(title) for _, made in reversed(quarters) for target, title in made.targets.items()}
    latest = quarters[-1][1]
    return {
        "title": words.of(latest.title),
        "notice": words.of(latest.notice) if latest.notice else "",
        "simulated": _simulated(quarters, words),
        "quarters": [
            {
                "href": f"{link.parent.name}/{link.name}/index.html",
                "label": _quarter(link, words),
                "status": status_text(made.recipe.status, words),
            }
            for link, made in quarters
        ],
        "targets": [
            {"title": title, "cells": _add_moves([of_quarter.get(target) for of_quarter in verdicts], words)}
            for target, title in titles.items()
        ],
    }


def _simulated(quarters: list[tuple[Path, Manifest]], words: Wording) -> str:
    """Return the warning on a plan's quarters of simulated data, which names them where others are real."""
    named = [_quarter(link, words) for link, made in quarters if made.simulated]
    if not named:
        return ""
    if len(named) == len(quarters):
        return words.text("SIMULATED DATA, not real figures.")
    return words.text("SIMULATED DATA, not real figures: {quarters}.", quarters=", ".join(named))


def _quarter(link: Path, words: Wording) -> str:
    return numbers.quarter(periods.parse_quarter(link.name), words.language)


def _add_moves(cells: list[dict[str, Any] | None], words: Wording) -> list[dict[str, Any] | None]:
    """Return the cells of a target, each with the points by which its probability moved since the quarter before."""
    before = float("nan")
    for cell in cells:
        now = cell["probability"] if cell else float("nan")
        moved = numbers.whole_points(now, before, words.language)
        if cell:
            cell["moved"] = "" if moved == numbers.MISSING else moved
        before = now
    return cells


def _verdicts(attainment: Path, words: Wording) -> dict[str, dict[str, Any]]:
    """Return the verdict cell of each target, from its own row: the one without a part, or its only row.

    There is none for a quarter whose table somebody has removed: its page is still there, and so are the others.
    """
    rows: dict[str, dict[str, str]] = {}
    with suppress(FileNotFoundError), attainment.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["target"] not in rows or not row["part"]:
                rows[row["target"]] = row
    return {
        target: {
            "verdict": row["verdict"],
            "label": words.verdict(row["verdict"]),
            "probability": float(row["probability"] or "nan"),
            "chance": "" if row["verdict"] in _DECIDED else words.chance(float(row["probability"])),
        }
        for target, row in rows.items()
    }

"""The page over all published quarters, derived from what is published and nothing else."""

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
"""Verdicts that no probability goes with."""


def rebuild(reports: Path, words: Wording) -> Path:
    """Return ``reports/index.html``, written anew from the published quarters.

    Runs of two quarters may end at once; each reads what is published only while it alone writes, so the last one
    knows of both.

    Parameters
    ----------
    reports : Path
        The reports folder.
    words : Wording
        The language of the page, and what it says in it.
    """
    page = reports / "index.html"
    with releases.lock(reports, "index"):
        html = render("reports.html.j2", words, plans=[_plan(quarters, words) for quarters in _published(reports)])
        fresh = page.with_name(".index.html.new")
        fresh.write_text(html, encoding="utf-8")
        fresh.replace(page)
    return page


def _published(reports: Path) -> list[list[tuple[Path, Manifest]]]:
    """Return per plan its published quarters with their manifests, earliest first."""
    plans = []
    for plan in sorted(path for path in reports.iterdir() if path.is_dir() and not path.name.startswith(".")):
        # A folder that is nobody's to read, as the lost+found of a disk, holds no plan.
        with suppress(PermissionError):
            found = [(link, manifest.read(link)) for link in sorted(plan.iterdir()) if link.is_symlink()]
            # A link of the office's own, such as "latest", is no quarter more.
            quarters = [(link, made) for link, made in found if made and made.parameters.get("quarter") == link.name]
            if quarters:
                plans.append(quarters)
    return plans


def _plan(quarters: list[tuple[Path, Manifest]], words: Wording) -> dict[str, Any]:
    verdicts = [_verdicts(link / "attainment.csv", words) for link, _ in quarters]
    # The latest quarter names plan and targets; one that only an earlier plan had comes after them.
    titles = {target: words.of(title) for _, made in reversed(quarters) for target, title in made.targets.items()}
    return {
        "title": words.of(quarters[-1][1].title),
        "quarters": [
            {
                "href": f"{link.parent.name}/{link.name}/index.html",
                "label": numbers.quarter(periods.parse_quarter(link.name), words.language),
                "status": status_text(made.recipe.status, words),
            }
            for link, made in quarters
        ],
        "targets": [
            {"title": title, "cells": _moves([of_quarter.get(target) for of_quarter in verdicts], words)}
            for target, title in titles.items()
        ],
    }


def _moves(cells: list[dict[str, Any] | None], words: Wording) -> list[dict[str, Any] | None]:
    """Return the cells of a target, each with the points its probability moved since the quarter before."""
    before = float("nan")
    for cell in cells:
        now = cell["probability"] if cell else float("nan")
        moved = numbers.whole_points(now, before, words.language)
        if cell:
            cell["moved"] = "" if moved == numbers.MISSING else moved
        before = now
    return cells


def _verdicts(attainment: Path, words: Wording) -> dict[str, dict[str, Any]]:
    """Return the verdict cell of each target; a target's own row has no part, or it has only one row.

    None of a quarter whose table somebody has taken away: its page is still there, and so are the other quarters.
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

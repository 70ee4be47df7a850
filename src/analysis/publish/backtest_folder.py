"""A backtest from panel files to a folder that can be handed on: rows, scores and a page."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from analysis.data.panel_file import read_panel_file
from analysis.faults import BadParameters
from analysis.forecast.backtest.backtest import Backtest, backtest
from analysis.forecast.backtest.rolling import MODELS
from analysis.forecast.panel import Panel, panel_from_counts
from analysis.periods import parse, write
from analysis.publish.pages.shell import render
from analysis.report.backtest_page import backtest_body
from analysis.report.wording import Wording
from analysis.rules import Rule

SMALL_TABLES = {
    "scored": "years.csv", "reliability": "calibration.csv", "places": "places.csv", "skill": "skill.csv",
}  # fmt: skip
"""Small tables written beside ``scores.csv``: what the page is drawn from."""


def write_backtest(
    panels: Sequence[str],
    out: Path,
    *,
    rule: Rule,
    year_start: int,
    members: str | None,
    seed: int,
    words: Wording,
    tell: Callable[[str], None],
) -> Backtest:
    """Forecast and grade every past year of panel files and write a folder, whole or not at all.

    Parameters
    ----------
    panels : sequence of str
        ``NAME=FILE`` or ``FILE``, whose name is then its folder's.
    out : Path
        Folder to write into; its other files stay.
    rule : {"at_least", "more_than", "at_most"}
        How a share keeps a promise.
    year_start : int
        First month of a year.
    members : str or None
        Models wanted, separated by commas.
    seed : int
        Same seed, same numbers.
    words : Wording
        Of the page.
    tell : callable
        Gets one line per origin.

    Raises
    ------
    BadParameters
        A file that is not there, a name given twice, an unknown model, a year that cannot begin within a quarter.
    BadData
        A file that is no panel.
    """
    wanted = _members(members)
    read = {name: _panel(path, year_start) for name, path in _named(panels).items()}
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backtest-", dir=out) as scratch:
        part = Path(scratch)
        found = backtest(
            read, part, rule=rule, members=wanted, seed=seed, processes=min(os.cpu_count() or 1, 4), tell=tell
        )
        for name in found.left_out:
            tell(f"{name}: too many series for statsmodels' models one by one; --members asks for them all the same")
        found.score_table().to_csv(part / "scores.csv", index=False)
        for table, file in SMALL_TABLES.items():
            getattr(found, table).to_csv(part / file, index=False)
        body = Markup(backtest_body(found, words, rule=rule, year_start=year_start))
        page = render("backtest.html.j2", words, panels=", ".join(read), body=body)
        (part / "report.html").write_text(page, encoding="utf-8")
        for written in sorted(part.iterdir()):
            shutil.move(written, out / written.name)
    return found


def _members(members: str | None) -> frozenset[str] | None:
    if members is None:
        return None
    wanted = frozenset(name.strip() for name in members.split(",") if name.strip())
    unknown = sorted(wanted - set(MODELS))
    if unknown or not wanted:
        told = f"no such model {unknown[0]!r}" if unknown else "no model"
        raise BadParameters(f"--members: {told}; of {', '.join(MODELS)} some were expected")
    return wanted


def _named(panels: Sequence[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for given in panels:
        name, equals, rest = given.partition("=")
        path = Path(rest if equals and not Path(given).exists() else given)
        if not equals or Path(given).exists():
            name = path.resolve().parent.name
        if not path.is_file():
            raise BadParameters(f"{path}: there is no such file; [NAME=]PANEL.csv was expected")
        if not name or name in found:
            raise BadParameters(f"{given}: the name {name!r} is given twice; NAME=PANEL.csv tells panels apart")
        found[name] = path
    return found


def _panel(path: Path, year_start: int) -> Panel:
    frame = read_panel_file(path)
    periods = {label: parse(label) for label in frame["period"].unique()}
    months = year_start - 1
    if any(period.freqstr.startswith("Q") for period in periods.values()):
        if months % 3:
            raise BadParameters(f"--year-start {year_start}: {path} has quarters; 1, 4, 7 or 10 was expected")
        months //= 3
    shifted = {label: write(period - months) for label, period in periods.items()}
    return panel_from_counts(frame.assign(period=frame["period"].map(shifted)))

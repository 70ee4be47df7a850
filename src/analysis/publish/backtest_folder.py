"""Write a backtest of panel files into a folder that can be handed on: rows, scores and a page."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from analysis.data.panel_file import read_panel_file
from analysis.faults import BadParameters
from analysis.forecast.backtest.automatic_models import CONFORMAL, NATIVE, is_installed
from analysis.forecast.backtest.backtest import Backtest, backtest
from analysis.forecast.backtest.rolling import MODELS, OWN_MODELS
from analysis.forecast.panel import SeriesPanel, mean_panel_from_totals, panel_from_counts
from analysis.periods import parse, write
from analysis.publish.pages.shell import render
from analysis.report.backtest_page import backtest_body
from analysis.report.wording import Wording
from analysis.rules import Rule

SMALL_TABLES = {
    "scored": "years.csv", "reliability": "calibration.csv", "places": "places.csv", "skill": "skill.csv",
}  # fmt: skip
"""Attribute of a `Backtest` → small table written beside ``scores.csv``: the data the page is drawn from."""


def write_backtest(
    panels: Sequence[str],
    out: Path,
    *,
    rule: Rule,
    year_start: int,
    members: str,
    seed: int,
    words: Wording,
    report_progress: Callable[[str], None],
) -> Backtest:
    """Forecast and grade every past year of panel files and write a folder, whole or not at all.

    Parameters
    ----------
    panels : sequence of str
        ``NAME=FILE``, or ``FILE``, which is then named after its folder.
    out : Path
        Folder to write into; its other files stay.
    rule : {"at_least", "more_than", "at_most"}
        How a share is held against a threshold.
    year_start : int
        First month of a year, 1-12.
    members : str
        Models to run, separated by commas; see `chosen_models`.
    seed : int
        Seed of the random numbers; the same seed gives the same results.
    words : Wording
        The language of the page, and its phrases.
    report_progress : callable
        Called with one line per origin.

    Raises
    ------
    BadParameters
        A file that does not exist, a name given twice, a year that cannot begin within a quarter, an unknown model, or
        one whose library is not installed.
    BadData
        A file that is no panel.
    """
    models = chosen_models(members)
    by_name = {name: _read_panel(path, year_start) for name, path in _panel_paths(panels).items()}
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backtest-", dir=out) as scratch:
        part = Path(scratch)
        result = backtest(
            by_name,
            part,
            rule=rule,
            members=models,
            seed=seed,
            processes=min(os.cpu_count() or 1, 4),
            report_progress=report_progress,
        )
        result.score_table().to_csv(part / "scores.csv", index=False)
        for table, file in SMALL_TABLES.items():
            getattr(result, table).to_csv(part / file, index=False)
        body = Markup(backtest_body(result, words, rule=rule, year_start=year_start))
        page = render("backtest.html.j2", words, panels=", ".join(by_name), body=body)
        (part / "report.html").write_text(page, encoding="utf-8")
        for path in sorted(part.iterdir()):
            shutil.move(path, out / path.name)
    return result


def chosen_models(members: str) -> frozenset[str]:
    """Return the names of models that a list separated by commas stands for.

    Parameters
    ----------
    members : str
        Names of `rolling.MODELS`; ``default`` stands for all but those of other libraries, ``all`` for all that are
        installed.

    Raises
    ------
    BadParameters
        No model, an unknown one, or one whose library is not installed.
    """
    of_extra = {*NATIVE, *CONFORMAL}
    installed = MODELS if is_installed() else tuple(name for name in MODELS if name not in of_extra)
    groups = {"default": OWN_MODELS, "all": installed}
    asked = [name.strip() for name in members.split(",") if name.strip()]
    models = frozenset(model for name in asked for model in groups.get(name, (name,)))
    unknown = sorted(models - set(MODELS))
    if unknown or not models:
        problem = f"no such model {unknown[0]!r}" if unknown else "no model"
        raise BadParameters(f"--members: {problem}; of {', '.join((*groups, *MODELS))} some were expected")
    missing = sorted(models - set(installed))
    if missing:
        raise BadParameters(
            f"--members: {missing[0]} is of statsforecast, which is not installed: pip install 'dung-hen[peers]'"
        )
    return models


def _panel_paths(panels: Sequence[str]) -> dict[str, Path]:
    """Return the path of each panel file by the panel's name."""
    paths: dict[str, Path] = {}
    for argument in panels:
        name, equals, rest = argument.partition("=")
        path = Path(rest if equals and not Path(argument).exists() else argument)
        if not equals or Path(argument).exists():
            name = path.resolve().parent.name
        if not path.is_file():
            raise BadParameters(f"{path}: there is no such file; [NAME=]PANEL.csv was expected")
        if not name or name in paths:
            raise BadParameters(f"{argument}: the name {name!r} is given twice; NAME=PANEL.csv tells panels apart")
        paths[name] = path
    return paths


def _read_panel(path: Path, year_start: int) -> SeriesPanel:
    """Return a panel of shares or means with its periods shifted so that each of its years is a calendar year."""
    frame = read_panel_file(path)
    periods = {label: parse(label) for label in frame["period"].unique()}
    shift = year_start - 1
    if any(period.freqstr.startswith("Q") for period in periods.values()):
        if shift % 3:
            raise BadParameters(f"--year-start {year_start}: {path} has quarters; 1, 4, 7 or 10 was expected")
        shift //= 3
    shifted = {label: write(period - shift) for label, period in periods.items()}
    make = mean_panel_from_totals if "total" in frame else panel_from_counts
    return make(frame.assign(period=frame["period"].map(shifted)))

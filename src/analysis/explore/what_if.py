"""The controls of notebook what_if: move a share or answer a question otherwise, and see each promise move."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from html import escape
from typing import Any

import ipywidgets as widgets
import pandas as pd
from IPython.display import display

from analysis.attainment.shifted_draws import Shift, can_be_shifted, what_if
from analysis.faults import Fault
from analysis.parameters import RunParameters, resolve
from analysis.plan.plan import Plan, read_plan
from analysis.plan.promises import Measured, Promise
from analysis.quarter.results import Results
from analysis.report import labels, numbers
from analysis.report.html_table import plain_table
from analysis.report.wording import Wording, _

MAX_POINTS = 30
"""Percentage points that the slider can be moved to either side."""

CONTROL_STYLE: dict[str, Any] = {"style": {"description_width": "300px"}, "layout": {"width": "760px"}}


class WhatIf:
    """The controls of ``what_if``, and the tables that they show.

    Parameters
    ----------
    run : RunParameters
        The run; its language is that of the labels.
    results : callable
        Returns the results of a run: `quarter.results`, which stores what it has computed once.

    Attributes
    ----------
    before, after : pd.DataFrame
        Columns of `attainment.shifted_draws.what_if`: the promises shown, in the run and under the what-if.
    """

    def __init__(self, run: RunParameters, results: Callable[[RunParameters], Results]) -> None:
        self._run, self._results_of, self._words = run, results, Wording(run.language)
        self._results = results(run)
        self._changed_run, self._changed_results, self._reason = run, self._results, ""
        self._plan = read_plan(resolve(run.plan_file))
        self._chosen = self._plan.answers(run.answers)
        words, shown = self._words, self._results.plan
        self.indicator = widgets.Dropdown(
            options=[(words.indicator(shown, code), code) for code in can_be_shifted(shown)],
            description=words.text("What moves"), **CONTROL_STYLE,
        )  # fmt: skip
        self.dimension = widgets.Dropdown(
            options=[(words.dimension(name), name) for name in ("agency", "field")],
            description=words.text("Where it moves"), **CONTROL_STYLE,
        )  # fmt: skip
        self.members = widgets.SelectMultiple(rows=8, description=words.text("Of them"), **CONTROL_STYLE)
        self.points = widgets.FloatSlider(
            min=-MAX_POINTS, max=MAX_POINTS, step=0.5, readout_format="+.1f", continuous_update=False,
            description=words.text("Percentage points more"), **CONTROL_STYLE,
        )  # fmt: skip
        self.answers = {
            name: widgets.Dropdown(
                options=[(words.of(answer.name), code) for code, answer in question.answers.items()],
                value=self._chosen[name], description=words.of(question.asks), **CONTROL_STYLE,
            )
            for name, question in self._plan.questions.items()
        }  # fmt: skip
        self.status, self.outcome = widgets.HTML(), widgets.HTML()
        self.outcome.add_class("jp-RenderedHTMLCommon")  # tables look as in the outputs of JupyterLab
        questions = widgets.Accordion([widgets.VBox(list(self.answers.values()))], titles=[words.text("Definitions")])
        self.box = widgets.VBox(
            [self.indicator, self.dimension, self.members, self.points, questions, self.status, self.outcome]
        )
        self._list_members()
        self.dimension.observe(self._list_members, "value")
        for control in (self.members, self.points):
            control.observe(self._show, "value")
        self.indicator.observe(self._choose_indicator, "value")
        for control in self.answers.values():
            control.observe(self._apply_answers, "value")
        self._select_targets({})
        self._show()

    def show(self) -> None:
        """Display the controls."""
        display(self.box)

    @property
    def shift(self) -> Shift:
        """The move that the controls are set to."""
        members, points = tuple(self.members.value), self.points.value / 100
        return Shift(self.indicator.value or "", self.dimension.value, members, points)

    def _choose_indicator(self, _: Any = None) -> None:
        self._select_targets(self._changed_answers())
        self._show()

    def _list_members(self, _: Any = None) -> None:
        cases = self._results.data.counts.groupby(self.dimension.value)["resolved"].sum().sort_values(ascending=False)
        self.members.options = [
            (self._words.name(self._results.plan, self.dimension.value, str(code)), code) for code in cases.index
        ]

    def _apply_answers(self, _: Any = None) -> None:
        """Apply the answers chosen for the open questions: compute the quarter under them, if it is not stored yet."""
        answers = self._changed_answers()
        self._reason = self._not_computable(answers)
        if not self._reason:
            message = self._words.text("Computing the quarter under this definition: the first time takes a while …")
            self._show_status(message)
            changed_run = RunParameters.model_validate(
                self._run.model_dump() | {"answers": self._run.answers | answers}
            )
            try:
                self._changed_run, self._changed_results = changed_run, self._results_of(changed_run)
            except Fault as fault:
                self._reason = str(fault)
        self._show_status(self._reason)
        self._select_targets(answers)
        self._show()

    def _show(self, _: Any = None) -> None:
        if self._reason:
            self.outcome.value = ""
            return
        self.after = _promises_shifted(self._changed_run, self._changed_results, self.shift, self._targets)
        self.outcome.value = _comparison(
            self._results.plan, self._changed_results.plan, self.before, self.after, self._words
        )

    def _select_targets(self, changed: Mapping[str, str]) -> None:
        """Select the promises to show: those on the share that moves, and those that a changed answer touches."""
        now, then = (self._plan.answered(given) for given in (self._chosen, {**self._chosen, **dict(changed)}))
        moving = self.indicator.value
        targets = [
            one.id
            for one in now.promises
            if self._is_on(one, moving) or now.definition_of(one) != then.definition_of(then.promise(one.id))
        ]
        self._targets = targets
        self.before = _promises_shifted(self._run, self._results, Shift(moving or ""), targets)

    def _is_on(self, promise: Promise, indicator: str | None) -> bool:
        named = {getattr(self._plan.indicators[name], "nested_in", None) or name for name in promise.indicators}
        return isinstance(promise, Measured) and indicator in named

    def _changed_answers(self) -> dict[Any, str]:
        return {name: one.value for name, one in self.answers.items() if one.value != self._chosen[name]}

    def _not_computable(self, answers: dict[Any, str]) -> str:
        """Return why the input cannot be counted under an answer, if the run's results say so; empty otherwise."""
        for row in self._results.attainment.sensitivity.itertuples():
            if answers.get(row.question) == row.answer and row.note in labels.NOT_COMPUTABLE:
                answer = self._words.of(self._plan.questions[row.question].answers[row.answer].name)
                return f"{answer}: {self._words.text(labels.NOT_COMPUTABLE[row.note])}"
        return ""

    def _show_status(self, message: str) -> None:
        self.status.value = f'<p class="note" role="status">{escape(message)}</p>' if message else ""


def _promises_shifted(run: RunParameters, results: Results, shift: Shift, targets: Collection[str]) -> pd.DataFrame:
    """Return promises of a run with a share moved; those that are not on shares as its results have them.

    Parameters
    ----------
    run : RunParameters
        A run.
    results : Results
        Its results.
    shift : Shift
        The move.
    targets : collection of str
        The promises.

    Returns
    -------
    pd.DataFrame
        See `attainment.shifted_draws.what_if`.
    """
    shares = what_if(results.counted_situation(run), shift, targets)
    promises = results.attainment.promises
    others = promises[promises["target"].isin(targets) & ~promises["target"].isin(shares["target"])]
    return pd.concat([frame for frame in (shares, others) if len(frame)], ignore_index=True)


ALL_PARTS = {"any_of": _("Any one of them"), "all_of": _("All of them"), "last": _("The last of them")}
"""What a reader calls a promise of several parts as a whole, by how it combines them."""


def _comparison(now: Plan, then: Plan, before: pd.DataFrame, after: pd.DataFrame, words: Wording) -> str:
    """Return a table per promise as HTML, a row per part: before and after side by side.

    Parameters
    ----------
    now, then : Plan
        The plan before and after, with promises on each member of a list written out.
    before, after : pd.DataFrame
        Promises before and after, see `attainment.shifted_draws.what_if`; what one of them lacks is a dash.
    words : Wording
        The reader's language.
    """
    tables = []
    for target in now.promises:
        was, will = (rows[rows["target"] == target.id].set_index("part") for rows in (before, after))
        names = _part_names(then.promise(target.id), then, words) | _part_names(target, now, words)
        lines = [
            _line(names[part], _row(was, part), _row(will, part), words.of(now.unit), words)
            for part in dict.fromkeys([*was.index, *will.index])
        ]
        if lines:
            tables.append(plain_table(pd.DataFrame(lines), caption=words.of(target.title)))
    return "".join(tables)


def _line(name: str, was: pd.Series | None, will: pd.Series | None, unit: str, words: Wording) -> dict[str, str]:
    chances = [float("nan") if row is None else float(row["probability"]) for row in (was, will)]
    return {
        words.text("Part"): name,
        words.text("Probability now"): words.chance(chances[0]),
        words.text("Probability under the what-if"): words.chance(chances[1]),
        words.text("Change (percentage points)"): numbers.points(chances[1] - chances[0], words.language),
        words.text("Verdict"): _both(*(_verdict(row, words) for row in (was, will))),
        words.text("Where we stand"): _both(*(_so_far(row, unit, words) for row in (was, will))),
        words.text("Year-end forecast (80% prediction interval)"): _year_end(was, words),
        words.text("Year-end under the what-if (80% prediction interval)"): _year_end(will, words),
        words.text("What it would take"): _both(*(_needed(row, unit, words) for row in (was, will))),
        words.text("Expected of the rest, now"): _expected(was, unit, words),
        words.text("Expected of the rest under the what-if"): _expected(will, unit, words),
    }


def _both(was: str, will: str) -> str:
    return was if was == will else f"{was} → {will}"


def _verdict(row: pd.Series | None, words: Wording) -> str:
    if row is None:
        return numbers.MISSING
    return words.reason(row["note"]) if row["note"] else words.verdict(row["verdict"])


def _so_far(row: pd.Series | None, unit: str, words: Wording) -> str:
    return numbers.MISSING if row is None or pd.isna(row["observed_to_date"]) else words.share_so_far(row, unit)


def _year_end(row: pd.Series | None, words: Wording) -> str:
    return numbers.MISSING if row is None or pd.isna(row["expected"]) else words.outlook_cell(row)


def _needed(row: pd.Series | None, unit: str, words: Wording) -> str:
    if row is None or pd.isna(row.get("required_share")):
        return numbers.MISSING
    return words.needed(row, row["rule"], unit)


def _expected(row: pd.Series | None, unit: str, words: Wording) -> str:
    if row is None or pd.isna(row.get("rest_share")):
        return numbers.MISSING
    return words.text(
        "{share}, about {cases} {unit} a week",
        share=numbers.percent(row["rest_share"], words.language),
        cases=numbers.count(row["rest_per_week"], words.language),
        unit=unit,
    )


def _row(rows: pd.DataFrame, part: str) -> pd.Series | None:
    return rows.loc[part] if part in rows.index else None


def _part_names(target: Promise, plan: Plan, words: Wording) -> dict[str, str]:
    """Return what a reader calls a promise, under the empty string, and each of its parts, under its id."""
    if not isinstance(target, Measured):
        return {"": words.of(target.title)}
    if target.combine is None:
        return {"": words.part(plan, next(iter(target.parts.values())))}
    return {"": words.text(ALL_PARTS[target.combine])} | {
        one.id: words.part(plan, one) for one in target.parts.values()
    }

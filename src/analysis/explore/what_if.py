"""The controls of notebook what_if: move what a promise is on, or answer a question otherwise, and see it change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import ipywidgets as widgets
import numpy as np
import pandas as pd
from IPython.display import display

from analysis.attainment.needed import BOTH_WAYS, DECIDED, NOT_MOVED, UNREACHABLE, Needed
from analysis.attainment.shifted_draws import Shift
from analysis.attainment.shifted_items import ItemsShift
from analysis.explore import before_after
from analysis.explore.look import figure_html, label
from analysis.faults import BadParameters, Fault
from analysis.parameters import resolve
from analysis.plan.indicators import Mean
from analysis.plan.plan import read_plan
from analysis.plan.promises import ItemsPromise, Measured, Promise
from analysis.quarter.quarter import Quarter
from analysis.quarter.what_if import WhatIf, change_of, dimensions_of, members_of, not_movable
from analysis.report import labels, numbers
from analysis.report.promise_tables import item_unit
from analysis.report.wording import Wording, _

MAX_POINTS = 30.0
"""Percentage points that the slider can be moved to either side; a goal that needs more widens it."""

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Probabilities that can be asked for."""

CONTROL_STYLE: dict[str, Any] = {"style": {"description_width": "300px"}, "layout": {"width": "760px"}}

NO_MOVE = {
    UNREACHABLE: _("Not reached by this alone: even the largest possible move gives {probability}."),
    DECIDED: _("Nothing changes it any more: it is decided."),
    NOT_MOVED: _("It does not change with what is moved here."),
    BOTH_WAYS: _("Its parts ask for opposite moves: there is no smallest one."),
}
"""Why a goal is not reached, by code of the reason; others are reasons of a promise that is not estimated."""


UNMOVABLE = _(
    "Nothing of this promise can be moved here: it is judged by a survey, by a published index or by single cases that "
    "the results do not keep."
)


class WhatIfControls:
    """The controls of ``what_if``, and the picture and tables that they show.

    Parameters
    ----------
    q : Quarter
        The quarter; the language of its run is that of the labels.

    Attributes
    ----------
    asked : WhatIf or None
        What is asked of the promise chosen, as `Quarter.what_if` returns it; None where nothing of it can be moved.
    before, after : pd.DataFrame
        The promises shown, in the run and under the what-if: columns of `attainment.verdict.COLUMNS` and more.
    """

    def __init__(self, q: Quarter) -> None:
        self._q, self._words = q, Wording(q.run.language)
        self._changed, self._reason, self._silent = q, "", 0
        self._plan = read_plan(resolve(q.run.plan_file))
        self._chosen = self._plan.answers(q.run.answers)
        self._started: dict[str, WhatIf | None] = {}
        self.asked: WhatIf | None = None
        self.before = self.after = pd.DataFrame()
        self._make_controls()
        self.box = self._laid_out()
        self._choose_promise()
        self._observe()

    def _make_controls(self) -> None:
        words, plan = self._words, self._q.plan
        promises = [(words.of(one.name), one.id) for one in plan.promises]
        first = next((one.id for one in plan.promises if not not_movable(one)), plan.promises[0].id)
        self.promise = widgets.Dropdown(
            options=promises, value=first, description=words.text("Promise"), **CONTROL_STYLE
        )
        self.dimension = widgets.Dropdown(description=words.text("Where it moves"), **CONTROL_STYLE)
        self.members = widgets.SelectMultiple(
            rows=8, description=words.text("Of them (nobody chosen: all)"), **CONTROL_STYLE
        )
        self.points = widgets.FloatSlider(step=0.1, readout_format="+.1f", continuous_update=False, **CONTROL_STYLE)
        self.cases = widgets.BoundedIntText(
            min=-10_000_000, max=10_000_000, description=words.text("or cases more until the end of the year"),
            **CONTROL_STYLE,
        )  # fmt: skip
        self.items = widgets.SelectMultiple(
            rows=8, description=words.text("Done by the end of the year for certain"), **CONTROL_STYLE
        )
        self.more = widgets.IntSlider(
            min=0, max=1, continuous_update=False, description=words.text("Items more by the end of the year"),
            **CONTROL_STYLE,
        )  # fmt: skip
        self.level = widgets.Dropdown(
            options=[(words.chance(one), one) for one in LEVELS], value=0.8,
            description=words.text("Probability wanted"), **CONTROL_STYLE,
        )  # fmt: skip
        self.seek = widgets.Button(description=words.text("What does it take?"))
        self.answers = {
            name: widgets.Dropdown(
                options=[(words.of(answer.name), code) for code, answer in question.answers.items()],
                value=self._chosen[name], description=words.of(question.asks), **CONTROL_STYLE,
            )
            for name, question in self._plan.questions.items()
        }  # fmt: skip
        self.status, self.goal, self.picture, self.outcome = (widgets.HTML() for _each in range(4))
        self.outcome.add_class("jp-RenderedHTMLCommon")  # tables look as in the outputs of JupyterLab

    def _laid_out(self) -> widgets.VBox:
        questions = widgets.Accordion(
            [widgets.VBox(list(self.answers.values()))], titles=[self._words.text("Definitions")]
        )
        self._of_counts = widgets.VBox([self.dimension, self.members, self.points, self.cases])
        self._of_items = widgets.VBox([self.items, self.more])
        self._of_goal = widgets.VBox([widgets.HBox([self.level, self.seek]), self.goal])
        return widgets.VBox(
            [
                self.promise, self._of_counts, self._of_items, self._of_goal, questions, self.status, self.picture,
                self.outcome,
            ]
        )  # fmt: skip

    def _observe(self) -> None:
        self.promise.observe(self._choose_promise, "value")
        self.dimension.observe(self._list_members, "value")
        for control in (self.members, self.items, self.more):
            control.observe(self._show, "value")
        # A move is by points or by cases: to set one of the two takes the other back.
        self.points.observe(lambda change: self._instead(self.cases, change["new"]), "value")
        self.cases.observe(lambda change: self._instead(self.points, change["new"]), "value")
        self.seek.on_click(self._seek)
        for control in self.answers.values():
            control.observe(self._apply_answers, "value")

    def show(self) -> Self:
        """Display the controls and return them: `before`, `after`, `change` and `asked` are of what they are set to."""
        display(self.box)
        return self

    @property
    def change(self) -> pd.DataFrame:
        """Probabilities and verdicts before and after; see `quarter.what_if.change_of`."""
        return change_of(self.before, self.after)

    def __repr__(self) -> str:
        return f"WhatIfControls({self.asked!r})"

    def _promise(self) -> Promise:
        return self._q.plan.promise(self.promise.value)

    def _choose_promise(self, _: Any = None) -> None:
        """Offer what moves the promise chosen, with nothing moved."""
        promise, results, words = self._promise(), self._q.results, self._words
        movable, is_items = not not_movable(promise), isinstance(promise, ItemsPromise)
        for box, is_shown in (
            (self._of_counts, movable and not is_items), (self._of_items, movable and is_items),
            (self._of_goal, movable),
        ):  # fmt: skip
            box.layout.display = "" if is_shown else "none"
        with self._quiet():
            self.points.value = self.cases.value = self.more.value = 0
            self.goal.value = ""
            if isinstance(promise, Measured):
                self._scale_points(promise)
                offered = dimensions_of(results, promise)
                self.dimension.options = [(words.dimension(one), one) for one in offered]
                self.dimension.value = offered[0] if offered else None
                self._offer_members()
            start = self._start() if movable else None
            if is_items and start is not None:
                waiting = start.open_items
                self.items.options = [
                    (f"{words.name(results.plan, 'item', item)} · {numbers.day(day.date(), words.language)}", item)
                    for item, day in zip(waiting["item"], waiting["planned_on"], strict=True)
                ]
                self.more.max = max(len(waiting), 1)
        self._show()

    def _scale_points(self, promise: Measured) -> None:
        """Set the slider to percentage points, or to the unit of a mean and as far as the mean itself."""
        how = self._words.quantity(self._q.plan, promise.indicators[0])
        self._scale, most = how.scale, MAX_POINTS
        is_mean = isinstance(self._q.plan.indicators[promise.indicators[0]], Mean)
        if is_mean:
            known = self._q.indicator(promise.indicators[0])["value"].dropna()
            most = float(np.ceil(known.max())) if len(known) else 1.0
        self.points.min, self.points.max = -most, most
        self.points.description = self._words.text("More ({unit})", unit=how.change_unit)
        self.cases.layout.display = "none" if is_mean else ""

    def _list_members(self, _: Any = None) -> None:
        with self._quiet():
            self._offer_members()
        self._show()

    def _offer_members(self) -> None:
        promise, plan = self._promise(), self._q.plan
        assert isinstance(promise, Measured)
        there = members_of(self._q.results, promise, self.dimension.value) if self.dimension.value else []
        self.members.options = [(self._words.name(plan, self.dimension.value, code), code) for code in there]

    def _instead(self, other: Any, value: float) -> None:
        if value:
            with self._quiet():
                other.value = 0
        self._show()

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """While it lasts, controls change without anything being shown in between."""
        self._silent += 1
        try:
            yield
        finally:
            self._silent -= 1

    def _start(self, q: Quarter | None = None) -> WhatIf | None:
        """Return the promise chosen with nothing moved yet, judged once; None where nothing of it can be moved."""
        asked = self._q if q is None else q
        key = f"{self.promise.value} {sorted(asked.run.answers.items())}"
        if key not in self._started:
            try:
                self._started[key] = asked.what_if(self.promise.value)
            except BadParameters:
                self._started[key] = None
        return self._started[key]

    def _moved(self, q: Quarter) -> WhatIf | None:
        """Return the promise chosen as the controls move it in a quarter."""
        start = self._start(q)
        if start is None:
            return None
        if isinstance(start.move, ItemsShift):
            return start.by(ItemsShift(start.target, tuple(self.items.value), self.more.value))
        chosen = self.members.value or tuple(code for _name, code in self.members.options)
        return start.by(
            Shift(start.move.indicator, self.dimension.value, chosen, self.points.value / self._scale, self.cases.value)
        )

    def _apply_answers(self, _: Any = None) -> None:
        """Apply the answers chosen for the open questions: compute the quarter under them, if it is not stored yet."""
        answers = self._changed_answers()
        self._reason = self._not_computable(answers)
        if not self._reason:
            message = self._words.text("Computing the quarter under this definition: the first time takes a while …")
            self.status.value = label(message)
            try:
                changed = self._q.answering(**answers) if answers else self._q
                changed.results  # noqa: B018 - computes them
                self._changed = changed
            except Fault as fault:
                self._reason = str(fault)
        self.status.value = label(self._reason, "warning")
        self._show()

    def _show(self, _: Any = None) -> None:
        if self._silent:
            return
        if self._reason:
            self.picture.value = self.outcome.value = ""
            return
        asked, words = self._moved(self._changed), self._words
        start = self._start()
        self.asked = asked
        touched = self._touched()
        self.before = self._with_others(None if start is None else start.before, self._q, touched)
        self.after = self._with_others(None if asked is None else asked.after, self._changed, touched)
        unmovable = start is None or asked is None
        self.status.value = label(words.text(UNMOVABLE)) if unmovable else ""
        drawn = before_after.picture(self._q.results, self.promise.value, self.before, self.after, words)
        self.picture.value = figure_html(drawn) if drawn else ""
        self.outcome.value = before_after.comparison(self._q.plan, self._changed.plan, self.before, self.after, words)

    def _with_others(self, rows: pd.DataFrame | None, q: Quarter, touched: list[str]) -> pd.DataFrame:
        """Return the rows with those of other promises to show, as a quarter has them."""
        promises = q.results.attainment.promises
        there = set() if rows is None else set(rows["target"])
        others = promises[promises["target"].isin(touched) & ~promises["target"].isin(there)]
        frames = [frame for frame in (rows, others) if frame is not None and len(frame)]
        return pd.concat(frames, ignore_index=True)

    def _touched(self) -> list[str]:
        """Return the promise chosen and those that a changed answer touches."""
        now, then = (
            self._plan.answered(given) for given in (self._chosen, {**self._chosen, **self._changed_answers()})
        )
        return [
            one.id
            for one in now.promises
            if one.id == self.promise.value or now.definition_of(one) != then.definition_of(then.promise(one.id))
        ]

    def _changed_answers(self) -> dict[str, str]:
        return {name: one.value for name, one in self.answers.items() if one.value != self._chosen[name]}

    def _not_computable(self, answers: dict[str, str]) -> str:
        """Return why the input cannot be counted under an answer, if the run's results say so; empty otherwise."""
        for row in self._q.results.attainment.sensitivity.itertuples():
            if answers.get(str(row.question)) == row.answer and row.note in labels.NOT_COMPUTABLE:
                answer = self._words.of(self._plan.questions[str(row.question)].answers[str(row.answer)].name)
                return f"{answer}: {self._words.text(labels.NOT_COMPUTABLE[str(row.note)])}"
        return ""

    def _seek(self, _: Any = None) -> None:
        """Find the smallest move for the probability wanted, say it, and set the controls to it."""
        if self._reason or self.asked is None:
            return
        found = self.asked.needed(self.level.value)
        self.goal.value = label(self._goal_sentence(found))
        if found.amount is None:
            return
        if isinstance(self._promise(), ItemsPromise):
            with self._quiet():
                self.items.value, self.more.value = (), int(found.amount)
        else:
            wanted = found.amount * self._scale
            with self._quiet():
                self.cases.value = 0
                self.points.max = max(self.points.max, abs(wanted))
                self.points.min = -self.points.max
                self.points.value = wanted
        self._show()

    def _goal_sentence(self, found: Needed) -> str:
        words, language, promise = self._words, self._words.language, self._promise()
        if found.amount is None:
            if found.reason in NO_MOVE:
                return words.text(NO_MOVE[found.reason], probability=words.chance(found.probability))
            return words.reason(found.reason)
        values = {"wanted": words.chance(self.level.value), "probability": words.chance(found.probability)}
        if found.amount == 0:
            return words.text("Nothing more: the probability is {probability} as it stands.", **values)
        if isinstance(promise, ItemsPromise):
            return words.text(
                "For {wanted}: {items} more of the {unit} by the end of the year than expected. Probability then: "
                "{probability}.",
                items=numbers.count(found.amount, language),
                unit=item_unit(promise, words),
                **values,
            )
        assert isinstance(promise, Measured)
        how = words.quantity(self._q.plan, promise.indicators[0])
        if pd.isna(found.cases):
            return words.text(
                "For {wanted}: {change} {unit} in the rest of the year. Probability then: {probability}.",
                change=how.change(found.amount),
                unit=how.change_unit,
                **values,
            )
        return words.text(
            "For {wanted}: {change} percentage points in the rest of the year, about {cases} {unit}. Probability then: "
            "{probability}.",
            change=how.change(found.amount),
            cases=numbers.signed(found.cases, language),
            unit=words.unit(self._q.plan, promise.indicators[0]),
            **values,
        )

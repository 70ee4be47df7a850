"""Which answers to open questions change how an indicator is counted: its own sentences do not know them."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.plan.indicators import Score, Share
from analysis.plan.plan import Plan
from analysis.plan.questions import Answer, paths_of


def answers_on(plan: Plan, indicator: str, answers: Mapping[str, str]) -> list[Answer]:
    """Return the answers in force that say something otherwise of what an indicator counts.

    Parameters
    ----------
    plan : Plan
        The plan.
    indicator : str
        Code of the indicator.
    answers : mapping
        Those a run gives; the others are the plan's own.

    Returns
    -------
    list of Answer
        In the order of the questions. An answer without a patch is the plan as it stands, and not among them.
    """
    declared = plan.indicators[indicator]
    if isinstance(declared, Score):
        return []
    codes = [indicator]
    if isinstance(declared, Share) and declared.nested_in and declared.rest:
        codes += [declared.nested_in, declared.rest]
    counted = [one for one in (plan.indicators[code] for code in codes) if not isinstance(one, Score)]
    places = [("indicators", code) for code in codes] + [("calendar", "counting")]
    # A nested share counts the rows of the one it is nested in, which has the plan's own condition or not.
    bodies = {("crosswalk", name) for one in counted for name in one.by}
    follows = counted[1 if len(counted) > 1 else 0].follows_plan_where
    chosen = plan.answers(answers)
    found = []
    for code, question in plan.questions.items():
        answer = question.answers[chosen[code]]
        paths = paths_of(answer.patch)
        if any(path[:2] in places or path[:2] in bodies or (follows and path[0] == "where") for path in paths):
            found.append(answer)
    return found

"""What nobody has ruled on: open questions of a plan, each answer a JSON Merge Patch (RFC 7396) on the plan itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from analysis.plan.record import Code, Strict, Text

WHOLE = frozenset({"where", "numerator", "denominator", "value", "threshold", "each", "eligible", "done"})
"""Keys that a patch replaces whole: merged into, a condition would say what neither of the two says."""

Path = tuple[str, ...]


class Answer(Strict):
    """One answer to an open question.

    Attributes
    ----------
    reading : Text
        The answer as a sentence.
    short : Text or None
        Two to five words, to follow the question; None takes the sentence.
    patch : dict
        What the plan says otherwise under this answer; it may only address what exists.
    together_with : dict
        Question → answer beside which this one may touch the same key, and is applied last; written ``with``.
    """

    model_config = ConfigDict(populate_by_name=True)

    reading: Text
    short: Text | None = None
    patch: dict[str, Any] = Field(default_factory=dict)
    together_with: dict[Code, Code] = Field(default_factory=dict, alias="with")

    @property
    def name(self) -> Text:
        """What a reader calls the answer where there is little room."""
        return self.short or self.reading


class Question(Strict):
    """An open question with its answers.

    Attributes
    ----------
    asks : Text
        What is asked, as the beginning of a sentence that an answer ends.
    default : str
        The answer the plan is read by.
    ruled_by : str or None
        The office that ruled so; None: the reading is ours, and the page shows what the other answers would change.
    answers : dict of Answer
        All answers by code.
    """

    asks: Text
    default: Code
    ruled_by: str | None = None
    answers: Annotated[dict[Code, Answer], Field(min_length=2)]

    @model_validator(mode="after")
    def _default_is_an_answer(self) -> Self:
        if self.default not in self.answers:
            raise ValueError(f"default: {self.default!r} is none of the answers {', '.join(self.answers)}")
        return self


@dataclass(frozen=True)
class Alternative:
    """One question answered otherwise.

    Attributes
    ----------
    question, answer : str
        The question and the other answer.
    answers : dict
        All answers, this one included.
    """

    question: str
    answer: str
    answers: dict[str, str]


def alternatives(
    questions: Mapping[str, Question], chosen: Mapping[str, str], asked: Collection[str]
) -> Iterator[Alternative]:
    """Yield every other answer to each of some questions, one question at a time.

    Parameters
    ----------
    questions : mapping
        The plan's questions.
    chosen : mapping
        The answers in force.
    asked : collection of str
        The questions to answer otherwise.
    """
    for code in asked:
        for answer in questions[code].answers:
            if answer != chosen[code]:
                yield Alternative(code, answer, {**chosen, code: answer})


def merged(document: Any, patch: Mapping[str, Any], at: Path = ()) -> Any:
    """Return a document with a patch applied.

    Parameters
    ----------
    document : dict
        The document; it is left as it is.
    patch : mapping
        The patch.
    at : tuple of str
        Where in the plan the document stands, for the message.

    Raises
    ------
    ValueError
        The patch addresses what the document does not have, or says null.
    """
    result = dict(document)
    for key, value in patch.items():
        path = ".".join((*at, key))
        if value is None:
            raise ValueError(f"{path}: a patch cannot take away; null was found")
        if key not in document:
            raise ValueError(f"{path}: a patch may only address what exists")
        nested = isinstance(value, Mapping) and isinstance(document[key], Mapping) and key not in WHOLE
        result[key] = merged(document[key], value, (*at, key)) if nested else value
    return result


def paths_of(patch: Mapping[str, Any], at: Path = ()) -> frozenset[Path]:
    """Return the keys that a patch touches.

    Parameters
    ----------
    patch : mapping
        The patch.
    at : tuple of str
        Where in the plan it stands.
    """
    found: set[Path] = set()
    for key, value in patch.items():
        if isinstance(value, Mapping) and key not in WHOLE and value:
            found |= paths_of(value, (*at, key))
        else:
            found.add((*at, key))
    return frozenset(found)


def in_order_of_application(
    questions: Mapping[str, Question], chosen: Mapping[str, str]
) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return the patches of the answers chosen, as `question, answer, patch`, in the order in which they are applied.

    Parameters
    ----------
    questions : mapping
        The plan's questions.
    chosen : mapping
        An answer to each of them.

    Raises
    ------
    ValueError
        Two of them touch one key, and neither says that it goes with the other.
    """
    taken = [(code, chosen[code], questions[code].answers[chosen[code]]) for code in questions]
    taken = [one for one in taken if one[2].patch]
    later = {code for code, _, answer in taken if any(chosen.get(q) == a for q, a in answer.together_with.items())}
    for place, (code, name, answer) in enumerate(taken):
        for other_code, other_name, other in taken[:place]:
            if answer.together_with.get(other_code) == other_name or other.together_with.get(code) == name:
                continue
            both = _touched_by_both(answer.patch, other.patch)
            if both:
                raise ValueError(
                    f"{other_code}={other_name} and {code}={name} both change {'.'.join(both)}; "
                    "one of them may say with: {question: answer}"
                )
    taken.sort(key=lambda one: one[0] in later)
    return [(code, name, answer.patch) for code, name, answer in taken]


def _touched_by_both(one: Mapping[str, Any], other: Mapping[str, Any]) -> Path | None:
    for first in sorted(paths_of(one)):
        for second in sorted(paths_of(other)):
            length = min(len(first), len(second))
            if first[:length] == second[:length]:
                return max(first, second, key=len)
    return None

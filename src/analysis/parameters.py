"""A run: what changes from quarter to quarter, validated before anything starts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from analysis import periods, strict_yaml
from analysis.database_address import is_like_address
from analysis.faults import BadData, BadParameters
from analysis.project import project_folder

ROOT = project_folder()
"""The project's folder: relative paths in run files start here, wherever the notebook runs."""

_PATHS = ("plan_file", "source_file", "input_path")

Language = Literal["vi", "en"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class RunParameters(BaseModel):
    """One quarter of one plan: the fields of a run file and of every notebook's ``parameters`` cell.

    Attributes
    ----------
    plan_file : str
        The plan, relative to the project.
    quarter : str
        The quarter reported, such as ``"2021-Q3"``.
    as_of : date
        The day up to which data was known.
    input_path : str
        Folder or file received, relative to the project or absolute.
    source_file : str or None
        The mapping that turns it into our tables; None when it already is our tables.
    language : {"vi", "en"}
        The language of the pages.
    status : {"draft", "final"}
        A final report names who signed it.
    signed_by : str or None
        Office that signed the report off.
    reject_limit : float
        Share of a file's rows (0–1) that may be rejected; more of them stop the run.
    draw_count : int
        Joint simulated paths; 2,000 keep a probability within about one percentage point.
    seed : int
        Same seed, same numbers.
    small_numerators : {"shown", "hidden"}
        Whether a published folder shows numerators of 1 to 4 cases or respondents; denominators of so few it never
        shows, but those of promises.
    exercise : bool
        Whether the run is an exercise, whose data need not be on every machine: `dunghen due` passes over it where its
        input is not there.
    body : str or None
        Body, commune or block that the report has an edition for, beside the pages of the whole; in a notebook of
        editions, the one it is executed for.
    each : str or None
        Dimension, such as ``agency``, or block, whose bodies each have an edition.
    answers : dict of str to str
        Question of the plan → answer, where the run does not take the plan's own. A runner that passes text may write
        ``question=answer,…`` or JSON.
    """

    # Pydantic's own text of an error would repeat a value that our sentence leaves out.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    plan_file: str
    quarter: str
    as_of: date
    input_path: str
    source_file: str | None = None
    language: Language = "vi"
    status: Literal["draft", "final"] = "draft"
    signed_by: str | None = None
    reject_limit: Annotated[float, Field(ge=0, le=1)] = 0.05
    draw_count: Annotated[int, Field(ge=200, le=20_000)] = 2000
    seed: Seed = 2021
    small_numerators: Literal["shown", "hidden"] = "shown"
    exercise: bool = False
    body: str | None = None
    each: str | None = None
    answers: dict[str, str] = Field(default_factory=dict)

    @field_validator("answers", mode="before")
    @classmethod
    def _are_answers(cls, value: Any) -> Any:
        return answers_from(value)

    @field_validator("quarter")
    @classmethod
    def _is_a_quarter(cls, value: str) -> str:
        periods.parse_quarter(value)
        return value

    @field_validator(*_PATHS)
    @classmethod
    def _is_a_path(cls, value: str | None) -> str | None:
        if value is not None and is_like_address(value):
            # Not repeated: it may hold a password.
            raise ValueError("a path was expected, found an address; `dunghen ingest` brings a database into a folder")
        return value

    @field_validator("plan_file")
    @classmethod
    def _names_a_folder(cls, value: str) -> str:
        # The reports of a plan are published in a folder of its name: ".runs.yml" would be that of all runs.
        if not re.fullmatch(r"\w[\w.-]{0,63}", Path(value).stem):
            raise ValueError(
                "a plan's file is named by letters, digits, '_', '-' and '.', at most 64, and begins with no '.'"
            )
        return value

    @field_validator("draw_count", "seed", mode="before")
    @classmethod
    def _is_a_whole_number(cls, value: Any) -> Any:
        # Pydantic would turn "2000" and True into numbers; a run file that says so was not meant.
        if isinstance(value, bool | str):
            raise ValueError("a whole number was expected")
        return value

    @model_validator(mode="after")
    def _final_is_signed(self) -> Self:
        if self.status == "final" and not self.signed_by:
            raise ValueError("a final report names who signed it: signed_by is missing")
        return self

    def __hash__(self) -> int:
        # Answers are a mapping and have no hash of their own; runs that differ in them alone are told apart by ==.
        return hash((self.plan_file, self.quarter, self.as_of, self.input_path))

    @property
    def quarter_period(self) -> pd.Period:
        """The quarter as a period."""
        return periods.parse_quarter(self.quarter)

    @property
    def plan_name(self) -> str:
        """The plan's stem, such as ``khanh-hoa-2021``: the folder its reports are published in."""
        return Path(self.plan_file).stem


def answers_from(value: Any) -> Any:
    """Return a run's answers from what a file or a runner gives: a mapping, JSON, or ``question=answer,…``.

    Raises
    ------
    ValueError
        It is none of these.
    """
    if value is None or value == "":
        return {}
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not JSON: {getattr(error, 'msg', 'brackets or a number beyond all limits')}") from error
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    if not all(name.strip() and sign and answer.strip() for name, sign, answer in pairs):
        raise ValueError(f"question=answer, separated by commas, was expected, found {value!r}")
    return {name.strip(): answer.strip() for name, _, answer in pairs}


def resolve(path: str) -> Path:
    """Return a path of a run file as an absolute one, relative paths starting at the project."""
    return (ROOT / path).resolve()


def without_folders(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's parameters as they are published: of a path outside the project its name only.

    What leads there is a matter of this machine, and may name whose it is.
    """
    shown = dict(parameters)
    for key in _PATHS:
        if shown.get(key) and not resolve(shown[key]).is_relative_to(ROOT):
            shown[key] = f"…/{Path(shown[key]).name}"
    return shown


def read_run_file(path: Path, *, look: bool = True, **overrides: Any) -> RunParameters:
    """Return the run a file describes.

    Parameters
    ----------
    path : Path
        A YAML file of flat, scalar keys.
    look : bool
        Whether the files it names must be there already.
    **overrides
        Fields given on the command line, which win over the file's.

    Raises
    ------
    BadParameters
        The file is missing, has an unknown key, a wrong type, or names a plan, mapping or input that is not there.
    BadData
        The input is a folder where a file is expected.
    """
    document = strict_yaml.read(path, what="run file")
    run = strict_yaml.validate(document, RunParameters, what="run file")
    given = {key: value for key, value in overrides.items() if value is not None}
    run = _validated({**run.model_dump(), **given}, where=str(path))
    if look:
        _refuse_missing_files(run, str(path))
    return run


def run_parameters(names: Mapping[str, Any]) -> RunParameters:
    """Return the run that a notebook's ``parameters`` cell, and a runner after it, set.

    Papermill passes values; other runners, such as jupyter-scheduler, pass text. What a text can only mean is taken so:
    a number, ``None`` or ``null`` or nothing at all where there need be none, answers as `answers_from` reads them.

    Parameters
    ----------
    names : mapping
        The notebook's ``globals()``; names that are no field of a run are left alone.

    Raises
    ------
    BadParameters
        A value has the wrong type or names a file that is not there.
    BadData
        The input is a folder where a file is expected.
    """
    where = "notebook parameters"
    fields = {key: _meant(key, names[key], where) for key in RunParameters.model_fields if key in names}
    run = _validated(fields, where=where)
    _refuse_missing_files(run, where)
    return run


_NOTHING = {"", "None", "null"}
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def _meant(key: str, value: Any, where: str) -> Any:
    """Return what a notebook's parameter means: of a text that stands for a number or for nothing, that."""
    kind = RunParameters.model_fields[key].annotation
    if kind is date and isinstance(value, int | float):
        # Without quotes 2021-10-20 is a subtraction, and pydantic would take what is left for seconds since 1970.
        raise BadParameters(f"{where}: {key}: a day in quotes was expected, found {value!r}")
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text in _NOTHING and (key == "answers" or type(None) in get_args(kind)):
        return None
    if kind is int:
        if not _WHOLE.fullmatch(text):
            raise BadParameters(f"{where}: {key}: a whole number was expected, found {value!r}")
        return int(text)
    if kind is float:
        if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
            raise BadParameters(f"{where}: {key}: a number such as 0.05 was expected, found {value!r}")
        return float(text)
    return value


def validated_run(fields: Mapping[str, Any]) -> RunParameters:
    """Return the run that some fields make.

    Raises
    ------
    BadParameters
        A field is unknown, has the wrong type or names a file that is not there.
    BadData
        The input is a folder where a file is expected.
    """
    run = _validated(fields, where="parameters")
    _refuse_missing_files(run, "parameters")
    return run


def _validated(fields: Mapping[str, Any], *, where: str) -> RunParameters:
    try:
        return RunParameters.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "parameters"
        raise BadParameters(f"{where}: {key}: {first['msg'].removeprefix('Value error, ')}") from error


def _refuse_missing_files(run: RunParameters, where: str) -> None:
    for key in _PATHS:
        path = getattr(run, key)
        try:
            if path is not None and not resolve(path).exists():
                raise BadParameters(f"{where}: {key}: there is no {path}")
            if path is not None and key != "input_path" and resolve(path).is_dir():
                raise BadParameters(f"{where}: {key}: {path} is a folder; a file was expected")
        except (OSError, RuntimeError) as error:
            # Too long a name, a folder that may not be looked into; of links that lead in a circle, a RuntimeError.
            why = getattr(error, "strerror", None) or "its links lead in a circle"
            raise BadParameters(f"{where}: {key}: {path[:200]}: {why}") from error
    if run.source_file and resolve(run.input_path).is_dir():
        raise BadData(
            f"{where}: input_path: {run.input_path} is a folder; with a source_file, one file received was expected"
        )


def run_schema() -> str:
    """Return the JSON schema of a run file, as text that ends with a line break."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **RunParameters.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"

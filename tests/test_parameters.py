"""A run is what its file says, or one sentence says why not."""

from __future__ import annotations

from datetime import date

import pytest

from analysis.faults import BadParameters
from analysis.parameters import ROOT, answers_from, read_run_file, run_parameters

GOOD = {
    "plan_file": "parameters/plans/khanh-hoa-2021.yml",
    "quarter": '"2021-Q3"',
    "as_of": '"2021-09-20"',
    "input_path": "data/demo",
}


def _write(tmp_path, **changes):
    path = tmp_path / "run.yml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in {**GOOD, **changes}.items()), encoding="utf-8")
    return path


def test_a_run_file_is_read_and_the_command_line_wins(tmp_path):
    run = read_run_file(_write(tmp_path, language="vi"), language="en", input_path=None)
    assert (run.language, run.input_path, run.plan_name) == ("en", "data/demo", "khanh-hoa-2021")


def test_what_the_command_line_says_is_checked_too(tmp_path):
    with pytest.raises(BadParameters, match=r"run\.yml: language"):
        read_run_file(_write(tmp_path), language="fr")


def test_a_run_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadParameters, match=r"none\.yml: no such run file"):
        read_run_file(tmp_path / "none.yml")


def test_a_final_report_with_its_signer_is_good(tmp_path):
    run = read_run_file(_write(tmp_path, status="final", signed_by="Văn phòng UBND tỉnh"))
    assert (run.status, run.signed_by) == ("final", "Văn phòng UBND tỉnh")


@pytest.mark.parametrize(("key", "value"), [("seed", 0), ("seed", 2**32 - 1), ("draw_count", 200)])
def test_a_number_may_lie_on_its_bound(tmp_path, key, value):
    assert getattr(read_run_file(_write(tmp_path, **{key: value})), key) == value


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"plan_file": "parameters/plans/.runs.yml"}, "plan_file: a plan's file is named by letters"),
        ({"plan_file": '"parameters/plans/.."'}, "plan_file: a plan's file is named by letters"),
        ({"plan_file": '"parameters/plans/a b.yml"'}, "plan_file: a plan's file is named by letters"),
        ({"plan_file": f"parameters/plans/{'p' * 65}.yml"}, "at most 64, and begins with no '.'"),
        ({"quarter": f'"a.{"9" * 5_000}.b: c"'}, "line 2: quarter: a quarter is written like 2021-Q3"),
        ({"answers": "'" + '{"a":' * 20_000 + "'"}, "line 5: answers: not JSON: brackets or a number beyond"),
        ({"answers": '\'{"a": ' + "9" * 5_000 + "}'"}, "line 5: answers: not JSON: brackets or a number beyond"),
        ({"input_path": "x" * 300}, "xxx: File name too long"),
        ({"as_of": "2021-13-45"}, "line 3: as_of: Input should be a valid date"),
        ({"seeed": 3}, "unknown key 'seeed'; did you mean 'seed'"),
        ({"seed": '"3"'}, "seed: a whole number was expected"),
        ({"seed": -1}, "line 5: seed: Input should be greater than or equal to 0, found -1"),
        ({"seed": 2**32}, "line 5: seed: Input should be less than 4294967296, found 4294967296"),
        ({"seed": 2.5}, "line 5: seed"),
        ({"draw_count": 199}, "line 5: draw_count: Input should be greater than or equal to 200, found 199"),
        ({"draw_count": 20_001}, "line 5: draw_count"),
        ({"draw_count": "true"}, "draw_count: a whole number was expected"),
        ({"quarter": "2021Q3"}, "a quarter is written like 2021-Q3"),
        ({"as_of": "20/09/2021"}, "as_of"),
        ({"status": "final"}, "signed_by is missing"),
        ({"status": "finall"}, "line 5: status"),
        ({"language": "fr"}, "language"),
        ({"answers": "received"}, "line 5: answers: question=answer, separated by commas, was expected"),
        ({"answers": "'{\"uptake_base\"}'"}, "line 5: answers: not JSON"),
        ({"answers": "{uptake_base: 3}"}, "line 5: answers.uptake_base"),
        ({"uptake_base": "received"}, "unknown key 'uptake_base'"),
        ({"input_path": "data/nowhere"}, "input_path: there is no data/nowhere"),
        ({"plan_file": "parameters/plans/none.yml"}, "plan_file: there is no parameters/plans/none.yml"),
        ({"source_file": "parameters/sources/none.yml"}, "source_file: there is no parameters/sources/none.yml"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_file_and_reason(tmp_path, changes, sentence):
    with pytest.raises(BadParameters, match=r"run\.yml") as refused:
        read_run_file(_write(tmp_path, **changes))
    assert sentence in str(refused.value)


def test_links_in_a_circle_lead_nowhere(tmp_path):
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(BadParameters, match=r"run\.yml: input_path: .*circle/data: its links lead in a circle"):
        read_run_file(_write(tmp_path, input_path=tmp_path / "circle" / "data"))


@pytest.mark.parametrize(
    "answers",
    [
        {"uptake_base": "received", "month_end": "calendar"},
        "uptake_base=received,month_end=calendar",
        " uptake_base = received , month_end = calendar, ",
        '{"uptake_base": "received", "month_end": "calendar"}',
    ],
)
def test_answers_are_given_as_a_mapping_as_text_or_as_json(answers):
    names = {"plan_file": GOOD["plan_file"], "quarter": "2021-Q3", "as_of": "2021-09-20", "input_path": "data/demo"}
    run = run_parameters({**names, "answers": answers})
    assert run.answers == {"uptake_base": "received", "month_end": "calendar"}


@pytest.mark.parametrize("answers", [{}, "", None, "{}"])
def test_no_answer_is_none(answers):
    assert answers_from(answers) == {}


def test_a_notebook_is_validated_again():
    names = {"plan_file": GOOD["plan_file"], "quarter": "2021-Q3", "as_of": "2021-09-20", "input_path": "data/demo"}
    assert run_parameters({**names, "pd": object()}).quarter == "2021-Q3"
    with pytest.raises(BadParameters, match="notebook parameters: quarter"):
        run_parameters({**names, "quarter": "Q3"})


NOTEBOOK = {"plan_file": GOOD["plan_file"], "quarter": "2021-Q3", "as_of": "2021-09-20", "input_path": "data/demo"}


@pytest.mark.parametrize(
    ("key", "text", "meant"),
    [
        ("draw_count", "2000", 2000),
        ("draw_count", " 300\n", 300),
        ("seed", "0", 0),
        ("seed", "+7", 7),
        ("reject_limit", "0.05", 0.05),
        ("reject_limit", ".5", 0.5),
        ("reject_limit", "1", 1.0),
        ("reject_limit", "5e-2", 0.05),
        *((key, text, None) for key in ("source_file", "signed_by") for text in ("", " ", "None", "null")),
        ("signed_by", "Văn phòng", "Văn phòng"),
        *(("answers", text, {}) for text in ("", "None", "null", "{}")),
        ("answers", "uptake_base=received", {"uptake_base": "received"}),
        ("answers", '{"uptake_base": "received"}', {"uptake_base": "received"}),
        ("as_of", "2021-09-20", date(2021, 9, 20)),
        ("language", "en", "en"),
    ],
)
def test_a_notebook_takes_what_a_runner_passes_as_text(key, text, meant):
    found = getattr(run_parameters({**NOTEBOOK, key: text}), key)
    assert (found, type(found)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("draw_count", "many", "draw_count: a whole number was expected, found 'many'"),
        ("draw_count", "2000.0", "draw_count: a whole number was expected, found '2000.0'"),
        ("draw_count", "2_000", "draw_count: a whole number was expected, found '2_000'"),
        ("draw_count", "", "draw_count: a whole number was expected, found ''"),
        ("seed", "None", "seed: a whole number was expected, found 'None'"),
        ("draw_count", "199", "draw_count: Input should be greater than or equal to 200"),
        ("draw_count", True, "draw_count: a whole number was expected"),
        ("reject_limit", "0,05", "reject_limit: a number such as 0.05 was expected, found '0,05'"),
        ("reject_limit", "nan", "reject_limit: a number such as 0.05 was expected, found 'nan'"),
        ("reject_limit", "1e999", "reject_limit: a number such as 0.05 was expected, found '1e999'"),
        ("reject_limit", "2", "reject_limit: Input should be less than or equal to 1"),
        ("as_of", 2021 - 10 - 20, "as_of: a day in quotes was expected, found 1991"),
        ("answers", "received", "answers: question=answer, separated by commas, was expected, found 'received'"),
        ("quarter", "None", "quarter: "),
    ],
)
def test_a_text_that_means_nothing_is_refused_in_one_sentence(key, value, sentence):
    with pytest.raises(BadParameters) as refused:
        run_parameters({**NOTEBOOK, key: value})
    assert str(refused.value).startswith(f"notebook parameters: {sentence}")


@pytest.mark.parametrize("path", sorted((ROOT / "parameters" / "khanh-hoa-2021").glob("*.yml")), ids=lambda p: p.stem)
def test_every_run_file_of_the_demo_is_good(path):
    assert read_run_file(path).quarter == path.stem

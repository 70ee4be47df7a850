"""What the command line refuses, says and ends with."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from analysis.cli import main
from analysis.faults import BadData, NotebookFailed
from analysis.parameters import ROOT
from analysis.publish import run as publishing_run
from analysis.publish.cluster import client
from analysis.publish.limits import Limits
from analysis.publish.run import RunOutcome
from analysis.publish.store.releases import ReleaseStore
from analysis.quarter import stages

GOOD = """\
plan_file: parameters/plans/khanh-hoa-2021.yml
quarter: "2021-Q3"
as_of: "2021-09-20"
input_path: data/demo
"""


def dunghen(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.yml"
    path.write_text(GOOD)
    return path


def test_a_misspelt_key_is_told_with_file_and_line_and_nothing_starts(good: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text(GOOD + "quater: x\n")
    ended = dunghen("run", good, bad, "--reports", tmp_path / "reports")
    assert ended.exit_code == 2
    assert ended.stderr == f"{bad} line 5: unknown key 'quater'; did you mean 'quarter'?\n"
    assert ended.stdout == ""
    assert not (tmp_path / "reports").exists()


def test_every_bad_file_is_told(tmp_path: Path) -> None:
    paths = [tmp_path / "a.yml", tmp_path / "b.yml"]
    for path in paths:
        path.write_text(GOOD.replace("2021-Q3", "2021-Q5"))
    ended = dunghen("run", *paths)
    assert ended.exit_code == 2
    assert [line.split(" line ")[0] for line in ended.stderr.splitlines()] == [str(path) for path in paths]


def test_a_broken_plan_is_told_before_anything_starts(good: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.yml").write_text("title: {vi: x, en: x}\n")
    good.write_text(GOOD.replace("parameters/plans/khanh-hoa-2021.yml", str(tmp_path / "plan.yml")))
    ended = dunghen("run", good, "--reports", tmp_path / "reports")
    assert ended.exit_code == 2
    assert "plan.yml" in ended.stderr
    assert not (tmp_path / "reports").exists()


def test_an_unknown_option_ends_with_two() -> None:
    assert dunghen("run", "--fource", "x.yml").exit_code == 2
    assert dunghen("run").exit_code == 2


def test_a_second_start_is_harmless_and_says_so(good: Path, tmp_path: Path) -> None:
    with ReleaseStore(tmp_path, "khanh-hoa-2021", "2021-Q3").try_lock():
        ended = dunghen("run", good, "--reports", tmp_path)
    assert ended.exit_code == 0
    assert ended.stdout == "khanh-hoa-2021 2021-Q3: another run holds this quarter; nothing was done\n"


@pytest.mark.slow
def test_one_runs_failure_does_not_stop_the_next_and_the_worst_code_wins(tmp_path: Path, good: Path) -> None:
    # The first quarter's address is taken by a folder (6), the second's data does not reach it (3).
    (tmp_path / "reports" / "khanh-hoa-2021" / "2021-Q3").mkdir(parents=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    no_data = tmp_path / "no_data.yml"
    no_data.write_text(GOOD.replace("2021-Q3", "2021-Q2").replace("data/demo", str(empty)))
    ended = dunghen("run", good, no_data, "--reports", tmp_path / "reports")
    assert ended.exit_code == 6
    told = ended.stderr.splitlines()
    assert [line.split(": ")[0] for line in told] == ["khanh-hoa-2021 2021-Q3", "khanh-hoa-2021 2021-Q2"]
    assert "Traceback" not in ended.stderr


def test_without_dask_a_cluster_is_refused_in_one_sentence(good: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    ended = dunghen("run", good, "--cluster", "tcp://127.0.0.1:9", "--reports", tmp_path / "reports")
    assert (ended.exit_code, ended.stdout) == (6, "")
    assert ended.stderr == 'the extra "cluster" is not installed: make .venv/installed, or pip install distributed\n'
    assert not (tmp_path / "reports").exists()


def test_of_runs_on_a_cluster_the_worst_code_wins_and_lines_are_those_of_one_machine(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish_all(runs, *, scheduler, reports, ledger, force, limits, report_progress):
        assert (scheduler, reports, ledger, force) == ("tcp://h:1", tmp_path / "reports", None, True)
        assert limits == Limits(execution_timeout=60, memory_mb=800)
        report_progress(1, "computing the results")
        yield 1, BadData("no such month")
        report_progress(0, "publishing")
        yield 0, RunOutcome("published", reports / "index.html")
        yield 2, NotebookFailed("2 workers were lost")

    monkeypatch.setattr(client, "publish_all", publish_all)
    other = tmp_path / "other.yml"
    other.write_text(GOOD.replace("2021-Q3", "2021-Q2"))
    options = ["--cluster", "tcp://h:1", "--reports", tmp_path / "reports", "--force"]
    limits = ["--execution-timeout", "60", "--memory-limit", "800"]
    ended = dunghen("run", good, other, other, *options, *limits)
    assert ended.exit_code == 4
    assert ended.stdout.splitlines() == [
        "khanh-hoa-2021 2021-Q2: computing the results",
        "khanh-hoa-2021 2021-Q3: publishing",
        f"khanh-hoa-2021 2021-Q3: published: {tmp_path / 'reports' / 'index.html'}",
    ]
    assert ended.stderr.splitlines() == [
        "khanh-hoa-2021 2021-Q2: no such month",
        "khanh-hoa-2021 2021-Q2: 2 workers were lost",
    ]


def test_hooks_are_called_for_what_was_published_only_here_and_on_a_cluster(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.yml"
    other.write_text(GOOD.replace("2021-Q3", "2021-Q2"))
    state = {"2021-Q2": "nothing to do", "2021-Q3": "published"}

    def publish(run, *, reports, **_) -> RunOutcome:
        return RunOutcome(state[run.quarter], reports / "index.html")

    def publish_all(runs, *, reports, **_):
        yield from ((number, publish(run, reports=reports)) for number, run in enumerate(runs))

    monkeypatch.setattr(publishing_run, "publish", publish)
    monkeypatch.setattr(client, "publish_all", publish_all)
    for number, cluster in enumerate([[], ["--cluster", "tcp://h:1"]]):
        hook = f"dd of={tmp_path}/told{number} conv=notrunc oflag=append status=none"
        ended = dunghen("run", good, other, "--reports", tmp_path / "reports", "--on-published", hook, *cluster)
        assert ended.exit_code == 0, ended.output
        page = tmp_path / "reports" / "index.html"
        assert (tmp_path / f"told{number}").read_text() == f"khanh-hoa-2021 2021-Q3: published: {page}\n"


def test_what_a_cluster_has_is_not_said_here(good: Path) -> None:
    ended = dunghen("run", good, "--cluster", "tcp://h:1", "--workers", "2")
    assert ended.exit_code == 2
    assert "a cluster has the workers that were started for it" in ended.stderr


def test_a_schedule_is_told_all_that_was_said(good: Path, tmp_path: Path) -> None:
    said = ["--workers", "1", "--execution-timeout", "60", "--memory-limit", "800", "--on-failure", "mail -s x",
            "--on-published", "sh -c 'cp -rL $DUNGHEN_PATH /srv'", "--on-changed-verdict", "mail -s y"]  # fmt: skip
    ended = dunghen("due", good, "--schedule", "cron", "--reports", tmp_path, *said)
    words = shlex.split(ended.stdout)
    assert words[words.index("due") + 1] == str(good)
    given = dict(zip(words[-14::2], words[-13::2], strict=True))
    assert given == {**dict(zip(said[::2], said[1::2], strict=True)), "--reports": str(tmp_path)}
    # what is so by default goes without saying
    assert shlex.split(dunghen("due", "--schedule", "cron").stdout)[-1] == "due"


def test_input_is_relative_to_the_caller(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "PROCESSED", tmp_path / "processed")
    (tmp_path / "received").mkdir()
    monkeypatch.chdir(tmp_path)
    ended = dunghen("run", good, "--input", "received", "--reports", tmp_path / "reports")
    assert ended.exit_code == 3
    assert str(tmp_path / "received") in ended.stderr


@pytest.mark.slow
def test_indicators_writes_every_value_with_its_counts_and_no_page(good: Path, tmp_path: Path) -> None:
    ended = dunghen("indicators", good, "--out", tmp_path / "out")
    assert ended.exit_code == 0, ended.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["indicators.csv"]
    table = pd.read_csv(tmp_path / "out" / "indicators.csv", dtype={"period": "str"})
    assert list(table.columns) == [
        "indicator", "dimension", "series", "period", "numerator", "denominator", "value", "standard_error", "total",
        "total_squares", "respondents",
    ]  # fmt: skip
    assert {"online_of_all", "online_of_published", "overdue", "no_due_date", "rated_satisfied", "surveyed_provincial",
            "portal_integration", "online_publication", "one_stop", "online_centre", "apparatus", "apparatus_headcount",
            "autonomy", "pci", "sipas"} <= set(table["indicator"])  # fmt: skip
    counted = table[table["denominator"] > 0]
    assert (counted["value"] - counted["numerator"] / counted["denominator"]).abs().max() < 1e-12
    surveyed = table[(table["indicator"] == "surveyed_provincial") & (table["series"] == "total")]
    assert surveyed["respondents"].gt(0).all()
    assert surveyed["standard_error"].between(0, 0.1, inclusive="neither").all()
    # Nothing of what the quarter does not know: no month after it, no index published later.
    assert table.loc[table["indicator"] == "overdue", "period"].max() == "2021-09"
    assert table.loc[table["indicator"] == "pci", "period"].max() == "2019"


def test_indicators_of_a_bad_run_or_bad_data_write_nothing(good: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text(GOOD + "answers: {uptake_base: recieved}\n")
    ended = dunghen("indicators", bad, "--out", tmp_path / "out")
    assert (ended.exit_code, (tmp_path / "out").exists()) == (2, False)
    assert "uptake_base" in ended.output
    (tmp_path / "empty").mkdir()
    ended = dunghen("indicators", good, "--input", tmp_path / "empty", "--out", tmp_path / "out")
    assert ended.exit_code in (2, 3)
    assert not (tmp_path / "out").exists()


def test_help_answers_without_importing_what_computes() -> None:
    script = (
        "import sys; from analysis.cli import main; print(sorted({'numpy', 'pandas', 'papermill'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    assert told.stdout.strip() == "[]"
    assert "run" in dunghen("--help").stdout


def test_of_the_due_one_that_cannot_be_begun_is_told_and_holds_up_no_other(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[str] = []

    def publish(run, *, reports, **_) -> RunOutcome:
        began.append(run.quarter)
        return RunOutcome("published", reports / "index.html")

    monkeypatch.setattr(publishing_run, "publish", publish)
    reports = tmp_path / "reports"
    folder = tmp_path / "kh"
    folder.mkdir()
    (folder / "2021-Q2.yml").write_text(GOOD.replace("2021-Q3", "2021-Q2").replace("data/demo", "data/not-yet"))
    (folder / "2021-Q4.yml").write_text(GOOD.replace("2021-Q3", "2021-Q9"))
    (folder / "notes.yml").write_text("no run file")
    in_the_way = tmp_path / "in-the-way.yml"
    in_the_way.write_text(GOOD.replace("2021-Q3", "2021-Q1"))
    (reports / "khanh-hoa-2021" / "2021-Q1").mkdir(parents=True)
    hook = f"{sys.executable} -c \"import os; open({str(tmp_path / 'told')!r}, 'a').write(os.environ['DUNGHEN_PLAN'] + \
' ' + os.environ['DUNGHEN_QUARTER'] + '|')\""
    ended = dunghen("due", folder, in_the_way, good, "--today", "2022-01-01", "--reports", reports,
                    "--on-failure", hook)  # fmt: skip
    assert ended.exit_code == 2
    assert [line.split(": ")[0] for line in ended.stderr.splitlines()] == ["kh 2021-Q4", "khanh-hoa-2021 2021-Q2"]
    assert "input_path: there is no data/not-yet" in ended.stderr
    assert (tmp_path / "told").read_text() == "kh 2021-Q4|khanh-hoa-2021 2021-Q2|"
    # the folder in the way is the run's own business
    assert began == ["2021-Q1", "2021-Q3"]


@pytest.mark.parametrize(
    ("lacking", "code", "said"),
    [
        ("input_path: data/demo", 0, ""),
        ("plan_file: parameters/plans/khanh-hoa-2021.yml", 2, "plan_file: there is no not-here"),
        ("source_file: parameters/sources/govuk.yml", 2, "source_file: there is no not-here"),
    ],
)
def test_an_exercise_is_passed_over_where_only_its_data_is_not_here(
    tmp_path: Path, lacking: str, code: int, said: str
) -> None:
    key = lacking.partition(":")[0]
    lines = [line for line in GOOD.splitlines() if not line.startswith(key)]
    text = "\n".join([*lines, f"{key}: not-here", "exercise: true"])
    (tmp_path / "x.yml").write_text(text)
    options = [tmp_path / "x.yml", "--today", "2022-01-01", "--reports", tmp_path / "reports"]
    ended = dunghen("due", *options)
    assert ended.exit_code == code
    assert said in ended.stderr
    if code == 0:
        assert ended.stdout.splitlines() == [
            "skipped: khanh-hoa-2021 2021-Q3, an exercise whose data is not here: not-here",
            "nothing is due",
        ]
        (tmp_path / "x.yml").write_text(text.replace("exercise: true", "exercise: false"))
        assert dunghen("due", *options).exit_code == 2


def test_due_looks_into_folders_of_plans_and_a_folder_without_any_is_told(tmp_path: Path) -> None:
    (tmp_path / "parameters" / "kh").mkdir(parents=True)
    (tmp_path / "parameters" / "kh" / "2021-Q3.yml").write_text(GOOD)
    options = ["--list", "--today", "2022-01-01", "--reports", tmp_path / "reports"]
    ended = dunghen("due", tmp_path / "parameters", *options)
    assert (ended.exit_code, ended.stdout) == (0, "due: khanh-hoa-2021 2021-Q3, data known as of 2021-09-20\n")
    (tmp_path / "empty").mkdir()
    ended = dunghen("due", tmp_path / "empty", *options)
    assert ended.exit_code == 2
    assert f"{tmp_path / 'empty'} is a folder; a run file was expected" in ended.stderr


TOLD = """
from analysis.commands.console import progress
with progress(1) as (tell, complain):
    tell("kh 2021-Q1: computing the results")
    complain("kh 2021-Q1: no such month")
    tell("kh 2021-Q2: published: index.html")
    raise SystemExit(3)
"""


def test_on_a_terminal_what_stays_stands_on_lines_of_its_own_behind_the_bar() -> None:
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb") as terminal:
        ended = subprocess.run([sys.executable, "-c", TOLD], stdout=theirs, stderr=theirs, check=False)
        os.close(theirs)
        shown = b"".join(iter(lambda: _read_on(terminal), b"")).decode()
    assert ended.returncode == 3
    assert shown.splitlines()[-2:] == ["kh 2021-Q1: no such month", "kh 2021-Q2: published: index.html"]


@pytest.mark.parametrize("closed", [False, True], ids=["a full disk", "a closed pipe"])
def test_a_run_goes_on_unheard_where_nothing_can_be_said(closed: bool) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    with Path("/dev/full").open("wb") as full:
        where = ours if closed else full
        ended = subprocess.run([sys.executable, "-c", TOLD], stdout=where, stderr=where, check=False)
    os.close(ours)
    assert ended.returncode == 3


def _read_on(terminal) -> bytes:
    try:
        return terminal.read(1)
    except OSError:  # how a terminal says that nobody is at the other side any more
        return b""

"""Run files that nobody can read among good ones: each is told with its file and line, and the good ones go on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from project import PLAN, Project

from analysis.cli import main
from analysis.publish.store.history import history

GOOD = """\
plan_file: parameters/plans/khanh-hoa-2021.yml
quarter: "2021-Q{number}"
as_of: "2021-{month:02}-20"
input_path: data/demo
"""

LAUGHS = "l0: &l0 [ha]\n" + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 9))

BAD: list[tuple[bytes, str]] = [
    (b"plan_file: !x a\n", " line 1: tags"),
    (b"quarter: 2021-Q1\nseed: !!float abc\n", " line 2: tags"),
    (b"answers: &a {b: *a}\n", " line 1: aliases"),
    (b"answers: " + b"[" * 10_000, " line 1: more than 32 mappings and lists stand inside one another"),
    (b"seed: " + b"9" * 5_000, " line 1: a number of 5,000 characters"),
    (b"quarter: 2021-Q1\nplan_file: a\0b\n", " line 2: not valid YAML: control characters are not allowed"),
    (LAUGHS.encode(), " line 1: aliases"),
    (b"<<: 3\n", " line 1: a merge key"),
    (b"seed: 1\nseed: 2\n", " line 2: the key 'seed' stands twice"),
    (b"", ": larger than 1,048,576 bytes"),
    (b"seed: 1\nsigned_by: \xff\n", " line 2: not UTF-8 text (byte 19)"),
    (b"answers:\n\ta: b\n", " line 2: not valid YAML: a tab stands"),
    (b"? {a: b}\n: c\n", " line 1: a key is a mapping or a list"),
    (GOOD.format(number=1, month=13).encode(), " line 3: as_of: Input should be a valid date"),
    (b"as_of: !!timestamp 2021-03-20\n", " line 1: tags"),
    (b"answers: !!set {a}\n", " line 1: tags"),
    (b"answers: !!omap [a: b]\n", " line 1: tags"),
    (b"answers: !!binary '%'\n", " line 1: tags"),
    (
        GOOD.format(number=1, month=3).encode() + b"seed: 10000000000000000000000\n",
        " line 5: seed: Input should be less",
    ),
    (GOOD.replace("khanh-hoa-2021.yml", "x" * 300).format(number=1, month=3).encode(), " line 1: plan_file: a plan's"),
]
"""What stands in each file, and how the sentence goes on behind its path. The empty one is made 200 MB long."""


def _write_bad(folder: Path) -> list[str]:
    """Write the bad run files and return how the sentence about each begins."""
    told = []
    for year, (content, sentence) in enumerate(BAD, start=2001):
        path = folder / f"{year}-Q1.yml"
        path.write_bytes(content)
        if not content:
            os.truncate(path, 200_000_000)
        told.append(f"{folder.name} {path.stem}: {path}{sentence}")
    return told


def _refuse_unlike(lines: list[str], told: list[str]) -> None:
    assert [line[: len(sentence)] for line, sentence in zip(lines, told, strict=True)] == told


def test_each_is_told_and_handed_to_the_hook_and_the_good_ones_are_found_due(tmp_path: Path) -> None:
    folder = tmp_path / "kh"
    folder.mkdir()
    told = _write_bad(folder)
    for number in (1, 3):
        (folder / f"2021-Q{number}.yml").write_text(GOOD.format(number=number, month=3 * number), encoding="utf-8")
    options = ["--list", "--today", "2021-12-31", "--reports", str(tmp_path / "reports")]
    hook = f"dd of={tmp_path}/hook conv=notrunc oflag=append status=none"
    began = time.monotonic()
    ended = CliRunner().invoke(main, ["due", str(folder), *options, "--on-failure", hook])
    assert time.monotonic() - began < 10
    assert ended.exit_code == 2
    _refuse_unlike(ended.stderr.splitlines(), told)
    assert ended.stdout.splitlines() == [
        "due: khanh-hoa-2021 2021-Q1, data known as of 2021-03-20",
        "due: khanh-hoa-2021 2021-Q3, data known as of 2021-09-20",
    ]
    handed = (tmp_path / "hook").read_text(encoding="utf-8").splitlines()
    _refuse_unlike(handed, [sentence.partition(": ")[2] for sentence in told])


@pytest.mark.slow
def test_the_good_ones_are_published(project: Project) -> None:
    folder = project.root / "parameters" / PLAN
    told = _write_bad(folder)
    command = [sys.executable, "-m", "analysis.cli", "due", str(folder), "--today", "2021-06-30"]
    known = {"PYTHONPATH": str(project.root / "src"), "TMPDIR": str(project.temporary)}
    ended = subprocess.run(
        command, cwd=project.root, env=os.environ | known, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    _refuse_unlike(ended.stderr.splitlines(), told)
    assert history(project.reports)[["quarter", "ended"]].to_numpy().tolist()[1:] == [
        ["2021-Q1", "published"],
        ["2021-Q2", "published"],
    ]

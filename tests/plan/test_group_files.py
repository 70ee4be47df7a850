"""Members of groups from a list of bodies beside the plan."""

from __future__ import annotations

import pytest

from analysis.faults import BadParameters
from analysis.plan.library import library_files
from analysis.plan.plan import read_plan
from analysis.strict_yaml import read

PLAN = """
title: {vi: a, en: a}
year: 2026
calendar: {frequency: M}
source: s
scope: {vi: a, en: a}
unit: {vi: a, en: a}
groups:
  agency:
    communes: {title: {vi: xã, en: communes}, file: bodies.csv, block: communes}
targets:
  t: {kind: share, title: {vi: a, en: a}, reported: r, indicator: on_time, rule: at_least, threshold: 0.95,
      each: {of: agency, in: communes}}
"""
BODIES = """code,block,from,to
snv,departments,2024-01-01,
xa-1,communes,2025-07-01,
xa-0,communes,2000-01-01,2025-06-30
"""


@pytest.fixture
def plan(tmp_path):
    def write(bodies=BODIES, text=PLAN):
        (tmp_path / "bodies.csv").write_text(bodies, encoding="utf-8")
        path = tmp_path / "plan.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_members_are_the_bodies_of_the_block_that_lived_in_the_year(plan):
    path = plan()
    communes = read_plan(path).groups["agency"]["communes"]
    # What was a commune before the year is one no more; its cases are looked for, and judged by nobody.
    assert (communes.members, communes.former) == (("xa-1",), ("xa-0",))
    assert path.parent / "bodies.csv" in library_files(read(path, what="plan"))


def test_a_list_may_name_bodies_as_the_office_spells_them(plan):
    spelled = "code,block,from,to\nUBND xã Vạn Thọ,communes,,\nubnd_dai-lanh,Communes ,,\nSở Y tế,departments,,\n"
    communes = read_plan(plan(spelled)).groups["agency"]["communes"]
    # As the door reads the same names in an export; what is a code already stays one.
    assert communes.members == ("ubnd-xa-van-tho", "ubnd_dai-lanh")


def test_a_list_of_another_encoding_is_refused(plan):
    path = plan()
    (path.parent / "bodies.csv").write_bytes("code,block,from,to\nxã,communes,,\n".encode("utf-16"))
    with pytest.raises(BadParameters, match=r"bodies\.csv: not UTF-8 text \(byte 0\)"):
        read_plan(path)


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        ("code,block\nx,communes\n", "the columns code, block, from, to were expected"),
        ("code,block,from,to\nx,wards,,\n", "line 10: groups.agency.communes: bodies.csv has no body of the block"),
        ("code,block,from,to\nx,communes,\n", "bodies.csv line 2: 4 columns were expected, found 3"),
        (
            "code,block,from,to\n\n,communes,,\n",
            "bodies.csv line 3: code: a code or a name was expected, found nothing",
        ),
        ("code,block,from,to\n—,communes,,\n", "bodies.csv line 2: code: a code or a name was expected, found '—'"),
        (
            "code,block,from,to\nx,communes,1.7.2025,\n",
            r"bodies.csv line 2: from: a day such as 2025-07-01 was expected, found '1.7.2025'",
        ),
    ],
)
def test_a_list_that_cannot_be_one_is_refused(plan, bodies, told):
    with pytest.raises(BadParameters, match=told):
        read_plan(plan(bodies))


def test_members_are_given_one_way(plan):
    twice = PLAN.replace("block: communes}", "block: communes, members: [x]}")
    with pytest.raises(BadParameters, match="members and file do not go together"):
        read_plan(plan(text=twice))
    with pytest.raises(BadParameters, match="former and file do not go together"):
        read_plan(plan(text=twice.replace("members", "former")))
    with pytest.raises(BadParameters, match=r"there is no file none\.csv"):
        read_plan(plan(text=PLAN.replace("bodies.csv", "none.csv")))

"""One truth about dependencies: pyproject.toml, from which the lock and environment.yml are made."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

from environment_yml import environment_yml, locked

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_environment_yml_is_the_generated_one():
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment_yml()


def test_environment_yml_uses_conda_forge_alone():
    assert yaml.safe_load(environment_yml())["channels"] == ["conda-forge"]


def test_environment_yml_has_the_releases_of_the_lock_alone():
    *conda, last = yaml.safe_load(environment_yml())["dependencies"]
    asked = [one.replace(" ", "", 1) for one in conda if one.split()[0] not in ("python", "pip")]
    asked += [one for one in last["pip"] if one != "-e ."]
    assert len(asked) > 50
    assert [one for one in asked if f"\n{one} \\\n" not in f"\n{LOCK}"] == []


def test_a_release_that_depends_on_python_has_its_condition():
    lock = "a-b==1.2 \\\n    --hash=sha256:0\nc==1 ; python_full_version < '3.12' \\\n    --hash=sha256:0\n"
    lock += "c==2 ; python_full_version >= '3.12' \\\n    --hash=sha256:0\n"
    assert locked(lock) == {
        "a-b": ["a-b==1.2"],
        "c": ["c==1 ; python_full_version < '3.12'", "c==2 ; python_full_version >= '3.12'"],
    }


def test_the_lock_names_no_address():
    assert not re.search(r"://|--index-url|--extra-index-url|--find-links", LOCK)


def test_every_locked_package_has_a_hash():
    blocks = re.split(r"\n(?=[a-zA-Z0-9])", LOCK.strip())
    assert len(blocks) > 100
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_everything_asked_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # a comparison that no report needs: its compiler alone is larger than most of the lock
    extras = {name: asked for name, asked in project["optional-dependencies"].items() if name != "peers"}
    asked = [*project["dependencies"], *(one for extra in extras.values() for one in extra)]
    names = {re.split(r"[<>=!~\[]", one)[0].lower().replace("_", "-") for one in asked}
    locked = {match[1].lower() for match in re.finditer(r"^([A-Za-z0-9._-]+)==", LOCK, re.MULTILINE)}
    assert names - locked == set()

"""Write environment.yml from pyproject.toml and the lock: ``python tests/environment_yml.py > environment.yml``."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]

FROM_CONDA_FORGE = ("jupyterlab", "pandas", "seaborn", "statsmodels", "papermill")
"""The stack the project is given; everything younger comes through pip, where its release is known to be."""


def environment_yml() -> str:
    """Return the text of environment.yml: what pyproject.toml asks for, in the releases of requirements.lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    extras = project["optional-dependencies"]
    asked = [re.split(r"[<>=!~]", one)[0] for one in (*project["dependencies"], *extras["cluster"], *extras["dev"])]
    conda = [f"python {project['requires-python']},<3.14", "pip", *(_spec(pins[name]) for name in FROM_CONDA_FORGE)]
    pip = [pin for name in asked if name not in FROM_CONDA_FORGE for pin in pins[name]]
    lines = [
        "# Generated from pyproject.toml and requirements.lock by tests/environment_yml.py; a test keeps them equal.",
        "name: dung-hen",
    ]
    lines += ["channels:", "  - conda-forge", "dependencies:"]
    lines += [f'  - "{spec}"' for spec in conda]
    lines += ["  - pip:", *(f'      - "{spec}"' for spec in (*pip, "-e ."))]
    return "\n".join(lines) + "\n"


def locked(lock: str) -> dict[str, list[str]]:
    """Return the pins of a lock by package: several where the release depends on Python's, each with its condition."""
    pins: dict[str, list[str]] = {}
    for name, release in re.findall(r"^([a-z0-9._-]+)(==[^\\\n]*[^\\\s])", lock, re.MULTILINE):
        pins.setdefault(name, []).append(name + release)
    return pins


def _spec(pins: list[str]) -> str:
    """Return a pin as conda writes it: a blank before the release, and no condition."""
    (pin,) = pins
    return pin.replace("==", " ==")


if __name__ == "__main__":
    sys.stdout.write(environment_yml())

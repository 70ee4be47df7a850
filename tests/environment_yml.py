"""Write environment.yml from pyproject.toml: ``python tests/environment_yml.py > environment.yml``."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

FROM_CONDA_FORGE = ("jupyterlab", "pandas", "seaborn", "statsmodels", "papermill")
"""The stack the project is given; everything younger comes through pip, where its release is known to be."""


def environment_yml() -> str:
    """Return the text of environment.yml."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    required = {re.split(r"[<>=!~]", one)[0]: one for one in project["dependencies"]}
    extras = project["optional-dependencies"]
    conda = [f"python {project['requires-python']},<3.14", "pip", *(_spec(required.pop(n)) for n in FROM_CONDA_FORGE)]
    pip = [*required.values(), *extras["cluster"], *extras["dev"], "-e ."]
    lines = [
        "# Generated from pyproject.toml by tests/environment_yml.py; a test keeps the two equal.",
        "name: dung-hen",
    ]
    lines += ["channels:", "  - conda-forge", "dependencies:"]
    lines += [f'  - "{spec}"' for spec in conda]
    lines += ["  - pip:", *(f'      - "{spec}"' for spec in pip)]
    return "\n".join(lines) + "\n"


def _spec(requirement: str) -> str:
    """Return a requirement as conda writes it: a blank before the version."""
    return re.sub(r"(?=[<>=!~])", " ", requirement, count=1)


if __name__ == "__main__":
    sys.stdout.write(environment_yml())

"""What no process imports: parsers of web addresses, and, where pages are only written, whatever draws."""

from __future__ import annotations

import subprocess
import sys

import pytest

EXPORT = """
import sys
from analysis.publish.kernels.lean import leave_out_address_parsers
leave_out_address_parsers()
import analysis.publish.pages.export, nbformat
nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("a")]))
"""
SERVER = "import sys; import analysis.publish.kernels.forked, analysis.publish.notebook_process"


@pytest.mark.slow
@pytest.mark.parametrize("loaded", [EXPORT, SERVER], ids=["export", "server"])
def test_no_parser_of_web_addresses_is_built_to_read_a_notebook(loaded: str) -> None:
    code = f"{loaded}\nprint('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.slow
def test_the_process_that_publishes_imports_nothing_that_draws_and_no_frames_of_dask() -> None:
    # Every `dunghen run` would import them for nothing: they are preloaded where kernels are forked.
    heavy = {"matplotlib", "seaborn", "great_tables", "dask.dataframe"}
    code = f"import sys, analysis.publish.run, analysis.publish.pages.export; print({heavy!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"

"""A job of jupyter-scheduler shows the numbers that the command publishes, from parameters that are all text."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from analysis.parameters import ROOT
from shared_results import published, shown_html

pytest.importorskip("jupyter_scheduler", reason="jupyter-scheduler is not installed; it is part of the extra dev")
pytestmark = pytest.mark.slow
STEM = "06_targets"
# As they are typed in JupyterLab: the scheduler writes each into a cell as it is, so that a text needs its quotes.
PARAMETERS = {
    "quarter": '"2021-Q3"',
    "as_of": "'2021-09-20'",
    "draw_count": '"2000"',
    "seed": "2021",
    "reject_limit": '"0.05"',
    "source_file": '"None"',
    "signed_by": '""',
    "answers": '"null"',
}
Ask = Callable[..., Any]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Ask]:
    """Return what asks a Jupyter server with the scheduler in it; all that it writes stays in the test's folder."""
    places = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    for place in places.values():  # the scheduler makes its database, but not the folder that it is in
        (tmp_path / place).mkdir()
    token = secrets.token_hex()
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={ROOT}",
        f"--IdentityProvider.token={token}",
    ]
    env = {**os.environ, **{name: str(tmp_path / place) for name, place in places.items()}}
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=log, start_new_session=True)

    def ask(path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{_url(running, tmp_path)}{path}", data, headers), timeout=30) as answer:
            return json.load(answer)

    try:
        _wait_until_it_answers(ask)
        yield ask
    finally:
        running.terminate()
        running.wait(timeout=30)


def _url(running: subprocess.Popen[bytes], folder: Path) -> str:
    """Wait for the server to write down where it listens, and return that."""
    for _ in range(600):
        assert running.poll() is None, (folder / "log").read_text()
        for file in (folder / "runtime").glob("jpserver-*.json"):
            try:
                return json.loads(file.read_text())["url"]
            except json.JSONDecodeError:  # half written
                break
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())


def _wait_until_it_answers(ask: Ask) -> None:
    for _ in range(100):
        try:
            ask("api/status")
            return
        except URLError:
            time.sleep(0.1)


def test_a_job_shows_what_the_command_publishes(server: Ask, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory):
    reports = published("vi", tmp_path_factory)
    job = {
        "name": "targets",
        "input_uri": f"notebooks/report/{STEM}.ipynb",
        "runtime_environment_name": "python",
        "output_formats": ["ipynb"],
        "parameters": PARAMETERS,
    }
    begun = server("scheduler/jobs", job)["job_id"]
    for _ in range(1200):
        ended = server(f"scheduler/jobs/{begun}")
        if ended["status"] in ("COMPLETED", "FAILED"):  # a job is STOPPED before it has begun
            break
        time.sleep(0.25)
    assert (ended["status"], ended.get("status_message")) == ("COMPLETED", None)
    (executed,) = (tmp_path / "data" / "scheduler_staging_area" / begun).glob(f"{STEM}-*.ipynb")
    assert shown_html(executed) == shown_html(reports / "khanh-hoa-2021" / "2021-Q3" / f"{STEM}.ipynb")

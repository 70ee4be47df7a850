"""A project of its own, with tiny notebooks and results at hand: the whole command, unchanged, in seconds."""

from __future__ import annotations

import compileall
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.parameters import ROOT, read_run_file
from analysis.publish.store import manifest
from analysis.quarter import stages
from analysis.quarter.fingerprint import fingerprint
from analysis.quarter.results import Results

PLAN, QUARTER = "khanh-hoa-2021", "2021-Q3"
STEMS = ("00_summary", "02_online_uptake")
SHOW = "from IPython.display import HTML, display; display(HTML('<h2>{}</h2><p>quý ' + quarter + '</p>'))"


@dataclass(frozen=True)
class Project:
    """A copy of the code and of what it reads, in a folder; its temporary files have a folder of their own, too."""

    root: Path
    write_notebook: Callable[..., Path]

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def link(self) -> Path:
        return self.reports / PLAN / QUARTER

    @property
    def temporary(self) -> Path:
        return self.root / "t"

    def set_up(self, results: Results) -> None:
        """Copy what a run needs, and put its results where they would be kept once computed."""
        for part in ("src", "parameters", "data/demo", "data/published"):
            shutil.copytree(ROOT / part, self.root / part, ignore=shutil.ignore_patterns("__pycache__"))
        # Copies keep the times of files, and with them what was compiled.
        compileall.compile_dir(self.root / "src", quiet=1)
        self.temporary.mkdir()
        for file in sorted((self.root / "parameters" / PLAN).glob("*.yml")):
            run = read_run_file(file)
            made_of = fingerprint(run, published=stages.PUBLISHED, code=stages.CODE)
            replace(results, fingerprint=made_of).store(self.root / "data" / "processed" / made_of.key)
        self.edit("trước")

    def edit(self, said: str, *code: str) -> None:
        """Change both notebooks, so that a new run has something to do."""
        for stem in STEMS:
            self.write_notebook(self.root / "notebooks" / "report" / f"{stem}.ipynb", SHOW.format(said), *code)

    def start_command(self, *words: str) -> subprocess.Popen[str]:
        """Start any command, whose words nobody reads."""
        known = {"PYTHONPATH": str(self.root / "src"), "TMPDIR": str(self.temporary)}
        return subprocess.Popen(
            [sys.executable, "-m", "analysis.cli", *words],
            cwd=self.root,
            env=os.environ | known,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def start(
        self,
        *options: str,
        quarter: str = QUARTER,
        terminal: int | None = None,
        hears_hangup: bool = True,
        **environment: str,
    ) -> subprocess.Popen[str]:
        """Start ``dunghen run`` of a quarter; in a terminal, if one is given."""
        output = subprocess.PIPE if terminal is None else terminal

        def prepare() -> None:
            # What runs in the background of a shell without job control is deaf to Ctrl-C.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_DFL if hears_hangup else signal.SIG_IGN)
            if terminal is not None:
                fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

        run_file = self.root / "parameters" / PLAN / f"{quarter}.yml"
        known = {"PYTHONPATH": str(self.root / "src"), "TMPDIR": str(self.temporary), "PYTHONDONTWRITEBYTECODE": ""}
        return subprocess.Popen(
            [sys.executable, "-m", "analysis.cli", "run", str(run_file), *options],
            cwd=self.root,
            env=os.environ | known | environment,
            stdout=output,
            stderr=output,
            text=True,
            # As in a terminal, whose Ctrl-C reaches all of a command's processes.
            start_new_session=True,
            preexec_fn=prepare,
        )

    def run(self, *options: str, quarter: str = QUARTER, **environment: str) -> tuple[int, str, str]:
        """Return the exit code of ``dunghen run``, what it printed and what it complained of."""
        process = self.start(*options, quarter=quarter, **environment)
        out, err = process.communicate()
        return process.returncode, out, err

    def time_a_run(self) -> None:
        """Publish the quarter and write down how long that takes: see `seconds`."""
        began = time.monotonic()
        process = self.start()
        assert process.stdout is not None
        computing = next(time.monotonic() for line in process.stdout if "computing the results" in line)
        assert (process.communicate()[1], process.returncode) == ("", 0)
        (self.root / "seconds").write_text(f"{computing - began} {time.monotonic() - computing}")

    @property
    def seconds(self) -> tuple[float, float]:
        """Seconds in which a run came to its first line, and from there to its end, when this project published."""
        first, rest = (self.root / "seconds").read_text().split()
        return float(first), float(rest)

    def says(self, *said: str) -> bool:
        """Return whether what is published is whole and says one of some words."""
        made = manifest.read(self.link)
        if made is None or not manifest.is_complete(self.link, made.files) or self.link.resolve().name != made.run_id:
            return False
        page = (self.link / "index.html").read_text(encoding="utf-8")
        return any(f">{one}<" in page for one in said)

    def half_made(self) -> list[str]:
        """Return the names of run folders that are not published runs."""
        return [folder.name for folder in (self.reports / ".runs").glob("*.*")]

    def processes(self) -> dict[int, str]:
        """Return the processes of this project that are alive, and what they are: by whose child each one is."""
        mark, alive = f"TMPDIR={self.temporary}\0".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes():
                    parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                    alive[int(folder.name)] = (parent, (folder / "cmdline").read_bytes())
        kinds = {}
        for pid, (parent, command) in alive.items():
            above = [alive[parent][1]] if parent in alive else []
            if above and alive[parent][0] in alive:
                above.append(alive[alive[parent][0]][1])
            servers = sum(b"forkserver" in one for one in above)
            kinds[pid] = "other"
            if b"analysis.cli" in command:
                kinds[pid] = "run"
            elif b"forkserver" in command:
                kinds[pid] = ("server", "worker", "kernel")[servers]
        return kinds

    def is_alone(self, within: float = 30.0) -> bool:
        """Return whether no process of this project is left, or is left for long."""
        end = time.monotonic() + within
        while self.processes():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

"""One run asked for elsewhere, published here by a process of its own: ``python -m`` this module, then the worker.

It reads one line of JSON, the errand, and answers in lines of JSON: one per change of state, then how it ended. Its
input stays open as long as somebody waits for the answer; once it is closed, the run is interrupted as by Ctrl-C, so
that a worker that is killed takes its notebooks and kernels with it. Every errand is a fresh process, because a worker
that has been up for weeks holds the code of weeks ago.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from analysis import quarter
from analysis.faults import EnvironmentFault, Fault
from analysis.parameters import ROOT, RunParameters, resolve
from analysis.publish.cluster.shared_folder_check import mark
from analysis.publish.limits import Limits
from analysis.publish.report_build import track_record_sha256
from analysis.publish.run import TooLate, Unwanted, publish
from analysis.publish.store import manifest
from analysis.publish.store.releases import Shelf
from analysis.report.wording import Wording
from analysis.results import Results

_GRACE = 45
"""Seconds an interrupted run has to shut its kernels down."""


class Errand(BaseModel):
    """What is asked for: text and numbers only, paths as run files write them.

    Attributes
    ----------
    run : RunParameters
        The quarter.
    request, number : str, int
        Which request it belongs to, and which of its runs it is.
    reports, ledger, notebooks : str or None
        Folders, as `analysis.publish.run.publish` has them.
    force : bool
        Publish again even if nothing has changed.
    limits : Limits
        What a notebook may take of a worker's machine.
    before : str or None
        Name of the run that was published when this one was asked for.
    who : str
        Who asked for it.
    made_of : dict or str
        What the numbers depend on there, a hash for each part of an `analysis.fingerprint.Fingerprint`; or a sentence
        on what of it cannot be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: RunParameters
    request: str
    number: int
    reports: str
    ledger: str | None
    notebooks: str
    force: bool
    limits: Limits
    before: str | None
    who: str
    made_of: dict[str, str] | str


def project(notebooks: Path) -> dict[str, str]:
    """Return what both sides must have alike: hashes of code, notebooks, lock and track record, and what is installed.

    What the numbers of a run depend on is its own: see `Errand.made_of`.
    """
    sources = "".join(f"{path.name} {manifest.sha256(path)}" for path in sorted(notebooks.glob("*.ipynb")))
    return {
        "code": manifest.sha256_of_code(Path(__file__).parents[2]),
        "notebooks": hashlib.sha256(sources.encode()).hexdigest(),
        "lock": manifest.lock_sha256() or "none",
        "track record": track_record_sha256(),
        "installed": ", ".join(f"{name} {version}" for name, version in manifest.versions().items()),
    }


def from_project(path: Path) -> str:
    """Return a path as both sides understand it: from the project, or absolute."""
    path = path.resolve()
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def refuse_other_project(theirs: dict[str, str], notebooks: Path, worker: str) -> None:
    """Refuse to publish with other code than whoever asked has.

    Raises
    ------
    EnvironmentFault
        Naming what is here and what was expected.
    """
    ours = project(notebooks)
    for what, expected in theirs.items():
        if ours.get(what) != expected:
            raise EnvironmentFault(
                f"worker {worker}: {what} {_short(ours.get(what))}, where the run was asked for {_short(expected)}: "
                "every machine needs the same project folder and environment"
            )


def carry_out(errand: Errand, worker: str, tell: Callable[[str], None]) -> str:
    """Return how the publication ended: a state of `analysis.publish.run.Outcome`.

    A run may be carried out twice, when the first worker was lost. The second time it waits for the first to let go of
    the quarter, and takes what the first has published for the answer to what was asked, also when it was asked to
    publish by force. One interrupted during its swap, which nothing breaks off, has published.

    Raises
    ------
    EnvironmentFault
        A folder that whoever asked has is not there, or another plan, mapping, input or published figures are.
    Fault
        From `analysis.publish.run.publish`.
    """
    reports, ledger = resolve(errand.reports), resolve(errand.ledger) if errand.ledger else None
    _refuse_unseen(errand, worker, [reports, *([ledger] if ledger else [])])
    if isinstance(made_of := errand.made_of, str):
        raise EnvironmentFault(f"where the run was asked for: {made_of}")
    shelf = Shelf(reports, errand.run.plan_name, errand.run.quarter)
    again = not _is_first(mark(reports, errand.request) / str(errand.number))
    force, waited = errand.force, False

    def prepare(run: RunParameters) -> Results:
        # Called while the quarter is held: nobody can publish between this look and our own publication.
        if force and shelf.published_id() != errand.before:
            raise Unwanted
        results = quarter.results(run)
        _refuse_other(made_of, results, worker)
        return results

    while True:
        try:
            ended = publish(
                errand.run,
                prepare=prepare,
                words=Wording(errand.run.language),
                notebooks=resolve(errand.notebooks),
                reports=reports,
                ledger=ledger,
                force=force,
                resume=again,  # what the lost worker had executed need not run again
                tell=tell,
                limits=errand.limits,
                who=errand.who,
            ).state
        except Unwanted:
            force = False
            continue
        except TooLate as late:
            ended = late.outcome.state
        if ended == "busy" and again:
            if not waited:
                tell("waiting for the quarter, which a run still holds")
            waited = True
            time.sleep(1)
            continue
        is_ours = again and shelf.published_id() != errand.before
        return "published" if ended == "nothing to do" and is_ours else ended


def _is_first(begun: Path) -> bool:
    try:
        begun.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _refuse_unseen(errand: Errand, worker: str, folders: list[Path]) -> None:
    for folder in folders:
        if not mark(folder, errand.request).is_dir():
            raise EnvironmentFault(
                f"worker {worker} cannot see {folder} of where the run was asked for; every machine needs it, on a "
                "shared disk"
            )
    run = errand.run
    for path in (run.plan_file, run.input_path, run.source_file):
        if path is not None and not resolve(path).exists():
            raise EnvironmentFault(f"worker {worker}: there is no {path}; every machine needs it, on a shared disk")


_PARTS = {
    "plan": "plan, mapping or published figures",
    "data": "data",
    "code": "code or libraries",
    "parameters": "parameters",
}


def _refuse_other(made_of: dict[str, str], results: Results, worker: str) -> None:
    ours = vars(results.fingerprint)
    other = [told for part, told in _PARTS.items() if made_of.get(part) != ours[part]]
    if other:
        raise EnvironmentFault(
            f"worker {worker}: {'; '.join(other)}: not what the run was asked for with; every machine needs the same "
            "project folder, and it must stay as it is until the run has ended"
        )


def _short(text: str | None) -> str:
    return text[:12] if text and " " not in text else str(text)


def _stay_while_wanted() -> None:
    """Interrupt the run once nobody waits for its answer."""
    while sys.stdin.read(1):
        pass
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def main(worker: str) -> None:
    """Carry out the errand on standard input."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # What libraries print must not be taken for an answer; a copy of the descriptor does not reach notebooks either.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(**said: Any) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    try:
        asked = json.loads(sys.stdin.readline())
        threading.Thread(target=_stay_while_wanted, daemon=True).start()
        refuse_other_project(asked.pop("project"), resolve(asked["notebooks"]), worker)
        say(state=carry_out(Errand.model_validate(asked), worker, lambda line: say(line=line)))
    except Fault as fault:
        say(fault=type(fault).__name__, told=str(fault))
    except OSError as error:
        say(fault=EnvironmentFault.__name__, told=f"worker {worker}: {error.filename}: {error.strerror or error}")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        # An error of ours happens again wherever the run is begun anew; the worker's log gets where it was.
        traceback.print_exc()
        told = f"worker {worker}: {type(error).__name__}: {' '.join(str(error).split())}; its log says where"
        say(fault=Fault.__name__, told=told)


if __name__ == "__main__":
    main(sys.argv[1])

"""Forked kernels: as fresh, as alone and as mortal as started ones."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from analysis.parameters import ROOT
from analysis.publish.kernels import provisioner
from analysis.publish.kernels.provisioner import ForkedProvisioner

pytestmark = pytest.mark.slow

IS_FORKED = "print('seaborn' in sys.modules)"


class Kernel:
    """A kernel that can be asked."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(60)

    @property
    def process(self) -> Any:
        return self.manager.provisioner.process

    def ask(self, code: str) -> str:
        """Return what code prints, and the kinds of what it shows."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            said.append(content.get("text") or " ".join(content.get("data", {})))

        self.client.execute_interactive(f"import os, sys\n{code}", output_hook=hear, timeout=60)
        return "".join(said).strip()


@contextmanager
def forked(**launched: Any) -> Generator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    manager.provisioner = ForkedProvisioner(kernel_id="asked", kernel_spec=manager.kernel_spec, parent=manager)
    manager.start_kernel(**launched)
    kernel = Kernel(manager)
    try:
        yield kernel
    finally:
        kernel.client.stop_channels()
        manager.shutdown_kernel()


@pytest.fixture(scope="module")
def kernel() -> Generator[Kernel]:
    with forked() as one:
        yield one


def gone(pid: int, *, within: float = 10.0) -> bool:
    end = time.monotonic() + within
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_a_kernel_has_the_stack_before_its_first_cell(kernel: Kernel) -> None:
    assert kernel.ask(IS_FORKED) == "True"


def test_a_kernel_looks_like_a_started_one(kernel: Kernel) -> None:
    assert kernel.ask("print(sys.argv[:2])") == "['ipykernel_launcher', '-f']"
    assert kernel.ask("print(__name__, hasattr(sys.modules['__main__'], '__file__'))") == "__main__ False"
    assert kernel.ask("print(os.getsid(0) == os.getpgid(0) == os.getpid())") == "True"
    assert kernel.ask("print(repr(sys.path[0]), any('tests' in path for path in sys.path))") == "'' False"
    assert kernel.ask("print(repr(sys.stdin.read()), repr(os.read(0, 1)))") == "'' b''"


def test_a_kernel_may_import_what_its_server_did_without(kernel: Kernel) -> None:
    assert kernel.ask("import rfc3987_syntax; print(rfc3987_syntax.__name__)") == "rfc3987_syntax"


def test_a_kernel_draws_inline(kernel: Kernel) -> None:
    shown = kernel.ask("import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()")
    assert shown == "text/plain image/png"


def test_a_notebook_may_start_processes_and_sees_what_they_print(kernel: Kernel) -> None:
    code = "import multiprocessing as m; p = m.Process(target=print, args=[7]); p.start(); p.join()"
    assert kernel.ask(code) == "7"


def test_nothing_listens_on_the_network(kernel: Kernel) -> None:
    assert kernel.manager.transport == "ipc"
    pid = kernel.process.pid
    own = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    known = [Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6", "udp")]
    assert not own & {f"socket:[{line.split()[9]}]" for lines in known for line in lines}


def test_sockets_have_short_paths_and_go_with_the_kernel() -> None:
    with forked() as one:
        folder = Path(one.manager.ip).parent
        assert len(list(folder.iterdir())) == 8  # how to reach them, and whose they are
        assert max(len(str(path)) for path in folder.iterdir()) < 100
    assert not folder.exists()


def test_nothing_a_notebook_does_is_seen_in_the_next(tmp_path: Path) -> None:
    draw = "import numpy, random; print(numpy.random.rand(), random.random())"
    with forked() as one:
        drawn = one.ask(draw)
        one.ask(f"import pandas; pandas.spoilt = True; os.environ['SPOILT'] = '1'; os.chdir({str(tmp_path)!r})")
    with forked() as another:
        assert another.ask("import pandas; print(hasattr(pandas, 'spoilt'), 'SPOILT' in os.environ)") == "False False"
        assert another.ask("print(os.getcwd())") == str(Path.cwd())
        assert not set(another.ask(draw).split()) & set(drawn.split())


def test_the_folder_and_the_environment_are_those_of_the_launch(tmp_path: Path) -> None:
    environment = {**os.environ, "GIVEN": "đúng hẹn", "TZ": "Asia/Ho_Chi_Minh"}
    with forked(cwd=str(tmp_path), env=environment) as one:
        assert one.ask(IS_FORKED) == "True"
        assert one.ask("import time; print(os.getcwd(), os.environ['GIVEN'], time.strftime('%z'))").split() == [
            *(str(tmp_path), "đúng", "hẹn", "+0700"),
        ]


def test_a_killed_kernel_is_noticed_and_leaves_no_zombie() -> None:
    with forked() as one:
        pid = one.process.pid
        os.kill(pid, signal.SIGKILL)
        assert gone(pid)
        assert not one.manager.is_alive()
        assert one.process.poll() == -signal.SIGKILL


def test_an_interrupt_stops_the_cell_of_this_kernel_alone(kernel: Kernel) -> None:
    kernel.ask("untouched = 1")
    with forked() as one:
        # told by another thread: the cell sleeps by then
        report_progress = "threading.Timer(0.5, lambda: print('sleeping', flush=True)).start()"
        asked = one.client.execute(f"import threading, time; {report_progress}; time.sleep(60)")
        while one.client.get_iopub_msg(timeout=20)["msg_type"] != "stream":
            pass
        one.manager.interrupt_kernel()
        reply = one.client.get_shell_msg(timeout=20)
        while reply["parent_header"].get("msg_id") != asked:
            reply = one.client.get_shell_msg(timeout=20)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert one.ask("print('still here')") == "still here"
    assert kernel.ask("print(untouched)") == "1"


BESIDE_A_RUN = """
import signal, sys
sys.path.insert(0, {tests!r})
from test_provisioner import forked
from analysis.publish import notebooks
notebooks.warm_up()
with forked() as one:
    print(one.ask("import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"))
"""


def test_a_kernel_can_be_interrupted_though_a_run_has_started_its_server() -> None:
    script = BESIDE_A_RUN.format(tests=str(Path(__file__).parent))
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "set()"


EDITED = """
import sys
from pathlib import Path
sys.path[:0] = [{src!r}, {tests!r}]
from test_provisioner import IS_FORKED, forked
asked = IS_FORKED + "; import analysis.periods as edited; print(hasattr(edited, 'EDITED'))"
with forked() as one:
    print(one.ask(asked).split())
Path({src!r}, "analysis", ".#plan.py").symlink_to("an-editor-s-lock-leads-nowhere")
with Path({src!r}, "analysis", "periods.py").open("a") as module:
    module.write("EDITED = True\\n")
with forked() as one:
    print(one.ask(asked).split())
"""


def test_a_kernel_has_the_code_as_it_is_now(tmp_path: Path) -> None:
    src = tmp_path / "src"
    shutil.copytree(ROOT / "src", src, ignore=shutil.ignore_patterns("__pycache__"))
    script = EDITED.format(src=str(src), tests=str(Path(__file__).parent))
    known = os.environ | {"PYTHONPATH": str(src)}
    said = subprocess.check_output([sys.executable, "-c", script], text=True, env=known).splitlines()
    # started, not forked, once there is an edit that the server has not seen
    assert said == ["['True', 'False']", "['False', 'True']"]


def test_a_restarted_kernel_has_forgotten() -> None:
    with forked() as one:
        before = one.process.pid
        one.ask("remembered = 1")
        one.client.stop_channels()
        one.manager.restart_kernel()
        again = Kernel(one.manager)
        assert again.ask("print('remembered' in globals())") == "False"
        assert again.process.pid != before
        again.client.stop_channels()


def test_what_a_notebook_registered_for_its_end_is_done(tmp_path: Path) -> None:
    with forked(cwd=str(tmp_path)) as one:
        one.ask("import atexit; atexit.register(lambda: open('ended', 'w').close())")
        # The tracker of such memory does not end when it is told to, only when its kernel has.
        one.ask("from multiprocessing.shared_memory import SharedMemory; held = SharedMemory(create=True, size=9)")
        one.ask("held.close(); held.unlink()")
    assert (tmp_path / "ended").exists()


PARENT = """
import os, sys, time
sys.path.insert(0, {tests!r})
from test_provisioner import forked
with forked() as one:
    one.ask("import subprocess; started = subprocess.Popen(['sleep', '60'])")
    one.ask("os.write(getattr(sys.stderr, '_original_stdstream_copy', 2), b'told where the parent tells')")
    from multiprocessing.forkserver import _forkserver
    print(one.process.pid, one.ask("print(started.pid)"), _forkserver._forkserver_pid, one.manager.ip, flush=True)
    time.sleep(60)
"""


def test_nothing_outlives_a_parent_that_is_killed() -> None:
    script = PARENT.format(tests=str(Path(__file__).parent))
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdout=pipe, stderr=pipe, text=True) as parent:
        *pids, sockets = parent.stdout.readline().split()
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        parent.kill()
        assert [pid for pid in map(int, pids) if not gone(pid)] == []
        assert not Path(sockets).parent.exists()
        # Reading to the end returns only because no process has kept the stream.
        assert "told where the parent tells" in parent.stderr.read()


FORGETS = """
from jupyter_client.manager import KernelManager
from analysis.publish.kernels.provisioner import ForkedProvisioner
manager = KernelManager(kernel_name="python3")
manager.provisioner = ForkedProvisioner(kernel_id="asked", kernel_spec=manager.kernel_spec, parent=manager)
manager.start_kernel()
print(manager.provisioner.process.pid, manager.connection_file, flush=True)
"""


def test_nothing_stays_of_a_kernel_that_its_parent_had_no_time_to_shut_down() -> None:
    parent = subprocess.run([sys.executable, "-c", FORGETS], capture_output=True, text=True, check=True)
    pid, connection = parent.stdout.split()
    assert gone(int(pid))
    assert not Path(connection).parent.exists()
    assert parent.stderr == ""


RUN = """
import sys
from datetime import date
from pathlib import Path
from analysis.parameters import RunParameters
from analysis.publish.notebooks import execute
if len(sys.argv) > 1:  # not in a process that imports this file again
    run = RunParameters(plan_file="parameters/plans/khanh-hoa-2021.yml", quarter="2021-Q3", as_of=date(2021, 9, 20),
        input_path="data/demo")
    execute(Path(sys.argv[1]), run, Path(sys.argv[2]))
"""


def test_nothing_outlives_a_run_that_is_killed(tmp_path: Path, write_notebook: Callable[..., Path]) -> None:
    notebook = write_notebook(
        tmp_path / "00_pids.ipynb",
        "import os, time; open('written', 'w').write(f'{os.getpid()} {os.getppid()}'); os.rename('written', 'pids')",
        "time.sleep(60)",
    )
    (tmp_path / "out").mkdir()
    script = tmp_path / "run.py"
    script.write_text(RUN, encoding="utf-8")
    with subprocess.Popen([sys.executable, script, notebook, tmp_path / "out"]) as run:
        while not (tmp_path / "pids").exists():
            time.sleep(0.05)
        pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        run.kill()
        assert [pid for pid in pids if not gone(pid, within=20)] == []


def test_a_kernel_of_another_python_is_left_to_itself() -> None:
    manager = KernelManager(kernel_name="python3")
    for argv, ours in (
        (["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], True),
        ([sys.executable, "-m", "ipykernel", "-f", "{connection_file}"], True),
        (["/opt/conda/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], False),
        ([sys.executable, "-X", "dev", "-m", "ipykernel_launcher", "-f", "{connection_file}"], False),
        (["R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"], False),
    ):
        spec = KernelSpec(argv=argv)
        assert ForkedProvisioner(kernel_id="other", kernel_spec=spec, parent=manager)._is_of_this_python() is ours


def test_only_a_kernel_that_finds_the_same_project_is_forked(tmp_path: Path) -> None:
    """JupyterLab may serve the notebooks of two projects from one process."""
    one = ForkedProvisioner(kernel_id="other", kernel_spec=KernelSpec(), parent=KernelManager())
    (tmp_path / "notebooks").mkdir()
    assert one._is_of_this_project(None, os.environ)
    assert one._is_of_this_project(str(tmp_path / "notebooks"), os.environ)
    (tmp_path / "dunghen.toml").touch()
    assert not one._is_of_this_project(str(tmp_path / "notebooks"), os.environ)
    assert not one._is_of_this_project(None, {"DUNGHEN_HOME": str(tmp_path)})
    assert not one._is_of_this_project(None, {"DUNGHEN_HOME": "/nowhere"})


@pytest.mark.parametrize("missing", ["fork", "server", "the same paths"])
def test_a_kernel_that_cannot_be_forked_is_started(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_server(process: object) -> None:
        raise ChildProcessError("no server")

    environment = dict(os.environ)
    if missing == "fork":
        monkeypatch.setattr(provisioner, "can_fork", lambda: False)
    elif missing == "server":
        monkeypatch.setattr(provisioner, "start", no_server)
    else:
        environment["PYTHONPATH"] = f"/nowhere:{environment.get('PYTHONPATH', '')}"
    with forked(env=environment) as one:
        assert isinstance(one.process, subprocess.Popen)
        assert one.ask(IS_FORKED) == "False"
        assert one.manager.transport == "ipc"


@pytest.mark.skipif(
    provisioner.NAME not in entry_points(group="jupyter_client.kernel_provisioners").names,
    reason="the installation is older than the entry point: install again",
)
def test_stock_papermill_forks_when_the_environment_says_so(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    notebook = write_notebook(tmp_path / "stock.ipynb", f"import os, sys; {IS_FORKED}; print(os.getcwd())")
    subprocess.run(
        [sys.executable, "-m", "papermill", "--no-progress-bar", notebook, tmp_path / "out.ipynb"],
        env={**os.environ, "JUPYTER_DEFAULT_PROVISIONER_NAME": provisioner.NAME},
        cwd=tmp_path,
        check=True,
        timeout=120,
    )
    outputs = json.loads((tmp_path / "out.ipynb").read_text())["cells"][-1]["outputs"]
    assert "".join(outputs[0]["text"]).split() == ["True", str(tmp_path)]

"""Every notebook in JupyterLab itself: opened, Run All, read off the screen in a light and in a dark theme."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.parameters import ROOT
from analysis.publish.kernels import provisioner
from shared_results import published

pytestmark = pytest.mark.slow
NOTEBOOKS = sorted((ROOT / "notebooks" / "report").glob("*.ipynb"))
MINUTE = 60_000
SHOWN = "all => all.map(cell => [...cell.querySelectorAll('.jp-OutputArea-output')].some(shown => shown.offsetHeight))"
OPEN = """async path => {
  const panel = await jupyterapp.commands.execute('docmanager:open', { path });
  await panel.context.ready;
  await panel.sessionContext.ready;
}"""
# Without asking whether to save it. Its kernel goes with it, so that eight of them are not in memory at once.
CLOSE = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.sessionContext.shutdown();
  panel.dispose();
}"""
THEMES = ("JupyterLab Light", "JupyterLab Dark")
CHANGE_THEME = """async theme => {
  await jupyterapp.commands.execute('apputils:change-theme', { theme });
  while (document.body.dataset.jpThemeName !== theme) await new Promise(resolve => setTimeout(resolve, 50));
  await document.fonts.ready;
}"""
# Text of outputs below 4.5:1 (WCAG 2.2, 1.4.3) on the first ground under it that is not transparent.
FAINT = """all => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = color => numbers(color).slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = element => {
    const color = getComputedStyle(element).backgroundColor;
    return numbers(color)[3] === 0 ? ground(element.parentElement) : color;
  };
  const holdsText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  const found = [];
  for (const element of all.flatMap(output => [...output.querySelectorAll('*')])) {
    if (element.closest('style') || !element.getClientRects().length || !holdsText(element)) continue;
    const [dim, bright] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dim + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(1)} ${element.textContent.slice(0, 60)}`);
  }
  return found;
}"""
# Of each figure: its pixels, its width on the screen and that of its place, and the darkest of its corners, 0 to 255.
FIGURES = """all => all.map(image => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const drawing = canvas.getContext('2d');
  drawing.drawImage(image, 0, 0);
  const corners = [0, canvas.width - 1].flatMap(x => [0, canvas.height - 1].map(y => [x, y]));
  const lightest = ([x, y]) => Math.min(...drawing.getImageData(x, y, 1, 1).data);
  return {
    pixels: image.naturalWidth, width: image.offsetWidth,
    place: image.closest('.jp-OutputArea-output').clientWidth, corner: Math.min(...corners.map(lightest)),
  };
})"""
COMPLAINTS = ", ".join(f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr"))
NOTHING_TO_SAY = {"page.flagged()", "page.received()", "page.without_value()"}  # of the demo: counts, no cases
# Lab otherwise asks the network for news, and takes cells that are scrolled away out of the page.
SETTINGS = {
    "config/labconfig/page_config.json": {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}},
    "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def lab(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Return JupyterLab, opened once, with copies of the notebooks; all that Lab itself writes stays beside them."""
    published("vi", tmp_path_factory)  # so that results are stored, as they are when an analyst opens a notebook
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "root" / "notebooks")
    for name, content in SETTINGS.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(json.dumps(content))
    own = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    (folder / "data").mkdir()  # jupyter-scheduler, where installed, keeps its database there
    token = secrets.token_hex()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={folder / 'root'}",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",  # to open one notebook after the other without loading Lab anew
    ]
    # Kernels begin with the stack imported, as those of a run do; three_ways has one that Jupyter starts by itself.
    forked = {"JUPYTER_DEFAULT_PROVISIONER_NAME": provisioner.NAME}
    env = {**os.environ, **forked, **{name: str(folder / place) for name, place in own.items()}}
    with (folder / "log").open("wb") as log:
        # In a session of its own: Ctrl-C is for the tests, which then end the server.
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        url = _url(server, folder)
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{url}lab?token={token}")
        page.wait_for_function("window.jupyterapp && window.jupyterapp.restored.then(() => true)", timeout=MINUTE)
        yield page
        context.close()
    finally:
        server.terminate()  # which ends its kernels too
        server.wait(timeout=30)


def _url(server: subprocess.Popen[bytes], folder: Path) -> str:
    """Wait for the server to write down where it listens, and return that: it takes the next port if one is taken."""
    for _ in range(600):
        assert server.poll() is None, (folder / "log").read_text()
        for file in folder.glob("runtime/jpserver-*.json"):
            try:
                return json.loads(file.read_text())["url"]
            except json.JSONDecodeError:  # half written
                break
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_run_all_shows_every_cell(lab: Page, notebook: Path):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    page, began = lab, time.perf_counter()
    page.evaluate(OPEN, f"notebooks/report/{notebook.name}")
    # Lab loses a Run All that comes before its kernel; the status bar, unlike the toolbar, does not say Idle till then.
    idle = page.get_by_text("Python 3 (ipykernel) | Idle")
    expect(idle).to_be_visible(timeout=MINUTE)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".jp-OutputArea-output .notices")).to_be_visible(timeout=MINUTE)
    if notebook == NOTEBOOKS[0]:
        seconds = time.perf_counter() - began
        sys.stdout.write(f"opened, kernel started, first output: {seconds:.1f} s\n")
        # With it the whole stack was loaded. Ten seconds are promised on an idle machine, which this may not be.
        assert seconds < (10 if os.getloadavg()[0] < 1 else 40)

    # Once the first cell has its number every other has a star, until it is run or an error before it calls it off.
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
    expect(prompts.first).to_have_text("[1]:", timeout=MINUTE)
    expect(prompts.filter(has_text="*")).to_have_count(0, timeout=4 * MINUTE)
    expect(idle).to_be_visible()
    assert page.locator(COMPLAINTS).all_inner_texts() == []
    assert prompts.all_inner_texts() == [f"[{number}]:" for number in range(1, len(sources) + 1)]
    shown = page.locator(".jp-CodeCell").evaluate_all(SHOWN)
    silent = {source for source, is_shown in zip(sources, shown, strict=True) if not is_shown}
    assert {source for source in silent if source.startswith("page.")} <= NOTHING_TO_SAY
    page.wait_for_function("[...document.querySelectorAll('.jp-OutputArea img')].every(img => img.naturalWidth > 0)")
    _has_contents(page, cells)
    _is_legible_in_both_themes(page)
    page.evaluate(CLOSE)
    expect(page.locator(".jp-NotebookPanel")).to_have_count(0)


def _has_contents(page: Page, cells: list[dict]) -> None:
    """Assert that Lab's contents panel has every heading of the notes, and that there are some to find one's way by."""
    notes = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    headings = [line.lstrip("#").strip() for line in notes.splitlines() if line.startswith("#")]
    assert len(headings) >= 3
    page.evaluate("jupyterapp.shell.activateById('table-of-contents')")
    panel = page.locator(".jp-TableOfContents .jp-tocItem-content")
    expect(panel.filter(has_text=headings[-1])).to_be_visible()
    listed = [text.strip() for text in panel.all_inner_texts()]
    assert [heading for heading in headings if heading not in listed] == []


def _is_legible_in_both_themes(page: Page) -> None:
    """Assert that texts of outputs contrast, and that figures fit in, are not blown up and stand on white paper."""
    page.mouse.move(0, 0)  # a row of a table under it has another ground
    for theme in THEMES:
        page.evaluate(CHANGE_THEME, theme)
        assert page.locator(".jp-OutputArea-output").evaluate_all(FAINT) == [], theme
    for figure in page.locator(".jp-OutputArea-output img").evaluate_all(FIGURES):
        assert figure["width"] <= min(figure["place"], figure["pixels"]), figure
        assert figure["corner"] > 240, figure  # transparent is 0

"""Take the pictures of the tour anew from published pages: ``python docs/pictures.py REPORTS LANGUAGE``.

Needs Chromium, and the demo quarter published into the folder REPORTS in that language. Taken are the whole of
the summary and one figure of other pages and, in English, pictures that notebooks show to analysts.
"""

from __future__ import annotations

import os
import shutil
import sys
from base64 import b64decode
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent / "pictures"
QUARTER = Path("khanh-hoa-2021", "2021-Q3")
FIGURES = {
    "01_data_quality": 0,
    "02_online_uptake": 2,
    "05_forecast": 0,
    "06_targets": 1,
    "07_track_record": 0,
}
"""Page → which of its figures the tour shows."""
ANALYST = {
    "report/02_online_uptake": 0,
    "report/03_timeliness": 0,
    "report/04_satisfaction": 0,
    "report/07_track_record": 0,
    "explore/how_a_probability_is_made": 0,
}
"""Notebook → which of the pictures for analysts their paper shows."""
COLOURS = 128
"""Enough for flat pictures, at a third of the size."""


def main(reports: Path, language: str) -> None:
    """Write the pictures of one language; those in English end in ``-en``."""
    ending = "" if language == "vi" else f"-{language}"
    HERE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        page = browser.new_page(viewport={"width": 1240, "height": 900}, offline=True)
        page.goto((reports / QUARTER / "index.html").absolute().as_uri())
        _keep(page.screenshot(full_page=True), HERE / f"summary{ending}.png")
        for name, at in FIGURES.items():
            page.goto((reports / QUARTER / f"{name}.html").absolute().as_uri())
            _keep(page.locator("figure:has(svg)").nth(at).screenshot(), HERE / f"{name}{ending}.png")
        browser.close()
    if language == "en":
        for name, at in ANALYST.items():
            _keep(_shown_to_analysts(reports, name)[at], HERE / f"analyst-{Path(name).name}.png")


def _shown_to_analysts(reports: Path, name: str) -> list[bytes]:
    """Return the pictures that a notebook shows to analysts: as published, or of a notebook for people as it runs."""
    if name.startswith("report/"):
        notebook = nbformat.read(reports / QUARTER / f"{Path(name).name}.ipynb", as_version=4)
    else:
        source = HERE.parents[1] / "notebooks" / f"{name}.ipynb"
        notebook = nbformat.read(source, as_version=4)
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(source.parent)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if name.startswith("report/"):
        cells = [cell for cell in cells if "analyst" in cell.metadata.get("tags", [])]
    shown = [output.get("data", {}) for cell in cells for output in cell.outputs]
    return [b64decode(data["image/png"]) for data in shown if "image/png" in data]


def _keep(png: bytes, path: Path) -> None:
    path.write_bytes(png)
    with Image.open(path) as image:
        image.convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

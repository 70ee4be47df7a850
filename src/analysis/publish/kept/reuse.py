"""Which executed notebooks of an earlier run still say what they said: they need not run again."""

from __future__ import annotations

import shutil
from pathlib import Path

from analysis.publish.executed import Executed
from analysis.publish.kept import manifest
from analysis.publish.kept.manifest import Recipe


def reuse(recipe: Recipe, folder: Path, into: Path) -> list[Executed]:
    """Return the notebooks of an earlier run that a new run would execute to the same end, copied into its folder.

    That is so when everything that decides what the pages say is the same, the notebook itself is, it ended well, and
    its file is the one that the run's manifest names.

    Parameters
    ----------
    recipe : Recipe
        Of the new run.
    folder : Path
        Of the earlier run: published, failed, or left behind half-made. Without a manifest nothing is taken from it.
    into : Path
        Folder of the new run.
    """
    made = manifest.read(folder)
    if made is None or made.recipe.model_copy(update={"notebooks": {}}) != recipe.model_copy(update={"notebooks": {}}):
        return []
    taken = []
    for stem, digest in recipe.notebooks.items():
        record, name = made.notebooks.get(stem), f"{stem}.ipynb"
        if record is None or record.status not in ("ok", "gate-refused") or made.recipe.notebooks.get(stem) != digest:
            continue
        if not manifest.is_complete(folder, {name: made.files.get(name, "")}):
            continue
        shutil.copyfile(folder / name, into / name)
        taken.append(Executed(stem, into / name, "ok", record.seconds, record.peak_memory_mb))
    return taken

"""Refuse symbolic links by which a folder of received files would bring in what stands elsewhere on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from analysis.faults import BadData


def refuse_links_out(paths: Iterable[Path]) -> None:
    """Refuse links that lead out of the folder in which they stand; a link to another file of the folder is none.

    A folder or file that a person names may itself be a link: that is the person's own doing. What else stands in the
    folder came with it.

    Parameters
    ----------
    paths : iterable of Path
        Files and folders, there or not.

    Raises
    ------
    BadData
        One of them is such a link.
    """
    for path in paths:
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(path.parent)):
            raise BadData(f"{path}: a link that leads out of its folder; put the file itself there")

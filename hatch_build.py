"""Put what an office's folder is laid out from, and the lock, into the wheel: the repository keeps the one copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = (
    *("notebooks/report", "notebooks/explore"),
    *("parameters/indicators", "parameters/schemas", "parameters/sources"),
    *("parameters/plans/khanh-hoa-2021.yml", "parameters/plans/khanh-hoa-2026.yml"),
    *("parameters/khanh-hoa-2021", "parameters/khanh-hoa-2026"),
    *("data/published", "data/track_record", "data/demo", "data/raw/README.md"),
    "requirements.lock",
)
"""Files, and folders with all in them that is not hidden; `analysis.office_folder` says what becomes of them."""


class ProjectFiles(BuildHookInterface):
    """Adds them as ``analysis/_project``, where `analysis.project.shipped` finds them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to a wheel; an editable install reads them from the checkout.

        Parameters
        ----------
        version : str
            The kind of wheel: ``standard`` or ``editable``.
        build_data : dict
            What hatchling builds, changed in place.
        """
        if version == "editable":
            return
        root = Path(self.root)
        for name in SHIPPED:
            for file in [root / name] if (root / name).is_file() else sorted((root / name).rglob("*")):
                path = file.relative_to(root)
                if file.is_file() and not any(part.startswith(".") for part in path.parts):
                    build_data["force_include"][str(file)] = f"analysis/_project/{path.as_posix()}"

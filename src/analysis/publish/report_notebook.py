"""A notebook of the report: what is executed, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.report.editions import edition_stem


@dataclass(frozen=True)
class ReportNotebook:
    """One notebook to execute, which becomes one page.

    Attributes
    ----------
    source : Path
        The notebook.
    body : str or None
        Code of the body that it is executed for; None for a page of the whole.
    """

    source: Path
    body: str | None = None

    @property
    def stem(self) -> str:
        """Name of the page, and of the executed notebook, without suffix."""
        return self.source.stem if self.body is None else edition_stem(self.body)

    @property
    def name(self) -> str:
        """File name of the executed notebook."""
        return f"{self.stem}.ipynb"

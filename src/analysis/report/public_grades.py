"""Where the grades of the method on public panels are; the recipe of a publication holds them."""

from __future__ import annotations

from analysis.parameters import ROOT

PUBLIC_GRADES = ROOT / "data" / "track_record"
"""Folder of the grades on public panels; its `README.md` has the command that made them."""

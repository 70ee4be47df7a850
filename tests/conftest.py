"""What several tests need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)  # how long an example takes is the machine's matter
settings.load_profile("no-deadline")


@pytest.fixture(scope="session")
def govuk_export():
    """The official export; DUNGHEN_REAL_DATA is the file, or a folder with govuk/services.csv in it."""
    if not os.environ.get("DUNGHEN_REAL_DATA"):
        pytest.skip("DUNGHEN_REAL_DATA does not say where the GOV.UK export is")
    path = Path(os.environ["DUNGHEN_REAL_DATA"])
    return path if path.is_file() else path / "govuk" / "services.csv"

"""Real data, found where TUTELAGE_REAL_DATA or the default says, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; skips where there is none."""
    default = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("TUTELAGE_REAL_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}: set TUTELAGE_REAL_DATA")
    return folder

"""Where the official schemas are."""

from pathlib import Path

import pytest

STANDARDS = Path(__file__).parents[3] / "shared" / "data" / "standards"


@pytest.fixture(scope="session")
def standards() -> Path:
    """The folder of official schemas and conformance vectors, which stands beside a checkout and not in it."""
    if not STANDARDS.is_dir():
        pytest.skip(f"the official schemas are not at {STANDARDS}")
    return STANDARDS

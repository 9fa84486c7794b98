"""The funding service's own database."""

from collections.abc import Iterator

import pytest

from tests.conftest import Servers
from tests.system import migrated


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A database of the test's own, with the service's tables."""
    with migrated(servers, "funding") as url:
        yield url

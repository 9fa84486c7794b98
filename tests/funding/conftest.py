"""The funding service's own database."""

from collections.abc import Iterator

import pytest

from tests.conftest import Servers, drop_database
from tests.system import create_migrated


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A database of the test's own, with the service's tables."""
    url = create_migrated(servers, "funding")
    yield url
    drop_database(servers.database_url, url)

"""No test here passes over what its audit finds."""

import pytest

from tests.audits import Unbalanced
from tests.ledger import assert_nothing_lost
from tests.outboxes import connect_plain, fill
from tests.relays import relaying


@pytest.mark.xfail(raises=Unbalanced, strict=True, reason="the audit at its end fails it, as it should")
def test_an_outbox_row_that_vanished_fails_the_test(chaos_database_url: str, amqp_uri: str) -> None:
    fill(chaos_database_url, 20)
    with relaying(chaos_database_url, amqp_uri):
        assert_nothing_lost(chaos_database_url, amqp_uri)
    with connect_plain(chaos_database_url) as connection:
        connection.execute("DELETE FROM outbox WHERE position = 7")

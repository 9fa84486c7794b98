"""What would show in a service's own tables if an effect happened twice, though its constraints were not there."""

import pytest
from sqlalchemy import Engine

from intercoop.audit.effects import CHECKS, check_effects
from services.comms.model import Base as Comms
from services.events.model import Base as Events
from services.membership.model import Base as Membership
from tests.outboxes import connect_plain

TABLES = {"membership": Membership.metadata, "events": Events.metadata, "comms": Comms.metadata}
ONE = "'00000000-0000-7000-8000-000000000001'"
TWO = "'00000000-0000-7000-8000-000000000002'"


# Service, table and columns, the row that would be there twice, and one that may stand beside it.
TWICE = {
    "organizations that are members twice": (
        "membership",
        "members (organization_id, standing)",
        f"({ONE}, 'current')",
        f"({ONE}, 'resigned')",
    ),
    "persons registered twice for one gathering": (
        "events",
        "registrations (gathering_id, person)",
        f"({ONE}, 'ana')",
        f"({TWO}, 'ana')",
    ),
    "messages of one purpose sent twice about one event": (
        "comms",
        "messages (source_id, purpose, channel, state)",
        f"({ONE}, 'welcome', 'email', 'delivered')",
        f"({ONE}, 'welcome', 'inbox', 'delivered')",
    ),
    "messages delivered twice": (
        "comms",
        "message_steps (message_id, step)",
        f"({ONE}, 'delivered')",
        f"({ONE}, 'read')",
    ),
}


@pytest.mark.parametrize("what", TWICE)
def test_an_effect_that_is_there_twice_is_found(engine: Engine, database_url: str, what: str) -> None:
    service, table, row, other = TWICE[what]
    TABLES[service].create_all(engine)
    with connect_plain(database_url) as connection:
        for name in TABLES[service].tables:
            # The same columns without the constraints; a temporary table hides the other one.
            connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name} WITH NO DATA")
        connection.execute(f"INSERT INTO {table} VALUES {row}, {other}")
        assert check_effects(connection, service, CHECKS[service]) == []
        connection.execute(f"INSERT INTO {table} VALUES {row}")
        [found] = check_effects(connection, service, CHECKS[service])
    assert (found.kind, found.what, found.count) == ("doubled", what, 1)

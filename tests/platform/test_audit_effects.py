"""What would show in a service's own tables if an effect happened twice, though its constraints were not there."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from intercoop.audit.effects import CHECKS, EXAMINATIONS, Examination, check_effects, examine
from services.comms.model import Base as Comms
from services.events.model import Base as Events
from services.membership import operations
from services.membership.model import Base as Membership
from tests.conftest import Servers
from tests.membership.making import NOW, a_member
from tests.membership.making_invoices import indebted, invoiced, paid
from tests.outboxes import connect_plain
from tests.system import migrated

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


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """Membership's, with its tables."""
    with migrated(servers, "membership") as url:
        yield url


@pytest.mark.parametrize("what", TWICE)
def test_an_effect_that_is_there_twice_is_found(servers: Servers, what: str) -> None:
    service, table, row, other = TWICE[what]
    with migrated(servers, service) as url, connect_plain(url) as connection:
        for name in TABLES[service].tables:
            # The same columns without the constraints; a temporary table hides the other one.
            connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name} WITH NO DATA")
        connection.execute(f"INSERT INTO {table} VALUES {row}, {other}")
        assert check_effects(connection, service, CHECKS[service]) == []
        connection.execute(f"INSERT INTO {table} VALUES {row}")
        [found] = check_effects(connection, service, CHECKS[service])
    assert (found.kind, found.what, found.count) == ("doubled", what, 1)


# What somebody did behind the service's back to a member that was suspended.
TAMPERED = {
    "a fact was changed": "UPDATE standing_facts SET effective_on = '2030-01-01' WHERE kind = 'suspended'",
    "a fact was removed": "DELETE FROM standing_facts WHERE kind = 'suspended'",
    "an event was changed": """UPDATE outbox SET body = replace(body, '"standing":"suspended"', '"standing":"grace"')
                               WHERE topic LIKE '%standing_changed%'""",
    "an event was removed": "DELETE FROM outbox WHERE topic LIKE '%standing_changed%'",
    "an event was broken": "UPDATE outbox SET body = 'x' WHERE topic LIKE '%standing_changed%'",
    "what is kept was changed": "UPDATE members SET standing = 'grace'",
}


@pytest.fixture
def suspended(engine: Engine) -> None:
    with Session(engine) as session:
        a_member(session, name="Cooperativa Vecina", locality="Azul")
        member = a_member(session)
        operations.change_standing(session, member, standing="suspended", reason="Board", actor="eva", now=NOW)
        session.commit()


@pytest.mark.usefixtures("suspended")
@pytest.mark.parametrize("how", TAMPERED)
def test_a_standing_that_was_announced_otherwise_is_found(database_url: str, how: str) -> None:
    def look() -> list[tuple[str, str, int]]:
        found = examine(database_url, "membership", EXAMINATIONS["membership"], seconds=10)
        return [(one.kind, one.what, one.count) for one in found]

    assert look() == []
    with connect_plain(database_url) as connection:
        connection.execute(TAMPERED[how].encode())
    assert [(kind, what) for kind, what, _ in look()] == [
        ("damaged", "members whose standing was announced as another than it was")
    ]


UNBALANCED = "postings of dues that do not balance"
OPEN_OTHERWISE = "invoices of which the ledger says another amount is open"

# What somebody did behind the service's back to a ledger with invoices, payments and a draft; and what shows it.
COOKED = {
    "an entry was changed": ("UPDATE dues_entries SET minor = minor + 1 WHERE account = 'bank'", [UNBALANCED]),
    "an entry was removed": ("DELETE FROM dues_entries WHERE account = 'income'", [UNBALANCED]),
    "an entry is in another currency": (
        "UPDATE dues_entries SET currency = 'EUR' WHERE account = 'receivable' AND minor < 0",
        [UNBALANCED, OPEN_OTHERWISE],
    ),
    "what is open was changed": (
        "UPDATE dues_invoices SET open_minor = open_minor - 1 WHERE open_minor > 0",
        [OPEN_OTHERWISE],
    ),
    "a whole posting was removed": (
        "DELETE FROM dues_entries WHERE posting_id IN (SELECT id FROM dues_postings WHERE kind = 'allocated')",
        [OPEN_OTHERWISE],
    ),
    "a draft was booked": ("UPDATE dues_invoices SET number = NULL WHERE open_minor > 0", [OPEN_OTHERWISE]),
}


@pytest.fixture
def in_debt(engine: Engine) -> None:
    with Session(engine) as session:
        first, second, third = indebted(session, "Uno", "Dos", "Tres")
        invoices = invoiced(session)
        paid(session, first, "500.00", invoices[first.id])
        payment = paid(session, second, "100.00")
        operations.put_on(session, payment, invoice_id=invoices[second.id].id, reason="", actor="ana", now=NOW)
        paid(session, third, "20.00")
        session.commit()


@pytest.mark.usefixtures("in_debt")
@pytest.mark.parametrize("how", COOKED)
def test_a_ledger_that_does_not_balance_is_found(database_url: str, how: str) -> None:
    damage, shown = COOKED[how]
    with connect_plain(database_url) as connection:
        assert check_effects(connection, "membership", CHECKS["membership"]) == []
        connection.execute(damage.encode())
        found = check_effects(connection, "membership", CHECKS["membership"])
    assert [(one.kind, one.what) for one in found] == [("damaged", what) for what in shown]


def test_what_changes_between_two_looks_of_an_examination_is_no_damage(database_url: str) -> None:
    def look(session: Session) -> list[str]:
        before = session.scalar(text("SELECT count(*) FROM inbox"))
        with connect_plain(database_url) as other:
            other.execute("INSERT INTO inbox (subscription, event_id) VALUES ('a.b', gen_random_uuid())")
        return [] if session.scalar(text("SELECT count(*) FROM inbox")) == before else ["another count"]

    assert examine(database_url, "membership", (Examination(what="counts", look=look),), seconds=10) == []

"""Nothing that tells who a person is travels in a public event."""

from dataclasses import fields

import pytest

from shared.contracts import Event
from shared.contracts.catalogue import BY_TYPE

WHO = {"email", "mail", "phone", "telephone", "mobile", "whatsapp", "address", "person", "username", "ip"}
NAMES_OF_PEOPLE = {"surname", "firstname", "lastname", "first_name", "last_name", "full_name", "contact_name"}
TRAITS = {"age", "birth", "birthday", "gender", "sex", "nationality", "passport", "document", "iban", "photo"}
PERSONAL = WHO | NAMES_OF_PEOPLE | TRAITS | {"person_name", "attendee_name"}


def personal_fields(event: type[Event]) -> set[str]:
    """Field names that are a personal word or contain one between underscores; ids of persons are no such fields."""
    names = {field.name for field in fields(event)}  # type: ignore[arg-type] # each Event is a dataclass
    plain = {name for name in names if not name.endswith("_id")}
    return {name for name in plain if name in PERSONAL or PERSONAL.intersection(name.split("_"))}


PUBLIC = [event for event in BY_TYPE.values() if event.visibility == "public"]


@pytest.mark.parametrize("event", PUBLIC, ids=lambda event: event.routing_key())
def test_a_public_event_names_no_person(event: type[Event]) -> None:
    assert personal_fields(event) == set()


class Leaky(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    person_id: str
    country: str
    buyer_email: str
    mobile: str
    contact_name: str


def test_a_leak_would_be_seen() -> None:
    assert personal_fields(Leaky) == {"buyer_email", "mobile", "contact_name"}


def test_an_internal_event_may_carry_a_contact() -> None:
    internal = [event for event in BY_TYPE.values() if event.visibility == "internal"]
    assert any(personal_fields(event) for event in internal)

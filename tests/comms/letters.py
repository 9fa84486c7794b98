"""Messages for the tests."""

from typing import Any
from uuid import uuid4

from services.comms.model import Contact, Message, Welcome
from tests.members import NOW


def a_welcome(**changes: Any) -> Welcome:
    values: dict[str, Any] = {
        "admission_id": uuid4(),
        "member_id": uuid4(),
        "organization_id": uuid4(),
        "language": "es",
        "subject": "Damos la bienvenida a Unión",
        "text": "Estimados:\n\nUnión es miembro.\nDesde hoy.\n",
        "state": "awaiting_contact",
        "created_at": NOW,
        "correlation_id": "one-request",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    return Welcome(**values | changes)


def a_mail(*, email: str = "presidencia@union.invalid", name: str = "Presidencia", **changes: Any) -> Message:
    contact = Contact(id=uuid4(), email=email, name=name)
    return a_welcome(**changes).for_contact(contact, NOW)

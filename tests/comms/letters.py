"""Messages for the tests."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Engine

from services.comms import operations
from services.comms.model import Contact, Message, Welcome
from shared.clock import utc_now
from shared.database import transaction
from tests.members import NOW, a_contact, an_admission


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


def due_mail(engine: Engine) -> None:
    """A member was admitted, and its contact is known."""
    admission = an_admission()
    with transaction(engine) as session:
        operations.keep_contact(session, a_contact(admission.organization_id), now=utc_now())
        operations.welcome_member(session, admission, admission_id=uuid4(), now=utc_now())

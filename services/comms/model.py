"""Messages, the welcomes and letters that cause them, and what comms knows of those who get them."""

from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, MetaData, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.comms.addresses import mail_address
from shared import database
from shared.contracts.comms import Channel
from shared.contracts.membership import Category, Standing
from shared.errors import Conflict, Rejected
from shared.i18n import gettext
from shared.ids import uuid7
from shared.merged import MergedOrganizationColumns
from shared.tracing import Trace, new_traceparent

MessageState = Literal["queued", "delivered", "read", "failed", "suppressed"]
Step = Literal["queued", "deferred", "redirected", "delivered", "read", "refused", "failed", "suppressed"]
WelcomeState = Literal["awaiting_contact", "addressed"]
LetterState = Literal["awaiting_contact", "addressed", "too_late"]

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=4)
GIVE_UP = timedelta(days=5)
"""RFC 5321, 4.5.4.1 asks for four to five days before a mail is given up."""

LINK = "{link}"
"""Where a mail's link stands in its text: only the mail itself has the link, and only until it has left."""

IN_THE_MAIL = "(The link is in the mail to the organization's contact.)"
"""What an inbox shows in its place."""


class NotAnInboxItem(Rejected):
    message = "Only a message in the inbox can be marked as read."


class NotDelivered(Conflict):
    message = "The message was not delivered, so nobody can have read it."


class Base(database.Base):
    """Comms' own tables."""

    __abstract__ = True
    metadata = MetaData(naming_convention=database.NAMING)


class Member(Base):
    """Replica of membership's member: nothing here is decided by comms."""

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2))
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    category: Mapped[Category] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]


class Contact(Base):
    """Replica of membership's contacts. A removed one is deleted here: its data has no further use."""

    __tablename__ = "contacts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(index=True)
    role: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]

    @property
    def is_reachable(self) -> bool:
        """A mail could reach it; some contacts have a telephone alone, or what a register made of an address."""
        return mail_address(self.email) is not None


class MergedOrganization(MergedOrganizationColumns, Base):
    """Replica of membership's merges."""


class SettledInvoice(Base):
    """An invoice of membership's on which nothing is owed; a reminder that comes late must find it."""

    __tablename__ = "settled_invoices"

    id: Mapped[UUID] = mapped_column(primary_key=True)


class Welcome(Base):
    """One admission's welcome. Admission and contact come in any order; the mail goes when both are known."""

    __tablename__ = "welcomes"

    admission_id: Mapped[UUID] = mapped_column(primary_key=True, comment="the event's id")
    member_id: Mapped[UUID]
    organization_id: Mapped[UUID] = mapped_column(index=True)
    language: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[WelcomeState] = mapped_column(Text)
    created_at: Mapped[datetime]
    addressed_at: Mapped[datetime | None]
    correlation_id: Mapped[str] = mapped_column(Text)
    traceparent: Mapped[str] = mapped_column(Text)

    @property
    def trace(self) -> Trace:
        """The welcome belongs to what its admission set off, whatever completes it."""
        return Trace(
            correlation_id=self.correlation_id, causation_id=str(self.admission_id), traceparent=self.traceparent
        )

    @property
    def source_id(self) -> UUID:
        """The event it is about."""
        return self.admission_id

    @property
    def purpose(self) -> str:
        """What it is."""
        return "welcome"

    def for_inbox(self, now: datetime) -> "Message":
        """The item in the organization's inbox."""
        return _message(self, "inbox", self.organization_id, now)

    def for_contact(self, contact: Contact, now: datetime) -> "Message":
        """The mail to the contact; the welcome waits for none any more."""
        self.state, self.addressed_at = "addressed", now
        mail = _message(self, "email", contact.id, now)
        mail.address, mail.addressee = contact.email, contact.name
        return mail


class Letter(Base):
    """One letter to one contact. The contact may not be known yet; the mail goes when it is, until `until` is over.

    Without `contact_id` it waits for whoever of the organization can be written to first.

    `link` opens something without login, so it is kept no longer than the mail needs it.
    """

    __tablename__ = "letters"
    __table_args__ = (
        UniqueConstraint("about", "purpose", "step"),
        Index("ix_letters_created_at_source_id", "created_at", "source_id"),
        Index(
            "ix_letters_for_anybody",
            "organization_id",
            postgresql_where=text("contact_id IS NULL AND state = 'awaiting_contact'"),
        ),
    )

    source_id: Mapped[UUID] = mapped_column(primary_key=True, comment="the event's id")
    about: Mapped[str] = mapped_column(Text, comment="the event's subject")
    purpose: Mapped[str] = mapped_column(Text)
    step: Mapped[str] = mapped_column(Text, comment="tells letters of one purpose about one thing apart")
    organization_id: Mapped[UUID]
    contact_id: Mapped[UUID | None] = mapped_column(index=True)
    language: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str | None] = mapped_column(Text)
    until: Mapped[date | None]
    state: Mapped[LetterState] = mapped_column(Text)
    created_at: Mapped[datetime]
    addressed_at: Mapped[datetime | None]
    correlation_id: Mapped[str] = mapped_column(Text)
    traceparent: Mapped[str] = mapped_column(Text)

    def for_inbox(self, now: datetime) -> "Message | None":
        """The item in the organization's inbox, without the link; None when it came too late."""
        if self._lapses(now):
            return None
        item = _message(self, "inbox", self.organization_id, now)
        item.text = self.text.replace(LINK, gettext(self.language, IN_THE_MAIL))
        return item

    def for_contact(self, contact: Contact, now: datetime) -> "Message | None":
        """The mail to the contact, or None when it is too late for it."""
        if self._lapses(now):
            return None
        self.state, self.addressed_at = "addressed", now
        mail = _message(self, "email", contact.id, now)
        mail.address, mail.addressee = contact.email, contact.name
        mail.link, self.link = self.link, None
        return mail

    def _lapses(self, now: datetime) -> bool:
        """Give it up when it is too late; whether it is given up."""
        if self.until and now.date() > self.until:
            self.give_up()
        return self.state == "too_late"

    def give_up(self) -> None:
        """It isn't sent any more."""
        self.state, self.link = "too_late", None


class Message(Base):
    """One message to one recipient by one channel, and everything that happened to it.

    Its text is kept as it was rendered, but for a link that opens something: that stands in the mail alone.
    `recipient_id` is a contact for a mail, an organization for its inbox.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("source_id", "channel", "recipient_id"),
        Index("ix_messages_due", "next_attempt_at", postgresql_where=text("state = 'queued' AND channel = 'email'")),
        Index("ix_messages_inbox", "organization_id", "queued_at"),
        Index("ix_messages_queued_at_id", "queued_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(comment="the event it is about")
    channel: Mapped[Channel] = mapped_column(Text)
    recipient_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    address: Mapped[str | None] = mapped_column(Text)
    addressee: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str | None] = mapped_column(Text, comment="for the mail alone; gone when it has left")
    state: Mapped[MessageState] = mapped_column(Text)
    attempts: Mapped[int]
    queued_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    correlation_id: Mapped[str] = mapped_column(Text)
    traceparent: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    timeline: Mapped[list["MessageStep"]] = relationship(order_by="MessageStep.id", cascade="all, delete-orphan")

    @property
    def trace(self) -> Trace:
        """Where the message came from, for the events it causes."""
        return Trace(
            correlation_id=self.correlation_id,
            causation_id=str(self.source_id),
            traceparent=new_traceparent(self.traceparent),
        )

    def note(self, step: Step, at: datetime, detail: str = "") -> None:
        """Add a line to the timeline."""
        self.timeline.append(MessageStep(step=step, at=at, detail=detail))

    def deliver(self, now: datetime, detail: str = "") -> None:
        """It reached its channel: it stands in the inbox, or the mail server answers for it from now on."""
        self.state, self.link = "delivered", None
        self.note("delivered", now, detail)

    def read(self, now: datetime) -> bool:
        """The organization saw it; whether for the first time, for seeing it again changes nothing."""
        if self.channel != "inbox":
            raise NotAnInboxItem
        if self.state == "read":
            return False
        if self.state != "delivered":
            raise NotDelivered
        self.state = "read"
        self.note("read", now)
        return True

    def defer(self, now: datetime, detail: str) -> None:
        """The mail server doesn't want it now: later, less and less often, until it is given up."""
        if now - self.queued_at >= GIVE_UP:
            self.fail(now, f"given up: {detail}")
            return
        self.next_attempt_at = now + min(FIRST_RETRY * 2**self.attempts, LONGEST_RETRY)
        self.attempts = min(self.attempts + 1, 1000)
        self.note("deferred", now, detail)

    def fail(self, now: datetime, detail: str) -> None:
        """It will never reach its recipient."""
        self.state, self.link = "failed", None
        self.note("failed", now, detail)

    def refuse(self, now: datetime, detail: str) -> None:
        """Its address is refused for ever, and with it whatever else would be written there."""
        self.note("refused", now)
        self.fail(now, detail)

    def suppress(self, now: datetime, reason: str) -> None:
        """It must not be sent any more."""
        self.state, self.link = "suppressed", None
        self.note("suppressed", now, reason)

    def redirect(self, contact: Contact, now: datetime) -> None:
        """A mail that hasn't left yet follows its contact to a new address."""
        if (self.address, self.addressee) == (contact.email, contact.name):
            return
        self.address, self.addressee, self.next_attempt_at = contact.email, contact.name, now
        self.note("redirected", now)


class MessageStep(Base):
    """A line of a message's timeline."""

    __tablename__ = "message_steps"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    step: Mapped[Step] = mapped_column(Text)
    at: Mapped[datetime]
    detail: Mapped[str] = mapped_column(Text)


def _message(of: Welcome | Letter, channel: Channel, recipient_id: UUID, now: datetime) -> Message:
    message = Message(
        id=uuid7(),
        source_id=of.source_id,
        channel=channel,
        recipient_id=recipient_id,
        organization_id=of.organization_id,
        purpose=of.purpose,
        language=of.language,
        subject=of.subject,
        text=of.text,
        state="queued",
        attempts=0,
        queued_at=now,
        next_attempt_at=now,
        correlation_id=of.correlation_id,
        traceparent=of.traceparent,
    )
    message.note("queued", now)
    return message

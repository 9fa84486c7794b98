"""Every way into the comms service."""

from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.orm import Session

from services.comms import operations
from services.comms.mailer import LONGEST_SECONDS, Mailer
from services.comms.model import Letter, Message, Welcome
from services.comms.schemas import (
    LetterFilter,
    LetterResponse,
    MessageFilter,
    MessageResponse,
    WelcomeFilter,
    WelcomeResponse,
)
from services.comms.settings import Settings
from shared.clock import utc_now
from shared.contracts.membership import (
    ApplicantNotified,
    ContactChanged,
    DuesCredited,
    DuesPaid,
    DuesReminded,
    InvoiceSent,
    MemberAdmitted,
    MemberStandingChanged,
    MemberState,
    MemberUpdated,
    OpinionRequested,
    OrganizationMerged,
    OrganizationUnmerged,
    StatisticRequested,
)
from shared.database import allow_silence, transaction
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.http.standard import StandardRoutes
from shared.merged import Change
from shared.messaging.subscribe import subscribe
from shared.messaging.wire import Delivery
from shared.schedule import Turn, every

MAILS = Counter("intercoop_mails", "Mails handed to the mail server, by what became of them", ["state"])


class CommsService(StandardRoutes):
    """What the federation writes to its members."""

    name = "comms"

    @route(
        "GET",
        "/v1/organizations/<uuid:organization_id>/inbox",
        scope="comms:read",
        returns=MessageResponse,
        sort={"-queued_at": Message.queued_at},
    )
    def list_inbox(self, call: Call, *, organization_id: UUID) -> Page[Message]:
        """The organization's inbox, newest first."""
        return call.page(operations.messages(call.session, organization_id=organization_id, channel="inbox"))

    @route(
        "GET",
        "/v1/messages",
        scope="comms:read",
        query=MessageFilter,
        returns=MessageResponse,
        sort={"-queued_at": Message.queued_at},
    )
    def list_messages(self, call: Call) -> Page[Message]:
        """Messages on every channel, newest first, each with its timeline."""
        return call.page(operations.messages(call.session, **call.query))

    @route("GET", "/v1/messages/<uuid:message_id>", scope="comms:read", returns=MessageResponse)
    def show_message(self, call: Call, *, message_id: UUID) -> Message:
        """One message with its timeline."""
        return operations.message(call.session, message_id=message_id)

    @route("POST", "/v1/messages/<uuid:message_id>/read", scope="comms:write", returns=MessageResponse)
    def read_message(self, call: Call, *, message_id: UUID) -> Message:
        """Mark a message of an inbox as read; again changes nothing."""
        return operations.read_message(call.session, message_id=message_id, now=call.now)

    @route(
        "GET",
        "/v1/welcomes",
        scope="comms:read",
        query=WelcomeFilter,
        returns=WelcomeResponse,
        sort={"-created_at": Welcome.created_at},
    )
    def list_welcomes(self, call: Call) -> Page[Welcome]:
        """Welcomes; those awaiting a contact name the organizations nobody can be reached at."""
        return call.page(operations.welcomes(**call.query))

    @route(
        "GET",
        "/v1/letters",
        scope="comms:read",
        query=LetterFilter,
        returns=LetterResponse,
        sort={"-created_at": Letter.created_at},
    )
    def list_letters(self, call: Call) -> Page[Letter]:
        """Letters to contacts; those awaiting a contact were not mailed."""
        return call.page(operations.letters(call.session, **call.query))

    @subscribe(
        MemberAdmitted,
        MemberUpdated,
        MemberStandingChanged,
        latest=True,
        many=True,
        projection=operations.forget_members,
    )
    def keep_members(self, session: Session, deliveries: list[Delivery[MemberState]]) -> None:
        """Follow membership's members."""
        operations.keep_members(session, deliveries)

    @subscribe(OrganizationMerged, OrganizationUnmerged, latest=True, many=True, projection=operations.forget_merges)
    def keep_merges(self, session: Session, deliveries: list[Delivery[Change]]) -> None:
        """Follow membership's merges of organizations."""
        operations.keep_merges(session, deliveries)

    # No projection: the internal stream keeps 30 days, and a rebuild would forget the contacts before.
    @subscribe(ContactChanged, latest=True)
    def keep_contact(self, session: Session, delivery: Delivery[ContactChanged]) -> None:
        """Follow membership's contacts, and write to those a message waits for."""
        operations.keep_contact(session, delivery.event, now=utc_now())

    @subscribe(MemberAdmitted)
    def welcome_member(self, session: Session, delivery: Delivery[MemberAdmitted]) -> None:
        """Welcome a new member."""
        operations.welcome_member(session, delivery.event, admission_id=delivery.id, now=utc_now())

    @subscribe(StatisticRequested)
    def request_statistic(self, session: Session, delivery: Delivery[StatisticRequested]) -> None:
        """Ask a member for its statistic."""
        operations.request_statistic(session, delivery.event, request_id=delivery.id, now=utc_now())

    @subscribe(DuesReminded)
    def remind_of_dues(self, session: Session, delivery: Delivery[DuesReminded]) -> None:
        """Remind a member of what it owes."""
        operations.remind_of_dues(session, delivery.event, reminder_id=delivery.id, now=utc_now())

    @subscribe(InvoiceSent)
    def send_invoice(self, session: Session, delivery: Delivery[InvoiceSent]) -> None:
        """Send a member its invoice."""
        operations.send_invoice(session, delivery.event, sending_id=delivery.id, now=utc_now())

    @subscribe(MemberStandingChanged, latest=True)
    def tell_standing(self, session: Session, delivery: Delivery[MemberStandingChanged]) -> None:
        """Tell a member that it is suspended, in good standing again, or a member no more."""
        version, at = delivery.subject_version, delivery.time
        operations.tell_standing(session, delivery.event, change_id=delivery.id, version=version, at=at, now=utc_now())

    @subscribe(DuesPaid, DuesCredited, latest=True)
    def follow_invoice(self, session: Session, delivery: Delivery[DuesPaid | DuesCredited]) -> None:
        """Remind nobody of an invoice that is settled."""
        operations.follow_invoice(session, delivery.event, now=utc_now())

    @subscribe(OpinionRequested)
    def request_opinion(self, session: Session, delivery: Delivery[OpinionRequested]) -> None:
        """Ask a member what it says to an applicant."""
        operations.request_opinion(session, delivery.event, request_id=delivery.id, now=utc_now())

    @subscribe(ApplicantNotified)
    def notify_applicant(self, session: Session, delivery: Delivery[ApplicantNotified]) -> None:
        """Write to an applicant."""
        operations.notify_applicant(session, delivery.event, notice_id=delivery.id, now=utc_now())

    @every(seconds=0.5)
    def send_mails(self, turn: Turn) -> None:
        """Send what is due; the mail server's absence is a longer pause, and no mail's fault."""
        assert isinstance(turn.settings, Settings)
        with Mailer(url=turn.settings.smtp_url, sender=turn.settings.mail_from) as mailer:
            while not turn.stopping():
                with transaction(turn.engine) as session:
                    allow_silence(session, seconds=LONGEST_SECONDS)
                    mail = operations.send_next_mail(session, send=mailer.send, now=utc_now())
                if not mail:
                    return
                MAILS.labels(mail.state).inc()

"""Everything comms does. Callers own the transaction."""

from services.comms.operations.contacts import keep_contact
from services.comms.operations.letters import (
    follow_invoice,
    notify_applicant,
    remind_of_dues,
    request_opinion,
    request_statistic,
    send_invoice,
    tell_standing,
)
from services.comms.operations.messages import UnknownMessage, message, messages, read_message, send_next_mail
from services.comms.operations.replicas import forget_members, forget_merges, keep_members, keep_merges
from services.comms.operations.welcomes import welcome_member, welcomes
from services.comms.operations.writing import letters

__all__ = [
    "UnknownMessage",
    "follow_invoice",
    "forget_members",
    "forget_merges",
    "keep_contact",
    "keep_members",
    "keep_merges",
    "letters",
    "message",
    "messages",
    "notify_applicant",
    "read_message",
    "remind_of_dues",
    "request_opinion",
    "request_statistic",
    "send_invoice",
    "send_next_mail",
    "tell_standing",
    "welcome_member",
    "welcomes",
]

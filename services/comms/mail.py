"""A message as an Internet mail: plain text and simple HTML, the same bytes however often it is sent."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from services.comms.addresses import mail_address, one_line
from services.comms.model import LINK, Message
from services.comms.settings import sender_address

# Servers without 8BITMIME still exist, and 7-bit parts pass them all.
_POLICY = SMTP.clone(cte_type="7bit")


class MailRefused(Exception):  # noqa: N818 -- the verdict itself
    """This mail will never be taken: the recipient or the content is refused."""


class RecipientRefused(MailRefused):
    """The address itself is refused, so the next mail to it would be too."""


class MailDeferred(Exception):  # noqa: N818 -- the verdict itself
    """This mail wasn't taken now; later it may be."""


def compose(message: Message, *, sender: str) -> EmailMessage:
    """`message` as a mail from `sender` ("Name <address>" or an address).

    Raises:
        RecipientRefused: when its address can't be one.
    """
    recipient = mail_address(message.address or "", message.addressee or "")
    if recipient is None:
        raise RecipientRefused("the contact's address is no mail address")
    mail = EmailMessage(policy=_POLICY)
    mail.set_content(message.text.replace(LINK, message.link or ""))
    mail.add_alternative(as_html(message), subtype="html")
    mail.set_boundary(f"={message.id.hex}=")
    mail["From"] = sender_address(sender)
    mail["To"] = recipient
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = format_datetime(message.queued_at)
    mail["Message-ID"] = f"<{message.id}@{sender_address(sender).domain}>"
    mail["Content-Language"] = message.language
    mail["Auto-Submitted"] = "auto-generated"
    return mail


def as_html(message: Message) -> str:
    """The text's paragraphs as HTML; whatever a name contains, it stays text."""
    address = escape(message.link or "")
    text = escape(message.text.strip()).replace(LINK, f'<a href="{address}">{address}</a>')
    paragraphs = [block.replace("\n", "<br>\n") for block in text.split("\n\n")]
    body = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    title = escape(one_line(message.subject))
    return (
        f'<!doctype html>\n<html lang="{escape(message.language)}">\n'
        f'<head><meta charset="utf-8"><title>{title}</title></head>\n<body>\n{body}\n</body>\n</html>\n'
    )

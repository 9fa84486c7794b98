"""A message's life."""

from datetime import timedelta

import pytest

from services.comms.model import GIVE_UP, LONGEST_RETRY, NotAnInboxItem, NotDelivered
from tests.comms.letters import a_mail, a_welcome
from tests.members import NOW


def test_an_inbox_item_is_read_once() -> None:
    item = a_welcome().for_inbox(NOW)
    item.deliver(NOW)
    item.read(NOW)
    item.read(NOW + timedelta(hours=1))
    assert item.state == "read"
    assert [step.step for step in item.timeline] == ["queued", "delivered", "read"]


def test_only_what_was_delivered_to_an_inbox_can_be_read() -> None:
    with pytest.raises(NotAnInboxItem):
        a_mail().read(NOW)
    with pytest.raises(NotDelivered):
        a_welcome().for_inbox(NOW).read(NOW)


def test_a_deferred_mail_is_tried_less_and_less_often_and_then_given_up() -> None:
    mail, now, waits = a_mail(), NOW, []
    while mail.state == "queued":
        mail.defer(now, "451 later")
        waits.append(mail.next_attempt_at - now)
        now = mail.next_attempt_at
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert max(waits) == LONGEST_RETRY
    assert mail.state == "failed"
    assert mail.timeline[-1].detail == "given up: 451 later"
    assert mail.timeline[-1].at - NOW >= GIVE_UP

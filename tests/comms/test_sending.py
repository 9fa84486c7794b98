"""The sender's transaction while the mail server takes its time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select

from services.comms.model import Message
from services.comms.service import CommsService
from services.comms.settings import Settings
from shared.database import Bounds, connect, transaction
from shared.schedule import Turn
from tests.comms.letters import due_mail
from tests.mail_server import MailServer, mail_server
from tests.waiting import eventually

QUICK = Bounds(statement=0.5)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database that is soon tired of us."""
    engine = connect(database_url, bounds=QUICK)
    yield engine
    engine.dispose()


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as mails:
        yield mails


def settings(mails: MailServer) -> Settings:
    return Settings(
        service="comms",
        database_url="",
        amqp_uri="",
        http_host="",
        http_port=0,
        jwks="",
        token_issuer="",
        token_audience="",
        link_secret="",
        public_url="",
        smtp_url=mails.url,
        mail_from="Secretaría <secretaria@federacion.invalid>",
    )


def states(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        return list(session.scalars(select(Message.state).where(Message.channel == "email")))


def test_a_mail_server_that_takes_its_time_is_outwaited_and_costs_no_second_copy(
    engine: Engine, mails: MailServer
) -> None:
    """Trap: the database ends a transaction that is silent for long, and then nobody knows that the mail went out."""
    due_mail(engine)
    mails.stalled = True
    turn = Turn(engine=engine, settings=settings(mails), stopping=lambda: False)
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(CommsService().send_mails, turn)
        eventually(lambda: mails.mails)
        ends = time.monotonic() + QUICK.silence + 0.5
        eventually(lambda: time.monotonic() > ends, within=5)
        mails.stalled = False
        sending.result()
    assert states(engine) == ["delivered"]
    assert len(mails.mails) == 1

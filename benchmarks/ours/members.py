"""A service with one route: validate a member, write it and publish it, commit."""

import os

from shared import run
from shared.settings import Settings


def load() -> type:
    from uuid import UUID, uuid4

    from marshmallow import Schema, fields, validate
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    from shared.contracts.membership import MemberUpdated
    from shared.http.call import Call
    from shared.http.routing import route
    from shared.messaging.outbox import publish

    class Base(DeclarativeBase):
        pass

    class Member(Base):
        __tablename__ = "members"
        member_id: Mapped[UUID] = mapped_column(primary_key=True)
        name: Mapped[str]
        country: Mapped[str]
        standing: Mapped[str]

    class MemberRequest(Schema):
        name = fields.String(required=True, validate=validate.Length(1, 200))
        country = fields.String(required=True, validate=validate.Regexp("^[A-Z]{2}$"))
        standing = fields.String(required=True, validate=validate.OneOf(["current", "grace", "suspended"]))

    class MemberResponse(MemberRequest):
        member_id = fields.UUID()

    class MembersService:
        name = "membership"

        @route("POST", "/v1/members", scope="membership:write", body=MemberRequest, returns=MemberResponse, status=201)
        def keep_member(self, call: Call) -> Member:
            member = Member(member_id=uuid4(), **call.body)
            call.session.add(member)
            state = {"organization_id": member.member_id, "sectors": (), "category": "full", "language": "es"}
            publish(call.session, MemberUpdated(member_id=member.member_id, **call.body, **state), at=call.now)
            return member

    return MembersService


settings = Settings.from_env("membership", os.environ)
run.work(load, settings, run.listen(settings.http_host, settings.http_port))

"""FastAPI and SQLAlchemy: validate a member, write it and its outbox row, commit."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Identity, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(os.environ["DATABASE_URL"], pool_size=16)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    print("peer is ready", flush=True)
    yield


app = FastAPI(lifespan=lifespan)


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    member_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    country: Mapped[str]
    standing: Mapped[str]


class Outbox(Base):
    __tablename__ = "peer_outbox"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(default=uuid4)
    topic: Mapped[str]
    body: Mapped[str]


class MemberRequest(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    country: str = Field(pattern="^[A-Z]{2}$")
    standing: Literal["current", "grace", "suspended"]


class MemberResponse(MemberRequest):
    member_id: UUID


@app.post("/v1/members", status_code=201)
def keep_member(request: MemberRequest) -> MemberResponse:
    member = Member(member_id=uuid4(), **request.model_dump())
    body = {"time": datetime.now(UTC).isoformat(), "data": request.model_dump()}
    with Session(engine, expire_on_commit=False) as session, session.begin():
        session.add(member)
        session.add(Outbox(topic="bench.member", body=json.dumps(body)))
    return MemberResponse(member_id=member.member_id, **request.model_dump())


uvicorn.run(app, host="127.0.0.1", port=int(os.environ["HTTP_PORT"]), log_level="warning")

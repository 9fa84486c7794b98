"""FastStream: ten events at once on asyncio, inbox row and commit per event."""

import asyncio
import os

from effect import KEEP, REMEMBER
from faststream import FastStream
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue
from sqlalchemy.ext.asyncio import create_async_engine

AT_ONCE = 10
engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=AT_ONCE)
broker = RabbitBroker(os.environ["AMQP_URI"], default_channel=Channel(prefetch_count=AT_ONCE), logger=None)
app = FastStream(broker, logger=None)
members = RabbitQueue("faststream.member", durable=True, routing_key="member")
events = RabbitExchange("bench.events", type=ExchangeType.TOPIC, durable=True)


@broker.subscriber(members, events)
async def keep_member(event: dict) -> None:
    async with engine.begin() as connection:
        if (await connection.execute(REMEMBER, {"id": event["id"]})).first():
            await connection.execute(KEEP, event["data"])


@app.after_startup
async def ready() -> None:
    print("peer is ready", flush=True)


asyncio.run(app.run())

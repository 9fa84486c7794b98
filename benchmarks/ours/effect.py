"""What our handlers do to the database: the same statement as the peers', once per event or once for many."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.messaging.wire import Delivery

KEEP = text("""
    INSERT INTO members (member_id, name, country, standing, kept_at)
    VALUES (:member_id, :name, :country, :standing, clock_timestamp())
    ON CONFLICT (member_id) DO UPDATE SET name = excluded.name, country = excluded.country,
        standing = excluded.standing, kept_at = excluded.kept_at, changes = members.changes + 1
""")

KEEP_MANY = text("""
    INSERT INTO members (member_id, name, country, standing, changes)
    SELECT member_id, (array_agg(name ORDER BY place DESC))[1], (array_agg(country ORDER BY place DESC))[1],
        (array_agg(standing ORDER BY place DESC))[1], count(*)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:countries AS text[]), CAST(:standings AS text[]))
        WITH ORDINALITY AS change (member_id, name, country, standing, place)
    GROUP BY member_id
    ON CONFLICT (member_id) DO UPDATE SET name = excluded.name, country = excluded.country,
        standing = excluded.standing, changes = members.changes + excluded.changes
""")


def keep(session: Session, delivery: Delivery) -> None:
    event = delivery.event
    values = {"member_id": event.member_id, "name": event.name, "country": event.country, "standing": event.standing}
    session.execute(KEEP, values)


def keep_many(session: Session, deliveries: list[Delivery]) -> None:
    events = [delivery.event for delivery in deliveries]
    values = {
        "ids": [event.member_id for event in events],
        "names": [event.name for event in events],
        "countries": [event.country for event in events],
        "standings": [event.standing for event in events],
    }
    session.execute(KEEP_MANY, values)

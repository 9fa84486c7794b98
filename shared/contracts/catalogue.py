"""All events there are, by publisher and by CloudEvents type."""

from shared.contracts import Event, comms, events, funding, membership

BY_PUBLISHER: dict[str, tuple[type[Event], ...]] = {
    "membership": membership.EVENTS,
    "funding": funding.EVENTS,
    "events": events.EVENTS,
    "comms": comms.EVENTS,
}

BY_TYPE: dict[str, type[Event]] = {event.type_name(): event for group in BY_PUBLISHER.values() for event in group}

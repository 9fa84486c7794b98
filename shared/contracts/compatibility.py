"""What may change within a major version, and what needs the next one.

Readers and publishers are released one by one and events are kept for years, so every edition of a version must be
readable by every other: old events by new readers, new events by old readers. What remains allowed is a new field
that may be absent. Values of an enumeration are closed in both directions, since a reader refuses a value it does not
know; a field whose values will grow is declared as plain text.
"""

from shared.contracts.schemas import Schema

_FIXED = {
    "x-type": "type",
    "x-topic": "topic",
    "x-version": "version",
    "x-visibility": "visibility",
    "x-subject": "subject",
}
_ANNOTATIONS = {"title", "description", "examples"}


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why readers or recorded events of `old` would not survive `new`, a sentence each; empty when all would."""
    return [*_fixed(old, new), *_fields(old, new), *_required(old, new)]


def _fixed(old: Schema, new: Schema) -> list[str]:
    return [f"{word} changed from {old[key]} to {new[key]}" for key, word in _FIXED.items() if old[key] != new[key]]


def _fields(old: Schema, new: Schema) -> list[str]:
    found = []
    for name, was in old["properties"].items():
        if name not in new["properties"]:
            found.append(f"field {name} was removed or renamed")
        elif why := _changed(_shape(was), _shape(new["properties"][name])):
            found.append(f"field {name}: {why}")
    return found


def _changed(was: Schema, now: Schema) -> str | None:
    if was == now:
        return None
    if "enum" in was and "enum" in now:
        lost, gained = set(was["enum"]) - set(now["enum"]), set(now["enum"]) - set(was["enum"])
        if lost:
            return f"old events may carry {sorted(lost)}, which is no longer allowed"
        if gained:
            return f"old readers refuse the new value {sorted(gained)}"
    if was.get("default") != now.get("default"):
        return f"default changed from {was.get('default')!r} to {now.get('default')!r}"
    return f"type changed from {was} to {now}"


def _required(old: Schema, new: Schema) -> list[str]:
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    tightened = [f"field {name} is required, but old events may lack it" for name in sorted(after - before)]
    loosened = (before - after) & set(new["properties"])
    return [*tightened, *(f"field {name} may be absent, but old readers need it" for name in sorted(loosened))]


def _shape(field: Schema) -> Schema:
    return {key: value for key, value in field.items() if key not in _ANNOTATIONS}

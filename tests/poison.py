"""Bodies no subscription can read."""

from tests.samples import admitted

POISON = {
    "not JSON": b"\x00\xff not json",
    "no CloudEvent": b'{"hello": "world"}',
    "empty": b"",
    "unknown type": admitted().body.replace(b"member.admitted.v1", b"member.invented.v1"),
    "unknown version": admitted().body.replace(b"member.admitted.v1", b"member.admitted.v9"),
    "wrong data": admitted().body.replace(b'"country":"AR"', b'"country":7'),
    "wrong id": admitted().body.replace(b'"id":"', b'"id":"x'),
    "too deep": b"[" * 100_000,
    "large": b"x" * 10_000_000,
}

"""The body, read whole and bounded."""

import hashlib
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from eventlet.wsgi import ChunkReadError

from shared.http.problems import BadRequest, ContentTooLarge
from shared.http.request import HttpRequest, Upload

_DRAINED = 16 * 1024 * 1024
"""How much of a body that is too large is still read, so that its sender gets to see why it was refused."""

_STEP = 64 * 1024
_IN_MEMORY = 1024 * 1024
"""What is larger waits on disk."""


def read_body(request: HttpRequest, limit: int) -> bytes:
    """The whole body.

    Raises:
        ContentTooLarge: more than `limit` bytes; the connection ends with the answer.
        BadRequest: it ended early, or its chunks are broken.
    """
    stream = request.environ["wsgi.input"]
    expected = request.content_length
    if not expected and not stream.chunked_input:
        return b""
    if expected is not None and expected > limit:
        raise _too_large(request, limit, already=0)
    try:
        body = _read(stream, limit)
    except (ChunkReadError, OSError) as error:
        raise _broken(request) from error
    if len(body) > limit:
        raise _too_large(request, limit, already=len(body))
    if expected is not None and len(body) < expected:
        raise _broken(request)
    return body


def read_upload(request: HttpRequest, limit: int) -> Upload:
    """The whole body as a file, piece by piece, so that a large one takes no memory; whoever calls closes it.

    Raises:
        ContentTooLarge, BadRequest: as read_body.
    """
    expected = request.content_length
    if expected is not None and expected > limit:
        raise _too_large(request, limit, already=0)
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 -- it outlives this function
    try:
        return _read_into(cast("BinaryIO", file), request, limit)
    except BaseException:
        file.close()
        raise


def _read_into(file: BinaryIO, request: HttpRequest, limit: int) -> Upload:
    stream, expected = request.environ["wsgi.input"], request.content_length
    digest, size = hashlib.sha256(), 0
    try:
        while (expected or stream.chunked_input) and size <= limit and (part := stream.read(_STEP)):
            file.write(part)
            digest.update(part)
            size += len(part)
    except (ChunkReadError, OSError) as error:
        raise _broken(request) from error
    if size > limit:
        raise _too_large(request, limit, already=size)
    if size < (expected or 0):
        raise _broken(request)
    file.seek(0)
    return Upload(file=file, size=size, sha256=digest.hexdigest())


def leave_unread(request: HttpRequest) -> None:
    """Somebody is refused before their body is read: the connection ends with the answer."""
    connection, stream = request.environ["intercoop.connection"], request.environ["wsgi.input"]
    connection.close_connection = 1
    if not stream.should_send_hundred_continue:
        _drain(stream, 0)


def _read(stream: Any, limit: int) -> bytes:
    if not stream.chunked_input:
        return bytes(stream.read())
    parts, size = [], 0
    while size <= limit and (part := stream.read(_STEP)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _too_large(request: HttpRequest, limit: int, *, already: int) -> ContentTooLarge:
    connection, stream = request.environ["intercoop.connection"], request.environ["wsgi.input"]
    connection.close_connection = 1
    if not stream.should_send_hundred_continue:
        _drain(stream, already)
    return ContentTooLarge(limit=limit)


def _drain(stream: Any, already: int) -> None:
    try:
        while already < _DRAINED and (part := stream.read(_STEP)):
            already += len(part)
    except (ChunkReadError, OSError):
        return  # the sender is gone or talks nonsense; the connection ends anyway


def _broken(request: HttpRequest) -> BadRequest:
    request.environ["intercoop.connection"].close_connection = 1
    return BadRequest()

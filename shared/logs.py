"""Logs: one JSON object per line on standard output, without personal data or credentials.

A line is written with `logging.getLogger("intercoop.…").info("what happened", extra={"field": value})`.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One line per record: time, level, service, logger, message, then whatever `extra` gave."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[1]:
            line["error"] = _described(record.exc_info[1])
            line["stack"] = _frames(record.exc_info[1])
        return msgspec.json.encode(line, enc_hook=str).decode()


def configure(service: str, *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send everything logged in this process to `stream` (standard output) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # nameko reports the failures of entrypoints at ERROR, and expected ones at WARNING; routes report their own.
    logging.getLogger("nameko").setLevel(logging.ERROR)


def _described(error: BaseException) -> str:
    """Type and first line: the rest of a database's message may quote the row."""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def _frames(error: BaseException) -> list[str]:
    """Where it went wrong, innermost last, through the causes."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    cause = error.__cause__ or error.__context__
    return [*_frames(cause), f"then {_described(error)}", *frames] if cause else frames

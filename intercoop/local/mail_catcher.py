"""A mail server that delivers nowhere: each mail becomes a file in a folder."""

import asyncio
import signal
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from intercoop.local.ports import HOST
from shared.ids import uuid7


class Catcher:
    """Stores each mail whole, under a name that sorts by time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        name = str(uuid7())
        half = self.folder / f"{name}.new"
        content = envelope.original_content or b""
        recipients = ", ".join(envelope.rcpt_tos)
        half.write_bytes(f"X-Envelope-To: {recipients}\r\n".encode() + content)
        half.rename(self.folder / f"{name}.eml")
        return f"250 kept as {name}"


async def catch(folder: Path, port: int, host: str = HOST) -> None:
    """Take mails into an existing folder, until SIGTERM."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Catcher(folder), enable_SMTPUTF8=True, loop=loop), host, port)
    done = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    await done.wait()
    server.close()


def main(folder: str, port: str, host: str = HOST) -> None:
    """Serve until SIGTERM."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    asyncio.run(catch(Path(folder), int(port), host))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The mails the local mail catcher holds."""

import json
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from intercoop.instance import Instance


@click.command
@click.argument("number", type=int, required=False)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object, or a list of them")
def command(*, number: int | None, as_json: bool) -> None:
    """List the mails, newest first, or show the one with NUMBER, decoded."""
    mails = [_describe(path) for path in _files()]
    if number is None:
        click.echo(json.dumps([_headers(mail) for mail in mails])) if as_json else _print_list(mails)
        return
    if not 1 <= number <= len(mails):
        raise click.ClickException(f"there is no mail {number}; there are {len(mails)}")
    mail = mails[number - 1]
    click.echo(json.dumps(mail) if as_json else _readable(mail))


def _files() -> list[Path]:
    """Names sort by time."""
    folder = Instance.load().mail
    if not folder:
        raise click.ClickException("no mail catcher here: mails go to the server SMTP_URL names")
    return sorted(Path(folder).glob("*.eml"), reverse=True)


def _describe(path: Path) -> dict[str, object]:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    received = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return {
        "file": str(path),
        "received": received.isoformat(timespec="seconds"),
        "from": str(mail["From"] or ""),
        "to": str(mail["X-Envelope-To"] or mail["To"] or ""),
        "subject": str(mail["Subject"] or ""),
        "language": str(mail["Content-Language"] or ""),
        "text": _text(mail, "plain"),
        "html": _text(mail, "html"),
        "attachments": [part.get_filename() or part.get_content_type() for part in mail.iter_attachments()],
    }


def _text(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _headers(mail: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in mail.items() if name not in {"text", "html"}}


def _print_list(mails: list[dict[str, object]]) -> None:
    if not mails:
        click.echo("no mails yet")
        return
    table = Table("no.", "received", "to", "subject", box=None)
    for number, mail in enumerate(mails, start=1):
        table.add_row(str(number), str(mail["received"]), str(mail["to"]), str(mail["subject"]))
    Console().print(table)


def _readable(mail: dict[str, object]) -> str:
    names = ("from", "to", "subject", "received")
    return "\n".join([*(f"{name.capitalize()}: {mail[name]}" for name in names), "", str(mail["text"] or mail["html"])])

"""A token for the local set-up."""

import json
import re
from datetime import timedelta

import click

from intercoop.instance import STAFF_SCOPES, Instance

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A length of time such as 30m, 12h or 7d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is no duration; write 30m, 12h or 7d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.command
@click.option("--scope", "scopes", multiple=True, help="e.g. membership:read; left out: all the staff has")
@click.option("--subject", default="staff@localhost", show_default=True, help="who it stands for")
@click.option("--role", "roles", multiple=True, help="what the person is in the organisation")
@click.option("--ttl", type=Duration(), default="12h", show_default=True, help="how long it is valid")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(*, scopes: tuple[str, ...], subject: str, roles: tuple[str, ...], ttl: timedelta, as_json: bool) -> None:
    """Sign a bearer token with this instance's own key.

    --scope and --role may be given several times, and --scope takes several with commas between them.
    """
    granted = tuple(scope for given in scopes for scope in given.replace(",", " ").split()) or STAFF_SCOPES
    token = Instance.load().token(scopes=granted, subject=subject, roles=roles, lifetime=ttl)
    if as_json:
        claims = {"subject": subject, "scopes": granted, "roles": roles, "seconds": int(ttl.total_seconds())}
        click.echo(json.dumps({"token": token, **claims}))
    else:
        click.echo(token)

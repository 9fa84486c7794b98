"""Check the installation."""

import json
import os
from dataclasses import asdict

import click

from intercoop.instance import home
from intercoop.local.examination import Finding, examine
from intercoop.local.plan import BadPortBase, Plan


@click.command
@click.option("--json", "as_json", is_flag=True, help="print a list of objects")
def command(*, as_json: bool) -> None:
    """Look at everything the system needs on this machine, one line each; exits 1 when something is wrong."""
    try:
        findings = examine(Plan(home(), dict(os.environ)))
    except BadPortBase as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.echo(_line(finding))
    raise SystemExit(0 if all(finding.ok for finding in findings) else 1)


def _line(finding: Finding) -> str:
    line = f"{'ok' if finding.ok else 'WRONG':<6} {finding.name:<10} {finding.seen}"
    return line if finding.ok else f"{line}\n{'':<18}to put it right: {finding.fix}"

"""The command line. Each command lives in a module of its own and is imported when it is called."""

import warnings
from importlib import import_module

import click

from shared.garbage import nothing_to_collect

# Commands that look at the services import nameko, whose eventlet announces its maintenance mode; see docs/decisions.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

COMMANDS = {
    "up": "start everything: database, broker, four services and their relays",
    "down": "stop what `up` started",
    "status": "addresses, processes, depths and ages",
    "serve": "run one service",
    "relay": "run one service's relay",
    "migrate": "bring the databases up to date",
    "token": "a token for the local set-up",
    "demo": "win a member and watch the other services act on it",
    "import": "take files in, with a report per row",
    "dedupe": "measure how duplicates are found, or list those of a register's file",
    "mail": "the mails the local mail catcher holds",
    "tail": "the event streams as an integrator sees them",
    "trigger": "publish a sandbox event",
    "dead-letters": "list, show, redrive or discard what could not be handled",
    "replay": "rebuild a subscription from its publisher's stream",
    "audit": "compare outboxes, streams, inboxes and dead letters of all services",
    "doctor": "check the installation",
    "bench": "measure against the peers",
}


def _module(name: str) -> str:
    """`import` is a word of the language, so its module is import_."""
    return {"import": "import_"}.get(name, name.replace("-", "_"))


class LazyGroup(click.Group):
    """Imports a command's module only when it is needed: `serve` must patch the standard library before anything."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with nothing_to_collect():
            command = import_module(f"intercoop.commands.{_module(cmd_name)}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup)
@click.version_option(package_name="intercoop")
def main() -> None:
    """Run, watch and repair the services of a federation of cooperatives."""

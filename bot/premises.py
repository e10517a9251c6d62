"""What must be there before a desk can run: its store, its data folder for itself, its signing key, its ports."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
from pathlib import Path
from typing import Final

from bot import clock
from bot.config import Config, Web
from bot.errors import ConfigError, StoreError
from bot.store import migrate
from bot.store.engine import Store

_SHORTEST_KEY: Final = 32


def open_store(config: Config, now: clock.Clock = clock.now) -> Store:
    """The store that the configuration names, not yet opened. Raises ``ConfigError``."""
    section = config.store
    if not config.store_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError(
            "store.url: write postgresql://USER:PASSWORD@HOST/NAME, or leave it empty for SQLite"
        )
    return Store(config.store_url, writers=section.writers, batch=section.batch, now=now)


def see_free(web: Web) -> None:
    """A port that is taken is told at the start, and not again and again later. Raises ``ConfigError``."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        socket.create_server((web.host, web.port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"web.host, web.port: cannot listen on {web.host}:{web.port} ({os.strerror(error.errno or 0)}): stop what listens "
            "there, or set web.port to another"
        ) from None


def prepare_store(store: Store) -> None:
    """See that the tables are there. The embedded database is upgraded; a shared one only on command.

    Raises ``StoreError`` with what to do.
    """
    if migrate.is_current(store):
        return
    if not store.embedded:
        raise StoreError("the database is not up to date: run `deskbot db upgrade` once, then start again")
    if migrate.version(store) is None:
        migrate.create(store)
        return
    migrate.upgrade_elsewhere(store.url.render_as_string(hide_password=False))


def take_lock(folder: Path) -> int:
    """Have the data folder to ourselves: SQLite serves one process. Returns the lock, held while it is open.

    Raises ``ConfigError``.
    """
    handle = os.open(folder / "deskbot.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ConfigError(
            f"another Deskbot runs on {folder}: stop it first, or use PostgreSQL (store.url) to share the work"
        ) from None
    return handle


def signing_key(config: Config, *, embedded: bool) -> bytes:
    """What references and links are signed with. Raises ``ConfigError``."""
    given = config.desk.secret.get_secret_value()
    if given:
        return given.encode()
    if not embedded:
        raise ConfigError(
            "desk.secret: several processes must sign alike; write the output of `openssl rand -hex 32` into a "
            "file and name it in desk.secret_file"
        )
    path = config.desk.data / "secret.key"
    config.desk.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make_key(path)
    key = path.read_bytes().strip()
    if len(key) < _SHORTEST_KEY:
        raise ConfigError(
            f"{path} is damaged: put back a copy of it, or remove it, and a new one is made; answers to mail that "
            "was sent until now then open new tickets"
        )
    return key


def _make_key(path: Path) -> None:
    """Wholly or not at all, whoever else makes one: an empty key would sign what anybody could forge."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

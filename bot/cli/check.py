"""``deskbot check``: the configuration has been read; now try each door, and say what to do."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
from pydantic import SecretStr

from bot import clock
from bot.app import App
from bot.config import Config
from bot.desk import sla
from bot.errors import ChannelError, ConfigError, DeskbotError, StoreUnavailable
from bot.premises import open_store
from bot.store import migrate


@click.command("check")
@click.pass_obj
def command(config: Config) -> None:
    """Try everything that the configuration names. Exit status 1 when something needs doing."""
    failed = False
    for name, trial in _trials(config):
        try:
            words, mark = trial(config), "ok  "
        except DeskbotError as error:
            words, mark, failed = str(error), "FAIL", True
        except OSError as error:
            words, mark, failed = f"{error.filename}: {error.strerror}", "FAIL", True
        click.echo(f"{mark}  {name:10} {words}")
    if failed:
        raise SystemExit(1)


Trial = Callable[[Config], str]


def _trials(config: Config) -> Iterator[tuple[str, Trial]]:
    yield "promises", _promises
    yield "templates", _templates
    yield "database", _database
    if config.smtp.enabled:
        yield "smtp", _smtp
    for name, box in config.imap.items():
        if box.enabled:
            yield f"imap.{name}", partial(_mailbox, name)
    for name, bot in config.telegram.items():
        if bot.enabled:
            yield f"telegram.{name}", partial(_telegram, name)
    for name, workspace in config.slack.items():
        if workspace.enabled:
            yield f"slack.{name}", partial(_slack, name)
    yield "mail out", _mail_out
    if config.agents:
        yield "agents", _agents
    if config.web.enabled:
        yield "web", _web
    yield "links", _links


def _promises(config: Config) -> str:
    calendar = sla.Calendar.from_config(config.calendar, config.calendar_zone)
    for name, priority in config.priorities.items():
        try:
            sla.promise(priority, clock.now(), calendar)
        except DeskbotError as error:
            raise ConfigError(f"priorities.{name}: {error}") from None
    return f"{len(config.priorities)} priorities, each has a moment to promise"


def _templates(config: Config) -> str:
    from bot.cli.templates import faults

    found = faults(config)
    if found:
        raise ConfigError(f"{len(found)} faults: `deskbot templates check` tells them; first: {found[0]}")
    return "complete in all languages"


def _agents(config: Config) -> str:
    active = [agent for agent in config.agents.values() if agent.active]
    unproved = not config.senders.trusted and config.senders.check == "off"
    if unproved and not all(agent.chats for agent in active):
        raise ConfigError(
            "nothing proves their mail, so none has any power by mail: set senders.trusted or senders.check"
        )
    if not any(config.tickets.queue in agent.teams for agent in active):
        raise ConfigError(f"nobody is in {config.tickets.queue}, where new tickets go: see agents.NAME.teams")
    if unproved:
        return f"{len(active)}, who work in chats: nothing proves their mail, so by mail they have no power"
    proved = ", ".join(config.senders.trusted) or "our own check"
    return f"{len(active)}, proved by {proved}"


def _database(config: Config) -> str:
    store = open_store(config)
    try:
        if store.embedded and not (config.desk.data / "deskbot.db").exists():
            return "will be made at the first start"
        if not migrate.is_current(store):
            raise ConfigError("not up to date: run `deskbot db upgrade`")
        return f"reachable, at version {migrate.version(store)}"
    except StoreUnavailable as error:
        raise ConfigError(f"is it running, and is store.url right? ({error})") from None
    finally:
        store.close()


def _smtp(config: Config) -> str:
    smtp = config.smtp
    with _port_free(smtp.host, smtp.port, "smtp.port", may_be_ours=_may_run(config)) as words:
        return words


def _web(config: Config) -> str:
    with _port_free(config.web.host, config.web.port, "web.port", may_be_ours=_may_run(config)) as words:
        return words


def _links(config: Config) -> str:
    base = config.desk.base_url
    if not config.web.enabled:
        return "those in messages lead nowhere: nothing serves the pages, see web.enabled"
    host = urlsplit(base).hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return f"begin with {base}, which leads nowhere but on this machine: set desk.base_url"
    return f"begin with {base}"


def _may_run(config: Config) -> bool:
    """Whether this desk may be running here. With SQLite it holds the lock of its data folder."""
    if not config.store_url.startswith("sqlite"):
        return True
    try:
        handle = os.open(config.desk.data / "deskbot.lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _mailbox(name: str, config: Config) -> str:
    from bot.cli.mail_source import opened_session

    box = config.imap[name]
    with opened_session(config, name) as session:
        session.select(readonly=True)
        waiting = len(session.uids_after(0))
        after = "moved" if box.after == "move" and session.moves else "marked as seen where it is"
        told = "announced" if session.idles else f"looked for every {box.poll.total_seconds():.0f} s"
        return (
            f"{box.host}:{box.port} lets us in; {waiting} mails in {box.folder}; mail is {told}, and {after}"
        )


def _telegram(name: str, config: Config) -> str:
    from bot.channels.telegram_bots import check

    return asyncio.run(check(config, name))


def _slack(name: str, config: Config) -> str:
    from bot.channels.slack_check import check

    said = (place.partition(":") for team in config.teams.values() for place in team.rooms)
    rooms = [channel for door, _, channel in said if door == name]
    return asyncio.run(check(name, config.slack[name], rooms))


def _mail_out(config: Config) -> str:
    async def trial(app: App) -> None:
        try:
            await app.mail.sender.check()
        finally:
            await app.close()

    relay = config.relay
    folder = relay.maildir or config.desk.data / "outbox"
    if not relay.host and not folder.exists():
        return _will_be_made(folder)
    _await(trial(App(_with_some_key(config))))
    return f"{relay.host}:{relay.port} takes our mail" if relay.host else "the Maildir can be written"


def _will_be_made(folder: Path) -> str:
    """Looking leaves nothing behind: the folder is the first start's to make. Raises ``ConfigError``."""
    there = next(one for one in folder.absolute().parents if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(
            f"the Maildir {folder} cannot be made in {there}: check relay.maildir and desk.data"
        )
    return f"the Maildir {folder} will be made at the first start"


def _with_some_key(config: Config) -> Config:
    """Nothing is signed here, and no key is made for it."""
    if config.desk.secret.get_secret_value():
        return config
    desk = config.desk.model_copy(update={"secret": SecretStr(secrets.token_hex(32))})
    return config.model_copy(update={"desk": desk})


def _await(work: Awaitable[None]) -> None:
    async def run() -> None:
        await work

    asyncio.run(run())


@contextmanager
def _port_free(host: str, port: int, key: str, *, may_be_ours: bool) -> Iterator[str]:
    """A port that is taken may be ours: a running Deskbot is no fault."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            yield f"{host}:{port} is free"
    except OSError as error:
        if may_be_ours and _answers(host, port):
            yield f"{host}:{port} is in use: by this desk if it is running, else choose another {key}"
        else:
            raise ChannelError(
                f"cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}): choose another {key}"
            ) from None


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False

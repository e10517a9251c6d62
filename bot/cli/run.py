"""``deskbot run``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from shutil import which
from typing import TYPE_CHECKING

import click
import uvloop

from bot import log
from bot.config import Config

if TYPE_CHECKING:
    from bot.app import App


@click.command("run")
@click.option("--only", help="Do only these: smtp, imap, intake, delivery, timers, web (with commas).")
@click.pass_obj
def command(config: Config, only: str | None) -> None:
    """Run the desk until SIGTERM or Ctrl-C; what is in hand is finished within 10 s."""
    from bot.app import ROLES

    roles = ROLES if only is None else tuple(role.strip() for role in only.split(",") if role.strip())
    if not roles or (unknown := set(roles) - set(ROLES)):
        wrong = ", ".join(sorted(unknown)) if roles else "--only names nothing"
        raise click.BadParameter(f"{wrong}: write some of {', '.join(ROLES)}")
    log.configure(config.log.level)
    log.register_secrets(config)
    uvloop.run(_serve(config, roles))


async def _serve(config: Config, roles: tuple[str, ...]) -> None:
    from bot.app import App

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = App(config, roles)
    try:
        await app.open()
        _welcome(app)
        await app.run(stop)
    finally:
        await app.close()


def _welcome(app: App) -> None:
    """What a newcomer needs to know. To a terminal only: a service's log wants JSON lines and nothing else."""
    if not sys.stderr.isatty():
        return
    config, smtp = app.config, app.config.smtp
    program = "deskbot" if which("deskbot") else os.path.relpath(sys.argv[0])
    lines = [f"Deskbot is running for {config.desk.address}."]
    if "smtp" in app.roles and smtp.enabled:
        lines += [
            "",
            "Try it from another terminal:",
            f'    {program} try "My printer is on fire"',
            f"or  swaks --server {smtp.host}:{app.mail.door.port} --from you@{config.desk.domain}"
            f' --to {config.desk.address} --body "My printer is on fire"',
            "",
            "See what became of it:",
            f"    {program} tickets list      {program} tickets show {config.desk.prefix}-1",
        ]
    if not config.relay.host:
        folder = config.relay.maildir or config.desk.data / "outbox"
        lines += ["", f"No relay is configured: mail goes into the Maildir {folder}."]
    lines += ["", "Stop it with Ctrl-C."]
    click.echo("\n".join(lines), err=True)

"""The ``deskbot`` program."""

from __future__ import annotations

from pathlib import Path

import click

from bot import __version__
from bot.cli.lazy import LazyGroup
from bot.config import load
from bot.errors import DeskbotError, StoreUnavailable

_COMMANDS = {
    "run": ("bot.cli.run", "Run the desk until it is told to stop."),
    "try": ("bot.cli.try_it", "Send a mail to the running desk and show its answer."),
    "check": ("bot.cli.check", "Try the configuration and every door, and say what to do."),
    "tickets": ("bot.cli.tickets", "Look at tickets: list, show, why."),
    "people": ("bot.cli.people", "People whom the desk knows: import, list, show, export, erase."),
    "inbox": ("bot.cli.inbox", "Look at what doors accepted: list, show, retry, drop."),
    "outbox": ("bot.cli.outbox", "Look at what goes out: list, retry, hold."),
    "import": ("bot.cli.import_", "Bring in old mail, without telling anybody."),
    "rules": ("bot.cli.rules", "Try how requests are read: test, list."),
    "rehearse": ("bot.cli.rehearse", "Tell what would become of mail, changing and sending nothing."),
    "simulate": ("bot.cli.simulate", "Play a day of a busy desk in a minute, on made-up mail."),
    "templates": ("bot.cli.templates", "Look at what the desk writes: list, check, preview."),
    "slack": ("bot.cli.slack", "Make the app in Slack: manifest."),
    "db": ("bot.cli.db", "The database: version, upgrade."),
    "hash-password": ("bot.cli.passwords", "Make a hash for [smtp.accounts]."),
}


@click.group(cls=LazyGroup, commands=_COMMANDS)
@click.option(
    "--config", "path", type=click.Path(path_type=Path), help="The configuration; default: config.toml."
)
@click.version_option(__version__, prog_name="deskbot")
@click.pass_context
def cli(context: click.Context, path: Path | None) -> None:
    """A helpdesk that lives in the mailbox."""
    if not context.resilient_parsing:
        context.obj = load(path)


def main() -> None:
    """Entry point: errors of ours are told in one line, without a trace."""
    try:
        cli(prog_name="deskbot")
    except StoreUnavailable as error:
        raise SystemExit(
            f"deskbot: the database cannot be used: is it running, and is store.url right? ({error})"
        ) from None
    except OSError as error:
        if error.filename is None:
            raise
        raise SystemExit(f"deskbot: {error.filename}: {error.strerror}") from None
    except DeskbotError as error:
        raise SystemExit(f"deskbot: {error}") from None

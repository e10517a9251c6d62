"""``deskbot db``."""

from __future__ import annotations

import click

from bot.config import Config


@click.group("db")
def command() -> None:
    """The database."""


@command.command("version")
@click.pass_obj
def version(config: Config) -> None:
    """Say at which version the database is."""
    from bot.premises import open_store
    from bot.store import migrate

    store = open_store(config)
    found = migrate.version(store) or "empty"
    click.echo(f"{found} (this Deskbot knows {migrate.known()[-1]})")
    store.close()


@command.command("upgrade")
@click.pass_obj
def upgrade(config: Config) -> None:
    """Bring the database up to date. It happens wholly or not at all."""
    from bot.premises import open_store
    from bot.store import migrate

    config.desk.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = open_store(config)
    migrate.upgrade(store)
    click.echo(f"the database is at version {migrate.version(store)}")
    store.close()

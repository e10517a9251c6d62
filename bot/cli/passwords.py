"""``deskbot hash-password``."""

from __future__ import annotations

import click


@click.command("hash-password")
@click.password_option(help="Asked for when it is not given, which is better.")
def command(password: str) -> None:
    """Print a hash for [smtp.accounts]; the password itself is kept nowhere."""
    from bot.channels.smtp_auth import hash_password

    click.echo(hash_password(password))

"""``deskbot slack``: what is needed to make the app in Slack."""

from __future__ import annotations

import click

from bot.config import Config
from bot.errors import ConfigError


@click.group("slack")
def command() -> None:
    """Make the app in Slack."""


@command.command("manifest")
@click.option(
    "--http", "name", metavar="NAME", help='For [slack.NAME] with mode = "http"; else for a socket.'
)
@click.pass_obj
def show(config: Config, name: str | None) -> None:
    """Print the manifest: paste it at api.slack.com/apps, Create New App, From a manifest."""
    from bot.channels.slack_manifest import written

    if name is None:
        click.echo(written(), nl=False)
        return
    base = config.desk.base_url.rstrip("/")
    if name not in config.slack:
        raise ConfigError(f"slack.{name}: there is no such section")
    if not base.startswith("https://"):
        raise ConfigError("desk.base_url: Slack sends its requests to an https:// address only")
    click.echo(written(f"{base}/slack/{name}"), nl=False)

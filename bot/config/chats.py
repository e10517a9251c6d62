"""The doors of chat programs: workspaces of Slack and bots of Telegram."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, model_validator

from bot.config.kinds import Duration, Section, Words


class Slack(Section):
    """One workspace. Its name in ``[slack.NAME]`` is the channel's."""

    asks_stepwise: ClassVar[bool] = False
    """Whether what a request leaves open is asked one question after the other. Slack has forms."""

    enabled: bool = True
    bot_token: SecretStr = SecretStr("")
    """ "xoxb-…"."""
    app_token: SecretStr = SecretStr("")
    """ "xapp-…": for Socket Mode."""
    signing_secret: SecretStr = SecretStr("")
    """For requests by HTTP."""
    mode: Literal["socket", "http"] = "socket"
    """How events come: over a socket that we open, or to ``/slack/NAME/events`` of the web pages."""
    api_url: str = "https://slack.com/api/"
    channels: Words = ()
    """Ids of the channels in which a mention or the ticket emoji opens tickets; empty: wherever the bot is."""
    emoji: str = Field(default="ticket", pattern=r"^[a-z0-9_+-]{1,60}$")
    """The reaction that makes a message a ticket."""
    undo: Duration = timedelta(seconds=20)
    """For so long an agent's words can be taken back."""
    together: Duration = timedelta(minutes=2)
    """Short messages of one person within this time are one request."""
    bots: Words = ()
    """Ids of other apps ("B024BE7LH") whose messages are requests; all others' are left alone."""
    max_file: int = Field(default=26_214_400, ge=65_536)

    @model_validator(mode="after")
    def _can_be_used(self) -> Slack:
        wanted = {"socket": ("bot_token", "app_token"), "http": ("bot_token", "signing_secret")}[self.mode]
        missing = [key for key in wanted if not getattr(self, key).get_secret_value()]
        if self.enabled and missing:
            raise ValueError(f'mode = "{self.mode}" needs {", ".join(missing)}')
        return self


class Telegram(Section):
    """One bot. Its name in ``[telegram.NAME]`` is the channel's."""

    asks_stepwise: ClassVar[bool] = True

    enabled: bool = True
    token: SecretStr = SecretStr("")
    """From BotFather: "4711:AA…"."""
    mode: Literal["polling", "webhook"] = "polling"
    """How updates come: we ask, or Telegram calls ``/telegram/NAME`` of the web pages."""
    webhook_secret: SecretStr = SecretStr("")
    api_url: str = "https://api.telegram.org"
    undo: Duration = timedelta(seconds=20)
    together: Duration = timedelta(minutes=2)

    @model_validator(mode="after")
    def _can_be_used(self) -> Telegram:
        wanted = {"polling": ("token",), "webhook": ("token", "webhook_secret")}[self.mode]
        missing = [key for key in wanted if not getattr(self, key).get_secret_value()]
        if self.enabled and missing:
            raise ValueError(f'mode = "{self.mode}" needs {", ".join(missing)}')
        return self

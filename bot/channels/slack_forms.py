"""Opens the forms that ``slack_modals`` draws: over a conversation, over another form, or in its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from bot.channels.slack_actions import Opener
from bot.channels.slack_codes import NEW, Code
from bot.channels.slack_web import SlackWeb
from bot.config import Config

_SECONDS: Final = 2.2
"""A form must open within three seconds of the press, and Slack must be told in the same time."""
_HEARD: Final = {"en": "Understood.", "it": "Ricevuto.", "zh": "收到。"}


class SlackForms:
    """The forms of one workspace. ``home``: shows somebody their App Home."""

    def __init__(
        self, web: SlackWeb, config: Config, home: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self._web = web
        self._config = config
        self._home = home

    async def open(self, code: Code, opener: Opener) -> bool:
        """Open the form of a verb, or draw the one for new requests again for another category. False: it has
        none. Raises ``ChannelError``."""
        from bot.channels.slack_modals import form

        place = f"{opener.channel}/{opener.thread}" if opener.channel and opener.thread else ""
        message = opener.message if place else ""
        view = form(replace(code, place=place, message=message), opener.language, self._config)
        if view is None:
            return False
        if opener.view and code.verb == NEW:
            await self._web.call("views.update", seconds=_SECONDS, view_id=opener.view, view=view)
            return True
        method = "views.push" if opener.view else "views.open"
        await self._web.call(method, seconds=_SECONDS, trigger_id=opener.trigger_id, view=view)
        return True

    async def close(self, opener: Opener) -> None:
        """The form in which a button was pressed has done its work. Raises ``ChannelError``."""
        words = _HEARD.get(opener.language, _HEARD["en"])
        said: dict[str, Any] = {"type": "section", "text": {"type": "plain_text", "text": words}}
        view = {"type": "modal", "title": {"type": "plain_text", "text": self._config.desk.name[:24] or "-"},
                "callback_id": "done", "blocks": [said]}  # fmt: skip
        await self._web.call("views.update", seconds=_SECONDS, view_id=opener.view, view=view)

    async def home(self, user: str) -> None:
        """Show somebody their App Home."""
        if self._home is not None:
            await self._home(user)

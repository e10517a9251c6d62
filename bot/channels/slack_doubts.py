"""Whether a message was posted although no answer came: it is looked for by its token, never posted blindly (I8)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from bot.channels import slack_faults
from bot.channels.slack_faults import Refused
from bot.channels.slack_payload import order
from bot.channels.slack_wire import Wire
from bot.errors import ChannelError

_PAGE: Final = 200
_MOST_PAGES: Final = 20
_KEPT: Final = 5_000


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of ours that is there."""

    ts: str
    user: str
    """Who we are there."""


class Doubts:
    """The tokens of messages whose end nobody knows, and where to look for them."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._tokens: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, token: str) -> bool:
        return token in self._tokens

    def add(self, token: str) -> None:
        """It may be there."""
        self._tokens[token] = None
        if len(self._tokens) > _KEPT:
            self._tokens.popitem(last=False)

    async def posted(self, channel: str, thread: str, token: str) -> Posted | None:
        """The message with a token in a conversation, or in a thread of it; None: it is not there.

        Raises ``ChannelError``, ``ambiguous``: it cannot be found out.
        """
        async for one in self._said(channel, thread):
            if _token_of(one) == token:
                return Posted(str(one.get("ts") or ""), str(one.get("user") or ""))
        return None

    async def shown(self, channel: str, thread: str, after: Posted) -> frozenset[str]:
        """The titles of files that we have shown in a thread behind a message of ours.

        Raises ``ChannelError``, ``ambiguous``: it cannot be found out.
        """
        titles: set[str] = set()
        async for one in self._said(channel, thread):
            if one.get("user") == after.user and order(str(one.get("ts") or "")) > order(after.ts):
                files = one.get("files")
                listed = files if isinstance(files, list) else []
                titles |= {str(file.get("title") or "") for file in listed if isinstance(file, dict)}
        return frozenset(titles)

    async def _said(self, channel: str, thread: str) -> AsyncIterator[dict[str, Any]]:
        method = "conversations.replies" if thread else "conversations.history"
        values: dict[str, Any] = {"channel": channel, "limit": _PAGE, "include_all_metadata": True}
        values |= {"ts": thread} if thread else {}
        for _ in range(_MOST_PAGES if thread else 1):
            told = await self._read(method, values)
            for one in told.get("messages") or ():
                if isinstance(one, dict):
                    yield one
            values["cursor"] = (told.get("response_metadata") or {}).get("next_cursor") or ""
            if not values["cursor"]:
                break

    async def _read(self, method: str, values: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._wire.call(method, values)
        except Refused as error:
            if error.code in slack_faults.NO_THREAD:
                return {}
            if error.code in slack_faults.TOO_OFTEN:
                raise
            raise ChannelError(f"whether it was posted cannot be seen: {error}", ambiguous=True) from None
        except ChannelError as error:
            # Slack is away, as before: the next attempt looks first, so there is no doubt that it must be told.
            raise ChannelError(str(error)) from None


def _token_of(message: dict[str, Any]) -> str:
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    return str(payload.get("token") or "") if isinstance(payload, dict) else ""

"""What the way in asks of Slack's Web API: who we are, who people are, what was said, the octets of files.

Everything here only reads, or opens what a person has asked for; nothing is posted, so a repeat does no harm.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bot.channels.slack_faults import TOO_OFTEN, Refused
from bot.channels.slack_wire import Wire
from bot.errors import ChannelError

if TYPE_CHECKING:
    import aiohttp

_TIMEOUT: Final = 30


class SlackWeb:
    """The Web API with one workspace's token. Opened and closed by its door."""

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self._api_url = api_url
        self._wire = Wire(token, api_url, seconds=_TIMEOUT)
        self._open = False

    @property
    def scopes(self) -> frozenset[str]:
        """What the token may do, as the last answer said."""
        return self._wire.scopes

    async def open(self) -> aiohttp.ClientSession:
        """Get ready; returns the connections, which the socket shares."""
        await self.close()
        self._open = True
        return self._wire.session()

    async def close(self) -> None:
        """Let go of connections. What still wants to ask then is refused."""
        self._open = False
        await self._wire.close()

    async def call(
        self, method: str, *, seconds: float = _TIMEOUT, token: str = "", **values: Any
    ) -> dict[str, Any]:
        """One call. Raises ``ChannelError``."""
        if not self._open:
            raise ChannelError("the door to Slack is not open")
        return await self._wire.call(method, values, seconds=seconds, token=token)

    async def call_patiently(self, method: str, **values: Any) -> dict[str, Any]:
        """A call behind which nobody waits: asked again when Slack says that we ask too much."""
        while True:
            try:
                return await self.call(method, **values)
            except Refused as error:
                if error.code not in TOO_OFTEN:
                    raise
                await asyncio.sleep(min(max(error.retry_after or 1.0, 0.1), 120.0))

    async def fetch(self, url: str, most: int) -> bytes:
        """The octets of a file. Raises ``ChannelError``: it is larger than ``most``, or cannot be had."""
        import aiohttp

        if not self._open or not self._is_slack(url):
            raise ChannelError("a file that does not lie at Slack", permanent=True)
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._wire.session().get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status != 200 or answer.content_type == "text/html":
                    raise ChannelError(f"Slack does not give a file: {answer.status} {answer.content_type}")
                parts, size = [], 0
                async for part in answer.content.iter_chunked(65_536):
                    size += len(part)
                    if size > most:
                        raise ChannelError("a file is larger than it may be", permanent=True)
                    parts.append(part)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChannelError(f"a file cannot be fetched: {type(error).__name__}") from None
        return b"".join(parts)

    async def respond(self, url: str, text: str, *, blocks: list[dict[str, Any]] | None = None) -> None:
        """Say something to one person alone, where Slack has told us how; ``blocks``: in place of what stands there.
        Raises ``ChannelError``."""
        import aiohttp

        if not self._open or not self._is_slack(url):
            raise ChannelError("an answer that does not go to Slack", permanent=True)
        told: dict[str, Any] = {"text": text, "response_type": "ephemeral"}
        told |= {"replace_original": bool(blocks)} | ({"blocks": blocks} if blocks else {})
        try:
            async with self._wire.session().post(url, json=told, allow_redirects=False):
                return
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChannelError(f"an answer did not go out: {type(error).__name__}") from None

    def _is_slack(self, url: str) -> bool:
        """Whether the token may be shown there: at Slack alone, or where the configuration says that it is."""
        try:
            given, api = urlsplit(url), urlsplit(self._api_url)
            host, at_api = given.hostname or "", (given.scheme, given.netloc) == (api.scheme, api.netloc)
        except ValueError:
            return False
        return at_api or (given.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com")))

"""What the way in asks of Slack's Web API: who we are, who people are, what was said, the octets of files.

Everything here only reads, or opens what a person has asked for; nothing is posted, so a repeat does no harm.
Slack's errors become ``ChannelError`` here and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bot.errors import ChannelError

if TYPE_CHECKING:
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger("deskbot.slack")

_HOPELESS: Final = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_revoked", "token_expired", "team_access_not_granted",
     "missing_scope", "not_allowed_token_type", "channel_not_found", "not_in_channel", "is_archived",
     "thread_not_found", "message_not_found", "user_not_found", "file_not_found", "invalid_arguments",
     "expired_trigger_id", "method_deprecated", "no_permission", "access_denied", "unknown_method"}
)  # fmt: skip
NO_TOKEN: Final = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
    }
)
"""The token is none any more: a person must look."""
_TIMEOUT: Final = 30


class SlackRefused(ChannelError):
    """Slack says no. ``code`` is its word for it; ``needed`` the scope that is missing, when it is that."""

    def __init__(self, method: str, code: str, *, needed: str = "", retry_after: float | None = None) -> None:
        more = f": the scope {needed} is missing" if needed else ""
        permanent = code in _HOPELESS
        super().__init__(
            f"Slack refuses {method}: {code}{more}", permanent=permanent, retry_after=retry_after
        )
        self.code = code
        self.needed = needed


class SlackWeb:
    """The Web API with one workspace's token. Opened and closed by its door."""

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self._api_url = api_url if api_url.endswith("/") else f"{api_url}/"
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self.scopes: frozenset[str] = frozenset()
        """What the token may do, as the last answer said."""

    async def open(self) -> aiohttp.ClientSession:
        """Get ready; returns the connections, which the socket shares."""
        import aiohttp
        from slack_sdk.web.async_client import AsyncWebClient

        await self.close()
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT, connect=10), trust_env=True
        )
        self._client = AsyncWebClient(
            self._token, base_url=self._api_url, timeout=_TIMEOUT, session=self._session, retry_handlers=[],
            logger=logging.getLogger("slack_sdk.deskbot"),
        )  # fmt: skip
        return self._session

    async def close(self) -> None:
        """Let go of connections."""
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()

    async def call(
        self, method: str, *, seconds: float = _TIMEOUT, token: str = "", **values: Any
    ) -> dict[str, Any]:
        """One call. Raises ``ChannelError``."""
        import aiohttp
        from slack_sdk.errors import SlackApiError, SlackClientError

        if self._client is None:
            raise ChannelError("the door to Slack is not open")
        structured = any(isinstance(value, dict | list) for value in values.values())
        try:
            async with asyncio.timeout(seconds):
                answer = await self._client.api_call(
                    method,
                    params={"token": token} if token else None,
                    json=values if structured else None,
                    data=None if structured else values,
                )
        except SlackApiError as error:
            raise _refused(method, error.response) from None
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError, ValueError) as error:
            raise ChannelError(f"Slack cannot be reached for {method}: {type(error).__name__}") from None
        if not token:
            self._remember_scopes(answer.headers)
        told = answer.data
        return told if isinstance(told, dict) else {}

    async def call_patiently(self, method: str, **values: Any) -> dict[str, Any]:
        """A call behind which nobody waits: asked again when Slack says that we ask too much."""
        while True:
            try:
                return await self.call(method, **values)
            except SlackRefused as error:
                if error.code != "ratelimited":
                    raise
                await asyncio.sleep(min(max(error.retry_after or 1.0, 0.1), 120.0))

    async def fetch(self, url: str, most: int) -> bytes:
        """The octets of a file. Raises ``ChannelError``: it is larger than ``most``, or cannot be had."""
        import aiohttp

        if self._session is None or not self._is_slack(url):
            raise ChannelError("a file that does not lie at Slack", permanent=True)
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
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

        if self._session is None or not self._is_slack(url):
            raise ChannelError("an answer that does not go to Slack", permanent=True)
        told: dict[str, Any] = {"text": text, "response_type": "ephemeral"}
        told |= {"replace_original": bool(blocks)} | ({"blocks": blocks} if blocks else {})
        try:
            async with self._session.post(url, json=told, allow_redirects=False):
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

    def _remember_scopes(self, headers: Mapping[str, str]) -> None:
        told = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
        if told:
            self.scopes = frozenset(scope.strip() for scope in told.split(",") if scope.strip())


def _refused(method: str, response: Any) -> ChannelError:
    """What Slack's answer means, whatever it is."""
    told = getattr(response, "data", None)
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    headers = getattr(response, "headers", None) or {}
    if not isinstance(told, dict) or not isinstance(told.get("error"), str):
        return ChannelError(f"Slack cannot answer {method}: status {status}")
    asked = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    seconds = float(asked) if str(asked).isdecimal() and len(str(asked)) < 7 else None
    needed = told.get("needed")
    return SlackRefused(
        method,
        told["error"][:60],
        needed=needed[:200] if isinstance(needed, str) else "",
        retry_after=seconds,
    )

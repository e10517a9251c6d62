"""Calls of Slack's Web API with one token: none is ever repeated by a library (I8), and each ends in one of three ways:
done, surely not done, or nobody knows. Slack's errors become ``ChannelError`` here and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from bot.channels import slack_faults
from bot.errors import ChannelError

if TYPE_CHECKING:
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

SECONDS: Final = 20.0
"""For one call."""
_UPLOAD_SECONDS: Final = 120.0


class Wire:
    """The Web API of one workspace. Connections are opened when they are needed, and kept."""

    def __init__(self, token: str, api_url: str, *, seconds: float = SECONDS) -> None:
        self._token = token
        self._api_url = api_url if api_url.endswith("/") else f"{api_url}/"
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self.scopes: frozenset[str] = frozenset()
        """What the token may do, as the last answer said."""

    def session(self) -> aiohttp.ClientSession:
        """The connections, for what is no call. Opened when they are not yet."""
        self._opened()
        assert self._session is not None  # noqa: S101  it was opened one line above
        return self._session

    async def close(self) -> None:
        """Let go of connections."""
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()

    async def call(
        self, method: str, values: dict[str, Any], *, seconds: float | None = None, token: str = ""
    ) -> dict[str, Any]:
        """One call, with JSON when something in it has a structure. ``token``: another than ours.

        Raises ``ChannelError``: ``Refused`` when Slack says no, ``ambiguous`` when it may have been done.
        """
        import aiohttp
        from slack_sdk.errors import SlackApiError, SlackClientError

        client, structured = self._opened(), any(isinstance(one, dict | list) for one in values.values())
        limit = seconds or self._seconds
        try:
            async with asyncio.timeout(limit):
                answer = await client.api_call(
                    method,
                    params={"token": token} if token else None,
                    json=values if structured else None,
                    data=None if structured else {key: _plain(value) for key, value in values.items()},
                )
        except SlackApiError as error:
            raise slack_faults.read(method, error.response) from None
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise ChannelError(f"Slack cannot be reached for {method}: {type(error).__name__}") from None
        except TimeoutError:
            raise Silent(f"Slack did not answer {method} within {limit:g} s") from None
        except (aiohttp.ClientError, SlackClientError, OSError, ValueError) as error:
            raise ChannelError(
                f"the connection to Slack was lost during {method}: {type(error).__name__}", ambiguous=True
            ) from None
        if not token:
            self._remember_scopes(answer.headers)
        return answer.data if isinstance(answer.data, dict) else {}

    async def upload(self, url: str, content: bytes) -> None:
        """The octets of a file, to where Slack has told us. Raises ``ChannelError``."""
        import aiohttp

        limit = aiohttp.ClientTimeout(total=_UPLOAD_SECONDS)
        try:
            async with self.session().post(url, data=content, timeout=limit, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise ChannelError(f"Slack does not take a file: status {answer.status}")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ChannelError(f"a file did not reach Slack: {type(error).__name__}") from None

    def _opened(self) -> AsyncWebClient:
        import aiohttp
        from slack_sdk.web.async_client import AsyncWebClient

        if self._client is None or self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._seconds, connect=10), trust_env=True
            )
            self._client = AsyncWebClient(
                self._token, base_url=self._api_url, session=self._session, retry_handlers=[],
                logger=logging.getLogger("slack_sdk.deskbot"),
            )  # fmt: skip
        return self._client

    def _remember_scopes(self, headers: Mapping[str, str]) -> None:
        told = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
        if told:
            self.scopes = frozenset(scope.strip() for scope in told.split(",") if scope.strip())


class Silent(ChannelError):
    """No answer came in time: it may still be done."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ambiguous=True)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Socket Mode: the connection that we open to Slack, and open again.

The wire is ours and not the library's, because three things must hold that its client does not give: nothing is
queued in memory beyond what is in hand, a lost connection is told (what was missed is then asked for), and after
a failure the next address is a new one, asked for ever later.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bot.channels.slack_app import ACKNOWLEDGED
from bot.channels.slack_faults import NO_TOKEN, Refused
from bot.channels.slack_payload import LARGEST
from bot.channels.slack_web import SlackWeb
from bot.errors import ChannelError

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("deskbot.slack")

Answer = Callable[[dict[str, Any], Mapping[str, str]], Awaitable[tuple[int, str]]]

_KINDS: Final = frozenset({"events_api", "interactive", "slash_commands"})
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_AT_ONCE: Final = 64
"""Requests in hand; beyond that the socket is not read."""
_DRAIN: Final = 10.0
"""Seconds for the requests that are in hand when Slack takes a connection away."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds to wait after things went wrong."""

    first: float = 1.0
    """After a lost connection; then twice as long each time."""
    longest: float = 60.0
    refused: float = 300.0
    """After Slack has refused our token."""
    heartbeat: float = 20.0
    """Between two pings of ours; a connection without an answer to one is lost."""
    flush: float = 10.0
    """Between two times that the door writes down how far it is."""


@dataclass(frozen=True, slots=True)
class Told:
    """Whom the socket tells how it is."""

    up: Callable[[], None]
    down: Callable[[str, str, float], None]
    """Why, in a word and in words, and how long until the next try."""
    refused: Callable[[str], None]


class Socket:
    """Reads requests, and acknowledges those that are kept."""

    def __init__(
        self,
        web: SlackWeb,
        session: aiohttp.ClientSession,
        app_token: str,
        answer: Answer,
        told: Told,
        pauses: Pauses,
    ) -> None:
        self._web = web
        self._session = session
        self._app_token = app_token
        self._answer = answer
        self._told = told
        self._pauses = pauses
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled; what is in hand is then finished."""
        failures = 0
        try:
            while True:
                try:
                    await self._connection()
                    failures = 0
                except ChannelError as error:
                    failures += 1
                    await self._pause(error, failures)
        finally:
            if self._in_hand:
                await asyncio.wait(self._in_hand, timeout=_DRAIN / 4)

    async def _pause(self, error: ChannelError, failures: int) -> None:
        if isinstance(error, Refused) and error.code in NO_TOKEN:
            self._told.refused(str(error))
            delay = self._pauses.refused
        else:
            delay = min(self._pauses.longest, self._pauses.first * 2.0 ** min(failures - 1, 20))
            delay = max(delay, min(error.retry_after or 0.0, 3600.0))
        delay *= random.uniform(0.8, 1.2)  # noqa: S311  # jitter is no secret
        self._told.down("disconnected", str(error), delay)
        await asyncio.sleep(delay)

    async def _connection(self) -> None:
        """One connection, until Slack refreshes it. Raises ``ChannelError`` when it is lost."""
        import aiohttp

        opened = await self._web.call("apps.connections.open", token=self._app_token, seconds=15)
        url = opened.get("url")
        if not isinstance(url, str) or not is_safe(url):
            raise ChannelError("Slack gives no address for a connection")
        try:
            async with self._session.ws_connect(
                url, heartbeat=self._pauses.heartbeat, max_msg_size=2 * LARGEST
            ) as socket:
                await self._read(socket)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChannelError(f"the connection to Slack is lost: {type(error).__name__}") from None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Until Slack says that it takes the connection away; then what is in hand is acknowledged on it."""
        import aiohttp

        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            told = _decoded(frame.data)
            kind = told.get("type")
            if kind == "hello":
                self._told.up()
            elif kind == "disconnect":
                if self._in_hand:
                    await asyncio.wait(self._in_hand, timeout=_DRAIN)
                return
            elif kind in _KINDS:
                await self._begin(socket, told)
        raise ChannelError(f"the connection to Slack is lost: closed with {socket.close_code}")

    async def _begin(self, socket: aiohttp.ClientWebSocketResponse, told: Mapping[str, Any]) -> None:
        while len(self._in_hand) >= _AT_ONCE:
            await asyncio.wait(self._in_hand, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._deal(socket, told))
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)

    async def _deal(self, socket: aiohttp.ClientWebSocketResponse, told: Mapping[str, Any]) -> None:
        """Have one request kept, then acknowledge it. What is not kept is not acknowledged: Slack asks again."""
        body, envelope = told.get("payload"), told.get("envelope_id")
        if not isinstance(body, dict) or not isinstance(envelope, str):
            return
        try:
            status, text = await self._answer(body, _headers(told))
            if status != ACKNOWLEDGED:
                return
            acknowledgement: dict[str, Any] = {"envelope_id": envelope}
            if text and told.get("accepts_response_payload"):
                acknowledgement["payload"] = _payload(text)
            await socket.send_str(json.dumps(acknowledgement))
        except ConnectionError as error:
            log.info("not acknowledged: %s", type(error).__name__, extra={"action": "slack.gone"})
        except Exception:
            # A fault in one request must not end the connection, with which all others would be lost; it is in the
            # log with its trace, and Slack asks again for what is not acknowledged.
            log.exception("not acknowledged", extra={"action": "slack.fault"})


def is_safe(url: str) -> bool:
    """Whether what people say may go to an address: enciphered, or not farther than this machine."""
    try:
        given = urlsplit(url)
        scheme, host, port = given.scheme, given.hostname or "", given.port
    except ValueError:
        return False
    if port == 0 or not host:
        return False
    return scheme == "wss" or (scheme == "ws" and host in _HERE)


def _decoded(data: str) -> dict[str, Any]:
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _payload(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"text": text}


def _headers(told: Mapping[str, Any]) -> dict[str, str]:
    retry = told.get("retry_attempt")
    return {"x-slack-retry-num": str(retry)} if isinstance(retry, int) and retry else {}

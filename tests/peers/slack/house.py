"""The server: Web API over HTTP, Socket Mode over websockets, and faults when a test asks for them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from aiohttp import WSMsgType, web

from tests.peers.served import served
from tests.peers.slack.api import METHODS, Refused
from tests.peers.slack.people import People
from tests.peers.slack.rules import faults_of

BOT_TOKEN: Final = "xoxb-house-bot"
APP_TOKEN: Final = "xapp-house-app"
SIGNING_SECRET: Final = "0123456789abcdef0123456789abcdef"
_NOT_IN_DEFINITIONS: Final = frozenset({"token"})


@dataclass
class Fault:
    """What happens to the next call of a method."""

    status: int = 200
    error: str = ""
    retry_after: int | None = None
    hang: bool = False
    """The call is done, but no answer comes: the connection is closed after reading."""


@dataclass
class SlackHouse(People):
    """A workspace with its server. ``calls`` are all calls of the Web API; ``wrong`` what Slack would refuse."""

    calls: list[tuple[str, dict[str, Any], float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    refuse_sockets: bool = False
    bot_token: str = BOT_TOKEN
    app_token: str = APP_TOKEN
    shown_tokens: set[str] = field(default_factory=set)
    """What callers have shown as theirs."""
    slow_files: asyncio.Event | None = None
    """Files are given out once it is set."""
    scopes: str = ""

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of a method go wrong, one by one."""
        self.faults.setdefault(method, []).extend(faults)

    def called(self, method: str) -> list[dict[str, Any]]:
        """The values of each call of a method that came."""
        return [values for name, values, _ in self.calls if name == method]

    async def drop_sockets(self) -> None:
        """All sockets are gone at once, without a word."""
        for socket in list(self.sockets):
            transport = socket._req.transport if socket._req else None
            if transport is not None:
                transport.abort()

    async def ask_to_reconnect(self) -> None:
        """Slack refreshes its sockets: a warning, then the end."""
        for socket in list(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
            await socket.close()

    async def until(self, true: Any, seconds: float = 10) -> None:
        """Wait until a function of the workspace is true; looked at after each call of the app."""
        async with asyncio.timeout(seconds), self.sent:
            await self.sent.wait_for(true)

    async def _called(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        values = await _values(request)
        token = values.pop("token", "") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.shown_tokens.add(token)
        self.calls.append((method, values, time.monotonic()))
        fault = self.faults[method].pop(0) if self.faults.get(method) else None
        if fault and fault.status == 429:
            return web.json_response(
                {"ok": False, "error": "ratelimited"},
                status=429,
                headers={"Retry-After": str(fault.retry_after)},
            )
        if fault and fault.status != 200:
            return web.Response(status=fault.status, text="upstream failure")
        answer = self._answer(method, token, values, fault.error if fault else "")
        async with self.sent:
            self.sent.notify_all()
        if fault and fault.hang:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.json_response(answer, headers={"x-oauth-scopes": self.scopes} if self.scopes else {})

    def _answer(self, method: str, token: str, values: dict[str, Any], error: str) -> dict[str, Any]:
        if error:
            return {"ok": False, "error": error}
        if method == "apps.connections.open":
            if self.refuse_sockets:
                return {"ok": False, "error": "internal_error"}
            good = token == self.app_token
            url = f"ws://127.0.0.1:{self.port}/link/"
            return {"ok": True, "url": url} if good else {"ok": False, "error": "invalid_auth"}
        if token != self.bot_token:
            return {"ok": False, "error": "invalid_auth"}
        if faults := faults_of(method, {k: v for k, v in values.items() if k not in _NOT_IN_DEFINITIONS}):
            self.wrong += [f"{method}: {fault}" for fault in faults]
            return {"ok": False, "error": "invalid_arguments", "response_metadata": {"messages": faults}}
        if method == "files.getUploadURLExternal":
            number = f"F{self.workspace.number()}"
            self.workspace.uploads[number] = (values["filename"], b"")
            url = f"http://127.0.0.1:{self.port}/upload/{number}"
            return {"ok": True, "upload_url": url, "file_id": number}
        do = METHODS.get(method)
        if do is None:
            self.wrong.append(f"{method}: the house does not know it")
            return {"ok": False, "error": "unknown_method"}
        try:
            return {"ok": True, **do(self.workspace, values)}
        except Refused as refused:
            return {"ok": False, "error": str(refused)}

    async def _uploaded(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        name, _ = self.workspace.uploads[number]
        content = await request.read()
        if request.content_type.startswith("multipart/"):
            content = content.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        self.workspace.uploads[number] = (name, content)
        return web.Response(text=f"OK - {len(content)}")

    async def _download(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.bot_token}":
            return web.Response(text="<html>sign in</html>", content_type="text/html")
        if self.slow_files is not None:
            await self.slow_files.wait()
        return web.Response(body=self.workspace.files[request.match_info["number"]][1])

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(
            {"type": "hello", "num_connections": 1, "connection_info": {"app_id": self.workspace.app}}
        )
        self.sockets.append(socket)
        self.connected.set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT and message.data.startswith("{"):
                    told = json.loads(message.data)
                    if "envelope_id" in told:
                        self.acknowledged.add(told["envelope_id"])
                        self.answers[told["envelope_id"]] = told.get("payload")
                        async with self.sent:
                            self.sent.notify_all()
        finally:
            self.sockets.remove(socket)
            if not self.sockets:
                self.connected.clear()
            async with self.sent:
                self.sent.notify_all()
        return socket

    async def _response_url(self, request: web.Request) -> web.Response:
        self.responses.append(await request.json())
        async with self.sent:
            self.sent.notify_all()
        return web.json_response({"ok": True})

    def app(self) -> web.Application:
        """The routes."""
        made = web.Application(client_max_size=64 * 1024 * 1024)
        made.router.add_route("*", "/api/{method}", self._called)
        made.router.add_post("/upload/{number}", self._uploaded)
        made.router.add_get("/files/{number}", self._download)
        made.router.add_get("/link/", self._socket)
        made.router.add_post("/response/{number}", self._response_url)
        return made


async def _values(request: web.Request) -> dict[str, Any]:
    """JSON as it is; of a form, what is JSON in it."""
    if request.content_type == "application/json":
        return dict(await request.json())
    found: dict[str, Any] = {k: v[0] for k, v in parse_qs((await request.read()).decode()).items()}
    found |= dict(request.query)
    for key, value in found.items():
        if isinstance(value, str) and value[:1] in {"[", "{"}:
            found[key] = json.loads(value)
        elif key in {"limit", "length"} and str(value).isdecimal():
            found[key] = int(value)
        elif value in {"true", "false", "True", "False", "1", "0"} and key.startswith(
            ("include", "exclude", "unfurl", "inclusive", "return", "mrkdwn", "reply_broadcast")
        ):
            found[key] = str(value).lower() in {"true", "1"}
    return found


@asynccontextmanager
async def slack_house() -> AsyncIterator[SlackHouse]:
    """A house with its doors open, and nobody in it yet."""
    house = SlackHouse()
    async with served(house.app()) as house.port:
        try:
            yield house
        finally:
            await house.drop_sockets()

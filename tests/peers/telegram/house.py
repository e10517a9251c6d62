"""The server of the Bot API, people's hands, and faults when a test asks for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.peers.served import served
from tests.peers.telegram.api import METHODS, Refused, tell
from tests.peers.telegram.rules import faults_of, update_faults
from tests.peers.telegram.state import Chat, World, Written

TOKEN: Final = "4711:AAHouseTokenOnlyForTests_0123456789"


class Upload(bytes):
    """The octets of a file that the bot sends."""

    name: str = ""


@dataclass
class Fault:
    """What happens to the next call of a method."""

    status: int = 200
    description: str = ""
    retry_after: int | None = None
    hang: bool = False
    """The call is done, but no answer comes: the connection is closed after reading."""


@dataclass
class TelegramHouse:
    """A Telegram with its server. ``calls`` are all calls of the Bot API; ``wrong`` what Telegram would refuse."""

    world: World = field(default_factory=World)
    port: int = 0
    calls: list[tuple[str, dict[str, Any], float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    polling: int = 0
    """Questions for updates that are open: a second one ends the first with 409."""
    _turn: int = 0

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of a method go wrong, one by one."""
        self.faults.setdefault(method, []).extend(faults)

    def called(self, method: str) -> list[dict[str, Any]]:
        """The values of each call of a method that came."""
        return [values for name, values, _ in self.calls if name == method]

    def times(self, method: str) -> list[float]:
        """When each call of a method came."""
        return [when for name, _, when in self.calls if name == method]

    async def until(self, true: Callable[[], Any], seconds: float = 15) -> None:
        """Wait until something is so; looked at after each call of the bot."""
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(lambda: bool(true()))

    async def tell_bot(self, **what: Any) -> dict[str, Any]:
        """An update for the bot."""
        update = self.world.add_update(**what)
        if faults := update_faults(update):
            raise AssertionError(f"no such update: {faults}")
        async with self.changed:
            self.changed.notify_all()
        return update

    async def says(
        self, user: int, text: str, chat: Chat | None = None, *, topic: int | None = None,
        answers: Written | None = None, **more: Any,
    ) -> Written:  # fmt: skip
        """Somebody writes, to the bot when no chat is given. ``more``: other parts of the message."""
        where = chat or self.world.private(user)
        if text.startswith("/") and "entities" not in more:
            more["entities"] = [
                {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
            ]
        message = Written(
            self.world.number(),
            self.world.users[user],
            text,
            topic,
            answers.id if answers else None,
            more=more,
        )
        where.messages[message.id] = message
        await self.tell_bot(message=tell(self.world, where, message))
        return message

    async def edits(self, user: int, message: Written, text: str, chat: Chat | None = None) -> None:
        """Somebody changes what they wrote."""
        where = chat or self.world.private(user)
        message.text, message.edits = text, message.edits + 1
        told = tell(self.world, where, message) | {"edit_date": 1_772_500_000 + self.world.number()}
        await self.tell_bot(edited_message=told)

    async def presses(self, user: int, message: Written, label: str, chat: Chat | None = None) -> None:
        """Somebody presses a button, found by the beginning of its label."""
        where = chat or self.world.private(user)
        data = next(
            data for text, data in message.buttons().items() if text.casefold().startswith(label.casefold())
        )
        await self.presses_data(user, message, data, where)

    async def presses_data(self, user: int, message: Written, data: str, chat: Chat) -> None:
        """Somebody sends the data of a button, whether there is one or not."""
        query = f"q{self.world.number()}"
        self.world.queries.add(query)
        await self.tell_bot(
            callback_query={
                "id": query, "from": self.world.users[user], "chat_instance": str(chat.id), "data": data,
                "message": tell(self.world, chat, message),
            }
        )  # fmt: skip

    def file(self, name: str, content: bytes, size: int | None = None) -> dict[str, Any]:
        """A document for ``says(document=…)``."""
        known = f"F{self.world.number()}"
        told = len(content) if size is None else size
        self.world.files[known] = (name, content, told)
        return {"file_id": known, "file_unique_id": f"u{known}", "file_name": name, "file_size": told,
                "mime_type": "application/pdf"}  # fmt: skip

    async def _called(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != TOKEN:
            return _no(401, "Unauthorized")
        method = request.match_info["method"]
        values = await _values(request)
        self.calls.append((method, values, asyncio.get_running_loop().time()))
        fault = self.faults[method].pop(0) if self.faults.get(method) else None
        if fault and fault.status != 200:
            more = {"retry_after": fault.retry_after} if fault.retry_after else {}
            return _no(fault.status, fault.description or "Too Many Requests", **more)
        if faults := faults_of(method, values):
            self.wrong += [f"{method}: {one}" for one in faults]
            return _no(400, f"Bad Request: {faults}")
        try:
            answer = await self._updates(values) if method == "getUpdates" else self._done(method, values)
        except Refused as refused:
            return _no(refused.status, str(refused), **refused.parameters)
        finally:
            async with self.changed:
                self.changed.notify_all()
        if fault and fault.hang:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.json_response({"ok": True, "result": answer})

    def _done(self, method: str, values: dict[str, Any]) -> Any:
        do = METHODS.get(method)
        if do is None:
            self.wrong.append(f"{method}: the house does not know it")
            raise Refused("Not Found", 404)
        return do(self.world, values)

    async def _updates(self, values: dict[str, Any]) -> list[dict[str, Any]]:
        """Long polling: an offset confirms what is below it; another question ends this one."""
        if self.world.webhook:
            raise Refused("Conflict: can't use getUpdates method while webhook is active", 409)
        self._turn += 1
        mine, offset = self._turn, values.get("offset")
        if offset is not None:
            self.world.updates = [one for one in self.world.updates if one["update_id"] >= offset]
        async with self.changed:
            self.changed.notify_all()
            try:
                async with asyncio.timeout(values.get("timeout", 0)):
                    await self.changed.wait_for(lambda: self._turn != mine or self._wanted(values))
            except TimeoutError:
                return []
        if self._turn != mine:
            raise Refused("Conflict: terminated by other getUpdates request", 409)
        return self._wanted(values)

    def _wanted(self, values: dict[str, Any]) -> list[dict[str, Any]]:
        kinds = set(values.get("allowed_updates") or ())
        wanted = [one for one in self.world.updates if not kinds or kinds & one.keys()]
        return wanted[: values.get("limit", 100)]

    async def _download(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return _no(401, "Unauthorized")
        return web.Response(body=self.world.files[request.match_info["path"]][1])

    def app(self) -> web.Application:
        """The routes."""
        made = web.Application(client_max_size=64 * 1024 * 1024)
        made.router.add_get("/file/bot{token}/documents/{path}", self._download)
        made.router.add_route("*", "/bot{token}/{method}", self._called)
        return made


def _no(status: int, words: str, **parameters: Any) -> web.Response:
    told: dict[str, Any] = {"ok": False, "error_code": status, "description": words}
    return web.json_response(told | ({"parameters": parameters} if parameters else {}), status=status)


async def _values(request: web.Request) -> dict[str, Any]:
    """What is JSON in a form is read; a file is (name, octets)."""
    found: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            found[name] = Upload(value.file.read())
            found[name].name = value.filename
            continue
        text = str(value)
        try:
            found[name] = (
                text if name in {"text", "name", "caption", "callback_query_id", "url"} else json.loads(text)
            )
        except ValueError:
            found[name] = text
    return found


@asynccontextmanager
async def telegram_house() -> AsyncIterator[TelegramHouse]:
    """A house with its doors open, and nobody in it yet."""
    house = TelegramHouse()
    async with served(house.app()) as house.port:
        yield house

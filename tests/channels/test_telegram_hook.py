"""What Telegram brings by calling us: kept, or held, or refused, but never brought again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from bot.channels.telegram_hook import routes
from bot.channels.telegram_payload import LARGEST
from bot.errors import HeldError
from bot.message import Payload
from tests.channels.telegram_world import ANNA
from tests.channels.test_telegram_door import Door, a_door

SECRET = "s3cret-s3cret"


async def called(
    it: Door, body: bytes | AsyncIterator[bytes], secret: str = SECRET, seconds: float = 5
) -> int:
    app = Starlette(routes=routes({"tg": it.door}, it.accept, seconds))
    headers = [(b"X-Telegram-Bot-Api-Secret-Token", secret.encode())]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client:
        return (await client.post("/telegram/tg", content=body, headers=headers)).status_code


async def test_j2_the_secret_is_looked_at_before_anything_is_read(tmp_path: Path) -> None:
    read: list[int] = []

    async def a_body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"{}"

    async with a_door(tmp_path, mode="webhook", webhook_secret=SECRET) as it:
        for guess in ("", "s3cret", SECRET + "x", SECRET.upper(), "\u00e9"):
            assert await called(it, a_body(), guess) == 403
        assert read == []
        assert it.kept == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[1, 2]", b"7", b'"x"', b"{", b"\xff\xfe\x00", b'{"update_id": 1' + b"[" * 100_000, b"x" * (LARGEST + 9)],
    ids=["nothing", "no JSON", "a list", "a number", "a text", "half", "not UTF-8", "deep", "large"],
)  # fmt: skip
async def test_j1_what_is_no_update_is_held_and_not_brought_again(tmp_path: Path, body: bytes) -> None:
    async with a_door(tmp_path, mode="webhook", webhook_secret=SECRET) as it:
        assert [await called(it, body), await called(it, body)] == [200, 200]
        (payload,) = it.kept.values()
        assert payload.raw.endswith(body[:LARGEST])
        with pytest.raises(HeldError):
            await it.door.translate(payload)


async def test_j1_what_cannot_be_kept_comes_again(tmp_path: Path) -> None:
    async with a_door(tmp_path, mode="webhook", webhook_secret=SECRET) as it:
        it.broken = 1
        assert [await called(it, b"nonsense"), await called(it, b"nonsense")] == [503, 200]
        assert len(it.kept) == 1


async def test_whoever_says_nothing_more_is_not_waited_for(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"update_id": 1'
        begun.set()
        await asyncio.Event().wait()

    async with a_door(tmp_path, mode="webhook", webhook_secret=SECRET) as it:
        assert await called(it, slow(), seconds=0.05) == 408
        assert begun.is_set()
        assert it.kept == {}


async def test_j1_an_update_that_trips_over_a_fault_of_ours_is_held_and_the_others_come(
    tmp_path: Path,
) -> None:
    async with a_door(tmp_path) as it:

        async def accept(payload: Payload) -> bool:
            if payload.key == "telegram:4711:501/1":
                raise ValueError("a fault of ours")
            return await it.accept(payload)

        await it.house.says(ANNA, "before")
        await it.house.says(ANNA, "after")
        await it.door.poll_once(accept)
        held, kept = it.kept.values()
        assert b'"before"' in held.raw
        with pytest.raises(HeldError):
            await it.door.translate(held)
        assert [one.text for one in await it.door.translate(kept)] == ["after"]

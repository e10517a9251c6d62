"""Whatever somebody has written to the desk in a chat can be kept, and read in time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import slack_payload, slack_read, telegram_files, telegram_payload, telegram_read
from bot.channels.chat_payload import File, line, parted, whole
from bot.channels.slack_payload import Act
from bot.channels.slack_text import without_mention
from bot.channels.sound_text import sound
from tests.channels.slack_world import slack_world
from tests.desks import MONDAY

EVENT: dict[str, Any] = {"channel": "C1", "ts": "1700000100.000100", "user": "U1"}


def test_half_a_character_is_no_reason_to_keep_nothing() -> None:
    event = EVENT | slack_payload.trimmed({"text": "half \ud800 of it"})
    about = {"name": "A\udc00nn", "lost": []}
    kept = slack_payload.build("acme", "k", Act.MESSAGE, event, MONDAY, about=about)
    assert slack_read.read(kept, "HD")[0].text == "half ? of it"
    message = {"message_id": 1, "chat": {"id": 5}, "from": {"id": 5, "is_bot": False}, "text": "half \ud800"}
    told = telegram_payload.build("tg", 7, [{"update_id": 1, "message": message}], MONDAY)
    assert telegram_read.read(told, "HD")[0].text == "half ?"


def test_i4_of_what_is_too_large_the_words_are_kept() -> None:
    shared = [{"is_share": True, "text": "\U0001f600" * 20_000}] * 10
    event = EVENT | slack_payload.trimmed({"text": "\U0001f600" * 100_000, "attachments": shared})
    kept = slack_payload.build("acme", "k", Act.MESSAGE, event, MONDAY, about={"lost": ["a file"]})
    assert len(kept.raw) <= slack_payload.LARGEST
    (message,) = slack_read.read(kept, "HD")
    assert message.text == "\U0001f600" * 100_000
    assert "what was passed on with it was too long to be taken" in message.oddities


FILES = st.lists(
    st.builds(
        lambda name, octets, lost: File(name, "a/b", len(octets), content=octets, lost=lost),
        st.text(max_size=20).map(sound),
        st.binary(max_size=50),
        st.sampled_from(["", "too large"]),
    ),
    max_size=5,
)


@given(st.dictionaries(st.sampled_from("abc"), st.text()), FILES)
def test_what_is_put_together_is_taken_apart_as_it_was(told: dict[str, str], files: list[File]) -> None:
    again, found = parted(whole(line(told, files), files))
    assert {name: again[name] for name in told} == sound(told)
    assert found == files


@given(st.binary(max_size=200), FILES, st.integers(0, 300), st.integers(0, 300))
def test_octets_that_are_no_payload_are_told_as_such(
    noise: bytes, files: list[File], start: int, end: int
) -> None:
    raw = whole(line({"event": {}}, files), files)
    for broken in (noise, raw[:start] + noise + raw[end:], b"[" * 100_000, b'{"files": [{"size": -1}]}'):
        try:
            _, found = parted(broken)
        except ValueError:
            continue
        assert all(len(file.content) == file.size for file in found)


async def test_x16_half_a_character_comes_through_the_door(tmp_path: Path) -> None:
    async with slack_world(tmp_path) as world:
        direct = world.house.workspace.direct("U1")
        await world.house.says("U1", direct, "It is \ud83d broken")
        assert await world.texts() == ["It is ? broken"]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<@U1>: help me", "help me"),
        ("help me <@U1|bot> ", "help me"),
        ("<@U1> help <@U1> me <@U1>", "help <@U1> me"),
        ("<@U1>", ""),
        ("hi <@U2>", "hi <@U2>"),
    ],
)
def test_the_mention_that_calls_us_is_no_part_of_the_words(text: str, rest: str) -> None:
    assert without_mention(text, "U1") == rest


def test_spaces_without_end_cost_no_time() -> None:
    began = time.perf_counter()
    without_mention(f"a{' ' * 99_000}b", "U1")
    without_mention(f"<@U1>{' ' * 40_000}<@U1|{' ' * 40_000}", "U1")
    assert time.perf_counter() - began < 0.5


async def test_j10_an_album_takes_only_so_much_memory() -> None:
    class Told:
        """A Telegram whose files are as large as they say."""

        async def call(self, method: str, **values: Any) -> dict[str, str]:
            assert method == "getFile"
            return {"file_path": str(values["file_id"])}

        async def download(self, path: str) -> bytes:
            return bytes(int(path))

    size = 16 * 1024 * 1024
    parts = [
        {"message": {"message_id": n, "document": {"file_id": str(size), "file_size": size}}}
        for n in range(4)
    ]
    found = await telegram_files.fetched(Told(), parts)  # type: ignore[arg-type]  # all that is used of it
    assert [bool(file.content) for file in found] == [True, True, False, False]
    assert all("by itself" in file.lost for file in found[2:])

"""What a client has sent and nobody has read yet."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.smtp_stream import HIGH_WATER, ClientGone, ClientStream, LineTooLong


class Wire(asyncio.ReadTransport):
    """A transport that only remembers whether it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def stream() -> tuple[ClientStream, Wire]:
    made, wire = ClientStream(asyncio.get_running_loop()), Wire()
    made.transport = wire
    return made, wire


async def test_a_client_that_talks_faster_than_it_is_answered_is_not_read() -> None:
    made, wire = stream()
    made.feed(b"NOOP\r\n" * (HIGH_WATER // 6))
    assert wire.reading
    made.feed(b"NOOP\r\n" * 10)
    assert not wire.reading
    for _ in range(HIGH_WATER // 12 + 12):
        assert await made.line(512) == b"NOOP\r\n"
    assert wire.reading


async def test_what_is_dropped_is_not_read_and_the_client_is_heard_again() -> None:
    made, wire = stream()
    made.feed(b"x" * (HIGH_WATER + 1))
    made.drop()
    assert wire.reading
    made.feed(b"NOOP\r\n")
    assert await made.line(512) == b"NOOP\r\n"


async def test_a_line_has_a_longest_length_with_and_without_an_end() -> None:
    for octets in (b"a" * 512, b"a" * 512 + b"\n"):
        made, _ = stream()
        made.feed(octets)
        with pytest.raises(LineTooLong):
            await made.line(512)
    made, _ = stream()
    made.feed(b"a" * 511 + b"\n")
    assert len(await made.line(512)) == 512


async def test_what_came_before_the_end_is_still_read() -> None:
    made, _ = stream()
    made.feed(b"QUIT\r\nrest")
    made.end()
    assert await made.line(512) == b"QUIT\r\n"
    with pytest.raises(ClientGone):
        await made.line(512)


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=20), st.integers(1, 7)
)
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], size: int) -> None:
    wire = b"".join(line + b"\n" for line in lines)

    async def read() -> list[bytes]:
        made, _ = stream()
        reader = asyncio.ensure_future(asyncio.wait_for(collect(made, len(lines)), 5))
        for start in range(0, len(wire), size):
            made.feed(wire[start : start + size])
            await asyncio.sleep(0)
        return await reader

    assert asyncio.run(read()) == [line + b"\n" for line in lines]


async def collect(made: ClientStream, count: int) -> list[bytes]:
    return [await made.line(512) for _ in range(count)]

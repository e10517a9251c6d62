"""The size of a picture from the first octets of its file, whatever the file is."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.picture import Picture, look
from bot.channels.telegram_parts import LARGEST_PHOTO, is_photo
from bot.message import Attachment

SIDE = st.integers(1, 0x3FFF)


def png(width: int, height: int, *before: tuple[bytes, bytes]) -> bytes:
    """A picture, with other chunks before its own octets."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), *before, (b"IDAT", b"..")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + b"crc." for name, content in chunks
    )


def jpeg(width: int, height: int, *before: bytes, frame: int = 0xC0) -> bytes:
    """A picture, with other segments before its frame."""
    return b"\xff\xd8" + b"".join(before) + struct.pack(">BBHBHHB", 0xFF, frame, 17, 8, height, width, 3)


def segment(marker: int, octets: int) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, octets + 2) + b"\xc0" * octets


def webp(kind: bytes, inner: bytes) -> bytes:
    return b"RIFF....WEBP" + kind + b"...." + inner


def lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height))


@given(SIDE, SIDE)
def test_each_kind_of_picture_tells_its_size(width: int, height: int) -> None:
    assert look(png(width, height)) == Picture("png", width, height)
    assert look(png(width, height, (b"acTL", b"12345678"))) == Picture("png", width, height, moves=True)
    exif = segment(0xE1, 60_000)
    for frame in (0xC0, 0xC1, 0xC2, 0xCF):
        assert look(jpeg(width, height, exif, b"\xff", exif, frame=frame)) == Picture("jpeg", width, height)
    assert look(lossy(width, height)) == Picture("webp", width, height)
    lossless = webp(b"VP8L", b"\x2f" + struct.pack("<I", width - 1 | height - 1 << 14))
    assert look(lossless) == Picture("webp", width, height)
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    assert look(webp(b"VP8X", b"\x10\0\0\0" + sides)) == Picture("webp", width, height)
    assert look(webp(b"VP8X", b"\x02\0\0\0" + sides)) == Picture("webp", width, height, moves=True)


STARTS = st.sampled_from([png(5, 5)[:8], jpeg(5, 5)[:3], lossy(5, 5)[:16], png(5, 5), jpeg(5, 5), b""])


@given(STARTS, st.binary(max_size=200), st.integers(0, 60))
def test_whatever_a_file_is_it_does_no_harm(start: bytes, noise: bytes, end: int) -> None:
    for content in (start + noise, (start + noise)[:end]):
        found = look(content)
        assert found is None or (found.width >= 0 and found.height >= 0)


def test_a_size_that_stands_far_behind_is_not_looked_for() -> None:
    assert look(jpeg(5, 5, *[segment(0xE1, 65_000)] * 20)) is None
    assert look(jpeg(5, 5, *[segment(0xE1, 0)] * 2_000)) is None
    assert look(png(5, 5, *[(b"tEXt", b"")] * 2_000)) is None
    assert look(b"\xff\xd8" + b"\xff" * 2_000_000) is None


@pytest.mark.parametrize(
    ("content", "photo"),
    [
        (png(6_000, 4_000), True),
        (png(6_001, 4_000), False),
        (jpeg(2_000, 100), True),
        (jpeg(2_001, 100), False),
        (jpeg(100, 2_001), False),
        (lossy(800, 600), True),
        (png(0, 600), False),
        (png(800, 600, (b"acTL", b"12345678")), False),
        (png(800, 600) + bytes(LARGEST_PHOTO), False),
        (b"GIF89a" + struct.pack("<HH", 800, 600), False),
        (b"%PDF-1.7", False),
    ],
)
def test_what_is_within_telegram_s_limits_is_a_photo(content: bytes, *, photo: bool) -> None:
    assert is_photo(Attachment("a", "image/png", len(content), "0" * 64, content)) is photo

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.tnef import FILE_LIMIT, unpack
from tests.mail.letters import multipart, read

SIGNATURE = b"\x78\x9f\x3e\x22\x01\x00"


def attribute(name: int, data: bytes, level: int = 1) -> bytes:
    """One attribute of a winmail.dat."""
    return struct.pack("<BHHI", level, name, 6, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def text_property(name: int, text: str) -> bytes:
    value = text.encode("utf-16-le") + b"\0\0"
    return struct.pack("<HHII", 0x1F, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*found: bytes) -> bytes:
    return struct.pack("<I", len(found)) + b"".join(found)


NAMED = struct.pack("<HH16sIII", 3, 0x8001, b"g" * 16, 1, 6, 0x00410041) + b"AA\0\0" + struct.pack("<I", 7)
FIXED = struct.pack("<HHQ", 0x40, 0x0E06, 1)
MANY = struct.pack("<HHIII", 0x1003, 0x3000, 2, 1, 2)
WINMAIL = (
    SIGNATURE
    + attribute(0x9007, struct.pack("<II", 1251, 0))
    + attribute(0x9003, properties(FIXED, MANY, NAMED, text_property(0x1000, "Принтер горит\r\nEve")))
    + attribute(0x9002, b"\0" * 14, 2)
    + attribute(0x8010, b"PLAN~1.PDF\0", 2)
    + attribute(0x800F, b"%PDF-1", 2)
    + attribute(0x9005, properties(text_property(0x3707, "план этажа.pdf")), 2)
    + attribute(0x9002, b"\0" * 14, 2)
    + attribute(0x8010, "схема.txt\0".encode("cp1251"), 2)
    + attribute(0x800F, b"x", 2)
)
PART = b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"


def test_c12_a_winmail_is_kept_and_its_files_stand_beside_it() -> None:
    message = read(multipart("mixed", "Content-Type: text/plain\r\n\r\nSee the plan.", PART + WINMAIL))
    assert message.text == "See the plan."
    assert [(file.name, file.size) for file in message.attachments] == [
        ("winmail.dat", len(WINMAIL)),
        ("план этажа.pdf", 6),
        ("схема.txt", 1),
    ]
    assert message.attachments[1].media_type == "application/pdf"


def test_c12_its_text_stands_in_for_a_mail_without_words() -> None:
    assert read(multipart("mixed", PART + WINMAIL)).text == "Принтер горит\nEve"


def test_c7_a_name_inside_a_winmail_is_no_path() -> None:
    data = (
        SIGNATURE
        + attribute(0x9002, b"", 2)
        + attribute(0x8010, b"..\\..\\x.exe\0", 2)
        + attribute(0x800F, b"x", 2)
    )
    names = [file.name for file in read(multipart("mixed", PART + data)).attachments]
    assert names == ["winmail.dat", "x.exe"]


def test_html_in_a_winmail_is_read_as_text() -> None:
    value = b"<p>It <b>burns</b></p>"
    found = struct.pack("<HHII", 0x102, 0x1013, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    assert unpack(SIGNATURE + attribute(0x9003, properties(found))).text == "It burns"


def test_the_files_of_a_winmail_are_counted() -> None:
    data = SIGNATURE + (attribute(0x9002, b"", 2) + attribute(0x800F, b"x", 2)) * (FILE_LIMIT + 5)
    assert len(unpack(data).files) == FILE_LIMIT


@pytest.mark.parametrize(
    "data",
    [
        SIGNATURE + attribute(0x9003, struct.pack("<I", 0xFFFFFFFF) + struct.pack("<HHI", 0x1003, 1, 0xFFFFFFFF)),
        SIGNATURE + attribute(0x9003, struct.pack("<I", 0xFFFFFFFF) + struct.pack("<HHI", 0x1F, 0x1000, 0xFFFFFFFF) * 300_000),
        SIGNATURE + attribute(0x9002, b"", 2) * 500_000,
        SIGNATURE + b"\x01" * 5_000_000,
    ],
)  # fmt: skip
def test_c3_lengths_that_lie_take_little_time(data: bytes) -> None:
    start = time.process_time()
    unpack(data)
    assert time.process_time() - start < 0.5


@given(st.integers(0, len(WINMAIL)), st.binary(max_size=8), st.integers(0, 12))
def test_a_damaged_winmail_never_raises(at: int, piece: bytes, cut: int) -> None:
    found = unpack(WINMAIL[:at] + piece + WINMAIL[at + cut :])
    found.text.encode("utf-8")
    for name, content in found.files:
        name.encode("utf-8")
        assert len(content) <= len(WINMAIL) + 8


@given(st.binary(max_size=200))
def test_anything_behind_the_signature_never_raises(data: bytes) -> None:
    unpack(SIGNATURE + data)

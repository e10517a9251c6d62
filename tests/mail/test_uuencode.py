from __future__ import annotations

import binascii
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.uuencode import decode, take_out
from tests.mail.letters import letter, multipart, read


def uuencoded(name: str, content: bytes) -> str:
    lines = [binascii.b2a_uu(content[at : at + 45]).decode("ascii") for at in range(0, len(content), 45)]
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"


@given(st.binary(max_size=200))
def test_what_was_uuencoded_is_read_back(content: bytes) -> None:
    assert decode(uuencoded("x", content).encode()) == content


def test_a_file_written_into_the_text_becomes_an_attachment() -> None:
    message = read(letter(body=f"See this:\n\n{uuencoded('a picture.png', b'png' * 50)}\nRegards\n"))
    assert message.text == "See this:\n\n\nRegards\n"
    assert [(file.name, file.media_type, file.content) for file in message.attachments] == [
        ("a picture.png", "image/png", b"png" * 50)
    ]


def test_a_uuencoded_part_is_decoded() -> None:
    part = f"Content-Type: image/gif; name=x.gif\nContent-Transfer-Encoding: x-uuencode\n\n{uuencoded('x.gif', b'GIF89a')}"
    assert [file.content for file in read(multipart("mixed", "\r\nhi", part)).attachments] == [b"GIF89a"]


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 with the form, please\nand send it to the\nend",
        "begin 644 x\n\nend\n",
        "begin 644 x",
        "begin the\nend",
    ],
)
def test_words_that_only_look_like_a_file_stay(text: str) -> None:
    assert take_out(text) == (text, [])


def test_hostile_text_takes_linear_time() -> None:
    start = time.process_time()
    take_out("begin 644 x\n" * 80_000)
    take_out("begin 644 x\n" + "A" * 60 + "\n" * 900_000)
    assert time.process_time() - start < 1


@given(st.binary(max_size=200), st.text(alphabet="begin 644x\nd`M", max_size=100))
def test_damaged_files_never_raise(data: bytes, text: str) -> None:
    decode(b"begin 644 x\n" + data)
    take_out(text)

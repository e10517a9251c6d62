from __future__ import annotations

import pytest

from bot.mail.parts import PART_LIMIT, Mail
from tests.mail.letters import letter, multipart, read


def _leaves(raw: bytes) -> list[tuple[str, bytes]]:
    return [(part.media_type, part.content().strip()) for part in Mail(raw).leaves]


def test_parts_are_found_in_their_order_without_preamble_and_epilogue() -> None:
    raw = letter(
        "Content-Type: multipart/mixed; boundary=b",
        body="preamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--\r\nepilogue\r\n",
    )
    assert _leaves(raw) == [("text/plain", b"one"), ("text/html", b"two")]


def test_the_line_end_before_a_boundary_is_not_of_the_part() -> None:
    raw = letter("Content-Type: multipart/mixed; boundary=b", body="--b\r\n\r\none\r\n\r\n--b--")
    assert Mail(raw).leaves[0].octets() == b"one\r\n"


@pytest.mark.parametrize(
    "body",
    [
        "--b\n\none\n--b\n\ntwo\n--b--\n",
        "--b  \r\n\r\none\r\n--b\t\r\n\r\ntwo\r\n--b-- \r\n",
        "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n",
        "--b\r\n\r\none\r\n--b\r\n\r\ntwo",
        "--b\r\n\r\none --b\r\n--b\r\n\r\ntwo\r\n--bb\r\n--b--",
    ],
)
def test_boundaries_are_found_as_they_are_really_written(body: str) -> None:
    texts = [
        content[:3] for _, content in _leaves(letter("Content-Type: multipart/mixed; boundary=b", body=body))
    ]
    assert texts == [b"one", b"two"]


def test_a_boundary_that_begins_another_is_told_apart() -> None:
    inner = "Content-Type: multipart/alternative; boundary=bb\r\n\r\n--bb\r\n\r\none\r\n--bb--\r\n"
    raw = letter(
        "Content-Type: multipart/mixed; boundary=b", body=f"--b\r\n{inner}\r\n--b\r\n\r\ntwo\r\n--b--"
    )
    assert [content for _, content in _leaves(raw)] == [b"one", b"two"]


def test_another_boundary_than_the_named_one_is_found_and_noted() -> None:
    raw = letter(
        "Content-Type: multipart/mixed; boundary=wrong",
        body="--right\r\nContent-Type: text/plain\r\n\r\none\r\n--right\r\nContent-Type: image/png\r\n\r\npng\r\n--right--",
    )
    message = read(raw)
    assert message.text == "one"
    assert [file.media_type for file in message.attachments] == ["image/png"]
    assert "a multipart whose header names another boundary" in message.oddities


@pytest.mark.parametrize(
    "kind", ["multipart/mixed; boundary=b", "multipart/mixed", "multipart/mixed; boundary="]
)
def test_a_multipart_without_parts_is_text(kind: str) -> None:
    message = read(letter(f"Content-Type: {kind}", body="only words"))
    assert message.text == "only words"
    assert "a multipart without its boundary" in message.oddities


def test_parts_of_a_digest_are_mails() -> None:
    raw = multipart("digest", "\r\nSubject: one\r\n\r\nx", "\r\nSubject: two\r\n\r\ny")
    assert [file.name for file in read(raw).attachments] == ["one.eml", "two.eml"]


@pytest.mark.parametrize("kind", ["", "text", "nonsense", "a/b/c", "/", "text/"])
def test_a_media_type_that_is_none_keeps_the_content(kind: str) -> None:
    message = read(letter(f"Content-Type: {kind}", body="words"))
    assert message.text == "words" or message.attachments[0].content == b"words"


def test_c2_parts_beyond_the_limit_are_left_out_and_noted() -> None:
    message = read(multipart("mixed", *["\r\nx"] * (PART_LIMIT + 5)))
    assert message.text.count("x") == PART_LIMIT
    assert f"more than {PART_LIMIT} parts" in message.oddities


def test_c1_the_twentieth_level_is_read_and_what_lies_deeper_is_one_file() -> None:
    def nested(levels: int) -> bytes:
        body = b"\r\nbottom"
        for level in range(levels):
            body = f"Content-Type: multipart/mixed; boundary=x{level}x\r\n\r\n--x{level}x\r\n".encode() + body
        return b"From: a@example.com\r\n" + body

    assert read(nested(20)).text == "bottom"
    assert read(nested(20)).oddities == ()
    deep = read(nested(21))
    assert b"bottom" in deep.attachments[0].content
    assert deep.oddities == ("more than 20 levels deep",)

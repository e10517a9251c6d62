"""Mails for tests, built octet by octet so that they can be as wrong as real ones are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.mail.parse import parse_mail
from bot.message import IncomingMessage, Payload

RECEIVED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def letter(
    *fields: str, body: str | bytes = "Hello\r\n", sender: str | None = "Ann <ann@example.com>"
) -> bytes:
    """A mail with these header fields; ``sender`` makes the From field unless it is None."""
    head = [f"From: {sender}"] if sender is not None else []
    lines = "\r\n".join([*head, *fields])
    content = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
    return lines.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content


def multipart(kind: str, *parts: str | bytes, fields: tuple[str, ...] = (), boundary: str = "=_b") -> bytes:
    """A multipart mail of parts that bring their own header fields."""
    octets = [part.encode("utf-8") if isinstance(part, str) else part for part in parts]
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in octets) + mark + b"--\r\n"
    return letter(
        *fields, "MIME-Version: 1.0", f'Content-Type: multipart/{kind}; boundary="{boundary}"', body=body
    )


def payload(raw: bytes, **envelope: Any) -> Payload:
    return Payload(channel="mail", key="k", raw=raw, received_at=RECEIVED, envelope=envelope)


def read(raw: bytes, **envelope: Any) -> IncomingMessage:
    """The message in a mail that came with this envelope."""
    return parse_mail(payload(raw, **envelope))

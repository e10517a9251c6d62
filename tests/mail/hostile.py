"""Mails that kill parsers, and a child process that reads them within limits.

``python -m tests.mail.hostile NAME...`` prints one JSON line for each: seconds of CPU, what was read, and the
largest size of the process so far.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bot.mail.parse import parse_mail
from tests.mail.letters import letter, multipart, payload

MEMORY = 512 * 1024 * 1024


def _most_kilobytes() -> int:
    """The most memory that this program has had; ``ru_maxrss`` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def nested_multiparts(levels: int) -> bytes:
    heads = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(levels))
    return (
        f"From: a@example.com\r\nSubject: deep\r\n{heads}Content-Type: text/plain\r\n\r\nbottom\r\n".encode()
    )


def nested_messages(levels: int) -> bytes:
    return (
        b"From: a@example.com\r\nSubject: deep\r\n"
        + b"Content-Type: message/rfc822\r\n\r\n" * levels
        + b"\r\nx"
    )


def many_parts(count: int) -> bytes:
    return letter(
        "Content-Type: multipart/mixed; boundary=b", body=b"--b\r\n\r\n.\r\n" * count + b"--b--\r\n"
    )


def false_boundaries() -> bytes:
    nest = b"".join(b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" for _ in range(19))
    return letter("Content-Type: multipart/mixed; boundary=b", body=nest + b"x--b" * 2_500_000)


CASES: dict[str, Callable[[], bytes]] = {
    "plain": letter,
    "1,000 nested multiparts": lambda: nested_multiparts(1_000),
    "10,000 nested multiparts": lambda: nested_multiparts(10_000),
    "2,000 nested messages": lambda: nested_messages(2_000),
    "a million parts": lambda: many_parts(1_000_000),
    "boundaries that are none": false_boundaries,
    "100,000 header fields": lambda: letter(*["X-A: b"] * 100_000),
    "a million Received fields": lambda: letter(*["Received: by x"] * 1_000_000),
    "18 MB Received": lambda: letter("Received: " + "x" * 18_000_000),
    "1 MB Subject of encoded words": lambda: letter("Subject: " + "=?utf-8?q?=41?= " * 65_000),
    "8 kB of quotes in To": lambda: letter("To: " + '"' * 8_100),
    "32 kB of commas in To": lambda: letter("To: " + "," * 32_000),
    "parentheses in To": lambda: letter("To: " + "(" * 8_000),
    "10,000 addresses in To": lambda: letter("To: " + ", ".join(f"u{n}@example.com" for n in range(10_000))),
    "20,000 parameters": lambda: letter("Content-Type: text/plain; " + "; ".join(f"a{n}=b" for n in range(20_000))),
    "20,000 unclosed parameters": lambda: letter("Content-Type: text/plain; " + 'a="b; ' * 20_000),
    "utf-32 rubbish": lambda: letter("Content-Type: text/plain; charset=utf-32le", body=b"\xff\xfeabc\r\n" * 100_000),
    "punycode 100 kB": lambda: letter("Content-Type: text/plain; charset=punycode", body=b"a-" * 50_000),
    "idna 100 kB": lambda: letter("Content-Type: text/plain; charset=idna", body=b"xn--a" * 20_000),
    "zlib": lambda: letter("Content-Type: text/plain; charset=zlib", body=b"x\x9c" * 50_000),
    "a long international domain": lambda: letter(sender="x@" + "é" * 8_000),
    "20 MB of bad base64": lambda: letter("Content-Transfer-Encoding: base64", body=b"!\xff=A" * 5_000_000),
    "20 MB of quoted-printable": lambda: letter("Content-Transfer-Encoding: quoted-printable", body=b"=\r\n=4" * 4_000_000),
    "20 MB of text": lambda: letter(body=b"x > y\r\n" * 2_800_000),
    "a line of 20 MB": lambda: letter(body=b"On " * 6_600_000),
    "20 MB of html": lambda: letter("Content-Type: text/html", body=b"<div><a '" * 2_200_000),
    "a flowed text of 10 MB": lambda: letter("Content-Type: text/plain; format=flowed", body=b"> a \r\n" * 1_600_000),
    "a report of 10 MB": lambda: multipart(
        "report; report-type=delivery-status",
        b"Content-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * 500_000,
    ),
    "a bounce of spaces": lambda: letter("Subject: Undeliverable", body=b"could not " + b" \t" * 2_000_000),
}  # fmt: skip


def main(names: list[str]) -> None:
    """Read the named mails, each within the limits of a parsing child."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for name in names:
        raw = CASES[name]()
        before = time.process_time()
        message = parse_mail(payload(raw))
        seconds = time.process_time() - before
        msgspec.msgpack.encode(message)
        facts = {
            "name": name,
            "seconds": seconds,
            "sender": message.sender.address,
            "oddities": message.oddities,
        }
        facts["kilobytes"] = _most_kilobytes()
        print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

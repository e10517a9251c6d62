"""Mails of the corpus, damaged again and again, read by a child process within limits (SECURITY.md section 5.5).

``python -m tests.mail.fuzz SEED COUNT`` prints one JSON line: how long the slowest mail took and how large the
process became. It ends with an error that names the mail when one raises or gives what is no UTF-8 JSON.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from bot.mail import describe
from bot.mail.parse import parse_mail
from tests.mail.letters import payload

CORPUS = Path(__file__).parents[1] / "corpus"
LARGEST = 2_000_000

PIECES = (
    b"\0", b"\r", b"\n", b"\r\n\r\n", b"--=_part", b"--=_part--", b"=?utf-8?b?", b"=?iso-2022-jp?Q?", b"?=", b'"', b"<", b">", b"(", b"@",
    b";", b"=", b":", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b$B", b"%", b"*0*=", b"> ", b">" * 80, b"\t" * 200, b" " * 300,
    b"Content-Type: multipart/mixed; boundary=\"=_part\"\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: text/html\r\n\r\n",
    b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\x01\x00", b"Content-Transfer-Encoding: base64\r\n", b"charset=utf-7", b"+2AA-",
    b"From: x@y.example\r\n", b"Subject: Undeliverable: ", b"Final-Recipient: rfc822; ", b"Action: failed\r\n", b"On Mon, 2 Nov 2026 at 9:15, ",
    b" wrote:\r\n", b"-----Original Message-----\r\n", b"---------- Forwarded message ---------\r\n", b"From: Eve <eve@x.example>\r\nTo: b\r\n",
    b"<blockquote>", b"<div style='display:none'>", b"<a href='https://", b"<!--", b"</", b"&#", b"begin 644 x\r\n", b"a" * 5_000, b"a@" * 500,
)  # fmt: skip


def _most_kilobytes() -> int:
    """The most memory that this program has had; ``ru_maxrss`` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def seeds() -> list[bytes]:
    """The mails of the corpus."""
    return [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))]


def damaged(mails: list[bytes], chance: random.Random) -> bytes:
    """One mail with pieces cut out, put in, repeated, changed or taken from another mail."""
    raw = chance.choice(mails)
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(raw))
        to = min(len(raw), at + chance.choice((1, 4, 40, 400)))
        way = chance.randrange(7)
        if way == 0:
            raw = raw[:at] + raw[to:]
        elif way == 1:
            raw = raw[:at] + chance.choice(PIECES) + raw[at:]
        elif way == 2:
            raw = raw[:to] + raw[at:to] * chance.choice((1, 3, 50)) + raw[to:]
        elif way == 3:
            raw = raw[:at] + bytes(octet ^ chance.randrange(256) for octet in raw[at:to]) + raw[to:]
        elif way == 4:
            other = chance.choice(mails)
            raw = raw[:at] + other[chance.randint(0, len(other)) :]
        elif way == 5:
            raw = raw[:at] + chance.choice(PIECES) * chance.choice((2, 20, 2_000)) + raw[at:]
        else:
            raw = raw.replace(
                chance.choice((b"\r\n", b" ", b"e", b"; ")),
                chance.choice((b"\n", b"", b"\r", b"\0", b"\xe9")),
            )
    return raw[:LARGEST]


def read(raw: bytes) -> float:
    """Read one mail in both ways; seconds of CPU for the slower. Raises when what comes out cannot be kept."""
    begin = time.process_time()
    found = describe(raw)
    middle = time.process_time()
    json.dumps(found, ensure_ascii=False).encode("utf-8")
    if raw.strip():
        parse_mail(payload(raw))
    return max(middle - begin, time.process_time() - middle)


def main(seed: int, count: int) -> None:
    """Damage and read ``count`` mails; the same ones for the same seed."""
    chance = random.Random(seed)
    mails = seeds()
    slowest = 0.0
    for number in range(count):
        raw = damaged(mails, chance)
        try:
            slowest = max(slowest, read(raw))
        except Exception as error:
            raise SystemExit(f"mail {number} of seed {seed}: {error!r}\n{raw[:2_000]!r}") from error
    kilobytes = _most_kilobytes()
    print(json.dumps({"seconds": slowest, "kilobytes": kilobytes, "mails": count}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

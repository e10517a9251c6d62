"""The page docs/a_day_by_mail.md: its mails are those of a real run, its prose is written by hand.

A block of the page says which mail it shows: ``<!-- ben 2 -->`` is the second in Ben's mailbox, ``<!-- desk 2 -->``
the second that came to the desk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from tests.peers.chromium import Chromium
from tests.real_desk import words_of

PAGE: Final = Path(__file__).parent.parent / "docs" / "a_day_by_mail.md"
RENEW: Final = "DESKBOT_RENEW_PAGES"
"""Set in the environment: the blocks are written anew instead of being compared."""

_BLOCK: Final = re.compile(r"(<!-- (\w+) (\d+) -->\n```text\n)(.*?)(```\n)", re.DOTALL)
_TOKEN: Final = re.compile(r"hd\.(\d+)\.[a-z2-7]{37}")
_DATE: Final = re.compile(r"\w{3}, \w{3} \d\d, \d{4} at \d\d:\d\d:\d\d[AP]M [+-]\d{4}")
_LINK: Final = re.compile(r"(https://help\.example\.test/\w+/)[\w.-]+")
_QUOTE: Final = re.compile(r"((?:^>.*\n){4})(?:^>.*\n)+", re.MULTILINE)


def renewed(page: str, boxes: Mapping[str, Sequence[EmailMessage]]) -> str:
    """The page with the mails of this run in its blocks. What differs from run to run is left out."""
    return _BLOCK.sub(lambda m: m[1] + _shown(boxes[m[2]][int(m[3]) - 1]) + m[5], page)


def _shown(mail: EmailMessage) -> str:
    """A mail as text: who, to whom, about what, and the words; only the beginning of a long quote."""
    fields = "".join(f"{name}: {mail[name]}\n" for name in ("From", "To", "Subject"))
    text = _QUOTE.sub(r"\1> ...\n", words_of(mail).strip() + "\n")
    return (
        _TOKEN.sub(r"hd.\1....", fields)
        + "\n"
        + _LINK.sub(r"\1...", _DATE.sub("Wed, Mar 04, 2026 at 09:31:00AM +0000", text))
    )


def see_page(boxes: dict[str, list[EmailMessage]]) -> None:
    """The page that shows this story shows these mails."""
    page = PAGE.read_text(encoding="utf-8")
    now = renewed(page, boxes)
    if os.environ.get(RENEW):
        PAGE.write_text(now, encoding="utf-8")
    assert page == now or os.environ.get(RENEW), (
        f"docs/{PAGE.name} shows other mails than people get now: run this test with {RENEW}=1 and read the page"
    )


def take_picture(chromium: Chromium, name: str) -> None:
    """What the browser shows now, as a picture of the page; only when the page is written anew."""
    if os.environ.get(RENEW):
        chromium.picture(PAGE.parent / name)


def take_picture_of_mail(chromium: Chromium, mail: EmailMessage, name: str, folder: Path) -> None:
    """A mail as a program that shows HTML shows it; only when the page is written anew."""
    if os.environ.get(RENEW):
        body = mail.get_body(("html",))
        assert body is not None
        page = folder / "mail.html"
        page.write_text(str(body.get_content()), encoding="utf-8")
        chromium.open(page.as_uri())
        chromium.picture(PAGE.parent / name)

"""The mail of a small company, for tests: Postfix in front, Dovecot with its people's mailboxes behind."""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

import pytest

from tests.peers.certificates import make_certificate
from tests.peers.dovecot import Dovecot, require_dovecot
from tests.peers.postfix import DOMAIN, Postfix, require_postfix

PEOPLE: Final = ("ben", "anna", "carla", "desk", "support")
"""Mailboxes and logins: employees, agents, the desk's own, and a mailbox that the desk reads."""
PASSWORD: Final = "a-secret-for-tests"
WAIT_SECONDS: Final = 40.0
_PAUSE: Final = 0.05


class MailHouse:
    """Both servers. The desk listens on ``postfix.desk_smtp`` with ``desk_certificate``."""

    def __init__(self) -> None:
        self.dovecot = Dovecot()
        logins = self.dovecot.folder / "logins"
        with (self.dovecot.folder / "dovecot.conf").open("a") as settings:
            settings.write(_LOGINS.format(logins=logins))
        with (self.dovecot.folder / "users").open("a") as users:
            users.writelines(f"{name}:{{PLAIN}}{PASSWORD}::::::\n" for name in PEOPLE)
        self.certificate = self.dovecot.certificate
        """Of Postfix and of Dovecot, for localhost."""
        self.desk_certificate = make_certificate(self.dovecot.folder / "desk-tls")
        self.postfix = Postfix(
            self.certificate.file,
            self.certificate.key,
            self.desk_certificate.file,
            mailboxes=self.dovecot.lmtp,
            logins=logins,
        )

    def start(self) -> None:
        """Start both; returns when both serve."""
        self.dovecot.start()
        self.postfix.start()

    def close(self) -> None:
        """Stop both and remove everything."""
        self.postfix.close()
        self.dovecot.close()

    def empty(self) -> None:
        """Remove every mail, in mailboxes and in the queue; what is under way arrives first."""
        self.postfix.rest()
        self.postfix.forget_queue()
        for name in PEOPLE:
            with self.client(name) as client:
                for folder in ("INBOX", "Processed", "Failed"):
                    typ, number = client.select(folder)
                    if typ == "OK" and int(number[0] or 0):
                        client.store("1:*", "+FLAGS", r"\Deleted")
                        client.expunge()

    def mailbox(self, name: str, folder: str = "INBOX") -> list[EmailMessage]:
        """All mail in somebody's mailbox, oldest first, read by IMAP."""
        with self.client(name) as client:
            typ, number = client.select(folder, readonly=True)
            if typ != "OK" or not int(number[0] or 0):
                return []
            _, parts = client.fetch("1:*", "(BODY.PEEK[])")
        return [
            message_from_bytes(part[1], policy=policy.default) for part in parts if isinstance(part, tuple)
        ]

    async def arrived(self, name: str, count: int) -> list[EmailMessage]:
        """Somebody's mail, once there are ``count``; raises when there are more."""
        found: list[EmailMessage] = []

        def enough() -> bool:
            found[:] = self.mailbox(name)
            return len(found) >= count

        try:
            await until(enough)
        except TimeoutError:
            subjects = [mail["Subject"] for mail in found]
            raise AssertionError(
                f"{name} has {subjects}, not {count} mails\n{self.postfix.logged()[-3000:]}"
            ) from None
        if len(found) > count:
            raise AssertionError(f"{name} has more than {count} mails: {[mail['Subject'] for mail in found]}")
        return found

    def client(self, name: str) -> imaplib.IMAP4_SSL:
        """Another mail program of somebody's, logged in."""
        context = ssl.create_default_context(cafile=str(self.certificate.file))
        client = imaplib.IMAP4_SSL("localhost", self.dovecot.imaps, ssl_context=context, timeout=20)
        client.login(name, PASSWORD)
        return client


async def until(condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Look again and again: mail servers tell nobody what they have got. Raises ``TimeoutError``."""
    for _ in range(int(seconds / _PAUSE)):
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(_PAUSE)
    raise TimeoutError


_LOGINS: Final = """
service auth {{
  unix_listener {logins} {{
    mode = 0666
  }}
}}
"""


def address(name: str) -> str:
    """Somebody's address in the house."""
    return f"{name}@{DOMAIN}"


@pytest.fixture(scope="session")
def running_mail_house() -> Iterator[MailHouse]:
    """The servers of this test worker."""
    require_dovecot()
    require_postfix()
    house = MailHouse()
    try:
        house.start()
        yield house
    finally:
        house.close()


@pytest.fixture
def mail_house(running_mail_house: MailHouse) -> MailHouse:
    """The servers of this test worker, without any mail."""
    running_mail_house.empty()
    return running_mail_house

"""Who we say we are to an IMAP server: by password, or by a token (XOAUTH2)."""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from bot.channels.imap_faults import LoginRefused, Lost, is_throttled, lost, words_of
from bot.channels.imap_wire import Client
from bot.config import Imap

Login = Callable[[Client], None]


class Tokens(Protocol):
    """Where access tokens come from."""

    def current(self) -> str:
        """A token that is good for some minutes at least. Raises ``LoginRefused`` or ``Lost``."""

    def refused(self) -> None:
        """The mail server does not accept the current one."""


def login_for(
    section: Imap, key: bytes, load: Callable[[], str | None], save: Callable[[str], None]
) -> Login:
    """As the configuration says. ``load`` and ``save`` keep a credential that its service has renewed, sealed
    with ``key``."""
    if section.auth == "password":
        return by_password(section)
    from bot.channels.imap_oauth import Vault, tokens_for

    return by_token(section, tokens_for(section, Vault(key, load, save)))


def by_password(section: Imap) -> Login:
    """AUTHENTICATE PLAIN where it is offered, because it can carry any password; else LOGIN."""
    password = section.password.get_secret_value()

    def login(client: Client) -> None:
        with _told(section):
            if client.has_capability("AUTH=PLAIN"):
                client.plain_login(section.user, password)
            elif client.has_capability("LOGINDISABLED"):
                raise LoginRefused('the server takes no password: use auth = "microsoft" or "google"')
            else:
                client.login(_quoted(section.user), password)

    return login


def by_token(section: Imap, tokens: Tokens) -> Login:
    """AUTHENTICATE XOAUTH2."""

    def login(client: Client) -> None:
        words = f"user={section.user}\1auth=Bearer {tokens.current()}\1\1"

        def answer(challenge: bytes) -> bytes:
            # A second challenge tells what is wrong, and wants an empty answer.
            return b"" if challenge else words.encode()

        try:
            with _told(section):
                client.sasl_login("XOAUTH2", answer)
        except LoginRefused:
            tokens.refused()
            raise

    return login


@contextmanager
def _told(section: Imap) -> Iterator[None]:
    """A login that fails because the connection does, or because the server is busy, is not refused."""
    try:
        yield
    except OSError as error:
        raise Lost(error.strerror or type(error).__name__) from error
    except imaplib.IMAP4.error as error:
        words = words_of(error)
        # IMAPClient makes one kind of error of both.
        broken = isinstance(error, imaplib.IMAP4.abort) or isinstance(error.__context__, imaplib.IMAP4.abort)
        if broken or is_throttled(words):
            raise lost(words) from error
        raise LoginRefused(f"the server does not let {section.user} in: {words}") from error


def _quoted(user: str) -> str:
    """imaplib quotes the password alone."""
    return '"' + user.replace("\\", "\\\\").replace('"', '\\"') + '"'

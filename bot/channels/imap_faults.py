"""How talking to an IMAP server can fail, and the one place where the libraries' errors become these.

::

    ChannelError
    ├── Lost            the connection is gone or makes no sense: connect again, ever later
    │   └── Throttled       ... and the server wants us to wait
    ├── LoginRefused    who we are is not believed: a person must look, and we must not hammer (B10)
    └── Refused         this one command was answered NO or BAD; the connection goes on
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bot.errors import ChannelError

_THROTTLED: Final = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|OVERQUOTA|SERVERBUG|CONTACTADMIN|THROTTLED)\]"  # RFC 5530
    r"|too many|throttl|bandwidth|rate limit|temporar|try again|simultaneous|maximum number",
    re.IGNORECASE,
)
_SUGGESTED: Final = re.compile(r"Suggested Backoff Time: ([0-9]{1,9}) milliseconds")
"""Seen in practice: Microsoft 365."""
_LONGEST_WORDS: Final = 200


class Lost(ChannelError):
    """The connection is gone, or what comes over it makes no sense."""


class Throttled(Lost):
    """The server wants us to come back later."""


class LoginRefused(ChannelError):
    """The server, or the token service, does not accept who we say we are."""


class Refused(ChannelError):
    """One command was refused."""


@contextmanager
def translated() -> Iterator[None]:
    """Around everything that talks to a mail server."""
    try:
        yield
    except ChannelError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise Lost(
            f"its certificate is not trusted ({error.verify_message}): check host, or name the authority in ca_file"
        ) from error
    except imaplib.IMAP4.readonly as error:
        raise Refused("we may read this folder only: give the user the right to change it") from error
    except imaplib.IMAP4.abort as error:
        raise lost(words_of(error)) from error
    except imaplib.IMAP4.error as error:
        words = words_of(error)
        if "BYE" in words or is_throttled(words):
            raise lost(words) from error
        raise Refused(words) from error
    except OSError as error:
        raise Lost(error.strerror or type(error).__name__) from error
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError) as error:
        # The libraries' parsers, on what no honest server says.
        raise Lost(f"the server's answer makes no sense ({type(error).__name__})") from error


def lost(words: str) -> Lost:
    """The error for a connection that ended with these words."""
    if is_throttled(words):
        found = _SUGGESTED.search(words)
        return Throttled(words, retry_after=int(found[1]) / 1000 if found else None)
    return Lost(words)


def is_throttled(words: str) -> bool:
    """Whether a server's words mean: not now."""
    return bool(_THROTTLED.search(words))


def words_of(error: BaseException) -> str:
    """What a server said, short and without control characters."""
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST_WORDS]

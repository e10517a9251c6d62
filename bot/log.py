"""Logs: one JSON line on standard error for each thing that happened.

A line has ``time``, ``level``, ``action`` (what tests and alarms look at), ``message`` and the fields that
were given as ``extra``. It holds no secret (they are registered here and replaced), no body, and of an
address only what :func:`address_hash` leaves. Control characters are escaped, so that nobody's subject can
forge a line or repaint a terminal.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, Final, TextIO
from urllib.parse import quote, quote_plus, unquote, urlsplit

import msgspec
from pydantic import BaseModel, SecretStr

from bot.errors import DeskbotError

LONGEST_FIELD: Final = 500
LONGEST_MESSAGE: Final = 2000
MOST_FIELDS: Final = 40
_FRAMES: Final = 8
_CHAIN: Final = 3
_SHORTEST_SECRET: Final = 4
"""What is shorter would be replaced inside ordinary words."""
_HIDDEN: Final = "***"

_QUIET: Final = (
    "aiosmtplib",
    "alembic",
    "asyncio",
    "fsspec",
    "httpcore",
    "httpx",
    "mail.debug",
    "mail.error",
    "mail.log",
    "sqlalchemy",
    "telegram",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.error",
)
"""Libraries that say too much below a warning: whole URLs, every command and line of a mail (J11, L2)."""
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"action", "fields", "message", "asctime"}
_TOKENS: Final = (r"bot\d{5,}:[A-Za-z0-9_-]{20,}", r"xox[a-z]-[A-Za-z0-9-]{8,}", r"xapp-[A-Za-z0-9-]{8,}")
"""Tokens of chat services as they stand in URLs and messages, registered or not."""
_UNSEEN: Final = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""What JSON lets through and a terminal obeys: C1 controls, line separators, text direction, no width."""


class _Redaction:
    """The secrets of this process, as one expression."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern = re.compile("|".join(_TOKENS))

    def add(self, secret: str) -> None:
        forms = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
        forms |= {repr(form)[1:-1] for form in forms}  # as it stands in a list that was logged
        forms |= {json.dumps(f, ensure_ascii=ascii_only)[1:-1] for f in forms for ascii_only in (True, False)}
        self._known |= {form for form in forms if len(form) >= _SHORTEST_SECRET}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), *_TOKENS]))

    def clean(self, text: str) -> str:
        return self._pattern.sub(_HIDDEN, text)


_redaction: Final = _Redaction()
_address_key = secrets.token_bytes(16)


def register_secret(secret: SecretStr | str) -> None:
    """Never let this be logged, as it is or as it stands in a URL. Of a URL its password is meant as well."""
    value = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    if not value:
        return
    _redaction.add(value)
    if "://" in value and (password := _password(value)):
        _redaction.add(password)
        _redaction.add(unquote(password))


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None


def register_secrets(config: BaseModel) -> None:
    """Register every secret of a configuration."""
    for value in _secrets_in(config):
        register_secret(value)


def _secrets_in(value: object) -> Iterator[SecretStr]:
    if isinstance(value, SecretStr):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _secrets_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets_in(item)


def redact(text: str) -> str:
    """``text`` without any secret that is known here."""
    return _redaction.clean(text)


def address_hash(address: str) -> str:
    """An address as a log may hold it: "example.com#5f2c9a01d3", the same for the same address.

    The key is this process's own unless :func:`configure` was given one, so a list of likely addresses does
    not undo it (L2).
    """
    domain = address.rpartition("@")[2].lower()[:100]
    return f"{domain}#{blake2s(address.lower().encode('utf-8', 'replace'), digest_size=5, key=_address_key).hexdigest()}"


def event(
    logger: logging.Logger, action: str, message: str = "", /, *, level: int = logging.INFO, **fields: object
) -> None:
    """One line about one thing. Fields may have any name; when the level is off this costs next to nothing."""
    if logger.isEnabledFor(level):
        logger.log(level, message or action, extra={"action": action, "fields": fields}, stacklevel=2)


def configure(
    level: str, stream: TextIO | None = None, *, address_key: bytes | None = None
) -> logging.Handler:
    """Log from ``level`` ("debug", "info", ...) on, as JSON lines on ``stream`` (standard error).

    Only Deskbot's own loggers follow ``level``; every library's stay at warnings. Returns the handler, so
    that it can be taken away again.
    """
    global _address_key  # noqa: PLW0603 (one process, one key)
    if address_key is not None:
        _address_key = address_key[:32]
    handler = _Handler(stream)
    handler.setFormatter(JsonLine())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in ("deskbot", "bot"):
        logging.getLogger(name).setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    return handler


class _Handler(logging.StreamHandler[TextIO]):
    """Standard error may be gone; that is no reason to fail, and there is nobody to tell."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging names it)
        """Let the line go."""


class JsonLine(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "action": getattr(record, "action", record.name),
            "message": _message(record),
        }
        given = record.__dict__
        for name in given.keys() - _STANDARD:
            line[name] = _plain(given[name])
        fields = given.get("fields")
        if isinstance(fields, dict):
            for name, value in fields.items():
                line.setdefault(name, _plain(value))
        if len(line) > MOST_FIELDS:
            line = dict(list(line.items())[:MOST_FIELDS])
        if record.exc_info and record.exc_info[1] is not None:
            line["error"], line["trace"] = _told(record.exc_info[1])
        return _redaction.clean(_written(line))


def _written(line: dict[str, Any]) -> str:
    try:
        text = msgspec.json.encode(line).decode()
    except (UnicodeError, ValueError, TypeError, OverflowError):  # lone surrogates and the like
        text = json.dumps(line, default=repr)
    return text if text.isascii() else _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 (whatever an argument's __str__ does, the line is written)
        text = str(record.msg)
    return _cut(text, LONGEST_MESSAGE)


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _cut(value, LONGEST_FIELD)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else "a very large number"
    convert: Callable[[object], str] = repr if isinstance(value, bytes | bytearray) else str
    try:
        return _cut(convert(value), LONGEST_FIELD)
    except Exception:  # noqa: BLE001 (as above)
        return type(value).__name__


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    # A secret that lies across the cut would no longer be recognised as one.
    return redact(text)[:longest] + "…"


def _told(error: BaseException) -> tuple[str, list[str]]:
    """What an error was, and where: its type and its path through the code. Its text only when it is ours,
    because any other may quote a message or a password."""
    chain: list[BaseException] = [error]
    while len(chain) < _CHAIN and (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    told = " < ".join(_name(e) for e in chain)
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return told, [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _name(error: BaseException) -> str:
    name = type(error).__name__
    return f"{name}({_cut(str(error), LONGEST_FIELD)})" if isinstance(error, DeskbotError) else name


def _short(path: str) -> str:
    return "/".join(path.rsplit("/", 2)[-2:])

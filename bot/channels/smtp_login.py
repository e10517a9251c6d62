"""SMTP AUTH (RFC 4954): PLAIN and LOGIN, under TLS only, and with little patience for guessing."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.channels.smtp_auth import DUMMY, decode, split_plain, verify_password
from bot.channels.smtp_conversation import LINE_LIMIT, UNKNOWN_COMMAND, Conversation
from bot.channels.smtp_limits import household
from bot.channels.smtp_session import log

MAX_FAILURES: Final = 3
"""Wrong passwords on one connection."""


async def log_in(client: Conversation, arg: str) -> None:
    """Go through the dialogue of AUTH; the caller has seen to it that it is allowed now."""
    mechanism, _, initial = arg.partition(" ")
    read = {"PLAIN": _plain, "LOGIN": _login}.get(mechanism.upper())
    if read is None:
        client.refuse(b"504 5.5.4 PLAIN or LOGIN")
    elif (account := await read(client, initial)) is None:
        client.refuse(b"501 5.5.2 Not understood", UNKNOWN_COMMAND)
    else:
        await _check(client, *account)


async def _plain(client: Conversation, initial: str) -> tuple[str, str] | None:
    answer = decode(initial) if initial else await _ask(client, b"")
    return None if answer is None else split_plain(answer)


async def _login(client: Conversation, initial: str) -> tuple[str, str] | None:
    name = decode(initial) if initial else await _ask(client, b"VXNlcm5hbWU6")  # "Username:"
    password = await _ask(client, b"UGFzc3dvcmQ6") if name else None  # "Password:"
    return None if not name or password is None else (name, password)


async def _ask(client: Conversation, challenge: bytes) -> str | None:
    client.say(b"334 " + challenge)
    client.restart_clock()
    line = await client.stream.line(LINE_LIMIT)
    return decode(line.rstrip(b"\r\n").decode("latin-1"))


async def _check(client: Conversation, name: str, password: str) -> None:
    shared = client.shared
    origins = (f"peer {household(client.peer)}", f"name {name[:256]}")
    client.restart_clock()  # what follows is our time, not the client's
    async with shared.verifying:
        if client.closing:
            return
        now = client.loop.time()
        if any(shared.patience.pause(who, now) for who in origins):
            client.hang_up(b"421 4.7.0 Too many failures, try again later")
            return
        secret = shared.section.accounts.get(name)
        hashed = DUMMY if secret is None else secret.get_secret_value()
        right = await asyncio.to_thread(verify_password, password, hashed)
        client.restart_clock()
        if right and secret is not None:
            shared.patience.succeeded(origins[1])
            client.user = name
            client.say(b"235 2.7.0 Welcome")
            return
        for who in origins:
            shared.patience.failed(who, now)
    log.warning("login failed", extra={"action": "smtp.auth_failed", "peer": client.peer})
    client.auth_failures += 1
    client.refuse(b"535 5.7.8 Wrong name or password")
    if client.auth_failures >= MAX_FAILURES:
        client.hang_up(b"421 4.7.0 Too many failures")

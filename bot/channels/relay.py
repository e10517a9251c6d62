"""The way out for mail: hands composed mails to one relay by SMTP (RFC 5321) over a few kept connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.channels.relay_session import LostBeforeMail, Session
from bot.channels.relay_setup import checked_context
from bot.message import OutgoingMessage, Receipt

if TYPE_CHECKING:
    from bot.config import Relay
    from bot.mail.compose import ComposedMail

KEEP_SECONDS: Final = 30.0
"""How long an idle connection is kept: long enough for a trickle of mail, short for a relay's patience."""
MAILS_PER_CONNECTION: Final = 100
"""Relays close a connection after so many; leaving first is cheaper than being thrown out."""


@dataclass(slots=True)
class _Kept:
    session: Session
    expiry: asyncio.TimerHandle


class RelaySender:
    """Sends mail through the relay of the configuration: a ``bot.ports.Sender``.

    At most ``relay.connections`` mails are under way at once; more callers wait for their turn. Connections
    are opened when needed, kept while they are used, and closed when they are idle or worn.

    Raises ``ConfigError`` when the section cannot work whatever the relay says.
    """

    def __init__(
        self,
        section: Relay,
        compose: Callable[[OutgoingMessage], Awaitable[ComposedMail]],
        *,
        hostname: str = "",
        keep_seconds: float = KEEP_SECONDS,
        mails_per_connection: int = MAILS_PER_CONNECTION,
    ) -> None:
        """``hostname`` is said in EHLO; empty: this machine's full name, or its address."""
        self._relay = section
        self._compose = compose
        self._hostname = hostname
        self._keep_seconds = keep_seconds
        self._mails_per_connection = mails_per_connection
        self._context = checked_context(section)
        self._turns = asyncio.Semaphore(section.connections)
        self._kept: deque[_Kept] = deque()
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._closed = False

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one mail to the relay; returns when the relay has taken responsibility for it.

        Raises ``ChannelError``: ``permanent`` when this mail can never go, ``ambiguous`` when the relay fell
        silent after it had the whole mail; what ``compose`` raises goes through.
        """
        mail = await self._compose(message)
        async with self._turns:
            kept = self._take()
            if kept is not None:
                # It may have been closed while nobody used it, which is nobody's fault and no attempt.
                with contextlib.suppress(LostBeforeMail):
                    return await self._send_by(kept, mail)
            return await self._send_by(await self._open(), mail)

    async def check(self) -> None:
        """Connect, encrypt, log in and leave. Raises ``ChannelError`` with what to do."""
        await (await self._open()).quit()

    async def close(self) -> None:
        """Say goodbye on all connections; mails under way still end, and their connections are not kept."""
        self._closed = True
        while self._kept:
            kept = self._kept.popleft()
            kept.expiry.cancel()
            self._dismiss(kept.session)
        while self._goodbyes:
            await asyncio.gather(*self._goodbyes)

    async def _send_by(self, session: Session, mail: ComposedMail) -> Receipt:
        try:
            return Receipt(await session.hand_over(mail))
        finally:
            self._give_back(session)

    async def _open(self) -> Session:
        session = Session(self._relay, self._context)
        await session.open(self._hostname)
        return session

    def _take(self) -> Session | None:
        """The connection used last, which is the least likely to be stale, and leaves the others to expire."""
        while self._kept:
            kept = self._kept.pop()
            kept.expiry.cancel()
            if kept.session.alive:
                return kept.session
            kept.session.abort()
        return None

    def _give_back(self, session: Session) -> None:
        if not session.alive:
            session.abort()
        elif self._closed or session.mails >= self._mails_per_connection:
            self._dismiss(session)
        else:
            loop = asyncio.get_running_loop()
            self._kept.append(_Kept(session, loop.call_later(self._keep_seconds, self._expire, session)))

    def _expire(self, session: Session) -> None:
        self._kept = deque(kept for kept in self._kept if kept.session is not session)
        self._dismiss(session)

    def _dismiss(self, session: Session) -> None:
        """QUIT beside the traffic, so that no mail waits for a goodbye."""
        task = asyncio.get_running_loop().create_task(session.quit())
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)

"""The door for mail that lies in a mailbox, read by IMAP: one for each ``[imap.NAME]``.

A mailbox is read by one process at a time, under a lease (B11), in a thread of its own, because imapclient
waits. The parts are ``imap_reader`` (what is done with each mail), ``imap_course`` (which is next), ``imap_session`` (what is said to the
server), ``imap_wire`` (the connection), ``imap_login`` and ``imap_oauth`` (who we are), ``imap_stub`` (what
stands for mail that is not taken), ``imap_faults``, ``imap_health``, ``imap_bridge``.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Final

from bot import clock
from bot.channels.imap_health import Health
from bot.clock import Clock
from bot.config import Imap
from bot.errors import ChannelError, DeskbotError, StoreUnavailable
from bot.message import IncomingMessage, Payload
from bot.ports import Accept
from bot.store import mailboxes
from bot.store.engine import Store
from bot.store.mailboxes import Lease, LeaseLost

if TYPE_CHECKING:
    from bot.channels.imap_bridge import Bridge
    from bot.channels.imap_course import Memory
    from bot.channels.imap_login import Login
    from bot.channels.imap_wire import Stop, Wire

log = logging.getLogger("deskbot.imap")

Translate = Callable[[Payload], Awaitable[Sequence[IncomingMessage]]]

_LAST_GRACE: Final = 1.5
_LONGEST_ASKED: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds to wait after things went wrong."""

    first: float = 2.0
    """After a lost connection; then twice as long each time."""
    longest: float = 300.0
    refused: float = 300.0
    """After a refused login: servers lock accounts that are tried too often (B10)."""
    healthy_after: float = 60.0
    """A session that lasted so long makes the next failure the first again."""
    again_after: float = 60.0
    """Between two tries of one mail that cannot be taken."""
    settle: float = 5.0
    """Of the first IDLE after work."""
    away: float = 5.0
    """For a database that is away."""
    grace: float = 3.0
    """For the mails in hand when the door closes; then the connection is cut."""


@dataclass(frozen=True, slots=True)
class House:
    """What all doors of a process share."""

    store: Store
    worker: str
    """This process, in leases."""
    lease: timedelta
    """After so long another process takes over what a dead one read."""
    key: bytes = b""
    """Seals credentials that are kept."""
    now: Clock = clock.now


class ImapDoor:
    """Receives mail from a mailbox: a ``Source``."""

    def __init__(
        self,
        name: str,
        section: Imap,
        translate: Translate,
        house: House,
        health: Health,
        pauses: Pauses = Pauses(),  # frozen
    ) -> None:
        self.name = name
        self.health = health
        self._section = section
        self._translate = translate
        self._store = house.store
        self._worker = house.worker
        self._length = house.lease
        self._key = house.key
        self._now = house.now
        self._pauses = pauses
        self._memory: Memory | None = None

    async def run(self, accept: Accept) -> None:
        """Read until cancelled; what is in hand is then finished, for some seconds."""
        while True:
            try:
                lease = await self._store.write(
                    lambda tx: mailboxes.take(tx, self.name, self._worker, self._length)
                )
            except StoreUnavailable as error:
                self.health.trouble("store-away", str(error))
                lease = None
            if lease is None:
                self.health.standby()
                await asyncio.sleep(self._length.total_seconds() / 3)
            else:
                await self._hold(lease, accept)

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """The message in a payload. Raises ``HeldError``."""
        return await self._translate(payload)

    async def serving(self) -> bool:
        """Whether mail is taken, here or by another process; for probes."""
        return self.health.serving

    # The lease, in the loop

    async def _hold(self, lease: Lease, accept: Accept) -> None:
        """Read while the lease is ours."""
        from bot.channels.imap_bridge import Bridge
        from bot.channels.imap_wire import Stop

        bridge = Bridge(asyncio.get_running_loop(), accept, self._store, lease, self._now)
        reading = _Reading(self, bridge, Stop())
        ended = reading.start()
        try:
            await self._keep(lease, ended)
        finally:
            await reading.end(ended, self._pauses.grace)
            self.health.down("stopped")
            await self._release(lease)

    async def _keep(self, lease: Lease, ended: asyncio.Future[None]) -> None:
        """Renew the lease until it is lost or the thread has ended. A store that is away costs us the lease
        only when it is away for as long as the lease is."""
        held_until = monotonic() + self._length.total_seconds()
        while not ended.done() and monotonic() < held_until:
            await asyncio.wait([ended], timeout=self._length.total_seconds() / 3)
            if ended.done():
                return
            asked = monotonic()
            try:
                if not await self._store.write(lambda tx: mailboxes.renew(tx, lease, self._length)):
                    return
            except StoreUnavailable:
                continue
            held_until = asked + self._length.total_seconds()

    async def _release(self, lease: Lease) -> None:
        try:
            await self._store.write(lambda tx: mailboxes.release(tx, lease))
        except DeskbotError as error:
            log.warning("the lease ends by itself: %s", error, extra={"action": "imap.not-released"})

    def _remember(self) -> Memory:
        from bot.channels.imap_course import Memory

        return Memory(self._pauses.again_after, self._pauses.settle, self._pauses.away)

    # The sessions, in the thread

    def work(self, bridge: Bridge, stop: Stop, opened: Callable[[Wire], None]) -> None:
        """Connect and read, again and again, until told to stop or the lease is lost."""
        memory = self._memory = self._memory or self._remember()
        login = self._login(bridge)
        failures = 0
        while not stop.is_set:
            started = monotonic()
            try:
                self._session(bridge, stop, memory, login, opened)
            except LeaseLost as error:
                self.health.trouble("lease-lost", str(error))
                return
            except Exception as error:  # noqa: BLE001  # whatever it is, the mailbox is read on
                if stop.is_set:
                    return
                lasted = monotonic() - started
                failures = 1 if lasted > self._pauses.healthy_after else failures + 1
                stop.sleep(self._after(error, failures))

    def _session(
        self, bridge: Bridge, stop: Stop, memory: Memory, login: Login, opened: Callable[[Wire], None]
    ) -> None:
        from bot.channels.imap_reader import Reader, Tell
        from bot.channels.imap_session import Session

        with Session.open(self._section, login, opened) as session:
            self.health.accepted()
            tell = Tell(self.health.trouble, self.health.looked)
            Reader(self.name, self._section, session, bridge, stop, memory, tell).run()

    def _after(self, error: Exception, failures: int) -> float:
        """Tell of a session that failed; returns how long to wait."""
        from bot.channels.imap_faults import LoginRefused, Throttled

        if isinstance(error, LoginRefused):
            self.health.refused(str(error))
            return self._pauses.refused
        reason = "throttled" if isinstance(error, Throttled) else "disconnected"
        if not isinstance(error, DeskbotError):
            log.error("a fault of ours", exc_info=error, extra={"action": "imap.fault", "mailbox": self.name})
            reason = "failed"
        delay = min(self._pauses.longest, self._pauses.first * 2.0 ** min(failures - 1, 20))
        if isinstance(error, ChannelError) and error.retry_after:
            delay = max(delay, min(error.retry_after, _LONGEST_ASKED))
        delay *= random.uniform(0.8, 1.2)  # noqa: S311  # jitter is no secret
        self.health.disconnected(reason, str(error), delay)
        return delay

    def _login(self, bridge: Bridge) -> Login:
        from bot.channels.imap_login import login_for

        return login_for(
            self._section,
            self._key,
            lambda: bridge.read(lambda tx: mailboxes.credential(tx, self.name)),
            lambda sealed: bridge.write(lambda tx: mailboxes.keep_credential(tx, self.name, sealed)),
        )


class _Reading:
    """The thread of a mailbox, as the loop sees it."""

    def __init__(self, door: ImapDoor, bridge: Bridge, stop: Stop) -> None:
        self._door = door
        self._bridge = bridge
        self._stop = stop
        self._wire: Wire | None = None

    def start(self) -> asyncio.Future[None]:
        """Begin; the future is done when the thread has ended."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def over() -> None:
            if not ended.done():
                ended.set_result(None)

        def run() -> None:
            try:
                self._door.work(self._bridge, self._stop, self._opened)
            finally:
                try:
                    loop.call_soon_threadsafe(over)
                except RuntimeError:
                    log.debug("the loop has gone before the mailbox")

        # A daemon: a thread that hangs in a name server must not keep the program from ending.
        threading.Thread(target=run, name=f"imap-{self._door.name}", daemon=True).start()
        return ended

    async def end(self, ended: asyncio.Future[None], grace: float) -> None:
        """Finish what is in hand, then cut."""
        self._stop.set()
        _, late = await asyncio.wait([ended], timeout=grace)
        if late:
            if self._wire is not None:
                self._wire.cut()
            self._bridge.give_up()
            _, late = await asyncio.wait([ended], timeout=_LAST_GRACE)
        if late:
            log.warning("left behind", extra={"action": "imap.left", "mailbox": self._door.name})
        else:
            self._stop.close()

    def _opened(self, wire: Wire) -> None:
        self._wire = wire
        if self._stop.is_set:
            wire.cut()

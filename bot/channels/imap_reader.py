"""Reading one folder: what is new, into the inbox, then out of the way. Runs in the mailbox's own thread.

The order of events is the whole point: a mail is fetched, the inbox commits it, and only then is it put away
or the progress moved on. A process that dies in between fetches it again, the inbox knows it by its key, and
what was left undone is done (B1, B2). A mail that cannot be fetched or accepted is passed by and tried again;
after three times it goes to the failed folder, and a ticket tells of it (B8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.channels.imap_bridge import Bridge
from bot.channels.imap_course import TRIES, Course, Memory
from bot.channels.imap_faults import Lost, Refused
from bot.channels.imap_session import FLAGGED, Look, Session
from bot.channels.imap_stub import stub, too_large, unreadable
from bot.channels.imap_wire import Stop
from bot.config import Imap
from bot.errors import StoreUnavailable
from bot.failpoints import failpoint
from bot.mail.identity import content_key
from bot.message import Payload

_LOOKED_AT: Final = 500
"""Mails whose sizes are asked for at once."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Whom the reader tells what happens."""

    trouble: Callable[[str, str], None]
    """A reason of a closed list, and words for the log."""
    looked: Callable[[], None]
    """The folder was looked at, and nothing is left."""


class Reader:
    """Reads the folder of one session until told to stop."""

    def __init__(
        self,
        name: str,
        section: Imap,
        session: Session,
        bridge: Bridge,
        stop: Stop,
        memory: Memory,
        tell: Tell,
    ) -> None:
        self._name = name
        self._section = section
        self._session = session
        self._bridge = bridge
        self._stop = stop
        self._memory = memory
        self._tell = tell
        self._moves = section.after == "move" and session.moves
        self._course = Course(name, section, session, bridge, memory)
        if self._course.restarted:
            tell.trouble("uidvalidity-changed", "all mail is looked at again, and known by its key")

    def run(self) -> None:
        """Take what is there, wait for more, until told to stop. Raises ``Lost`` and ``LeaseLost``."""
        seconds = 0.0
        while not self._stop.is_set:
            try:
                worked = self.catch_up()
            except StoreUnavailable as error:
                self._tell.trouble("store-away", str(error))
                self._stop.sleep(self._memory.away)
                continue
            self._tell.looked()
            longest = self._section.poll.total_seconds()
            seconds = min(longest, self._memory.settle) if worked or not seconds else longest
            wait = self._session.idle if self._session.idles else self._session.pause
            if not self._stop.is_set:
                wait(self._stop, min([seconds, *self._course.until_next_try()]))

    def catch_up(self) -> bool:
        """Take all that is there now. True: there was something. Raises ``StoreUnavailable``."""
        uids = self._course.waiting(self._session, moves=self._moves)
        for chunk in _chunks(uids, _LOOKED_AT):
            looks = self._session.looks(chunk)
            self._course.record(0, [uid for uid in chunk if uid not in looks])  # somebody has moved it
            for batch in self._course.batches(looks):
                if self._stop.is_set:
                    return True
                self._take(batch)
        return bool(uids)

    # Taking it

    def _take(self, batch: dict[int, Look]) -> None:
        if given_up := [uid for uid in batch if self._course.tries(uid) >= TRIES]:  # a batch of its own
            for uid in given_up:
                self._set_aside(uid, batch[uid])
            return
        payloads, gone = self._fetch(batch)
        failpoint("after_imap_fetch")
        answers = self._bridge.accept(list(payloads.values()))
        done: list[int] = []
        failed: dict[int, str] = {
            uid: "not-given" for uid in batch if uid not in payloads and uid not in gone
        }
        for uid, answer in zip(payloads, answers, strict=True):
            if isinstance(answer, StoreUnavailable):
                raise answer
            if isinstance(answer, BaseException):
                failed[uid] = f"not accepted: {type(answer).__name__}"
            else:
                done.append(uid)
        failpoint("after_imap_accept")
        for uid, reason in failed.items():
            self._count(uid, reason)
        self._course.record(max(batch), [*done, *gone])
        self._put_away(done)
        for uid in failed:
            if self._course.tries(uid) >= TRIES:
                self._set_aside(uid, batch[uid])

    def _fetch(self, batch: dict[int, Look]) -> tuple[dict[int, Payload], set[int]]:
        """The payloads of a batch, and which mails are gone by now (somebody else has moved them)."""
        large = {uid: look for uid, look in batch.items() if look.size > self._section.max_size}
        if large:  # a batch of its own
            return {uid: self._large(uid, look) for uid, look in large.items()}, set()
        try:
            bodies = self._session.bodies(list(batch), sum(look.size for look in batch.values()))
        except Refused as error:
            if len(batch) > 1:
                return self._fetch_singly(batch)
            self._tell.trouble("not-fetched", str(error))
            return {}, set()
        except Lost:
            self._blame(batch)
            raise
        missing = [uid for uid in batch if uid not in bodies]
        there = self._session.looks(missing) if missing else {}
        payloads = {uid: self._payload(uid, batch[uid], bodies[uid]) for uid in batch if uid in bodies}
        return payloads, {uid for uid in missing if uid not in there}

    def _fetch_singly(self, batch: dict[int, Look]) -> tuple[dict[int, Payload], set[int]]:
        payloads: dict[int, Payload] = {}
        gone: set[int] = set()
        for uid, look in batch.items():
            found, lost = self._fetch({uid: look})
            payloads |= found
            gone |= lost
        return payloads, gone

    def _blame(self, batch: dict[int, Look]) -> None:
        """The connection broke over these. When it was one, it counts as a try: a mail that kills its server
        must not keep all others waiting for ever."""
        if len(batch) > 1:
            self._memory.alone.update(batch)
        elif not self._stop.is_set:
            for uid in batch:
                self._count(uid, "connection lost")

    def _payload(self, uid: int, look: Look, raw: bytes) -> Payload:
        now = self._bridge.now()
        arrived = min(look.arrived or now, now)
        return Payload(self._name, content_key(raw, arrived), raw, arrived, self._envelope(uid))

    def _large(self, uid: int, look: Look) -> Payload:
        """B9."""
        self._tell.trouble("too-large", f"a mail of {look.size} octets is left in the mailbox")
        place = self._section.processed if self._moves else self._section.folder
        note = too_large(look.size, self._section.max_size, self._name, place)
        return self._payload(uid, look, stub(self._session.head(uid), note))

    def _envelope(self, uid: int) -> dict[str, object]:
        address = self._section.own_address
        return {
            "mailbox": self._name,
            "folder": self._section.folder,
            "uidvalidity": self._course.uidvalidity,
            "uid": uid,
            "delivered_to": address,
            "rcpt_to": [address] if address else [],
        }

    # Afterwards

    def _put_away(self, uids: list[int]) -> None:
        """Out of the folder, or marked. What cannot be moved is in the database nevertheless."""
        if not uids:
            return
        try:
            if self._moves:
                self._session.put_away(uids, self._section.processed)
            else:
                self._session.mark(uids)
        except Refused as error:
            self._course.left.update(uids)
            self._tell.trouble("not-moved", str(error))

    def _count(self, uid: int, reason: str) -> None:
        """One more try of this mail has failed."""
        tries = self._course.count(uid, reason)
        self._tell.trouble("mail-failed", f"try {tries} of {TRIES} of UID {uid}: {reason}")

    def _set_aside(self, uid: int, look: Look) -> None:
        """To the failed folder, with a ticket that tells of it (B8)."""
        place = self._section.failed if self._session.moves else self._section.folder
        raw = stub(self._session.head(uid), unreadable(self._name, place))
        answer = self._bridge.accept([self._payload(uid, look, raw)])[0]
        if isinstance(answer, StoreUnavailable):
            raise answer
        if isinstance(answer, BaseException):
            # Not even this is taken, so it is not the mail's fault: it stays until somebody has looked.
            self._course.put_off(uid, 10)
            self._tell.trouble("not-taken", type(answer).__name__)
            return
        try:
            if self._session.moves:
                self._session.put_away([uid], self._section.failed)
            else:
                self._session.mark([uid], FLAGGED)
        except Refused as error:
            self._course.left.add(uid)
            self._tell.trouble("not-moved", str(error))
        self._course.record(uid, [uid])
        self._tell.trouble("set-aside", f"UID {uid}")


def _chunks(uids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (uids[start : start + size] for start in range(0, len(uids), size))

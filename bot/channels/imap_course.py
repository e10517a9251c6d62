"""How far a folder has been read, and which of its mail is to be taken next.

The database has the same, by mailbox, folder, UIDVALIDITY and UID (B1, B4); without a UIDVALIDITY it is worth
nothing after this session, and every mail is known by its key alone (B5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import Final

from bot.channels.imap_bridge import Bridge
from bot.channels.imap_session import Look, Session
from bot.config import Imap
from bot.store import mailboxes
from bot.store.mailboxes import Progress

TRIES: Final = 3
"""After so many a mail is set aside."""
_AT_ONCE: Final = 50
_OCTETS_AT_ONCE: Final = 4_194_304
"""Mails that are fetched at once, so that they are committed at once."""
_NEWEST: Final = 100


@dataclass(slots=True)
class Memory:
    """What is worth knowing from one session to the next."""

    again_after: float = 60.0
    """Seconds between two tries of a mail in trouble."""
    settle: float = 5.0
    """Seconds of the first IDLE after work. Good servers announce mail that came between the last SEARCH and
    IDLE; for the others, one more SEARCH soon (B7)."""
    away: float = 5.0
    """Seconds to wait for a database that is away."""
    alone: set[int] = field(default_factory=set)
    """A connection broke while these were fetched: one of them may be why, so each by itself."""
    not_before: dict[int, float] = field(default_factory=dict)


class Course:
    """The progress of one session, kept in the database as it goes."""

    def __init__(self, name: str, section: Imap, session: Session, bridge: Bridge, memory: Memory) -> None:
        self._name = name
        self._section = section
        self._bridge = bridge
        self._memory = memory
        self.restarted = False
        """Whether the UIDVALIDITY has changed, so that all is looked at again."""
        self.left: set[int] = set()
        """Mail that is dealt with, and could not be moved out of the way."""
        self._now = self._begin(session)

    @property
    def uidvalidity(self) -> int:
        return self._now.uidvalidity

    def tries(self, uid: int) -> int:
        """How often a mail could not be taken."""
        return self._now.troubles.get(uid, 0)

    def waiting(self, session: Session, *, moves: bool) -> list[int]:
        """The mail to be taken, in order. Mail that can be moved away is there as long as it is not done."""
        now = self._now
        found = session.uids_after(now.first_uid if moves else now.done_uid)
        due = {uid for uid in now.troubles if self._memory.not_before.get(uid, 0.0) <= monotonic()}
        return sorted((set(found) | due) - (set(now.troubles) - due) - self.left)

    def until_next_try(self) -> Iterator[float]:
        """Seconds until each mail in trouble is tried again."""
        now = monotonic()
        for uid in self._now.troubles.keys() - self.left:
            yield max(0.1, self._memory.not_before.get(uid, now) - now)

    def batches(self, looks: dict[int, Look]) -> Iterator[dict[int, Look]]:
        """Mails that are fetched together: not too many, not too large; a doubtful one by itself."""
        batch: dict[int, Look] = {}
        octets = 0
        for uid, look in sorted(looks.items()):
            if self._was_there_before_us(look):
                self.left.add(uid)
                continue
            doubtful = uid in self._memory.alone or uid in self._now.troubles
            special = doubtful or look.size > self._section.max_size
            if batch and (special or len(batch) >= _AT_ONCE or octets + look.size > _OCTETS_AT_ONCE):
                yield batch
                batch, octets = {}, 0
            batch[uid] = look
            octets += look.size
            if special:
                yield batch
                batch, octets = {}, 0
        if batch:
            yield batch

    def record(self, last: int, done: Sequence[int]) -> None:
        """All mail up to ``last`` is in the database or in trouble; ``done`` is in trouble no more."""
        now = self._now
        settled = [uid for uid in done if uid in now.troubles]
        troubles = {uid: tries for uid, tries in now.troubles.items() if uid not in settled}
        for uid in done:
            self._memory.not_before.pop(uid, None)
            self._memory.alone.discard(uid)
        self._now = replace(now, done_uid=max(last, now.done_uid), troubles=troubles)
        if now.uidvalidity and (settled or last > now.done_uid):
            self._bridge.write(
                partial(
                    mailboxes.advance,
                    lease=self._bridge.lease,
                    folder=now.folder,
                    uidvalidity=now.uidvalidity,
                    done_uid=last,
                    settled=settled,
                )
            )

    def count(self, uid: int, reason: str) -> int:
        """One more try of a mail has failed: how many that makes."""
        now = self._now
        tries = self.tries(uid) + 1
        if now.uidvalidity:
            tries = self._bridge.write(
                partial(
                    mailboxes.trouble,
                    lease=self._bridge.lease,
                    folder=now.folder,
                    uidvalidity=now.uidvalidity,
                    uid=uid,
                    reason=reason,
                )
            )
        self._now = replace(now, troubles={**now.troubles, uid: tries})
        self.put_off(uid)
        return tries

    def put_off(self, uid: int, times: float = 1.0) -> None:
        """Not again for a while."""
        self._memory.not_before[uid] = monotonic() + times * self._memory.again_after

    def _begin(self, session: Session) -> Progress:
        """Select the folder, and find where to go on."""
        valid = session.select()
        folder = self._section.folder
        saved = self._bridge.read(lambda tx: mailboxes.progress(tx, self._name, folder))
        if saved is None:
            start = self._first_look(session, valid)
        elif valid and saved.uidvalidity == valid:
            return saved
        else:
            self.restarted = valid != saved.uidvalidity
            start = Progress(folder, valid, 0, 0, saved.old_until)
        self._bridge.write(lambda tx: mailboxes.begin(tx, self._bridge.lease, start))
        return start

    def _first_look(self, session: Session, valid: int) -> Progress:
        folder = self._section.folder
        there = session.uids_after(0) if self._section.first_run == "new" else []
        if not there:
            return Progress(folder, valid, 0, 0)
        newest = session.looks(there[-_NEWEST:]).values()
        arrived = max((look.arrived for look in newest if look.arrived), default=None)
        return Progress(folder, valid, there[-1], there[-1], arrived)

    def _was_there_before_us(self, look: Look) -> bool:
        """Mail that we were told to leave alone keeps its date of arrival when its UID changes (B4)."""
        limit = self._now.old_until
        fresh = self._section.first_run == "all" or self._now.first_uid > 0
        return not fresh and limit is not None and look.arrived is not None and look.arrived <= limit

"""Taking a person out of the desk: words, files, mails, names, addresses. What is left are figures.

It runs in small transactions, each of which may be the last before the process dies: run again, it goes over
everything once more and ends. The person and their addresses go last, so that they can still be named then.

The person's own words go wholly. In what others wrote in their tickets, names and addresses are taken out as
far as they can be found: best effort, as nobody can tell a nickname. Hashes of the addresses and of the
payloads stay for a while (``tombstones``), so that no mailbox and no history brings anything back.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.desk import changes, tombstones
from bot.desk.changed import DESK
from bot.desk.desk import Desk
from bot.desk.states import Ended, State
from bot.errors import DeskbotError
from bot.store import conversation, erasure, erasure_mails, gone_files, people, tickets
from bot.store import tombstones as store_tombstones
from bot.store.blobs import Blobs
from bot.store.engine import Store, Tx
from bot.store.erasure import Whose

log = logging.getLogger("deskbot.erasure")

MARK: Final = "[erased]"
"""Stands where something was that told of the person."""
_TICKETS: Final = 10
_ROWS: Final = 200
"""In one transaction."""
_ROUNDS: Final = 10
"""Somebody who goes on writing while they are erased has to stop first."""
FRESH: Final = timedelta(hours=1)
"""Content that was put so lately may be about to be named by a row."""
_SHORTEST: Final = 3
"""Letters of a part of a name that is looked for; in Chinese, Japanese and Korean a whole name may be short."""


@dataclass(slots=True)
class Done:
    """What was taken out, in figures."""

    tickets: int = 0
    entries: int = 0
    mails: int = 0
    files: int = 0
    later: int = 0
    """Files whose content is removed by the next housekeeping, because they came just now."""


class Erasure:
    """Takes people out."""

    def __init__(self, store: Store, blobs: Blobs, desk: Desk) -> None:
        self._store = store
        self._blobs = blobs
        self._desk = desk

    def see_possible(self, person: int) -> None:
        """Raises ``DeskbotError`` with what to do when a person cannot be erased."""
        row = self._store.read_now(partial(people.one, person=person))
        if row is None:
            raise DeskbotError(f"{person}: the desk knows nobody by that number")
        if row.erased_at is not None:
            raise DeskbotError(f"{person}: was erased already, on {row.erased_at:%Y-%m-%d}")
        if row.merged_into_id is not None:
            raise DeskbotError(f"{person}: has become part of {row.merged_into_id}; erase that person")
        who = self._store.read_now(partial(erasure.whose, person=person))
        for key, agent in self._desk.roster.agents.items():
            theirs = {canonical for _, canonical, _ in who.addresses} & {
                address for address, name in self._desk.roster.by_address.items() if name == key
            }
            if agent.active and (row.agent == key or theirs):
                raise DeskbotError(
                    f"{person}: is the active agent {key}; hand their tickets over, take [agents.{key}] out of the "
                    "configuration or set active = false there, restart, and try again"
                )

    def run(self, person: int) -> Done:
        """Erase; returns when it is done. Raises ``DeskbotError`` when the person goes on writing."""
        self.see_possible(person)
        done = Done()
        for _ in range(_ROUNDS):
            who = self._store.read_now(partial(erasure.whose, person=person))
            self._store.write_now(partial(self._begin, who=who))
            self._tickets(who, Veil(who), done)
            self._elsewhere(who, done)
            self._strays(who, done)
            if self._store.write_now(partial(self._end, person=person, who=who)):
                break
        else:
            raise DeskbotError(f"{person}: goes on writing while being erased; try again later")
        done.later = sweep(self._store, self._blobs, self._store.clock())
        log.info(
            "erased",
            extra={
                "action": "people.erased",
                "person": person,
                "tickets": done.tickets,
                "entries": done.entries,
                "mails": done.mails,
                "files": done.files,
            },
        )
        return done

    def _begin(self, tx: Tx, who: Whose) -> None:
        """From now on nothing old of theirs comes in."""
        hashes = [tombstones.of_address(medium, address, self._desk) for medium, address, _ in who.addresses]
        store_tombstones.bury(tx, store_tombstones.ADDRESS, hashes, tx.clock())
        erasure.drop_codes(tx, who)

    def _tickets(self, who: Whose, veil: Veil, done: Done) -> None:
        last = 0
        while batch := self._store.read_now(
            partial(erasure.tickets_of, persons=who.persons, after=last, limit=_TICKETS)
        ):
            _add(done, self._store.write_now(partial(self._empty_tickets, numbers=batch, who=who, veil=veil)))
            last = batch[-1]

    def _empty_tickets(self, tx: Tx, numbers: list[int], who: Whose, veil: Veil) -> Done:
        done = Done()
        for number in numbers:
            self._empty_ticket(tx, number, who, veil, done)
        return done

    def _empty_ticket(self, tx: Tx, number: int, who: Whose, veil: Veil, done: Done) -> None:
        """One ticket: ended first, because nobody is left who could be answered."""
        ticket = conversation.whole(tx, number)
        if ticket is None:
            return
        now = tx.clock()
        if ticket.state != State.CLOSED:
            changes.apply(
                tx,
                self._desk,
                ticket,
                "closed",
                now,
                actor=DESK,
                quietly=True,
                state=State.CLOSED,
                closed_at=now,
                closed_as=Ended.SELF,
                waiting_for=None,
            )
        payloads = erasure_mails.payloads_of(tx, number)
        done.mails += self._drop(tx, {row.id: row.key for row in payloads}, now)
        entries, files = erasure.empty_ticket(tx, number, MARK, who.persons, veil)
        done.entries += entries
        done.files += files
        erasure.empty_outbox(tx, number, [address for _, address, _ in who.addresses], veil)
        erasure.empty_events(tx, number, veil)
        if ticket.subject != MARK:
            done.tickets += 1
            tickets.record(tx, number, "erased", now)

    def _drop(self, tx: Tx, keys: dict[int, str], now: datetime) -> int:
        """Payloads, and what keeps them from coming back."""
        hashes = [tombstones.of_payload(key, self._desk) for key in keys.values()]
        store_tombstones.bury(tx, store_tombstones.PAYLOAD, hashes, now)
        return erasure_mails.drop_payloads(tx, list(keys)) if keys else 0

    def _elsewhere(self, who: Whose, done: Done) -> None:
        """What they said in the tickets of others, and what the desk wrote to them."""
        veil = Veil(who, parts=False)
        for ticket in self._store.read_now(partial(erasure.tickets_with, persons=who.persons)):
            self._store.write_now(partial(erasure.veil_ticket, ticket=ticket, veil=veil))
        last: int | None = 0
        while last is not None:
            last, some = self._store.write_now(partial(self._empty_entries, after=last, who=who))
            _add(done, some)
        for medium, address, _ in who.addresses:
            drop = partial(erasure.drop_letters, medium=medium, recipient=address, limit=_ROWS)
            while self._store.write_now(drop) == _ROWS:
                pass

    def _empty_entries(self, tx: Tx, after: int, who: Whose) -> tuple[int | None, Done]:
        done = Done()
        rows = erasure.entries_by(tx, who.persons, after, _ROWS)
        if not rows:
            return None, done
        ids = [row.id for row in rows]
        done.mails = self._drop(tx, {row.inbox_id: row.key for row in rows if row.inbox_id}, tx.clock())
        done.files = gone_files.mark_files(tx, ids)
        erasure.empty_entries(tx, ids)
        return rows[-1].id, done

    def _strays(self, who: Whose, done: Done) -> None:
        """Mails of theirs that became no ticket: held, dropped, ignored."""
        senders = {form for _, canonical, shown in who.addresses for form in (canonical, shown.lower())}
        last = 0
        while True:
            look = partial(erasure_mails.stray_payloads, senders=senders, after=last, limit=500)
            rows, last = self._store.read_now(look)
            if rows:
                keys = {row.id: row.key for row in rows}
                done.mails += self._store.write_now(partial(self._drop_now, keys=keys))
            if not last:
                return

    def _drop_now(self, tx: Tx, keys: dict[int, str]) -> int:
        return self._drop(tx, keys, tx.clock())

    def _end(self, tx: Tx, person: int, who: Whose) -> bool:
        """The person themselves; False: they have written meanwhile, or have become more than they were."""
        if erasure.some_left(tx, who.persons, MARK) or erasure.whose(tx, person) != who:
            return False
        self._begin(tx, who)
        erasure.empty_person(tx, who.persons, tx.clock())
        return True


class Veil:
    """Takes names and addresses of somebody out of a text. Linear, whatever they are."""

    def __init__(self, who: Whose, *, parts: bool = True) -> None:
        """``parts``: the parts of a name as well, which may be other people's too."""
        words = {
            part for name in who.names for part in (name, *(name.split() if parts else ())) if _tells(part)
        }
        reached = {form for _, canonical, shown in who.addresses for form in (canonical, shown) if form}
        forms = sorted(words | reached, key=lambda form: (-len(form), form))
        every = "|".join(_bounded(form) for form in forms)
        self._pattern = re.compile(every, re.IGNORECASE) if every else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MARK, text) if self._pattern else text


def _tells(part: str) -> bool:
    return len(part) >= (_SHORTEST if part.isascii() else 2)


def _bounded(form: str) -> str:
    """Only as a word of its own, where words have ends."""
    before = r"(?<!\w)" if form[0].isascii() and form[0].isalnum() else ""
    after = r"(?!\w)" if form[-1].isascii() and form[-1].isalnum() else ""
    return f"{before}{re.escape(form)}{after}"


def _add(done: Done, some: Done) -> None:
    done.tickets += some.tickets
    done.entries += some.entries
    done.mails += some.mails
    done.files += some.files


def sweep(store: Store, blobs: Blobs, now: datetime) -> int:
    """Remove the content of files that are needed no more; returns how many must wait a while. A stop in the
    middle is taken up next time: the content goes first, its row after it."""
    last, later = 0, 0
    while batch := store.read_now(partial(gone_files.marked_files, after=last, limit=_ROWS)):
        gone = [
            file.id
            for file in batch
            if file.shared or (not file.awaited and blobs.remove(file.content, now - FRESH))
        ]
        later += len(batch) - len(gone)
        if gone:
            store.write_now(partial(gone_files.unmark_files, ids=gone))
        last = batch[-1].id
    return later

"""A desk whose people are in chats: a Slack of hand-made messages, a Telegram of the same, and mail beside them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bot.desk import deliveries
from bot.desk.outcome import Outcome
from bot.message import (
    EMAIL,
    Action,
    Attachment,
    Authentication,
    IncomingMessage,
    OutgoingMessage,
    Party,
    Receipt,
    Verdict,
)
from bot.store import outbox
from bot.store.engine import Tx
from bot.store.models import Card, Entry, OutboxState
from tests.desks import OpenDesk, a_message, open_desk

ROOM: Final = "C0TEAM"
SECTIONS: Final[dict[str, Any]] = {
    "desk": {"address": "help@house.example", "time_zone": "Europe/Rome", "secret": "s" * 40},
    "slack": {"acme": {"bot_token": "xoxb-1", "app_token": "xapp-1"}},
    "telegram": {"desk_bot": {"token": "1:A"}},
    "teams": {
        "first-line": {"name": "First line", "rooms": [f"acme:{ROOM}"], "escalates_to": "second-line"},
        "second-line": {"name": "Second line"},
    },
    "agents": {
        "ben": {
            "name": "Ben Lee",
            "addresses": ["ben@house.example"],
            "teams": ["first-line"],
            "chats": ["acme:UBEN"],
        },
        "mia": {"name": "Mia Fox", "addresses": ["mia@house.example"], "teams": ["first-line"]},
        "old": {
            "name": "Old Hand",
            "addresses": ["old@house.example"],
            "teams": ["first-line"],
            "chats": ["acme:UOLD"],
            "active": False,
        },
        "sue": {"name": "Sue Kay", "addresses": ["sue@house.example"], "teams": ["second-line"]},
    },
}
"""A team with a room in Slack: Ben is there, Mia is not, and Old has left. Another team has only mail."""

_ts = itertools.count(1)


@dataclass
class Chats:
    """What is said and sent. Conversations in Slack are "CHANNEL/TS", in Telegram "CHAT/NUMBER"."""

    desk: OpenDesk
    sent: list[OutgoingMessage] = field(default_factory=list)

    def says(
        self, who: str, text: str, *, at: str = "", thread: str = "", door: str = "acme", **facts: Any
    ) -> str:
        """Somebody says something in a channel (``at``), by default in their own conversation with the desk;
        returns the key of what they said."""
        message = self.a_chat(who, text, at=at, thread=thread, door=door, **facts)
        self.desk.receive(message)
        self.deliver()
        return message.external_id

    def a_chat(
        self, who: str, text: str, *, at: str = "", thread: str = "", door: str = "acme", **facts: Any
    ) -> IncomingMessage:
        """The message only."""
        medium = "slack" if door == "acme" else "telegram"
        where = at or thread.partition("/")[0] or (f"D{who}" if medium == "slack" else who)
        return IncomingMessage(
            channel=door,
            external_id=f"{where}/{next(_ts)}",
            sender=Party(medium, f"{door}/{who}", facts.pop("name", who.title())),
            recipients=(),
            subject="",
            text=text,
            reply_text=text,
            received_at=self.desk.clock(),
            sent_at=facts.pop("sent_at", self.desk.clock()),
            thread_keys=(thread,) if thread else (),
            authentication=Authentication(facts.pop("verdict", Verdict.PASS), medium),
            place=f"{door}/{where}",
            **facts,
        )

    def presses(
        self, who: str, verb: str, value: str = "", *, ticket: int | None = None, **facts: Any
    ) -> Outcome:
        """Somebody presses a button, or sends a command with ``words``."""
        words = facts.pop("words", "")
        values = {"value": value} if value else {"words": words} if words else {}
        message = self.a_chat(who, words, action=Action(verb, ticket, values), **facts)
        message = replace(message, external_id="")
        outcome = self.desk.receive(message)
        self.deliver()
        return outcome

    def mails(self, who: str, text: str, *, to: str = "", **facts: Any) -> Outcome:
        """Somebody writes a mail: a new one, or an answer to the last of an event that they got."""
        address = f"{who}@house.example"
        keys = (f"{self.last(address, to).token}@house.example",) if to else ()
        message = a_message(
            text,
            sender=address,
            name=who.title(),
            to=("help@house.example",),
            subject=f"{'Re: ' if to else ''}Printer",
            verdict=Verdict.PASS,
            thread_keys=keys,
            **facts,
        )
        outcome = self.desk.receive(message)
        self.deliver()
        return outcome

    def pass_time(self, **by: float) -> None:
        """And what is due then is sent."""
        self.desk.clock.forward(**by)
        self.deliver()

    def deliver(self) -> None:
        """All that is due is sent, and the services say what they have made of it."""
        while self.desk.store.write_now(self._deliver):
            pass

    def _deliver(self, tx: Tx) -> int:
        claims = outbox.claim(tx, "chats", 100, timedelta(minutes=1))
        for claim in claims:
            message = claim.message
            receipt = Receipt("250 ok")
            if message.to.medium != EMAIL:
                message = deliveries.placed(tx, message)
                receipt = _posted(message)
            assert outbox.settle(tx, claim, OutboxState.SENT, receipt.reference)
            deliveries.arrived(tx, message, receipt, self.desk.clock())
            self.sent.append(message)
        return len(claims)

    def to(self, address: str, event: str = "") -> list[OutgoingMessage]:
        """What was sent to an address; of one event."""
        return [m for m in self.sent if m.to.address == address and event in {"", m.notice.event}]

    def in_room(self, event: str = "") -> list[OutgoingMessage]:
        return self.to(f"acme/{ROOM}", event)

    def last(self, address: str, event: str) -> OutgoingMessage:
        found = self.to(address, event)
        assert found, (
            f"{address} was never sent {event}: {[(m.to.address, m.notice.event) for m in self.sent]}"
        )
        return found[-1]

    def room_thread(self, ticket: int = 1, place: str = f"acme/{ROOM}") -> str:
        """The key of the thread below a ticket's card."""
        rows = self.desk.rows(Card)
        return next(str(r.thread_key) for r in rows if r.ticket_id == ticket and r.place == place.lower())

    def said(self, ticket: int = 1) -> list[tuple[str, str]]:
        """Kind and words of each entry."""
        return [(row.kind, row.text) for row in self.desk.rows(Entry) if row.ticket_id == ticket]


def _posted(message: OutgoingMessage) -> Receipt:
    """As the services do: a card keeps its name, a message of its own begins a conversation."""
    if message.thread.card:
        return Receipt(message.thread.card, (message.thread.answers,))
    where = message.thread.answers.partition("/")[0]
    if not where:
        where = message.to.address.partition("/")[2]
        where = f"D{where}" if message.to.medium == "slack" and where.startswith("U") else where
    reference = f"{where}/{next(_ts)}"
    if message.to.medium == "slack" and message.thread.answers:
        return Receipt(reference, (message.thread.answers,))
    return Receipt(reference, (reference,))


def a_file(name: str = "smoke.jpg") -> Attachment:
    return Attachment(name, "image/jpeg", 3, "ab" * 32, b"")


@contextmanager
def chats(folder: Path, **sections: Any) -> Iterator[Chats]:
    """On a Monday morning."""
    with open_desk(folder, **{**SECTIONS, **sections}) as desk:
        yield Chats(desk)


def with_rooms(where: dict[str, list[str]]) -> dict[str, Any]:
    """The teams, with other rooms."""
    teams: dict[str, Any] = SECTIONS["teams"]
    return {key: {**team, "rooms": where.get(key, [])} for key, team in teams.items()}


def as_action(message: IncomingMessage, verb: str, **values: str) -> IncomingMessage:
    """The message as a command."""
    return replace(message, action=Action(verb, None, values))

"""A ticket in an agent's hands: each change is recorded, each word kept, each letter goes to those it is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bot.desk import changes, informing, letters, progress, rooms
from bot.desk.agents import Agent
from bot.desk.changed import Actor, By
from bot.desk.desk import Desk
from bot.desk.letters import Letter
from bot.desk.states import State
from bot.errors import DeskbotError
from bot.message import Attachment
from bot.store import entries, tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

NOTE: Final = "note"
"""An entry that only agents may read."""
REPLY: Final = "reply"
_LONG_ENOUGH: Final = 16
"""Characters from which on a line of a note is looked for inside other lines too."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did: a code that the template has a sentence for, and what stands in it."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)


class Refused(DeskbotError):
    """A command was understood and cannot be done. ``code``: the template has a sentence for it."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(slots=True)
class Case:
    """A ticket in an agent's hands. ``ticket`` follows what is done to it."""

    tx: Tx
    desk: Desk
    ticket: WholeTicket
    agent: Agent
    channel: str
    now: datetime
    files: tuple[Attachment, ...] = ()
    """What came with the agent's message, for the requester or for the note, whichever it is."""
    thread: int | None = None
    """The ticket that the agent's message is about, of which it may quote, whichever ticket a command names."""
    origin: tuple[str, ...] = ()
    """Keys of the conversation in which the agent spoke."""
    remarks: list[Done] = field(default_factory=list)
    """What the agent should know besides what was done."""

    def change(self, action: str, *, words: str = "", quietly: bool = False, **values: Any) -> bool:
        """Change the ticket, with all that follows from it. False: all stands already, nothing is written
        (E12)."""
        before = self.ticket
        self.ticket = changes.apply(
            self.tx,
            self.desk,
            before,
            action,
            self.now,
            actor=Actor(By.AGENT, self.agent.person.id, self.channel),
            words=words,
            quietly=quietly,
            **values,
        )
        return self.ticket is not before

    def record(self, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        """Append to the history in the agent's name."""
        tickets.record(
            self.tx,
            self.ticket.id,
            action,
            self.now,
            actor=self.agent.person.id,
            channel=self.channel,
            before=before,
            after=after,
        )

    def keep(self, kind: str, text: str, *, external_id: str = "", inbox_id: int | None = None) -> int:
        """Keep the agent's words in the ticket, with the files that came with them, and show them in its rooms."""
        entry = tickets.NewEntry(
            ticket=self.ticket.id,
            kind=kind,
            author_id=self.agent.person.id,
            channel=self.channel,
            text=text,
            created_at=self.now,
            external_id=external_id,
            inbox_id=inbox_id,
        )
        number = tickets.add_entry(self.tx, entry, self.files)
        who = self.agent.section.name
        rooms.said(
            self.tx,
            self.ticket,
            who,
            text,
            kind,
            self.desk,
            self.now,
            files=self.files,
            origin=self.origin,
        )
        return number

    def tell_requester(self, letter: Letter) -> bool:
        """Write to the person who asked, and to those who follow; to each once, and to none of them what they
        have just written themselves. False: it reached nobody. Raises ``Refused`` when those are a person's words.
        """
        first = letters.requester_of(self.tx, self.ticket, self.desk)
        own = first is not None and first.canonical in self.agent.addresses
        but = self.agent.addresses - {first.canonical} if own and first else self.agent.addresses
        if not letter.kind.automatic:
            progress.overtaken_by_words(self.tx, self.ticket.id)
        reached = informing.tell(self.tx, self.ticket, letter, self.desk, self.now, but=but)
        if not reached and not letter.kind.automatic:
            raise Refused("nobody-to-tell")
        return reached

    def answered(self) -> None:
        """The requester hears from a person: the first time is the promised response."""
        if self.ticket.first_response_at is None:
            self.change("answered", first_response_at=self.now)

    def take(self, *, quietly: bool = False) -> None:
        """The agent follows the ticket from now on; there is always exactly one owner. ``quietly``: the
        requester hears from them with the same message."""
        state = State.OPEN if self.ticket.state == State.NEW else self.ticket.state
        self.change("assigned", quietly=quietly, owner_id=self.agent.person.id, state=state)

    def refuse_notes(self, text: str) -> None:
        """What is on its way to the requester may hold no line of a note, as an answer written between the
        quoted lines of a hand-over may. Raises ``Refused``."""
        quoted = {_plain(line) for line in text.splitlines() if line.lstrip().startswith(">")}
        whole = " ".join(filter(None, map(_plain, text.splitlines())))
        for ticket in {self.ticket.id, self.ticket.id if self.thread is None else self.thread}:
            for note in entries.texts_of(self.tx, ticket, NOTE):
                for line in filter(None, map(_plain, note.splitlines())):
                    if line in quoted or (len(line) >= _LONG_ENOUGH and line in whole):
                        raise Refused("holds-a-note", line=line[:120])


def _plain(line: str) -> str:
    """A line without the marks of quotes and with single spaces."""
    return " ".join(line.lstrip("> \t").split())

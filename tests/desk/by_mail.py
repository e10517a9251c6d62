"""A desk with two teams whose agents work by mail, and what tests say to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from bot.desk.outcome import Outcome
from bot.message import Attachment, IncomingMessage, OutgoingMessage, Verdict
from bot.store.models import Entry, Outbox, Person
from tests.desks import OpenDesk, a_message, open_desk

ANN, EVE = "ann@localhost", "eve@evil.example"
ANNA, BOB, CARLA, GONE = "anna@desk.example", "bob@desk.example", "carla@desk.example", "gone@desk.example"
ALIAS: Final = "a.rossi@desk.example"
"""Anna's second address."""

CANARY: Final = "the customer is difficult, canary 4711"
"""Words that no requester may ever read."""
A_LOGO: Final = Attachment("logo.png", "image/png", 3, "cd" * 32, inline=True)
A_FILE: Final = Attachment("log.txt", "text/plain", 3, "ab" * 32)

TEAM: Final[dict[str, Any]] = {
    "teams": {
        "first-line": {"name": "First line", "escalates_to": "second-line"},
        "second-line": {"name": "Second line"},
    },
    "agents": {
        "anna": {"name": "Anna Rossi", "addresses": [ANNA, ALIAS], "teams": ["first-line"]},
        "bob": {"name": "Bob", "addresses": [BOB], "teams": ["first-line"], "locale": "it"},
        "carla": {"name": "Carla", "addresses": [CARLA], "teams": ["second-line"]},
        "gone": {"name": "Gone", "addresses": [GONE], "teams": ["first-line"], "active": False},
    },
}


@contextmanager
def a_team(folder: Path, **sections: Any) -> Iterator[OpenDesk]:
    """A desk whose first line is Anna and Bob, whose second line is Carla, and which Gone has left."""
    with open_desk(folder, **{**TEAM, **sections}) as desk:
        yield desk


def asks(desk: OpenDesk, text: str = "It burns.", *, sender: str = ANN, **facts: Any) -> int:
    """Somebody asks for help: the number of the new ticket."""
    outcome = desk.receive(a_message(text, sender=sender, **facts))
    assert outcome.ticket is not None
    return outcome.ticket


def token_to(desk: OpenDesk, address: str, number: int) -> str:
    """The token of the last message about a ticket that went to an address."""
    return next(
        str(row.token)
        for row in reversed(desk.rows(Outbox))
        if (row.recipient, row.ticket_id) == (address, number)
    )


def an_answer(desk: OpenDesk, sender: str, number: int, text: str, **facts: Any) -> IncomingMessage:
    """What somebody's mail program makes of an answer to the last message that they had about a ticket."""
    facts.setdefault("subject", f"Re: [HD-{number}] Fire")
    facts.setdefault("thread_keys", (f"{token_to(desk, sender, number)}@localhost",))
    return a_message(text, sender=sender, **facts)


def answers(desk: OpenDesk, sender: str, number: int, text: str, **facts: Any) -> Outcome:
    """Somebody answers the last message that they had about a ticket."""
    return desk.receive(an_answer(desk, sender, number, text, **facts))


def works(desk: OpenDesk, agent: str, text: str, number: int | None = None, **facts: Any) -> Outcome:
    """A proved agent writes; with a number: about that ticket, by the tag in the subject."""
    facts.setdefault("verdict", Verdict.PASS)
    facts.setdefault("subject", f"Re: [HD-{number}] Fire" if number else "something")
    return desk.receive(a_message(text, sender=agent, **facts))


def letters(desk: OpenDesk, to: str = "", event: str = "", since: int = 0) -> list[OutgoingMessage]:
    """What the desk has written, to somebody, about some event; ``since``: without the first so many."""
    rows = desk.rows(Outbox)[since:]
    found = [
        msgspec.json.decode(row.message, type=OutgoingMessage)
        for row in rows
        if not to or row.recipient == to
    ]
    return [letter for letter in found if not event or letter.notice.event == event]


def whole_of(letter: OutgoingMessage) -> str:
    """Everything that a message could ever show."""
    return msgspec.json.encode(letter).decode()


def written(desk: OpenDesk) -> int:
    """How many messages the desk has written."""
    return len(desk.rows(Outbox))


def said(desk: OpenDesk, number: int) -> list[tuple[str, str]]:
    """The kinds and texts of what a ticket holds."""
    return [(row.kind, row.text) for row in desk.rows(Entry) if row.ticket_id == number]


def done(desk: OpenDesk, agent: str) -> list[dict[str, Any]]:
    """What the last answer to an agent's commands says was done."""
    return list(letters(desk, agent, "commands")[-1].notice.values["done"])


def problems(desk: OpenDesk, agent: str) -> list[dict[str, Any]]:
    """What the last answer to an agent's commands says was wrong."""
    return list(letters(desk, agent, "commands")[-1].notice.values["problems"])


def owner(desk: OpenDesk, number: int) -> str | None:
    """The name of a ticket's owner."""
    owned = desk.ticket(number).owner_id
    return next((row.name for row in desk.rows(Person) if row.id == owned), None)

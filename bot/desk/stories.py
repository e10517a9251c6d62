"""The whole story of a ticket, for whoever gets it next."""

from __future__ import annotations

from typing import Any, Final

from bot.desk.desk import Desk
from bot.store import entries, said
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx

SKIPPED: Final = "-"
"""In the place of an answer: its question was passed over. No mail's answer can be this, and it is asked no more."""


def of(tx: Tx, ticket: WholeTicket, desk: Desk, locale: str) -> dict[str, Any]:
    """What was asked and tried, with notes; the names of the files; the answers to the desk's questions."""
    return {**told(tx, ticket), "fields": answers(ticket, desk, locale)}


def told(tx: Tx, ticket: WholeTicket) -> dict[str, Any]:
    """The same, as far as it is alike in every language."""
    return {
        "story": entries.words_of(tx, ticket.id),
        "files": said.files_of(tx, ticket.id),
    }


def answers(ticket: WholeTicket, desk: Desk, locale: str) -> list[dict[str, str]]:
    """What the requester has answered to the desk's questions, each with its question in a language."""
    return [
        {"question": question(key, desk, locale), "answer": str(answer)}
        for key, answer in (ticket.fields or {}).items()
        if answer and answer != SKIPPED
    ]


def open_questions(ticket: WholeTicket, desk: Desk, locale: str) -> list[str]:
    """What they were asked and have not answered."""
    return [question(key, desk, locale) for key, answer in (ticket.fields or {}).items() if not answer]


def question(key: str, desk: Desk, locale: str) -> str:
    """A question in a language; its key, when the configuration does not know it any more."""
    asked = desk.config.questions.get(key)
    return asked.text(locale) if asked else key


def category(ticket: WholeTicket, desk: Desk, locale: str) -> str:
    """The ticket's category by its name in a language, or by its key."""
    known = desk.config.categories.get(ticket.category or "")
    return (known.title(locale) if known else "") or ticket.category or ""

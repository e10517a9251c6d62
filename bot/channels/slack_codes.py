"""How buttons and forms of Slack say what they are for: written by the way out, read by the way in.

A button has ``action_id`` "VERB:VALUE" and as its value the number of its ticket, or nothing. A form has
``callback_id`` VERB and ``private_metadata`` "TICKET:VALUE:PLACE:MESSAGE", where the place is the conversation in
which it was asked for ("C024BE91L/1700000000.000100"), or nothing, and the message the time stamp of the one whose
button asked for it; each of its inputs has as ``block_id`` the name of a
field, or "q:KEY" for a question of the desk. A button that only opens a page has ``action_id`` "url:ANYTHING".
A select has ``action_id`` "VERB:" and options with the value "TICKET:VALUE"; one whose options are verbs has
``action_id`` "menu:" and options with the value "TICKET:VERB".
Nothing in them is secret, and nothing is a right: who may do what is looked at when it is done (I13).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

NEW: Final = "new"
URL: Final = "url"
MENU: Final = "menu"
TICKET_COMMAND: Final = "/ticket"
CREATE_SHORTCUT: Final = "create_ticket"
ACTIONS_SHORTCUT: Final = "ticket_actions"
QUESTION: Final = "q:"
"""Before the key of a question, in a block_id."""
WORDS: Final = "words"
"""The field of a form that holds what somebody says."""

FORMS: Final = frozenset(
    {NEW, "add", "comment", "escalate", "note", "priority", "reply", "resolve", "wait", "actions"}
)
"""Verbs whose button opens a form when it has no value of its own; "actions" is the list of what an agent may
do with a ticket."""
FORMS_OF_VALUES: Final = frozenset({("update", "fix"), ("update", "need"), ("update", "supplier")})
"""Verbs with a value whose button opens a form as well."""

_VERB: Final = re.compile(r"[a-z][a-z-]{0,30}")
_VALUE: Final = re.compile(r"[A-Za-z0-9_.+-]{0,60}")
_PLACE: Final = re.compile(r"(?:[A-Z0-9]{1,30}/[0-9]{1,12}\.[0-9]{1,9})?")
_STAMP: Final = re.compile(r"(?:[0-9]{1,12}\.[0-9]{1,9})?")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Code:
    """What is to be done, with which ticket."""

    verb: str
    value: str = ""
    ticket: int | None = None
    place: str = ""
    """Of a form: "CHANNEL/TS", the thread in which it was asked for."""
    message: str = ""
    """Of a form: the time stamp of the message whose button asked for it."""

    def __post_init__(self) -> None:
        parts = (_VERB, self.verb), (_VALUE, self.value), (_PLACE, self.place), (_STAMP, self.message)
        if not all(pattern.fullmatch(part) for pattern, part in parts):
            raise ValueError(f"no code: {self.verb[:40]!r}, {self.value[:70]!r}")

    @property
    def action_id(self) -> str:
        """For a button; at most 92 characters of Slack's 255."""
        return f"{self.verb}:{self.value}"

    @property
    def button_value(self) -> str:
        """For the same button."""
        return str(self.ticket or "")

    @property
    def metadata(self) -> str:
        """For a form's ``private_metadata``; its ``callback_id`` is the verb."""
        return f"{self.ticket or ''}:{self.value}:{self.place}:{self.message}"

    @property
    def opens_form(self) -> bool:
        """Whether more is to be asked before it can be done."""
        if self.verb == NEW:
            return True  # with the category that was chosen in it: what it asks follows from that
        return (self.verb in FORMS and not self.value) or (self.verb, self.value) in FORMS_OF_VALUES


def of_button(action_id: object, value: object) -> Code | None:
    """What a button says that was pressed; None: it is none of ours, or was tampered with."""
    if not isinstance(action_id, str) or not isinstance(value, str):
        return None
    verb, colon, rest = action_id.partition(":")
    return _code(verb, rest, value) if colon and verb != URL else None


def of_option(action_id: object, value: object) -> Code | None:
    """What an option of a select says that was chosen."""
    if not isinstance(action_id, str) or not isinstance(value, str):
        return None
    verb, _, _ = action_id.partition(":")
    ticket, _, chosen = value.partition(":")
    return _code(chosen, "", ticket) if verb == MENU else _code(verb, chosen, ticket)


def of_form(callback_id: object, metadata: object) -> Code | None:
    """What a form is for that was sent."""
    if not isinstance(callback_id, str) or not isinstance(metadata, str):
        return None
    ticket, _, rest = metadata.partition(":")
    value, _, rest = rest.partition(":")
    place, _, message = rest.partition(":")
    return _code(callback_id, value, ticket, place, message)


def _code(verb: str, value: str, ticket: str, place: str = "", message: str = "") -> Code | None:
    if ticket and not _NUMBER.fullmatch(ticket):
        return None
    try:
        return Code(verb, value, int(ticket) if ticket else None, place, message)
    except ValueError:
        return None

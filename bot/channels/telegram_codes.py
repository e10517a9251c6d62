"""How buttons of Telegram say what they are for: written by the way out, read by the way in.

``callback_data`` is "VERB:VALUE:TICKET", at most 64 bytes. Nothing in it is secret, and nothing is a right: who
may do what is looked at when it is done (I13). What needs words after a button is asked for in a message of ours
that begins with a line "/note HD-42"; whoever answers that message has said it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 64
"""Bytes that Telegram keeps for a button."""
DONE: Final = "done"
"""The verb of a button that has been used: pressing it again does nothing."""
BACK: Final = "back"
"""Of the button that leaves a choice as it was."""

ASKS: Final = frozenset({"add", "comment", "escalate", "new", "note", "reply", "resolve", "wait"})
"""Verbs whose button asks for words when it has no value."""
ASKS_WITH_VALUE: Final = frozenset({("update", "fix"), ("update", "need"), ("wait", "requester")})
CHOOSES: Final = frozenset({"priority"})
"""Verbs whose button shows what there is to choose from."""

_VERB: Final = re.compile(r"[a-z][a-z-]{0,15}")
_VALUE: Final = re.compile(r"[A-Za-z0-9_.+-]{0,31}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")
_PROMPT: Final = re.compile(
    r"/(?P<verb>[a-z][a-z-]{0,15})(?: (?P<value>[a-z-]{1,30}))?(?: [A-Za-z0-9]{1,12}-(?P<ticket>[1-9][0-9]{0,14}))?"
)


@dataclass(frozen=True, slots=True)
class Code:
    """What is to be done, with which ticket."""

    verb: str
    value: str = ""
    ticket: int | None = None

    def __post_init__(self) -> None:
        if not (_VERB.fullmatch(self.verb) and _VALUE.fullmatch(self.value)):
            raise ValueError(f"no code: {self.verb[:40]!r}, {self.value[:70]!r}")
        if self.ticket is not None and not 0 < self.ticket < 10**15:
            raise ValueError(f"no ticket: {self.ticket}")

    @property
    def data(self) -> str:
        """For a button; never more than 64 bytes."""
        return f"{self.verb}:{self.value}:{self.ticket or ''}"

    @property
    def asks(self) -> bool:
        """Whether words are needed before it can be done."""
        return (self.verb in ASKS and not self.value) or (self.verb, self.value) in ASKS_WITH_VALUE

    @property
    def chooses(self) -> bool:
        """Whether a choice is needed before it can be done."""
        return self.verb in CHOOSES and not self.value

    def prompt(self, prefix: str) -> str:
        """The first line of the message that asks for the words."""
        value = f" {self.value}" if self.value else ""
        return f"/{self.verb}{value}" + (f" {prefix}-{self.ticket}" if self.ticket else "")


def of_button(data: object) -> Code | None:
    """What a button says that was pressed; None: it is none of ours, or was tampered with."""
    if not isinstance(data, str) or len(data) > LONGEST:
        return None
    parts = data.split(":")
    if len(parts) != 3 or not (_VERB.fullmatch(parts[0]) and _VALUE.fullmatch(parts[1])):
        return None
    if parts[2] and not _NUMBER.fullmatch(parts[2]):
        return None
    return Code(parts[0], parts[1], int(parts[2]) if parts[2] else None)


def of_prompt(text: object) -> Code | None:
    """What a message of ours asks for; None: it asks for nothing."""
    if not isinstance(text, str):
        return None
    found = _PROMPT.fullmatch(text.partition("\n")[0].strip())
    if found is None:
        return None
    code = Code(found["verb"], found["value"] or "", int(found["ticket"]) if found["ticket"] else None)
    return code if code.asks else None

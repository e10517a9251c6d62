"""The files of an agent's mail: each goes where the words beside it go, and to one requester at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.desk.cases import Refused
from bot.desk.commands import KEPT_INSIDE, Command
from bot.message import Attachment

_TO_REQUESTER: Final = frozenset({"reply", "resolve"})
"""Verbs whose words the requester gets."""


def target(command: Command, thread: int | None) -> int | None:
    """The ticket that a command is about: the one that it names, or that of the thread."""
    return thread if command.ticket is None else command.ticket


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The files of one mail, and who gets them."""

    files: tuple[Attachment, ...]
    thread: int | None
    takers: frozenset[int | None]
    """Tickets whose requester is written to."""
    noted: bool
    """Whether a command of the mail keeps words inside."""

    @classmethod
    def of(
        cls, files: tuple[Attachment, ...], asked: Sequence[Command], thread: int | None, *, speaks: bool
    ) -> Enclosed:
        """``speaks``: bare words go to the thread's requester. Raises ``Refused`` when files would go to the
        requesters of two tickets: nobody can tell for whom they are."""
        noted = any(command.verb in KEPT_INSIDE and command.words for command in asked)
        takers = {target(command, thread) for command in asked if _takes(command, noted=noted)}
        if speaks:
            takers.add(thread)
        if len(takers) > 1 and any(not file.inline for file in files):
            raise Refused("files-for-many")
        return cls(files, thread, frozenset(takers), noted)

    def beside(self, command: Command) -> tuple[Attachment, ...]:
        """The files that go with a command."""
        if _takes(command, noted=self.noted):
            return self.files if len(self.takers) == 1 or target(command, self.thread) == self.thread else ()
        return () if self.takers or command.verb in _TO_REQUESTER else self.files

    @property
    def left(self) -> tuple[Attachment, ...]:
        """Files that went with nothing yet, and so are for colleagues. A picture in a signature is none."""
        shown_alone = any(not file.inline for file in self.files)
        return () if self.takers or self.noted or not shown_alone else self.files


def _takes(command: Command, *, noted: bool) -> bool:
    """Whether files go to the requester with this: with words to them, and with the bare news that it is
    resolved, unless the same mail holds a note, whose the files are then."""
    return command.verb in _TO_REQUESTER and (bool(command.words) or not noted)

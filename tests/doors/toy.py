"""A loft of pigeons: the smallest service that has all that the contract asks for, and a door to it.

It is right as it is. Each ``Wrong`` makes it break its word in one way, so that it can be seen that the contract
notices, and notices nothing else.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

from bot import clock
from bot.errors import ChannelError, HeldError, StoreUnavailable
from bot.message import Action, Attachment, IncomingMessage, Kind, OutgoingMessage, Party, Payload, Receipt
from bot.ports import Accept
from bot.render.choices import offered
from bot.render.renderer import render_notice

LARGEST: Final = 200_000
"""Characters that a pigeon can bring."""
_LONGEST: Final = 6_000
"""Characters that a pigeon takes away."""
_AGAIN: Final = 0.02
_numbers = itertools.count(1)


class Wrong(Enum):
    """How a door can break its word."""

    HASTY = auto()
    """It says yes before the commit."""
    FORGETFUL = auto()
    """It does not know again what it has had."""
    SHUFFLES = auto()
    CHOKES = auto()
    """What it does not understand is its end."""
    CUTS_WHAT_COMES = auto()
    HOARDS = auto()
    """It keeps in memory what it has handed over."""
    SWALLOWS = auto()
    """What is too large disappears."""
    CUTS_WHAT_GOES = auto()
    """It drops the tail of a long text."""
    STAMMERS = auto()
    """It sends again what may be there, without looking."""
    GIVES_UP = auto()
    """It takes every no for the last word."""
    LOSES_HEART = auto()
    """A no that will always be one is tried again."""
    STICKS_UP_CARDS = auto()
    """It posts a card anew instead of changing it."""
    STRIPS_FILES = auto()
    LOSES_THE_THREAD = auto()
    """What it brings does not say what it answers."""
    MUMBLES = auto()
    """Its buttons do not say which ticket they are about."""


@dataclass
class Letter:
    """What a pigeon has brought."""

    number: int
    told: dict[str, Any]
    taken: bool = False
    returned: bool = False


@dataclass
class Post:
    """What a pigeon has taken away."""

    number: int
    to: str
    text: str
    buttons: dict[str, dict[str, Any]]
    files: dict[str, bytes]
    stands: str
    token: str


@dataclass
class Loft:
    """The service: what has come, what has gone, and how it fails next."""

    letters: list[Letter] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    fails: list[ChannelError] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def brings(self, told: dict[str, Any], number: int | None = None) -> Letter:
        """A pigeon comes in; with ``number``, one that was here before."""
        letter = Letter(number or next(_numbers), told)
        self.letters.append(letter)
        self.changed.set()
        return letter


class ToyDoor:
    """See ``ports.Source``."""

    name = "toy"

    def __init__(self, loft: Loft, wrong: Wrong | None) -> None:
        self._loft = loft
        self._wrong = wrong
        self._hoard: list[Payload] = []
        self.running = asyncio.Event()

    async def run(self, accept: Accept) -> None:
        """Take what comes, one after the other; what cannot be kept stays with its pigeon."""
        self.running.set()
        try:
            while True:
                self._loft.changed.clear()
                waiting = [one for one in self._loft.letters if not (one.taken or one.returned)]
                for letter in reversed(waiting) if self._wrong is Wrong.SHUFFLES else waiting:
                    if not await self._took(letter, accept):
                        await asyncio.sleep(_AGAIN)
                        self._loft.changed.set()
                        break
                await self._loft.changed.wait()
        finally:
            self.running.clear()

    async def _took(self, letter: Letter, accept: Accept) -> bool:
        raw = json.dumps(letter.told).encode()
        if len(raw) > LARGEST:
            letter.taken, letter.returned = self._wrong is Wrong.SWALLOWS, self._wrong is not Wrong.SWALLOWS
            return True
        if self._wrong is Wrong.CHOKES and "text" not in letter.told:
            raise KeyError("text")
        key = f"toy:{next(_numbers) if self._wrong is Wrong.FORGETFUL else letter.number}"
        payload = Payload(self.name, key, raw, clock.now())
        letter.taken = self._wrong is Wrong.HASTY
        try:
            await accept(payload)
        except StoreUnavailable:
            return False
        letter.taken = True
        if self._wrong is Wrong.HOARDS:
            self._hoard.append(payload)
        return True

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """Raises ``HeldError``."""
        try:
            told = json.loads(payload.raw)
            text, files = str(told["text"]), [_file(*one) for one in told["files"]]
        except (ValueError, KeyError, TypeError) as error:
            raise HeldError("not-understood", type(error).__name__) from None
        text = text[:100] if self._wrong is Wrong.CUTS_WHAT_COMES else text
        action = Action(told["verb"], told["ticket"], told["values"]) if "verb" in told else None
        keys = (str(told["answers"]),) if "answers" in told else ()
        keys = () if self._wrong is Wrong.LOSES_THE_THREAD else keys
        sender = Party("toy", "toy/ann", "Ann")
        return [
            IncomingMessage(
                self.name, payload.key, sender, (), "", text, text, payload.received_at,
                thread_keys=keys, attachments=tuple(files), action=action,
            )
        ]  # fmt: skip


def _file(name: str, content: str) -> Attachment:
    safe = "".join(c for c in name.rpartition("/")[2] if c.isprintable())
    octets = bytes.fromhex(content)
    return Attachment(safe, "application/octet-stream", len(octets), "", octets)


class ToySender:
    """See ``ports.Sender``."""

    def __init__(self, loft: Loft, wrong: Wrong | None, *, let_in: bool = True) -> None:
        self._loft = loft
        self._wrong = wrong
        self._let_in = let_in

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Raises ``ChannelError``."""
        silent = False
        if self._loft.fails:
            error = self._loft.fails.pop(0)
            silent = error.ambiguous
            if not silent:
                raise self._as_it_takes_it(error)
        if message.thread.card and self._wrong is not Wrong.STICKS_UP_CARDS:
            card = next((post for post in self._loft.posts if str(post.number) == message.thread.card), None)
            if card is not None:
                card.text, card.buttons = _words(message), self._buttons(message)
                return Receipt(str(card.number), (card.stands,))
        posts = self._posted(message)
        if silent and self._wrong is Wrong.STAMMERS:
            posts = self._posted(message)
        return Receipt(str(posts[0].number), (posts[0].stands,))

    def _as_it_takes_it(self, error: ChannelError) -> ChannelError:
        if self._wrong is Wrong.GIVES_UP:
            return ChannelError(str(error), permanent=True)
        if self._wrong is Wrong.LOSES_HEART:
            return ChannelError(str(error))
        return error

    def _posted(self, message: OutgoingMessage) -> list[Post]:
        text = _words(message)
        pieces = [text[at : at + _LONGEST] for at in range(0, len(text), _LONGEST)] or [""]
        pieces = pieces[:1] if self._wrong is Wrong.CUTS_WHAT_GOES else pieces
        first = next(_numbers)
        stands = message.thread.answers or f"toy/{first}"
        keeps = self._wrong is not Wrong.STRIPS_FILES
        files = {file.name: file.content for file in message.attachments if keeps}
        posts = [
            Post(
                first if not at else next(_numbers), message.to.address, piece, {}, {}, stands, message.token
            )
            for at, piece in enumerate(pieces)
        ]
        posts[-1].buttons, posts[-1].files = self._buttons(message), files
        self._loft.posts += posts
        return posts

    def _buttons(self, message: OutgoingMessage) -> dict[str, dict[str, Any]]:
        ticket = None if self._wrong is Wrong.MUMBLES else message.ticket
        shown = offered(message.choices, message.notice.locale)
        return {
            one["label"]: {
                "verb": choice.verb,
                "ticket": ticket,
                "values": {"value": choice.value} if message.kind is not Kind.CARD else {},
            }
            for choice, one in zip(message.choices, shown, strict=True)
        }

    async def check(self) -> None:
        """Raises ``ChannelError``."""
        if not self._let_in:
            raise ChannelError("the pigeons do not know us: feed them", permanent=True)

    async def close(self) -> None:
        """Nothing is kept open."""


def _words(message: OutgoingMessage) -> str:
    return render_notice(
        message.notice, now=message.created_at, form="telegram", choices=message.choices
    ).text

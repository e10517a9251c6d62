"""A message to Telegram in as many parts as it needs: its words, then its files, pictures among them as photos.

Which parts are there is kept in the database before the next one is sent, because Telegram has no key against
repeats and nothing can be looked up in it. So whoever sends the rest, after a failure, a wait or the death of a
process, sends none of them again. What is left is the one part that Telegram may have taken without our knowing
(no answer came, or the process died before the answer was written down): there the rule is that of the outbox for a
whole message (J8, X5). A person's words are sent again, so this part may be there twice; an automatic message
ends as "unknown", which is shown to administrators, and goes on with this part if one of them has it sent again.
A message of one part has nothing that could be half there, so nothing is kept of it.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

from bot.channels import picture
from bot.channels import telegram_text as wording
from bot.channels.chat_words import carried, not_sent
from bot.channels.telegram_api import LARGEST_UPLOAD, Refused
from bot.errors import ChannelError
from bot.loops import persist
from bot.message import Attachment, OutgoingMessage
from bot.render.telegram import escaped
from bot.store import chat_parts

if TYPE_CHECKING:
    from bot.channels.telegram_places import Where
    from bot.channels.telegram_sender import TelegramSender
    from bot.channels.telegram_words import Button, TelegramWords
    from bot.store.engine import Store

log = logging.getLogger("deskbot.telegram")

LARGEST_PHOTO: Final = 10_000_000
MOST_SIDES: Final = 10_000
"""Pixels of width and height together."""
MOST_RATIO: Final = 20
_PHOTO: Final = frozenset({"jpeg", "png", "webp"})
_KEPT: Final = 500
_GOES_ON: Final = " [\u2026]"
_BEFORE_A_FILE: Final = 2
"""Texts that are shown of what is so long that it goes as a file."""
_NO_PHOTO: Final = ("photo", "image")
"""Words in what Telegram says of a picture that it does not take."""


class Progress(Protocol):
    """Which parts of a message are there, by their names, and the ids that Telegram gave them."""

    async def kept(self, token: str) -> dict[str, int]:
        """The parts of the message with a token."""

    async def keep(self, token: str, part: str, number: int) -> None:
        """One more part is there."""


class InMemory:
    """Progress that ends with the process."""

    def __init__(self) -> None:
        self._parts: OrderedDict[str, dict[str, int]] = OrderedDict()

    async def kept(self, token: str) -> dict[str, int]:
        """The parts of the message with a token."""
        return dict(self._parts.get(token, {}))

    async def keep(self, token: str, part: str, number: int) -> None:
        """One more part is there."""
        self._parts.setdefault(token, {})[part] = number
        if len(self._parts) > _KEPT:
            self._parts.popitem(last=False)


class InStore:
    """Progress that outlives the process."""

    def __init__(self, store: Store, channel: str) -> None:
        self._store = store
        self._channel = channel

    async def kept(self, token: str) -> dict[str, int]:
        """The parts of the message with a token. Raises ``StoreUnavailable``."""
        return await self._store.read(lambda tx: chat_parts.kept(tx, self._channel, token))

    async def keep(self, token: str, part: str, number: int) -> None:
        """One more part is there; returns when that is written down, however long it takes."""
        await persist(self._store, lambda tx: chat_parts.keep(tx, self._channel, token, part, number))


@dataclass(frozen=True, slots=True)
class Part:
    """One message of Telegram's: a text, or a file with its caption."""

    name: str
    """The same whenever the message is tried, whatever becomes of the length of its words."""
    html: str = ""
    file: Attachment | None = None
    buttons: tuple[Button, ...] = ()


def parts_of(said: TelegramWords, files: Sequence[Attachment]) -> list[Part]:
    """What is to be sent, in its order. Words go as the caption of the first file when they are short enough and
    have no buttons; else before it, the buttons below the last text. What is too long for a conversation is begun
    there, and goes whole as a file."""
    texts = list(wording.parts(said.html))
    if not wording.is_whole(said.html, texts):
        files = [_as_file(said.plain), *files]
        *texts, last = islice(wording.parts(said.html, wording.LONGEST - len(_GOES_ON)), _BEFORE_A_FILE)
        texts.append(last.rstrip() + _GOES_ON)
    if not texts and (said.plain.strip() or not files):
        texts = [wording.cut(said.plain, wording.LONGEST)]
    caption = ""
    if files and len(texts) == 1 and not said.buttons and _is_short(texts[0]):
        caption, texts = texts[0], []
    found = [Part(f"text{number}", text) for number, text in enumerate(texts)]
    if found:
        found[-1] = Part(found[-1].name, found[-1].html, buttons=said.buttons)
    return found + [
        Part(f"file{number}", "" if number else caption, file) for number, file in enumerate(files)
    ]


def _as_file(text: str) -> Attachment:
    """A text that would flood the conversation."""
    content = text.encode("utf-8", "replace")
    return Attachment("message.txt", "text/plain", len(content), hashlib.sha256(content).hexdigest(), content)


def _is_short(html: str) -> bool:
    return wording.units(wording.plain(html)) <= wording.LONGEST_CAPTION


def is_photo(file: Attachment) -> bool:
    """Whether Telegram shows a file as a picture: its limits for photos."""
    found = picture.look(file.content) if file.size <= LARGEST_PHOTO else None
    if found is None or found.kind not in _PHOTO or found.moves:
        return False
    short, long = sorted((found.width, found.height))
    return short > 0 and short + long <= MOST_SIDES and long <= MOST_RATIO * short


class Parts:
    """Sends messages of several parts by one bot."""

    def __init__(self, sender: TelegramSender, progress: Progress) -> None:
        self._sender = sender
        self._progress = progress

    async def say(self, where: Where, said: TelegramWords, message: OutgoingMessage) -> list[int]:
        """Send what is not there yet; returns the ids of all its parts. Within the turn of the chat.

        Raises ``ChannelError``.
        """
        parts = parts_of(said, carried(message))
        if len(parts) == 1:
            return [await self._send(where, parts[0], message.notice.locale)]
        there = await self._progress.kept(message.token)
        for part in parts:
            if part.name not in there:
                there[part.name] = await self._send(where, part, message.notice.locale)
                await self._progress.keep(message.token, part.name, there[part.name])
        return sorted(there.values())

    async def _send(self, where: Where, part: Part, locale: str) -> int:
        from bot.channels.telegram_sender import keyboard

        if part.file is None:
            told = await self._sender.text("sendMessage", where, part.html, keyboard(part.buttons))
        else:
            try:
                told = await self._file(where, part.file, part.html)
            except Refused as refused:
                # The words stand, or stood in the caption: they must not fail for a file.
                log.warning("a file was not sent: %s", refused, extra={"action": "telegram.file-not-sent"})
                words = escaped(not_sent([part.file.name], locale))
                html = f"{part.html}\n\n{words}" if part.html else words
                told = await self._sender.text("sendMessage", where, html, None)
        return int(told["message_id"])

    async def _file(self, where: Where, file: Attachment, caption: str) -> Any:
        from bot.channels.telegram_library import file_of

        if file.size > LARGEST_UPLOAD:
            raise ChannelError(f"{file.name} is larger than Telegram takes", permanent=True)
        given = file_of(file.content, file.name)
        if is_photo(file):
            try:
                return await self._sender.file("sendPhoto", where, caption, photo=given)
            except Refused as refused:
                why = str(refused).partition(": ")[2].casefold()
                if not any(word in why for word in _NO_PHOTO):
                    raise
                log.info("sent as a file: %s", refused, extra={"action": "telegram.no-photo"})
        return await self._sender.file("sendDocument", where, caption, document=given)

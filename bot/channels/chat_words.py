"""The words of messages to chat programs: the job that a child is given, and who gives it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Protocol, TypeVar

from bot.errors import WorkerFailed
from bot.message import Attachment, Notice, OutgoingMessage
from bot.render.events import WITH_FILES
from bot.render.renderer import Rendered, renderer

if TYPE_CHECKING:
    from bot.clock import Clock
    from bot.config import Config
    from bot.store.blobs import Blobs

log = logging.getLogger("deskbot.chats")

Run = Callable[[Callable[[Any], Any], Any], Awaitable[Any]]
"""Does a job in a child process."""
Load = Callable[[OutgoingMessage], Awaitable[OutgoingMessage]]
"""Gives a message with the content of its files."""
_SAID: Final = "said"
_NOT_SENT: Final = {
    "en": "These files could not be sent: {names}",
    "it": "Non è stato possibile inviare questi file: {names}",
    "zh": "以下文件未能发送：{names}",
}


@dataclass(frozen=True, slots=True)
class ChatJob:
    """A message to a chat program that wants words, and what must be known of the desk."""

    message: OutgoingMessage
    """Its files without their content."""
    desk_name: str
    desk_address: str
    left_out: tuple[str, ...] = ()
    """Names of files that are too large to be sent, or cannot be read."""
    templates: str | None = None
    """The administrator's folder. None: built-in templates only, for a second try when the first killed its child."""
    desk_time_zone: str = ""
    now: datetime | None = None
    """When the words are read, for "today" and "tomorrow". None: when the message was created."""

    @property
    def notice(self) -> Notice:
        """What is to be said, with what the templates of all chat programs may name."""
        notice = self.message.notice
        left_out = list(self.left_out) if carries_files(notice.event) else []
        desk = {"desk_name": self.desk_name, "desk_address": self.desk_address}
        return replace(notice, values={**desk, **notice.values, "left_out": left_out})

    def rendered(self, form: Literal["slack", "telegram"], mark: str = "") -> Rendered:
        """The words in the form of one chat program; ``mark``: see ``Renderer.render``. Raises ``TemplateError`` when no template can speak."""
        return renderer(Path(self.templates) if self.templates else None).render(
            self.notice,
            now=self.now or self.message.created_at,
            form=form,
            desk_time_zone=self.desk_time_zone,
            choices=self.message.choices,
            mark=mark,
        )


def carries_files(event: str) -> bool:
    """Whether what came with somebody's words goes on with them (F10)."""
    return event in WITH_FILES or event == _SAID


def carried(message: OutgoingMessage) -> tuple[Attachment, ...]:
    """The files that go with a message whose files were loaded: those that are whole."""
    files = message.attachments if carries_files(message.notice.event) else ()
    return tuple(file for file in files if file.content and len(file.content) == file.size)


def not_sent(names: Sequence[str], locale: str) -> str:
    """Words on files that a service did not take, for whoever waits for them."""
    return _NOT_SENT.get(locale, _NOT_SENT["en"]).format(names=", ".join(name[:100] for name in names))


def loader(blobs: Blobs, most: int) -> Load:
    """Loads the files of messages, in their order; one of more than ``most`` octets keeps its place without
    content."""

    async def load(message: OutgoingMessage) -> OutgoingMessage:
        from bot import enclosures  # not at the top: children import this module too

        fit = tuple(file for file in message.attachments if file.size <= most)
        loaded = await enclosures.loaded(replace(message, attachments=fit), blobs)
        there = {id(file): got for file, got in zip(fit, loaded.attachments, strict=True)}
        return replace(message, attachments=tuple(there.get(id(file), file) for file in message.attachments))

    return load


class Words(Protocol):
    """What a job gives back."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not as it should be with a text."""


W = TypeVar("W", bound=Words)


class Composer(Generic[W]):
    """Words and buttons of messages, made in a child by ``write``. ``broke`` hears of a template that could not be
    used."""

    def __init__(
        self,
        write: Callable[[ChatJob], W],
        config: Config,
        run: Run,
        broke: Callable[[str], None],
        now: Clock,
    ) -> None:
        self._write = write
        self._desk = config.desk
        self._folder = str(config.templates.folder) if config.templates.folder else None
        self._run = run
        self._broke = broke
        self._now = now

    async def __call__(self, message: OutgoingMessage) -> W:
        """The words of one message whose files were loaded; the child learns only the names of what did not fit."""
        left_out = tuple(file.name for file in message.attachments if len(file.content) != file.size)
        desk, bare = self._desk, replace(message, attachments=())
        job = ChatJob(bare, desk.name, desk.address, left_out, self._folder, desk.time_zone, self._now())
        try:
            words: W = await self._run(self._write, job)
        except WorkerFailed as error:
            if job.templates is None:
                raise
            # A template that kills its child is not asked twice: the built-in one speaks (H3, H4).
            self._broke(f"{message.notice.event}: {error}")
            words = await self._run(self._write, replace(job, templates=None))
        for warning in words.warnings:
            log.warning("a message is not as it should be: %s", warning, extra={"action": "chat.warning"})
        return words

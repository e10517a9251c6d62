"""The door to a workspace of Slack: one for each ``[slack.NAME]``.

What comes is kept before it is acknowledged; what was missed is asked for. The parts are ``slack_app`` (what
kind of thing it is), ``slack_events`` and ``slack_actions`` (what is for the desk), ``slack_socket`` and
``slack_http`` (how it comes), ``slack_catch_up`` (what was missed), ``slack_workspace`` and ``slack_people``
(who is who), ``slack_web`` (what we ask of Slack), ``slack_payload`` and ``slack_read`` (what is kept, and how it
is read), ``slack_codes`` (what buttons say).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from bot.channels.slack_actions import Actions, Forms, NoForms
from bot.channels.slack_app import AWAY, Dispatcher
from bot.channels.slack_catch_up import CatchUp
from bot.channels.slack_events import Events
from bot.channels.slack_faults import NO_TOKEN, Refused
from bot.channels.slack_later import Later
from bot.channels.slack_read import read
from bot.channels.slack_socket import Pauses, Socket, Told
from bot.channels.slack_workspace import Workspace
from bot.errors import ChannelError, DeskbotError
from bot.log import event as log_event
from bot.message import IncomingMessage, Payload
from bot.metrics import Metrics
from bot.ports import Accept

if TYPE_CHECKING:
    from starlette.routing import Route

log = logging.getLogger("deskbot.slack")

Alarm = Callable[[str, str], None]

_GRACE: Final = 120.0
"""Seconds for which a lost connection is no reason to call the door shut: Slack refreshes connections."""


def _no_alarm(name: str, words: str) -> None:
    """Nobody is to be told."""


class SlackDoor:
    """Receives what is said and pressed in a workspace: a ``Source``."""

    def __init__(
        self,
        workspace: Workspace,
        metrics: Metrics,
        forms: Forms | None = None,
        alarm: Alarm = _no_alarm,
        pauses: Pauses | None = None,
    ) -> None:
        """``alarm`` is called, with the door's name and words, when a person must look; once for each trouble."""
        self.name = workspace.name
        self.workspace = workspace
        self._metrics = metrics
        self._alarm = alarm
        self._pauses = pauses or Pauses()
        self._later = Later(self.name, self._dropped)
        given = forms or NoForms()
        self._events = Events(workspace, self._later, given.home)
        self._dispatcher = Dispatcher(
            workspace, self._events, Actions(workspace, self._events, given, self._later), self._later
        )
        self._catch_up = CatchUp(workspace, self._events)
        self._behind = asyncio.Event()
        self.caught_up = asyncio.Event()
        """Set while nothing is known to be missing."""
        self._up = False
        self._refused = False
        self._served_at = float("-inf")
        metrics.door(self.name, up=False)

    async def run(self, accept: Accept) -> None:
        """Serve until cancelled; what is in hand is then finished."""
        at = self.workspace
        session = await at.web.open()
        helpers: list[asyncio.Task[None]] = []
        try:
            await self._introduce()
            at.accept = accept
            self._behind.set()
            helpers = [
                asyncio.create_task(self._catch_up_always()),
                asyncio.create_task(self._note_progress()),
            ]
            if self.by_http:
                self._is_up()
                await asyncio.Event().wait()
            token = at.section.app_token.get_secret_value()
            told = Told(self._is_up, self._is_down, self._is_refused)
            await Socket(at.web, session, token, self._dispatcher.answer, told, self._pauses).run()
        finally:
            await self._end(helpers)

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """The messages in a payload. Raises ``HeldError``."""
        return read(payload, self.workspace.prefix)

    async def serving(self) -> bool:
        """Whether what people say is taken; for probes."""
        return self._up or (not self._refused and monotonic() - self._served_at < _GRACE)

    async def answer(self, body: dict[str, Any] | str, headers: dict[str, str]) -> tuple[int, str]:
        """Status and text for a request of Slack's that is genuine."""
        if self.workspace.accept is None:
            return AWAY, ""
        return await self._dispatcher.answer(body, headers)

    @property
    def by_http(self) -> bool:
        """Whether Slack calls us; else we open a socket to it."""
        return self.workspace.section.mode == "http"

    def routes(self) -> list[Route]:
        """Where Slack sends its requests, when it sends them by HTTP."""
        from bot.channels.slack_http import Signatures, SlackPages

        section = self.workspace.section
        signatures = Signatures(section.signing_secret.get_secret_value(), self.workspace.now)
        return SlackPages(
            self.name, signatures, lambda body, headers: self.answer(body, dict(headers))
        ).routes()

    async def _introduce(self) -> None:
        """Find out who we are, however long it takes."""
        failures = 0
        while True:
            try:
                await self.workspace.introduce()
            except ChannelError as error:
                failures += 1
                delay = min(self._pauses.longest, self._pauses.first * 2.0 ** min(failures - 1, 20))
                if isinstance(error, Refused) and error.code in NO_TOKEN:
                    self._is_refused(str(error))
                    delay = self._pauses.refused
                self._is_down("disconnected", str(error), delay)
                await asyncio.sleep(delay)
            else:
                return

    async def _end(self, helpers: list[asyncio.Task[None]]) -> None:
        at = self.workspace
        for task in helpers:
            task.cancel()
        if helpers:
            await asyncio.wait(helpers, timeout=2)
        await self._later.close()
        try:
            if at.accept is not None and self._is_whole():
                await self._catch_up.note_progress()
        except DeskbotError as error:
            log.debug("progress is not written: %s", error)
        at.accept = None
        await at.web.close()
        self._up = False
        self._metrics.door(self.name, up=False)

    # How it is

    def _is_up(self) -> None:
        self._up, self._refused = True, False
        self._metrics.door(self.name, up=True)
        log_event(log, "slack.connected", channel=self.name)
        self.caught_up.clear()
        self._behind.set()

    def _is_down(self, reason: str, words: str, delay: float) -> None:
        if self._up:
            self._served_at = monotonic()
        self._up = False
        self.caught_up.clear()
        self._metrics.door(self.name, up=False)
        self._metrics.trouble(self.name, reason)
        log_event(
            log, f"slack.{reason}", words, level=logging.WARNING, channel=self.name, delay=round(delay, 1)
        )

    def _is_refused(self, words: str) -> None:
        """Slack does not know our token: a person must look, and hears of it once (I14)."""
        self._up = False
        self._metrics.trouble(self.name, "refused")
        if not self._refused:
            self._refused = True
            log_event(log, "slack.refused", words, level=logging.ERROR, channel=self.name)
            self._alarm(self.name, words)

    # What was missed

    def _is_whole(self) -> bool:
        """Whether all that was said until now is kept."""
        return self._up and self.workspace.sound and not self._behind.is_set() and self.caught_up.is_set()

    async def _catch_up_always(self) -> None:
        """Whenever something may be missing, until nothing is."""
        delay = self._pauses.first
        while True:
            await self._behind.wait()
            self._behind.clear()
            self.workspace.sound = True
            try:
                await self._catch_up.run()
            except DeskbotError as error:
                self.workspace.sound = False
                self._metrics.trouble(self.name, "not-caught-up")
                log_event(log, "slack.not-caught-up", str(error), level=logging.WARNING, channel=self.name)
                self._behind.set()
                await asyncio.sleep(delay)
                delay = min(self._pauses.longest, delay * 2)
            except Exception:
                # What history holds is strangers' words in Slack's form: whatever a fault of ours makes of it, the
                # door goes on taking what is said now, and tries again.
                log.exception("history cannot be read", extra={"action": "slack.fault"})
                self._behind.set()
                await asyncio.sleep(self._pauses.longest)
            else:
                delay = self._pauses.first
                if self._up and not self._behind.is_set():  # what was said since the end is still to come
                    self.caught_up.set()

    async def _note_progress(self) -> None:
        while True:
            await asyncio.sleep(self._pauses.flush)
            if not self.workspace.sound:
                self._behind.set()
                continue
            try:
                if self._is_whole():
                    await self._catch_up.note_progress()
                    self._metrics.looked(self.name)
            except DeskbotError as error:
                log.debug("progress is not written: %s", error)

    # What Slack does not wait for

    def _dropped(self) -> None:
        """There was no room: history brings the files of messages again (see ``Later``)."""
        self.workspace.sound = False
        self._metrics.trouble(self.name, "too-much")

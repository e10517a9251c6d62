"""How a mailbox is: for ``/readyz``, for metrics and for the log, told when it changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from bot.log import event
from bot.metrics import Metrics

log = logging.getLogger("deskbot.imap")

_QUIET: Final = 300.0
"""A mailbox that was looked at within these seconds serves, whatever happens to one connection."""
_LEVELS: Final = {
    "set-aside": logging.ERROR,
    "not-moved": logging.ERROR,
    "not-taken": logging.ERROR,
    "too-large": logging.WARNING,
}


class Health:
    """One mailbox. Written by its thread, read by the loop; each field is one word of memory."""

    def __init__(
        self, name: str, metrics: Metrics, alarm: Callable[[str, str], None] = lambda _, __: None
    ) -> None:
        """``alarm`` is called, with the mailbox and words, when a person must look; once for each trouble."""
        self._name = name
        self._metrics = metrics
        self._alarm = alarm
        self._up = False
        self._standby = False
        self._refused = False
        self._looked_at = float("-inf")
        self.reason = "not started"
        """Why it does not serve, from a closed list; "" when it does."""
        metrics.door(name, up=False)

    @property
    def serving(self) -> bool:
        """Whether mail is taken, here or by another process."""
        if self._standby or self._up:
            return True
        return not self._refused and monotonic() - self._looked_at < _QUIET

    def standby(self) -> None:
        """Another process reads it."""
        self._standby = True
        self._set(up=False, reason="")

    def accepted(self) -> None:
        """The server has let us in."""
        self._standby = False
        if self._refused:
            event(log, "imap.login-accepted", mailbox=self._name)
        self._refused = False
        self._set(up=True, reason="")
        event(log, "imap.connected", mailbox=self._name)

    def looked(self) -> None:
        """The folder was looked at, and nothing is left."""
        self._looked_at = monotonic()
        self._metrics.looked(self._name)

    def refused(self, words: str) -> None:
        """The login was refused: a person must look, and hears of it once (B10)."""
        self._standby = False
        self._set(up=False, reason="login-refused")
        self._metrics.trouble(self._name, "login-refused")
        if not self._refused:
            self._refused = True
            event(log, "imap.login-refused", words, level=logging.ERROR, mailbox=self._name)
            self._alarm(self._name, words)

    def disconnected(self, reason: str, words: str, delay: float) -> None:
        """A session has failed; the next one begins in ``delay`` seconds."""
        self._standby = False
        self._set(up=False, reason=reason)
        self._metrics.trouble(self._name, reason)
        event(log, f"imap.{reason}", words, level=logging.WARNING, mailbox=self._name, delay=round(delay, 1))

    def down(self, reason: str) -> None:
        """It is not read any more."""
        self._set(up=False, reason=reason)

    def trouble(self, reason: str, words: str) -> None:
        """Something happened that does not end the session."""
        self._metrics.trouble(self._name, reason)
        event(log, f"imap.{reason}", words, level=_LEVELS.get(reason, logging.WARNING), mailbox=self._name)

    def _set(self, *, up: bool, reason: str) -> None:
        self._up, self.reason = up, reason
        self._metrics.door(self._name, up=up)

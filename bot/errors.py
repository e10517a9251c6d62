"""Every error that Deskbot raises on purpose.

::

    DeskbotError
    ├── ConfigError          the configuration cannot be used: says which key and what to do
    ├── StoreError           the database refused or is away; what was asked did not happen
    │   └── StoreUnavailable     ... and asking again later may help
    ├── HeldError            a payload that cannot be understood; carries a reason from a closed list
    │   └── WorkerFailed         the child process that worked on it died, ran too long or took too much
    ├── ChannelError         a channel could not take or give a message
    │   └── ChannelBusy          ... because it is not yet its turn; nothing was tried
    ├── TemplateError        a template is missing, broken or too greedy
    └── CalendarError        a calendar has no working time, or a duration makes no sense

A library's own errors are translated into one of these in one place per adapter.
"""

from __future__ import annotations


class DeskbotError(Exception):
    """Base of all errors of Deskbot; its text is written for an administrator."""


class ConfigError(DeskbotError):
    """The configuration cannot be used. The text names the key and says what to do."""


class StoreError(DeskbotError):
    """The database refused. Nothing of what was asked has happened."""


class StoreUnavailable(StoreError):
    """The database cannot be reached, is full or is locked. Asking again later may help.

    ``full`` is true when the disk has no room, so that a door can say so in its own terms.
    """

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        self.full = full


class HeldError(DeskbotError):
    """A payload could not be understood and waits, with its bytes, for an administrator."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class WorkerFailed(HeldError):
    """A child process died, ran out of time or out of memory while it worked on one job."""


class ChannelError(DeskbotError):
    """The channel could not take the message.

    ``permanent``: no retry can help. ``retry_after``: seconds the service asked us to wait.
    ``ambiguous``: the service may have taken the message although it did not say so.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.ambiguous = ambiguous


class ChannelBusy(ChannelError):
    """It is not yet a message's turn. Nothing was tried, so this counts as no attempt."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message, retry_after=seconds)
        self.seconds = seconds


class TemplateError(DeskbotError):
    """A template is missing, broken, or asks for more time or room than it may have."""


class CalendarError(DeskbotError):
    """A calendar has no working time, or a duration makes no sense."""

"""The one table of doors. A new door is a line here, and an adapter; it is finished when the contract passes.

What a door does not promise is a property of the door, and stands here with its reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from tests.doors import promises_in as i
from tests.doors import promises_out as o
from tests.doors import promises_sent as sent
from tests.doors.mail_in import imap_in, lmtp_in, smtp_in
from tests.doors.mail_out import maildir_out, relay_out
from tests.doors.pages_in import pages_in
from tests.doors.slack_in import slack_http_in, slack_in
from tests.doors.slack_out import slack_out
from tests.doors.telegram_in import telegram_hook_in, telegram_in
from tests.doors.telegram_out import telegram_out
from tests.doors.ways_in import MakesWayIn
from tests.doors.ways_out import MakesWayOut

Promise = Callable[[Any], Awaitable[None]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Door(Generic[T]):
    """How a door is made, and what it does not promise: each with the reason, which is a fact of its service."""

    made: T
    without: Mapping[Promise, str] = field(default_factory=lambda: MappingProxyType({}))


WAYS_IN: Final[dict[str, Door[MakesWayIn]]] = {
    "smtp": Door(smtp_in),
    "lmtp": Door(lmtp_in),
    "imap": Door(imap_in),
    "pages": Door(
        pages_in,
        {
            i.files_come_with_their_names_and_octets: "the forms of the pages have no place for a file, only for words",
            i.words_do_not_overtake_the_file_that_came_before_them: "no file comes by a form, and a person sends "
            "the next form when the last was noted",
        },
    ),
    "slack by socket": Door(slack_in),
    "slack by requests": Door(slack_http_in),
    "telegram by asking": Door(telegram_in),
    "telegram by webhook": Door(telegram_hook_in),
}

_NO_ROOM: Final = dict.fromkeys(
    o.ABOUT_ROOMS, "a mail has no room: an agent by mail gets a mail about each ticket"
)
_NO_BUTTON: Final[dict[Promise, str]] = {
    o.a_press_becomes_the_action: "a mail has no buttons: the page behind its link is a way in of its own, see pages",
}
_NO_REFUSAL: Final = "a folder knows no recipient, so it refuses none for good: a disk can be mended"
_NO_WAIT: Final = "a folder has no conversations, and asks nobody to wait for their turn in one"
_NO_SILENCE: Final = "a file is there or it is not: there is nobody who could keep silent about it"

WAYS_OUT: Final[dict[str, Door[MakesWayOut]]] = {
    "relay": Door(relay_out, {**_NO_ROOM, **_NO_BUTTON}),
    "maildir": Door(
        maildir_out,
        {
            **_NO_ROOM,
            **_NO_BUTTON,
            o.a_failure_for_good_is_permanent: _NO_REFUSAL,
            o.silence_leads_to_no_second_message: _NO_SILENCE,
            sent.no_for_good_ends_as_failed_with_its_reason: _NO_REFUSAL,
            sent.a_conversation_that_must_wait_delays_no_other: _NO_WAIT,
            sent.in_doubt_what_a_machine_wrote_goes_out_once_at_most: _NO_SILENCE,
            sent.in_doubt_what_a_person_wrote_is_not_lost: _NO_SILENCE,
        },
    ),
    "slack": Door(slack_out),
    "telegram": Door(telegram_out),
}

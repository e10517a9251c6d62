"""The pages as a door: what is said on one becomes a payload, and then a message like any other.

The signed link is the authority, from the page to the desk: it is looked at again when the payload is read, so
that a form can do nothing but what its link is for (K2).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from bot.desk.links import Link, Links, Purpose
from bot.errors import HeldError
from bot.message import Action, Authentication, IncomingMessage, Party, Payload, Verdict
from bot.ports import Accept

NAME: Final = "web"
TEXT: Final = "text"
"""Under this name the words of a form stand in the action's values, besides being the message's text."""
_ON_STATUS_PAGE: Final = frozenset({"add", "close", "confirm", "reopen"})
_WORDS: Final = (TEXT, "comment")


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody has sent from a page: the raw bytes of its payload."""

    purpose: str
    token: str
    verb: str
    sender: Party
    values: dict[str, str] = field(default_factory=dict)


def payload(form: Form, once: str, now: datetime) -> Payload:
    """To be accepted. ``once`` is the same for what counts once, such as the two halves of a double click."""
    named = msgspec.json.encode(
        [NAME, form.purpose, form.token, form.verb, sorted(form.values.items()), once]
    )
    key = f"{NAME}-{hashlib.blake2b(named, digest_size=30).hexdigest()}"  # a key has 64 characters
    envelope = {"purpose": form.purpose, "verb": form.verb, "mail_from": form.sender.address}
    return Payload(NAME, key, msgspec.json.encode(form), now, envelope)


class WebDoor:
    """Reads what the pages have taken. It needs no service: the web role serves the pages, here or elsewhere."""

    name = NAME

    def __init__(self, links: Links) -> None:
        self._links = links

    async def run(self, accept: Accept) -> None:  # noqa: ARG002  # as ``ports.Source`` has it; pages accept themselves
        """Nothing comes this way by itself."""
        await asyncio.Event().wait()

    async def translate(self, payload: Payload) -> Sequence[IncomingMessage]:
        """The message of one form. Raises ``HeldError``."""
        try:
            form = msgspec.json.decode(payload.raw, type=Form)
            purpose = Purpose(form.purpose)
        except ValueError as error:  # msgspec's errors are ValueErrors
            raise HeldError("not-understood", f"no form of ours: {type(error).__name__}") from None
        link = self._links.read(purpose, form.token, payload.received_at)
        if link is None or not is_for(link, form.verb, form.values):
            raise HeldError("bad-link", "the link of the form is not genuine, or not for what the form says")
        words = next((form.values[name] for name in _WORDS if form.values.get(name)), "")
        return [
            IncomingMessage(
                channel=NAME,
                external_id="",
                sender=form.sender,
                recipients=(),
                subject="",
                text=words,
                reply_text=words,
                received_at=payload.received_at,
                authentication=Authentication(Verdict.PASS, "link"),
                action=Action(form.verb, link.ticket, form.values),
            )
        ]


def is_for(link: Link, verb: str, values: Mapping[str, str]) -> bool:
    """Whether a link allows this to be said."""
    if link.purpose is Purpose.STATUS:
        return verb in _ON_STATUS_PAGE
    if link.purpose is Purpose.RATE:
        return verb == "rate"
    if link.purpose is Purpose.ANSWER:
        return (verb, values.get("value", "")) == choice_of(link)
    return False


def choice_of(link: Link) -> tuple[str, str]:
    """Verb and value of a choice of a message."""
    verb, _, value = link.extra.partition("-")
    return verb, value

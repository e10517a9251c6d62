"""The language that channels and the desk share: messages in, messages out.

Facts only. What a message means for a ticket is the desk's business, how it is written on the wire the
channel's. Everything here is frozen, and can be written as MessagePack or JSON by ``msgspec``, because it
crosses process borders (the parsing children) and time (the outbox).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

EMAIL = "email"
"""The medium of addresses that SMTP, IMAP and LMTP share."""

RULE_FIELDS: Final = (
    "importance",
    "priority",
    "sensitivity",
    "precedence",
    "list-id",
    "organization",
    "keywords",
)
"""The header fields that rules may look at, besides those whose names begin with "x-"."""


def is_for_rules(name: str) -> bool:
    """Whether a header field, by its name in lower case, is one that rules may look at."""
    return name.startswith("x-") or name in RULE_FIELDS


@dataclass(frozen=True, slots=True)
class Party:
    """Someone, or something, that writes or can be written to."""

    medium: str
    """The world that the address belongs to: "email", "slack", "telegram"."""
    address: str
    """Unique in its medium. For mail the bare address as the person writes it; see ``mail.addresses.canonical``."""
    name: str = ""
    """What the person calls itself: a claim, never an identity."""


class Automation(StrEnum):
    """Whether a machine wrote a message, as far as the message itself tells."""

    NONE = "none"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    LIST = "list"
    OURSELVES = "ourselves"
    """It carries our own loop header: the desk's own mail has come back."""


class Verdict(StrEnum):
    """What a channel found out about a sender's claim to be who they say."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Authentication:
    """What the channel can vouch for about the sender."""

    verdict: Verdict = Verdict.UNKNOWN
    by: str = ""
    """How it is known: "slack", "smtp-auth", "dmarc", ..."""
    outside: bool = False
    """The service knows who it is, and that they are no member of our house: a guest, or of another workspace."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message. ``content`` is left out once the file lies in the blob store."""

    name: str
    """Safe to show and to offer as a download name: no path, no control characters, at most 200 characters."""
    media_type: str
    size: int
    """Octets."""
    sha256: str
    """Of the content, in hex: its name in the blob store."""
    content: bytes = b""
    inline: bool = False
    """Shown inside the text (a ``cid:`` picture) rather than beside it."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button pressed, a form sent, a slash command: already structured by its channel."""

    verb: str
    ticket: int | None = None
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says. A claim, until one of ``originals`` carries our signature."""

    recipients: tuple[str, ...]
    """Addresses that were not reached."""
    permanent: bool
    originals: tuple[str, ...] = ()
    """External ids of the messages that it is about."""
    status: str = ""
    """RFC 3463: "5.1.1"."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A message that somebody passes on: as it stands in theirs, proved by nothing."""

    sender: Party
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One message as a person or a machine sent it; no judgement."""

    channel: str
    """The configured name of the door: "mail"."""
    external_id: str
    """The message's own name in its world, for people to find it again (a Message-ID); may be empty, may lie."""
    sender: Party
    recipients: tuple[Party, ...]
    subject: str
    text: str
    """All that can be read, quotes included."""
    reply_text: str
    """What this person wrote this time: without quotes and signature."""
    received_at: datetime
    sent_at: datetime | None = None
    """What the sender's clock said: shown, never trusted."""
    thread_keys: tuple[str, ...] = ()
    """What it answers, nearest first: external ids. An address of ours among the recipients may name it too."""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    automation: Automation = Automation.NONE
    automation_sign: str = ""
    """Which sign told: "header auto-submitted", "null sender", ..."""
    authentication: Authentication = Authentication()
    bounce: Bounce | None = None
    forwarded: Forwarded | None = None
    action: Action | None = None
    hops: int = 0
    """How many servers have passed it on."""
    language: str | None = None
    """A language that the message itself names; the desk looks at the words otherwise."""
    time_zone: str | None = None
    """Where the sender lives, as their profile says: "Europe/Rome"."""
    place: str = ""
    """In a chat program, the conversation that it was written in: "acme/D024BE91L". Short messages of one person
    in one place may be one request."""
    addressed: bool = True
    """Whether it was said to the desk. False: in a chat program the desk only hears it, because it stands in a
    ticket's conversation."""
    fields: tuple[tuple[str, str], ...] = ()
    """What the sender chose in a form of ours besides their words: "category", "impact", "urgency"."""
    loop: str = ""
    """Our own loop header as it stands in the message: unverified."""
    headers: tuple[tuple[str, str], ...] = ()
    """The few header fields that rules may look at: names in lower case, values unverified and bounded."""
    oddities: tuple[str, ...] = ()
    """What was wrong with it, in words for an agent: "two From headers", "more than 20 levels deep"."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a door took from its service: raw bytes, what is known of their delivery, and their unique key."""

    channel: str
    key: str
    """The same for the same message however often it arrives; see ``mail.identity``."""
    raw: bytes
    received_at: datetime
    envelope: dict[str, Any] = field(default_factory=dict)
    """For mail: ``mail_from``, ``rcpt_to``, ``peer``, ``helo``, ``tls``, ``user``."""


class Kind(StrEnum):
    """Why a message goes out."""

    ACKNOWLEDGEMENT = "acknowledgement"
    REPLY = "reply"
    PROGRESS = "progress"
    CONFIRMATION = "confirmation"
    SURVEY = "survey"
    NOTICE = "notice"
    CARD = "card"

    @property
    def automatic(self) -> bool:
        """Whether no person wrote it: then it is sent at most once, never to a machine, and within budgets."""
        return self is not Kind.REPLY


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be said, before it has words: an event, a language and plain values.

    A template turns it into text only when it is sent, outside every transaction and in a child process, so
    that no template, however broken, can hold up or lose a ticket.
    """

    event: str
    """The template's name: "received"."""
    locale: str
    time_zone: str
    values: dict[str, Any] = field(default_factory=dict)
    """Plain data. Moments are ISO 8601 strings with an offset; the templates' filters read them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be given by a tap, a link or a digit."""

    label: str
    """A code for which the renderer has words in each language: "yes", "rate-5"."""
    verb: str
    """Of the ``Action`` that it becomes."""
    value: str = ""
    """Goes into the action's ``values`` under "value"."""
    url: str = ""
    """A page on which the same can be said, for doors without buttons. Opening it does nothing (K1)."""


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """The conversation that an outgoing message belongs to, in the recipient's own program."""

    subject: str = ""
    """The subject of the message it answers, or empty when it must not be repeated."""
    answers: str = ""
    """The external id of the message it answers."""
    earlier: tuple[str, ...] = ()
    """External ids of the conversation, oldest first."""
    card: str = ""
    """In a room of a chat program: the service's name for the card that this message is to replace."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to one recipient, as the outbox keeps it."""

    channel: str
    to: Party
    ticket: int
    kind: Kind
    token: str
    """Chosen before the commit and signed: names the ticket and the recipient, so that a repeat is
    recognised as one and an answer finds its ticket. Mail makes its Message-ID and Reply-To of it."""
    notice: Notice
    created_at: datetime
    thread: ThreadRef = ThreadRef()
    choices: tuple[Choice, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    again: bool = False
    """Whether an attempt before this one may have done it, or a part of it: set for each attempt."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a service said when it took a message."""

    reference: str = ""
    """The service's own name for it: an SMTP answer, a Slack ``ts``, a Telegram message id."""
    threads: tuple[str, ...] = ()
    """Keys of conversations in which it stands, by which an answer to it will name it: in chat programs, where
    no signed reference can come back. The first is where more is said."""

"""What can become of a message, and why: closed lists."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """What became of a message."""

    OPENED = "opened"
    APPENDED = "appended"
    IGNORED = "ignored"
    COMMANDED = "commanded"
    RATED = "rated"
    HELD = "held"


class Reason(StrEnum):
    """Why. ``told`` is how ``deskbot tickets why`` says it."""

    NEW = "new"
    REFERENCE = "reference"
    SUBJECT_TAG = "subject-tag"
    OTHER_SENDER = "other-sender"
    TICKET_CLOSED = "ticket-closed"
    UNPROVED_AGENT = "unproved-agent"
    NOT_PARTICIPANT = "not-participant"
    NOT_THEIRS = "not-theirs"
    NOT_ADDRESSED = "not-addressed"
    MERGED = "merged"
    THANKS = "thanks"
    TOGETHER = "together"
    ONLY_OPEN = "only-open"
    GREETED = "greeted"
    WHICH_TICKET = "which-ticket"
    BY_AGENT = "by-agent"
    NOT_UNDERSTOOD = "not-understood"
    REFUSED = "refused"
    OWN_MAIL = "own-mail"
    BOUNCE = "bounce"
    OUR_BOUNCE = "our-bounce"
    ADDRESS_BOUNCES = "address-bounces"
    SENDER_FLOOD = "sender-flood"
    TOO_MANY_HOPS = "too-many-hops"
    AUTOMATIC = "automatic"
    LIST = "list"
    OWN_ADDRESS = "own-address"
    NO_REPLY_ADDRESS = "no-reply-address"
    NO_ADDRESS = "no-address"
    FORGED_SENDER = "forged-sender"
    EMPTY = "empty"
    BESIDE_NOTHING = "beside-nothing"
    HISTORY = "history"
    TOO_OLD = "too-old"
    CONFIRMED = "confirmed"
    NOT_FIXED = "not-fixed"
    ANSWERED = "answered"
    RATING = "rating"
    NO_SURVEY = "no-survey"
    ASKED = "asked"
    CLOSED_BY_REQUESTER = "closed-by-requester"
    URGENT = "urgent"
    PROOF = "proof"
    NO_PROOF = "no-proof"
    STATED = "stated"
    NOT_ALLOWED = "not-allowed"
    OVER = "over"
    ERASED = "erased"
    SENDER_BUDGET = "sender-budget"
    DOMAIN_BUDGET = "domain-budget"

    @property
    def told(self) -> str:
        return _TOLD[self]


_TOLD = {
    Reason.NEW: "it answers nothing that we know, so it is a new request",
    Reason.REFERENCE: "it answers a message of ours: the signed reference is genuine and was sent to this sender",
    Reason.SUBJECT_TAG: "its subject names the ticket and its sender is the requester",
    Reason.OTHER_SENDER: "its signed reference is genuine, but was sent to somebody else: kept as unverified",
    Reason.TICKET_CLOSED: "it answers a ticket that is closed, so it opened a new one that names the old",
    Reason.UNPROVED_AGENT: "it bears an agent's address, but nothing proves its sender: kept as unverified",
    Reason.NOT_PARTICIPANT: "its sender does not take part in the ticket: kept as unverified",
    Reason.NOT_THEIRS: "it answers somebody else's ticket, which is closed, so it is a request of its sender's own",
    Reason.NOT_ADDRESSED: "it stands below somebody else's ticket, which is closed, and does not call the desk",
    Reason.MERGED: "it answers a ticket that was merged into this one",
    Reason.THANKS: "it says thanks and no more, so nothing is opened again",
    Reason.TOGETHER: "it came within minutes of what the same person had said in the same place",
    Reason.ONLY_OPEN: "its sender has one open request, and it is about that one",
    Reason.GREETED: "it greets and says no more: no request yet",
    Reason.WHICH_TICKET: "its sender has several open requests and is asked which one it is about",
    Reason.BY_AGENT: "an agent wrote it, and it was done",
    Reason.NOT_UNDERSTOOD: "an agent wrote a command that was not understood: nothing was done, the agent was told",
    Reason.REFUSED: "an agent asked for what cannot be done: nothing was done, the agent was told",
    Reason.OUR_BOUNCE: "it reports that a message of ours was not delivered",
    Reason.ADDRESS_BOUNCES: "messages to its sender come back",
    Reason.SENDER_FLOOD: "its sender has opened too many tickets within an hour",
    Reason.CONFIRMED: "the requester says that it works again",
    Reason.NOT_FIXED: "the requester says that it does not work yet",
    Reason.ANSWERED: "it answers a question of the desk",
    Reason.RATING: "it rates a ticket that has ended",
    Reason.NO_SURVEY: "there is nothing to rate, or it is too late",
    Reason.ASKED: "somebody asked how their requests stand, and was told",
    Reason.CLOSED_BY_REQUESTER: "the requester needs nothing more",
    Reason.URGENT: "the requester says that it is urgent",
    Reason.PROOF: "it proves, or asks to prove, that two addresses are one person's",
    Reason.NO_PROOF: "it brings a code that is wrong, used or too old",
    Reason.STATED: "its sender says in which language or time zone to write to them",
    Reason.NOT_ALLOWED: "its sender may not do this",
    Reason.OVER: "it comes too late: the ticket has gone on since",
    Reason.ERASED: "it, or the person who wrote it, was erased, and it is no new message",
    Reason.OWN_MAIL: "it is our own mail that came back, or says so",
    Reason.BOUNCE: "it is a delivery report",
    Reason.TOO_MANY_HOPS: "it has passed too many servers: probably a loop",
    Reason.AUTOMATIC: "a machine wrote it",
    Reason.LIST: "it came by a mailing list",
    Reason.OWN_ADDRESS: "its sender is one of our own addresses",
    Reason.NO_REPLY_ADDRESS: "its sender takes no answers",
    Reason.NO_ADDRESS: "it has no sender that could be answered",
    Reason.FORGED_SENDER: "its sender is known to be forged, and the true owner of the address has asked nothing",
    Reason.EMPTY: "there was no message in it",
    Reason.BESIDE_NOTHING: "it changes, or takes back, a message that belongs to no ticket",
    Reason.TOO_OLD: "it came so long ago that an acknowledgement would only surprise",
    Reason.HISTORY: "it was brought in from the past, of which nobody is told",
    Reason.SENDER_BUDGET: "its sender has had the automatic messages that one may have",
    Reason.DOMAIN_BUDGET: "its sender's domain has had the automatic messages that one may have",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message."""

    result: Result
    reason: Reason
    ticket: int | None = None
    quiet: Reason | None = None
    """Why no acknowledgement goes out; None: one does, or none was due."""

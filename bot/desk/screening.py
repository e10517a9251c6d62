"""First sight of a message: may it come in, and may a machine answer it?

Two ordered tables of small checks. The order is policy: the first check that has an opinion decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.desk.desk import Desk
from bot.desk.outcome import Reason, Result
from bot.message import EMAIL, Automation, IncomingMessage, Verdict
from bot.store.budgets import AutomaticCounts

_TAKES_NO_ANSWER: Final = frozenset(
    {
        "mailer-daemon",
        "postmaster",
        "abuse",
        "root",
        "daemon",
        "bounce",
        "bounces",
        "do-not-reply",
        "donotreply",
    }
)
_NO_REPLY: Final = ("noreply", "no-reply", "no_reply")


MOST_BOUNCES: Final = 3
"""After so many hard bounces in a row the desk sends nothing automatic to an address."""
_NOTHING: Final = AutomaticCounts(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the checks look at: the message, whom it comes from, and what that sender has had of late."""

    message: IncomingMessage
    sender: str
    """Canonical address; empty when there is none."""
    desk: Desk
    sent: AutomaticCounts = _NOTHING
    """Automatic messages that this sender and its domain have had of late."""
    bounces: int = 0
    """Hard bounces of the sender's address in a row."""
    age: timedelta = timedelta(0)
    """How long ago the message came: long, in a mailbox that is read for the first time."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The message goes no further."""

    result: Result
    reason: Reason


def _own_mail(facts: Facts) -> Refusal | None:
    """E1: whichever of our marks has survived the way."""
    read = facts.desk.references.read
    if read(facts.message.loop) or read(facts.message.external_id):
        return Refusal(Result.IGNORED, Reason.OWN_MAIL)
    return None


def _looping(facts: Facts) -> Refusal | None:
    """E10."""
    if facts.message.hops > facts.desk.config.limits.max_hops:
        return Refusal(Result.HELD, Reason.TOO_MANY_HOPS)
    return None


REFUSALS: Final[tuple[Callable[[Facts], Refusal | None], ...]] = (_own_mail, _looping)


def refusal(facts: Facts) -> Refusal | None:
    """Why a message goes no further than the inbox, or None."""
    return next((found for check in REFUSALS if (found := check(facts))), None)


def flagged(facts: Facts) -> IncomingMessage:
    """The message with a note for agents when its sender may not be who it says (D5, D6)."""
    message = facts.message
    verdict = message.authentication.verdict
    notes: tuple[str, ...] = ()
    if verdict is Verdict.FAIL:
        notes = ("its sender is known to be forged",)
    elif (
        verdict is not Verdict.PASS
        and message.automation is Automation.NONE
        and facts.desk.roster.claims(message, facts.sender)
    ):
        notes = ("it bears an agent's address, but nothing proves its sender",)
    return replace(message, oddities=(*message.oddities, *notes)) if notes else message


def answers_nothing(facts: Facts) -> bool:
    """A machine in an agent's name, an absence note say, about nothing that is here: it is no request. Opened
    as a ticket it would go to the colleagues, whose own absence notes would answer it (E2)."""
    automatic = facts.message.automation in {Automation.AUTO_REPLY, Automation.OURSELVES}
    return automatic and facts.desk.roster.of_mailbox(facts.message, facts.sender) is not None


def _machine(facts: Facts) -> Reason | None:
    return {
        Automation.BOUNCE: Reason.BOUNCE,
        Automation.AUTO_REPLY: Reason.AUTOMATIC,
        Automation.OURSELVES: Reason.OWN_MAIL,
        Automation.LIST: Reason.LIST,
    }.get(facts.message.automation)


def _unanswerable(facts: Facts) -> Reason | None:
    """A mail's sender without a domain is a name of some machine there, not an address here."""
    named = facts.sender and (facts.message.sender.medium != EMAIL or "@" in facts.sender)
    return None if named else Reason.NO_ADDRESS


def _forged_sender(facts: Facts) -> Reason | None:
    """E7: an answer would go to somebody who has not asked."""
    failed = facts.message.authentication.verdict is Verdict.FAIL
    return Reason.FORGED_SENDER if failed else None


def _own_address(facts: Facts) -> Reason | None:
    return Reason.OWN_ADDRESS if facts.desk.is_own(facts.sender) else None


def takes_no_answer(address: str) -> bool:
    """Whether a canonical address is one that no machine should write to."""
    local = address.rpartition("@")[0]
    return local in _TAKES_NO_ANSWER or local.startswith(_NO_REPLY)


def _no_reply_address(facts: Facts) -> Reason | None:
    return Reason.NO_REPLY_ADDRESS if takes_no_answer(facts.sender) else None


def _address_bounces(facts: Facts) -> Reason | None:
    return Reason.ADDRESS_BOUNCES if facts.bounces >= MOST_BOUNCES else None


def _too_old(facts: Facts) -> Reason | None:
    """X21: who wrote long ago has long had an answer, or given up."""
    return Reason.TOO_OLD if facts.age > facts.desk.config.limits.stale_after else None


def _sender_budget(facts: Facts) -> Reason | None:
    """E3: what finally stops a loop that nobody can see. In a chat the service vouches for a person, who is
    answered as often as they may ask."""
    limits = facts.desk.config.limits
    if facts.message.sender.medium != EMAIL and facts.message.authentication.verdict is Verdict.PASS:
        return Reason.SENDER_BUDGET if facts.sent.recipient_hour >= limits.tickets_per_sender_hour else None
    over = (
        facts.sent.recipient_hour >= limits.sender_per_hour
        or facts.sent.recipient_day >= limits.sender_per_day
    )
    return Reason.SENDER_BUDGET if over else None


def _domain_budget(facts: Facts) -> Reason | None:
    if facts.desk.serves(facts.sender) or facts.sent.domain_hour < facts.desk.config.limits.domain_per_hour:
        return None
    return Reason.DOMAIN_BUDGET


SILENCES: Final[tuple[Callable[[Facts], Reason | None], ...]] = (
    _machine,
    _unanswerable,
    _own_address,
    _no_reply_address,
    _forged_sender,
    _address_bounces,
    _too_old,
    _sender_budget,
    _domain_budget,
)


def silence(facts: Facts) -> Reason | None:
    """Why no machine may answer this message, or None when it may."""
    return next((found for check in SILENCES if (found := check(facts))), None)

"""Mail from the past: it becomes closed tickets with its own dates, and nobody hears of it.

This is another way in than ``intake.receive`` on purpose: there is nothing here that could write to anybody,
start a timer or count against a budget.
"""

from __future__ import annotations

from collections.abc import MutableMapping

from bot.desk import tickets, tombstones
from bot.desk.desk import Desk
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.people import recognise
from bot.desk.states import State
from bot.mail.addresses import canonical
from bot.message import Automation, IncomingMessage, Payload
from bot.store import history
from bot.store import tickets as store
from bot.store.engine import Tx

Threads = MutableMapping[str, int]
"""Which ticket each external id of this history belongs to."""


def receive(tx: Tx, payload: Payload, message: IncomingMessage, desk: Desk, threads: Threads) -> Outcome:
    """Keep one message of the past. What answers another one of the same history joins its ticket.

    A message that is known already changes nothing, so a history can be brought in again after a failure.
    """
    kept = history.keep(tx, payload)
    if not kept.new:
        if kept.ticket is not None and message.external_id:
            threads[message.external_id] = kept.ticket
        return Outcome(Result.IGNORED, Reason.HISTORY, kept.ticket)
    outcome = _refusal(tx, payload, message, desk, kept.id) or _keep(tx, message, desk, threads, kept.id)
    history.settle(tx, kept.id, outcome.result, outcome.reason, outcome.ticket)
    if outcome.ticket is not None and message.external_id:
        threads[message.external_id] = outcome.ticket
    return outcome


def _refusal(tx: Tx, payload: Payload, message: IncomingMessage, desk: Desk, inbox_id: int) -> Outcome | None:
    """What was erased is not brought in again."""
    sender = canonical(message.sender.address) if message.sender.address else ""
    return tombstones.refusal(tx, message, sender, payload.key, desk, tx.clock(), inbox_id)


def _keep(tx: Tx, message: IncomingMessage, desk: Desk, threads: Threads, inbox_id: int) -> Outcome:
    if desk.references.read(message.loop) or desk.references.read(message.external_id):
        return Outcome(Result.IGNORED, Reason.OWN_MAIL)
    if message.automation is Automation.BOUNCE:
        return Outcome(Result.IGNORED, Reason.BOUNCE)
    at = message.received_at
    sender = canonical(message.sender.address) if message.sender.address else ""
    person = recognise(tx, message.sender, sender, at)
    kind = tickets.MESSAGE if message.automation is Automation.NONE else tickets.AUTOMATIC
    ticket = next((threads[key] for key in message.thread_keys if key in threads), None)
    joins = ticket is not None and history.is_closed_since_before(tx, ticket)
    if ticket is None or not joins:
        ticket = _open(tx, message, person.id, tickets.language_of(message, person, desk), desk)
    tickets.keep_words(tx, ticket, kind, person, message, at, inbox_id)
    history.close(tx, ticket, at)
    return Outcome(Result.APPENDED if joins else Result.OPENED, Reason.HISTORY, ticket, Reason.HISTORY)


def _open(tx: Tx, message: IncomingMessage, person: int, locale: str, desk: Desk) -> int:
    config, at = desk.config.tickets, message.received_at
    number = store.open_ticket(
        tx,
        store.NewTicket(
            subject=message.subject or tickets.first_line(message.reply_text),
            state=State.CLOSED,
            priority=config.priority,
            queue=config.queue,
            requester_id=person,
            channel=message.channel,
            locale=locale,
            opened_at=at,
            first_response_due=at,
            resolution_due=at,
        ),
    )
    after = {"state": State.CLOSED, "received": at.isoformat()}
    store.record(tx, number, "imported", tx.clock(), actor=person, channel=message.channel, after=after)
    return number

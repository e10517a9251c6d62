"""A new request: its ticket, an acknowledgement where a machine may answer, and word to the team."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.desk import (
    first_answer,
    followers,
    giving,
    notices,
    people,
    screening,
    shares,
    stepping,
    threads_ended,
    tickets,
)
from bot.desk.incoming import Incoming
from bot.desk.matching import Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.store import conversation, outbox
from bot.store import tickets as store


def begin(incoming: Incoming, facts: screening.Facts, answers: Match | None) -> Outcome:
    """Open it. ``facts``: as they are after the screening; ``answers``: the closed ticket that the message answers,
    which the new one points to when it is theirs."""
    tx, person, desk, now = incoming.tx, incoming.person, incoming.desk, incoming.now
    proved = shares.is_proved(facts.message)  # else who forges a name would use up its share (E7)
    hour = store.opened_since(tx, person.id, now - timedelta(hours=1), proved=proved)
    if hour >= desk.config.limits.tickets_per_sender_hour:
        return Outcome(Result.HELD, Reason.SENDER_FLOOD)
    message = threads_ended.stands(incoming)
    facts = replace(facts, message=message)
    follows = answers if answers and answers.reason is Reason.TICKET_CLOSED else None
    opened = tickets.open_for(tx, message, person, desk, now, inbox_id=incoming.inbox_id, follows=follows)
    threads_ended.begins(incoming, message, opened.number, anew=follows is not None)
    if answers and follows is None:  # for agents alone (D1)
        store.record(tx, opened.number, "linked", now, after={"to": desk.name_of(answers.ticket.id)})
    quiet = _acknowledge(incoming, facts, opened)
    if desk.roster.agents:
        if why := shares.why_untold(tx, facts, person, quiet, hour, now):
            shares.keep_from_team(tx, opened.number, "new_ticket", why, now)
        else:
            _tell_team(incoming, facts, opened.number)
    return Outcome(Result.OPENED, answers.reason if answers else Reason.NEW, opened.number, quiet)


def _acknowledge(incoming: Incoming, facts: screening.Facts, opened: tickets.Opened) -> Reason | None:
    """Why not, when a machine may not answer."""
    tx, person, desk, now = incoming.tx, incoming.person, incoming.desk, incoming.now
    message, sender = facts.message, facts.sender
    sent = people.automatic_mail_to(tx, sender, desk, now)
    age = now - message.received_at
    quiet = screening.silence(replace(facts, sent=sent, bounces=person.bounces, age=age))
    if quiet is None:
        answer = first_answer.acknowledgement(message, sender, person, opened, desk, now)
        outbox.queue(tx, answer, sender, message.received_at)
        stepping.begin(incoming, opened)
    elif opened.asked:
        store.not_asked(tx, opened.number)
    return quiet


def _tell_team(incoming: Incoming, facts: screening.Facts, number: int) -> None:
    """A new ticket, to each of the team once."""
    tx, desk, now, message = incoming.tx, incoming.desk, incoming.now, facts.message
    proposed = followers.propose(tx, message, number, desk, now)
    if ticket := conversation.whole(tx, number):
        ticket = giving.at_opening(tx, ticket, desk, now)
        told = notices.of_message(message, incoming.person, ticket, proposed)
        files = message.attachments
        notices.tell_agents(tx, ticket, "new_ticket", told, desk, now, but=incoming.agent, files=files)

"""How satisfied people were: what they say to the question that ``asking`` has put to them.

One rating for each ticket, by the person who was asked. It may be changed for a while; every change stands in
the ticket's history. A low one is told to the lead, once, and the requester is offered to go on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from bot.desk import (
    answers,
    appending,
    asking,
    confirmation,
    courtesy,
    doors,
    informing,
    letters,
    matching,
    notices,
    ratings,
    tickets,
)
from bot.desk.answers import Said
from bot.desk.desk import Desk
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter
from bot.desk.matching import Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.ratings import Rating
from bot.message import Action, Choice, Kind, Verdict
from bot.store import conversation, people, withdrawal
from bot.store import surveys as store
from bot.store import tickets as store_tickets
from bot.store.conversation import WholeTicket
from bot.store.engine import Tx
from bot.store.surveys import Asked

RATING: Final = "rating"
"""Words that came with a rating, as the ticket keeps them."""
THANKS: Final = "rated"
"""The event of the word of thanks in a chat."""
SAY_MORE: Final = Choice("comment", "comment")
"""Offers to say more beside a rating: a form, or a question that is answered with the words."""


def of_ticket(tx: Tx, ticket: int, person: int) -> Asked | None:
    """What a person was asked of a ticket, and has said."""
    asked = store.of_ticket(tx, ticket)
    return asked if asked and asked.person_id == person else None


def may_rate(tx: Tx, ticket: int, person: int, desk: Desk, now: datetime) -> Reason | None:
    """Why a person may not rate a ticket now; None: they may."""
    asked = of_ticket(tx, ticket, person)
    if asked is None or not _is_open(asked, desk, now):
        return Reason.NO_SURVEY
    own = asking.is_own_work(tx, ticket, asked.owner_id, person, desk)
    return Reason.NOT_ALLOWED if own else None


def _is_open(asked: Asked, desk: Desk, now: datetime) -> bool:
    """Whether the question can still be answered, or the answer changed."""
    config = desk.config.surveys
    if asked.rated_at is not None:
        return now < asked.rated_at + config.change_within
    return now < asked.asked_at + config.valid


# What is answered by mail


def by_words(incoming: Incoming) -> Outcome | None:
    """A mail that answers the question: a digit first, and perhaps a comment; or only a comment, once it was
    rated. None: it is no rating, but words for the ticket."""
    number = _asked_about(incoming)
    ticket = conversation.whole(incoming.tx, number) if number is not None else None
    if ticket is None:
        return None
    text = incoming.message.reply_text
    rating = ratings.read(text)
    may_not = may_rate(incoming.tx, ticket.id, incoming.person.id, incoming.desk, incoming.now)
    if may_not is not None:
        # A digit that comes too late is worth nothing; whatever is said beside it must be heard.
        bare = rating is not None and (not rating.comment or courtesy.only_thanks(rating.comment))
        return _refused(incoming, ticket.id, may_not) if bare else None
    asked = store.of_ticket(incoming.tx, ticket.id)
    if asked is None:
        return None
    if rating is None:
        if asked.rating is None or not text.strip() or _is_trouble(text):
            return None
        more = f"{asked.comment}\n\n{text.strip()}".strip()
        rating = Rating(asked.rating, ratings.bounded(more))
    elif not rating.comment:
        rating = replace(rating, comment=asked.comment)
    _keep_words(incoming, ticket.id)
    return _rate(incoming, ticket, asked, rating)


def _asked_about(incoming: Incoming) -> int | None:
    """The ticket, when the mail answers our question about it and comes from whom we asked."""
    if incoming.message.authentication.verdict is Verdict.FAIL:
        return None
    found = matching.answered(incoming.tx, incoming.message, incoming.sender, incoming.desk)
    if found is None or found[1] not in {asking.SURVEY, THANKS}:
        return None
    return found[0] if of_ticket(incoming.tx, found[0], incoming.person.id) else None


def _is_trouble(text: str) -> bool:
    """ "It is broken again" is no comment on the service: somebody must hear it."""
    return answers.read(text) is Said.NO or "?" in text or "\uff1f" in text


def _keep_words(incoming: Incoming, ticket: int) -> None:
    message, now = incoming.message, incoming.now
    tickets.keep_words(incoming.tx, ticket, RATING, incoming.person, message, now, incoming.inbox_id)
    store_tickets.touch(incoming.tx, ticket, now)


# What is answered by a button or on a page


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """A button, or the page of the question: ``value`` is the rating, ``comment`` what is said with it."""
    number, person = action.ticket, incoming.person.id
    # Whoever changes a ticket locks it first: two ratings at once come one after the other (K3).
    ticket = conversation.whole(incoming.tx, number) if number is not None else None
    if ticket is None:
        return Outcome(Result.IGNORED, Reason.NO_SURVEY, number)
    may_not = may_rate(incoming.tx, ticket.id, person, incoming.desk, incoming.now)
    if may_not is not None:
        _hear(incoming, ticket, action.values.get("comment", ""))
        return _refused(incoming, ticket.id, may_not)
    asked = store.of_ticket(incoming.tx, ticket.id)
    rating = _given(asked, action) if asked else None
    if asked is None or rating is None:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, ticket.id)
    return _rate(incoming, ticket, asked, rating)


def _hear(incoming: Incoming, ticket: WholeTicket, words: str) -> None:
    """A comment that comes too late counts no more, but what the requester says is not lost."""
    facts = store_tickets.facts(incoming.tx, ticket.id)
    if facts is None or not words.strip() or ticket.requester_id != incoming.person.id:
        return
    message = replace(incoming.message, text=words, reply_text=words)
    appending.add(replace(incoming, message=message), Match(facts, Reason.THANKS))


def _given(asked: Asked, action: Action) -> Rating | None:
    """What the form says; what it leaves empty stays as it was."""
    value, comment = action.values.get("value", ""), ratings.bounded(action.values.get("comment", ""))
    if value and value not in {str(known) for known in asking.RATINGS}:
        return None
    rating = int(value) if value else asked.rating
    return None if rating is None else Rating(rating, comment or asked.comment)


# What follows


def _rate(incoming: Incoming, ticket: WholeTicket, asked: Asked, rating: Rating) -> Outcome:
    done = Outcome(Result.RATED, Reason.RATING, ticket.id)
    if (asked.rating, asked.comment) == (rating.value, rating.comment):
        return done
    store.rate(incoming.tx, ticket.id, rating.value, rating.comment, incoming.now)
    before = {"rating": asked.rating, "comment": asked.comment} if asked.rating is not None else None
    after = {"rating": rating.value, "comment": rating.comment}
    _record(incoming, ticket.id, "survey.rated", after, before)
    withdrawal.withdraw(incoming.tx, ticket.id, THANKS)  # of quick changes of mind the last is answered
    if rating.value <= incoming.desk.config.surveys.low and store.alarm(incoming.tx, ticket.id):
        _alarm(incoming, ticket, rating)
        _apologise(incoming, ticket, rating)
    elif _is_answered_here(incoming):
        _thank(incoming, ticket, asked, rating)
    return done


def _refused(incoming: Incoming, ticket: int, reason: Reason) -> Outcome:
    """What was not counted is in the history too, when it is about a question that there is."""
    if of_ticket(incoming.tx, ticket, incoming.person.id):
        _record(incoming, ticket, "survey.refused", {"reason": reason}, None)
    return Outcome(Result.IGNORED, reason, ticket)


def _alarm(incoming: Incoming, ticket: WholeTicket, rating: Rating) -> None:
    """The lead of the ticket's team hears of a low rating, else that of the owner's team."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    owner = people.by_id(tx, ticket.owner_id) if ticket.owner_id else None
    key = _lead(tx, ticket, desk)
    if key is None:
        _record(incoming, ticket.id, "rating.untold", {"reason": "no-lead"}, None)
        return
    values = {
        "rating": rating.value,
        "comment": rating.comment,
        "who": incoming.person.name or incoming.sender,
        "owner": owner.name if owner else "",
    }
    letter = Letter(Kind.NOTICE, "low_rating", values)
    told = notices.tell_each(tx, ticket, letter, {key}, desk, now, in_confidence=True)
    _record(incoming, ticket.id, "rating.told" if told else "rating.untold", {"to": key}, None)


def _lead(tx: Tx, ticket: WholeTicket, desk: Desk) -> str | None:
    owner = desk.roster.owner(tx, ticket.owner_id)
    queues = (ticket.queue, *(desk.roster.agents[owner].teams if owner else ()))
    leads = (team.lead for queue in queues if (team := desk.config.teams.get(queue)))
    return next((key for key in leads if key in desk.roster.agents and desk.roster.agents[key].active), None)


def _apologise(incoming: Incoming, ticket: WholeTicket, rating: Rating) -> None:
    again = confirmation.may_reopen(ticket, incoming.desk, incoming.now)
    here = _is_answered_here(incoming)
    offered = (
        Choice("reopen", "reopen") if again else None,
        None if rating.comment or not here else SAY_MORE,
    )
    choices = tuple(choice for choice in offered if choice)
    # Who has just pressed a button in a chat is awake.
    daytime = False if here else None
    values = {"rating": rating.value, "over": not again}
    letter = Letter(Kind.PROGRESS, "sorry", values, choices=choices, at_daytime=daytime)
    informing.tell(incoming.tx, ticket, letter, incoming.desk, incoming.now, followers=False)


def _is_answered_here(incoming: Incoming) -> bool:
    """Whether somebody rates in a chat, where they get a word back; a page says itself what it has done."""
    return doors.is_chat(incoming.message) and incoming.message.channel in incoming.desk.channels


def _thank(incoming: Incoming, ticket: WholeTicket, asked: Asked, rating: Rating) -> None:
    """A word back where they have rated, with a way to say more."""
    tx, desk, now = incoming.tx, incoming.desk, incoming.now
    reader = letters.requester_of(tx, ticket, desk)
    if reader is None:
        return
    until = (asked.rated_at or now) + desk.config.surveys.change_within
    said = rating.comment != asked.comment
    values = {"rating": rating.value, "commented": said, "until": until.isoformat()}
    where = doors.conversation_of(incoming.message)
    letter = Letter(Kind.NOTICE, THANKS, values, answers=where, choices=() if said else (SAY_MORE,))
    here = replace(reader, party=incoming.message.sender, canonical=incoming.sender)
    letters.write(tx, here, ticket, letter, desk, now, channel=incoming.message.channel)


def _record(
    incoming: Incoming, ticket: int, action: str, after: dict[str, Any], before: dict[str, Any] | None
) -> None:
    store_tickets.record(
        incoming.tx,
        ticket,
        action,
        incoming.now,
        actor=incoming.person.id,
        channel=incoming.message.channel,
        before=before,
        after=after,
    )

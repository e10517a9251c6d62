"""What in a chat is one request: short messages in a row, a greeting that is none, words that answer nothing.

In a chat people send a request in pieces, greet first, and do not always answer the message that they mean. What
is not clear is asked; the words wait in the inbox meanwhile, and become a request of their own when nobody says
where they belong.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from bot.desk import courtesy, doors, letters, matching, tickets
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter, Reader
from bot.desk.matching import Match
from bot.desk.outcome import Outcome, Reason, Result
from bot.desk.states import State
from bot.message import Action, Automation, Choice, Kind, Verdict
from bot.store import conversation, entries, inbox, people, said
from bot.store import tickets as store
from bot.store.said import Standing

ASKS_FOR: Final = timedelta(minutes=10)
"""How long words wait for their sender to say where they belong."""
GREETED: Final = "greeted"
MOST_ASKED: Final = 6
"""Answers in an hour to one who asks what can be done."""
WHICH: Final = "which_ticket"
_SHORT: Final = 500
"""Characters of a message that may be a piece of a request."""
_MOST_OFFERED: Final = 8
_LONGEST_GREETING: Final = 60
_CORE: Final = frozenset(
    [
        "hi",
        "hello",
        "hey",
        "hiya",
        "heya",
        "howdy",
        "yo",
        "greetings",
        "morning",
        "afternoon",
        "evening",
        "ciao",
        "salve",
        "buongiorno",
        "buonasera",
        "buondì",
        "giorno",
        "sera",
        "hola",
        "buenas",
        "buenos",
        "bonjour",
        "bonsoir",
        "salut",
        "hallo",
        "tag",
        "morgen",
        "abend",
        "moin",
        "servus",
        "grüezi",
        "olá",
        "oi",
    ]
)
_GREETINGS: Final = _CORE | frozenset(
    [
        "good",
        "day",
        "dear",
        "team",
        "all",
        "everyone",
        "there",
        "folks",
        "help",
        "desk",
        "helpdesk",
        "support",
        "anyone",
        "anybody",
        "somebody",
        "someone",
        "here",
        "is",
        "buon",
        "buona",
        "a",
        "tutti",
        "ragazzi",
        "c'è",
        "qualcuno",
        "días",
        "dias",
        "tardes",
        "guten",
    ]
)
_CHINESE: Final = re.compile(
    "(?:你好|您好|大家好|哈喽|哈啰|嗨|嘿|早上好|下午好|晚上好|早安|午安|晚安|早|在吗|在不在|有人吗|请问|啊|呀|吗|哦)+"
)
_CHINESE_CORE: Final = re.compile("你好|您好|大家好|哈喽|哈啰|嗨|嘿|早|好|在吗|在不在|有人吗")


def only_greets(text: str) -> bool:
    """Whether somebody says hello and no more: that is no request yet."""
    text = text.strip()
    if not text or len(text) > _LONGEST_GREETING:
        return False
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+", text.casefold().replace("’", "'"))
    chinese = [word for word in words if _CHINESE.fullmatch(word)]
    latin = [word for word in words if word not in chinese]
    if not all(word in _GREETINGS for word in latin):
        return False
    return any(word in _CORE for word in latin) or any(_CHINESE_CORE.search(word) for word in chinese)


def placed(incoming: Incoming) -> Match | Outcome | None:
    """What becomes of words that stand in no ticket's conversation. None: they are a new request."""
    message = incoming.message
    proved = message.authentication.verdict is Verdict.PASS
    if not proved or not message.place or message.automation is not Automation.NONE or message.action:
        return None
    if incoming.belongs is not None:
        return _chosen(incoming, incoming.belongs)
    people.lock(incoming.tx, incoming.person.id)
    if found := _just_now(incoming):
        return found
    if not message.attachments and only_greets(message.reply_text):
        return _greet(incoming)
    return which(incoming) if doors.is_direct(message, incoming.sender) else None


def _chosen(incoming: Incoming, ticket: int) -> Match | None:
    if not ticket:
        return None
    tx, message, person = incoming.tx, incoming.message, incoming.person.id
    found = matching.named(tx, message, person, ticket, incoming.desk, incoming.now)
    return found if found and found.reason is not Reason.NOT_PARTICIPANT else None


def _just_now(incoming: Incoming) -> Match | None:
    """The ticket that the same person began in the same place, and has just said more in."""
    message, now = incoming.message, incoming.now
    span = incoming.desk.together(message.channel)
    late = message.sent_at is not None and now - message.sent_at > span + span
    if not span or late or len(message.reply_text) > _SHORT:
        return None
    number = entries.spoken_in(incoming.tx, incoming.person.id, message.channel, message.place, now - span)
    facts = store.facts(incoming.tx, number) if number else None
    if facts is None or facts.state == State.CLOSED or facts.requester_id != incoming.person.id:
        return None
    return Match(facts, Reason.TOGETHER)


def by_start(incoming: Incoming, action: Action) -> Outcome:
    """Somebody has just come, or asks what can be done here: that is answered each time."""
    can = incoming.message.sender.medium if action.verb != "start" else ""
    return _greet(incoming, MOST_ASKED, can)


def _greet(incoming: Incoming, most: int = 1, can: str = "") -> Outcome:
    """Asked once in a while how we can help; the next message is the request. ``can``: the program of whose
    commands they are told."""
    hour = incoming.now - timedelta(hours=1)
    before, _ = said.notices_since(incoming.tx, GREETED, incoming.sender, hour)
    if before >= most:
        return Outcome(Result.IGNORED, Reason.GREETED, None, Reason.SENDER_BUDGET)
    values = {"name": incoming.person.name, "can": can}
    return Outcome(
        Result.IGNORED, Reason.GREETED, None, write(incoming, Letter(Kind.NOTICE, GREETED, values))
    )


def which(incoming: Incoming) -> Match | Outcome | None:
    """With one open request it is about that one. With several, or when one is about to end, they are asked."""
    tx, person = incoming.tx, incoming.person.id
    mine = [one for one in said.standing(tx, person, _MOST_OFFERED) if one.requester == person]
    done = next((one for one in mine if one.state == State.RESOLVED), None)
    if not mine:
        return None
    one = done if done and courtesy.only_thanks(incoming.message.reply_text) else mine[0]
    if one is done or (len(mine) == 1 and done is None):
        facts = store.facts(tx, one.id)
        return Match(facts, Reason.THANKS if one is done else Reason.ONLY_OPEN) if facts else None
    return _ask(incoming, mine)


def _ask(incoming: Incoming, mine: list[Standing]) -> Outcome | None:
    """The words wait in the inbox. Those that come while a question stands wait with it."""
    tx, desk, number = incoming.tx, incoming.desk, incoming.inbox_id
    if number is None:
        return None
    waiting = inbox.asked(tx, incoming.message.channel, incoming.person.id)
    first = waiting[0].question if waiting else number
    inbox.note(tx, number, asked=incoming.person.id, question=first, belongs=0)
    done = Outcome(Result.HELD, Reason.WHICH_TICKET)
    if waiting:
        return done
    shown = [{"reference": desk.name_of(one.id), "subject": one.subject} for one in mine]
    choices = [Choice(desk.name_of(one.id), "belongs", f"{number}-{one.id}") for one in mine]
    choices.append(Choice("new", "belongs", f"{number}-0"))
    minutes = ASKS_FOR // timedelta(minutes=1)
    values = {"tickets": shown, "text": incoming.message.reply_text[:200], "minutes": minutes}
    letter = Letter(Kind.NOTICE, WHICH, values, choices=tuple(choices))
    return None if write(incoming, letter) else done


def write(incoming: Incoming, letter: Letter) -> Reason | None:
    """To whoever has just written; a reason: it was not written."""
    message, person, desk = incoming.message, incoming.person, incoming.desk
    locale = tickets.language_of(message, person, desk)
    zone = person.time_zone or desk.config.desk.time_zone
    reader = Reader(person.id, message.sender, incoming.sender, locale, zone)
    answers = doors.conversation_of(message)
    letter = Letter(letter.kind, letter.event, letter.values, answers=answers, choices=letter.choices)
    written = letters.write(incoming.tx, reader, None, letter, desk, incoming.now, channel=message.channel)
    return None if written else Reason.SENDER_BUDGET


def by_action(incoming: Incoming, action: Action) -> Outcome:
    """Somebody says where their words belong: only who wrote them, only to a ticket of theirs, and once."""
    question, _, chosen = action.values.get("value", "").partition("-")
    if not (question.isascii() and question.isdigit() and chosen.isascii() and chosen.isdigit()):
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED)
    if len(question) > 15 or len(chosen) > 15:
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED)
    tx, person, ticket = incoming.tx, incoming.person.id, int(chosen)
    waiting = inbox.asked(tx, incoming.message.channel, person)
    words = [one.inbox for one in waiting if one.question == int(question)]
    if not words:
        return Outcome(Result.IGNORED, Reason.OVER, ticket or None)
    known = conversation.whole(tx, ticket) if ticket else None
    if ticket and (known is None or known.requester_id != person):
        return Outcome(Result.IGNORED, Reason.NOT_ALLOWED, ticket)
    for one in words:
        inbox.note(tx, one, asked=person, question=int(question), belongs=ticket)
        inbox.at_once(tx, one)
    return Outcome(Result.COMMANDED, Reason.ANSWERED, ticket or None)

"""An agent writes down what somebody asked, or passes on their mail: the ticket is that person's (D20)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from bot.desk import first_answer, giving, notices, orders, people, screening, tickets
from bot.desk.cases import Refused
from bot.desk.commands import Command, Parsed, Problem
from bot.desk.orders import Letterbox, Told
from bot.desk.outcome import Outcome, Reason, Result
from bot.mail.addresses import canonical
from bot.message import EMAIL, Forwarded, IncomingMessage, Party
from bot.store import conversation, outbox

_OPENS: Final = frozenset({"new", "for"})


def asked(box: Letterbox, parsed: Parsed, number: int | None) -> Command | None:
    """What asks for a new ticket, and for whom: ``#new ADDRESS``; in a mail about no ticket ``#for ADDRESS``
    too, or the sender of the mail that the agent passes on. None: nothing does."""
    if named := next((c for c in parsed.commands if _opens(c, number)), None):
        return named
    passed_on = box.message.forwarded
    if number is not None or parsed.commands or passed_on is None or not passed_on.sender.address:
        return None
    own = box.desk.is_own(canonical(passed_on.sender.address))
    return None if own else Command("for", passed_on.sender.address)


def _opens(command: Command, number: int | None) -> bool:
    return command.verb == "new" or (command.verb == "for" and command.ticket is None and number is None)


def receive(
    box: Letterbox, parsed: Parsed, first: Command, number: int | None, wrong: Sequence[dict[str, Any]] = ()
) -> Outcome:
    """Open it, do with it what else is said, and tell the agent. ``number``: the ticket of the thread in which
    it was said; ``wrong``: what was not understood in the same message, so that nothing is done."""
    opened: list[int] = []
    done = orders.wholly(box, number, lambda problems: _begin(box, parsed, first, opened, problems), wrong)
    if isinstance(done, Outcome):
        return done
    orders.answer(box, opened[0], done)
    return Outcome(Result.OPENED, Reason.BY_AGENT, opened[0])


def _begin(box: Letterbox, parsed: Parsed, first: Command, opened: list[int], problems: Told) -> Told:
    address = first.words
    who = canonical(address)
    if box.desk.is_own(who):
        raise Refused("own-address", given=address)
    message = _as_theirs(box.message, parsed, address)
    person = people.recognise(box.tx, message.sender, who, box.now)
    began = tickets.open_on_behalf(box.tx, message, person, box.agent.person, box.desk, box.now, box.inbox_id)
    opened.append(began.number)
    sent = people.automatic_mail_to(box.tx, who, box.desk, box.now)
    facts = screening.Facts(message, who, box.desk, sent, person.bounces)
    if screening.silence(facts) is None:
        outbox.queue(
            box.tx, first_answer.acknowledgement(message, who, person, began, box.desk, box.now), who
        )
    name = box.desk.name_of(began.number)
    done: Told = [{"verb": first.verb, "code": "opened-for", "who": address, "ticket": name}]
    passed_on = box.message.forwarded
    if passed_on and parsed.text and not (passed_on.text and passed_on.text in parsed.text):
        orders.note(box, began.number, parsed.text, ())
    done += _run_others(box, parsed, first, began.number, problems)
    ticket = conversation.whole(box.tx, began.number)
    if ticket and ticket.owner_id is None:
        ticket = giving.at_opening(box.tx, ticket, box.desk, box.now)
        told = notices.of_message(message, person, ticket, [])
        files = message.attachments
        notices.tell_agents(
            box.tx, ticket, "new_ticket", told, box.desk, box.now, but=box.agent.key, files=files
        )
    return done


def _run_others(box: Letterbox, parsed: Parsed, first: Command, number: int, problems: Told) -> Told:
    """What is said beside it is about the new ticket. One mail opens one ticket."""
    done: Told = []
    for command in parsed.commands:
        if command is first:
            continue
        if _opens(command, None):
            line = f"#{command.verb} {command.words}"
            problems.append({"code": Problem.TOO_MANY, "line": line, "verb": command.verb})
        else:
            done += orders.attempt(box, problems, partial(orders.run, box, command, number, ()))
    return done


def _as_theirs(message: IncomingMessage, parsed: Parsed, address: str) -> IncomingMessage:
    """The message as if the person had written it: what was passed on, or what the agent wrote down. An
    agent's own remark above a mail that they pass on is not in it."""
    passed_on = message.forwarded or Forwarded(Party(EMAIL, address), message.subject, parsed.text)
    same = canonical(passed_on.sender.address) == canonical(address)
    return replace(
        message,
        sender=passed_on.sender if same else Party(EMAIL, address),
        subject=passed_on.subject or message.subject,
        text=passed_on.text,
        reply_text=passed_on.text,
        html=None,
        external_id="",
        thread_keys=message.thread_keys if message.forwarded else (),
        language=None,
        action=None,
    )

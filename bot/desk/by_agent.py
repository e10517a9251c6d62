"""What an agent writes, in a mail or in a ticket's thread in a chat: commands are done, words go to the
requester, and the agent is told what happened.

A message is done wholly or not at all; see ``orders``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from bot.desk import commands, doors, matching, on_behalf, orders
from bot.desk.cases import Refused
from bot.desk.commands import Command, Parsed
from bot.desk.enclosed import Enclosed
from bot.desk.orders import Letterbox, Told
from bot.desk.outcome import Outcome, Reason, Result
from bot.mail.forwards import is_passed_on
from bot.store import conversation


def receive(box: Letterbox) -> Outcome | None:
    """Do what an agent's message asks for. None: it is nothing of an agent's, so treat it as anybody's."""
    in_chat = doors.is_chat(box.message)
    read = commands.parse_said if in_chat else commands.parse
    parsed = read(box.message.reply_text, box.desk.config.desk.prefix)
    found = matching.ticket_of_agent(box.tx, box.message, box.agent.addresses, box.desk)
    number = found.ticket.id if found else None
    wrong = [orders.misunderstood(one) for one in parsed.misunderstood]
    if first := on_behalf.asked(box, parsed, number):
        return on_behalf.receive(box, parsed, first, number, wrong)
    if not wrong and not parsed.commands and (number is None or _is_own(box, number)):
        return None
    done = orders.wholly(box, number, _work(box, parsed, found), wrong)
    if isinstance(done, Outcome):
        return done
    if in_chat or parsed.commands or any(one["verb"] == "note" for one in done):
        orders.answer(box, number, done)
    return Outcome(Result.COMMANDED, Reason.BY_AGENT, number)


def _is_own(box: Letterbox, number: int) -> bool:
    """Whether the agent asked for this themselves: then they are its requester, and no more."""
    ticket = conversation.whole(box.tx, number)
    return ticket is not None and ticket.requester_id in {box.agent.person.id, box.writer}


def _work(box: Letterbox, parsed: Parsed, found: matching.Match | None) -> Callable[[Told], Told]:
    """What there is to do. Of a message that was not understood wholly, the commands are only tried: what else
    is wrong is told at once."""
    if not parsed.misunderstood:
        return lambda problems: _do(box, parsed, found, problems)
    number = found.ticket.id if found else None
    return lambda problems: _run_all(box, parsed.commands, number, None, problems)


def _run_all(
    box: Letterbox, asked: tuple[Command, ...], number: int | None, files: Enclosed | None, problems: Told
) -> Told:
    done: Told = []
    for command in asked:
        beside = files.beside(command) if files else ()
        done += orders.attempt(box, problems, partial(orders.run, box, command, number, beside))
    return done


def _do(box: Letterbox, parsed: Parsed, found: matching.Match | None, problems: Told) -> Told:
    """Run the commands, then send the words. Raises ``Refused``."""
    number = found.ticket.id if found else None
    passed_on = number is not None and is_passed_on(box.message.subject)
    asked, text = (parsed.commands, parsed.text) if passed_on else _resolution(parsed, number)
    speaks = not passed_on and bool(text or (box.message.attachments and not asked))
    if speaks and found and not _means_requester(box, found):
        raise Refused("by-tag-alone", ticket=box.desk.name_of(found.ticket.id))
    enclosed = Enclosed.of(box.message.attachments, asked, number, speaks=speaks)
    done = _run_all(box, asked, number, enclosed, problems)
    if speaks:
        said = partial(orders.reply, box, number, text, enclosed.files)
        return [*done, *orders.attempt(box, problems, lambda: [said()])]
    # What an agent passes on is for colleagues: the words above it were not meant for the requester.
    words = _passed_on(box, parsed) if passed_on else ""
    if number is not None and (words or enclosed.left):
        done.append(orders.note(box, number, words, enclosed.left))
    elif not asked:
        raise Refused("nothing-said")
    return done


def _passed_on(box: Letterbox, parsed: Parsed) -> str:
    """What an agent passes on into a ticket, with their words above it and without the commands; where it does
    not show what was passed on, all that can be read."""
    message = box.message
    if not parsed.commands:
        return message.text
    if message.forwarded:
        return "\n\n".join(filter(None, [parsed.text, message.forwarded.text]))
    whole = commands.parse(message.text, box.desk.config.desk.prefix)
    return whole.text if whole.commands == parsed.commands else message.text


def _means_requester(box: Letterbox, found: matching.Match) -> bool:
    """Whether bare words can only be meant for the requester. A mail that names the ticket in its subject
    alone, and went to a stranger too, may well be for the stranger."""
    by_reference = found.reason is Reason.REFERENCE
    return by_reference or matching.only_to_concerned(box.tx, box.message, found.ticket, box.desk)


def _resolution(parsed: Parsed, number: int | None) -> tuple[tuple[Command, ...], str]:
    """``#resolve`` above a text: the text says what was done, in one letter with the news. The text is for the
    requester of the thread's ticket, so it goes with nothing that is said about another one."""
    resolving = (c for c in parsed.commands if c.verb == "resolve")
    first = next((c for c in resolving if c.ticket is None or c.ticket == number), None)
    if not parsed.text or first is None:
        return parsed.commands, parsed.text
    words = f"{first.words}\n\n{parsed.text}".strip()
    return tuple(replace(c, words=words) if c is first else c for c in parsed.commands), ""

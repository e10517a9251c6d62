"""What an agent orders, through whatever door: done wholly or not at all, and answered to them alone.

Only for messages whose sender is proved to be an agent; see ``agents.Roster.proved``.

When a command is not understood, or cannot be done, nothing changes, nobody but the agent hears of it, and
their own words go back to them in the answer: kept in the ticket they would look like something that was said.
All that was wrong is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from bot.desk import commands, doors, letters, lists, matching, undo, undo_steps, verbs
from bot.desk.agents import Agent
from bot.desk.cases import NOTE, REPLY, Case, Refused
from bot.desk.commands import Command
from bot.desk.desk import Desk
from bot.desk.enclosed import target
from bot.desk.incoming import Incoming
from bot.desk.letters import Letter, Reader
from bot.desk.outcome import Outcome, Reason, Result
from bot.message import EMAIL, Attachment, IncomingMessage, Kind
from bot.store import conversation, threads
from bot.store.engine import Tx

_LONGEST_ECHO: Final = 20_000
"""Characters of an agent's words that go back to them with a refusal."""

Told: TypeAlias = list[dict[str, Any]]
"""What was done, or what was wrong, for the answer to the agent."""


@dataclass(frozen=True, slots=True)
class Letterbox:
    """One message of an agent, on its way through the desk."""

    tx: Tx
    message: IncomingMessage
    agent: Agent
    writer: int
    """The person behind the address that the agent used this time, which may not be their first."""
    desk: Desk
    now: datetime
    inbox_id: int | None
    sender: str = ""
    """The canonical address that the agent used this time."""

    @classmethod
    def of(cls, incoming: Incoming, key: str) -> Letterbox:
        """``key``: the agent who is proved to have written."""
        agent = incoming.desk.roster.load(incoming.tx, key, incoming.now)
        return cls(
            incoming.tx,
            incoming.message,
            agent,
            incoming.person.id,
            incoming.desk,
            incoming.now,
            incoming.inbox_id,
            incoming.sender,
        )


def wholly(
    box: Letterbox, number: int | None, work: Callable[[Told], Told], wrong: Sequence[dict[str, Any]] = ()
) -> Told | Outcome:
    """Do all of it; an outcome: nothing has happened, and the agent has been told why. ``work`` puts what
    cannot be done into the list that it is given, or raises ``Refused``; ``wrong``: what was not understood."""
    problems: Told = list(wrong)
    savepoint = box.tx.connection.begin_nested()
    done: Told = []
    try:
        done = work(problems)
    except Refused as refused:
        problems.append(_told(refused))
    if not problems:
        savepoint.commit()
        return done
    savepoint.rollback()
    only_once = [one for at, one in enumerate(problems) if one not in problems[:at]]
    return Outcome(refuse(box, number, only_once), Reason.NOT_UNDERSTOOD if wrong else Reason.REFUSED, number)


def attempt(box: Letterbox, problems: Told, work: Callable[[], Told]) -> Told:
    """One piece of it. What cannot be done is noted, and leaves nothing behind for the next piece to meet."""
    savepoint = box.tx.connection.begin_nested()
    try:
        done = work()
    except Refused as refused:
        savepoint.rollback()
        problems.append(_told(refused))
        return []
    savepoint.commit()
    return done


def run(box: Letterbox, command: Command, number: int | None, files: tuple[Attachment, ...]) -> Told:
    """Do one command; ``number``: the ticket of the thread. What was done stands first, then what the agent
    should know besides. Raises ``Refused``."""
    if command.verb == "help":
        return [{"verb": "help", "code": "help", "verbs": list(commands.VERBS)}]
    if command.verb in {"list", "mine"}:
        return [{"verb": command.verb, **lists.told(box.tx, box.agent, command, box.desk)}]
    about = target(command, number)
    if about is None:
        raise Refused("which-ticket", verb=command.verb)
    if command.verb == "reply":
        return [reply(box, about, command.words, files, thread=number)]
    case = case_of(box, about, files, thread=number)
    was = undo_steps.before(case, command.verb)
    done = verbs.VERBS[command.verb](case, command)
    name = box.desk.name_of(about)
    told = [
        {"verb": command.verb, "code": one.code, "ticket": name, **one.values}
        for one in (done, *case.remarks)
    ]
    if step := undo_steps.offer(case, command.verb, was):
        told[0][undo_steps.STEP] = step
    return told


def case_of(box: Letterbox, number: int, files: tuple[Attachment, ...], *, thread: int | None = None) -> Case:
    """The ticket in the agent's hands. Raises ``Refused`` when there is none."""
    ticket = conversation.whole(box.tx, number)
    if ticket is None:
        raise Refused("no-such-ticket", given=box.desk.name_of(number))
    message = box.message
    origin = message.thread_keys if doors.is_shown(message) else ()
    return Case(box.tx, box.desk, ticket, box.agent, box.message.channel, box.now, files, thread, origin)


def reply(
    box: Letterbox,
    number: int | None,
    text: str,
    files: tuple[Attachment, ...],
    *,
    thread: int | None = None,
) -> dict[str, Any]:
    """An agent's words to the requester: the first ones are the promised response, and who says them owns it."""
    if number is None:
        raise Refused("which-ticket", verb="reply")
    case = case_of(box, number, files, thread=thread)
    if case.ticket.merged_into_id is not None:
        raise Refused("is-merged", into=box.desk.name_of(case.ticket.merged_into_id))
    case.refuse_notes(text)
    if case.ticket.owner_id is None:
        case.take(quietly=True)
    before = undo.before(case)
    entry = case.keep(REPLY, text, external_id=box.message.external_id, inbox_id=box.inbox_id)
    if not _is_heard(box, case):
        letter = Letter(Kind.REPLY, "reply", {"text": text, "by": box.agent.section.name}, files)
        case.tell_requester(letter)
    case.answered()
    case.record("reply.sent", None, undo.offer(case, before, entry))
    told = {"verb": "reply", "code": "replied", "ticket": box.desk.name_of(number)}
    return {**told, "entry": entry} if doors.is_chat(box.message) else told


def _is_heard(box: Letterbox, case: Case) -> bool:
    """Whether the requester reads it where it was said: an agent answers in the very conversation in which they
    have asked, and there it is not said again (E14)."""
    found = matching.conversation_of_ticket(box.tx, box.message)
    here = found is not None and found.ticket == case.ticket.id and found.role == threads.REQUESTER
    return here and case.ticket.channel == box.message.channel


def note(box: Letterbox, number: int, text: str, files: tuple[Attachment, ...]) -> dict[str, Any]:
    """Words and files for colleagues."""
    case = case_of(box, number, files)
    case.keep(NOTE, text, external_id=box.message.external_id, inbox_id=box.inbox_id)
    case.record("note.added", None, None)
    return {"verb": "note", "code": "noted", "ticket": box.desk.name_of(number)}


def answer(box: Letterbox, number: int | None, done: Told) -> None:
    """Tell the agent, and nobody else, what was done. In a chat, words to the requester have a receipt each."""
    replied = [one for one in done if "entry" in one]
    for one in replied:
        undo.receipt(box.tx, box.desk, _reader(box), one["entry"], doors.room_of(box.message), box.now)
    others = [one for one in done if "entry" not in one]
    if others or not replied:
        steps = [one.pop(undo_steps.STEP) for one in others if undo_steps.STEP in one]
        values = {"done": others, "problems": [], "text": ""}
        _write(box, number, undo_steps.offered(values, steps, box.message.channel, box.desk), steps[-1:])


def refuse(box: Letterbox, number: int | None, problems: Told) -> Result:
    """Tell the agent, and nobody else, what was not understood or cannot be done, and give their words back.

    When the agent may not be written to now, their words must not be lost: they wait where they can be seen.
    """
    text = box.message.reply_text[:_LONGEST_ECHO]
    told = _write(box, number, {"done": [], "problems": problems, "text": text})
    return Result.COMMANDED if told else Result.HELD


def misunderstood(wrong: commands.Misunderstood) -> dict[str, Any]:
    """What was not understood, for the answer to the agent."""
    return {"code": wrong.problem, "line": wrong.line, "verb": wrong.verb, "near": wrong.near}


def _told(refused: Refused) -> dict[str, Any]:
    return {"code": refused.code, **refused.values}


def _write(box: Letterbox, number: int | None, values: dict[str, Any], steps: Sequence[str] = ()) -> bool:
    ticket = conversation.whole(box.tx, number) if number else None
    known = list(commands.VERBS)
    message = box.message
    answers = doors.room_of(message) if doors.is_chat(message) else message.external_id
    choices = tuple(map(undo_steps.choice, steps))
    letter = Letter(Kind.NOTICE, "commands", {**values, "known": known}, answers=answers, choices=choices)
    return letters.write(box.tx, _reader(box), ticket, letter, box.desk, box.now, channel=box.message.channel)


def _reader(box: Letterbox) -> Reader:
    """The agent, at the door that they used: in mail at the address that the configuration knows best."""
    reader = letters.agent_reader(box.agent, box.desk)
    if box.message.sender.medium == EMAIL:
        return reader
    return replace(reader, person=box.writer, party=box.message.sender, canonical=box.sender)

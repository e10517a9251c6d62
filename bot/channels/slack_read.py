"""What is kept of Slack, read as the desk's language: pure, and asked as often as anybody likes.

Each kind of payload has one reader. Who is meant, and in which ticket's conversation it stands, was looked up
when it came in and stands in the envelope.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.channels.chat_payload import File, attachments
from bot.channels.slack_payload import Act, take_apart
from bot.channels.slack_text import mentions, plain, without_mention
from bot.desk.commands import VERBS, Takes, parse_said
from bot.errors import HeldError
from bot.mail.attachments import safe_name
from bot.message import Action, Authentication, IncomingMessage, Party, Payload, Verdict

SLACK: Final = "slack"
_AGENTS: Final = frozenset({"room", "private"})
"""Roles of conversations in which agents speak where the requester does not read."""
_SPOKEN: Final = frozenset({Act.MESSAGE, Act.FILES, Act.EDIT, Act.DELETE})
_RESOLUTION: Final = ("cause", "steps")
_LONGEST_FIELD: Final = 10_000
_MOST_FIELDS: Final = 40
_EXCERPT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A payload, taken apart."""

    payload: Payload
    act: Act
    event: Mapping[str, Any]
    files: list[File]
    prefix: str
    """Of ticket numbers, "HD"."""

    def about(self, name: str) -> str:
        """Something that stands in the envelope."""
        value = self.payload.envelope.get(name)
        return value if isinstance(value, str) else ""

    def said(self, name: str) -> str:
        """Something that stands in the event."""
        value = self.event.get(name)
        return value if isinstance(value, str) else ""

    @property
    def names(self) -> dict[str, str]:
        found = self.payload.envelope.get("names")
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    def words(self, text: str) -> str:
        """The words of a text, without the mention that called us."""
        return plain(without_mention(text, self.about("bot_user")), self.names).strip()


def read(payload: Payload, prefix: str) -> list[IncomingMessage]:
    """The messages in a payload. Raises ``HeldError``."""
    try:
        act, event, files = take_apart(payload.raw)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise HeldError("not-understood", f"no event of Slack: {type(error).__name__}") from None
    return [_READERS[act](Kept(payload, act, event, files, prefix))]


def _message(kept: Kept) -> IncomingMessage:
    text = kept.words(kept.said("text"))
    shared = kept.event.get("shared")
    if shared and not text and kept.about("role") in _AGENTS:
        text = "note: "  # what an agent only passes on is for colleagues, as in a mail
    for one in shared if isinstance(shared, list) else ():
        who = plain(str(one.get("who", "")), {})
        text += f"\n\n{who}:\n{plain(str(one.get('text', '')), kept.names)}"
    return _made(kept, text.strip())


def _files(kept: Kept) -> IncomingMessage:
    """Files of a note, or of a command, are for the agents alone, whenever they come."""
    if not _orders(kept, kept.words(kept.said("said"))):
        return _made(kept, "")
    return _made(kept, "note: " + (", ".join(safe_name(file.name) for file in kept.files) or "files"))


def _edit(kept: Kept) -> IncomingMessage:
    words = kept.words(kept.said("text"))
    return _made(kept, f"{_as_note(kept, words)}edited: {words}")


def _delete(kept: Kept) -> IncomingMessage:
    words = kept.words(kept.said("text"))[:_EXCERPT]
    return _made(kept, f"{_as_note(kept, words)}deleted: {words}".strip())


def _as_note(kept: Kept, words: str) -> str:
    """What an agent changes has gone out already: the change is for the agents alone, and so is what never was
    for anybody else."""
    return "note: " if kept.about("role") in _AGENTS or _orders(kept, words) else ""


def _orders(kept: Kept, words: str) -> bool:
    """Whether words are a note or a command, when an agent says them."""
    parsed = parse_said(words, kept.prefix)
    return bool(parsed.commands or parsed.misunderstood)


def _done(kept: Kept) -> IncomingMessage:
    """A button, or an emoji that stands for one."""
    value = kept.said("value")
    values = {"value": value} if value else {}
    return _made(kept, "", Action(kept.said("verb"), _number(kept), values))


def _command(kept: Kept) -> IncomingMessage:
    verb, ticket, words = read_command(kept.said("text"), kept.prefix, kept.words)
    line = kept.words(kept.said("text"))
    return _made(kept, words, Action(verb, ticket, {"words": words, "line": line}))


def _form(kept: Kept) -> IncomingMessage:
    told = kept.event.get("fields")
    fields = {str(k): str(v)[:_LONGEST_FIELD] for k, v in told.items()} if isinstance(told, dict) else {}
    fields = dict(list(fields.items())[:_MOST_FIELDS])
    verb, value = kept.said("verb"), kept.said("value")
    if verb == "new":
        return _request(kept, fields)
    words = _spoken(verb, fields)
    if verb == "comment":
        return _made(kept, words, Action("rate", _number(kept), {"value": value, "comment": words}))
    values = fields | {"words": words, "text": words} | ({"value": value} if value else {})
    return _made(kept, words, Action(verb, _number(kept), values))


def _spoken(verb: str, fields: Mapping[str, str]) -> str:
    """What a form says in the words of a command: the labels are those of ``desk.resolution``."""
    words = fields.get("words") or fields.get("text") or fields.get("solution") or fields.get(verb) or ""
    if verb != "resolve":
        return words
    lines = [f"workaround: {words}" if fields.get("workaround") else words]
    lines += [f"{name}: {fields[name]}" for name in _RESOLUTION if fields.get(name)]
    return "\n".join(line for line in lines if line)


def _request(kept: Kept, fields: dict[str, str]) -> IncomingMessage:
    """A new request: what is asked in the form stands as a question with its answer, as in a mail."""
    text = fields.pop("text", "") or fields.pop("words", "")
    subject = " ".join(fields.pop("subject", "").split())[:200]
    asked = kept.event.get("asked")
    pairs = (
        [pair for pair in asked if isinstance(pair, list) and len(pair) == 2]
        if isinstance(asked, list)
        else []
    )
    answers = "\n\n".join(f"{question}\n{answer}" for question, answer in pairs[:_MOST_FIELDS] if answer)
    chosen = tuple((name, value) for name, value in fields.items() if value)
    return _made(kept, "\n\n".join(part for part in (text, answers) if part), subject=subject, fields=chosen)


def read_command(text: str, prefix: str, words_of: Callable[[str], str]) -> tuple[str, int | None, str]:
    """Verb, ticket and the rest of what stands behind ``/ticket``. A number that is all there is stays among
    the words of a verb that wants one (``merge HD-7``)."""
    verb, _, rest = words_of(text).strip().partition(" ")
    verb, rest = verb.lower()[:31] or "help", rest.strip()
    found = re.match(rf"\[?{re.escape(prefix)}-([0-9]{{1,15}})\]?(?:[\s:,]+|\Z)", rest, re.IGNORECASE)
    takes = VERBS.get(verb)
    if found is None or (takes in {Takes.TICKET, Takes.TICKET_OR_ADDRESS} and found.end() == len(rest)):
        return verb, None, rest
    return verb, int(found[1]), rest[found.end() :].strip()


def _number(kept: Kept) -> int | None:
    ticket = kept.event.get("ticket")
    return ticket if isinstance(ticket, int) and 0 < ticket < 10**15 else None


def _made(
    kept: Kept,
    text: str,
    action: Action | None = None,
    *,
    subject: str = "",
    fields: tuple[tuple[str, str], ...] = (),
) -> IncomingMessage:
    payload, channel = kept.payload, kept.said("channel")
    ts, thread = kept.said("ts"), kept.said("thread_ts")
    outside = payload.envelope.get("ours") is not True
    return IncomingMessage(
        channel=payload.channel,
        external_id=f"{channel}/{ts}" if ts else "",
        sender=Party(SLACK, f"{payload.channel}/{kept.said('user')}", kept.about("name")),
        recipients=(),
        subject=subject,
        text=text,
        reply_text=text,
        received_at=payload.received_at,
        sent_at=_moment(kept.said("event_ts") or ts),
        thread_keys=_thread_keys(kept, channel, ts, thread),
        attachments=attachments(kept.files),
        authentication=Authentication(Verdict.PASS, SLACK, outside=outside),
        action=action,
        language=kept.about("language") or None,
        time_zone=kept.about("time_zone") or None,
        place=f"{payload.channel}/{channel}" if channel else "",
        addressed=_calls_us(kept, channel),
        fields=fields,
        oddities=_oddities(kept, outside=outside),
    )


def _thread_keys(kept: Kept, channel: str, ts: str, thread: str) -> tuple[str, ...]:
    """The conversation that it stands in: that of the thread, and for what is about a message also its own."""
    keys = [thread] if thread and thread != ts else []
    if kept.act is not Act.MESSAGE and ts:
        keys.append(ts)
    return tuple(dict.fromkeys(f"{channel}/{key}" for key in keys)) if channel else ()


def _calls_us(kept: Kept, channel: str) -> bool:
    """Whether it is said to us: alone with us, by our name, or in a form of ours; or somebody has called us to it."""
    alone = channel.startswith("D") or kept.act not in _SPOKEN or bool(kept.about("noted_by"))
    return alone or mentions(kept.said("text") + kept.said("said"), kept.about("bot_user"))


def _oddities(kept: Kept, *, outside: bool) -> tuple[str, ...]:
    told = ["from another workspace"] if outside else []
    if noted := kept.about("noted_by"):
        told.append(f"made a ticket by @{noted}")
    lost = kept.payload.envelope.get("lost")
    told += [str(one)[:300] for one in lost[:_MOST_FIELDS]] if isinstance(lost, list) else []
    return tuple(told)


def _moment(ts: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return None


_READERS: Final[Mapping[Act, Callable[[Kept], IncomingMessage]]] = {
    Act.MESSAGE: _message,
    Act.FILES: _files,
    Act.EDIT: _edit,
    Act.DELETE: _delete,
    Act.REACTION: _done,
    Act.BUTTON: _done,
    Act.FORM: _form,
    Act.COMMAND: _command,
}

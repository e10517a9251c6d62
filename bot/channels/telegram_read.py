"""What is kept of Telegram, read as the desk's language: pure, and asked as often as anybody likes.

Words are words; a line that begins with "/", a button and the answer to a question of ours are actions. In which
ticket's conversation it stands was looked up when it came in and stands in the envelope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.channels import telegram_codes as codes
from bot.channels import telegram_commands as spoken
from bot.channels import telegram_text as wording
from bot.channels.chat_payload import File, attachments
from bot.channels.telegram_payload import (
    album_of,
    author_of,
    chat_of,
    kind_of,
    message_of,
    number,
    part,
    take_apart,
    text_in,
)
from bot.desk.commands import VERBS
from bot.errors import HeldError
from bot.mail.addresses import clean_name
from bot.mail.attachments import safe_name
from bot.message import (
    Action,
    Authentication,
    IncomingMessage,
    Party,
    Payload,
    Verdict,
)

TELEGRAM: Final = "telegram"
ROOM: Final = "room"
_LONGEST_TEXT: Final = 100_000
_AS_WORDS: Final = frozenset({"language", "lingua", "link"})
"""Commands that the desk reads as the words that they are."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One update, or the parts of an album."""

    payload: Payload
    updates: list[dict[str, Any]]
    files: list[File]
    prefix: str

    @property
    def message(self) -> dict[str, Any]:
        return message_of(self.updates[0])

    @property
    def chat(self) -> int:
        return chat_of(self.updates[0])

    @property
    def bot(self) -> int:
        return number(self.payload.envelope, "bot")

    @property
    def in_room(self) -> bool:
        """Whether it was said among agents."""
        return self.payload.envelope.get("role") == ROOM or self.payload.envelope.get("room") is True

    @property
    def among_agents(self) -> bool:
        """Whether an agent who speaks there is not read by whoever has asked."""
        return self.in_room or self.payload.envelope.get("role") == "private"

    @property
    def ticket(self) -> int | None:
        """The ticket in whose conversation it stands."""
        return number(self.payload.envelope, "ticket") or None


def read(payload: Payload, prefix: str) -> list[IncomingMessage]:
    """The messages in a payload. Raises ``HeldError``. ``prefix``: of ticket numbers, "HD"."""
    try:
        kept = take_apart(payload.raw)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise HeldError("not-understood", f"no update of Telegram: {type(error).__name__}") from None
    seen = Seen(payload, kept.updates, kept.files, prefix)
    kind = kind_of(seen.updates[0])
    if not kind or not number(author_of(seen.updates[0]), "id") or not seen.chat:
        return []
    if kind == "callback_query":
        return _pressed(seen)
    return [_edited(seen) if kind == "edited_message" else _said(seen)]


def _pressed(seen: Seen) -> list[IncomingMessage]:
    code = codes.of_button(seen.updates[0]["callback_query"].get("data"))
    if code is None or code.verb in {codes.DONE, codes.BACK}:
        return []
    values = {"value": code.value} if code.value else {}
    return [_made(seen, "", Action(code.verb, code.ticket or seen.ticket, values), answers_itself=True)]


def _edited(seen: Seen) -> IncomingMessage:
    """What an agent changes has gone out already: the change is for the agents alone."""
    words, _ = _words(seen)
    return _made(seen, f"{'note: ' if seen.among_agents else ''}edited: {words}", answers_itself=True)


def _said(seen: Seen) -> IncomingMessage:
    words, _ = _words(seen)
    asked = _asked(seen)
    if asked is not None:
        return _made(seen, words, _answered(asked, words))
    if seen.among_agents and (part(seen.message, "forward_origin") or _is_a_rest(seen)):
        return _made(seen, f"note: {words or _names(seen)}")
    found = spoken.read(words, seen.prefix)
    if found is None:
        return _made(seen, words)
    return _command(seen, found)


def _is_a_rest(seen: Seen) -> bool:
    """Whether it is a part of an album, without words and without the others: they may be a note's."""
    return len(seen.updates) == 1 and bool(album_of(seen.updates[0])) and not _words(seen)[0]


def _names(seen: Seen) -> str:
    return ", ".join(safe_name(file.name) for file in seen.files) or "album"


def _words(seen: Seen) -> tuple[str, bool]:
    username = text_in(seen.payload.envelope, "username")
    told = [wording.words_of(message_of(one), username, seen.bot) for one in seen.updates]
    texts = [_passed_on(seen.message)] + [text for text, _ in told]
    texts = [text for text in (*texts, *(_shown(message_of(one)) for one in seen.updates)) if text]
    return "\n\n".join(texts)[:_LONGEST_TEXT], any(mentioned for _, mentioned in told)


def _shown(message: Mapping[str, Any]) -> str:
    """What is no text and no file, as a person would say it."""
    if place := part(message, "location"):
        where = f"{place.get('latitude')}, {place.get('longitude')}"[:60]
        title = text_in(part(message, "venue"), "title")[:200]
        return f"\U0001f4cd {title} {where}".replace("  ", " ")
    if contact := part(message, "contact"):
        name = f"{text_in(contact, 'first_name')} {text_in(contact, 'last_name')}".strip()
        return f"\u260e {name[:200]} {text_in(contact, 'phone_number')[:40]}"
    if sticker := part(message, "sticker"):
        return text_in(sticker, "emoji")[:20]
    return text_in(part(message, "poll"), "question")[:300]


def _asked(seen: Seen) -> codes.Code | None:
    """What a question of ours asks for that this message answers."""
    before = part(seen.message, "reply_to_message")
    ours = number(part(before, "from"), "id") == seen.bot != 0
    return codes.of_prompt(before.get("text")) if ours else None


def _answered(asked: codes.Code, words: str) -> Action:
    values = {"words": words, "text": words, "at": words, "comment": words}
    if asked.verb == "wait" and asked.value:
        return Action("wait", asked.ticket, {"words": f"{asked.value} {words}"})
    return Action(asked.verb, asked.ticket, values | ({"value": asked.value} if asked.value else {}))


def _command(seen: Seen, found: spoken.Spoken) -> IncomingMessage:
    """``/verb``: among agents every verb; with a requester what is theirs, and an agent's verbs too, for who is
    one."""
    verb, words, ticket = found.verb, found.words, found.ticket or seen.ticket
    if seen.in_room:
        return _made(seen, words, Action(verb, ticket, {"words": words, "line": f"{verb} {words}".strip()}))
    if verb == "start" and (code := spoken.deep_link(words)):
        return _made(seen, "", Action("link", None, {"code": code}))
    if verb in _AS_WORDS and words and found.ticket is None:
        return _made(seen, f"{verb} {words}")
    if verb == "list" and not words:
        return _made(seen, "", Action("status", None, {}))
    told = {"words": words, "text": words} | ({"line": f"{verb} {words}".strip()} if verb in VERBS else {})
    return _made(seen, words, Action(verb, None if verb == "new" else ticket, told))


def _made(
    seen: Seen, text: str, action: Action | None = None, *, answers_itself: bool = False
) -> IncomingMessage:
    payload, message, chat = seen.payload, seen.message, seen.chat
    author = author_of(seen.updates[0])
    name = clean_name(f"{text_in(author, 'first_name')} {text_in(author, 'last_name')}"[:300])
    language = text_in(author, "language_code")[:35].partition("-")[0].lower()
    sent = number(message, "edit_date") or number(message, "date")
    return IncomingMessage(
        channel=payload.channel,
        external_id=f"{chat}/{number(message, 'message_id')}",
        sender=Party(TELEGRAM, f"{payload.channel}/{number(author, 'id')}", name),
        recipients=(),
        subject="",
        text=text,
        reply_text=text,
        received_at=payload.received_at,
        sent_at=None if kind_of(seen.updates[0]) == "callback_query" else _moment(sent),
        thread_keys=thread_keys(seen.updates[0], itself=answers_itself),
        attachments=attachments(seen.files),
        authentication=Authentication(Verdict.PASS, TELEGRAM),
        action=action,
        language=language or None,
        place=f"{payload.channel}/{chat}",
        addressed=chat > 0 or action is not None or _words(seen)[1],
        oddities=tuple(f"{file.name}: {file.lost}"[:300] for file in seen.files if file.lost),
    )


def thread_keys(update: Mapping[str, Any], *, itself: bool = False) -> tuple[str, ...]:
    """The conversation that it stands in, nearest first: what it answers, its album, its topic. ``itself``: it is
    about a message that is there already, which is then the nearest."""
    message, chat = message_of(update), chat_of(update)
    keys = [f"{chat}/{number(message, 'message_id')}"] if itself else []
    before = part(message, "reply_to_message")
    if before and not part(before, "forum_topic_created"):
        keys.append(f"{chat}/{number(before, 'message_id')}")
        if group := text_in(before, "media_group_id")[:40]:
            keys.append(f"{chat}/group/{group}")
    if album := album_of(update):
        keys.append(album)
    if message.get("is_topic_message") is True and (topic := number(message, "message_thread_id")):
        keys.append(f"{chat}/topic/{topic}")
    return tuple(dict.fromkeys(keys))


def _passed_on(message: Mapping[str, Any]) -> str:
    """From whom somebody passes it on: said before the words, proved by nothing."""
    origin = part(message, "forward_origin")
    user, chat = part(origin, "sender_user"), part(origin, "sender_chat") or part(origin, "chat")
    name = (
        f"{text_in(user, 'first_name')} {text_in(user, 'last_name')}".strip()
        or text_in(origin, "sender_user_name")
        or text_in(chat, "title")
    )
    return f"\u21aa {clean_name(name[:300])}:".replace(" :", ":") if origin else ""


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 32_503_680_000 else None

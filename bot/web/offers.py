"""What a page offers, by how a ticket stands now; the desk decides again when an answer comes to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot.desk.states import DONE, State
from bot.store.pages import Asked, Shown
from bot.web import door
from bot.web.forms import Fields, Wrong

RATINGS: Final = ("1", "2", "3", "4", "5")
CHOICES: Final = frozenset(
    {
        ("confirm", "yes"),
        ("confirm", "no"),
        ("reopen", ""),
        ("close", ""),
        ("add", ""),
        ("status", ""),
        *(("update", value) for value in ("still", "supplier", "fix", "need")),
    }
)
"""What a message may offer that has a page: verb and value."""
WITH_WORDS: Final = frozenset({("confirm", "no"), ("reopen", ""), ("add", ""), ("update", "need")})
NEEDS_WORDS: Final = frozenset({("add", ""), ("update", "need")})
FIX: Final = ("update", "fix")
"""Wants a time."""


def reopens(ticket: Shown, window: timedelta, now: datetime) -> bool:
    """Whether a closed ticket can still be opened again."""
    return ticket.state == State.CLOSED and ticket.closed_at is not None and now - ticket.closed_at <= window


def on_status_page(
    ticket: Shown, window: timedelta, now: datetime, *, theirs: bool = True, closes: bool = True
) -> frozenset[str]:
    """What whoever looks can do: ``theirs``: its requester; else they follow it, and can say more. ``closes``:
    whether it may be closed here once more."""
    if not theirs:
        return frozenset({"add"}) if ticket.state != State.CLOSED else frozenset()
    if ticket.state == State.RESOLVED:
        return frozenset({"confirm", "add"})
    if ticket.state == State.CLOSED:
        return frozenset({"reopen"}) if reopens(ticket, window, now) else frozenset()
    return frozenset({"add", "close"}) if closes else frozenset({"add"})


def still_asked(verb: str, ticket: Shown, window: timedelta, now: datetime) -> bool:
    """Whether a choice of a mail still fits."""
    open_again = reopens(ticket, window, now)
    return {
        "confirm": ticket.state == State.RESOLVED,
        "reopen": ticket.state == State.RESOLVED or open_again,
        "close": ticket.state != State.CLOSED,
        "add": ticket.state != State.CLOSED or open_again,
        "update": ticket.state not in DONE,
        "status": True,
    }.get(verb, False)


def change_until(ticket: Shown, asked: Asked | None, within: timedelta) -> datetime | None:
    """Until when a rating may be changed; None: there is none yet."""
    if asked is None or asked.person_id != ticket.requester_id or asked.rated_at is None:
        return None
    return asked.rated_at + within


def may_rate(ticket: Shown, asked: Asked | None, within: timedelta, now: datetime) -> bool:
    """Whether a rating is wanted, or may still be changed."""
    if asked is None or asked.person_id != ticket.requester_id:
        return False
    until = change_until(ticket, asked, within)
    return until is None or now < until


def said_on_status_page(
    fields: Fields, offered: frozenset[str], *, closes: bool = True
) -> tuple[str, dict[str, str]]:
    """Verb and values of a form of the status page. Raises ``Wrong``."""
    verb, value = fields.word("verb"), fields.word("value")
    if verb == "close" and not closes:
        raise Wrong("wrong-often")
    if verb not in offered or (verb == "confirm" and value not in {"yes", "no"}):
        raise Wrong("wrong-over")
    values = {door.TEXT: fields.words(door.TEXT, needed=verb == "add")}
    if verb == "confirm":
        values["value"] = value
    return verb, _filled(values)


def rating(fields: Fields, *, wanted: bool) -> dict[str, str]:
    """Values of a rating. Raises ``Wrong``."""
    if not wanted:
        raise Wrong("wrong-over")
    value = fields.word("value")
    if value not in RATINGS:
        raise Wrong("choose-rating")
    return _filled({"value": value, "comment": fields.words("comment")})


def answer(
    fields: Fields,
    choice: tuple[str, str],
    zone: str,
    now: datetime,
    *,
    wanted: bool,
    closes: bool = True,
) -> dict[str, str]:
    """Values of a choice of a mail. Raises ``Wrong``."""
    if choice[0] == "close" and not closes:
        raise Wrong("wrong-often")
    if not wanted:
        raise Wrong("wrong-over")
    values = {"value": choice[1]}
    if choice in WITH_WORDS:
        values[door.TEXT] = fields.words(door.TEXT, needed=choice in NEEDS_WORDS)
    if choice == FIX:
        values["at"] = fields.moment("at", zone, now).isoformat()
    return _filled(values)


def _filled(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}

"""What happened to a ticket, and why, in sentences made from its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.config import Config
from bot.desk import reasons, why_words
from bot.desk.outcome import Reason
from bot.desk.why_words import Words
from bot.store.around import Around, around
from bot.store.engine import AnyRow, Tx
from bot.store.models import OutboxState, TimerState
from bot.store.stories import Story
from bot.store.stories import story as story_of

_PEOPLE: Final = frozenset({"owner_id", "requester_id"})
_TICKETS: Final = frozenset({"merged_into_id"})
_REASONS: Final = "why"
"""Under this name an event keeps the reasons of a decision; see ``reasons``."""
_CODED: Final = frozenset({"reason", "how", "what", "kind"})
"""Values that are codes of the desk's, and nobody's words."""
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_MOST: Final = 400
"""Characters of one value."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    at: datetime
    when: str
    what: str


def tell(tx: Tx, number: int, config: Config, locale: str, zone: ZoneInfo) -> list[Step] | None:
    """All steps, oldest first, and what is due next. None: there is no such ticket."""
    story = story_of(tx, number)
    return None if story is None else told(story, zone, config, locale, around(tx, story), tx.clock())


def told(
    story: Story, zone: ZoneInfo, config: Config, locale: str, beside: Around, now: datetime
) -> list[Step]:
    """The same, of rows that were read."""
    teller = _Teller(locale, why_words.of(locale), zone, config, beside)
    steps = [*_came(story, teller), *_happened(story, teller), *_stood(teller), *_went(story, teller)]
    steps.sort(key=lambda step: step[0])
    steps += sorted(_due(story, teller, now), key=lambda step: step[0])
    return [Step(at, teller.moment(at, "%Y-%m-%d %H:%M:%S"), _plain(what)) for at, what in steps]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Puts codes, people and moments into words."""

    locale: str
    words: Words
    zone: ZoneInfo
    config: Config
    beside: Around

    def say(self, phrase: str, **values: Any) -> str:
        return self.words.phrases[phrase].format_map(_Given(values))

    def moment(self, at: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
        return at.astimezone(self.zone).strftime(form)

    def who(self, actor: int | None) -> str:
        if actor is None:
            return self.words.phrases["desk"]
        return self.beside.names.get(actor) or self.words.phrases["somebody"]

    def value(self, name: str, value: Any) -> str:
        """A value of an event as people read it."""
        if value is None or value == "":
            return self.words.phrases["nobody"] if name in _PEOPLE else "–"
        if isinstance(value, bool):
            return self.words.phrases["yes" if value else "no"]
        if isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else ((name, one) for one in value)
            said = (
                f"{key}: {self.value(key, one)}" if key != name else self.value(key, one)
                for key, one in pairs
            )
            return ", ".join(said)[:_MOST]
        return self.who(value) if name in _PEOPLE and isinstance(value, int) else self._text(name, str(value))

    def _text(self, name: str, text: str) -> str:
        if name in _TICKETS:
            return f"{self.config.desk.prefix}-{text}"
        if name == "queue":
            team = self.config.teams.get(text)
            return (team.name if team else "") or text
        if name == "event":
            return self.words.letters.get(text, _spaced(text))
        if _MOMENT.match(text):
            try:
                return self.moment(datetime.fromisoformat(text))
            except ValueError:
                return text
        return (self._code(name, text) or reasons.translated(text, self.locale))[:_MOST]

    def _code(self, name: str, text: str) -> str | None:
        known = self.words.codes.get(text)
        if known is None and name == "state":
            known = self.words.sent.get(text)
        if known is None and name in _CODED:
            known = reasons.code(text, self.locale)
        if known is None and name == "reason" and text in set(Reason):
            known = self.words.reasons.get(Reason(text))
        return known

    def label(self, name: str) -> str:
        known = self.words.labels.get(name) or reasons.label(name, self.locale)
        return known or _spaced(name.removesuffix("_id").removesuffix("_at"))

    def reason(self, kept: Any) -> str:
        return reasons.told(kept if isinstance(kept, dict) else str(kept), self.locale)


class _Given(dict[str, Any]):
    """What a sentence names and the event does not say is a question mark, and no fault."""

    def __missing__(self, _: str) -> str:
        return "?"


def _came(story: Story, teller: _Teller) -> Iterator[tuple[datetime, str]]:
    """What was received, and what became of it."""
    words = teller.words
    for row in story.inbox:
        yield row.received_at, teller.say("accepted", channel=row.channel, id=row.id)
        if row.finished_at:
            result = words.results.get(row.outcome or "", row.outcome or "?")
            said = teller.say("because", result=result, reason=_reason(row.reason, words))
            quiet = row.detail
            yield (
                row.finished_at,
                teller.say("quiet", told=said, reason=_reason(quiet, words)) if quiet else said,
            )


def _reason(reason: str | None, words: Words) -> str:
    try:
        known = Reason(reason or "")
    except ValueError:
        return reason or words.phrases["nothing-noted"]
    return words.reasons.get(known, known.told)


def _happened(story: Story, teller: _Teller) -> Iterator[tuple[datetime, str]]:
    """What was done to the ticket, each time with the reasons that were kept."""
    for event in story.events:
        yield event.at, _sentence(event, teller)
        for reason in (event.after or {}).get(_REASONS) or ():
            yield event.at, teller.say("step", what=teller.reason(reason))


def _sentence(event: AnyRow, teller: _Teller) -> str:
    before, after = dict(event.before or {}), dict(event.after or {})
    after.pop(_REASONS, None)
    taken = event.action == "assigned" and after.get("owner_id") == event.actor_id is not None
    action = "assigned.taken" if taken else event.action
    if action == "linked" and "to" not in after:
        action = "linked.person"
    sentence = teller.words.events.get(action) or f"{{who}}: {_spaced(action)}"
    named = {name for _, name, _, _ in Formatter().parse(sentence) if name}
    if taken:
        named.add("owner_id")
    values = {name: teller.value(name, value) for name, value in {**before, **after}.items()}
    details = [
        _detail(name, before, after, teller)
        for name, value in after.items()
        if name not in named and not (name in before and before[name] == value)
    ]
    said = sentence.format_map(_Given({**values, "who": teller.who(event.actor_id)}))
    return f"{said} ({'; '.join(details)})" if details else said


def _detail(name: str, before: dict[str, Any], after: dict[str, Any], teller: _Teller) -> str:
    now = teller.value(name, after[name])
    if not before.get(name) or isinstance(before[name], dict | list):
        return f"{teller.label(name)}: {now}"
    return f"{teller.label(name)}: {teller.value(name, before[name])} → {now}"


def _stood(teller: _Teller) -> Iterator[tuple[datetime, str]]:
    """When the clock stood still, and when it went on."""
    for pause in teller.beside.pauses:
        yield pause.began_at, teller.say("stood-still", reason=teller.value("state", pause.reason))
        if pause.ended_at:
            yield pause.ended_at, teller.say("went-on")


def _went(story: Story, teller: _Teller) -> Iterator[tuple[datetime, str]]:
    """What was written to whom, and what became of it."""
    words = teller.words
    for row in story.outbox:
        letter = words.letters.get(row.event) or _spaced(row.event or row.kind)
        written = teller.say("written", letter=letter, to=row.recipient)
        waits = row.state == OutboxState.QUEUED and row.not_before > row.created_at
        yield (
            row.created_at,
            teller.say("waits-until", told=written, when=teller.moment(row.not_before)) if waits else written,
        )
        ended = teller.say("ended", letter=letter, to=row.recipient, state=words.sent[row.state])
        attempts = teller.say("attempts", attempts=row.attempts) if row.attempts > 1 else ""
        at = row.finished_at or max(row.not_before, row.created_at)
        yield (
            at,
            f"{ended}{attempts}{f': {reasons.translated(row.result, teller.locale)}' if row.result else ''}",
        )


def _due(story: Story, teller: _Teller, now: datetime) -> Iterator[tuple[datetime, str]]:
    """What is due next, and when."""
    for timer in story.timers:
        if timer.state == TimerState.PENDING:
            what = _timer(timer.kind, teller.words)
            phrase = "next" if timer.due_at > now else "overdue"
            yield timer.due_at, teller.say(phrase, what=what, when=teller.moment(timer.due_at))


def _timer(kind: str, words: Words) -> str:
    """Words for the longest beginning of the kind that has some: kinds may end with a percentage or a target."""
    parts = re.split(r"[.:-]", kind)
    for many in range(len(parts), 0, -1):
        if said := words.timers.get("-".join(parts[:many])):
            rest = "-".join(parts[many:])
            mark = f"{rest} %" if rest.isdecimal() else words.codes.get(rest, _spaced(rest))
            return f"{said} ({mark})" if rest else said
    return _spaced(kind)


def _spaced(name: str) -> str:
    """A name that has no words yet, without the marks of programs."""
    return re.sub(r"[._-]+", " ", name)


def _plain(what: str) -> str:
    """On one line, without what could steer a terminal: an address or a category is somebody's words (G6)."""
    return "".join(c if c.isprintable() else " " for c in what)

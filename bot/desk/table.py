"""The table of rules, made ready once: each row with its conditions, each condition with its reason.

What a condition says of itself names only what the administrator wrote, never what a person did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property, partial
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from bot.config import Config, Contact, Rule
from bot.config.patterns import Pattern
from bot.desk import sla, wording
from bot.desk.calendars import Hours
from bot.desk.reasons import Kept, reason
from bot.desk.sla import Calendar
from bot.desk.wording import Said, Wanted
from bot.errors import CalendarError
from bot.mail.addresses import canonical
from bot.message import IncomingMessage, Verdict

STEPS: Final = 5_000_000
"""Of all patterns of the table over one text, at the worst: less than a tenth of a second."""


class Met(NamedTuple):
    """Whether a condition holds, and why."""

    holds: bool
    because: Kept


class Facts:
    """What conditions look at, prepared once for a message, and only when one of them asks."""

    def __init__(
        self,
        message: IncomingMessage,
        sender: str,
        calendar: Calendar,
        now: datetime,
        *,
        answers: bool = False,
    ) -> None:
        """``answers``: its subject is one of ours, and says nothing of what this person wants now."""
        self.message = message
        self._answers = answers
        self.sender = sender
        self._calendar = calendar
        self._now = now

    @cached_property
    def said(self) -> Said:
        """The subject, and what the person wrote this time."""
        subject = "" if self._answers else self.message.subject
        return Said(f"{subject}\n{self.message.reply_text or self.message.text}")

    @cached_property
    def recipients(self) -> frozenset[str]:
        """Each with and without what stands behind a plus, where our own references stand."""
        whole = {canonical(party.address) for party in self.message.recipients}
        return frozenset(whole | {_bare(address) for address in whole})

    @cached_property
    def headers(self) -> dict[str, Said]:
        return {name: Said(value) for name, value in self.message.headers}

    @cached_property
    def works(self) -> bool:
        """Whether people work now."""
        return sla.is_open(self._now, self._calendar)

    @property
    def forged(self) -> bool:
        return self.message.authentication.verdict is Verdict.FAIL


Condition = Callable[[Facts], Met]


@dataclass(frozen=True, slots=True)
class Row:
    """A rule that is ready to be looked at."""

    rule: Rule
    conditions: tuple[Condition, ...]
    header_alone: bool
    """It looks at nothing but what the sender's program says of the message."""

    def look(self, facts: Facts) -> Met:
        """Whether all its conditions hold; the first that does not says why."""
        told: list[Kept] = []
        for condition in self.conditions:
            met = condition(facts)
            if not met.holds:
                return met
            told.append(met.because)
        return Met(True, reason("all", because=told) if told else reason("no-condition"))


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody who is told of major incidents, and when."""

    contact: Contact
    hours: tuple[Hours, ...]

    @classmethod
    def of(cls, number: int, contact: Contact) -> Duty:
        """Raises ``CalendarError``, naming the key."""
        try:
            return cls(contact, tuple(map(Hours.parse, contact.hours)))
        except CalendarError as error:
            raise CalendarError(f"major.contacts.{number}.hours: {error}") from None

    def begins_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When their hours begin next, after a moment; None: they are always on duty."""
        today = now.astimezone(zone).date()
        found = [
            datetime.combine(today + timedelta(days=days), time(hours.opens // 60, hours.opens % 60), zone)
            for days in range(3)
            for hours in self.hours
        ]
        return min((at for one in found if (at := one.astimezone(UTC)) > now), default=None)

    def is_on_duty(self, minute: int) -> bool:
        """``minute``: after midnight, where the desk is. Hours may run past midnight."""
        day = 24 * 60
        return not self.hours or any(
            h.opens <= minute < h.closes or h.opens <= minute + day < h.closes for h in self.hours
        )


@dataclass(frozen=True, slots=True)
class Table:
    """All that is looked for in a new request."""

    rows: tuple[Row, ...]
    major_words: tuple[Wanted, ...]
    major_senders: tuple[str, ...]
    contacts: tuple[Duty, ...]

    @property
    def looks(self) -> bool:
        """Whether anything is looked for."""
        return bool(self.rows or self.major_words or self.major_senders)

    @classmethod
    def of(cls, config: Config) -> Table:
        """Raises ``CalendarError`` when a contact's hours are none."""
        patterns = {rule.pattern: Pattern.of(rule.pattern) for rule in config.rules if rule.pattern}
        most = STEPS // max(1, sum(pattern.size for pattern in patterns.values()))
        return cls(
            tuple(_row(rule, patterns, most) for rule in config.rules),
            tuple(map(Wanted.of, config.major.words)),
            tuple(map(canonical_entry, config.major.senders)),
            tuple(Duty.of(i, contact) for i, contact in enumerate(config.major.contacts)),
        )


def canonical_entry(entry: str) -> str:
    """An address, or a domain as "@example.com", for comparing."""
    entry = entry.strip()
    return canonical(f"x{entry}")[1:] if entry.startswith("@") else canonical(entry)


def is_from(sender: str, entries: tuple[str, ...]) -> str | None:
    """The entry that names a canonical address, or its domain."""
    domain = "@" + sender.rpartition("@")[2]
    return next((entry for entry in entries if sender and entry in {sender, domain}), None)


def _row(rule: Rule, patterns: dict[str, Pattern], most: int) -> Row:
    conditions: list[Condition] = []
    if rule.channel:
        conditions.append(partial(_channel, rule.channel))
    if rule.sender:
        conditions.append(partial(_sender, tuple(map(canonical_entry, rule.sender))))
    if rule.to:
        conditions.append(partial(_to, tuple(map(canonical_entry, rule.to))))
    if rule.at:
        conditions.append(partial(_at, rule.at == "working-hours"))
    conditions += [
        partial(_header, name.lower(), Wanted.of(value)) for name, value in sorted(rule.header.items())
    ]
    if rule.words:
        conditions.append(partial(_words, tuple(map(Wanted.of, rule.words))))
    if rule.pattern:
        conditions.append(partial(_pattern, patterns[rule.pattern], most))
    return Row(
        rule, tuple(conditions), header_alone=bool(rule.header) and len(conditions) == len(rule.header)
    )


def _channel(names: tuple[str, ...], facts: Facts) -> Met:
    return Met(facts.message.channel in names, reason("channel", channel=facts.message.channel))


def _sender(entries: tuple[str, ...], facts: Facts) -> Met:
    found = is_from(facts.sender, entries)
    if found and facts.forged:
        return Met(False, reason("forged"))
    return Met(True, reason("from", sender=found)) if found else Met(False, reason("from-other"))


def _to(entries: tuple[str, ...], facts: Facts) -> Met:
    for entry in entries:
        if entry in facts.recipients or any(r.endswith(entry) for r in facts.recipients if entry[0] == "@"):
            return Met(True, reason("to", address=entry))
    return Met(False, reason("to-none"))


def _at(working: bool, facts: Facts) -> Met:  # noqa: FBT001  # bound once, by partial
    return Met(facts.works is working, reason("at-work" if facts.works else "off-work"))


def _header(name: str, wanted: Wanted, facts: Facts) -> Met:
    said = facts.headers.get(name)
    if said is None:
        return Met(False, reason("no-field", field=name))
    if wanted.folded and not wanted.stands_in(said):
        return Met(False, reason("field-other", field=name, word=wanted.shown))
    code = "field-says" if wanted.folded else "field"
    return Met(True, reason(code, field=name, word=wanted.shown))


def _words(words: tuple[Wanted, ...], facts: Facts) -> Met:
    found = wording.first_of(words, facts.said)
    if found is None:
        return Met(False, reason("no-word"))
    return Met(True, reason("word", word=found))


def _pattern(pattern: Pattern, most: int, facts: Facts) -> Met:
    text = facts.said.clean
    limit = most if text.isascii() else most // 4
    found = pattern.found_in(text[:limit])
    return Met(found, reason("pattern" if found else "no-pattern"))


def _bare(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"

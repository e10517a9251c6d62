"""Agents, their teams, and how a sender's identity is proved."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_network
from typing import Literal

from pydantic import Field, field_validator

from bot.config.kinds import Addresses, Locale, Section, Weekday, Words, Zone


class Agent(Section):
    """Somebody who answers requesters: ``[agents.anna]``."""

    name: str
    """As colleagues and requesters see it."""
    addresses: Addresses = Field(min_length=1)
    """The first is where notifications go; mail from each of them, once its sender is proved, is the agent's."""
    teams: Words = ()
    locale: Locale | None = None
    time_zone: Zone | None = None
    level: int = Field(default=1, ge=1, le=9)
    active: bool = True
    """Set this to false for somebody who has left: rights are looked at when a mail arrives, not before."""
    languages: tuple[Locale, ...] = ()
    """In which they can answer; empty: any."""
    skills: Words = ()
    """Categories that they know best; empty: any."""
    hours: dict[Weekday, Words] | None = None
    """When they work, in their time zone; None: the desk's calendar."""
    chats: Words = ()
    """Where else the agent is, as CHANNEL:ID: "acme:U024BE7LH" for Slack, "desk_bot:4711" for Telegram. What
    comes from there is the agent's."""
    absent: Words = ()
    """Days on which they are away: "2026-12-24" or "2026-12-24/2027-01-06". Nothing is given to them then."""

    @field_validator("absent")
    @classmethod
    def _days(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            try:
                first, last = spell(word)
            except ValueError:
                raise ValueError(
                    f'"{word}" is no day and no span of days; write "2026-12-24" or "2026-12-24/2027-01-06"'
                ) from None
            if last < first:
                raise ValueError(f'"{word}" ends before it begins')
        return words


def spell(word: str) -> tuple[date, date]:
    """First and last day of an absence. Raises ``ValueError``."""
    first, _, last = word.partition("/")
    return date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())


class Team(Section):
    """A queue of tickets and the people who work on it: ``[teams.first-line]``."""

    name: str = ""
    escalates_to: str = ""
    """The team that a ticket goes to one level up."""
    rooms: Words = ()
    """Where the team works, as CHANNEL:ID: a channel of Slack or a group of Telegram. Each ticket of the team has
    a card and a thread there."""
    lead: str = ""
    """The agent who is told of breaches and low ratings, and who is the last level of an escalation."""
    assign: Literal["nobody", "rotation", "least-load"] = "nobody"
    """Who gets a new ticket: whoever takes it, each in turn, or who has the least open ones."""


class Senders(Section):
    """How the desk finds out whether a mail is from whom it says."""

    trusted: Words = ()
    """Names (authserv-ids) of your own mail servers: what they wrote into Authentication-Results is believed."""
    front: Words = ("127.0.0.0/8", "::1")
    """Addresses or networks from which your own mail server hands mail to Deskbot's SMTP door. What anybody
    else writes into Authentication-Results is not believed there."""
    check: Literal["off", "dns"] = "off"
    """"dns": Deskbot checks SPF, DKIM and DMARC itself, for mail that comes to its own SMTP door."""
    nameservers: Words = ()
    """Empty: the system's."""
    timeout_seconds: int = Field(default=5, ge=1, le=30)

    @field_validator("front")
    @classmethod
    def _networks(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            try:
                ip_network(word, strict=False)
            except ValueError:
                raise ValueError(
                    f'"{word}" is no address or network; write one like "192.0.2.7" or "10.0.0.0/8"'
                ) from None
        return words

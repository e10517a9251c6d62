"""Agents, their teams, and how a sender's identity is proved."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Literal

from pydantic import Field, field_validator

from bot.config.kinds import Addresses, Locale, Section, Words, Zone


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


class Team(Section):
    """A queue of tickets and the people who work on it: ``[teams.first-line]``."""

    name: str = ""
    escalates_to: str = ""
    """The team that a ticket goes to one level up."""


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

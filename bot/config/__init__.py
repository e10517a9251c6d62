"""The configuration: TOML, overridden by the environment, checked once, frozen for ever.

Every key has a default that serves a newcomer; ``config.example.toml`` documents each. A key that Deskbot
does not know is an error that names it. ``DESKBOT_SECTION__KEY`` in the environment overrides
``[section] key``; a secret can stand in the file that ``key_file`` names.
"""

from __future__ import annotations

from bot.config.kinds import Duration, Locale, Section
from bot.config.loading import PREFIX, load
from bot.config.mailboxes import Imap
from bot.config.people import Agent, Senders, Team
from bot.config.sections import (
    LOCALES,
    Calendar,
    Config,
    Desk,
    Limits,
    Log,
    Priority,
    Relay,
    Retention,
    Smtp,
    StoreSection,
    Templates,
    Tickets,
    Web,
    Weekday,
    Workers,
)

__all__ = [
    "LOCALES",
    "PREFIX",
    "Agent",
    "Calendar",
    "Config",
    "Desk",
    "Duration",
    "Imap",
    "Limits",
    "Locale",
    "Log",
    "Priority",
    "Relay",
    "Retention",
    "Section",
    "Senders",
    "Smtp",
    "StoreSection",
    "Team",
    "Templates",
    "Tickets",
    "Web",
    "Weekday",
    "Workers",
    "load",
]

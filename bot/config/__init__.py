"""The configuration: TOML, overridden by the environment, checked once, frozen for ever.

Every key has a default that serves a newcomer; ``config.example.toml`` documents each. A key that Deskbot
does not know is an error that names it. ``DESKBOT_SECTION__KEY`` in the environment overrides
``[section] key``; a secret can stand in the file that ``key_file`` names.
"""

from __future__ import annotations

from bot.config.chats import Slack, Telegram
from bot.config.intake import DEGREES, Category, Contact, Degree, Major, Matrix, Question, Rule
from bot.config.kinds import Duration, Locale, Section, Weekday
from bot.config.loading import PREFIX, load
from bot.config.mailboxes import Imap
from bot.config.people import Agent, Senders, Team, spell
from bot.config.sections import (
    LOCALES,
    Calendar,
    Desk,
    Limits,
    Log,
    Relay,
    Retention,
    Smtp,
    StoreSection,
    Templates,
    Web,
    Workers,
)
from bot.config.service import Escalation, Priority, Quiet, Surveys, Tickets
from bot.config.whole import Config

__all__ = [
    "DEGREES",
    "LOCALES",
    "PREFIX",
    "Agent",
    "Calendar",
    "Category",
    "Config",
    "Contact",
    "Degree",
    "Desk",
    "Duration",
    "Escalation",
    "Imap",
    "Limits",
    "Locale",
    "Log",
    "Major",
    "Matrix",
    "Priority",
    "Question",
    "Quiet",
    "Relay",
    "Retention",
    "Rule",
    "Section",
    "Senders",
    "Slack",
    "Smtp",
    "StoreSection",
    "Surveys",
    "Team",
    "Telegram",
    "Templates",
    "Tickets",
    "Web",
    "Weekday",
    "Workers",
    "load",
    "spell",
]

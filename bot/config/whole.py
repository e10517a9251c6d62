"""All sections together: what a file does not say is kept, and the sections must agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bot.config.agreement import CHECKS
from bot.config.chats import Slack, Telegram
from bot.config.intake import CATEGORIES, QUESTIONS, Category, Major, Matrix, Question, Rule
from bot.config.kinds import Section
from bot.config.mailboxes import Imap
from bot.config.people import Agent, Senders, Team
from bot.config.sections import (
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
from bot.config.service import PRIORITIES, Escalation, Priority, Quiet, Surveys, Tickets

_TEAMS: Final = {"first-line": Team(name="First line")}


class Config(Section):
    """All of it."""

    desk: Desk = Desk()
    store: StoreSection = StoreSection()
    smtp: Smtp = Smtp()
    imap: dict[str, Imap] = Field(default_factory=dict)
    slack: dict[str, Slack] = Field(default_factory=dict)
    telegram: dict[str, Telegram] = Field(default_factory=dict)
    relay: Relay = Relay()
    web: Web = Web()
    limits: Limits = Limits()
    workers: Workers = Workers()
    calendar: Calendar = Calendar()
    priorities: dict[str, Priority] = PRIORITIES
    tickets: Tickets = Tickets()
    escalation: Escalation = Escalation()
    quiet: Quiet = Quiet()
    surveys: Surveys = Surveys()
    matrix: Matrix = Matrix()
    rules: tuple[Rule, ...] = ()
    categories: dict[str, Category] = CATEGORIES
    questions: dict[str, Question] = QUESTIONS
    major: Major = Major()
    teams: dict[str, Team] = _TEAMS
    agents: dict[str, Agent] = Field(default_factory=dict)
    senders: Senders = Senders()
    templates: Templates = Templates()
    log: Log = Log()
    retention: Retention = Retention()

    @field_validator("categories", "questions", mode="before")
    @classmethod
    def _keep_those_of_the_house(cls, value: object, info: ValidationInfo) -> object:
        """A file that adds a category or a question, or changes one, keeps the others."""
        house: Mapping[str, Section] = CATEGORIES if info.field_name == "categories" else QUESTIONS
        if not isinstance(value, dict):
            return value
        kept = {name: one.model_dump(exclude_unset=True) for name, one in house.items()}
        return kept | {k: {**kept.get(k, {}), **v} if isinstance(v, dict) else v for k, v in value.items()}

    @field_validator("priorities", mode="before")
    @classmethod
    def _fill_priorities(cls, value: object) -> object:
        """A table that names only some keys of P1 to P4 keeps the other defaults."""
        if not isinstance(value, dict):
            return value
        defaults = {name: priority.model_dump() for name, priority in PRIORITIES.items()}
        given = {k: {**defaults.get(k, {}), **v} if isinstance(v, dict) else v for k, v in value.items()}
        return {**defaults, **given}

    @model_validator(mode="after")
    def _sections_agree(self) -> Config:
        for check in CHECKS:
            check(self)
        return self

    @property
    def store_url(self) -> str:
        """The SQLAlchemy URL of the database."""
        url = self.store.url.get_secret_value()
        if not url:
            return f"sqlite:///{self.desk.data / 'deskbot.db'}"
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url

    @property
    def calendar_zone(self) -> ZoneInfo:
        return ZoneInfo(self.calendar.time_zone or self.desk.time_zone)

"""The sections of the configuration: every key has a default that serves a newcomer.

``config.example.toml`` documents each key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from bot.config.chats import Slack, Telegram
from bot.config.intake import CATEGORIES, QUESTIONS, Category, Major, Matrix, Question, Rule
from bot.config.kinds import Address, Addresses, Duration, Locale, Port, Section, Weekday, Words, Zone
from bot.config.mailboxes import Imap
from bot.config.people import Agent, Senders, Team
from bot.config.service import Escalation, Priority, Quiet, Surveys, Tickets

LOCALES: Final = ("en", "zh", "it")
_CHANNEL: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Desk(Section):
    """Who we are."""

    name: str = "Help desk"
    address: Address = "help@localhost"
    """Where people write to, and the sender of all that the desk writes."""
    also: Addresses = ()
    """Other addresses that are the desk's as well."""
    alarms: Addresses = ()
    """Who is told by mail when something of the desk is broken. Empty: the agents of the team of new tickets."""
    domains: Words = ()
    """Domains of the people that the desk serves, besides that of its own address."""
    prefix: str = Field(default="HD", pattern=r"^[A-Z][A-Z0-9]{0,9}$")
    locale: Locale = "en"
    time_zone: Zone = "UTC"
    base_url: str = "http://127.0.0.1:8080"
    secret: SecretStr = SecretStr("")
    """Signs references and links. Empty: one is made in the data folder, which serves one machine."""
    data: Path = Path("var")

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses at which the desk receives."""
        return (self.address, *self.also)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2].lower()


class StoreSection(Section):
    """Where tickets are kept."""

    url: SecretStr = SecretStr("")
    """Empty: SQLite in the data folder. Else ``postgresql://user:password@host/database``."""
    writers: int = Field(default=2, ge=1, le=16)
    batch: int = Field(default=64, ge=1, le=1000)
    lease: Duration = timedelta(seconds=60)
    blobs: str = ""
    """Where attachments lie: a folder or any fsspec URL. Empty: ``blobs`` in the data folder."""


class Smtp(Section):
    """The door for mail by SMTP or LMTP."""

    enabled: bool = True
    name: str = "mail"
    host: str = "127.0.0.1"
    port: Port = 2525
    protocol: Literal["smtp", "lmtp"] = "smtp"
    hostname: str = "localhost"
    """Said in the greeting."""
    tls: Literal["off", "starttls", "required", "implicit"] = "off"
    certificate: Path | None = None
    key: Path | None = None
    max_size: int = Field(default=26_214_400, ge=65_536)
    max_connections: int = Field(default=200, ge=1)
    max_connections_per_address: int = Field(default=20, ge=1)
    max_recipients: int = Field(default=100, ge=1)
    max_commands: int = Field(default=1000, ge=10)
    command_timeout: Duration = timedelta(seconds=60)
    data_timeout: Duration = timedelta(minutes=10)
    session_timeout: Duration = timedelta(minutes=30)
    proxy_from: Words = ()
    """Peers whose PROXY protocol header is believed (and then required)."""
    accounts: dict[str, SecretStr] = Field(default_factory=dict)
    """Who may log in: name = hash made by ``deskbot hash-password``. Empty: AUTH is not offered."""
    min_free_mb: int = Field(default=50, ge=0)
    """Less room than this on the data folder's disk: mail is put off with 452."""


class Relay(Section):
    """The way out for mail."""

    host: str = ""
    """Empty: mail is written to the Maildir instead of being sent."""
    port: Port = 587
    tls: Literal["off", "starttls", "implicit"] = "starttls"
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    user: str = ""
    password: SecretStr = SecretStr("")
    connections: int = Field(default=4, ge=1, le=50)
    timeout: Duration = timedelta(seconds=60)
    data_timeout: Duration = timedelta(minutes=10)
    """For the answer after the final dot (RFC 5321, 4.5.3.2.6)."""
    maildir: Path | None = None
    """None: ``outbox`` in the data folder."""


class Web(Section):
    """Health, metrics, and the pages."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 8080
    metrics_token: SecretStr = SecretStr("")
    """When set, /metrics wants it as a bearer token."""


class Limits(Section):
    """Fuses against loops and floods."""

    sender_per_hour: int = Field(default=3, ge=0)
    sender_per_day: int = Field(default=10, ge=0)
    domain_per_hour: int = Field(default=20, ge=0)
    """Automatic mails to a domain, except the domains that the desk serves."""
    all_per_hour: int = Field(default=5000, ge=0)
    tickets_per_sender_hour: int = Field(default=20, ge=1)
    """Mail of a sender beyond this is held for somebody to look at."""
    max_hops: int = Field(default=50, ge=1)
    stale_after: Duration = timedelta(hours=24)
    """An automatic message older than this is no longer sent."""


class Workers(Section):
    """The child processes that read hostile mail and render templates."""

    processes: int = Field(default=2, ge=1, le=64)
    seconds: int = Field(default=10, ge=1)
    memory_mb: int = Field(default=512, ge=128)


_WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri")
_WEEK: Final[dict[Weekday, tuple[str, ...]]] = dict.fromkeys(_WEEKDAYS, ("09:00-18:00",))


class Calendar(Section):
    """When people work."""

    time_zone: Zone | None = None
    """None: the desk's."""
    hours: dict[Weekday, Words] = _WEEK
    country: str = ""
    """Public holidays of a country: "IT", "CN", "US"; empty: none."""
    subdivision: str = ""
    closed: tuple[date, ...] = ()
    """Other days on which nobody works."""


_PRIORITIES: Final = {
    "P1": Priority(
        first_response=timedelta(minutes=15),
        resolution=timedelta(hours=4),
        clock="calendar",
        update_every=timedelta(hours=1),
        escalate_every=timedelta(minutes=30),
        night=True,
    ),
    "P2": Priority(
        first_response=timedelta(hours=1),
        resolution=timedelta(hours=8),
        update_every=timedelta(hours=9),
        escalate_every=timedelta(hours=2),
    ),
    "P3": Priority(first_response=timedelta(hours=4), resolution=timedelta(hours=27)),
    "P4": Priority(
        first_response=timedelta(hours=9),
        resolution=timedelta(hours=90),
        update_every=timedelta(hours=45),
        escalate_every=timedelta(hours=18),
    ),
}


class Templates(Section):
    """What the desk writes."""

    folder: Path | None = None
    """Templates here replace the built-in ones, one by one."""


class Log(Section):
    """One JSON line for each thing that happened, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Retention(Section):
    """How long things are kept."""

    raw: Duration = timedelta(days=90)
    """Raw bytes of messages that were understood."""
    outbox: Duration = timedelta(days=400)
    """Rows of messages that were sent, and keys that recognise a repeat."""
    attachments: Duration | None = None
    """Content of attachments of tickets that ended so long ago. None: as long as the ticket."""
    tickets: Duration | None = None
    """Tickets that ended so long ago, with all that belongs to them. None: for ever."""


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
    priorities: dict[str, Priority] = _PRIORITIES
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
        defaults = {name: priority.model_dump() for name, priority in _PRIORITIES.items()}
        given = {k: {**defaults.get(k, {}), **v} if isinstance(v, dict) else v for k, v in value.items()}
        return {**defaults, **given}

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Config:
        if self.tickets.priority not in self.priorities:
            raise ValueError(f'tickets.priority: "{self.tickets.priority}" is not in [priorities]')
        self._people_refer_to_what_exists()
        self._intake_refers_to_what_exists()
        self._agents_have_addresses_of_their_own()
        if self.smtp.tls != "off" and not (self.smtp.certificate and self.smtp.key):
            raise ValueError("smtp.certificate and smtp.key: both are needed when smtp.tls is not off")
        self._channels_have_names_of_their_own()
        return self

    def _channels_have_names_of_their_own(self) -> None:
        doors = [*((name, "imap") for name in self.imap), *((name, "slack") for name in self.slack)]
        doors += [(name, "telegram") for name in self.telegram]
        if self.smtp.name == "web":
            raise ValueError('smtp.name: "web" is the name of the pages; choose another')
        taken = {self.smtp.name, "web"}
        for name, kind in doors:
            if name in taken or not _CHANNEL.fullmatch(name):
                raise ValueError(
                    f"{kind}.{name}: not a name of its own, of up to 40 letters, digits, _ and -"
                )
            taken.add(name)
        said = {f"teams.{name}.rooms": team.rooms for name, team in self.teams.items()}
        said |= {f"agents.{name}.chats": agent.chats for name, agent in self.agents.items()}
        for key, places in said.items():
            for place in places:
                channel, colon, address = place.partition(":")
                if not (colon and address) or channel not in {*self.slack, *self.telegram}:
                    raise ValueError(
                        f'{key}: "{place}" is not CHANNEL:ID with a channel of [slack.NAME] or [telegram.NAME]'
                    )

    def _people_refer_to_what_exists(self) -> None:
        teams: dict[str, tuple[str, ...]] = {"tickets.queue": (self.tickets.queue,)}
        teams |= {f"agents.{name}.teams": agent.teams for name, agent in self.agents.items()}
        teams |= {
            f"teams.{name}.escalates_to": (t.escalates_to,)
            for name, t in self.teams.items()
            if t.escalates_to
        }
        teams |= {f"rules.{i}.team": (rule.team,) for i, rule in enumerate(self.rules) if rule.team}
        teams |= {f"categories.{k}.team": (c.team,) for k, c in self.categories.items() if c.team}
        teams |= {f"major.contacts.{i}.queues": c.queues for i, c in enumerate(self.major.contacts)}
        for key, names in teams.items():
            for name in names:
                if name not in self.teams:
                    raise ValueError(f'{key}: there is no team "{name}"; add a section [teams.{name}]')
        self._escalation_ends()

    def _escalation_ends(self) -> None:
        """No team is above itself: a ticket would go up for ever."""
        for first in self.teams:
            way = [first]
            while above := self.teams[way[-1]].escalates_to:
                if above in way:
                    raise ValueError(f"teams.{first}.escalates_to: goes round: {' > '.join([*way, above])}")
                way.append(above)

    def _intake_refers_to_what_exists(self) -> None:
        """Categories, questions, priorities and agents that other sections name."""
        for key, priority in {**self.matrix.all(), "major.priority": self.major.priority}.items():
            if priority not in self.priorities:
                raise ValueError(f'{key}: "{priority}" is not in [priorities]')
        for i, rule in enumerate(self.rules):
            if rule.category and rule.category not in self.categories:
                raise ValueError(f"rules.{i}.category: there is no [categories.{rule.category}]")
        for name, category in self.categories.items():
            for question in category.ask:
                if question not in self.questions:
                    raise ValueError(f"categories.{name}.ask: there is no [questions.{question}]")
        leads = {f"teams.{name}.lead": team.lead for name, team in self.teams.items() if team.lead}
        leads |= {f"major.contacts.{i}.agent": c.agent for i, c in enumerate(self.major.contacts) if c.agent}
        for key, agent in leads.items():
            if agent not in self.agents:
                raise ValueError(f'{key}: there is no agent "{agent}"; add a section [agents.{agent}]')

    def _agents_have_addresses_of_their_own(self) -> None:
        of: dict[str, str] = {address.lower(): "desk" for address in self.desk.addresses}
        for name, agent in self.agents.items():
            for address in agent.addresses:
                other = of.setdefault(address.lower(), f"agents.{name}")
                if other != f"agents.{name}":
                    raise ValueError(f"agents.{name}.addresses: {address} belongs to {other} already")

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

"""The sections of the configuration: every key has a default that serves a newcomer.

``config.example.toml`` documents each key.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr

from bot.config.kinds import Address, Addresses, Duration, Locale, Port, Section, Weekday, Words, Zone

LOCALES: Final = ("en", "zh", "it")


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

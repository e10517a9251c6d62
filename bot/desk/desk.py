"""The desk: all that its decisions depend on besides the message and the moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.config import LOCALES, Config
from bot.desk.agents import Roster
from bot.desk.links import Links
from bot.desk.sla import Calendar
from bot.desk.table import Table
from bot.mail.addresses import canonical
from bot.mail.references import References
from bot.message import EMAIL


@dataclass(frozen=True, slots=True)
class Desk:
    """Built once, in ``app.py``; frozen like the configuration it comes from."""

    config: Config
    calendar: Calendar
    references: References
    links: Links
    channels: Mapping[str, str]
    """The doors by which the desk can write, and the medium of each: the first of a medium is its default."""
    own_addresses: frozenset[str]
    roster: Roster
    domains: frozenset[str]
    """Domains of the people whom the desk serves: no budget for the domain, and their words may be repeated."""
    table: Table
    """How a request is read."""

    @classmethod
    def from_config(cls, config: Config, key: bytes) -> Desk:
        """Raises ``CalendarError``."""
        return cls(
            config=config,
            calendar=Calendar.from_config(config.calendar, config.calendar_zone),
            references=References(key),
            links=Links(key, config.desk.base_url),
            channels=dict.fromkeys((config.smtp.name, *config.imap), EMAIL),
            own_addresses=frozenset(canonical(address) for address in _own(config)),
            roster=Roster.of(config.agents),
            domains=frozenset(canonical(f"x@{d}")[2:] for d in (config.desk.domain, *config.desk.domains)),
            table=Table.of(config),
        )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.config.desk.time_zone)

    @property
    def locales(self) -> tuple[str, ...]:
        return LOCALES

    def name_of(self, ticket: int) -> str:
        """ "HD-42"."""
        return f"{self.config.desk.prefix}-{ticket}"

    def team_name(self, queue: str) -> str:
        """A team as people see it."""
        team = self.config.teams.get(queue)
        return (team.name if team else "") or queue

    def team_called(self, words: str) -> str | None:
        """The team that somebody means, by key or name."""
        wanted = words.strip().casefold()
        teams = self.config.teams.items()
        return next((key for key, team in teams if wanted in {key.casefold(), team.name.casefold()}), None)

    def channel_to(self, medium: str, preferred: str) -> str:
        """The door for messages to an address of a medium: the preferred one, when it leads there."""
        if self.channels.get(preferred) == medium:
            return preferred
        return next((name for name, led_to in self.channels.items() if led_to == medium), preferred)

    def is_own(self, address: str) -> bool:
        """Whether a canonical address is the desk's, with or without a token behind a plus."""
        local, _, domain = address.rpartition("@")
        return address in self.own_addresses or f"{local.partition('+')[0]}@{domain}" in self.own_addresses

    def serves(self, address: str) -> bool:
        """Whether a canonical address is in a domain that the desk serves."""
        return address.rpartition("@")[2] in self.domains


def _own(config: Config) -> Iterator[str]:
    """Every address at which the desk receives, mailboxes included: it writes to none of them (E13)."""
    yield from config.desk.addresses
    yield from (box.own_address for box in config.imap.values() if box.own_address)

"""The desk: all that its decisions depend on besides the message and the moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.config import LOCALES, Config
from bot.config.chats import Slack, Telegram
from bot.desk.agents import Roster
from bot.desk.links import Links
from bot.desk.sla import Calendar
from bot.desk.table import Table
from bot.mail.addresses import canonical
from bot.mail.references import References
from bot.message import EMAIL, Party


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
        channels = dict(_doors(config))
        return cls(
            config=config,
            calendar=Calendar.from_config(config.calendar, config.calendar_zone),
            references=References(key),
            links=Links(key, config.desk.base_url),
            channels=channels,
            own_addresses=frozenset(canonical(address) for address in _own(config)),
            roster=Roster.of(config.agents, channels),
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

    def door_to(self, party: Party, preferred: str) -> str:
        """The door for messages to somebody: in a chat program the one that their address names, else as
        ``channel_to``."""
        named = party.address.partition("/")[0]
        if party.medium != EMAIL and self.channels.get(named) == party.medium:
            return named
        return self.channel_to(party.medium, preferred)

    def undo(self, channel: str) -> timedelta:
        """For how long an agent's words can be taken back that were said through a door."""
        door = self._chat(channel)
        return door.undo if door else timedelta(0)

    def together(self, channel: str) -> timedelta:
        """Within how long short messages of one person, through a door, are one request."""
        door = self._chat(channel)
        return door.together if door else timedelta(0)

    def asks_stepwise(self, channel: str) -> bool:
        """Whether, through a door, what a request leaves open is asked one question after the other."""
        door = self._chat(channel)
        return door is not None and door.asks_stepwise

    def _chat(self, channel: str) -> Slack | Telegram | None:
        return self.config.slack.get(channel) or self.config.telegram.get(channel)

    def is_own(self, address: str) -> bool:
        """Whether a canonical address is the desk's, with or without a token behind a plus."""
        local, _, domain = address.rpartition("@")
        return address in self.own_addresses or f"{local.partition('+')[0]}@{domain}" in self.own_addresses

    def serves(self, address: str) -> bool:
        """Whether a canonical address is in a domain that the desk serves."""
        return address.rpartition("@")[2] in self.domains


def _doors(config: Config) -> Iterator[tuple[str, str]]:
    """Every door by which the desk can write, and its medium."""
    yield from ((name, EMAIL) for name in (config.smtp.name, *config.imap))
    yield from ((name, "slack") for name, door in config.slack.items() if door.enabled)
    yield from ((name, "telegram") for name, door in config.telegram.items() if door.enabled)


def _own(config: Config) -> Iterator[str]:
    """Every address at which the desk receives, mailboxes included: it writes to none of them (E13)."""
    yield from config.desk.addresses
    yield from (box.own_address for box in config.imap.values() if box.own_address)

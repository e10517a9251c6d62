"""Who may act as an agent: named in the configuration, and proved for this very message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot import config
from bot.desk import working
from bot.mail.addresses import canonical
from bot.message import EMAIL, Automation, IncomingMessage, Party, Verdict
from bot.store import people
from bot.store.engine import Tx
from bot.store.people import KnownPerson


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody of the team, for whom the desk has a person."""

    key: str
    """Their name in the configuration."""
    section: config.Agent
    person: KnownPerson

    @property
    def address(self) -> str:
        """Where notifications go: a canonical address."""
        return canonical(self.section.addresses[0])

    @property
    def addresses(self) -> frozenset[str]:
        """All canonical addresses that are the agent's."""
        return frozenset(canonical(address) for address in self.section.addresses)


@dataclass(frozen=True, slots=True)
class Roster:
    """All agents of the configuration."""

    agents: Mapping[str, config.Agent]
    by_address: Mapping[str, str]
    """By canonical mail address."""
    elsewhere: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By medium and canonical address, for all other media."""

    @classmethod
    def of(cls, agents: Mapping[str, config.Agent], channels: Mapping[str, str] | None = None) -> Roster:
        """``channels``: the desk's doors and the medium of each. Every address of every agent is known, also of
        those who have left. Raises ``CalendarError`` when somebody's hours are none."""
        for key, agent in agents.items():
            working.check(key, agent)
        by_address = {canonical(a): key for key, agent in agents.items() for a in agent.addresses}
        elsewhere = {
            (medium, canonical(f"{channel}/{where}")): key
            for key, agent in agents.items()
            for channel, _, where in (place.partition(":") for place in agent.chats)
            if (medium := (channels or {}).get(channel))
        }
        return cls(agents, by_address, elsewhere)

    def claims(self, message: IncomingMessage, sender: str) -> str | None:
        """The agent whose address the message bears, proved or not."""
        medium = message.sender.medium
        return self.by_address.get(sender) if medium == EMAIL else self.elsewhere.get((medium, sender))

    def of_mailbox(self, message: IncomingMessage, sender: str) -> str | None:
        """The agent whose mailbox an address is, whatever stands behind a plus in it. Worth nothing as a proof:
        it tells which machines may be those of agents."""
        local, _, domain = sender.rpartition("@")
        bare = f"{local.partition('+')[0]}@{domain}"
        return self.claims(message, sender) or self.claims(message, bare)

    def proved(self, message: IncomingMessage, sender: str) -> str | None:
        """The agent who wrote this. Rights are looked at now: who has left has none (D12), a forged or
        unproved sender has none (D6), a machine in an agent's name has none (D11), nor has a guest (I11)."""
        key = self.claims(message, sender)
        genuine = (
            key is not None
            and self.agents[key].active
            and message.authentication.verdict is Verdict.PASS
            and not message.authentication.outside
            and message.automation is Automation.NONE
        )
        return key if genuine else None

    def named(self, words: str) -> str | None:
        """The active agent whom ``assign anna`` means: by key, address, full name or id in a chat."""
        wanted = words.strip().lstrip("@").casefold()
        for key, agent in self.agents.items():
            known = {key.casefold(), agent.name.casefold(), *(canonical(a) for a in agent.addresses)}
            known |= {place.partition(":")[2].casefold() for place in agent.chats}
            if agent.active and wanted in known:
                return key
        return None

    def of_team(self, team: str) -> Iterator[str]:
        """Active agents of a team."""
        return (key for key, agent in self.agents.items() if agent.active and team in agent.teams)

    def owner(self, tx: Tx, person: int | None) -> str | None:
        """The active agent who owns a ticket."""
        key = people.agent_key(tx, person) if person is not None else None
        return key if key and key in self.agents and self.agents[key].active else None

    def load(self, tx: Tx, key: str, now: datetime) -> Agent:
        """The agent, with their person: made known when new."""
        section = self.agents[key]
        address = section.addresses[0]
        person = people.agent(tx, key, Party(EMAIL, address, section.name), canonical(address), now)
        return Agent(key, section, person)

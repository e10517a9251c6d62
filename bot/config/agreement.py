"""What the sections say of each other must fit: each check raises ``ValueError`` that begins with the key."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.config.whole import Config

_CHANNEL: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


def first_priority_exists(config: Config) -> None:
    """What a new ticket gets."""
    if config.tickets.priority not in config.priorities:
        raise ValueError(f'tickets.priority: "{config.tickets.priority}" is not in [priorities]')


def tls_has_its_files(config: Config) -> None:
    """A door that offers TLS can offer it."""
    if config.smtp.tls != "off" and not (config.smtp.certificate and config.smtp.key):
        raise ValueError("smtp.certificate and smtp.key: both are needed when smtp.tls is not off")


def channels_have_names_of_their_own(config: Config) -> None:
    """A channel's name says which door a message came by."""
    doors = [*((name, "imap") for name in config.imap), *((name, "slack") for name in config.slack)]
    doors += [(name, "telegram") for name in config.telegram]
    if config.smtp.name == "web":
        raise ValueError('smtp.name: "web" is the name of the pages; choose another')
    taken = {config.smtp.name, "web"}
    for name, kind in doors:
        if name in taken or not _CHANNEL.fullmatch(name):
            raise ValueError(f"{kind}.{name}: not a name of its own, of up to 40 letters, digits, _ and -")
        taken.add(name)


def rooms_and_chats_are_known(config: Config) -> None:
    """Each begins with the name of a chat program's door."""
    said = {f"teams.{name}.rooms": team.rooms for name, team in config.teams.items()}
    said |= {f"agents.{name}.chats": agent.chats for name, agent in config.agents.items()}
    for key, places in said.items():
        for place in places:
            channel, colon, address = place.partition(":")
            if not (colon and address) or channel not in {*config.slack, *config.telegram}:
                raise ValueError(
                    f'{key}: "{place}" is not CHANNEL:ID with a channel of [slack.NAME] or [telegram.NAME]'
                )


def people_refer_to_what_exists(config: Config) -> None:
    """Teams that other sections name."""
    teams: dict[str, tuple[str, ...]] = {"tickets.queue": (config.tickets.queue,)}
    teams |= {f"agents.{name}.teams": agent.teams for name, agent in config.agents.items()}
    teams |= {
        f"teams.{name}.escalates_to": (t.escalates_to,) for name, t in config.teams.items() if t.escalates_to
    }
    teams |= {f"rules.{i}.team": (rule.team,) for i, rule in enumerate(config.rules) if rule.team}
    teams |= {f"categories.{k}.team": (c.team,) for k, c in config.categories.items() if c.team}
    teams |= {f"major.contacts.{i}.queues": c.queues for i, c in enumerate(config.major.contacts)}
    for key, names in teams.items():
        for name in names:
            if name not in config.teams:
                raise ValueError(f'{key}: there is no team "{name}"; add a section [teams.{name}]')


def escalation_ends(config: Config) -> None:
    """No team is above itself: a ticket would go up for ever."""
    for first in config.teams:
        way = [first]
        while above := config.teams[way[-1]].escalates_to:
            if above in way:
                raise ValueError(f"teams.{first}.escalates_to: goes round: {' > '.join([*way, above])}")
            way.append(above)


def intake_refers_to_what_exists(config: Config) -> None:
    """Categories, questions, priorities and agents that other sections name."""
    for key, priority in {**config.matrix.all(), "major.priority": config.major.priority}.items():
        if priority not in config.priorities:
            raise ValueError(f'{key}: "{priority}" is not in [priorities]')
    for i, rule in enumerate(config.rules):
        if rule.category and rule.category not in config.categories:
            raise ValueError(f"rules.{i}.category: there is no [categories.{rule.category}]")
    for name, category in config.categories.items():
        for question in category.ask:
            if question not in config.questions:
                raise ValueError(f"categories.{name}.ask: there is no [questions.{question}]")
    leads = {f"teams.{name}.lead": team.lead for name, team in config.teams.items() if team.lead}
    leads |= {f"major.contacts.{i}.agent": c.agent for i, c in enumerate(config.major.contacts) if c.agent}
    for key, agent in leads.items():
        if agent not in config.agents:
            raise ValueError(f'{key}: there is no agent "{agent}"; add a section [agents.{agent}]')


def agents_have_addresses_of_their_own(config: Config) -> None:
    """By which an agent is known, or the desk itself."""
    of: dict[str, str] = {address.lower(): "desk" for address in config.desk.addresses}
    for name, agent in config.agents.items():
        for address in agent.addresses:
            other = of.setdefault(address.lower(), f"agents.{name}")
            if other != f"agents.{name}":
                raise ValueError(f"agents.{name}.addresses: {address} belongs to {other} already")


CHECKS: Final[tuple[Callable[[Config], None], ...]] = (
    first_priority_exists,
    people_refer_to_what_exists,
    escalation_ends,
    intake_refers_to_what_exists,
    agents_have_addresses_of_their_own,
    tls_has_its_files,
    channels_have_names_of_their_own,
    rooms_and_chats_are_known,
)
"""In this order: the first that fails is told."""

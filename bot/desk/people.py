"""Who wrote, and what the desk has sent them of late."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.desk.as_written import read_language, read_zone
from bot.desk.desk import Desk
from bot.message import EMAIL, Automation, IncomingMessage, Party, Verdict
from bot.store import budgets, people
from bot.store.budgets import AutomaticCounts
from bot.store.engine import Tx
from bot.store.people import KnownPerson


def recognise(tx: Tx, party: Party, address: str, now: datetime) -> KnownPerson:
    """The person behind a canonical address, made known when new. Two addresses are never joined by guess."""
    return people.find(tx, party.medium, address) or people.add(tx, party, address, now)


def who_wrote(
    tx: Tx, message: IncomingMessage, address: str, agent: str | None, desk: Desk, now: datetime
) -> KnownPerson:
    """The person behind a message. ``agent``: who is proved to have written it; the ids in chats that the
    configuration gives an agent are that agent's, so no second person is made for them."""
    known = people.find(tx, message.sender.medium, address)
    if known is None and agent is not None and message.sender.medium != EMAIL:
        theirs = desk.roster.load(tx, agent, now).person
        people.give_address(tx, theirs.id, message.sender, address)
        known = people.find(tx, message.sender.medium, address)
    return learn(tx, known or people.add(tx, message.sender, address, now), message, desk)


def learn(tx: Tx, person: KnownPerson, message: IncomingMessage, desk: Desk) -> KnownPerson:
    """What a profile in a chat program tells of a person, where nothing is known: name, language, time zone.
    What the person has stated stands."""
    proved = message.authentication.verdict is Verdict.PASS
    if message.sender.medium == EMAIL or message.automation is not Automation.NONE or not proved:
        return person
    spoken = read_language(message.language or "")
    spoken = spoken if spoken in desk.locales else None
    told = {
        "name": person.name or message.sender.name,
        "locale": person.locale or spoken,
        "time_zone": person.time_zone or read_zone(message.time_zone or "") or None,
    }
    if all(getattr(person, key) == value for key, value in told.items()):
        return person
    people.change(tx, person.id, **told)
    return replace(person, name=told["name"] or "", locale=told["locale"], time_zone=told["time_zone"])


def works_again(tx: Tx, person: KnownPerson, party: Party, address: str) -> KnownPerson:
    """An address that writes is alive, whatever came back from it before."""
    if not person.bounces:
        return person
    people.alive(tx, party.medium, address)
    return replace(person, bounces=0)


def automatic_mail_to(tx: Tx, address: str, desk: Desk, now: datetime) -> AutomaticCounts:
    """What the budgets look at. The domains that the desk serves have none of their own. A tag behind a plus
    gives nobody another budget (E3)."""
    local, _, home = address.rpartition("@")
    counts = budgets.automatic_counts(tx, address, None if desk.serves(address) else home, now)
    if "+" not in local:
        return counts
    hour, day = budgets.automatic_to_tagged(tx, local.partition("+")[0], home, now)
    return AutomaticCounts(hour, day, counts.domain_hour)

"""Who wrote, and what the desk has sent them of late."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.desk.desk import Desk
from bot.message import EMAIL, Automation, IncomingMessage, Party
from bot.store import budgets, people
from bot.store.budgets import AutomaticCounts
from bot.store.engine import Tx
from bot.store.people import KnownPerson


def recognise(tx: Tx, party: Party, address: str, now: datetime) -> KnownPerson:
    """The person behind a canonical address, made known when new. Two addresses are never joined by guess."""
    return people.find(tx, party.medium, address) or people.add(tx, party, address, now)


def learn(tx: Tx, person: KnownPerson, message: IncomingMessage) -> KnownPerson:
    """What a profile in a chat program tells of a person, where nothing is known: a language and a time zone."""
    if message.sender.medium == EMAIL or message.automation is not Automation.NONE:
        return person
    locale, zone = person.locale or message.language, person.time_zone or message.time_zone
    if (locale, zone) == (person.locale, person.time_zone):
        return person
    people.change(tx, person.id, locale=locale, time_zone=zone)
    return replace(person, locale=locale, time_zone=zone)


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
